/*
 * hpke_openssl.h - HPKE (RFC 9180), base mode, one suite: DHKEM(X25519,
 * HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. OpenSSL has it from 3.2 on;
 * this is composed from EVP for 3.0. Sealing itself is the AEAD of struct
 * crypto with the context's key and nonce.
 *
 * What base mode does not give: who the sender is, protection from replay,
 * secrecy once the recipient's key is known (RFC 9180, 9.1, 9.7). The
 * signature inside a request, the ledger and the day keys give that. A context
 * seals one message and no more: its nonce is never advanced.
 */
#ifndef IO_HPKE_OPENSSL_H
#define IO_HPKE_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"
#include "io/hkdf_openssl.h"

struct evp_pkey_st;     /* OpenSSL's EVP_PKEY */
struct evp_pkey_ctx_st; /* OpenSSL's EVP_PKEY_CTX */

/* Contexts to work with; belongs to one thread. */
struct hpke_suite {
    struct hkdf hkdf;
    struct evp_pkey_ctx_st *x25519; /* makes keys from raw bytes */
};

/* ERR_NO_MEMORY also where this OpenSSL lacks an algorithm. */
MUST_USE enum err hpke_init(struct hpke_suite *suite);
/* Accepts one that was zeroed or whose init failed. */
void hpke_release(struct hpke_suite *suite);

/* DeriveKeyPair (RFC 9180, 7.1.3). The caller frees *key. ERR_NO_MEMORY. */
MUST_USE enum err hpke_derive_key_pair(
    struct hpke_suite *suite, struct slice seed, struct evp_pkey_st **key);

/*
 * X25519 (RFC 7748) of our private and a foreign public key. ERR_KEY when the
 * result is all zero: the public key is of low order. ERR_NO_MEMORY.
 */
MUST_USE enum err hpke_agree(struct hpke_suite *suite, struct evp_pkey_st *own,
    const uint8_t peer[KEY_SIZE], uint8_t shared[KEY_SIZE]);

/*
 * Encap and KeySchedule, the ephemeral key from DeriveKeyPair(seed): a seed is
 * used once, and never shown. ERR_KEY when the recipient's key gives an
 * all-zero secret. ERR_NO_MEMORY. On errors *hpke is zeroed.
 */
MUST_USE enum err hpke_encapsulate(struct hpke_suite *suite,
    const uint8_t recipient[KEY_SIZE], struct slice info,
    const uint8_t seed[SEED_SIZE], uint8_t enc[KEY_SIZE], struct hpke *hpke);

/*
 * Decap and KeySchedule; `own` may be shared with other threads. ERR_KEY when
 * enc gives an all-zero secret. ERR_NO_MEMORY. On errors *hpke is zeroed.
 */
MUST_USE enum err hpke_decapsulate(struct hpke_suite *suite,
    struct evp_pkey_st *own, const uint8_t enc[KEY_SIZE], struct slice info,
    struct hpke *hpke);

/* Export (RFC 9180, 5.3); size at most HKDF_SIZE_MAX. */
void hpke_export(struct hpke_suite *suite, const struct hpke *hpke,
    struct slice context, uint8_t *out, size_t size);

#endif
