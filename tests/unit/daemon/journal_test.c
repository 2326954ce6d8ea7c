#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "daemon/clock.h"
#include "daemon/journal.h"
#include "support/said.h"

static struct said said;

static void a_line_has_time_level_event_and_fields(void **state)
{
    struct instant at;
    (void)state;
    int64_t before_ms = clock_wall().unix_ms;
    said_begin(&said);
    JOURNAL(
        LOG_STORE_FILLED, log_number("percent", -81), log_code("code", "full"));
    const char *line = said_end(&said);
    assert_string_equal(
        line + TEXT_TIME_SIZE, " warning store.filled percent=-81 code=full\n");
    assert_int_equal(
        text_time_parse(slice_of(line, TEXT_TIME_SIZE), &at), ERR_NONE);
    assert_true(at.unix_ms >= before_ms && at.unix_ms <= clock_wall().unix_ms);
}

static const char *events_at(enum log_level level)
{
    journal_set_level(level);
    said_begin(&said);
    JOURNAL(LOG_STORE_FAILED, log_code("code", "io"));
    JOURNAL(LOG_PEER_FAILED, log_code("code", "io"));
    JOURNAL(LOG_KEYS_CHANGED, log_number("keys", 1));
    JOURNAL(LOG_PARCEL_COSIGNED, log_number("size", 1));
    journal_set_level(LOG_INFO);
    return said_end(&said);
}

static void less_urgent_events_are_left_out(void **state)
{
    static const char *const names[] = { " store.failed ", " peer.failed ",
        " keys.changed ", " parcel.cosigned " };
    (void)state;
    for (int level = LOG_ERROR; level < LOG_LEVEL_COUNT; level++) {
        const char *text = events_at((enum log_level)level);
        for (int i = 0; i < LOG_LEVEL_COUNT; i++)
            assert_int_equal(strstr(text, names[i]) != NULL, i <= level);
    }
}

static void info_is_shown_unless_told_otherwise(void **state)
{
    (void)state;
    said_begin(&said);
    JOURNAL(LOG_KEYS_CHANGED, log_number("keys", 1));
    JOURNAL(LOG_PARCEL_COSIGNED, log_number("size", 1));
    const char *text = said_end(&said);
    assert_non_null(strstr(text, " info keys.changed "));
    assert_null(strstr(text, "parcel.cosigned"));
}

static void a_line_is_cut_not_broken(void **state)
{
    char code[2000];
    (void)state;
    memset(code, 'x', sizeof code - 1);
    code[sizeof code - 1] = '\0';
    said_begin(&said);
    JOURNAL(LOG_STORE_FAILED, log_code("a", code), log_code("b", code),
        log_code("c", code), log_code("d", code), log_code("e", code),
        log_code("f", code));
    const char *line = said_end(&said);
    assert_true(strlen(line) <= 1024);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

/* More than is held at a time, and all of it in order. */
static void lines_that_wait_are_all_there_in_order(void **state)
{
    enum { COUNT = 100 };
    char expected[64];
    (void)state;
    said_begin(&said);
    journal_hold();
    for (int i = 0; i < COUNT; i++)
        JOURNAL(LOG_STORE_FILLED, log_number("percent", i));
    journal_release();
    JOURNAL(LOG_STORE_FILLED, log_number("percent", COUNT));
    const char *text = said_end(&said);
    for (int i = 0; i <= COUNT; i++) {
        (void)snprintf(
            expected, sizeof expected, " warning store.filled percent=%d\n", i);
        assert_memory_equal(text + TEXT_TIME_SIZE, expected, strlen(expected));
        text += TEXT_TIME_SIZE + strlen(expected);
    }
    assert_string_equal(text, "");
}

static void a_line_waits_for_no_more_than_is_asked(void **state)
{
    (void)state;
    said_begin(&said);
    journal_hold();
    JOURNAL(LOG_STORE_FILLED, log_number("percent", 1));
    assert_string_equal(said_end(&said), "");
    said_begin(&said);
    journal_release();
    assert_non_null(strstr(said_end(&said), " percent=1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_is_shown_unless_told_otherwise),
        cmocka_unit_test(a_line_has_time_level_event_and_fields),
        cmocka_unit_test(less_urgent_events_are_left_out),
        cmocka_unit_test(a_line_is_cut_not_broken),
        cmocka_unit_test(lines_that_wait_are_all_there_in_order),
        cmocka_unit_test(a_line_waits_for_no_more_than_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
