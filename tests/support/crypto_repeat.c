#include "support/crypto_repeat.h"

#include <stdlib.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our errors. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/evp.h>
#undef ERR_STATE

#include "io/crypto_openssl.h"

struct crypto_repeat {
    struct crypto crypto; /* first: the ops get its address */
    struct crypto_ops ops;
    struct crypto *real; /* without keys of its own */
    uint8_t keys[CRYPTO_SIGNER_COUNT];
};

static void must(bool is_done)
{
    if (!is_done)
        abort();
}

static struct crypto_repeat *repeat_of(struct crypto *crypto)
{
    return (struct crypto_repeat *)(void *)crypto;
}

static EVP_PKEY *key_of(int type, uint8_t byte)
{
    uint8_t raw[KEY_SIZE];
    memset(raw, byte, sizeof raw);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, raw, sizeof raw);
    must(key != NULL);
    return key;
}

static void public_of(int type, uint8_t byte, uint8_t public_key[KEY_SIZE])
{
    size_t size = KEY_SIZE;
    EVP_PKEY *key = key_of(type, byte);
    must(EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1);
    must(size == KEY_SIZE);
    EVP_PKEY_free(key);
}

void crypto_repeat_ed25519(uint8_t key, uint8_t public_key[KEY_SIZE])
{
    public_of(EVP_PKEY_ED25519, key, public_key);
}

void crypto_repeat_x25519(uint8_t key, uint8_t public_key[KEY_SIZE])
{
    public_of(EVP_PKEY_X25519, key, public_key);
}

void crypto_repeat_sign(
    uint8_t byte, struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    size_t size = SIGNATURE_SIZE;
    EVP_PKEY *key = key_of(EVP_PKEY_ED25519, byte);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
    must(EVP_DigestSign(
             context, signature, &size, message.bytes, message.size) == 1);
    must(size == SIGNATURE_SIZE);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

/* ---- struct crypto: the real one, with our keys ------------------------- */

static enum err repeat_sign(struct crypto *crypto, enum crypto_signer signer,
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    crypto_repeat_sign(repeat_of(crypto)->keys[signer], message, signature);
    return ERR_NONE;
}

static enum err repeat_signer_public(struct crypto *crypto,
    enum crypto_signer signer, uint8_t public_key[KEY_SIZE])
{
    crypto_repeat_ed25519(repeat_of(crypto)->keys[signer], public_key);
    return ERR_NONE;
}

static void repeat_hash(struct crypto *crypto, const struct slice *parts,
    size_t count, uint8_t digest[HASH_SIZE])
{
    struct crypto *real = repeat_of(crypto)->real;
    real->ops->hash(real, parts, count, digest);
}

static void repeat_derive(struct crypto *crypto, struct slice salt,
    struct slice secret, struct slice info, uint8_t *out, size_t size)
{
    struct crypto *real = repeat_of(crypto)->real;
    real->ops->derive(real, salt, secret, info, out, size);
}

static bool repeat_verify(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice message, const uint8_t signature[SIGNATURE_SIZE])
{
    struct crypto *real = repeat_of(crypto)->real;
    return real->ops->verify(real, key, message, signature);
}

static enum err repeat_encapsulate(struct crypto *crypto,
    const uint8_t recipient[KEY_SIZE], struct slice info,
    const uint8_t seed[SEED_SIZE], uint8_t enc[KEY_SIZE], struct hpke *hpke)
{
    struct crypto *real = repeat_of(crypto)->real;
    return real->ops->encapsulate(real, recipient, info, seed, enc, hpke);
}

static void repeat_export(struct crypto *crypto, const struct hpke *hpke,
    struct slice context, uint8_t *out, size_t size)
{
    struct crypto *real = repeat_of(crypto)->real;
    real->ops->export_secret(real, hpke, context, out, size);
}

static enum err repeat_aead_seal(struct crypto *crypto,
    const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
    struct slice aad, struct slice plain, uint8_t *sealed)
{
    struct crypto *real = repeat_of(crypto)->real;
    return real->ops->aead_seal(real, key, nonce, aad, plain, sealed);
}

static enum err repeat_aead_open(struct crypto *crypto,
    const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
    struct slice aad, struct slice sealed, uint8_t *plain)
{
    struct crypto *real = repeat_of(crypto)->real;
    return real->ops->aead_open(real, key, nonce, aad, sealed, plain);
}

struct crypto *crypto_repeat_new(
    uint8_t log, uint8_t witness, uint8_t operation)
{
    struct crypto_repeat *repeat = calloc(1, sizeof *repeat);
    must(repeat != NULL);
    must(crypto_openssl_new(NULL, &repeat->real) == ERR_NONE);
    repeat->ops = (struct crypto_ops){
        .hash = repeat_hash,
        .derive = repeat_derive,
        .sign = repeat_sign,
        .signer_public = repeat_signer_public,
        .verify = repeat_verify,
        .encapsulate = repeat_encapsulate,
        .export_secret = repeat_export,
        .aead_seal = repeat_aead_seal,
        .aead_open = repeat_aead_open,
    };
    repeat->crypto.ops = &repeat->ops;
    repeat->keys[CRYPTO_SIGNER_LOG] = log;
    repeat->keys[CRYPTO_SIGNER_WITNESS] = witness;
    repeat->keys[CRYPTO_SIGNER_OPERATION] = operation;
    return &repeat->crypto;
}

void crypto_repeat_free(struct crypto *crypto)
{
    if (crypto == NULL)
        return;
    crypto_openssl_free(repeat_of(crypto)->real);
    free(repeat_of(crypto));
}
