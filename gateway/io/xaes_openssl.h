/*
 * xaes_openssl.h - XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a
 * key derived from the first half of a nonce of 24 bytes, so that nonces may
 * be drawn at random for as many messages as a store will ever hold. Keys that
 * were derived last are kept: messages whose nonces begin alike cost a third.
 * An object belongs to one thread.
 */
#ifndef IO_XAES_OPENSSL_H
#define IO_XAES_OPENSSL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"
#include "io/aead_openssl.h"

#define XAES_NONCE_SIZE 24
#define XAES_TAG_SIZE AEAD_TAG_SIZE
#define XAES_BLOCK_SIZE 16

#define XAES_PREFIX_SIZE 12 /* of a nonce: what the key is derived from */
#define XAES_DERIVED_COUNT 8

struct xaes {
    struct evp_cipher_ctx_st *block; /* AES-256 under the key itself */
    uint8_t subkey[XAES_BLOCK_SIZE]; /* CMAC's K1 */
    struct xaes_derived {
        bool has_key;
        uint8_t prefix[XAES_PREFIX_SIZE];
        struct aead gcm;
    } derived[XAES_DERIVED_COUNT]; /* by the prefix's first byte */
};

/* ERR_NO_MEMORY also where this OpenSSL lacks AES-256. */
MUST_USE enum err xaes_init(struct xaes *xaes, const uint8_t key[KEY_SIZE]);
/* Wipes. Accepts one that was zeroed or whose init failed. */
void xaes_release(struct xaes *xaes);

/* `sealed` gets plain.size + XAES_TAG_SIZE bytes. ERR_INVALID above 2 GiB,
 * ERR_NO_MEMORY; `sealed` is then wiped. */
MUST_USE enum err xaes_seal(struct xaes *xaes,
    const uint8_t nonce[XAES_NONCE_SIZE], struct slice aad, struct slice plain,
    uint8_t *sealed);
/* `plain` gets sealed.size - XAES_TAG_SIZE bytes. ERR_SIGNATURE when it is not
 * authentic; `plain` is then wiped. */
MUST_USE enum err xaes_open(struct xaes *xaes,
    const uint8_t nonce[XAES_NONCE_SIZE], struct slice aad, struct slice sealed,
    uint8_t *plain);

#endif
