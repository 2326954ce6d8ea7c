#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/clock_trust.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
/* Noon of a day, by the wall; the steady clock began elsewhere. */
#define WALL (20779 * DAY + 12 * HOUR)
#define STEADY INT64_C(5000)

static void the_days_that_have_keys_tell_at_the_start(void **state)
{
    (void)state;
    for (int unknown = 0; unknown < 2; unknown++) {
        struct clock_trust trust;
        clock_trust_begin(&trust, WALL, STEADY, unknown != 0);
        assert_int_equal(clock_trust_holds(&trust, WALL, STEADY), !unknown);
        assert_int_equal(
            clock_trust_holds(&trust, WALL + DAY - 1, STEADY + DAY - 1),
            !unknown);
        assert_true(clock_trust_holds(&trust, WALL + DAY, STEADY + DAY));
    }
}

static void a_jump_of_an_hour_is_one(void **state)
{
    static const struct {
        int64_t jump_ms;
        bool holds;
    } rows[] = {
        { 0, true },
        { HOUR - 1, true },
        { HOUR, false },
        { 3650 * DAY, false },
        { -HOUR + 1, true },
        { -HOUR, false },
        { -3650 * DAY, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct clock_trust trust;
        clock_trust_begin(&trust, WALL, STEADY, false);
        assert_int_equal(clock_trust_holds(&trust, WALL + DAY + rows[i].jump_ms,
                             STEADY + DAY),
            rows[i].holds);
    }
}

static void doubt_ends_after_an_even_day(void **state)
{
    struct clock_trust trust;
    (void)state;
    clock_trust_begin(&trust, WALL, STEADY, false);
    int64_t wall = WALL + 10 * DAY;
    int64_t steady = STEADY;
    assert_false(clock_trust_holds(&trust, wall, steady));
    for (int hour = 1; hour < 24; hour++)
        assert_false(clock_trust_holds(
            &trust, wall + hour * HOUR, steady + hour * HOUR));
    assert_true(clock_trust_holds(&trust, wall + DAY, steady + DAY));
}

static void setting_it_right_is_a_jump_too(void **state)
{
    struct clock_trust trust;
    (void)state;
    clock_trust_begin(&trust, WALL, STEADY, false);
    assert_false(clock_trust_holds(&trust, WALL + 10 * DAY, STEADY));
    assert_false(clock_trust_holds(&trust, WALL + HOUR, STEADY + HOUR));
    assert_false(clock_trust_holds(&trust, WALL + DAY, STEADY + DAY));
    assert_true(
        clock_trust_holds(&trust, WALL + HOUR + DAY, STEADY + HOUR + DAY));
}

static void small_steps_add_up(void **state)
{
    struct clock_trust trust;
    bool holds = true;
    (void)state;
    clock_trust_begin(&trust, WALL, STEADY, false);
    for (int day = 1; day <= 60 && holds; day++)
        holds = clock_trust_holds(
            &trust, WALL + day * (DAY + HOUR / 50), STEADY + day * DAY);
    assert_false(holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_days_that_have_keys_tell_at_the_start),
        cmocka_unit_test(a_jump_of_an_hour_is_one),
        cmocka_unit_test(doubt_ends_after_an_even_day),
        cmocka_unit_test(setting_it_right_is_a_jump_too),
        cmocka_unit_test(small_steps_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
