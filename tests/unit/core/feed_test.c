#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/feed.h"
#include "core/keys.h"
#include "core/node_state.h"
#include "support/bench_node.h"

struct desk {
    struct federation *federation;
    struct work *work;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_new(1);
    desk->work = federation_begin(desk->federation, 0);
}

static void desk_close(struct desk *desk, enum err err)
{
    assert_int_equal(federation_end(desk->federation, 0), err);
    federation_free(desk->federation);
}

static void types_and_statuses_have_names(void **state)
{
    (void)state;
    assert_string_equal(feed_type_name(FEED_RECEIVED), "referral.received");
    assert_string_equal(feed_type_name(FEED_ERASED), "referral.erased");
    assert_string_equal(feed_type_name((enum feed_type)0), "?");
    assert_string_equal(feed_type_name(FEED_TYPE_COUNT), "?");
    assert_string_equal(feed_status_name(FEED_STATUS_TURNED_DOWN), "refused");
    assert_string_equal(feed_status_name((enum feed_status)0), "?");
    assert_string_equal(feed_status_name(FEED_STATUS_COUNT), "?");
}

/* ---- Events ---- */

static const struct feed_event some_event = {
    .type = FEED_REFUSED,
    .status = FEED_STATUS_TURNED_DOWN,
    .referral = { { 1, 2, 3 } },
    .peer = 0x01020304,
    .outgoing = true,
    .by_us = true,
    .step = EVENT_CONSENT_REVOKED,
    .actor = ACTOR_COMPANION,
    .role = { (const uint8_t *)"nurse", 5 },
    .state = REFERRAL_VOID,
    .problem = PROBLEM_GUARD,
    .clause = { (const uint8_t *)"details.offer", 13 },
    .remedy = { (const uint8_t *)"add offer=...", 13 },
    .content = { 5, 6 },
};

static void an_event_reads_as_it_was_written(void **state)
{
    struct desk desk;
    struct feed_event event;
    (void)state;
    desk_open(&desk);
    assert_int_equal(feed_append(desk.work, &some_event), 1);
    assert_true(desk.work->node->feed_grew);
    assert_true(feed_next(desk.work, 0, &event));
    assert_int_equal(event.position, 1);
    assert_int_equal(event.at.unix_ms, FEDERATION_START_MS);
    assert_int_equal(event.type, some_event.type);
    assert_int_equal(event.status, some_event.status);
    assert_true(uuid_equal(&event.referral, &some_event.referral));
    assert_int_equal(event.peer, some_event.peer);
    assert_true(event.outgoing);
    assert_true(event.by_us);
    assert_int_equal(event.step, some_event.step);
    assert_int_equal(event.actor, some_event.actor);
    assert_true(slice_equal(event.role, some_event.role));
    assert_int_equal(event.state, some_event.state);
    assert_int_equal(event.problem, some_event.problem);
    assert_true(slice_equal(event.clause, some_event.clause));
    assert_true(slice_equal(event.remedy, some_event.remedy));
    assert_int_equal(event.content.segment, 5);
    assert_int_equal(event.content.slot, 6);
    desk_close(&desk, ERR_NONE);
}

static void the_longest_event_fits(void **state)
{
    struct desk desk;
    struct feed_event event = some_event;
    char text[VERDICT_TEXT_SIZE];
    (void)state;
    desk_open(&desk);
    memset(text, 'x', sizeof text);
    event.role = slice_of(text, CODE_SIZE_MAX);
    event.clause = slice_of(text, VERDICT_TEXT_SIZE - 1);
    event.remedy = slice_of(text, VERDICT_TEXT_SIZE - 1);
    (void)feed_append(desk.work, &event);
    assert_false(work_failed(desk.work));
    assert_true(feed_next(desk.work, 1, &event));
    assert_int_equal(event.remedy.size, VERDICT_TEXT_SIZE - 1);
    desk_close(&desk, ERR_NONE);
}

static void positions_rise_and_survive_a_restart(void **state)
{
    struct desk desk;
    struct feed_event event;
    (void)state;
    desk_open(&desk);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(feed_append(desk.work, &some_event), i);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    federation_crash(desk.federation, 0);
    desk.work = federation_begin(desk.federation, 0);
    assert_int_equal(feed_append(desk.work, &some_event), 6);
    for (uint64_t from = 0; from <= 6; from++) {
        assert_true(feed_next(desk.work, from, &event));
        assert_int_equal(event.position, from == 0 ? 1 : from);
    }
    assert_false(feed_next(desk.work, 7, &event));
    desk_close(&desk, ERR_NONE);
}

static void a_damaged_event_is_found(void **state)
{
    struct desk desk;
    struct feed_event event;
    struct key key = key_feed(1);
    (void)state;
    desk_open(&desk);
    (void)feed_append(desk.work, &some_event);
    struct slice row = arena_copy(
        desk.work->arena, store_get(desk.work->txn, key_slice(&key)));
    for (size_t size = 0; size < row.size; size++) {
        desk.work->txn->err = ERR_NONE;
        store_put(desk.work->txn, key_slice(&key), slice_of(row.bytes, size));
        assert_false(feed_next(desk.work, 1, &event));
        assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
    }
    desk_close(&desk, ERR_CORRUPT);
}

static void a_place_is_written_into_no_damaged_event(void **state)
{
    struct desk desk;
    uint8_t bytes[4096] = { 0 };
    static const size_t sizes[] = { 0, 1, 15, sizeof bytes };
    struct key key = key_feed(1);
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        store_put(desk.work->txn, key_slice(&key), slice_of(bytes, sizes[i]));
        feed_place(desk.work, 1, 2, 3);
        assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
        desk.work->txn->err = ERR_NONE;
        struct slice row = store_get(desk.work->txn, key_slice(&key));
        assert_int_equal(row.size, sizes[i]);
    }
    feed_place(desk.work, 1, 2, 3);
    desk_close(&desk, ERR_CORRUPT);
}

/* ---- Cursors ---- */

static void a_cursor_remembers_until_it_is_deleted(void **state)
{
    struct desk desk;
    struct cursor cursor = { 41 };
    struct slice name = SLICE_LITERAL("ward");
    (void)state;
    desk_open(&desk);
    assert_false(cursor_get(desk.work, name, &cursor));
    cursor_put(desk.work, name, &cursor);
    cursor.acknowledged = 0;
    assert_true(cursor_get(desk.work, name, &cursor));
    assert_int_equal(cursor.acknowledged, 41);
    assert_false(cursor_get(desk.work, SLICE_LITERAL("war"), &cursor));
    assert_false(cursor_get(desk.work, SLICE_LITERAL("ward1"), &cursor));
    cursor_delete(desk.work, name);
    assert_false(cursor_get(desk.work, name, &cursor));
    cursor_delete(desk.work, name); /* again is nothing */
    desk_close(&desk, ERR_NONE);
}

static void cursors_are_listed_by_name_each_once(void **state)
{
    static const char *const names[] = { "a", "a.b", "ab", "b", "zz" };
    struct desk desk;
    struct cursor cursor;
    struct slice name = SLICE_NONE;
    size_t count = 0;
    (void)state;
    desk_open(&desk);
    assert_false(cursor_next(desk.work, &name, &cursor));
    for (size_t i = 5; i-- > 0;)
        cursor_put(desk.work, slice_of_text(names[i]),
            &(struct cursor){ .acknowledged = i });
    for (; cursor_next(desk.work, &name, &cursor); count++) {
        assert_true(count < 5 && slice_is(name, names[count]));
        assert_int_equal(cursor.acknowledged, count);
    }
    assert_int_equal(count, 5);
    desk_close(&desk, ERR_NONE);
}

static void the_longest_name_is_listed_too(void **state)
{
    struct desk desk;
    struct cursor cursor = { 5 };
    char text[CODE_SIZE_MAX];
    struct slice name = SLICE_NONE;
    (void)state;
    desk_open(&desk);
    memset(text, 'z', sizeof text);
    cursor_put(desk.work, SLICE_ARRAY(text), &cursor);
    assert_true(cursor_next(desk.work, &name, &cursor));
    assert_int_equal(name.size, CODE_SIZE_MAX);
    assert_false(cursor_next(desk.work, &name, &cursor));
    desk_close(&desk, ERR_NONE);
}

static void a_damaged_cursor_is_found(void **state)
{
    struct desk desk;
    struct cursor cursor;
    struct key key = key_cursor(SLICE_LITERAL("ward"));
    (void)state;
    desk_open(&desk);
    store_put(desk.work->txn, key_slice(&key), SLICE_LITERAL("1234567"));
    assert_false(cursor_get(desk.work, SLICE_LITERAL("ward"), &cursor));
    desk_close(&desk, ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_and_statuses_have_names),
        cmocka_unit_test(an_event_reads_as_it_was_written),
        cmocka_unit_test(the_longest_event_fits),
        cmocka_unit_test(positions_rise_and_survive_a_restart),
        cmocka_unit_test(a_damaged_event_is_found),
        cmocka_unit_test(a_place_is_written_into_no_damaged_event),
        cmocka_unit_test(a_cursor_remembers_until_it_is_deleted),
        cmocka_unit_test(cursors_are_listed_by_name_each_once),
        cmocka_unit_test(the_longest_name_is_listed_too),
        cmocka_unit_test(a_damaged_cursor_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
