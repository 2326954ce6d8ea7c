#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/value.h"

/* clang-format off */
static const struct {
    const char *form;
    bool (*is)(struct slice value);
    const char *value;
    bool want;
} cases[] = {
    { "number", value_is_number, "0", true },
    { "number", value_is_number, "42", true },
    { "number", value_is_number, "999999999", true },
    { "number", value_is_number, "1000000000", false },
    { "number", value_is_number, "99999999999999999999999", false },
    { "number", value_is_number, "", false },
    { "number", value_is_number, "07", false },
    { "number", value_is_number, "-1", false },
    { "number", value_is_number, "1.5", false },
    { "date", value_is_date, "2027-02-28", true },
    { "date", value_is_date, "2028-02-29", true },
    { "date", value_is_date, "2027-02-29", false },
    { "date", value_is_date, "0027-02-28", false },
    { "date", value_is_date, "2027-2-28", false },
    { "date", value_is_date, "2027-02-28T", false },
    { "date", value_is_date, "", false },
    { "year", value_is_year, "1987", true },
    { "year", value_is_year, "0987", false },
    { "year", value_is_year, "87", false },
    { "year", value_is_year, "19870", false },
    { "year", value_is_year, "198a", false },
    { "flag", value_is_flag, "yes", true },
    { "flag", value_is_flag, "no", true },
    { "flag", value_is_flag, "Yes", false },
    { "flag", value_is_flag, "true", false },
    { "flag", value_is_flag, "", false },
    { "time", value_is_time, "2027-01-31T09:00:00+01:00", true },
    { "time", value_is_time, "2027-01-31T09:00:00Z", true },
    { "time", value_is_time, "2027-01-31T09:00:00", false },
    { "time", value_is_time, "2027-01-31 09:00:00Z", false },
    { "time", value_is_time, "tomorrow", false },
    { "times", value_is_times, "2027-01-31T09:00:00Z", true },
    { "times", value_is_times, "2027-01-31T09:00:00Z 2027-02-01T09:00:00Z", true },
    { "times", value_is_times, "2027-01-31T09:00:00Z  2027-02-01T09:00:00Z", false },
    { "times", value_is_times, "2027-01-31T09:00:00Z ", false },
    { "times", value_is_times, " 2027-01-31T09:00:00Z", false },
    { "times", value_is_times, "2027-01-31T09:00:00Z, later", false },
    { "times", value_is_times, "", false },
    { "uuid", value_is_uuid_urn, "urn:uuid:01936f2a-7f3e-7c55-9a10-2b6f1c0d9e8f", true },
    { "uuid", value_is_uuid_urn, "urn:uuid:01936F2A-7f3e-7c55-9a10-2b6f1c0d9e8f", false },
    { "uuid", value_is_uuid_urn, "01936f2a-7f3e-7c55-9a10-2b6f1c0d9e8f", false },
    { "uuid", value_is_uuid_urn, "urn:uuid:01936f2a-7f3e-7c55-9a10-2b6f1c0d9e8g", false },
    { "uuid", value_is_uuid_urn, "", false },
    { "code", value_is_code, "tb.assess_1-a", true },
    { "code", value_is_code, "TB", false },
    { "code", value_is_code, "", false },
};

static const struct {
    const char *value;
    bool want;
} texts[] = {
    { "a", true },              { "two\nlines\tand a tab", true },
    { "\xd0\xbf\xd1\x80", true }, { "", false },
    { " ", false },             { "\n\t ", false },
    { "bell\a", false },        { "return\r\n", false },
    { "delete\x7f", false },    { "half \xd0", false },
    { "surrogate \xed\xa0\x80", false },
};
/* clang-format on */

static void each_form_takes_its_own_and_nothing_else(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (cases[i].is(slice_of_text(cases[i].value)) != cases[i].want)
            fail_msg("%s: %s", cases[i].form, cases[i].value);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_false(cases[i].is(SLICE_NONE));
}

static void text_is_for_reading(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (value_is_text(slice_of_text(texts[i].value), 24) != texts[i].want)
            fail_msg("text %zu", i);
    assert_true(value_is_text(slice_of_text("0123456789abcdef"), 16));
    assert_false(value_is_text(slice_of_text("0123456789abcdefg"), 16));
    assert_false(value_is_text(slice_of("a\0b", 3), 16));
    assert_false(value_is_text(SLICE_NONE, 16));
}

static void words_stand_between_single_spaces(void **unused)
{
    (void)unused;
    struct slice rest = slice_of_text("one two  ");
    static const char *const words[] = { "one", "two", "", "" };
    struct slice word;
    for (size_t i = 0; i < 4; i++) {
        assert_true(value_next_word(&rest, &word));
        assert_true(slice_is(word, words[i]));
    }
    assert_false(value_next_word(&rest, &word));
    rest = SLICE_NONE;
    assert_false(value_next_word(&rest, &word));
}

static void a_time_is_among_times_in_any_spelling(void **unused)
{
    (void)unused;
    struct slice times =
        slice_of_text("2027-01-31T09:00:00+01:00 2027-01-31T12:00:00+01:00");
    static const struct {
        const char *time;
        bool want;
    } chosen[] = {
        { "2027-01-31T12:00:00+01:00", true },
        { "2027-01-31T11:00:00Z", true },
        { "2027-01-31T11:00:01Z", false },
        { "2027-01-31T10:00:00Z", false },
        { "noon", false },
        { "", false },
    };
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        assert_int_equal(value_times_hold(times, slice_of_text(chosen[i].time)),
            chosen[i].want);
    assert_false(value_times_hold(SLICE_NONE, slice_of_text(chosen[0].time)));
}

static void a_time_is_one_of_those_offered_or_not(void **state)
{
    static const struct {
        const char *times;
        const char *time;
        bool holds;
    } rows[] = {
        { "2027-01-31T09:00:00Z", "2027-01-31T09:00:00Z", true },
        { "soon 2027-01-31T09:00:00Z", "2027-01-31T09:00:00Z", true },
        { "2027-01-31T09:00:00Z", "2027-01-31T09:00:01Z", false },
        { "2027-01-31T09:00:00Z", "soon", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(value_times_hold(slice_of_text(rows[i].times),
                             slice_of_text(rows[i].time)),
            rows[i].holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_takes_its_own_and_nothing_else),
        cmocka_unit_test(text_is_for_reading),
        cmocka_unit_test(words_stand_between_single_spaces),
        cmocka_unit_test(a_time_is_among_times_in_any_spelling),
        cmocka_unit_test(a_time_is_one_of_those_offered_or_not),
    };
    return cmocka_run_group_tests_name("core/value", tests, NULL, NULL);
}
