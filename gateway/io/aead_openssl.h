/*
 * aead_openssl.h - an AEAD of OpenSSL with a key of 32, a nonce of 12 and a tag
 * of 16 bytes: ChaCha20-Poly1305 (RFC 8439) or AES-256-GCM. One context, which
 * holds the last key until aead_forget(): to set one costs as much as sealing
 * a small row. Belongs to one thread.
 */
#ifndef IO_AEAD_OPENSSL_H
#define IO_AEAD_OPENSSL_H

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"

struct evp_cipher_st;     /* OpenSSL's EVP_CIPHER */
struct evp_cipher_ctx_st; /* OpenSSL's EVP_CIPHER_CTX */

struct aead {
    struct evp_cipher_st *cipher;
    struct evp_cipher_ctx_st *sealing;
};

/* ERR_NO_MEMORY also where this OpenSSL has no cipher of that name. */
MUST_USE enum err aead_init(struct aead *aead, const char *name);
/* Accepts one that was zeroed or whose init failed. */
void aead_release(struct aead *aead);

/* With key NULL both use the last key again, which must be there.
 * `sealed` gets plain.size + AEAD_TAG_SIZE bytes and may begin where the plain
 * does. ERR_INVALID above 2 GiB, ERR_NO_MEMORY; `sealed` is then wiped. */
MUST_USE enum err aead_seal(struct aead *aead, const uint8_t *key,
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice plain,
    uint8_t *sealed);
/* `plain` gets sealed.size - AEAD_TAG_SIZE bytes. ERR_SIGNATURE when it is not
 * authentic, with `plain` wiped; ERR_INVALID above 2 GiB. */
MUST_USE enum err aead_open(struct aead *aead, const uint8_t *key,
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice sealed,
    uint8_t *plain);
/* No key stays in it. */
void aead_forget(struct aead *aead);

#endif
