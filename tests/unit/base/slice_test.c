#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/slice.h"

static void literals_and_arrays_know_their_size(void **unused)
{
    (void)unused;
    const uint32_t numbers[3] = { 0 };
    assert_int_equal(SLICE_LITERAL("").size, 0);
    assert_int_equal(SLICE_LITERAL("a\0b").size, 3);
    assert_int_equal(SLICE_ARRAY(numbers).size, 12);
    assert_int_equal(slice_of_text("abc").size, 3);
    assert_null(SLICE_NONE.bytes);
}

static void equality_is_of_size_and_bytes(void **unused)
{
    (void)unused;
    assert_true(slice_equal(SLICE_NONE, SLICE_NONE));
    assert_true(slice_equal(SLICE_NONE, SLICE_LITERAL("")));
    assert_true(slice_equal(SLICE_LITERAL("a\0b"), slice_of("a\0bc", 3)));
    assert_false(slice_equal(SLICE_LITERAL("a\0b"), SLICE_LITERAL("a\0c")));
    assert_false(slice_equal(SLICE_LITERAL("ab"), SLICE_LITERAL("abc")));
    assert_true(slice_is(SLICE_LITERAL("ab"), "ab"));
    assert_false(slice_is(SLICE_LITERAL("ab\0"), "ab"));
    assert_true(slice_is(SLICE_NONE, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_and_arrays_know_their_size),
        cmocka_unit_test(equality_is_of_size_and_bytes),
    };
    return cmocka_run_group_tests_name("base/slice", tests, NULL, NULL);
}
