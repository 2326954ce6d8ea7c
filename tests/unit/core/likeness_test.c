#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/likeness.h"
#include "core/limits.h"

static void likeness_counts_changes(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        size_t distance;
    } rows[] = {
        { "", "", 0 },
        { "a", "", 1 },
        { "kitten", "sitting", 3 },
        { "pathway", "pathways", 1 },
        { "abc", "abc", 0 },
        { "abc", "cab", 2 },
    };
    char longest[66] = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice a = slice_of_text(rows[i].a);
        struct slice b = slice_of_text(rows[i].b);
        assert_int_equal(likeness_distance(a, b), rows[i].distance);
        assert_int_equal(likeness_distance(b, a), rows[i].distance);
    }
    memset(longest, 'a', 65);
    assert_int_equal(
        likeness_distance(slice_of(longest, 64), SLICE_LITERAL("a")), 63);
    assert_true(likeness_distance(slice_of(longest, 65), SLICE_LITERAL("a")) ==
                SIZE_MAX);
}

static void what_is_too_long_is_like_nothing(void **state)
{
    static const uint8_t text[CODE_SIZE_MAX + 1];
    const struct slice longest = slice_of(text, CODE_SIZE_MAX);
    const struct slice longer = slice_of(text, sizeof text);
    (void)state;
    assert_int_equal(likeness_distance(longest, longest), 0);
    assert_true(likeness_distance(longer, longest) == SIZE_MAX);
    assert_true(likeness_distance(longest, longer) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likeness_counts_changes),
        cmocka_unit_test(what_is_too_long_is_like_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
