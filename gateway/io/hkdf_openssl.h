/*
 * hkdf_openssl.h - HKDF-SHA256 (RFC 5869), with HMAC (RFC 2104) over one
 * reused hash: an EVP_KDF of OpenSSL 3.0 fetches HMAC anew for every call and
 * takes no parts, and to give an EVP_MAC a new key costs three times what it
 * then computes. A key is derived for each content and each id. An object
 * belongs to one thread. After each call it holds no key material.
 */
#ifndef IO_HKDF_OPENSSL_H
#define IO_HKDF_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"

#define HKDF_SIZE_MAX (255u * HASH_SIZE)

struct hkdf {
    struct evp_md_st *sha256;
    struct evp_md_ctx_st *hash;
};

/* ERR_NO_MEMORY also where this OpenSSL has no SHA-256. */
MUST_USE enum err hkdf_init(struct hkdf *hkdf);
/* Accepts one that was zeroed or whose init failed. */
void hkdf_release(struct hkdf *hkdf);

/* HMAC(salt, parts one after the other); an empty salt is 32 zero bytes. */
void hkdf_extract(struct hkdf *hkdf, struct slice salt,
    const struct slice *parts, size_t count, uint8_t secret[HASH_SIZE]);

/* `size` bytes, at most HKDF_SIZE_MAX: more is the programmer's mistake and
 * ends the process. */
void hkdf_expand(struct hkdf *hkdf, const uint8_t secret[HASH_SIZE],
    const struct slice *info, size_t count, uint8_t *out, size_t size);

#endif
