#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "referctl/top.h"
#include "referctl/words.h"

#define CLOCK_MS INT64_C(1796040000000)

static void put_number(
    struct top_sample *sample, const char *name, int64_t value)
{
    struct record *record =
        records_add(&sample->pool, &sample->records, "number");
    record_put_text(&sample->pool, record, "name", name);
    record_put_number(&sample->pool, record, "value", value);
}

static void put_peer(
    struct top_sample *sample, const char *name, const char *state)
{
    struct record *record =
        records_add(&sample->pool, &sample->records, "peer");
    record_put_text(&sample->pool, record, "name", name);
    record_put_text(&sample->pool, record, "state", state);
    record_put_number(&sample->pool, record, "queued", 3);
    record_put_number(&sample->pool, record, "last_heard_ms", CLOCK_MS - 5000);
    record_put_text(&sample->pool, record, "problem",
        strcmp(state, "failing") == 0 ? "unreachable" : "");
}

static void put_ledger(struct top_sample *sample, const char *name)
{
    struct record *record =
        records_add(&sample->pool, &sample->records, "ledger");
    record_put_text(&sample->pool, record, "peer_name", name);
    record_put_text(&sample->pool, record, "direction", "out");
    record_put_text(&sample->pool, record, "state", "settled");
    record_put_text(&sample->pool, record, "problem", "none");
}

static struct top_sample sample_at(int64_t at_ms, int64_t entries)
{
    struct top_sample sample = { .at_ms = at_ms, .is_there = true };
    struct record *gateway =
        records_add(&sample.pool, &sample.records, "gateway");
    record_put_text(&sample.pool, gateway, "name", "Open Door");
    record_put_text(&sample.pool, gateway, "version", "0.1.0");
    put_number(&sample, "ready", 1);
    put_number(&sample, "entries_sent", entries);
    return sample;
}

/* A picture of it on a terminal of that size. */
struct view {
    struct pool pool;
    struct top_picture picture;
};

static void view_of(struct view *view, const struct top_sample *before,
    const struct top_sample *now, size_t width, size_t height)
{
    *view = (struct view){ .pool = { 0 } };
    top_format(
        &view->pool, before, now, CLOCK_MS, width, height, &view->picture);
    assert_true(view->picture.count <= height);
    for (size_t i = 0; i < view->picture.count; i++)
        assert_true(words_width(view->picture.lines[i].text) <= width);
}

/* The line that begins so; NULL when none does. */
static const struct top_line *line_of(
    const struct view *view, const char *beginning)
{
    for (size_t i = 0; i < view->picture.count; i++) {
        if (words_start_with(view->picture.lines[i].text, beginning))
            return &view->picture.lines[i];
    }
    return NULL;
}

static bool has(const struct view *view, const char *part)
{
    for (size_t i = 0; i < view->picture.count; i++) {
        if (strstr(view->picture.lines[i].text, part) != NULL)
            return true;
    }
    return false;
}

static void a_full_house_fits_80_by_24(void **state)
{
    struct top_sample now = sample_at(0, 0);
    struct view view;
    (void)state;
    for (int i = 0; i < 40; i++) {
        put_peer(&now, "A hospital whose name is longer than any column",
            i == 39 ? "failing" : "connected");
        put_ledger(&now, "Другая организация с длинным названием");
    }
    view_of(&view, NULL, &now, 80, 24);
    assert_int_equal(view.picture.count, 24);
    assert_true(has(&view, "and 33 more: referctl peer list"));
    assert_true(has(&view, "and 32 more: referctl ledger list"));
    /* what needs somebody stands first */
    assert_string_equal(view.picture.lines[5].text,
        "A hospital whose name is l  failing           3       0      5 s  "
        "unreachable");
    assert_int_equal(view.picture.lines[5].style, TOP_BAD);
    pool_release(&view.pool);
    pool_release(&now.pool);
}

static void every_size_of_a_terminal_is_kept(void **state)
{
    struct top_sample now = sample_at(0, 0);
    (void)state;
    for (int i = 0; i < 9; i++) {
        put_peer(&now, "名前", "connected");
        put_ledger(&now, "名前");
    }
    for (size_t height = 0; height < 30; height++) {
        for (size_t width = 0; width < 100; width += 7) {
            struct view view;
            view_of(&view, NULL, &now, width, height);
            pool_release(&view.pool);
        }
    }
    pool_release(&now.pool);
}

static void room_that_one_table_leaves_the_other_has(void **state)
{
    struct top_sample now = sample_at(0, 0);
    struct view view;
    (void)state;
    put_peer(&now, "one", "connected");
    for (int i = 0; i < 40; i++)
        put_ledger(&now, "many");
    view_of(&view, NULL, &now, 80, 24);
    assert_int_equal(view.picture.count, 24);
    assert_true(has(&view, "and 25 more: referctl ledger list"));
    pool_release(&view.pool);
    pool_release(&now.pool);
}

static void rates_are_what_grew_in_the_time_between(void **state)
{
    static const struct {
        int64_t took_ms;
        int64_t grown;
        const char *rate;
    } rows[] = {
        { 1000, 0, "out 0.0/s" },
        { 1000, 7, "out 7.0/s" },
        { 4000, 10, "out 2.5/s" },
        { 1500, 1, "out 0.7/s" },
        { 1000, -5, "out -" }, /* the gateway began anew */
        { 0, 5, "out -" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct top_sample before = sample_at(1000, 100);
        struct top_sample now =
            sample_at(1000 + rows[i].took_ms, 100 + rows[i].grown);
        struct view view;
        view_of(&view, &before, &now, 120, 24);
        const struct top_line *line = line_of(&view, "referrals");
        assert_non_null(line);
        const char *entries = strstr(line->text, "entries");
        assert_non_null(entries);
        assert_non_null(strstr(entries, rows[i].rate));
        pool_release(&view.pool);
        pool_release(&before.pool);
        pool_release(&now.pool);
    }
}

static void a_gateway_that_is_not_there_is_said_to_be_so(void **state)
{
    struct top_sample now = { .problem = "no answer in time" };
    struct view view;
    (void)state;
    view_of(&view, NULL, &now, 80, 24);
    assert_true(has(&view, "no answer in time"));
    assert_true(has(&view, "q quits"));
    pool_release(&view.pool);
}

static void one_that_is_not_ready_is_bad(void **state)
{
    struct top_sample now = { .is_there = true };
    struct view view;
    (void)state;
    put_number(&now, "ready", 0);
    put_number(&now, "store_percent", 91);
    view_of(&view, NULL, &now, 80, 24);
    assert_int_equal(view.picture.lines[0].style, TOP_BAD);
    assert_non_null(strstr(view.picture.lines[0].text, "referctl health"));
    const struct top_line *store = line_of(&view, "store [#");
    assert_non_null(store);
    assert_int_equal(store->style, TOP_BAD);
    pool_release(&view.pool);
    pool_release(&now.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_house_fits_80_by_24),
        cmocka_unit_test(every_size_of_a_terminal_is_kept),
        cmocka_unit_test(room_that_one_table_leaves_the_other_has),
        cmocka_unit_test(rates_are_what_grew_in_the_time_between),
        cmocka_unit_test(a_gateway_that_is_not_there_is_said_to_be_so),
        cmocka_unit_test(one_that_is_not_ready_is_bad),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
