#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/work.h"
#include "support/crypto_fake.h"

static void no_two_draws_are_alike(void **state)
{
    struct work work = { .crypto = crypto_fake_new(1, 0, 0), .entropy = { 1 } };
    static uint8_t draws[300][16];
    (void)state;
    for (size_t i = 0; i < 300; i++) {
        work_draw(&work, draws[i], sizeof draws[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(draws[i], draws[k], sizeof draws[i]);
    }
    crypto_fake_free(work.crypto);
}

static void draws_follow_from_entropy_alone(void **state)
{
    struct work one = { .crypto = crypto_fake_new(1, 0, 0), .entropy = { 1 } };
    struct work same = { .crypto = crypto_fake_new(2, 0, 0), .entropy = { 1 } };
    struct work other = { .crypto = one.crypto, .entropy = { 2 } };
    uint8_t a[32];
    uint8_t b[32];
    (void)state;
    for (int i = 0; i < 3; i++) {
        work_draw(&one, a, sizeof a);
        work_draw(&same, b, sizeof b);
        assert_memory_equal(a, b, sizeof a);
        work_draw(&other, b, sizeof b);
        assert_memory_not_equal(a, b, sizeof a);
    }
    crypto_fake_free(one.crypto);
    crypto_fake_free(same.crypto);
}

static void a_draw_has_the_size_asked_for(void **state)
{
    struct work work = { .crypto = crypto_fake_new(1, 0, 0) };
    uint8_t bytes[41];
    (void)state;
    for (size_t size = 1; size < sizeof bytes; size++) {
        memset(bytes, 0, sizeof bytes);
        work_draw(&work, bytes, size);
        for (size_t i = size; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], 0);
    }
    crypto_fake_free(work.crypto);
}

static void the_first_failure_stays(void **state)
{
    struct store_txn txn = { .err = ERR_NONE };
    struct work work = { .txn = &txn };
    (void)state;
    assert_false(work_failed(&work));
    work_exhausted(&work);
    assert_true(work_failed(&work));
    assert_int_equal(txn.err, ERR_NO_MEMORY);
    txn.err = ERR_IO;
    work_exhausted(&work);
    assert_int_equal(txn.err, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_draws_are_alike),
        cmocka_unit_test(draws_follow_from_entropy_alone),
        cmocka_unit_test(a_draw_has_the_size_asked_for),
        cmocka_unit_test(the_first_failure_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
