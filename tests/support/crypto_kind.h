/*
 * crypto_kind.h - what the keys of a seed (crypto_fake.h) do: pretend, or the
 * real mathematics (crypto_real.h). For those two files alone.
 */
#ifndef SUPPORT_CRYPTO_KIND_H
#define SUPPORT_CRYPTO_KIND_H

#include <stdint.h>

#include "core/port.h"
#include "support/crypto_fake.h"

struct crypto_key {
    uint64_t id; /* of the public key */
    uint8_t private_key[KEY_SIZE];
    uint8_t public_key[KEY_SIZE];
};

enum crypto_key_use { CRYPTO_KEY_SIGNS, CRYPTO_KEY_OPENS };

struct crypto_kind {
    /* Of this, verify, encapsulate, export_secret, aead_seal and aead_open;
     * what needs a key of ours, or a hash alone, is the same for all kinds. */
    struct crypto_ops ops;
    /* The public key that belongs to key->private_key. */
    void (*public_make)(
        struct crypto *crypto, enum crypto_key_use use, struct crypto_key *key);
    void (*sign)(struct crypto *crypto, const struct crypto_key *key,
        struct slice message, uint8_t signature[SIGNATURE_SIZE]);
    MUST_USE enum err (*open)(struct crypto *crypto,
        const struct crypto_key *key, const uint8_t enc[KEY_SIZE],
        struct slice info, struct hpke *hpke);
    void (*end)(struct crypto *crypto); /* may be NULL */
};

/* crypto_fake_new() of that kind, which must outlive it; `own` is its own. */
struct crypto *crypto_kind_new(const struct crypto_kind *kind, void *own,
    uint64_t seed, uint32_t first_day, uint32_t day_count);
void *crypto_kind_own(struct crypto *crypto);

#endif
