#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "referctl/words.h"

static void foreign_text_cannot_move_the_cursor(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        { "", "" }, { "Open Door", "Open Door" },
        { "Открытая дверь", "Открытая дверь" }, { "a\nb", "a\\nb" },
        { "a\tb\rc", "a\\tb\\rc" }, { "a\\b", "a\\\\b" },
        { "\033[31mred", "\\x1b[31mred" }, { "\x7f", "\\x7f" },
        { "\xc2\x9b"
          "31m",
            "\\xc2\\x9b31m" }, /* C1 control */
        { "\xe2\x80\xae"
          "x",
            "\\xe2\\x80\\xaex" }, /* override */
        { "\xef\xbb\xbf"
          "x",
            "\\xef\\xbb\\xbfx" }, /* byte order mark */
        { "a\xff"
          "b",
            "a\\xffb" },              /* no UTF-8 */
        { "\xe2\x80", "\\xe2\\x80" }, /* cut short */
    };
    struct pool pool = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(
            words_printable(&pool, rows[i].text), rows[i].shown);
    pool_release(&pool);
}

static void json_says_the_same_with_escapes(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        { "{\n  \"a\": \"Дверь\"\n}", "{\n  \"a\": \"Дверь\"\n}" },
        { "\"\\n\\\\\"", "\"\\n\\\\\"" }, { "\"\x7f\"", "\"\\u007f\"" },
        { "\"\xc2\x9b"
          "31m\"",
            "\"\\u009b31m\"" },
        { "\"\xe2\x80\xae\xef\xbb\xbf\"", "\"\\u202e\\ufeff\"" },
        { "\"\xff\"", "\"\xff\"" }, /* not in this locale */
    };
    struct pool pool = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(
            words_printable_json(&pool, rows[i].text), rows[i].shown);
    pool_release(&pool);
}

static void width_counts_columns_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(words_width(""), 0);
    assert_int_equal(words_width("abc"), 3);
    assert_int_equal(words_width("дверь"), 5);
    assert_int_equal(words_width("医院"), 4);
    assert_int_equal(words_width("e\xcc\x81"), 1); /* with an accent */
}

static void names_are_equal_whatever_their_case(void **state)
{
    (void)state;
    assert_true(words_equal_folded("Open Door", "open door"));
    assert_true(words_equal_folded("ДВЕРЬ", "дверь"));
    assert_true(words_equal_folded("", ""));
    assert_false(words_equal_folded("open", "open door"));
    assert_false(words_equal_folded("open door", "open"));
    assert_true(words_equal_folded("\xff", "\xff"));
    assert_false(words_equal_folded("\xff", "\xfe"));
}

static void times_are_utc_and_absent_ones_a_dash(void **state)
{
    char text[WORDS_TIME_SIZE];
    (void)state;
    assert_string_equal(
        words_time(1796040000123, text), "2026-11-30T12:00:00Z");
    assert_string_equal(words_time(0, text), "-");
    assert_string_equal(words_time(-1, text), "-");
}

static void numbers_are_whole_and_within_bounds(void **state)
{
    int64_t number = 0;
    (void)state;
    assert_true(words_number("42", 1, 100, &number));
    assert_int_equal(number, 42);
    assert_true(words_number("-1", -5, 5, &number));
    assert_int_equal(number, -1);
    assert_false(words_number("", 0, 9, &number));
    assert_false(words_number("4x", 0, 9, &number));
    assert_false(words_number(" 4", 0, 9, &number));
    assert_false(words_number("+4", 0, 9, &number));
    assert_false(words_number("10", 0, 9, &number));
    assert_false(words_number("99999999999999999999", 0, INT64_MAX, &number));
}

static void distance_counts_slips_of_the_hand(void **state)
{
    char longest[65];
    (void)state;
    memset(longest, 'a', 64);
    longest[64] = '\0';
    assert_int_equal(words_distance("peer", "peer"), 0);
    assert_int_equal(words_distance("pere", "peer"), 1);
    assert_int_equal(words_distance("per", "peer"), 1);
    assert_int_equal(words_distance("peers", "peer"), 1);
    assert_int_equal(words_distance("poor", "peer"), 2);
    assert_int_equal(words_distance("", "peer"), 4);
    assert_true(words_distance(longest, "peer") == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_cannot_move_the_cursor),
        cmocka_unit_test(json_says_the_same_with_escapes),
        cmocka_unit_test(width_counts_columns_not_bytes),
        cmocka_unit_test(names_are_equal_whatever_their_case),
        cmocka_unit_test(times_are_utc_and_absent_ones_a_dash),
        cmocka_unit_test(numbers_are_whole_and_within_bounds),
        cmocka_unit_test(distance_counts_slips_of_the_hand),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
