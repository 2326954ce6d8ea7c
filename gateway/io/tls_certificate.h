/*
 * tls_certificate.h - the certificate that TLS wants around a key. It says
 * nothing: no name, no date, no issuer to be trusted. Peers pin the hash of its
 * SubjectPublicKeyInfo, which their card of us carries; validity is the card's.
 */
#ifndef IO_TLS_CERTIFICATE_H
#define IO_TLS_CERTIFICATE_H

#include <stdint.h>

#include "base/err.h"
#include "core/port.h"
#include "io/private_file.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/*
 * A self-signed X.509 v3 certificate for an Ed25519 key: subject CN=refer, a
 * random serial number, valid from 2020 to the end of time (RFC 5280, 4.1.2.5).
 * Errors of private_file_create(); ERR_NO_MEMORY.
 */
MUST_USE enum err tls_certificate_create(
    const char *path, struct evp_pkey_st *key, struct keys_problem *problem);

/*
 * SHA-256 of the SubjectPublicKeyInfo's exact DER in the certificate at `path`,
 * which must be that of `key`. Errors of private_file_read(); ERR_MALFORMED;
 * ERR_KEY when it is another's.
 */
MUST_USE enum err tls_certificate_spki_hash(const char *path,
    struct evp_pkey_st *key, uint8_t hash[HASH_SIZE],
    struct keys_problem *problem);

#endif
