#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/pace.h"

/* One parcel of that size is cosigned after so long. */
static void carry(struct pace *pace, size_t size, int64_t took_ms)
{
    static int64_t steady_ms = 7;
    pace_begin(pace, steady_ms);
    steady_ms += took_ms;
    pace_arrived(pace, size, steady_ms);
}

/* As much as may be goes over a line of so many bytes a second. */
static void carry_full(struct pace *pace, int64_t bytes_per_s)
{
    size_t size = pace_size(pace);
    carry(pace, size, 40 + (int64_t)size * 1000 / bytes_per_s);
}

static const size_t sizes[] = { PARCEL_SIZE_LIST };
enum { COUNT = sizeof sizes / sizeof *sizes };

static void quick_parcels_grow_up_to_the_largest(void **state)
{
    struct pace pace = { 0 };
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(pace_size(&pace), sizes[i]);
        carry(&pace, sizes[i], PARCEL_QUICK_MS);
    }
    assert_int_equal(pace_size(&pace), PARCEL_SIZE_MAX);
    carry(&pace, PARCEL_SIZE_MAX, 0);
    assert_int_equal(pace_size(&pace), PARCEL_SIZE_MAX);
}

static void slow_ones_shrink_down_to_the_smallest(void **state)
{
    struct pace pace = { .step = 2 };
    (void)state;
    carry(&pace, 1, PARCEL_SLOW_MS + 1);
    assert_int_equal(pace_size(&pace), sizes[1]);
    carry(&pace, 1, PARCEL_SLOW_MS + 1);
    assert_int_equal(pace_size(&pace), sizes[0]);
    carry(&pace, 1, PARCEL_SLOW_MS + 1);
    pace_timed_out(&pace);
    assert_int_equal(pace_size(&pace), sizes[0]);
}

static void neither_quick_nor_slow_stays(void **state)
{
    struct pace pace = { .step = 1 };
    (void)state;
    carry(&pace, sizes[1], PARCEL_QUICK_MS + 1);
    carry(&pace, sizes[1], PARCEL_SLOW_MS);
    assert_int_equal(pace_size(&pace), sizes[1]);
}

static void that_a_small_one_was_quick_says_nothing(void **state)
{
    static const size_t needed[] = { 16000, sizes[0], sizes[1], sizes[2] };
    (void)state;
    for (uint8_t i = 0; i < COUNT - 1; i++) {
        struct pace pace = { .step = i };
        carry(&pace, needed[i], 0);
        assert_int_equal(pace_size(&pace), sizes[i]);
        carry(&pace, needed[i] + 8192, 0);
        assert_int_equal(pace_size(&pace), sizes[i + 1]);
    }
}

static void one_that_timed_out_is_followed_by_a_smaller(void **state)
{
    struct pace pace = { .step = 1 };
    (void)state;
    pace_begin(&pace, 0);
    pace_timed_out(&pace);
    assert_int_equal(pace_size(&pace), sizes[0]);
    /* sent again it may be quick after all */
    carry(&pace, sizes[1], 0);
    assert_int_equal(pace_size(&pace), sizes[1]);
}

static void on_any_line_it_settles_far_from_timing_out(void **state)
{
    (void)state;
    for (int64_t per_s = 2300; per_s < INT64_C(1) << 34; per_s += per_s / 3) {
        struct pace pace = { 0 };
        for (size_t i = 0; i < 2 * COUNT; i++)
            carry_full(&pace, per_s);
        size_t size = pace_size(&pace);
        int64_t takes_ms = (int64_t)size * 1000 / per_s;
        assert_true(takes_ms < REQUEST_TIMEOUT_MS);
        assert_true(size == sizes[0] || takes_ms <= PARCEL_SLOW_MS);
        for (int i = 0; i < 8; i++) { /* and stays */
            carry_full(&pace, per_s);
            assert_int_equal(pace_size(&pace), size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quick_parcels_grow_up_to_the_largest),
        cmocka_unit_test(slow_ones_shrink_down_to_the_smallest),
        cmocka_unit_test(neither_quick_nor_slow_stays),
        cmocka_unit_test(that_a_small_one_was_quick_says_nothing),
        cmocka_unit_test(one_that_timed_out_is_followed_by_a_smaller),
        cmocka_unit_test(on_any_line_it_settles_far_from_timing_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
