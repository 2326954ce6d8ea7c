#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/process_metric.h"

static struct metric_value values[PROCESS_METRIC_COUNT_MAX];

static int64_t value_of(
    const struct peers_counters *peers, size_t clients, const char *wanted)
{
    size_t count = process_metrics(peers, clients, values);
    for (size_t i = 0; i < count; i++) {
        char name[METRIC_NAME_SIZE];
        metric_name(values[i].metric, name);
        if (strcmp(name, wanted) == 0)
            return values[i].value;
    }
    fail_msg("no %s", wanted);
    return 0;
}

static void every_number_has_its_own_value(void **state)
{
    const struct peers_counters peers = {
        .accepted = 1,
        .dialed = 2,
        .dial_failed = 3,
        .accept_failed = 4,
        .late_reply = 5,
        .unanswered = 6,
        .open = 7,
        .half_open = 8,
        .ending = 9,
        .request = 10,
        .memory = 11,
    };
    static const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        { "refer_connections_accepted_total", 1 },
        { "refer_connections_dialed_total", 2 },
        { "refer_dials_failed_total", 3 },
        { "refer_accepts_failed_total", 4 },
        { "refer_replies_late_total", 5 },
        { "refer_requests_unanswered_total", 6 },
        { "refer_connections{state=\"open\"}", 7 },
        { "refer_connections{state=\"half_open\"}", 8 },
        { "refer_connections{state=\"ending\"}", 9 },
        { "refer_requests_open", 10 },
        { "refer_transport_memory_bytes", 11 },
        { "refer_clients", 12 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(value_of(&peers, 12, rows[i].name), rows[i].value);
    assert_int_equal(process_metrics(&peers, 12, values),
        sizeof rows / sizeof *rows + PEERS_REASON_COUNT);
}

static void every_reason_is_counted_under_its_name(void **state)
{
    struct peers_counters peers = { 0 };
    (void)state;
    for (size_t i = 0; i < PEERS_REASON_COUNT; i++)
        peers.closed[i] = 100 + i;
    for (size_t i = 0; i < PEERS_REASON_COUNT; i++) {
        char name[METRIC_NAME_SIZE];
        (void)snprintf(name, sizeof name,
            "refer_connections_closed_total{reason=\"%s\"}",
            peers_reason_name((enum peers_reason)i));
        assert_int_equal(value_of(&peers, 0, name), 100 + i);
    }
}

static void families_stand_together_and_follow_the_rules(void **state)
{
    const struct peers_counters peers = { 0 };
    (void)state;
    size_t count = process_metrics(&peers, 0, values);
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = values[i].metric;
        size_t size = strlen(metric->family);
        assert_int_equal(strncmp(metric->family, "refer_", 6), 0);
        assert_int_equal(metric->type == METRIC_COUNTER,
            size > 6 && strcmp(metric->family + size - 6, "_total") == 0);
        bool is_new =
            i == 0 || strcmp(metric->family, values[i - 1].metric->family) != 0;
        for (size_t j = 0; is_new && j < i; j++)
            assert_string_not_equal(metric->family, values[j].metric->family);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_its_own_value),
        cmocka_unit_test(every_reason_is_counted_under_its_name),
        cmocka_unit_test(families_stand_together_and_follow_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
