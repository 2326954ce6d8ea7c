#include "io/aead_openssl.h"

#include <limits.h>
#include <string.h>

#include "io/must_openssl.h"
#include "io/openssl.h"

enum err aead_init(struct aead *aead, const char *name)
{
    aead->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    aead->sealing = EVP_CIPHER_CTX_new();
    if (aead->cipher != NULL && aead->sealing != NULL &&
        EVP_CipherInit_ex2(aead->sealing, aead->cipher, NULL, NULL, 1, NULL) ==
            1)
        return ERR_NONE;
    aead_release(aead);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

void aead_release(struct aead *aead)
{
    EVP_CIPHER_free(aead->cipher);
    EVP_CIPHER_CTX_free(aead->sealing);
    *aead = (struct aead){ 0 };
}

void aead_forget(struct aead *aead)
{
    static const uint8_t no_key[KEY_SIZE];
    static const uint8_t no_nonce[AEAD_NONCE_SIZE];
    /* another key's schedule takes the place of the last one's */
    must(EVP_CipherInit_ex2(aead->sealing, NULL, no_key, no_nonce, 1, NULL) ==
         1);
}

/* One way or the other: aad, then text into `out`. False when OpenSSL balks.
 * The cipher stays the one of the context: to name it would make a new one. */
static bool run(struct aead *aead, bool seals, const uint8_t *key,
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice text,
    uint8_t *out)
{
    int size = 0;
    if (EVP_CipherInit_ex2(
            aead->sealing, NULL, key, nonce, seals ? 1 : 0, NULL) != 1)
        return false;
    if (aad.size > 0 && EVP_CipherUpdate(aead->sealing, NULL, &size, aad.bytes,
                            (int)aad.size) != 1)
        return false;
    return text.size == 0 || (EVP_CipherUpdate(aead->sealing, out, &size,
                                  text.bytes, (int)text.size) == 1 &&
                                 (size_t)size == text.size);
}

static bool finish(struct aead *aead)
{
    uint8_t rest[AEAD_TAG_SIZE];
    int size = 0;
    return EVP_CipherFinal_ex(aead->sealing, rest, &size) == 1 && size == 0;
}

static bool fits(struct slice aad, struct slice text)
{
    return aad.size <= INT_MAX && text.size <= INT_MAX;
}

enum err aead_seal(struct aead *aead, const uint8_t *key,
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice plain,
    uint8_t *sealed)
{
    if (!fits(aad, plain))
        return ERR_INVALID;
    bool done = run(aead, true, key, nonce, aad, plain, sealed) &&
                finish(aead) &&
                EVP_CIPHER_CTX_ctrl(aead->sealing, EVP_CTRL_AEAD_GET_TAG,
                    AEAD_TAG_SIZE, sealed + plain.size) == 1;
    if (done)
        return ERR_NONE;
    OPENSSL_cleanse(sealed, plain.size + AEAD_TAG_SIZE);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

enum err aead_open(struct aead *aead, const uint8_t *key,
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice sealed,
    uint8_t *plain)
{
    uint8_t tag[AEAD_TAG_SIZE];
    if (sealed.size < AEAD_TAG_SIZE)
        return ERR_SIGNATURE;
    struct slice text = slice_of(sealed.bytes, sealed.size - AEAD_TAG_SIZE);
    if (!fits(aad, text))
        return ERR_INVALID;
    memcpy(tag, sealed.bytes + text.size, sizeof tag);
    bool done = run(aead, false, key, nonce, aad, text, plain) &&
                EVP_CIPHER_CTX_ctrl(aead->sealing, EVP_CTRL_AEAD_SET_TAG,
                    AEAD_TAG_SIZE, tag) == 1 &&
                finish(aead);
    if (done)
        return ERR_NONE;
    /* nobody sees a plaintext that is not authentic */
    if (text.size > 0)
        OPENSSL_cleanse(plain, text.size);
    ERR_clear_error();
    return ERR_SIGNATURE;
}
