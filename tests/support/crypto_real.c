#include "support/crypto_real.h"

#include <stdlib.h>
#include <string.h>

#include "io/crypto_openssl.h"
#include "io/hpke_openssl.h"
#include "io/openssl.h"
#include "io/raw_key_openssl.h"
#include "support/crypto_kind.h"

struct own {
    struct crypto *crypto; /* without keys of its own */
    struct hpke_suite hpke;
    EVP_PKEY_CTX *makers[2]; /* by enum crypto_key_use */
    EVP_MD_CTX *signing;
};

static void must(bool is_done)
{
    if (!is_done)
        abort();
}

static struct own *own_of(struct crypto *crypto)
{
    return crypto_kind_own(crypto);
}

/* ---- With a key of ours -------------------------------------------------- */

static void public_make(
    struct crypto *crypto, enum crypto_key_use use, struct crypto_key *key)
{
    EVP_PKEY *pair =
        raw_key_private(own_of(crypto)->makers[use], key->private_key);
    must(pair != NULL && raw_key_get_public(pair, key->public_key));
    EVP_PKEY_free(pair);
}

static void sign(struct crypto *crypto, const struct crypto_key *key,
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    struct own *own = own_of(crypto);
    size_t size = SIGNATURE_SIZE;
    EVP_PKEY *pair =
        raw_key_private(own->makers[CRYPTO_KEY_SIGNS], key->private_key);
    must(pair != NULL && EVP_MD_CTX_reset(own->signing) == 1);
    must(EVP_DigestSignInit(own->signing, NULL, NULL, NULL, pair) == 1);
    must(EVP_DigestSign(own->signing, signature, &size, message.bytes,
             message.size) == 1 &&
         size == SIGNATURE_SIZE);
    EVP_PKEY_free(pair);
}

static enum err open_with(struct crypto *crypto, const struct crypto_key *key,
    const uint8_t enc[KEY_SIZE], struct slice info, struct hpke *hpke)
{
    struct own *own = own_of(crypto);
    EVP_PKEY *pair =
        raw_key_private(own->makers[CRYPTO_KEY_OPENS], key->private_key);
    must(pair != NULL);
    enum err err = hpke_decapsulate(&own->hpke, pair, enc, info, hpke);
    EVP_PKEY_free(pair);
    return err;
}

/* ---- With nothing but what is given -------------------------------------- */

static bool verify(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice message, const uint8_t signature[SIGNATURE_SIZE])
{
    struct crypto *real = own_of(crypto)->crypto;
    return real->ops->verify(real, key, message, signature);
}

static enum err encapsulate(struct crypto *crypto,
    const uint8_t recipient[KEY_SIZE], struct slice info,
    const uint8_t seed[SEED_SIZE], uint8_t enc[KEY_SIZE], struct hpke *hpke)
{
    struct crypto *real = own_of(crypto)->crypto;
    return real->ops->encapsulate(real, recipient, info, seed, enc, hpke);
}

static void export_secret(struct crypto *crypto, const struct hpke *hpke,
    struct slice context, uint8_t *out, size_t size)
{
    struct crypto *real = own_of(crypto)->crypto;
    real->ops->export_secret(real, hpke, context, out, size);
}

static enum err seal(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice plain,
    uint8_t *sealed)
{
    struct crypto *real = own_of(crypto)->crypto;
    return real->ops->aead_seal(real, key, nonce, aad, plain, sealed);
}

static enum err unseal(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice sealed,
    uint8_t *plain)
{
    struct crypto *real = own_of(crypto)->crypto;
    return real->ops->aead_open(real, key, nonce, aad, sealed, plain);
}

/* ---- Begin, end ---------------------------------------------------------- */

static void end(struct crypto *crypto)
{
    struct own *own = own_of(crypto);
    crypto_openssl_free(own->crypto);
    hpke_release(&own->hpke);
    EVP_PKEY_CTX_free(own->makers[CRYPTO_KEY_SIGNS]);
    EVP_PKEY_CTX_free(own->makers[CRYPTO_KEY_OPENS]);
    EVP_MD_CTX_free(own->signing);
    free(own);
}

static const struct crypto_kind real_kind = {
    .ops = {
        .verify = verify,
        .encapsulate = encapsulate,
        .export_secret = export_secret,
        .aead_seal = seal,
        .aead_open = unseal,
    },
    .public_make = public_make,
    .sign = sign,
    .open = open_with,
    .end = end,
};

struct crypto *crypto_real_new(
    uint64_t seed, uint32_t first_day, uint32_t day_count)
{
    struct own *own = calloc(1, sizeof *own);
    must(own != NULL && crypto_openssl_new(NULL, &own->crypto) == ERR_NONE);
    must(hpke_init(&own->hpke) == ERR_NONE);
    own->makers[CRYPTO_KEY_SIGNS] = raw_key_maker_new("ED25519");
    own->makers[CRYPTO_KEY_OPENS] = raw_key_maker_new("X25519");
    own->signing = EVP_MD_CTX_new();
    must(own->makers[CRYPTO_KEY_SIGNS] != NULL &&
         own->makers[CRYPTO_KEY_OPENS] != NULL && own->signing != NULL);
    return crypto_kind_new(&real_kind, own, seed, first_day, day_count);
}
