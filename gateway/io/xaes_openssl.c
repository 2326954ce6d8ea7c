#include "io/xaes_openssl.h"

#include <string.h>

#include "io/must_openssl.h"
#include "io/openssl.h"

static void block_encrypt(
    struct xaes *xaes, const uint8_t *in, uint8_t *out, int size)
{
    int written = 0;
    must(EVP_EncryptUpdate(xaes->block, out, &written, in, size) == 1 &&
         written == size);
}

/* NIST SP 800-38B, 6.1: the block of zeroes, doubled in GF(2^128). */
static void subkey_make(struct xaes *xaes)
{
    static const uint8_t zeroes[XAES_BLOCK_SIZE];
    uint8_t block[XAES_BLOCK_SIZE];
    block_encrypt(xaes, zeroes, block, sizeof block);
    for (size_t i = 0; i < sizeof block; i++) {
        unsigned next = i + 1 < sizeof block ? block[i + 1] >> 7 : 0;
        xaes->subkey[i] = (uint8_t)((unsigned)block[i] << 1 | next);
    }
    if ((block[0] & 0x80) != 0)
        xaes->subkey[XAES_BLOCK_SIZE - 1] ^= 0x87;
    OPENSSL_cleanse(block, sizeof block);
}

enum err xaes_init(struct xaes *xaes, const uint8_t key[KEY_SIZE])
{
    *xaes = (struct xaes){ 0 };
    EVP_CIPHER *ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
    xaes->block = EVP_CIPHER_CTX_new();
    bool done = ecb != NULL && xaes->block != NULL &&
                EVP_EncryptInit_ex2(xaes->block, ecb, key, NULL, NULL) == 1 &&
                EVP_CIPHER_CTX_set_padding(xaes->block, 0) == 1;
    EVP_CIPHER_free(ecb); /* the context keeps its own reference */
    for (size_t i = 0; i < XAES_DERIVED_COUNT; i++)
        done =
            done && aead_init(&xaes->derived[i].gcm, "AES-256-GCM") == ERR_NONE;
    if (done) {
        subkey_make(xaes);
        return ERR_NONE;
    }
    xaes_release(xaes);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

void xaes_release(struct xaes *xaes)
{
    EVP_CIPHER_CTX_free(xaes->block);
    for (size_t i = 0; i < XAES_DERIVED_COUNT; i++)
        aead_release(&xaes->derived[i].gcm);
    OPENSSL_cleanse(xaes->subkey, sizeof xaes->subkey);
    *xaes = (struct xaes){ 0 };
}

/* SP 800-108 in counter mode with CMAC: two blocks, label "X". */
static void key_derive(
    struct xaes *xaes, const uint8_t *prefix, uint8_t key[KEY_SIZE])
{
    uint8_t input[2 * XAES_BLOCK_SIZE];
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *block = input + i * XAES_BLOCK_SIZE;
        block[0] = 0;
        block[1] = (uint8_t)(i + 1);
        block[2] = 'X';
        block[3] = 0;
        memcpy(block + 4, prefix, XAES_PREFIX_SIZE);
        for (size_t k = 0; k < XAES_BLOCK_SIZE; k++)
            block[k] ^= xaes->subkey[k];
    }
    block_encrypt(xaes, input, key, sizeof input);
    OPENSSL_cleanse(input, sizeof input);
}

/* Where that prefix's key is, or is to be. */
static struct xaes_derived *derived_for(
    struct xaes *xaes, const uint8_t *prefix)
{
    struct xaes_derived *derived =
        &xaes->derived[prefix[0] % XAES_DERIVED_COUNT];
    if (memcmp(derived->prefix, prefix, XAES_PREFIX_SIZE) != 0)
        derived->has_key = false;
    memcpy(derived->prefix, prefix, XAES_PREFIX_SIZE);
    return derived;
}

enum err xaes_seal(struct xaes *xaes, const uint8_t nonce[XAES_NONCE_SIZE],
    struct slice aad, struct slice plain, uint8_t *sealed)
{
    uint8_t key[KEY_SIZE];
    struct xaes_derived *derived = derived_for(xaes, nonce);
    if (!derived->has_key)
        key_derive(xaes, nonce, key);
    enum err err = aead_seal(&derived->gcm, derived->has_key ? NULL : key,
        nonce + XAES_PREFIX_SIZE, aad, plain, sealed);
    if (!derived->has_key)
        OPENSSL_cleanse(key, sizeof key);
    derived->has_key = err == ERR_NONE;
    return err;
}

enum err xaes_open(struct xaes *xaes, const uint8_t nonce[XAES_NONCE_SIZE],
    struct slice aad, struct slice sealed, uint8_t *plain)
{
    uint8_t key[KEY_SIZE];
    struct xaes_derived *derived = derived_for(xaes, nonce);
    if (!derived->has_key)
        key_derive(xaes, nonce, key);
    enum err err = aead_open(&derived->gcm, derived->has_key ? NULL : key,
        nonce + XAES_PREFIX_SIZE, aad, sealed, plain);
    if (!derived->has_key)
        OPENSSL_cleanse(key, sizeof key);
    derived->has_key = err == ERR_NONE;
    return err;
}
