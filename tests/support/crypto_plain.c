#include <stdlib.h>

/* OpenSSL has a type of the name of one of our errors. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/evp.h>
#undef ERR_STATE

#include "support/crypto_plain.h"

struct crypto_plain {
    struct crypto crypto; /* first: the ops get its address */
    EVP_PKEY *keys[CRYPTO_SIGNER_COUNT];
};

static void must(bool is_done)
{
    if (!is_done)
        abort();
}

static struct crypto_plain *plain_of(struct crypto *crypto)
{
    return (struct crypto_plain *)(void *)crypto;
}

static void plain_hash(struct crypto *crypto, const struct slice *parts,
    size_t count, uint8_t digest[HASH_SIZE])
{
    (void)crypto;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(context, parts[i].bytes, parts[i].size) == 1);
    must(EVP_DigestFinal_ex(context, digest, NULL) == 1);
    EVP_MD_CTX_free(context);
}

static enum err plain_sign(struct crypto *crypto, enum crypto_signer signer,
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    EVP_PKEY *key = plain_of(crypto)->keys[signer];
    size_t size = SIGNATURE_SIZE;
    if (key == NULL)
        return ERR_KEY;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
    must(EVP_DigestSign(
             context, signature, &size, message.bytes, message.size) == 1);
    must(size == SIGNATURE_SIZE);
    EVP_MD_CTX_free(context);
    return ERR_NONE;
}

static enum err plain_signer_public(struct crypto *crypto,
    enum crypto_signer signer, uint8_t public_key[KEY_SIZE])
{
    EVP_PKEY *key = plain_of(crypto)->keys[signer];
    size_t size = KEY_SIZE;
    if (key == NULL)
        return ERR_KEY;
    must(EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1);
    must(size == KEY_SIZE);
    return ERR_NONE;
}

static bool plain_verify(struct crypto *crypto,
    const uint8_t public_key[KEY_SIZE], struct slice message,
    const uint8_t signature[SIGNATURE_SIZE])
{
    (void)crypto;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, NULL, public_key, KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(key != NULL && context != NULL);
    must(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1);
    int result = EVP_DigestVerify(
        context, signature, SIGNATURE_SIZE, message.bytes, message.size);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return result == 1;
}

static const struct crypto_ops plain_ops = {
    .hash = plain_hash,
    .sign = plain_sign,
    .signer_public = plain_signer_public,
    .verify = plain_verify,
};

static EVP_PKEY *key_from(uint8_t first)
{
    uint8_t seed[SEED_SIZE];
    for (unsigned i = 0; i < SEED_SIZE; i++)
        seed[i] = (uint8_t)(first + i);
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    must(key != NULL);
    return key;
}

struct crypto *crypto_plain_new(void)
{
    struct crypto_plain *plain = calloc(1, sizeof *plain);
    must(plain != NULL);
    plain->crypto.ops = &plain_ops;
    plain->keys[CRYPTO_SIGNER_LOG] = key_from(0);
    plain->keys[CRYPTO_SIGNER_WITNESS] = key_from(32);
    return &plain->crypto;
}

void crypto_plain_free(struct crypto *crypto)
{
    for (size_t i = 0; i < CRYPTO_SIGNER_COUNT; i++)
        EVP_PKEY_free(plain_of(crypto)->keys[i]);
    free(plain_of(crypto));
}
