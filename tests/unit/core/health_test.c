#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/health.h"
#include "core/node_state.h"

static struct node node;

static void make_ready(void)
{
    memset(&node, 0, sizeof node);
    node.started = true;
    node.own_sheet = SLICE_LITERAL("a sheet");
    node.own_days_from.unix_ms = 1000;
    node.own_days_until.unix_ms = 3000;
    node.own_card_until.unix_ms = 9000;
    node.store_percent = 79;
}

static void not_started(void)
{
    node.started = false;
}

static void no_sheet(void)
{
    node.own_sheet = SLICE_NONE;
}

static void days_are_over(void)
{
    node.own_days_until.unix_ms = 2000;
}

static void days_are_to_come(void)
{
    node.own_days_from.unix_ms = 2001;
}

static void store_is_full(void)
{
    node.store_percent = 80;
}

static void clock_jumped(void)
{
    node.surroundings.clock_in_doubt = true;
}

static void card_is_over(void)
{
    node.own_card_until.unix_ms = 2000;
}

static void nothing(void)
{
}

static void everything(void)
{
    no_sheet();
    store_is_full();
    clock_jumped();
    card_is_over();
}

static void each_reason_is_found_alone(void **state)
{
    static const struct {
        void (*happens)(void);
        uint32_t found;
    } rows[] = {
        { nothing, 0 },
        { not_started, 1u << HEALTH_NO_SHEET },
        { no_sheet, 1u << HEALTH_NO_SHEET },
        { days_are_over, 1u << HEALTH_KEYS_MISSING },
        { days_are_to_come, 1u << HEALTH_KEYS_MISSING },
        { store_is_full, 1u << HEALTH_STORE_FULL },
        { clock_jumped, 1u << HEALTH_CLOCK_IN_DOUBT },
        { card_is_over, 1u << HEALTH_CARD_EXPIRED },
        { everything, 1u << HEALTH_NO_SHEET | 1u << HEALTH_STORE_FULL |
                          1u << HEALTH_CLOCK_IN_DOUBT |
                          1u << HEALTH_CARD_EXPIRED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make_ready();
        rows[i].happens();
        assert_int_equal(
            health_check(&node, (struct instant){ 2000 }), rows[i].found);
    }
}

static void every_reason_has_a_code_and_a_remedy(void **state)
{
    (void)state;
    for (int i = 0; i < HEALTH_REASON_COUNT; i++) {
        const char *code = health_reason_code((enum health_reason)i);
        assert_true(code_is_valid(slice_of_text(code)));
        assert_true(strlen(health_reason_remedy((enum health_reason)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(
                code, health_reason_code((enum health_reason)j));
    }
    assert_string_equal(health_reason_code(HEALTH_REASON_COUNT), "?");
    assert_string_equal(health_reason_remedy(HEALTH_REASON_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_is_found_alone),
        cmocka_unit_test(every_reason_has_a_code_and_a_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
