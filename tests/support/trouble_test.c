/* Messages that trouble_bytes.h changes are what they say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "support/trouble_bytes.h"

/* 1: 5, 2: { 1: "abc", 2: 300 }, 3: eight bytes, 2: {} */
static const uint8_t message_bytes[] = { 0x08, 5, 0x12, 8, 0x0a, 3, 'a', 'b',
    'c', 0x10, 0xac, 2, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0 };
static const struct slice message = { message_bytes, sizeof message_bytes };

static void check(size_t index, enum trouble_change change,
    const uint8_t *expected, size_t size)
{
    struct slice changed = trouble_changed(message, index, change);
    assert_int_equal(changed.size, size);
    assert_memory_equal(changed.bytes, expected, size);
    free((void *)(uintptr_t)changed.bytes);
}

static void fields_are_counted_at_all_depths(void **state)
{
    (void)state;
    assert_int_equal(trouble_field_count(message), 6);
    assert_int_equal(trouble_field_count(SLICE_NONE), 0);
}

static void a_place_is_where_it_is_and_not_what(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(trouble_field_place(message, i) !=
                        trouble_field_place(message, k));
    assert_true(
        trouble_field_place(message, 1) == trouble_field_place(message, 5));
}

static void lengths_around_a_change_are_right(void **state)
{
    static const uint8_t dropped[] = { 0x08, 5, 0x12, 3, 0x10, 0xac, 2, 0x19, 1,
        2, 3, 4, 5, 6, 7, 8, 0x12, 0 };
    static const uint8_t more[] = { 0x08, 5, 0x12, 9, 0x0a, 4, 'a', 'b', 'c',
        'x', 0x10, 0xac, 2, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0 };
    static const uint8_t emptied[] = { 0x08, 5, 0x12, 7, 0x0a, 3, 'a', 'b', 'c',
        0x10, 0, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0 };
    static const uint8_t twice[] = { 0x08, 5, 0x08, 5, 0x12, 8, 0x0a, 3, 'a',
        'b', 'c', 0x10, 0xac, 2, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0 };
    (void)state;
    check(2, CHANGE_DROP, dropped, sizeof dropped);
    check(2, CHANGE_MORE, more, sizeof more);
    check(3, CHANGE_EMPTY, emptied, sizeof emptied);
    check(0, CHANGE_TWICE, twice, sizeof twice);
}

static void what_follows_stays(void **state)
{
    static const uint8_t last[] = { 0x08, 5, 0x12, 8, 0x0a, 3, 'a', 'b', 'c',
        0x10, 0xac, 2, 0x19, 1, 2, 3, 4, 5, 6, 7, 8 };
    static const uint8_t turned[] = { 0x08, 5, 0x12, 8, 0x0a, 3, 'a', 'b', 'c',
        0x10, 0xac, 2, 0x19, 0, 2, 3, 4, 5, 6, 7, 8, 0x12, 0 };
    (void)state;
    check(5, CHANGE_DROP, last, sizeof last);
    check(4, CHANGE_TURNED, turned, sizeof turned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_counted_at_all_depths),
        cmocka_unit_test(a_place_is_where_it_is_and_not_what),
        cmocka_unit_test(lengths_around_a_change_are_right),
        cmocka_unit_test(what_follows_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
