/*
 * crypto_fake.h - a struct crypto for unit tests and the simulator: the same
 * seed gives the same bytes, an operation takes a few microseconds, and what
 * was not made with the right key is still refused.
 *
 * hash and derive are the real SHA-256 and HKDF. The rest only behaves like
 * the real thing: a signature is a hash under a secret that is compiled in
 * here, and whoever knows it could forge. Never linked into the product.
 *
 * Each object belongs to one thread, as of every struct crypto. Running out
 * of memory ends the process.
 */
#ifndef SUPPORT_CRYPTO_FAKE_H
#define SUPPORT_CRYPTO_FAKE_H

#include <stdint.h>

#include "base/slice.h"
#include "core/port.h"

#define CRYPTO_FAKE_DAY_COUNT_MAX 64

/*
 * The keys of one gateway, all following from the seed: root, three signers,
 * a last resort, and the sealing keys of `day_count` days (at most
 * CRYPTO_FAKE_DAY_COUNT_MAX) from `first_day` on (days since 1970-01-01).
 */
struct crypto *crypto_fake_new(
    uint64_t seed, uint32_t first_day, uint32_t day_count);
void crypto_fake_free(struct crypto *crypto);

void crypto_fake_root_public(struct crypto *crypto, uint8_t key[KEY_SIZE]);
void crypto_fake_root_sign(struct crypto *crypto, struct slice message,
    uint8_t signature[SIGNATURE_SIZE]);

/* The signer's next key instead of its present one. */
void crypto_fake_signer_rotate(
    struct crypto *crypto, enum crypto_signer signer);
/* From now on sign and signer_public say ERR_KEY; rotating ends that. */
void crypto_fake_signer_destroy(
    struct crypto *crypto, enum crypto_signer signer);

void crypto_fake_last_resort_public(
    struct crypto *crypto, uint8_t key[KEY_SIZE]);

/* Of any day, whether its private key is still held or not. */
void crypto_fake_day_public(
    struct crypto *crypto, uint32_t day, uint8_t key[KEY_SIZE]);
/* Holds the private keys of exactly these days; others open nothing more. */
void crypto_fake_days_hold(
    struct crypto *crypto, uint32_t first_day, uint32_t day_count);

#endif
