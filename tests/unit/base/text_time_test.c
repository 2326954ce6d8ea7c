#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>

#include "base/prng.h"
#include "base/text.h"

#define YEAR_0_MS INT64_C(-62167219200000)
#define YEAR_10000_MS INT64_C(253402300800000)

/* clang-format off */

static const struct {
    const char *text;
    int64_t unix_ms;
} times[] = {
    { "1970-01-01T00:00:00Z",            0 },
    { "1970-01-01T00:00:00.001Z",        1 },
    { "1969-12-31T23:59:59.999Z",        -1 },
    { "1985-04-12T23:20:50.52Z",         482196050520 },   /* RFC 3339, 5.8 */
    { "1996-12-19T16:39:57-08:00",       851042397000 },
    { "1937-01-01T12:00:27.87+00:20",    -1041337172130 },
    { "2000-02-29T00:00:00Z",            951782400000 },
    { "2026-11-22T10:19:00.5+01:00",     1795339140500 },
    { "2026-11-22T10:19:00-00:00",       1795342740000 },
    { "2026-11-22T10:19:00.123456789Z",  1795342740123 },
    { "2026-11-22T10:19:00.999999999Z",  1795342740999 },
    { "0000-01-01T00:00:00Z",            YEAR_0_MS },
    { "0000-01-01T23:59:00+23:59",       YEAR_0_MS },
    { "9999-12-31T23:59:59.999Z",        YEAR_10000_MS - 1 },
};

static const char *const times_refused[] = {
    "", "2026-11-22", "2026-11-22T10:19Z", "2026-11-22T10:19:00",
    "2026-11-22t10:19:00Z", "2026-11-22T10:19:00z", "2026-11-22 10:19:00Z",
    "2026-11-22T10:19:00Z ", " 2026-11-22T10:19:00Z", "2026-11-22T10:19:00ZZ",
    "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z", "2026-11-22T10:19:60Z",
    "2016-12-31T23:59:60Z", "2026-11-22T10:19:00.Z", "2026-11-22T10:19:00,5Z",
    "2026-11-22T10:19:00.1234567890Z", "2026-11-22T10:19:00+24:00",
    "2026-11-22T10:19:00+01:60", "2026-11-22T10:19:00+0100",
    "2026-11-22T10:19:00+01", "2026-11-22T10:19:00*01:00",
    "2026-00-22T10:19:00Z", "2026-13-22T10:19:00Z", "2026-11-00T10:19:00Z",
    "2026-11-31T10:19:00Z", "2026-02-29T10:19:00Z", "1900-02-29T10:19:00Z",
    "2000-02-30T10:19:00Z", "26-11-22T10:19:00Z", "02026-11-22T10:19:00Z",
    "-026-11-22T10:19:00Z", "2026-1-22T10:19:00Z", "2026/11/22T10:19:00Z",
    "2026-11-22T10.19.00Z", "2026-11-22T1:19:00Z", "2026-11-22T10:19:00+1:00",
    "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
};

static const char *const dates_refused[] = {
    "", "2026-11-2", "2026-11-222", "2026-11-31", "2026-02-29", "2100-02-29",
    "2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32", "2026-04-31",
    "2026-11-22T00:00:00Z", "2026-11-22 ", "2026.11.22", "20261122",
    "+026-11-22", "2026-1a-22", "2026-11--2",
};

/* clang-format on */

static void known_times_are_read(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct instant instant = { 77 };
        if (text_time_parse(slice_of_text(times[i].text), &instant) !=
                ERR_NONE ||
            instant.unix_ms != times[i].unix_ms)
            fail_msg("%s: %lld", times[i].text, (long long)instant.unix_ms);
    }
}

static void other_times_are_refused(void **unused)
{
    (void)unused;
    size_t count = sizeof times_refused / sizeof *times_refused;
    for (size_t i = 0; i < count; i++) {
        struct instant instant = { 77 };
        enum err err =
            text_time_parse(slice_of_text(times_refused[i]), &instant);
        if (err != ERR_MALFORMED || instant.unix_ms != 77)
            fail_msg("%s is a time", times_refused[i]);
    }
}

static void other_dates_are_refused(void **unused)
{
    (void)unused;
    size_t count = sizeof dates_refused / sizeof *dates_refused;
    for (size_t i = 0; i < count; i++) {
        struct instant start = { 77 };
        enum err err = text_date_parse(slice_of_text(dates_refused[i]), &start);
        if (err != ERR_MALFORMED || start.unix_ms != 77)
            fail_msg("%s is a date", dates_refused[i]);
    }
}

static void check_against_libc(int64_t unix_ms)
{
    struct instant instant = { unix_ms }, back;
    char text[TEXT_TIME_SIZE + 1], date[TEXT_DATE_SIZE + 1], want[80];
    int64_t ms = ((unix_ms % 1000) + 1000) % 1000;
    time_t seconds = (time_t)((unix_ms - ms) / 1000);
    struct tm tm;
    assert_non_null(gmtime_r(&seconds, &tm));
    snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
        tm.tm_sec, (int)ms);
    assert_int_equal(text_time_format(instant, text), ERR_NONE);
    assert_string_equal(text, want);
    assert_int_equal(text_time_parse(slice_of_text(text), &back), ERR_NONE);
    assert_true(back.unix_ms == unix_ms);
    assert_int_equal(text_date_format(instant, date), ERR_NONE);
    assert_memory_equal(date, text, TEXT_DATE_SIZE);
    assert_int_equal(text_date_parse(slice_of_text(date), &back), ERR_NONE);
    assert_true(back.unix_ms <= unix_ms && unix_ms - back.unix_ms < 86400000);
}

static void every_day_of_ten_thousand_years_agrees_with_libc(void **unused)
{
    (void)unused;
    const int64_t day = 86400000;
    struct prng prng = prng_from_seed(3339);
    /* each day of the years 1896 to 2104, and of any 400 every 11th */
    for (int64_t ms = -74 * 365 * day; ms < 134 * 366 * day; ms += day)
        check_against_libc(ms + (int64_t)prng_below(&prng, 86400000));
    for (int64_t ms = YEAR_0_MS; ms < YEAR_10000_MS; ms += 11 * 7 * day)
        check_against_libc(ms);
    for (int64_t ms = YEAR_0_MS + day - 1; ms < YEAR_10000_MS; ms += 97 * day)
        check_against_libc(ms);
    check_against_libc(YEAR_10000_MS - 1);
}

static void each_year_begins_and_ends_where_it_should(void **unused)
{
    (void)unused;
    int64_t next = YEAR_0_MS;
    for (int year = 0; year <= 9999; year++) {
        char text[32];
        struct instant first, last;
        snprintf(text, sizeof text, "%04d-01-01", year);
        assert_int_equal(text_date_parse(slice_of_text(text), &first), 0);
        assert_true(first.unix_ms == next);
        char again[TEXT_DATE_SIZE + 1];
        assert_int_equal(text_date_format(first, again), ERR_NONE);
        assert_string_equal(again, text);
        snprintf(text, sizeof text, "%04d-12-31", year);
        assert_int_equal(text_date_parse(slice_of_text(text), &last), 0);
        assert_int_equal(text_date_format(last, again), ERR_NONE);
        assert_string_equal(again, text);
        next = last.unix_ms + 86400000;
    }
    assert_true(next == YEAR_10000_MS);
}

static void instants_out_of_range_have_no_text(void **unused)
{
    (void)unused;
    const int64_t outside[] = { YEAR_0_MS - 1, YEAR_10000_MS, INT64_MIN,
        INT64_MAX };
    for (size_t i = 0; i < 4; i++) {
        char text[TEXT_TIME_SIZE + 1] = "x";
        struct instant instant = { outside[i] };
        assert_int_equal(text_time_format(instant, text), ERR_INVALID);
        assert_int_equal(text_date_format(instant, text), ERR_INVALID);
        assert_string_equal(text, "x");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_times_are_read),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(other_dates_are_refused),
        cmocka_unit_test(every_day_of_ten_thousand_years_agrees_with_libc),
        cmocka_unit_test(each_year_begins_and_ends_where_it_should),
        cmocka_unit_test(instants_out_of_range_have_no_text),
    };
    return cmocka_run_group_tests_name("base/text_time", tests, NULL, NULL);
}
