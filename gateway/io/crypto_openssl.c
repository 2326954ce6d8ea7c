#include "io/crypto_openssl.h"

#include <stdlib.h>
#include <string.h>

#include "io/aead_openssl.h"
#include "io/hkdf_openssl.h"
#include "io/hpke_openssl.h"
#include "io/must_openssl.h"
#include "io/openssl.h"
#include "io/raw_key_openssl.h"

struct crypto_openssl {
    struct crypto crypto; /* first, so that either is the other */
    struct keyring *keyring;
    struct signer {
        EVP_PKEY *key;
        uint8_t public_key[KEY_SIZE];
    } signers[CRYPTO_SIGNER_COUNT]; /* of the keyring at that version */
    uint64_t keyring_version;
    struct hpke_suite hpke;
    EVP_MD *sha256;
    EVP_MD_CTX *hashing;
    EVP_MD_CTX *signing;   /* reset around each use */
    EVP_PKEY_CTX *ed25519; /* makes keys from raw bytes */
    struct aead chacha20_poly1305;
};

static struct crypto_openssl *of(struct crypto *crypto)
{
    return (struct crypto_openssl *)(void *)crypto;
}

/* OpenSSL takes NULL with size 0 for other things than an empty text. */
static const uint8_t *bytes_of(struct slice slice)
{
    return slice.size > 0 ? slice.bytes : (const uint8_t *)"";
}

static void openssl_hash(struct crypto *crypto, const struct slice *parts,
    size_t count, uint8_t digest[HASH_SIZE])
{
    struct crypto_openssl *self = of(crypto);
    must(EVP_DigestInit_ex2(self->hashing, self->sha256, NULL) == 1);
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(
                 self->hashing, bytes_of(parts[i]), parts[i].size) == 1);
    must(EVP_DigestFinal_ex(self->hashing, digest, NULL) == 1);
}

static void openssl_derive(struct crypto *crypto, struct slice salt,
    struct slice secret, struct slice info, uint8_t *out, size_t size)
{
    struct hkdf *hkdf = &of(crypto)->hpke.hkdf;
    uint8_t extracted[HASH_SIZE];
    hkdf_extract(hkdf, salt, &secret, 1, extracted);
    hkdf_expand(hkdf, extracted, &info, 1, out, size);
    OPENSSL_cleanse(extracted, sizeof extracted);
}

static enum err openssl_sign(struct crypto *crypto, enum crypto_signer signer,
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    struct crypto_openssl *self = of(crypto);
    size_t size = SIGNATURE_SIZE;
    if (self->keyring == NULL)
        return ERR_KEY;
    EVP_PKEY *key = self->signers[signer].key;
    /* a context that is not reset goes on with the key it had before */
    bool done = EVP_MD_CTX_reset(self->signing) == 1 &&
                EVP_DigestSignInit(self->signing, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(self->signing, signature, &size,
                    bytes_of(message), message.size) == 1 &&
                size == SIGNATURE_SIZE;
    (void)EVP_MD_CTX_reset(self->signing);
    if (done)
        return ERR_NONE;
    OPENSSL_cleanse(signature, SIGNATURE_SIZE);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

static enum err openssl_signer_public(
    struct crypto *crypto, enum crypto_signer signer, uint8_t key[KEY_SIZE])
{
    struct crypto_openssl *self = of(crypto);
    if (self->keyring == NULL)
        return ERR_KEY;
    memcpy(key, self->signers[signer].public_key, KEY_SIZE);
    return ERR_NONE;
}

static bool openssl_verify(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice message, const uint8_t signature[SIGNATURE_SIZE])
{
    struct crypto_openssl *self = of(crypto);
    EVP_PKEY *signer = raw_key_public(self->ed25519, key);
    bool is_authentic =
        signer != NULL && EVP_MD_CTX_reset(self->signing) == 1 &&
        EVP_DigestVerifyInit(self->signing, NULL, NULL, NULL, signer) == 1 &&
        EVP_DigestVerify(self->signing, signature, SIGNATURE_SIZE,
            bytes_of(message), message.size) == 1;
    (void)EVP_MD_CTX_reset(self->signing);
    EVP_PKEY_free(signer);
    if (!is_authentic)
        ERR_clear_error();
    return is_authentic;
}

static enum err openssl_encapsulate(struct crypto *crypto,
    const uint8_t recipient[KEY_SIZE], struct slice info,
    const uint8_t seed[SEED_SIZE], uint8_t enc[KEY_SIZE], struct hpke *hpke)
{
    return hpke_encapsulate(
        &of(crypto)->hpke, recipient, info, seed, enc, hpke);
}

static enum err openssl_decapsulate(struct crypto *crypto, uint64_t key_id,
    const uint8_t enc[KEY_SIZE], struct slice info, enum crypto_opener *opener,
    struct hpke *hpke)
{
    struct crypto_openssl *self = of(crypto);
    *hpke = (struct hpke){ 0 };
    if (self->keyring == NULL)
        return ERR_KEY;
    EVP_PKEY *own = keyring_take_opener(self->keyring, key_id, opener);
    if (own == NULL)
        return ERR_KEY;
    enum err err = hpke_decapsulate(&self->hpke, own, enc, info, hpke);
    EVP_PKEY_free(own);
    return err;
}

static void openssl_export_secret(struct crypto *crypto,
    const struct hpke *hpke, struct slice context, uint8_t *out, size_t size)
{
    hpke_export(&of(crypto)->hpke, hpke, context, out, size);
}

static enum err openssl_aead_seal(struct crypto *crypto,
    const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
    struct slice aad, struct slice plain, uint8_t *sealed)
{
    return aead_seal(
        &of(crypto)->chacha20_poly1305, key, nonce, aad, plain, sealed);
}

static enum err openssl_aead_open(struct crypto *crypto,
    const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
    struct slice aad, struct slice sealed, uint8_t *plain)
{
    return aead_open(
        &of(crypto)->chacha20_poly1305, key, nonce, aad, sealed, plain);
}

static const struct crypto_ops openssl_ops = {
    .hash = openssl_hash,
    .derive = openssl_derive,
    .sign = openssl_sign,
    .signer_public = openssl_signer_public,
    .verify = openssl_verify,
    .encapsulate = openssl_encapsulate,
    .decapsulate = openssl_decapsulate,
    .export_secret = openssl_export_secret,
    .aead_seal = openssl_aead_seal,
    .aead_open = openssl_aead_open,
};

static void signers_free(struct crypto_openssl *self)
{
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++)
        EVP_PKEY_free(self->signers[i].key);
}

static bool signers_take(struct crypto_openssl *self)
{
    bool done = true;
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        struct signer *signer = &self->signers[i];
        signer->key = keyring_take_signer(
            self->keyring, (enum crypto_signer)i, signer->public_key);
        done &= signer->key != NULL;
    }
    return done;
}

enum err crypto_openssl_refresh(struct crypto *crypto)
{
    struct crypto_openssl *self = of(crypto);
    if (self->keyring == NULL)
        return ERR_NONE;
    uint64_t version = keyring_version(self->keyring);
    if (version == self->keyring_version)
        return ERR_NONE;
    signers_free(self);
    if (!signers_take(self))
        return ERR_NO_MEMORY;
    self->keyring_version = version;
    return ERR_NONE;
}

enum err crypto_openssl_new(struct keyring *keyring, struct crypto **out)
{
    *out = NULL;
    struct crypto_openssl *self = calloc(1, sizeof *self);
    if (self == NULL)
        return ERR_NO_MEMORY;
    self->crypto.ops = &openssl_ops;
    self->keyring = keyring;
    self->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    self->hashing = EVP_MD_CTX_new();
    self->signing = EVP_MD_CTX_new();
    self->ed25519 = raw_key_maker_new("ED25519");
    if (keyring != NULL)
        self->keyring_version = keyring_version(keyring);
    enum err err = aead_init(&self->chacha20_poly1305, "ChaCha20-Poly1305");
    if (err == ERR_NONE)
        err = hpke_init(&self->hpke);
    if (err == ERR_NONE && (keyring == NULL || signers_take(self)) &&
        self->sha256 != NULL && self->hashing != NULL &&
        self->signing != NULL && self->ed25519 != NULL) {
        *out = &self->crypto;
        return ERR_NONE;
    }
    crypto_openssl_free(&self->crypto);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

void crypto_openssl_free(struct crypto *crypto)
{
    if (crypto == NULL)
        return;
    struct crypto_openssl *self = of(crypto);
    signers_free(self);
    hpke_release(&self->hpke);
    EVP_MD_free(self->sha256);
    EVP_MD_CTX_free(self->hashing);
    EVP_MD_CTX_free(self->signing);
    EVP_PKEY_CTX_free(self->ed25519);
    aead_release(&self->chacha20_poly1305);
    free(self);
}
