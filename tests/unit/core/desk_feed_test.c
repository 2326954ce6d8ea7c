#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/ledger.h"
#include "core/limits.h"
#include "core/peer.h"
#include "core/referral.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct bench_client one = { 1, UINT32_MAX, 1000 };
static const struct bench_client two = { 2, UINT32_MAX, 1000 };

static struct federation *agreed(void)
{
    return federation_of_two();
}

/* `count` referrals of 0 to 1, each an event in 0's feed; nothing travels. */
static void happen(struct federation *federation, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        const char key[] = { *keys, '\0' };
        (void)federation_submit(federation, 0, 1, key);
    }
}

static const struct local_reply *cursor(struct federation *federation,
    const struct bench_client *client, const char *operation, const char *name)
{
    struct call call;
    call_begin(&call, operation);
    call_text(&call, "name", name);
    return federation_call_as(federation, 0, client, &call);
}

static const struct local_reply *next(struct federation *federation,
    const struct bench_client *client, int64_t count, int64_t wait_ms)
{
    struct call call;
    call_begin(&call, "cursor.next");
    call_text(&call, "name", "ward");
    call_number(&call, "count", count);
    call_number(&call, "wait_ms", wait_ms);
    call.number = 42;
    return federation_call_as(federation, 0, client, &call);
}

static const struct local_reply *acknowledge(struct federation *federation,
    const struct bench_client *client, int64_t epoch, int64_t position)
{
    struct call call;
    call_begin(&call, "cursor.ack");
    call_text(&call, "name", "ward");
    call_number(&call, "epoch", epoch);
    call_number(&call, "position", position);
    return federation_call_as(federation, 0, client, &call);
}

static int64_t position_of(const struct local_reply *reply)
{
    assert_int_equal(reply->err, ERR_NONE);
    return record_number(reply_record(reply, "cursor", 0), "position");
}

static int64_t epoch_of(struct federation *federation)
{
    const struct local_reply *reply =
        cursor(federation, &one, "cursor.open", "ward");
    assert_int_equal(reply->err, ERR_NONE);
    return record_number(reply_record(reply, "cursor", 0), "epoch");
}

/* The positions of the events in a reply, and how often each came before. */
static void assert_events(const struct local_reply *reply, int64_t first,
    size_t count, int64_t redeliveries)
{
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply_count(reply, "event"), count);
    for (size_t i = 0; i < count; i++) {
        const struct local_record *event = reply_record(reply, "event", i);
        assert_int_equal(record_number(event, "position"), first + (int64_t)i);
        assert_int_equal(record_number(event, "redeliveries"), redeliveries);
    }
}

/* ---- Following ---- */

static void events_come_in_order_each_once(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    int64_t epoch = epoch_of(federation);
    assert_events(next(federation, &one, 10, 0), 0, 0, 0);
    happen(federation, "abcd");
    assert_events(next(federation, &one, 1, 0), 1, 1, 0);
    assert_events(next(federation, &one, 2, 0), 2, 2, 0);
    assert_events(next(federation, &one, 10, 0), 4, 1, 0);
    assert_events(next(federation, &one, 10, 0), 0, 0, 0);
    assert_int_equal(position_of(acknowledge(federation, &one, epoch, 4)), 4);
    happen(federation, "e");
    assert_events(next(federation, &one, 10, 0), 5, 1, 0);
    federation_free(federation);
}

static void an_event_says_what_happened_to_whom(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    int64_t epoch = epoch_of(federation);
    const char *id = federation_submit(federation, 0, 1, "a");
    const struct local_reply *reply = next(federation, &one, 1, 0);
    const struct local_record *event = reply_record(reply, "event", 0);
    assert_true(record_is(event, "type", "referral.step"));
    assert_true(record_is(event, "step", "send"));
    assert_true(record_is(event, "by", "us"));
    assert_true(record_is(event, "actor", "staff"));
    assert_true(record_is(event, "state", "sent"));
    assert_true(record_is(event, "status", "pending"));
    assert_true(record_is(event, "problem", ""));
    assert_true(record_is(event, "referral", id));
    assert_true(record_is(event, "direction", "out"));
    assert_true(record_is(event, "peer", federation_id(federation, 1)->text));
    assert_int_equal(record_number(event, "epoch"), epoch);
    assert_int_equal(record_number(event, "at_ms"), FEDERATION_START_MS);
    assert_non_null(reply_find(reply, "element", "value", "Robin"));
    federation_free(federation);
}

/* The entry of that place, in the ledger of whom the step is by. */
static void assert_placed(struct federation *federation,
    const struct local_record *event, enum referral_event_type step)
{
    struct ledger_parcel parcel;
    bool by_us = record_is(event, "by", "us");
    struct work *work = federation_begin(federation, 0);
    struct ledger *ledger = peer_ledger(work, federation_peer(federation, 0, 1),
        by_us ? LEDGER_OUT : LEDGER_IN);
    char generation[17];
    (void)snprintf(
        generation, sizeof generation, "%016" PRIx64, ledger->generation);
    assert_true(record_is(event, "generation", generation));
    uint64_t index = (uint64_t)record_number(event, "index");
    assert_true(ledger_parcel_at(work, ledger, index, &parcel));
    const struct ledger_entry *entry =
        &parcel.entries[index - parcel.first_index];
    assert_int_equal(entry->event_type, step);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void an_event_says_where_both_agencies_signed_for_it(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)epoch_of(federation);
    const char *id = federation_submit(federation, 0, 1, "a");
    const struct local_reply *reply = next(federation, &one, 1, 0);
    const struct local_record *event = reply_record(reply, "event", 0);
    assert_true(record_is(event, "generation", "")); /* nobody yet */
    assert_int_equal(record_number(event, "index"), 0);
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    (void)cursor(federation, &one, "cursor.rewind", "ward");
    reply = next(federation, &one, 10, 0);
    size_t count = reply_count(reply, "event");
    assert_placed(federation, reply_record(reply, "event", 0), EVENT_SEND);
    assert_placed(
        federation, reply_record(reply, "event", count - 1), EVENT_OPENED);
    /* what gateways note has no entry of its own */
    event = reply_record(reply, "event", 1);
    assert_true(record_is(event, "type", "referral.delivered"));
    assert_true(record_is(event, "generation", ""));
    federation_free(federation);
}

static void what_was_not_acknowledged_comes_again_after_reopening(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    int64_t epoch = epoch_of(federation);
    happen(federation, "abcd");
    assert_events(next(federation, &one, 3, 0), 1, 3, 0);
    (void)acknowledge(federation, &one, epoch, 1);
    federation_gone(federation, 0, one.client);
    assert_int_equal(
        position_of(cursor(federation, &two, "cursor.open", "ward")), 1);
    assert_events(next(federation, &two, 2, 0), 2, 2, 1);
    assert_events(next(federation, &two, 2, 0), 4, 1, 0); /* first time */
    federation_free(federation);
}

static void rewinding_brings_all_again_and_counts(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)epoch_of(federation);
    happen(federation, "ab");
    for (int64_t pass = 0; pass < 4; pass++) {
        assert_events(next(federation, &one, 10, 0), 1, 2, pass);
        assert_int_equal(
            cursor(federation, &one, "cursor.rewind", "ward")->err, ERR_NONE);
    }
    federation_free(federation);
}

static void a_cursor_survives_a_restart(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    int64_t epoch = epoch_of(federation);
    happen(federation, "abc");
    (void)next(federation, &one, 3, 0);
    (void)acknowledge(federation, &one, epoch, 2);
    federation_crash(federation, 0);
    assert_int_equal(next(federation, &one, 1, 0)->err, ERR_STATE);
    assert_int_equal(epoch_of(federation), epoch);
    assert_events(next(federation, &one, 10, 0), 3, 1, 0);
    federation_free(federation);
}

/* ---- Acknowledging ---- */

static void an_acknowledgement_only_rises(void **state)
{
    static const struct {
        int64_t said;
        enum err err;
        int64_t held;
    } rows[] = {
        { 0, ERR_NONE, 0 },
        { 2, ERR_NONE, 2 },
        { 1, ERR_NONE, 2 },
        { 4, ERR_INVALID, 0 }, /* beyond the newest */
        { -1, ERR_INVALID, 0 },
        { INT64_MAX, ERR_INVALID, 0 },
        { 3, ERR_NONE, 3 },
    };
    struct federation *federation = agreed();
    (void)state;
    int64_t epoch = epoch_of(federation);
    happen(federation, "abc");
    (void)next(federation, &one, 3, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct local_reply *reply =
            acknowledge(federation, &one, epoch, rows[i].said);
        assert_int_equal(reply->err, rows[i].err);
        if (rows[i].err == ERR_NONE)
            assert_int_equal(position_of(reply), rows[i].held);
    }
    federation_free(federation);
}

static void a_position_of_another_epoch_is_refused(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    int64_t epoch = epoch_of(federation);
    happen(federation, "a");
    assert_int_equal(
        acknowledge(federation, &one, epoch + 1, 1)->err, ERR_CONFLICT);
    assert_int_equal(
        position_of(cursor(federation, &one, "cursor.open", "ward")), 0);
    federation_free(federation);
}

/* ---- One program at a time ---- */

static void a_second_opener_is_refused_while_the_first_is_there(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    int64_t epoch = epoch_of(federation);
    assert_int_equal(
        cursor(federation, &two, "cursor.open", "ward")->err, ERR_CONFLICT);
    assert_int_equal(next(federation, &two, 1, 0)->err, ERR_STATE);
    assert_int_equal(acknowledge(federation, &two, epoch, 0)->err, ERR_STATE);
    assert_int_equal(
        cursor(federation, &two, "cursor.rewind", "ward")->err, ERR_STATE);
    assert_int_equal(
        cursor(federation, &two, "cursor.delete", "ward")->err, ERR_CONFLICT);
    assert_int_equal(
        cursor(federation, &one, "cursor.open", "ward")->err, ERR_NONE);
    assert_int_equal(
        cursor(federation, &two, "cursor.open", "other")->err, ERR_NONE);
    federation_gone(federation, 0, one.client);
    assert_int_equal(
        cursor(federation, &two, "cursor.open", "ward")->err, ERR_NONE);
    federation_free(federation);
}

static void a_cursor_has_a_name_that_is_a_code(void **state)
{
    static const char *const wrong[] = { "", "Ward", "ward 7", "w/x",
        "0123456789012345678901234567890123456789012345678901234567890123x" };
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(cursor(federation, &one, "cursor.open", wrong[i])->err,
            ERR_INVALID);
        assert_int_equal(
            cursor(federation, &one, "cursor.delete", wrong[i])->err,
            ERR_INVALID);
        assert_int_not_equal(
            cursor(federation, &one, "cursor.next", wrong[i])->err, ERR_NONE);
    }
    assert_int_equal(
        cursor(federation, &one, "cursor.open", wrong[4] + 1)->err, ERR_NONE);
    federation_free(federation);
}

static void a_deleted_cursor_is_gone(void **state)
{
    struct federation *federation = agreed();
    struct call list;
    (void)state;
    int64_t epoch = epoch_of(federation);
    (void)cursor(federation, &one, "cursor.open", "other");
    happen(federation, "ab");
    (void)acknowledge(federation, &one, epoch, 2);
    call_begin(&list, "cursor.list");
    const struct local_reply *reply = federation_call(federation, 0, &list);
    assert_int_equal(reply_count(reply, "cursor"), 2);
    const struct local_record *ward =
        reply_find(reply, "cursor", "name", "ward");
    assert_int_equal(record_number(ward, "position"), 2);
    assert_int_equal(record_number(ward, "head"), 2);
    assert_int_equal(
        cursor(federation, &one, "cursor.delete", "ward")->err, ERR_NONE);
    assert_int_equal(
        cursor(federation, &one, "cursor.delete", "ward")->err, ERR_NOT_FOUND);
    assert_int_equal(next(federation, &one, 1, 0)->err, ERR_STATE);
    assert_int_equal(
        reply_count(federation_call(federation, 0, &list), "cursor"), 1);
    assert_int_equal(
        position_of(cursor(federation, &one, "cursor.open", "ward")), 0);
    federation_free(federation);
}

static void there_are_so_many_cursors_and_no_more(void **state)
{
    struct federation *federation = federation_new(1);
    char name[] = "c000";
    (void)state;
    for (unsigned i = 0; i <= CURSOR_COUNT_MAX; i++) {
        name[1] = (char)('0' + i / 100);
        name[2] = (char)('0' + i / 10 % 10);
        name[3] = (char)('0' + i % 10);
        assert_int_equal(cursor(federation, &one, "cursor.open", name)->err,
            i < CURSOR_COUNT_MAX ? ERR_NONE : ERR_LIMIT);
    }
    assert_int_equal(
        cursor(federation, &one, "cursor.delete", "c007")->err, ERR_NONE);
    assert_int_equal(
        cursor(federation, &one, "cursor.open", name)->err, ERR_NONE);
    federation_free(federation);
}

/* ---- Waiting ---- */

static void a_wait_ends_with_the_next_event(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)epoch_of(federation);
    assert_null(next(federation, &one, 10, 60000));
    assert_int_equal(
        node_wake_steady_ms(federation_node(federation, 0)), 60000);
    /* an event that another agency makes */
    (void)federation_submit(federation, 1, 0, "theirs");
    federation_run(federation);
    const struct local_reply *reply = federation_reply(federation, 0);
    assert_non_null(reply);
    assert_int_equal(reply->number, 42);
    assert_events(reply, 1, 1, 0);
    assert_true(record_is(
        reply_record(reply, "event", 0), "type", "referral.received"));
    assert_null(federation_reply(federation, 0));
    federation_free(federation);
}

static void a_wait_ends_empty_when_its_time_is_over(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)epoch_of(federation);
    assert_null(next(federation, &one, 10, 5000));
    federation_wait(federation, 4999);
    assert_null(federation_reply(federation, 0));
    federation_wait(federation, 1);
    assert_events(federation_reply(federation, 0), 0, 0, 0);
    happen(federation, "a");
    assert_events(next(federation, &one, 10, 5000), 1, 1, 0); /* at once */
    federation_free(federation);
}

static void a_wait_ends_with_its_connection(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)epoch_of(federation);
    assert_null(next(federation, &one, 10, 5000));
    federation_gone(federation, 0, one.client);
    federation_wait(federation, 6000);
    assert_null(federation_reply(federation, 0));
    federation_free(federation);
}

static void a_wait_has_limits(void **state)
{
    static const struct {
        int64_t count;
        int64_t wait_ms;
    } rows[] = { { 0, 0 }, { -1, 0 }, { LOCAL_PAGE_COUNT_MAX + 1, 0 },
        { 1, -1 }, { 1, LOCAL_WAIT_MS_MAX + 1 }, { INT64_MIN, INT64_MAX } };
    struct federation *federation = agreed();
    (void)state;
    (void)epoch_of(federation);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(
            next(federation, &one, rows[i].count, rows[i].wait_ms)->err,
            ERR_INVALID);
    for (unsigned i = 0; i < LOCAL_CLIENT_COUNT_MAX; i++)
        assert_null(next(federation, &one, 1, 1000));
    const struct local_reply *reply = next(federation, &one, 1, 1000);
    assert_int_equal(reply->err, ERR_BUSY);
    assert_int_equal(reply->problem, PROBLEM_TRY_LATER);
    federation_gone(federation, 0, one.client);
    federation_free(federation);
}

static void a_wait_on_a_cursor_that_was_deleted_ends(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)epoch_of(federation);
    assert_null(next(federation, &one, 1, 1000));
    assert_int_equal(
        cursor(federation, &one, "cursor.delete", "ward")->err, ERR_NONE);
    federation_wait(federation, 1000);
    const struct local_reply *reply = federation_reply(federation, 0);
    assert_non_null(reply);
    assert_int_equal(reply_count(reply, "event"), 0);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order_each_once),
        cmocka_unit_test(an_event_says_what_happened_to_whom),
        cmocka_unit_test(an_event_says_where_both_agencies_signed_for_it),
        cmocka_unit_test(what_was_not_acknowledged_comes_again_after_reopening),
        cmocka_unit_test(rewinding_brings_all_again_and_counts),
        cmocka_unit_test(a_cursor_survives_a_restart),
        cmocka_unit_test(an_acknowledgement_only_rises),
        cmocka_unit_test(a_position_of_another_epoch_is_refused),
        cmocka_unit_test(a_second_opener_is_refused_while_the_first_is_there),
        cmocka_unit_test(a_cursor_has_a_name_that_is_a_code),
        cmocka_unit_test(a_deleted_cursor_is_gone),
        cmocka_unit_test(there_are_so_many_cursors_and_no_more),
        cmocka_unit_test(a_wait_ends_with_the_next_event),
        cmocka_unit_test(a_wait_ends_empty_when_its_time_is_over),
        cmocka_unit_test(a_wait_ends_with_its_connection),
        cmocka_unit_test(a_wait_has_limits),
        cmocka_unit_test(a_wait_on_a_cursor_that_was_deleted_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
