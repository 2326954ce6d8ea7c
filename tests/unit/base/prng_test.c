#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/prng.h"

static void splitmix64_gives_the_published_numbers(void **unused)
{
    (void)unused;
    const uint64_t want[] = { UINT64_C(6457827717110365317),
        UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431), UINT64_C(16408922859458223821) };
    uint64_t state = 1234567;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(splitmix64_next(&state) == want[i]);
}

static void xoshiro256_gives_the_published_numbers(void **unused)
{
    (void)unused;
    const uint64_t want[] = { UINT64_C(11520), 0, UINT64_C(1509978240),
        UINT64_C(1215971899390074240), UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600), UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832), UINT64_C(10595114339597558777),
        UINT64_C(2904607092377533576) };
    struct prng prng = { { 1, 2, 3, 4 } };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_true(prng_next(&prng) == want[i]);
}

static void equal_seeds_give_equal_rows(void **unused)
{
    (void)unused;
    struct prng a = prng_from_seed(0), b = prng_from_seed(0);
    struct prng c = prng_from_seed(1);
    assert_true(prng_next(&a) == prng_next(&b));
    assert_true(prng_next(&a) != prng_next(&c));
}

static void numbers_below_a_limit_are_spread_evenly(void **unused)
{
    (void)unused;
    struct prng prng = prng_from_seed(5);
    unsigned counts[7] = { 0 };
    for (int i = 0; i < 70000; i++) {
        uint64_t number = prng_below(&prng, 7);
        assert_true(number < 7);
        counts[number]++;
    }
    for (size_t i = 0; i < 7; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_true(prng_below(&prng, 0) == 0);
    assert_true(prng_below(&prng, 1) == 0);
}

/* A plain remainder would put two thirds of these below 2^62. */
static void no_number_is_favoured_by_a_remainder(void **unused)
{
    (void)unused;
    const uint64_t limit = UINT64_C(3) << 62;
    struct prng prng = prng_from_seed(6);
    unsigned low_count = 0;
    for (int i = 0; i < 3000; i++) {
        uint64_t number = prng_below(&prng, limit);
        assert_true(number < limit);
        low_count += number < UINT64_C(1) << 62;
    }
    assert_in_range(low_count, 850, 1150);
}

static void filling_touches_exactly_the_bytes_asked_for(void **unused)
{
    (void)unused;
    uint8_t all[40];
    struct prng prng = prng_from_seed(7);
    prng_fill(&prng, all, sizeof all);
    for (size_t size = 0; size < 33; size++) {
        uint8_t some[40];
        memset(some, 0xaa, sizeof some);
        prng = prng_from_seed(7);
        prng_fill(&prng, some, size);
        assert_memory_equal(some, all, size);
        for (size_t i = size; i < sizeof some; i++)
            assert_int_equal(some[i], 0xaa);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitmix64_gives_the_published_numbers),
        cmocka_unit_test(xoshiro256_gives_the_published_numbers),
        cmocka_unit_test(equal_seeds_give_equal_rows),
        cmocka_unit_test(numbers_below_a_limit_are_spread_evenly),
        cmocka_unit_test(no_number_is_favoured_by_a_remainder),
        cmocka_unit_test(filling_touches_exactly_the_bytes_asked_for),
    };
    return cmocka_run_group_tests_name("base/prng", tests, NULL, NULL);
}
