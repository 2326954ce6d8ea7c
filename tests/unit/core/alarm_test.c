#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/alarm.h"
#include "core/generation.h"
#include "support/bench_node.h"

#define HOUR_MS INT64_C(3600000)

static struct federation *two(void)
{
    return federation_of_two();
}

/* Time passes, and nothing reaches the other. */
static void be_apart(struct federation *federation, int64_t hours)
{
    for (int64_t i = 0; i < hours * 6; i++) {
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        federation_wait_until(federation, federation_now(federation).unix_ms -
                                              FEDERATION_START_MS +
                                              HOUR_MS / 6);
        struct node_input input = { .type = NODE_TIME };
        assert_int_equal(federation_step(federation, 0, &input), ERR_NONE);
    }
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
}

static enum alarm_kind alarm_at(struct federation *federation)
{
    return (enum alarm_kind)federation_peer(federation, 0, 1)->alarm;
}

static uint64_t raised(const struct federation *federation)
{
    return federation_logged(federation, 0, LOG_ALARM_RAISED);
}

static void names_are_known(void **state)
{
    (void)state;
    assert_string_equal(alarm_code(ALARM_WAITING), "waiting");
    assert_string_equal(alarm_code(ALARM_COUNT), "?");
    assert_true(strlen(alarm_remedy(ALARM_CONFLICT)) > 0);
    assert_string_equal(alarm_remedy(ALARM_COUNT), "");
}

static void a_day_unsettled_is_told_once(void **state)
{
    struct federation *federation = two();
    (void)state;
    federation_crash(federation, 0);
    be_apart(federation, 23);
    assert_int_equal(alarm_at(federation), ALARM_NONE);
    be_apart(federation, 2);
    assert_int_equal(alarm_at(federation), ALARM_UNSETTLED);
    assert_int_equal(raised(federation), 1);
    be_apart(federation, 30);
    assert_int_equal(raised(federation), 1);
    /* nor again by the next start */
    federation_crash(federation, 0);
    be_apart(federation, 1);
    assert_int_equal(alarm_at(federation), ALARM_UNSETTLED);
    assert_int_equal(raised(federation), 1);
    federation_wait(federation, HOUR_MS);
    assert_int_equal(alarm_at(federation), ALARM_NONE);
    assert_int_equal(federation_logged(federation, 0, LOG_ALARM_ENDED), 1);
    federation_free(federation);
}

static void a_start_does_not_begin_the_day_anew(void **state)
{
    struct federation *federation = two();
    (void)state;
    for (int i = 0; i < 5; i++) {
        federation_crash(federation, 0);
        be_apart(federation, 5);
    }
    assert_int_equal(alarm_at(federation), ALARM_UNSETTLED);
    assert_int_equal(raised(federation), 1);
    federation_free(federation);
}

static void a_day_of_waiting_is_told(void **state)
{
    struct federation *federation = two();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    be_apart(federation, 23);
    assert_int_equal(alarm_at(federation), ALARM_NONE);
    be_apart(federation, 2);
    assert_int_equal(alarm_at(federation), ALARM_WAITING);
    federation_wait(federation, HOUR_MS);
    assert_int_equal(alarm_at(federation), ALARM_NONE);
    federation_free(federation);
}

/* As after a loss: what waited goes on in another generation, which begins with
 * an entry that is new. */
static void a_generation_does_not_begin_the_day_anew(void **state)
{
    struct federation *federation = two();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    be_apart(federation, 20);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct work *work = federation_begin(federation, 0);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    generation_take_back(work, out);
    generation_renew(work, out, peer->epoch);
    peer->token = 0;
    peer->next_try_steady_ms = 0;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(federation_message(federation, 0)->kind, REQUEST_DELIVER);
    assert_int_equal(peer->queued_count, 2);
    be_apart(federation, 5);
    assert_int_equal(alarm_at(federation), ALARM_WAITING);
    federation_free(federation);
}

static void where_nothing_is_to_be_told_nothing_is_late(void **state)
{
    struct federation *federation = two();
    (void)state;
    be_apart(federation, 60);
    assert_int_equal(raised(federation), 0);
    /* and nothing wakes a gateway that has nothing to do */
    assert_int_equal(
        node_wake_steady_ms(federation_node(federation, 0)), INT64_MAX);
    federation_free(federation);
}

static void a_closed_line_has_no_alarm(void **state)
{
    struct federation *federation = two();
    struct call call;
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    be_apart(federation, 25);
    assert_int_equal(alarm_at(federation), ALARM_WAITING);
    call_begin(&call, "peer.close");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    assert_int_equal(alarm_at(federation), ALARM_NONE);
    be_apart(federation, 30);
    assert_int_equal(alarm_at(federation), ALARM_NONE);
    federation_free(federation);
}

static void status_says_whom_to_call(void **state)
{
    struct federation *federation = two();
    struct call call;
    (void)state;
    federation_crash(federation, 0);
    be_apart(federation, 25);
    call_begin(&call, "status");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    const struct local_record *alarm = reply_record(reply, "alarm", 0);
    assert_non_null(alarm);
    assert_true(record_is(alarm, "code", "unsettled"));
    assert_true(record_is(alarm, "agency", federation_id(federation, 1)->text));
    assert_true(record_number(alarm, "since_ms") >= FEDERATION_START_MS);
    call_begin(&call, "health");
    reply = federation_call(federation, 0, &call);
    alarm = reply_record(reply, "alarm", 0);
    assert_int_equal(record_number(alarm, "agencies"), 1);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known),
        cmocka_unit_test(a_day_unsettled_is_told_once),
        cmocka_unit_test(a_start_does_not_begin_the_day_anew),
        cmocka_unit_test(a_day_of_waiting_is_told),
        cmocka_unit_test(a_generation_does_not_begin_the_day_anew),
        cmocka_unit_test(where_nothing_is_to_be_told_nothing_is_late),
        cmocka_unit_test(a_closed_line_has_no_alarm),
        cmocka_unit_test(status_says_whom_to_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
