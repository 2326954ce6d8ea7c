#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/health.h"
#include "support/bench_node.h"

static const struct local_reply *ask(
    struct federation *federation, size_t agency, const char *operation)
{
    struct call call;
    call_begin(&call, operation);
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    assert_non_null(reply);
    return reply;
}

static int64_t number(const struct local_reply *reply, const char *name)
{
    const struct local_record *record =
        reply_find(reply, "number", "name", name);
    if (record == NULL)
        fail_msg("no %s", name);
    return record_number(record, "value");
}

static void a_gateway_with_keys_and_room_is_ready(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    const struct local_reply *reply = ask(federation, 0, "health");
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(number(reply, "ready"), 1);
    assert_int_equal(number(reply, "alive"), 1);
    assert_int_equal(reply_count(reply, "reason"), 0);
    federation_free(federation);
}

static void anybody_who_is_served_may_ask_for_health_only(void **state)
{
    static const struct bench_client nobody = { 5, 0, 1001 };
    static const struct {
        const char *operation;
        enum err err;
    } rows[] = {
        { "health", ERR_NONE },
        { "status", ERR_FORBIDDEN },
        { "metrics", ERR_FORBIDDEN },
    };
    struct federation *federation = federation_new(1);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call call;
        call_begin(&call, rows[i].operation);
        assert_int_equal(federation_call_as(federation, 0, &nobody, &call)->err,
            rows[i].err);
        call_begin(&call, rows[i].operation);
        call_text(&call, "more", "x");
        assert_int_not_equal(
            federation_call(federation, 0, &call)->err, ERR_NONE);
    }
    federation_free(federation);
}

static void who_is_not_ready_says_why_and_what_to_do(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    node_set_surroundings(federation_node(federation, 0),
        &(struct node_surroundings){ .clock_in_doubt = true });
    /* the days that have keys go by, then the card's */
    federation_wait(federation, 100 * FEDERATION_DAY_MS);
    const struct local_reply *reply = ask(federation, 0, "health");
    assert_int_equal(number(reply, "ready"), 0);
    assert_int_equal(number(reply, "alive"), 1);
    assert_int_equal(reply_count(reply, "reason"), 2);
    assert_non_null(reply_find(reply, "reason", "code", "keys_missing"));
    const struct local_record *reason =
        reply_find(reply, "reason", "code", "clock_in_doubt");
    assert_true(record_is(
        reason, "remedy", health_reason_remedy(HEALTH_CLOCK_IN_DOUBT)));
    federation_wait(federation, 300 * FEDERATION_DAY_MS);
    reply = ask(federation, 0, "health");
    assert_non_null(reply_find(reply, "reason", "code", "card_expired"));
    federation_free(federation);
}

static void metrics_are_the_nodes_then_those_around_it(void **state)
{
    static const struct metric around = { "refer_around", "", "x=\"y\"",
        METRIC_GAUGE, "around" };
    static const struct metric_value value = { &around, 42 };
    struct metric_value own[NODE_METRIC_COUNT_MAX];
    struct federation *federation = federation_new(1);
    struct node *node = federation_node(federation, 0);
    (void)state;
    node_set_surroundings(node,
        &(struct node_surroundings){ .metrics = &value, .metric_count = 1 });
    const struct local_reply *reply = ask(federation, 0, "metrics");
    size_t count = node_metrics(node, federation_now(federation), own);
    assert_int_equal(reply_count(reply, "number"), count + 1);
    for (size_t i = 0; i < count; i++) {
        char name[METRIC_NAME_SIZE];
        metric_name(own[i].metric, name);
        assert_true(record_is(reply_record(reply, "number", i), "name", name));
    }
    assert_int_equal(number(reply, "refer_around{x=\"y\"}"), 42);
    federation_free(federation);
}

static void what_waits_is_as_old_as_its_first_entry(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    federation_run(federation);
    assert_int_equal(
        number(ask(federation, 0, "metrics"), "refer_outbox_entries"), 0);
    assert_int_equal(
        number(ask(federation, 0, "metrics"), "refer_outbox_oldest_seconds"),
        0);
    /* nothing of it arrives */
    (void)federation_submit(federation, 0, 1, "first");
    for (int i = 0; i < 3; i++) {
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        struct node_input time = { .type = NODE_TIME };
        assert_int_equal(federation_step(federation, 0, &time), ERR_NONE);
    }
    struct peer *peer = federation_peer(federation, 0, 1);
    assert_int_equal(
        peer->waiting_since.unix_ms, federation_now(federation).unix_ms);
    int64_t since_ms = peer->waiting_since.unix_ms;
    (void)federation_submit(federation, 0, 1, "second");
    const struct local_reply *reply = ask(federation, 0, "metrics");
    assert_int_equal(number(reply, "refer_outbox_entries"), 2);
    assert_int_equal(peer->waiting_since.unix_ms, since_ms);
    /* a restart knows it from the store */
    federation_crash(federation, 0);
    peer = federation_peer(federation, 0, 1);
    assert_int_equal(peer->waiting_since.unix_ms, since_ms);
    federation_wait(federation, FEDERATION_DAY_MS);
    reply = ask(federation, 0, "metrics");
    assert_int_equal(number(reply, "refer_outbox_entries"), 0);
    assert_int_equal(number(reply, "refer_outbox_oldest_seconds"), 0);
    federation_free(federation);
}

static void status_has_the_numbers_and_the_peers(void **state)
{
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    const struct local_reply *reply = ask(federation, 0, "status");
    assert_int_equal(number(reply, "ready"), 1);
    assert_int_equal(number(reply, "peers"), 1);
#define X(name, help) (void)number(reply, #name);
    NODE_COUNTER_LIST(X)
#undef X
    assert_true(number(reply, "commits") > 0);
    assert_true(number(reply, "inputs") >= number(reply, "commits") / 2);
    assert_int_equal(reply_count(reply, "gateway"), 1);
    assert_true(
        record_is(reply_record(reply, "gateway", 0), "store_key", "file"));
    assert_int_equal(reply_count(reply, "peer"), 1);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gateway_with_keys_and_room_is_ready),
        cmocka_unit_test(anybody_who_is_served_may_ask_for_health_only),
        cmocka_unit_test(who_is_not_ready_says_why_and_what_to_do),
        cmocka_unit_test(metrics_are_the_nodes_then_those_around_it),
        cmocka_unit_test(what_waits_is_as_old_as_its_first_entry),
        cmocka_unit_test(status_has_the_numbers_and_the_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
