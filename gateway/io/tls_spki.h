/*
 * tls_spki.h - which public keys TLS certificates may carry: Ed25519 (RFC
 * 8410) and P-256 with a named curve and an uncompressed point (RFC 5480), as
 * exactly one encoding each. Pure.
 */
#ifndef IO_TLS_SPKI_H
#define IO_TLS_SPKI_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Is this DER SubjectPublicKeyInfo one of the two, and not an Ed25519 key of
 * low order, under which anybody can sign? Whether a P-256 point is on the
 * curve is not seen from here: OpenSSL has no key for it otherwise.
 */
bool tls_spki_is_spoken(struct slice der);

#endif
