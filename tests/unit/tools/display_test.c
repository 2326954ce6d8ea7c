#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "referctl/display.h"

enum way { TABLE, FIELDS, JSON_LIST, JSON_OBJECT, JSON_EVENTS };

static const struct column columns[] = {
    { "name", "agency", 0 },
    { "state", "state", COLUMN_STATE },
    { "last_heard_ms", "last heard", COLUMN_TIME },
    { "settled", "settled", 0 },
    { "mou", "agreement", COLUMN_MOU },
};

static void fill(struct pool *pool, struct records *records)
{
    struct record *peer = records_add(pool, records, "peer");
    record_put_text(pool, peer, "name", "Дверь\t1");
    record_put_text(pool, peer, "state", "accepted");
    record_put_number(pool, peer, "last_heard_ms", 1796040000000);
    record_put_flag(pool, peer, "settled", true);
    record_put_text(pool, peer, "mou",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    peer = records_add(pool, records, "peer");
    record_put_text(pool, peer, "name", "Hospital");
    record_put_text(pool, peer, "state", "imported");
    record_put_flag(pool, peer, "settled", false);
    record_put_data(pool, peer, "key", "\x00\xff\x10\x41", 4);
    (void)records_add(pool, records, "number");
}

static void fill_story(struct pool *pool, struct records *records)
{
    struct record *record = records_add(pool, records, "referral");
    record_put_text(pool, record, "id", "urn:uuid:1");
    record = records_add(pool, records, "element");
    record_put_text(pool, record, "code", "call_name");
    record = records_add(pool, records, "event");
    record_put_text(pool, record, "step", "accept");
    record = records_add(pool, records, "detail");
    record_put_text(pool, record, "name", "offer");
    record = records_add(pool, records, "event");
    record_put_text(pool, record, "step", "arrive");
    record = records_add(pool, records, "entry");
    record_put_number(pool, record, "index", 7);
    record = records_add(pool, records, "key");
    record_put_text(pool, record, "purpose", "log");
    record = records_add(pool, records, "number");
    record_put_text(pool, record, "name", "ready");
    record_put_number(pool, record, "value", 1);
}

static void fill_foreign(struct pool *pool, struct records *records)
{
    struct record *record = records_add(pool, records, "peer");
    record_put_text(pool, record, "name",
        "a\xc2\x9b"
        "2J\x7f");
}

static char *shown(enum way way, bool is_terminal, bool has_colour,
    void (*fill_in)(struct pool *, struct records *))
{
    char *text = NULL;
    size_t size = 0;
    struct pool pool = { 0 };
    struct records records = { 0 };
    struct session session = { .pool = &pool,
        .out = open_memstream(&text, &size),
        .is_terminal = is_terminal,
        .has_colour = has_colour };
    assert_non_null(session.out);
    if (fill_in != NULL)
        fill_in(&pool, &records);
    if (way == TABLE)
        display_table(&session, &records, "peer", columns,
            DISPLAY_COUNT(columns), "nobody");
    else if (way == FIELDS)
        display_fields(
            &session, &records.items[1], columns, DISPLAY_COUNT(columns));
    else if (way == JSON_LIST)
        display_json_list(&session, &records, "peer");
    else if (way == JSON_OBJECT)
        display_json_object(&session, &records, "referral");
    else
        display_json_events(&session, &records);
    assert_int_equal(fclose(session.out), 0);
    pool_release(&pool);
    return text;
}

/* clang-format off */
static const struct {
    enum way way;
    bool is_terminal;
    bool has_colour;
    void (*fill_in)(struct pool *, struct records *);
    const char *text;
} rows[] = {
    /* a pipe: whole, tab-separated, no titles */
    { TABLE, false, false, fill,
      "Дверь\\t1\taccepted\t2026-11-30T12:00:00Z\tyes\t"
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
      "Hospital\timported\t\tno\t\n" },
    { TABLE, false, false, NULL, "" },
    /* a terminal: aligned under titles, agreements cut */
    { TABLE, true, false, fill,
      "agency    state     last heard            settled  agreement\n"
      "Дверь\\t1  accepted  2026-11-30T12:00:00Z  yes      0123456789abcdef\n"
      "Hospital  imported                        no       \n" },
    { TABLE, true, false, NULL, "nobody\n" },
    { FIELDS, true, true, fill,
      "agency:      Hospital\n"
      "state:       \033[33mimported\033[0m\n"
      "settled:     no\n" },
    { FIELDS, false, false, fill,
      "agency\tHospital\nstate\timported\nsettled\tno\n" },
    { JSON_LIST, false, false, fill,
      "[\n  {\n"
      "    \"name\": \"Дверь\\t1\",\n    \"state\": \"accepted\",\n"
      "    \"last_heard_ms\": 1796040000000,\n    \"settled\": true,\n"
      "    \"mou\": \"0123456789abcdef0123456789abcdef"
                     "0123456789abcdef0123456789abcdef\"\n  },\n"
      "  {\n    \"name\": \"Hospital\",\n    \"state\": \"imported\",\n"
      "    \"settled\": false,\n    \"key\": \"AP8QQQ==\"\n  }\n]\n" },
    { JSON_LIST, false, false, NULL, "[]\n" },
    { JSON_LIST, true, false, fill_foreign,
      "[\n  {\n    \"name\": \"a\\u009b2J\\u007f\"\n  }\n]\n" },
    { JSON_OBJECT, false, false, fill_story,
      "{\n  \"id\": \"urn:uuid:1\",\n"
      "  \"elements\": [\n    {\n      \"code\": \"call_name\"\n    }\n  ],\n"
      "  \"events\": [\n"
      "    {\n      \"step\": \"accept\",\n"
      "      \"details\": [\n        {\n          \"name\": \"offer\"\n"
      "        }\n      ]\n    },\n"
      "    {\n      \"step\": \"arrive\"\n    }\n  ],\n"
      "  \"entries\": [\n    {\n      \"index\": 7\n    }\n  ],\n"
      "  \"keys\": [\n    {\n      \"purpose\": \"log\"\n    }\n  ],\n"
      "  \"numbers\": {\n    \"ready\": 1\n  }\n}\n" },
    { JSON_EVENTS, false, false, fill_story,
      "{\"step\":\"accept\",\"details\":[{\"name\":\"offer\"}]}\n"
      "{\"step\":\"arrive\"}\n" },
};
/* clang-format on */

static void each_way_shows_the_same_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = shown(rows[i].way, rows[i].is_terminal, rows[i].has_colour,
            rows[i].fill_in);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_shows_the_same_records),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
