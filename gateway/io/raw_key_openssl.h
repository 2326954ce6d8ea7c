/*
 * raw_key_openssl.h - X25519 and Ed25519 keys as OpenSSL objects, from and to
 * their 32 raw bytes. One maker per algorithm, made once: it spares every call
 * the look-up of the algorithm, half of what the import costs.
 */
#ifndef IO_RAW_KEY_OPENSSL_H
#define IO_RAW_KEY_OPENSSL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"

struct evp_pkey_st;     /* OpenSSL's EVP_PKEY */
struct evp_pkey_ctx_st; /* OpenSSL's EVP_PKEY_CTX */

/* "X25519" or "ED25519". NULL for want of memory; belongs to one thread; to be
 * freed with EVP_PKEY_CTX_free. */
struct evp_pkey_ctx_st *raw_key_maker_new(const char *algorithm);

/* NULL when it failed; the error queue is then empty. The caller frees. */
struct evp_pkey_st *raw_key_public(
    struct evp_pkey_ctx_st *maker, const uint8_t bytes[KEY_SIZE]);
struct evp_pkey_st *raw_key_private(
    struct evp_pkey_ctx_st *maker, const uint8_t bytes[KEY_SIZE]);

/* The public half of either. False, and zeroes, when the key has none. */
bool raw_key_get_public(const struct evp_pkey_st *key, uint8_t bytes[KEY_SIZE]);

#endif
