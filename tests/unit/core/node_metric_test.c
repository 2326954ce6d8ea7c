#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/node_state.h"

static struct node node;
static struct metric_value values[NODE_METRIC_COUNT_MAX];

static int64_t value_of(const char *wanted)
{
    size_t count = node_metrics(&node, (struct instant){ 50000 }, values);
    for (size_t i = 0; i < count; i++) {
        char name[METRIC_NAME_SIZE];
        metric_name(values[i].metric, name);
        if (strcmp(name, wanted) == 0)
            return values[i].value;
    }
    fail_msg("no %s", wanted);
    return 0;
}

static bool is_lower(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static void names_follow_the_rules_of_prometheus(void **state)
{
    (void)state;
    memset(&node, 0, sizeof node);
    size_t count = node_metrics(&node, (struct instant){ 0 }, values);
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = values[i].metric;
        const char *total = strstr(metric->family, "_total");
        bool ends_in_total = total != NULL && total[strlen("_total")] == '\0';
        assert_true(is_lower(metric->family) && is_lower(metric->suffix));
        assert_int_equal(strncmp(metric->family, "refer_", 6), 0);
        assert_int_equal(metric->type == METRIC_COUNTER, ends_in_total);
        assert_true(strlen(metric->help) > 0);
        assert_null(strchr(metric->help, '\n'));
        assert_null(strchr(metric->help, '\\'));
        /* labels are states of ours: nobody is named */
        assert_true(metric->label[0] == '\0' ||
                    strncmp(metric->label, "state=\"", 7) == 0 ||
                    strncmp(metric->label, "code=\"", 6) == 0 ||
                    strncmp(metric->label, "direction=\"", 11) == 0);
        for (size_t j = 0; j < i; j++)
            if (values[j].metric->family == metric->family)
                assert_true(
                    strcmp(values[j].metric->label, metric->label) != 0 ||
                    strcmp(values[j].metric->suffix, metric->suffix) != 0);
    }
}

static void families_stand_together(void **state)
{
    (void)state;
    memset(&node, 0, sizeof node);
    size_t count = node_metrics(&node, (struct instant){ 0 }, values);
    for (size_t i = 1; i < count; i++) {
        const char *family = values[i].metric->family;
        if (strcmp(family, values[i - 1].metric->family) == 0)
            continue;
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(family, values[j].metric->family);
    }
}

static void every_counter_has_its_own_value(void **state)
{
    uint64_t next = 100;
    (void)state;
    memset(&node, 0, sizeof node);
#define X(name, help) node.counters.name = next++;
    NODE_COUNTER_LIST(X)
#undef X
    next = 100;
#define X(name, help)                                                          \
    assert_int_equal(value_of("refer_" #name "_total"), next++);
    NODE_COUNTER_LIST(X)
#undef X
    assert_int_equal(
        value_of("refer_batch_inputs_sum"), (int64_t)node.counters.inputs);
    assert_int_equal(
        value_of("refer_batch_inputs_count"), (int64_t)node.counters.commits);
}

static void peers_are_counted_by_state(void **state)
{
    static struct peer peers[3] = {
        { .state = PEER_IMPORTED },
        { .state = PEER_ACCEPTED,
            .settled_out = true,
            .settled_in = true,
            .queued_count = 3,
            .taken_count = { 5, 6 },
            .untaken_count = { 7, 8 },
            .waiting_since.unix_ms = 20000 },
        { .state = PEER_ACCEPTED,
            .settled_out = true,
            .failure_count = 2,
            .queued_count = 4,
            .taken_count = { 30, 40 },
            .untaken_count = { 1, 2 },
            .waiting_since.unix_ms = 9999 },
    };
    struct peer *list[] = { &peers[0], &peers[1], &peers[2] };
    (void)state;
    memset(&node, 0, sizeof node);
    assert_int_equal(value_of("refer_outbox_oldest_seconds"), 0);
    node.peers = list;
    node.peer_count = 3;
    assert_int_equal(value_of("refer_peers{state=\"imported\"}"), 1);
    assert_int_equal(value_of("refer_peers{state=\"accepted\"}"), 2);
    assert_int_equal(value_of("refer_peers{state=\"settled\"}"), 1);
    assert_int_equal(value_of("refer_peers{state=\"failing\"}"), 1);
    assert_int_equal(value_of("refer_outbox_entries"), 7);
    assert_int_equal(
        value_of("refer_ledger_taken_entries{direction=\"out\"}"), 35);
    assert_int_equal(
        value_of("refer_ledger_taken_entries{direction=\"in\"}"), 46);
    assert_int_equal(
        value_of("refer_ledger_untaken_entries{direction=\"out\"}"), 8);
    assert_int_equal(
        value_of("refer_ledger_untaken_entries{direction=\"in\"}"), 10);
    assert_int_equal(value_of("refer_outbox_oldest_seconds"), 40);
    /* what waits for nobody, and a clock that was set back, do not count */
    peers[2].queued_count = 0;
    peers[1].waiting_since.unix_ms = 60000;
    assert_int_equal(value_of("refer_outbox_oldest_seconds"), 0);
}

static void the_rest_is_what_the_node_remembers(void **state)
{
    (void)state;
    memset(&node, 0, sizeof node);
    node.usage = (struct store_usage){ 11, 22, 33 };
    node.feed_position_next = 34;
    node.cursor_count = 5;
    node.waiter_count = 6;
    node.own_card_until.unix_ms = 70000;
    node.own_days_until.unix_ms = 80000;
    assert_int_equal(value_of("refer_ready"), 0);
    assert_int_equal(value_of("refer_store_used_bytes"), 11);
    assert_int_equal(value_of("refer_store_capacity_bytes"), 22);
    assert_int_equal(value_of("refer_feed_head"), 33);
    assert_int_equal(value_of("refer_cursors_open"), 5);
    assert_int_equal(value_of("refer_clients_waiting"), 6);
    assert_int_equal(value_of("refer_card_expiry_timestamp_seconds"), 70);
    assert_int_equal(value_of("refer_keys_expiry_timestamp_seconds"), 80);
    assert_int_equal(value_of("refer_clock_in_doubt"), 0);
    node.started = true;
    node.own_sheet = SLICE_LITERAL("a sheet");
    assert_int_equal(value_of("refer_ready"), 1);
    node_set_surroundings(
        &node, &(struct node_surroundings){ .clock_in_doubt = true });
    assert_int_equal(value_of("refer_clock_in_doubt"), 1);
    assert_int_equal(value_of("refer_ready"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_the_rules_of_prometheus),
        cmocka_unit_test(families_stand_together),
        cmocka_unit_test(every_counter_has_its_own_value),
        cmocka_unit_test(peers_are_counted_by_state),
        cmocka_unit_test(the_rest_is_what_the_node_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
