#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"

static bool is_word(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] == '-' && i > 0)))
            return false;
    return size > 0;
}

static void every_event_is_a_noun_and_what_was_done_to_it(void **state)
{
    (void)state;
    for (int i = 0; i < LOG_EVENT_COUNT; i++) {
        const char *name = log_event_name((enum log_event)i);
        const char *dot = strchr(name, '.');
        assert_non_null(dot);
        assert_true(is_word(name, (size_t)(dot - name)));
        assert_true(is_word(dot + 1, strlen(dot + 1)));
        assert_true(strlen(log_event_help((enum log_event)i)) > 8);
        assert_true(
            (size_t)log_event_level((enum log_event)i) < LOG_LEVEL_COUNT);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(name, log_event_name((enum log_event)k));
    }
}

static void what_is_out_of_range_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(log_event_name(LOG_EVENT_COUNT), "?");
    assert_string_equal(log_event_help(LOG_EVENT_COUNT), "");
    assert_int_equal(log_event_level(LOG_EVENT_COUNT), LOG_ERROR);
    assert_string_equal(log_level_name(LOG_LEVEL_COUNT), "?");
    assert_string_equal(log_level_name(LOG_WARNING), "warning");
}

static const struct agency_id agency = { "abcdefghijklmnopqrstuvwxyz" };
static const struct uuid uuid = { { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
    0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef } };
static const struct mou_id mou = { { 0xfe, 0xdc } };

#define ZEROS_60 "000000000000000000000000000000000000000000000000000000000000"

static void a_line_has_the_event_and_its_fields(void **state)
{
    const struct {
        struct log_field field;
        const char *line;
    } rows[] = {
        { { .type = LOG_FIELD_NONE }, "peer.failed" },
        { log_agency("peer", &agency),
            "peer.failed peer=abcdefghijklmnopqrstuvwxyz" },
        { log_uuid("referral", &uuid),
            "peer.failed "
            "referral=urn:uuid:01234567-89ab-cdef-0123-456789abcdef" },
        { log_mou("mou", &mou), "peer.failed mou=fedc" ZEROS_60 },
        { log_code("code", "timeout"), "peer.failed code=timeout" },
        { log_number("ms", INT64_MIN), "peer.failed ms=-9223372036854775808" },
        { log_number("ms", INT64_MAX), "peer.failed ms=9223372036854775807" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct log_entry entry = { LOG_PEER_FAILED, { rows[i].field } };
        char line[256];
        assert_int_equal(
            log_format(&entry, line, sizeof line), strlen(rows[i].line));
        assert_string_equal(line, rows[i].line);
    }
}

static struct log_entry full_entry(void)
{
    struct log_entry entry = { .event = LOG_REFERRAL_STEPPED };
    for (int i = 0; i < LOG_FIELD_COUNT_MAX; i++)
        entry.fields[i] = log_mou("mou", &mou);
    return entry;
}

static void all_fields_stand_in_their_order(void **state)
{
    struct log_entry entry = full_entry();
    char line[1024];
    (void)state;
    entry.fields[0] = log_number("first", 1);
    entry.fields[1] = (struct log_field){ .type = LOG_FIELD_NONE };
    entry.fields[LOG_FIELD_COUNT_MAX - 1] = log_number("last", 6);
    size_t size = log_format(&entry, line, sizeof line);
    assert_int_equal(size, strlen(line));
    assert_memory_equal(line, "referral.stepped first=1 mou=", 29);
    assert_string_equal(line + size - 7, " last=6");
}

static void a_line_is_cut_at_the_capacity(void **state)
{
    struct log_entry entry = full_entry();
    char whole[1024];
    (void)state;
    size_t size = log_format(&entry, whole, sizeof whole);
    for (size_t capacity = 1; capacity <= size + 1; capacity++) {
        char *line = test_malloc(capacity);
        assert_int_equal(log_format(&entry, line, capacity), capacity - 1);
        assert_memory_equal(line, whole, capacity - 1);
        assert_int_equal(line[capacity - 1], '\0');
        test_free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_is_a_noun_and_what_was_done_to_it),
        cmocka_unit_test(what_is_out_of_range_has_no_name),
        cmocka_unit_test(a_line_has_the_event_and_its_fields),
        cmocka_unit_test(all_fields_stand_in_their_order),
        cmocka_unit_test(a_line_is_cut_at_the_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
