#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/public_key.h"
#include "support/crypto_fake.h"
#include "support/crypto_real.h"

#define DAY 20779u

/* Both kinds keep what crypto_fake.h says. */
static struct crypto *(*kind_new)(uint64_t, uint32_t, uint32_t);

/* Seven days back, today, fourteen ahead. */
static struct crypto *new_fake(uint64_t seed)
{
    return kind_new(seed, DAY, 22);
}

static void hash_is_sha256_of_all_parts(void **unused)
{
    (void)unused;
    const uint8_t want[HASH_SIZE] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf,
        0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61,
        0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15,
        0xad };
    struct crypto *crypto = new_fake(1);
    const struct slice parts[] = { SLICE_LITERAL("a"), SLICE_NONE,
        SLICE_LITERAL("bc") };
    uint8_t digest[HASH_SIZE];
    crypto_hash(crypto, parts, 3, digest);
    assert_memory_equal(digest, want, HASH_SIZE);
    crypto_fake_free(crypto);
}

/* RFC 5869, test case 1. */
static void derive_is_hkdf_sha256(void **unused)
{
    (void)unused;
    const uint8_t want[42] = { 0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a,
        0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36, 0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90,
        0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4, 0xc5, 0xbf,
        0x34, 0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65 };
    struct crypto *crypto = new_fake(1);
    uint8_t secret[22], salt[13], info[10], out[42];
    memset(secret, 0x0b, sizeof secret);
    for (unsigned i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof info; i++)
        info[i] = (uint8_t)(0xf0 + i);
    crypto->ops->derive(crypto, SLICE_ARRAY(salt), SLICE_ARRAY(secret),
        SLICE_ARRAY(info), out, sizeof out);
    assert_memory_equal(out, want, sizeof want);
    crypto_fake_free(crypto);
}

static void a_seed_decides_every_key(void **unused)
{
    (void)unused;
    struct crypto *a = new_fake(1), *same = new_fake(1), *other = new_fake(2);
    uint8_t keys[8][KEY_SIZE], again[KEY_SIZE], others[KEY_SIZE];
    for (unsigned i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        enum crypto_signer signer = (enum crypto_signer)i;
        assert_int_equal(a->ops->signer_public(a, signer, keys[i]), 0);
        assert_int_equal(same->ops->signer_public(same, signer, again), 0);
        assert_int_equal(other->ops->signer_public(other, signer, others), 0);
        assert_memory_equal(keys[i], again, KEY_SIZE);
        assert_memory_not_equal(keys[i], others, KEY_SIZE);
    }
    crypto_fake_root_public(a, keys[3]);
    crypto_fake_last_resort_public(a, keys[4]);
    crypto_fake_day_public(a, DAY, keys[5]);
    crypto_fake_day_public(a, DAY + 1, keys[6]);
    crypto_fake_day_public(other, DAY, keys[7]);
    for (size_t i = 0; i < 8; i++) {
        assert_true(public_key_is_sound(keys[i]));
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(keys[i], keys[j], KEY_SIZE);
    }
    crypto_fake_free(a);
    crypto_fake_free(same);
    crypto_fake_free(other);
    crypto_fake_free(NULL);
}

static void only_the_signed_message_verifies_under_its_key(void **unused)
{
    (void)unused;
    struct crypto *a = new_fake(1), *b = new_fake(2);
    uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE];
    uint8_t message[] = "twelve beds free";
    struct slice all = SLICE_ARRAY(message);
    assert_int_equal(a->ops->sign(a, CRYPTO_SIGNER_LOG, all, signature), 0);
    assert_int_equal(a->ops->signer_public(a, CRYPTO_SIGNER_LOG, key), 0);
    assert_true(b->ops->verify(b, key, all, signature));
    for (size_t i = 0; i < SIGNATURE_SIZE; i++) {
        signature[i] ^= 1;
        assert_false(b->ops->verify(b, key, all, signature));
        signature[i] ^= 1;
    }
    for (size_t i = 0; i < KEY_SIZE; i++) {
        key[i] ^= 0x80;
        assert_false(b->ops->verify(b, key, all, signature));
        key[i] ^= 0x80;
    }
    message[0] = 'T';
    assert_false(b->ops->verify(b, key, all, signature));
    crypto_fake_root_public(a, key);
    assert_false(b->ops->verify(b, key, all, signature));
    crypto_fake_root_sign(a, all, signature);
    assert_true(b->ops->verify(b, key, all, signature));
    crypto_fake_free(a);
    crypto_fake_free(b);
}

static void a_rotated_signer_signs_with_another_key(void **unused)
{
    (void)unused;
    struct crypto *a = new_fake(1);
    uint8_t old_key[KEY_SIZE], key[KEY_SIZE], signature[SIGNATURE_SIZE];
    enum crypto_signer signer = CRYPTO_SIGNER_WITNESS;
    struct slice message = SLICE_LITERAL("m");
    assert_int_equal(a->ops->signer_public(a, signer, old_key), ERR_NONE);
    crypto_fake_signer_destroy(a, signer);
    assert_int_equal(a->ops->signer_public(a, signer, key), ERR_KEY);
    assert_int_equal(a->ops->sign(a, signer, message, signature), ERR_KEY);
    crypto_fake_signer_rotate(a, signer);
    assert_int_equal(a->ops->signer_public(a, signer, key), ERR_NONE);
    assert_int_equal(a->ops->sign(a, signer, message, signature), ERR_NONE);
    assert_memory_not_equal(key, old_key, KEY_SIZE);
    assert_true(a->ops->verify(a, key, message, signature));
    assert_false(a->ops->verify(a, old_key, message, signature));
    assert_int_equal(
        a->ops->sign(a, CRYPTO_SIGNER_COUNT, message, signature), ERR_KEY);
    crypto_fake_free(a);
}

/* Seals `plain` to a key and gives what travels. */
static void seal(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice plain, uint8_t enc[KEY_SIZE], uint8_t *sealed)
{
    const uint8_t seed[SEED_SIZE] = { 42 };
    struct hpke hpke;
    assert_int_equal(crypto->ops->encapsulate(
                         crypto, key, SLICE_LITERAL("info"), seed, enc, &hpke),
        ERR_NONE);
    assert_int_equal(crypto->ops->aead_seal(crypto, hpke.key, hpke.nonce,
                         SLICE_LITERAL("aad"), plain, sealed),
        ERR_NONE);
}

static enum err open_as(struct crypto *crypto, uint64_t key_id,
    const uint8_t enc[KEY_SIZE], const char *info, struct slice sealed,
    enum crypto_opener *opener, uint8_t *plain)
{
    struct hpke hpke;
    enum err err = crypto->ops->decapsulate(
        crypto, key_id, enc, slice_of_text(info), opener, &hpke);
    if (err != ERR_NONE)
        return err;
    return crypto->ops->aead_open(
        crypto, hpke.key, hpke.nonce, SLICE_LITERAL("aad"), sealed, plain);
}

static void only_the_recipient_opens_what_was_sealed(void **unused)
{
    (void)unused;
    struct crypto *a = new_fake(1), *b = new_fake(2);
    struct slice plain = SLICE_LITERAL("a sentence of some thirty bytes");
    uint8_t key[KEY_SIZE], enc[KEY_SIZE], sealed[64], opened[64];
    enum crypto_opener opener = CRYPTO_OPENER_LAST_RESORT;
    crypto_fake_day_public(b, DAY + 21, key);
    uint64_t key_id = crypto_key_id(a, key);
    seal(a, key, plain, enc, sealed);
    struct slice all = slice_of(sealed, plain.size + AEAD_TAG_SIZE);
    for (size_t i = 0; i + 4 <= plain.size; i++)
        assert_memory_not_equal(sealed + i, plain.bytes + i, 4);
    assert_int_equal(
        open_as(b, key_id, enc, "info", all, &opener, opened), ERR_NONE);
    assert_memory_equal(opened, plain.bytes, plain.size);
    assert_int_equal(opener, CRYPTO_OPENER_DAY);
    assert_int_equal(
        open_as(a, key_id, enc, "info", all, &opener, opened), ERR_KEY);
    assert_int_equal(
        open_as(b, key_id, enc, "other", all, &opener, opened), ERR_SIGNATURE);
    enc[0] ^= 1;
    assert_int_equal(
        open_as(b, key_id, enc, "info", all, &opener, opened), ERR_SIGNATURE);
    enc[0] ^= 1;
    for (size_t i = 0; i < all.size; i++) {
        sealed[i] ^= 1;
        assert_int_equal(open_as(b, key_id, enc, "info", all, &opener, opened),
            ERR_SIGNATURE);
        sealed[i] ^= 1;
    }
    for (size_t size = 0; size < all.size; size++)
        assert_int_equal(open_as(b, key_id, enc, "info", slice_of(sealed, size),
                             &opener, opened),
            ERR_SIGNATURE);
    crypto_fake_days_hold(b, DAY + 22, 22); /* a day later */
    assert_int_equal(
        open_as(b, key_id, enc, "info", all, &opener, opened), ERR_KEY);
    crypto_fake_free(a);
    crypto_fake_free(b);
}

static void the_last_resort_is_told_apart(void **unused)
{
    (void)unused;
    struct crypto *a = new_fake(1);
    uint8_t key[KEY_SIZE], enc[KEY_SIZE], sealed[32], opened[32];
    enum crypto_opener opener = CRYPTO_OPENER_DAY;
    crypto_fake_last_resort_public(a, key);
    seal(a, key, SLICE_LITERAL("head"), enc, sealed);
    assert_int_equal(open_as(a, crypto_key_id(a, key), enc, "info",
                         slice_of(sealed, 20), &opener, opened),
        ERR_NONE);
    assert_int_equal(opener, CRYPTO_OPENER_LAST_RESORT);
    assert_memory_equal(opened, "head", 4);
    crypto_fake_free(a);
}

static void zero_keys_are_refused(void **unused)
{
    (void)unused;
    struct crypto *a = new_fake(1);
    const uint8_t zero[KEY_SIZE] = { 0 };
    uint8_t enc[KEY_SIZE], key[KEY_SIZE];
    enum crypto_opener opener;
    struct hpke hpke;
    assert_int_equal(
        a->ops->encapsulate(a, zero, SLICE_NONE, zero, enc, &hpke), ERR_KEY);
    crypto_fake_day_public(a, DAY, key);
    assert_int_equal(a->ops->decapsulate(a, crypto_key_id(a, key), zero,
                         SLICE_NONE, &opener, &hpke),
        ERR_KEY);
    crypto_fake_free(a);
}

static void exported_secrets_depend_on_context_and_message(void **unused)
{
    (void)unused;
    struct crypto *a = new_fake(1);
    uint8_t key[KEY_SIZE], enc[KEY_SIZE], secrets[3][40];
    uint8_t seed[SEED_SIZE] = { 1 };
    struct hpke hpke;
    crypto_fake_day_public(a, DAY, key);
    assert_int_equal(
        a->ops->encapsulate(a, key, SLICE_NONE, seed, enc, &hpke), 0);
    a->ops->export_secret(a, &hpke, SLICE_LITERAL("x"), secrets[0], 40);
    a->ops->export_secret(a, &hpke, SLICE_LITERAL("y"), secrets[1], 40);
    seed[0] = 2;
    assert_int_equal(
        a->ops->encapsulate(a, key, SLICE_NONE, seed, enc, &hpke), 0);
    a->ops->export_secret(a, &hpke, SLICE_LITERAL("x"), secrets[2], 40);
    assert_memory_not_equal(secrets[0], secrets[1], 40);
    assert_memory_not_equal(secrets[0], secrets[2], 40);
    crypto_fake_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_sha256_of_all_parts),
        cmocka_unit_test(derive_is_hkdf_sha256),
        cmocka_unit_test(a_seed_decides_every_key),
        cmocka_unit_test(only_the_signed_message_verifies_under_its_key),
        cmocka_unit_test(a_rotated_signer_signs_with_another_key),
        cmocka_unit_test(only_the_recipient_opens_what_was_sealed),
        cmocka_unit_test(the_last_resort_is_told_apart),
        cmocka_unit_test(zero_keys_are_refused),
        cmocka_unit_test(exported_secrets_depend_on_context_and_message),
    };
    kind_new = crypto_fake_new;
    int failed = cmocka_run_group_tests_name("pretended", tests, NULL, NULL);
    kind_new = crypto_real_new;
    return failed + cmocka_run_group_tests_name("real", tests, NULL, NULL);
}
