#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/node_state.h"
#include "core/output.h"

/* No more of a node than its list of outputs. */
struct desk {
    struct arena arena;
    struct store_txn txn;
    struct node *node;
    struct work work;
};

static void desk_open(struct desk *desk, size_t capacity)
{
    *desk = (struct desk){ .node = test_calloc(1, sizeof *desk->node) };
    assert_int_equal(arena_init(&desk->arena, capacity), ERR_NONE);
    desk->work = (struct work){
        .node = desk->node, .txn = &desk->txn, .arena = &desk->arena
    };
}

static void desk_close(struct desk *desk)
{
    test_free(desk->node);
    arena_release(&desk->arena);
}

static void outputs_stand_in_the_order_they_were_asked_for(void **state)
{
    struct desk desk;
    size_t count;
    (void)state;
    desk_open(&desk, 1u << 20);
    for (uint64_t i = 0; i < 500; i++) {
        struct node_output *output = output_add(&desk.work, NODE_REPLY);
        assert_int_equal(output->type, NODE_REPLY);
        assert_int_equal(output->of.reply.handle, 0);
        output->of.reply.handle = i;
    }
    const struct node_output *outputs = node_outputs(desk.node, &count);
    assert_int_equal(count, 500);
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(outputs[i].of.reply.handle, i);
    assert_false(work_failed(&desk.work));
    desk_close(&desk);
}

static void a_log_event_has_its_fields_and_no_others(void **state)
{
    struct desk desk;
    size_t count;
    (void)state;
    desk_open(&desk, 1u << 20);
    OUTPUT_LOG(&desk.work, LOG_PEER_FAILED, log_code("code", "timeout"),
        log_number("retry_ms", 5));
    const struct node_output *outputs = node_outputs(desk.node, &count);
    assert_int_equal(count, 1);
    assert_int_equal(outputs[0].type, NODE_LOG);
    assert_int_equal(outputs[0].of.log.event, LOG_PEER_FAILED);
    assert_string_equal(outputs[0].of.log.fields[0].value.code, "timeout");
    assert_int_equal(outputs[0].of.log.fields[1].value.number, 5);
    for (int i = 2; i < LOG_FIELD_COUNT_MAX; i++)
        assert_int_equal(outputs[0].of.log.fields[i].type, LOG_FIELD_NONE);
    desk_close(&desk);
}

static void a_full_arena_fails_the_batch_and_crashes_nobody(void **state)
{
    struct desk desk;
    size_t count;
    (void)state;
    desk_open(&desk, 64 * sizeof(struct node_output) + 64);
    for (int i = 0; i < 64; i++)
        (void)output_add(&desk.work, NODE_SEND);
    assert_false(work_failed(&desk.work));
    struct node_output *spare = output_add(&desk.work, NODE_SEND);
    assert_non_null(spare);
    spare->of.send.token = 7;
    assert_int_equal(desk.txn.err, ERR_NO_MEMORY);
    OUTPUT_LOG(&desk.work, LOG_PEER_FAILED, log_number("n", 1));
    (void)node_outputs(desk.node, &count);
    assert_int_equal(count, 64);
    desk_close(&desk);
}

/* What a batch does is done; what it says of it has a bound. */
static void a_batch_says_no_more_than_so_much(void **state)
{
    struct desk desk;
    size_t count;
    (void)state;
    desk_open(&desk, 64u << 20);
    for (unsigned i = 0; i < OUTPUT_LOG_COUNT_MAX + 2; i++)
        OUTPUT_LOG(&desk.work, LOG_PEER_FAILED, log_number("retry_ms", i));
    const struct node_output *outputs = node_outputs(desk.node, &count);
    assert_int_equal(count, OUTPUT_LOG_COUNT_MAX);
    assert_int_equal(outputs[count - 1].of.log.fields[0].value.number,
        OUTPUT_LOG_COUNT_MAX - 1);
    (void)output_add(&desk.work, NODE_REPLY);
    (void)node_outputs(desk.node, &count);
    assert_int_equal(count, OUTPUT_LOG_COUNT_MAX + 1);
    assert_false(work_failed(&desk.work));
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_stand_in_the_order_they_were_asked_for),
        cmocka_unit_test(a_log_event_has_its_fields_and_no_others),
        cmocka_unit_test(a_batch_says_no_more_than_so_much),
        cmocka_unit_test(a_full_arena_fails_the_batch_and_crashes_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
