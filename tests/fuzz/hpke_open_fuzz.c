/*
 * hpke_open_fuzz.c - an encapsulated key and a sealed text from a stranger,
 * opened with a fixed key. Nothing opens but what was sealed to it: one text.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/crypto_openssl.h"
#include "io/hpke_openssl.h"
#include "io/openssl.h"

#define PLAIN_SIZE_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[SEED_SIZE] = { 7 };
static const uint8_t sender_seed[SEED_SIZE] = { 8 };
static const char text[] = "sealed to this key";
#define SEALED_SIZE (KEY_SIZE + sizeof text - 1 + AEAD_TAG_SIZE)

static struct hpke_suite suite;
static struct crypto *crypto;
static EVP_PKEY *own;
static uint8_t genuine[SEALED_SIZE];

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void set_up(void)
{
    struct hpke hpke;
    uint8_t recipient[KEY_SIZE];
    size_t size = sizeof recipient;
    require(hpke_init(&suite) == ERR_NONE);
    require(crypto_openssl_new(NULL, &crypto) == ERR_NONE);
    require(hpke_derive_key_pair(&suite, SLICE_ARRAY(seed), &own) == ERR_NONE);
    require(EVP_PKEY_get_raw_public_key(own, recipient, &size) == 1);
    require(hpke_encapsulate(&suite, recipient, SLICE_LITERAL("info"),
                sender_seed, genuine, &hpke) == ERR_NONE);
    require(crypto->ops->aead_seal(crypto, hpke.key, hpke.nonce,
                SLICE_LITERAL("aad"), slice_of_text(text),
                genuine + KEY_SIZE) == ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t plain[PLAIN_SIZE_MAX];
    struct hpke hpke;
    if (crypto == NULL)
        set_up();
    if (size < KEY_SIZE || size > PLAIN_SIZE_MAX)
        return 0;
    bool is_genuine = slice_equal(slice_of(data, size), SLICE_ARRAY(genuine));
    enum err err =
        hpke_decapsulate(&suite, own, data, SLICE_LITERAL("info"), &hpke);
    if (err == ERR_NONE)
        err = crypto->ops->aead_open(crypto, hpke.key, hpke.nonce,
            SLICE_LITERAL("aad"), slice_of(data + KEY_SIZE, size - KEY_SIZE),
            plain);
    require((err == ERR_NONE) == is_genuine);
    require(ERR_peek_error() == 0);
    if (is_genuine)
        require(memcmp(plain, text, sizeof text - 1) == 0);
    return 0;
}
