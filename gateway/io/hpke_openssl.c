#include "io/hpke_openssl.h"

#include <string.h>

#include "io/openssl.h"
#include "io/raw_key_openssl.h"

#define VERSION "HPKE-v1"

/* "KEM" and the number of DHKEM(X25519, HKDF-SHA256); RFC 9180, 4.1. */
static const uint8_t kem_id[] = { 'K', 'E', 'M', 0x00, 0x20 };
/* "HPKE", then that KEM, HKDF-SHA256, ChaCha20-Poly1305; RFC 9180, 5.1. */
static const uint8_t suite_id[] = { 'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01,
    0x00, 0x03 };

#define KEM SLICE_ARRAY(kem_id)
#define SUITE SLICE_ARRAY(suite_id)

enum err hpke_init(struct hpke_suite *suite)
{
    *suite = (struct hpke_suite){ 0 };
    enum err err = hkdf_init(&suite->hkdf);
    if (err != ERR_NONE)
        return err;
    suite->x25519 = raw_key_maker_new("X25519");
    if (suite->x25519 != NULL)
        return ERR_NONE;
    hpke_release(suite);
    return ERR_NO_MEMORY;
}

void hpke_release(struct hpke_suite *suite)
{
    hkdf_release(&suite->hkdf);
    EVP_PKEY_CTX_free(suite->x25519);
    *suite = (struct hpke_suite){ 0 };
}

/* RFC 9180, 4: LabeledExtract. */
static void labeled_extract(struct hpke_suite *suite, struct slice id,
    struct slice salt, const char *label, struct slice secret,
    uint8_t out[HASH_SIZE])
{
    struct slice parts[] = { SLICE_LITERAL(VERSION), id, slice_of_text(label),
        secret };
    hkdf_extract(&suite->hkdf, salt, parts, 4, out);
}

/* RFC 9180, 4: LabeledExpand. */
static void labeled_expand(struct hpke_suite *suite, struct slice id,
    const uint8_t secret[HASH_SIZE], const char *label, struct slice info,
    uint8_t *out, size_t size)
{
    uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };
    struct slice parts[] = { SLICE_ARRAY(length), SLICE_LITERAL(VERSION), id,
        slice_of_text(label), info };
    hkdf_expand(&suite->hkdf, secret, parts, 5, out, size);
}

enum err hpke_derive_key_pair(
    struct hpke_suite *suite, struct slice seed, EVP_PKEY **key)
{
    uint8_t extracted[HASH_SIZE];
    uint8_t raw[KEY_SIZE];
    labeled_extract(suite, KEM, SLICE_NONE, "dkp_prk", seed, extracted);
    labeled_expand(suite, KEM, extracted, "sk", SLICE_NONE, raw, sizeof raw);
    *key = raw_key_private(suite->x25519, raw);
    OPENSSL_cleanse(extracted, sizeof extracted);
    OPENSSL_cleanse(raw, sizeof raw);
    return *key == NULL ? ERR_NO_MEMORY : ERR_NONE;
}

enum err hpke_agree(struct hpke_suite *suite, EVP_PKEY *own,
    const uint8_t peer[KEY_SIZE], uint8_t shared[KEY_SIZE])
{
    size_t size = KEY_SIZE;
    enum err err = ERR_NO_MEMORY;
    EVP_PKEY *other = raw_key_public(suite->x25519, peer);
    EVP_PKEY_CTX *agreement = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    if (other != NULL && agreement != NULL &&
        EVP_PKEY_derive_init(agreement) == 1 &&
        EVP_PKEY_derive_set_peer(agreement, other) == 1)
        /* OpenSSL fails here when all 32 bytes are zero (RFC 7748, 6.1) */
        err = EVP_PKEY_derive(agreement, shared, &size) == 1 && size == KEY_SIZE
                  ? ERR_NONE
                  : ERR_KEY;
    EVP_PKEY_CTX_free(agreement);
    EVP_PKEY_free(other);
    if (err != ERR_NONE) {
        OPENSSL_cleanse(shared, KEY_SIZE);
        ERR_clear_error();
    }
    return err;
}

/* RFC 9180, 5.1: KeySchedule with mode_base, no PSK. */
static void schedule(struct hpke_suite *suite, const uint8_t shared[HASH_SIZE],
    struct slice info, struct hpke *hpke)
{
    uint8_t secret[HASH_SIZE];
    struct {
        uint8_t mode;
        uint8_t psk_id_hash[HASH_SIZE];
        uint8_t info_hash[HASH_SIZE];
    } context = { .mode = 0 };
    _Static_assert(sizeof context == 1 + 2 * HASH_SIZE, "no padding inside");
    struct slice bytes = slice_of(&context, sizeof context);

    labeled_extract(suite, SUITE, SLICE_NONE, "psk_id_hash", SLICE_NONE,
        context.psk_id_hash);
    labeled_extract(
        suite, SUITE, SLICE_NONE, "info_hash", info, context.info_hash);
    labeled_extract(suite, SUITE, slice_of(shared, HASH_SIZE), "secret",
        SLICE_NONE, secret);
    labeled_expand(suite, SUITE, secret, "key", bytes, hpke->key, KEY_SIZE);
    labeled_expand(suite, SUITE, secret, "base_nonce", bytes, hpke->nonce,
        AEAD_NONCE_SIZE);
    labeled_expand(
        suite, SUITE, secret, "exp", bytes, hpke->exporter_secret, HASH_SIZE);
    OPENSSL_cleanse(secret, sizeof secret);
}

/* RFC 9180, 4.1: the end of Encap and Decap alike, then the key schedule. */
static enum err establish(struct hpke_suite *suite, EVP_PKEY *own,
    const uint8_t peer[KEY_SIZE], const uint8_t kem_context[2 * KEY_SIZE],
    struct slice info, struct hpke *hpke)
{
    uint8_t agreed[KEY_SIZE];
    uint8_t extracted[HASH_SIZE];
    uint8_t shared[HASH_SIZE];
    enum err err = hpke_agree(suite, own, peer, agreed);
    if (err != ERR_NONE)
        return err;
    labeled_extract(
        suite, KEM, SLICE_NONE, "eae_prk", SLICE_ARRAY(agreed), extracted);
    labeled_expand(suite, KEM, extracted, "shared_secret",
        slice_of(kem_context, 2 * KEY_SIZE), shared, sizeof shared);
    schedule(suite, shared, info, hpke);
    OPENSSL_cleanse(agreed, sizeof agreed);
    OPENSSL_cleanse(extracted, sizeof extracted);
    OPENSSL_cleanse(shared, sizeof shared);
    return ERR_NONE;
}

enum err hpke_encapsulate(struct hpke_suite *suite,
    const uint8_t recipient[KEY_SIZE], struct slice info,
    const uint8_t seed[SEED_SIZE], uint8_t enc[KEY_SIZE], struct hpke *hpke)
{
    uint8_t kem_context[2 * KEY_SIZE];
    EVP_PKEY *ephemeral = NULL;
    *hpke = (struct hpke){ 0 };
    enum err err =
        hpke_derive_key_pair(suite, slice_of(seed, SEED_SIZE), &ephemeral);
    if (err != ERR_NONE)
        return err;
    if (raw_key_get_public(ephemeral, enc)) {
        memcpy(kem_context, enc, KEY_SIZE);
        memcpy(kem_context + KEY_SIZE, recipient, KEY_SIZE);
        err = establish(suite, ephemeral, recipient, kem_context, info, hpke);
    } else {
        err = ERR_NO_MEMORY;
    }
    EVP_PKEY_free(ephemeral);
    return err;
}

enum err hpke_decapsulate(struct hpke_suite *suite, EVP_PKEY *own,
    const uint8_t enc[KEY_SIZE], struct slice info, struct hpke *hpke)
{
    uint8_t kem_context[2 * KEY_SIZE];
    *hpke = (struct hpke){ 0 };
    memcpy(kem_context, enc, KEY_SIZE);
    if (!raw_key_get_public(own, kem_context + KEY_SIZE))
        return ERR_KEY;
    return establish(suite, own, enc, kem_context, info, hpke);
}

void hpke_export(struct hpke_suite *suite, const struct hpke *hpke,
    struct slice context, uint8_t *out, size_t size)
{
    labeled_expand(
        suite, SUITE, hpke->exporter_secret, "sec", context, out, size);
}
