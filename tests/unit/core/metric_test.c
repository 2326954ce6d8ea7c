#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/metric.h"

static const struct metric up = { "refer_up", "", "", METRIC_GAUGE, "is up" };
static const struct metric in_state = { "refer_peers", "", "state=\"in\"",
    METRIC_GAUGE, "peers" };
static const struct metric out_state = { "refer_peers", "", "state=\"out\"",
    METRIC_GAUGE, "peers" };
static const struct metric sent = { "refer_sent_total", "", "", METRIC_COUNTER,
    "sent" };
static const struct metric sum = { "refer_size", "_sum", "", METRIC_SUMMARY,
    "size" };
static const struct metric number = { "refer_size", "_count", "",
    METRIC_SUMMARY, "size" };

static const struct metric_value values[] = {
    { &up, 1 },
    { &in_state, 2 },
    { &out_state, 0 },
    { &sent, INT64_MAX },
    { &sum, -3 },
    { &number, 4 },
};
#define VALUE_COUNT (sizeof values / sizeof *values)

static const char text[] = "# HELP refer_up is up\n"
                           "# TYPE refer_up gauge\n"
                           "refer_up 1\n"
                           "# HELP refer_peers peers\n"
                           "# TYPE refer_peers gauge\n"
                           "refer_peers{state=\"in\"} 2\n"
                           "refer_peers{state=\"out\"} 0\n"
                           "# HELP refer_sent_total sent\n"
                           "# TYPE refer_sent_total counter\n"
                           "refer_sent_total 9223372036854775807\n"
                           "# HELP refer_size size\n"
                           "# TYPE refer_size summary\n"
                           "refer_size_sum -3\n"
                           "refer_size_count 4\n";

static void a_family_is_explained_once(void **state)
{
    char printed[1024];
    size_t size;
    (void)state;
    assert_int_equal(
        metric_print(values, VALUE_COUNT, printed, sizeof printed, &size),
        ERR_NONE);
    assert_string_equal(printed, text);
    assert_int_equal(size, strlen(text));
}

static void too_little_room_is_an_error(void **state)
{
    char printed[sizeof text];
    size_t size;
    (void)state;
    for (size_t room = 1; room < sizeof text; room++)
        assert_int_equal(
            metric_print(values, VALUE_COUNT, printed, room, &size), ERR_LIMIT);
    assert_int_equal(
        metric_print(values, VALUE_COUNT, printed, sizeof text, &size),
        ERR_NONE);
}

static void nothing_is_printed_as_nothing(void **state)
{
    char printed[4] = "xxx";
    size_t size;
    (void)state;
    assert_int_equal(
        metric_print(NULL, 0, printed, sizeof printed, &size), ERR_NONE);
    assert_int_equal(size, 0);
}

static void a_name_holds_its_label(void **state)
{
    char name[METRIC_NAME_SIZE];
    (void)state;
    metric_name(&in_state, name);
    assert_string_equal(name, "refer_peers{state=\"in\"}");
    metric_name(&sum, name);
    assert_string_equal(name, "refer_size_sum");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_is_explained_once),
        cmocka_unit_test(too_little_room_is_an_error),
        cmocka_unit_test(nothing_is_printed_as_nothing),
        cmocka_unit_test(a_name_holds_its_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
