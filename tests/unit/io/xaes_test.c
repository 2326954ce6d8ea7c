/* Is it XAES-256-GCM, and does it open nothing that was changed? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "io/xaes_openssl.h"
#include "support/hex.h"

static const uint8_t nonce[] = "ABCDEFGHIJKLMNOPQRSTUVWX";
static const struct slice plain = { (const uint8_t *)"XAES-256-GCM", 12 };
#define SEALED_SIZE (12 + XAES_TAG_SIZE)

static void key_of(uint8_t byte, struct xaes *xaes)
{
    uint8_t key[KEY_SIZE];
    memset(key, byte, sizeof key);
    assert_int_equal(xaes_init(xaes, key), ERR_NONE);
}

static void check_vector(uint8_t byte, struct slice aad, const char *expected)
{
    struct xaes xaes;
    uint8_t sealed[SEALED_SIZE];
    uint8_t opened[SEALED_SIZE];
    uint8_t bytes[SEALED_SIZE];
    key_of(byte, &xaes);
    assert_int_equal(xaes_seal(&xaes, nonce, aad, plain, sealed), ERR_NONE);
    assert_true(
        slice_equal(SLICE_ARRAY(sealed), hex(expected, bytes, sizeof bytes)));
    assert_int_equal(
        xaes_open(&xaes, nonce, aad, SLICE_ARRAY(sealed), opened), ERR_NONE);
    assert_true(slice_equal(slice_of(opened, plain.size), plain));
    xaes_release(&xaes);
}

/* c2sp.org/XAES-256-GCM, test vectors: the two cases of the key's subkey. */
static void the_vectors_of_the_specification_hold(void **state)
{
    (void)state;
    check_vector(1, SLICE_NONE,
        "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
    check_vector(3, SLICE_LITERAL("c2sp.org/XAES-256-GCM"),
        "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

static void nothing_that_was_changed_opens(void **state)
{
    struct xaes xaes;
    uint8_t sealed[SEALED_SIZE];
    uint8_t opened[SEALED_SIZE];
    static const uint8_t zeroes[12];
    struct slice aad = SLICE_LITERAL("key");
    (void)state;
    key_of(1, &xaes);
    assert_int_equal(xaes_seal(&xaes, nonce, aad, plain, sealed), ERR_NONE);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(
            xaes_open(&xaes, nonce, aad, SLICE_ARRAY(sealed), opened),
            ERR_SIGNATURE);
        assert_memory_equal(opened, zeroes, sizeof zeroes);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < (size_t)8 * XAES_NONCE_SIZE; bit++) {
        uint8_t other[XAES_NONCE_SIZE];
        memcpy(other, nonce, sizeof other);
        other[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(
            xaes_open(&xaes, other, aad, SLICE_ARRAY(sealed), opened),
            ERR_SIGNATURE);
    }
    assert_int_equal(xaes_open(&xaes, nonce, SLICE_LITERAL("kez"),
                         SLICE_ARRAY(sealed), opened),
        ERR_SIGNATURE);
    for (size_t size = 0; size < sizeof sealed; size++)
        assert_int_equal(
            xaes_open(&xaes, nonce, aad, slice_of(sealed, size), opened),
            ERR_SIGNATURE);
    xaes_release(&xaes);
    key_of(2, &xaes);
    assert_int_equal(xaes_open(&xaes, nonce, aad, SLICE_ARRAY(sealed), opened),
        ERR_SIGNATURE);
    xaes_release(&xaes);
}

static void an_empty_text_is_sealed_too(void **state)
{
    struct xaes xaes;
    uint8_t tag[XAES_TAG_SIZE];
    uint8_t nothing[1];
    (void)state;
    key_of(1, &xaes);
    assert_int_equal(
        xaes_seal(&xaes, nonce, SLICE_NONE, SLICE_NONE, tag), ERR_NONE);
    assert_int_equal(
        xaes_open(&xaes, nonce, SLICE_NONE, SLICE_ARRAY(tag), nothing),
        ERR_NONE);
    tag[0] ^= 1;
    assert_int_equal(
        xaes_open(&xaes, nonce, SLICE_NONE, SLICE_ARRAY(tag), nothing),
        ERR_SIGNATURE);
    xaes_release(&xaes);
}

/* Keys that were derived before give what fresh ones give, in any order. */
static void keys_that_are_kept_are_those_of_their_nonces(void **state)
{
    enum { COUNT = 4 * XAES_DERIVED_COUNT };
    struct xaes kept;
    uint8_t sealed[COUNT][SEALED_SIZE];
    uint8_t other[SEALED_SIZE];
    uint8_t own[XAES_NONCE_SIZE];
    (void)state;
    key_of(1, &kept);
    memcpy(own, nonce, sizeof own);
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < COUNT; i++) {
            struct xaes fresh;
            own[0] = (uint8_t)(i / 2);
            own[1] = (uint8_t)(i / 3);
            own[XAES_NONCE_SIZE - 1] = (uint8_t)i;
            assert_int_equal(
                xaes_seal(&kept, own, SLICE_NONE, plain, sealed[i]), ERR_NONE);
            key_of(1, &fresh);
            assert_int_equal(
                xaes_seal(&fresh, own, SLICE_NONE, plain, other), ERR_NONE);
            xaes_release(&fresh);
            assert_memory_equal(sealed[i], other, sizeof other);
            assert_int_equal(xaes_open(&kept, own, SLICE_NONE,
                                 SLICE_ARRAY(sealed[i]), other),
                ERR_NONE);
            sealed[i][0] ^= 1;
            assert_int_equal(xaes_open(&kept, own, SLICE_NONE,
                                 SLICE_ARRAY(sealed[i]), other),
                ERR_SIGNATURE);
        }
    xaes_release(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_specification_hold),
        cmocka_unit_test(nothing_that_was_changed_opens),
        cmocka_unit_test(an_empty_text_is_sealed_too),
        cmocka_unit_test(keys_that_are_kept_are_those_of_their_nonces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
