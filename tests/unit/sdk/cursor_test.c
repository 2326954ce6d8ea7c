#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <poll.h>
#include <unistd.h>

#include "memory.h"
#include "refer/refer.h"
#include "support/local_script.h"

static refer_client *client_of(const struct local_script *script)
{
    refer_client *client;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", script->path), REFER_OK);
    return client;
}

static void answer_nothing(struct local_script *script)
{
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
}

static void answer_open(struct local_script *script, int64_t epoch)
{
    struct local_field fields[] = {
        { .name = SLICE_LITERAL("epoch"), .type = LOCAL_NUMBER },
        { .name = SLICE_LITERAL("position"),
            .type = LOCAL_NUMBER,
            .number = 4 },
    };
    struct local_record cursor = { SLICE_LITERAL("cursor"), fields, 2 };
    fields[0].number = epoch;
    local_script_expect(script, "cursor.open");
    local_script_require(
        slice_is(local_script_text(script, "name"), "desk"), "name");
    local_script_reply(
        script, (struct local_reply){ .records = &cursor, .record_count = 1 });
}

static void answer_event(
    struct local_script *script, int64_t epoch, int64_t position)
{
    struct local_field fields[] = {
        { .name = SLICE_LITERAL("epoch"), .type = LOCAL_NUMBER },
        { .name = SLICE_LITERAL("position"), .type = LOCAL_NUMBER },
        { .name = SLICE_LITERAL("step"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("accept") },
        { .name = SLICE_LITERAL("referral"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("urn:uuid:1") },
        { .name = SLICE_LITERAL("redeliveries"),
            .type = LOCAL_NUMBER,
            .number = 2 },
        { .name = SLICE_LITERAL("generation"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("0123456789abcdef") },
        { .name = SLICE_LITERAL("index"), .type = LOCAL_NUMBER, .number = 7 },
    };
    struct local_field detail[] = {
        { .name = SLICE_LITERAL("name"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("offer") },
        { .name = SLICE_LITERAL("value"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("walk_in") },
    };
    struct local_record records[] = {
        { SLICE_LITERAL("event"), fields, 7 },
        { SLICE_LITERAL("detail"), detail, 2 },
    };
    fields[0].number = epoch;
    fields[1].number = position;
    local_script_reply(
        script, (struct local_reply){ .records = records, .record_count = 2 });
}

static void expect_next(struct local_script *script)
{
    local_script_expect(script, "cursor.next");
    local_script_require(
        slice_is(local_script_text(script, "name"), "desk"), "name");
    int64_t wait_ms = local_script_number(script, "wait_ms");
    local_script_require(wait_ms > 0 && wait_ms <= 60000, "wait_ms");
}

static void assert_next(refer_cursor *cursor, uint64_t position)
{
    refer_event *event;
    assert_int_equal(refer_cursor_next(cursor, -1, &event), REFER_OK);
    assert_int_equal(refer_event_position(event), position);
    refer_event_free(event);
}

/* ---- One after the other ----------------------------------------------- */

static void hand_out_two(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    answer_event(script, 1, 5);
    local_script_expect(script, "cursor.ack");
    local_script_require(local_script_number(script, "epoch") == 1 &&
                             local_script_number(script, "position") == 5,
        "ack");
    answer_nothing(script);
    /* nothing in time, asked again, then something */
    expect_next(script);
    answer_nothing(script);
    expect_next(script);
    answer_event(script, 1, 9);
    local_script_expect(script, "cursor.ack");
    local_script_reply(script, (struct local_reply){ .err = ERR_INVALID });
    local_script_expect(script, "cursor.delete");
    answer_nothing(script);
    local_script_await_close(script);
}

static void events_come_in_order_until_acknowledged(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event;
    local_script_start(&script, hand_out_two, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_int_equal(refer_cursor_epoch(cursor), 1);
    assert_int_equal(refer_cursor_position(cursor), 4);
    assert_int_equal(refer_cursor_next(cursor, -1, &event), REFER_OK);
    assert_int_equal(refer_event_epoch(event), 1);
    assert_int_equal(refer_event_position(event), 5);
    assert_int_equal(refer_event_redeliveries(event), 2);
    assert_string_equal(refer_event_generation(event), "0123456789abcdef");
    assert_int_equal(refer_event_index(event), 7);
    assert_string_equal(refer_event_step(event), "accept");
    assert_string_equal(refer_event_referral_id(event), "urn:uuid:1");
    assert_string_equal(refer_event_detail(event, "offer"), "walk_in");
    assert_int_equal(refer_cursor_ack(cursor, event, -1), REFER_OK);
    assert_int_equal(refer_cursor_position(cursor), 5);
    refer_event_free(event);
    assert_next(cursor, 9);
    /* another epoch is not even asked for */
    assert_int_equal(
        refer_cursor_ack_position(cursor, 2, 9, -1), REFER_CONFLICT);
    assert_int_equal(
        refer_cursor_ack_position(cursor, 1, 99, -1), REFER_INVALID);
    assert_int_equal(refer_cursor_position(cursor), 5);
    refer_cursor_free(cursor);
    assert_int_equal(refer_cursor_delete(client, "desk", -1), REFER_OK);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

/* ---- Without waiting --------------------------------------------------- */

static void hand_out_when_told(struct local_script *script)
{
    char byte;
    const int *told = script->user;
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    local_script_require(read(told[0], &byte, 1) == 1, "told");
    answer_event(script, 1, 5);
    local_script_await_close(script);
}

static void an_event_is_polled_for(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event;
    int told[2];
    assert_int_equal(pipe(told), 0);
    local_script_start(&script, hand_out_when_told, told);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    int fd = refer_client_fd(client);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(refer_cursor_next(cursor, 0, &event), REFER_TIMEOUT);
        assert_null(event);
        assert_int_equal(refer_client_fd(client), fd);
    }
    assert_int_equal(write(told[1], "", 1), 1);
    struct pollfd polled = { fd, POLLIN, 0 };
    assert_int_equal(poll(&polled, 1, 300000), 1);
    refer_status status;
    do /* the reply may be here in part only */
        status = refer_cursor_next(cursor, 0, &event);
    while (status == REFER_TIMEOUT);
    assert_int_equal(status, REFER_OK);
    assert_int_equal(refer_event_position(event), 5);
    refer_event_free(event);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
    (void)close(told[0]);
    (void)close(told[1]);
}

static void greet_and_hand_out(struct local_script *script)
{
    local_script_greet(script);
    local_script_close(script);
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    answer_event(script, 1, 5);
    local_script_await_close(script);
}

static void a_cursor_comes_back_without_ever_waiting(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event = NULL;
    local_script_start(&script, greet_and_hand_out, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(
        refer_cursor_open(client, "desk", -1, &cursor), REFER_DISCONNECTED);
    assert_null(cursor);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    refer_status status;
    do
        status = refer_cursor_next(cursor, 0, &event);
    while (status == REFER_TIMEOUT);
    assert_int_equal(status, REFER_OK);
    refer_event_free(event);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
}

/* ---- While waiting ----------------------------------------------------- */

static void step_while_waiting(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    uint32_t next_number = script->request.number;
    local_script_expect(script, "status");
    uint32_t status_number = script->request.number;
    script->request.number = next_number;
    answer_event(script, 1, 5);
    script->request.number = status_number;
    answer_nothing(script);
    local_script_await_close(script);
}

static void waiting_stands_in_nobodys_way(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event;
    local_script_start(&script, step_while_waiting, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_int_equal(refer_cursor_next(cursor, 0, &event), REFER_TIMEOUT);
    assert_int_equal(refer_call(client, "status", NULL, -1, NULL), REFER_OK);
    /* the event came with the other answer and was kept */
    assert_int_equal(refer_cursor_next(cursor, 0, &event), REFER_OK);
    assert_int_equal(refer_event_position(event), 5);
    refer_event_free(event);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

/* More than the socket holds, both ways at once. */
#define MUCH_SIZE (1900u * 1024)

static void talk_before_listening(struct local_script *script)
{
    static uint8_t much[MUCH_SIZE];
    struct local_field fields[] = {
        { .name = SLICE_LITERAL("epoch"), .type = LOCAL_NUMBER, .number = 1 },
        { .name = SLICE_LITERAL("position"),
            .type = LOCAL_NUMBER,
            .number = 5 },
        { .name = SLICE_LITERAL("data"),
            .type = LOCAL_DATA,
            .bytes = SLICE_ARRAY(much) },
    };
    struct local_record event = { SLICE_LITERAL("event"), fields, 3 };
    const int *told = script->user;
    char byte;
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    local_script_require(read(told[0], &byte, 1) == 1, "told");
    local_script_reply(
        script, (struct local_reply){ .records = &event, .record_count = 1 });
    local_script_expect(script, "card.import");
    local_script_require(
        script->request.fields[0].bytes.size == MUCH_SIZE, "size");
    answer_nothing(script);
    local_script_await_close(script);
}

static void two_that_only_talk_do_not_wait_for_each_other(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event;
    refer_query *query;
    int told[2];
    char *much = calloc(1, MUCH_SIZE);
    assert_non_null(much);
    assert_int_equal(pipe(told), 0);
    local_script_start(&script, talk_before_listening, told);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_query_new(&query), REFER_OK);
    assert_int_equal(
        refer_query_set_data(query, "data", much, MUCH_SIZE), REFER_OK);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_int_equal(refer_cursor_next(cursor, 0, &event), REFER_TIMEOUT);
    assert_int_equal(write(told[1], "", 1), 1);
    assert_int_equal(
        refer_call(client, "card.import", query, -1, NULL), REFER_OK);
    assert_int_equal(refer_cursor_next(cursor, 0, &event), REFER_OK);
    assert_int_equal(strlen(refer_event_get(event, "data")), 2 * MUCH_SIZE);
    refer_event_free(event);
    refer_cursor_free(cursor);
    refer_query_free(query);
    refer_client_free(client);
    local_script_stop(&script);
    (void)close(told[0]);
    (void)close(told[1]);
    free(much);
    assert_int_equal(sdk_memory_held(), 0);
}

static void interrupt_the_wait(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    refer_client_interrupt(script->user);
    local_script_expect(script, "status");
    uint32_t status_number = script->request.number;
    script->request.number = status_number - 1;
    answer_event(script, 1, 5);
    script->request.number = status_number;
    answer_nothing(script);
    local_script_await_close(script);
}

static void an_interrupted_wait_goes_on(void **state)
{
    (void)state;
    struct local_script script;
    refer_client *client;
    refer_cursor *cursor;
    refer_event *event;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    local_script_start(&script, interrupt_the_wait, client);
    assert_int_equal(refer_client_set(client, "socket", script.path), REFER_OK);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_int_equal(refer_cursor_next(cursor, -1, &event), REFER_INTERRUPTED);
    assert_int_equal(refer_call(client, "status", NULL, -1, NULL), REFER_OK);
    assert_next(cursor, 5);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
}

/* ---- Broken connections ------------------------------------------------ */

static void break_while_handing_out(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    answer_event(script, 1, 5);
    expect_next(script);
    answer_event(script, 1, 6);
    expect_next(script);
    local_script_close(script);
    /* everything not acknowledged comes again */
    local_script_greet(script);
    answer_open(script, 1);
    for (int64_t position = 5; position <= 7; position++) {
        expect_next(script);
        answer_event(script, 1, position);
    }
    expect_next(script);
    local_script_close(script);
    /* an operator restored a copy: other events under the same numbers */
    local_script_greet(script);
    answer_open(script, 2);
    expect_next(script);
    answer_event(script, 2, 5);
    local_script_await_close(script);
}

static void what_the_handle_gave_already_is_passed_over(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event;
    local_script_start(&script, break_while_handing_out, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_next(cursor, 5);
    assert_next(cursor, 6);
    assert_int_equal(refer_cursor_next(cursor, -1, &event), REFER_DISCONNECTED);
    assert_next(cursor, 7);
    assert_int_equal(refer_cursor_next(cursor, -1, &event), REFER_DISCONNECTED);
    assert_next(cursor, 5);
    assert_int_equal(refer_cursor_epoch(cursor), 2);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

static void break_before_acknowledging(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    answer_event(script, 1, 5);
    local_script_close(script);
    local_script_greet(script);
    answer_open(script, 1);
    local_script_expect(script, "cursor.ack");
    local_script_require(local_script_number(script, "position") == 7, "ack");
    answer_nothing(script);
    for (int64_t position = 5; position <= 8; position++) {
        expect_next(script);
        answer_event(script, 1, position);
    }
    local_script_await_close(script);
}

static void what_is_acknowledged_is_never_seen_again(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_status status;
    local_script_start(&script, break_before_acknowledging, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_next(cursor, 5);
    /* the cursor is opened again first, once the loss is noticed */
    do
        status = refer_cursor_ack_position(cursor, 1, 7, -1);
    while (status == REFER_DISCONNECTED);
    assert_int_equal(status, REFER_OK);
    assert_int_equal(refer_cursor_position(cursor), 7);
    assert_next(cursor, 8);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
}

static void rewind_twice(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    answer_event(script, 1, 5);
    local_script_expect(script, "cursor.rewind");
    answer_nothing(script);
    expect_next(script);
    answer_event(script, 1, 5);
    expect_next(script);
    /* rewound while that waits: its answer would be out of order */
    local_script_await_close(script);
    local_script_greet(script);
    answer_open(script, 1);
    expect_next(script);
    answer_event(script, 1, 5);
    local_script_await_close(script);
}

static void a_rewound_cursor_starts_with_the_oldest(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event;
    local_script_start(&script, rewind_twice, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_next(cursor, 5);
    assert_int_equal(refer_cursor_rewind(cursor, -1), REFER_OK);
    assert_next(cursor, 5);
    assert_int_equal(refer_cursor_next(cursor, 0, &event), REFER_TIMEOUT);
    assert_int_equal(refer_cursor_rewind(cursor, -1), REFER_OK);
    assert_next(cursor, 5);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
}

static void refuse(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "cursor.open");
    local_script_reply(script, (struct local_reply){ .err = ERR_FORBIDDEN });
    answer_open(script, 1);
    expect_next(script);
    local_script_reply(script, (struct local_reply){ .err = ERR_NOT_FOUND });
    expect_next(script);
    answer_event(script, 1, 5);
    local_script_await_close(script);
}

static void a_refusal_leaves_the_connection(void **state)
{
    (void)state;
    struct local_script script;
    refer_cursor *cursor;
    refer_event *event;
    local_script_start(&script, refuse, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(
        refer_cursor_open(client, "desk", -1, &cursor), REFER_DENIED);
    assert_null(cursor);
    assert_int_equal(refer_cursor_open(client, "desk", -1, &cursor), REFER_OK);
    assert_int_equal(refer_cursor_next(cursor, -1, &event), REFER_NOT_FOUND);
    assert_next(cursor, 5);
    refer_cursor_free(cursor);
    refer_client_free(client);
    local_script_stop(&script);
}

static void no_cursor_is_invalid(void **state)
{
    (void)state;
    refer_client *client;
    refer_cursor *cursor;
    refer_event *event;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_cursor_open(client, "My Desk", 0, &cursor), REFER_INVALID);
    assert_int_equal(refer_cursor_open(client, "desk", 0, NULL), REFER_INVALID);
    assert_int_equal(refer_cursor_delete(client, "", 0), REFER_INVALID);
    assert_int_equal(refer_cursor_next(NULL, 0, &event), REFER_INVALID);
    assert_int_equal(refer_cursor_ack(NULL, NULL, 0), REFER_INVALID);
    assert_int_equal(refer_cursor_ack_position(NULL, 1, 1, 0), REFER_INVALID);
    assert_int_equal(refer_cursor_rewind(NULL, 0), REFER_INVALID);
    assert_int_equal(refer_cursor_epoch(NULL), 0);
    refer_cursor_free(NULL);
    refer_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order_until_acknowledged),
        cmocka_unit_test(an_event_is_polled_for),
        cmocka_unit_test(a_cursor_comes_back_without_ever_waiting),
        cmocka_unit_test(waiting_stands_in_nobodys_way),
        cmocka_unit_test(two_that_only_talk_do_not_wait_for_each_other),
        cmocka_unit_test(an_interrupted_wait_goes_on),
        cmocka_unit_test(what_the_handle_gave_already_is_passed_over),
        cmocka_unit_test(what_is_acknowledged_is_never_seen_again),
        cmocka_unit_test(a_rewound_cursor_starts_with_the_oldest),
        cmocka_unit_test(a_refusal_leaves_the_connection),
        cmocka_unit_test(no_cursor_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
