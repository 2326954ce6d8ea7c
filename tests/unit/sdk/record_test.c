#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "memory.h"
#include "record.h"

struct row {
    const char *text;
    bool is_right;
};

/* clang-format off */
static const struct row texts[] = {
    { "", true }, { "line\nline\ttab", true }, { "d\xc3\xa9j\xc3\xa0", true },
    { "\xf0\x9f\x8c\xbb", true }, { "\xef\xbf\xbf", true },
    { "\xf4\x8f\xbf\xbf", true }, { "\xed\x9f\xbf", true },
    { "\xd0\xb4\xd0\xb0, \xd1\x82\xd0\xb0\xd0\xba", true },
    { "\xd0\xb4\xd0\xb0\xd1", false }, { "\xd0\xb4\xd0z", false },
    { "\xd0\xb4\x80", false },
    { "\r\n", false }, { "\x07", false }, { "\x7f", false },
    { "\x80", false }, { "\xc3", false }, { "\xc3z", false },
    { "\xc1\xbf", false }, { "\xe2\x82", false }, { "\xe2\x82z", false },
    { "\xe0\x9f\xbf", false }, { "\xed\xa0\x80", false },
    { "\xf0\x8f\xbf\xbf", false }, { "\xf4\x90\x80\x80", false },
    { "\xf0\x9f\x8c", false }, { "\xf0\x9f\x8cz", false },
    { "\xf5\x80\x80\x80", false }, { "\xff", false },
};
static const struct row codes[] = {
    { "a", true }, { "peer.list", true }, { "a_b-9", true },
    { "0123456789012345678901234567890123456789012345678901234567890123",
      true },
    { "01234567890123456789012345678901234567890123456789012345678901234",
      false },
    { "", false }, { "A", false }, { "a b", false }, { "\xc3\xa9", false },
};
static const struct { const char *text; bool is_right; int64_t value; }
numbers[] = {
    { "0", true, 0 }, { "-0", true, 0 }, { "007", true, 7 },
    { "9223372036854775807", true, INT64_MAX },
    { "-9223372036854775808", true, INT64_MIN },
    { "-42", true, -42 },
    { "9223372036854775808", false, 0 },
    { "-9223372036854775809", false, 0 },
    { "99999999999999999999999", false, 0 },
    { "", false, 0 }, { "-", false, 0 }, { "+1", false, 0 },
    { "1 ", false, 0 }, { "1.0", false, 0 }, { "--1", false, 0 },
};
/* clang-format on */

static void text_is_utf8_without_controls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (sdk_text_is_clean(texts[i].text) != texts[i].is_right)
            fail_msg("row %zu", i);
    assert_false(sdk_text_is_clean(NULL));
}

/* Also where eight are looked at together. */
static void a_byte_is_as_clean_in_a_long_text(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        const char alone[] = { (char)byte, '\0' };
        bool is_clean = sdk_text_is_clean(alone);
        for (size_t at = 0; at < 20; at++) {
            char text[] = "~ twenty-two letters ~";
            text[at] = (char)byte;
            if (sdk_text_is_clean(text) != is_clean)
                fail_msg("byte %d at %zu", byte, at);
        }
    }
}

static void codes_are_short_and_small(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (sdk_text_is_code(codes[i].text) != codes[i].is_right)
            fail_msg("row %zu", i);
    assert_false(sdk_text_is_code(NULL));
}

static void numbers_are_decimal_and_in_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int64_t value = 0;
        if (sdk_text_number(numbers[i].text, &value) != numbers[i].is_right ||
            value != numbers[i].value)
            fail_msg("row %zu", i);
    }
}

static void a_field_set_twice_has_the_last_value(void **state)
{
    (void)state;
    struct sdk_record record = { 0 };
    assert_int_equal(sdk_record_set_text(&record, "a", "old"), REFER_OK);
    assert_int_equal(sdk_record_set_text(&record, "b", "kept"), REFER_OK);
    assert_int_equal(sdk_record_set_number(&record, "a", -5), REFER_OK);
    assert_int_equal(record.field_count, 2);
    assert_string_equal(sdk_record_text(&record, "a"), "-5");
    assert_int_equal(sdk_record_number(&record, "a"), -5);
    assert_string_equal(sdk_record_text(&record, "b"), "kept");
    sdk_record_release(&record);
    assert_int_equal(sdk_memory_held(), 0);
}

static void a_refused_value_changes_nothing(void **state)
{
    (void)state;
    struct sdk_record record = { 0 };
    assert_int_equal(sdk_record_set_text(&record, "a", "good"), REFER_OK);
    assert_int_equal(sdk_record_set_text(&record, "a", "\xff"), REFER_INVALID);
    assert_int_equal(sdk_record_set_text(&record, "a", NULL), REFER_INVALID);
    assert_int_equal(sdk_record_set_text(&record, "A", "x"), REFER_INVALID);
    assert_int_equal(sdk_record_set_text(&record, NULL, "x"), REFER_INVALID);
    assert_int_equal(sdk_record_set_data(&record, "a", NULL, 1), REFER_INVALID);
    sdk_memory_fail_after(1);
    assert_int_equal(sdk_record_set_text(&record, "a", "new"), REFER_NO_MEMORY);
    assert_int_equal(
        sdk_record_set_data(&record, "a", "new", 3), REFER_NO_MEMORY);
    sdk_memory_fail_after(0);
    assert_string_equal(sdk_record_text(&record, "a"), "good");
    assert_int_equal(record.field_count, 1);
    sdk_record_release(&record);
    assert_int_equal(sdk_memory_held(), 0);
}

/* The field's own memory, then that of more fields. */
static void a_field_without_memory_is_not_there(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d", "e" };
    (void)state;
    struct sdk_record record = { 0 };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            sdk_record_set_flag(&record, names[i], true), REFER_OK);
    for (uint64_t n = 1; n <= 2; n++) {
        sdk_memory_fail_after(n);
        assert_int_equal(
            sdk_record_set_text(&record, "e", "new"), REFER_NO_MEMORY);
        sdk_memory_fail_after(n);
        assert_int_equal(
            sdk_record_set_data(&record, "e", "new", 3), REFER_NO_MEMORY);
        sdk_memory_fail_after(0);
        assert_int_equal(record.field_count, 4);
        assert_null(sdk_record_find(&record, "e"));
    }
    assert_int_equal(sdk_record_set_data(&record, "e", "new", 3), REFER_OK);
    assert_string_equal(sdk_record_text(&record, "e"), "6e6577");
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(sdk_record_text(&record, names[i]), "true");
    sdk_record_release(&record);
    assert_int_equal(sdk_memory_held(), 0);
}

static void every_type_has_a_text_form(void **state)
{
    (void)state;
    struct sdk_record record = { 0 };
    assert_int_equal(
        sdk_record_set_data(&record, "data", "\0\xfe\x10", 3), REFER_OK);
    assert_int_equal(sdk_record_set_data(&record, "none", NULL, 0), REFER_OK);
    assert_int_equal(sdk_record_set_flag(&record, "yes", true), REFER_OK);
    assert_int_equal(sdk_record_set_flag(&record, "no", false), REFER_OK);
    assert_int_equal(
        sdk_record_set_number(&record, "least", INT64_MIN), REFER_OK);
    assert_string_equal(sdk_record_text(&record, "data"), "00fe10");
    assert_string_equal(sdk_record_text(&record, "none"), "");
    assert_string_equal(sdk_record_text(&record, "yes"), "true");
    assert_string_equal(sdk_record_text(&record, "no"), "false");
    assert_string_equal(
        sdk_record_text(&record, "least"), "-9223372036854775808");
    assert_int_equal(sdk_record_number(&record, "yes"), 1);
    assert_int_equal(sdk_record_number(&record, "data"), 0);
    sdk_record_release(&record);
}

static void absent_is_empty(void **state)
{
    (void)state;
    struct sdk_record record = { 0 };
    assert_string_equal(sdk_record_text(&record, "a"), "");
    assert_string_equal(sdk_record_text(NULL, "a"), "");
    assert_string_equal(sdk_record_text(&record, NULL), "");
    assert_int_equal(sdk_record_number(NULL, "a"), 0);
}

static void a_removed_field_leaves_its_neighbours(void **state)
{
    (void)state;
    struct sdk_record record = { 0 };
    const char *const names[] = { "a", "b", "c", "d", "e", "f" };
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(
            sdk_record_set_text(&record, names[i], names[i]), REFER_OK);
    sdk_record_remove(&record, "c");
    sdk_record_remove(&record, "f");
    sdk_record_remove(&record, "f");
    assert_int_equal(record.field_count, 4);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(sdk_record_text(&record, names[i]),
            i == 2 || i == 5 ? "" : names[i]);
    sdk_record_release(&record);
    assert_int_equal(sdk_memory_held(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_utf8_without_controls),
        cmocka_unit_test(a_byte_is_as_clean_in_a_long_text),
        cmocka_unit_test(codes_are_short_and_small),
        cmocka_unit_test(numbers_are_decimal_and_in_range),
        cmocka_unit_test(a_field_set_twice_has_the_last_value),
        cmocka_unit_test(a_refused_value_changes_nothing),
        cmocka_unit_test(a_field_without_memory_is_not_there),
        cmocka_unit_test(every_type_has_a_text_form),
        cmocka_unit_test(absent_is_empty),
        cmocka_unit_test(a_removed_field_leaves_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
