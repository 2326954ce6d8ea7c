#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <unistd.h>

#include "channel.h"
#include "memory.h"
#include "refer/refer.h"
#include "support/local_script.h"

#define PATIENCE_MS 300000

static refer_client *client_of(const struct local_script *script)
{
    refer_client *client;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", script->path), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "application", "the test"), REFER_OK);
    return client;
}

static refer_status ask(refer_client *client, int32_t timeout_ms)
{
    return refer_call(client, "status", NULL, timeout_ms, NULL);
}

/* ---- Greeting ---------------------------------------------------------- */

static void greet_and_see_application(struct local_script *script)
{
    local_script_greet(script);
    local_script_require(
        slice_is(local_script_text(script, "application"), "the test"),
        "application");
    local_script_await_close(script);
}

static void connecting_greets(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, greet_and_see_application, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_client_fd(client), -1);
    assert_int_equal(refer_client_connect(client, PATIENCE_MS), REFER_OK);
    assert_true(refer_client_fd(client) >= 0);
    assert_int_equal(
        refer_client_set(client, "socket", "/elsewhere"), REFER_INVALID);
    assert_int_equal(refer_client_connect(client, 0), REFER_OK);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

static void greet_in_another_protocol(struct local_script *script)
{
    struct local_field protocol = {
        .name = SLICE_LITERAL("protocol"), .type = LOCAL_NUMBER, .number = 2
    };
    struct local_record gateway = { SLICE_LITERAL("gateway"), &protocol, 1 };
    local_script_accept(script);
    local_script_expect(script, "hello");
    local_script_reply(
        script, (struct local_reply){ .records = &gateway, .record_count = 1 });
    local_script_await_close(script);
    local_script_accept(script);
    local_script_expect(script, "hello");
    local_script_reply(script, (struct local_reply){ .err = ERR_VERSION });
    local_script_await_close(script);
}

static void another_protocol_is_refused(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, greet_in_another_protocol, NULL);
    refer_client *client = client_of(&script);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            refer_client_connect(client, PATIENCE_MS), REFER_PROTOCOL);
        assert_int_equal(refer_client_fd(client), -1);
        assert_string_not_equal(refer_client_error(client), "");
    }
    refer_client_free(client);
    local_script_stop(&script);
}

static void close_at_once(struct local_script *script)
{
    local_script_accept(script);
    local_script_close(script);
}

static void a_door_that_closes_is_disconnected(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, close_at_once, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(ask(client, PATIENCE_MS), REFER_DISCONNECTED);
    refer_client_free(client);
    local_script_stop(&script);
}

static void no_gateway_is_disconnected_at_once(void **state)
{
    (void)state;
    refer_client *client;
    char path[120];
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", "/nowhere/socket"), REFER_OK);
    assert_int_equal(ask(client, -1), REFER_DISCONNECTED);
    assert_non_null(strstr(refer_client_error(client), "/nowhere/socket"));
    memset(path, 'p', sizeof path);
    path[108] = 0;
    assert_int_equal(refer_client_set(client, "socket", path), REFER_INVALID);
    assert_int_equal(refer_client_set(client, "socket", ""), REFER_INVALID);
    assert_int_equal(refer_client_set(client, "sockets", "a"), REFER_INVALID);
    refer_client_free(client);
}

static void options_are_listed(void **state)
{
    (void)state;
    assert_string_equal(refer_option_name(0), "socket");
    assert_string_equal(refer_option_name(1), "application");
    assert_string_equal(refer_option_name(2), "");
    /* the path of conf/examples/referd.yaml, and what referctl tries */
    assert_non_null(strstr(refer_option_help(0), "/run/referd/referd.sock"));
    assert_string_equal(refer_option_help(2), "");
}

/* ---- Calls ------------------------------------------------------------- */

static const struct local_field *fields_of_all_types(size_t *count)
{
    static struct local_field fields[4];
    fields[0] = (struct local_field){ .name = SLICE_LITERAL("name"),
        .type = LOCAL_TEXT,
        .bytes = SLICE_LITERAL("Casa") };
    fields[1] = (struct local_field){
        .name = SLICE_LITERAL("queued"), .type = LOCAL_NUMBER, .number = -3
    };
    fields[2] = (struct local_field){
        .name = SLICE_LITERAL("settled"), .type = LOCAL_FLAG, .number = 1
    };
    fields[3] = (struct local_field){ .name = SLICE_LITERAL("data"),
        .type = LOCAL_DATA,
        .bytes = SLICE_LITERAL("\0\xff") };
    *count = 4;
    return fields;
}

static struct local_reply reply_with_records(void)
{
    static struct local_record records[2];
    records[0].type = SLICE_LITERAL("peer");
    records[0].fields = fields_of_all_types(&records[0].field_count);
    records[1] = (struct local_record){ SLICE_LITERAL("odd"), NULL, 0 };
    return (struct local_reply){ .records = records, .record_count = 2 };
}

static void answer_with_records(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "peer.list");
    local_script_require(
        slice_is(local_script_text(script, "state"), "known"), "field");
    local_script_require(local_script_number(script, "after") == -7, "number");
    const struct local_request *request = &script->request;
    local_script_require(request->record_count == 2, "records");
    local_script_require(
        slice_is(request->records[0].type, "element") &&
            slice_is(local_script_record_text(script, 0, "code"), "x") &&
            request->records[1].fields[0].type == LOCAL_DATA &&
            request->records[1].fields[1].type == LOCAL_FLAG,
        "record");
    local_script_reply(script, reply_with_records());
    local_script_await_close(script);
}

static void assert_listing(const refer_listing *listing)
{
    size_t size;
    assert_int_equal(refer_listing_count(listing), 2);
    assert_string_equal(refer_listing_type(listing, 0), "peer");
    assert_string_equal(refer_listing_type(listing, 1), "odd");
    assert_string_equal(refer_listing_type(listing, 2), "");
    assert_string_equal(refer_listing_get(listing, 0, "name"), "Casa");
    assert_string_equal(refer_listing_get(listing, 0, "queued"), "-3");
    assert_string_equal(refer_listing_get(listing, 0, "settled"), "true");
    assert_string_equal(refer_listing_get(listing, 0, "data"), "00ff");
    assert_string_equal(refer_listing_get(listing, 0, "none"), "");
    assert_string_equal(refer_listing_get(listing, 9, "name"), "");
    assert_int_equal(refer_listing_number(listing, 0, "queued"), -3);
    assert_int_equal(refer_listing_number(listing, 0, "settled"), 1);
    assert_int_equal(refer_listing_number(listing, 0, "name"), 0);
    assert_memory_equal(
        refer_listing_data(listing, 0, "data", &size), "\0\xff", 2);
    assert_int_equal(size, 2);
    assert_memory_equal(
        refer_listing_data(listing, 0, "name", &size), "Casa", 4);
    assert_int_equal(size, 4);
    assert_null(refer_listing_data(listing, 0, "queued", &size));
    assert_int_equal(size, 0);
    assert_int_equal(refer_listing_field_count(listing, 0), 4);
    assert_int_equal(refer_listing_field_count(listing, 1), 0);
    assert_string_equal(refer_listing_field_name(listing, 0, 1), "queued");
    assert_string_equal(refer_listing_field_name(listing, 0, 4), "");
    assert_string_equal(refer_listing_field_type(listing, 0, 0), "text");
    assert_string_equal(refer_listing_field_type(listing, 0, 1), "number");
    assert_string_equal(refer_listing_field_type(listing, 0, 2), "flag");
    assert_string_equal(refer_listing_field_type(listing, 0, 3), "data");
    assert_string_equal(refer_listing_field_type(listing, 0, 4), "");
    assert_string_equal(refer_listing_field_value(listing, 0, 1), "-3");
}

static void a_call_carries_fields_and_records_both_ways(void **state)
{
    (void)state;
    struct local_script script;
    refer_query *query;
    refer_listing *listing;
    local_script_start(&script, answer_with_records, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_query_new(&query), REFER_OK);
    assert_int_equal(refer_query_set(query, "state", "known"), REFER_OK);
    assert_int_equal(refer_query_set_number(query, "after", -7), REFER_OK);
    assert_int_equal(refer_query_set(query, "State", "x"), REFER_INVALID);
    assert_int_equal(refer_query_add_record(query, "element"), REFER_OK);
    assert_int_equal(refer_query_set(query, "code", "x"), REFER_OK);
    assert_int_equal(refer_query_add_record(query, "card"), REFER_OK);
    assert_int_equal(refer_query_set_data(query, "data", "\0", 1), REFER_OK);
    assert_int_equal(refer_query_set_flag(query, "flag", 8), REFER_OK);
    assert_int_equal(refer_query_add_record(query, "Card"), REFER_INVALID);
    assert_int_equal(
        refer_call(client, "peer.list", query, PATIENCE_MS, &listing),
        REFER_OK);
    assert_listing(listing);
    assert_string_equal(refer_client_error(client), "");
    refer_listing_free(listing);
    refer_query_free(query);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

static void refuse(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "status");
    local_script_reply(
        script, (struct local_reply){ .err = ERR_POLICY,
                    .problem = PROBLEM_CONSENT_EXPIRED,
                    .clause = SLICE_LITERAL("grants[0].until_ms"),
                    .remedy = SLICE_LITERAL("ask the person again"),
                    .message = SLICE_LITERAL("the consent has expired") });
    local_script_expect(script, "status");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_await_close(script);
}

static void a_refusal_says_why_until_the_next_call(void **state)
{
    (void)state;
    struct local_script script;
    refer_listing *listing = NULL;
    local_script_start(&script, refuse, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_call(client, "status", NULL, PATIENCE_MS, &listing),
        REFER_NO_CONSENT);
    assert_null(listing);
    assert_string_equal(refer_client_error(client), "the consent has expired");
    assert_string_equal(refer_client_problem(client), "CONSENT_EXPIRED");
    assert_string_equal(refer_client_clause(client), "grants[0].until_ms");
    assert_string_equal(refer_client_remedy(client), "ask the person again");
    assert_int_equal(ask(client, PATIENCE_MS), REFER_OK);
    assert_string_equal(refer_client_error(client), "");
    assert_string_equal(refer_client_problem(client), "");
    assert_string_equal(refer_client_clause(client), "");
    assert_string_equal(refer_client_remedy(client), "");
    refer_client_free(client);
    local_script_stop(&script);
}

static void answer_byte_by_byte(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "peer.list");
    struct slice frame = local_script_frame(script, reply_with_records());
    for (size_t i = 0; i < frame.size; i++)
        local_script_send(script, frame.bytes + i, 1);
    local_script_await_close(script);
}

static void a_reply_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct local_script script;
    refer_listing *listing;
    local_script_start(&script, answer_byte_by_byte, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(
        refer_call(client, "peer.list", NULL, PATIENCE_MS, &listing), REFER_OK);
    assert_listing(listing);
    refer_listing_free(listing);
    refer_client_free(client);
    local_script_stop(&script);
}

/* Closes after 0, 1, 2, ... bytes of the reply, then answers in full. */
static void break_off_everywhere(struct local_script *script)
{
    size_t sent = 0;
    struct slice frame;
    do {
        local_script_greet(script);
        local_script_expect(script, "peer.list");
        frame = local_script_frame(script, reply_with_records());
        local_script_send(script, frame.bytes, sent);
        if (sent < frame.size)
            local_script_close(script);
    } while (sent++ < frame.size);
    local_script_await_close(script);
}

static void a_reply_that_breaks_off_is_disconnected_and_the_next_is_whole(
    void **state)
{
    (void)state;
    struct local_script script;
    refer_listing *listing;
    refer_status status;
    size_t broken = 0;
    local_script_start(&script, break_off_everywhere, NULL);
    refer_client *client = client_of(&script);
    for (;;) {
        status = refer_call(client, "peer.list", NULL, PATIENCE_MS, &listing);
        if (status == REFER_OK)
            break;
        assert_int_equal(status, REFER_DISCONNECTED);
        assert_null(listing);
        assert_int_equal(refer_client_fd(client), -1);
        broken++;
    }
    assert_true(broken > 40);
    assert_listing(listing);
    refer_listing_free(listing);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

/* ---- What is no reply -------------------------------------------------- */

static const struct {
    const char *it;
    const char *bytes;
    size_t size;
} wrong[] = {
    { "another number", "\0\0\0\x02\x08\x63", 6 },
    { "no number", "\0\0\0\0", 4 },
    { "no protobuf", "\0\0\0\x02\xff\xff", 6 },
    { "larger than a frame", "\0\x20\0\x01", 4 },
    { "as large as can be", "\xff\xff\xff\xff", 4 },
    { "text that is none", "\0\0\0\x05\x08\x02\x32\x01\x07", 9 },
};
#define WRONG_COUNT (sizeof wrong / sizeof *wrong)

static void answer_wrongly(struct local_script *script)
{
    for (size_t i = 0; i < WRONG_COUNT; i++) {
        local_script_greet(script);
        local_script_expect(script, "status");
        local_script_send(script, wrong[i].bytes, wrong[i].size);
        local_script_await_close(script);
    }
}

static void what_is_no_reply_costs_the_connection(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, answer_wrongly, NULL);
    refer_client *client = client_of(&script);
    for (size_t i = 0; i < WRONG_COUNT; i++) {
        refer_status status = ask(client, PATIENCE_MS);
        if (status != REFER_PROTOCOL || refer_client_fd(client) != -1)
            fail_msg("%s: %s", wrong[i].it, refer_status_name(status));
    }
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

static void answer_twice(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "status");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_expect(script, "status");
    local_script_await_close(script);
}

static void a_second_reply_to_one_request_is_no_reply(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, answer_twice, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(ask(client, PATIENCE_MS), REFER_OK);
    assert_int_equal(ask(client, PATIENCE_MS), REFER_PROTOCOL);
    refer_client_free(client);
    local_script_stop(&script);
}

/* ---- Time, interrupts, retries ----------------------------------------- */

static void greet_and_keep_silent(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "status");
    local_script_await_close(script);
    local_script_greet(script);
    local_script_expect(script, "status");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_await_close(script);
}

static void a_time_out_closes_and_the_next_call_connects_again(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, greet_and_keep_silent, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_client_connect(client, PATIENCE_MS), REFER_OK);
    assert_int_equal(ask(client, 0), REFER_TIMEOUT);
    assert_int_equal(refer_client_fd(client), -1);
    assert_int_equal(ask(client, -1), REFER_OK);
    refer_client_free(client);
    local_script_stop(&script);
}

static void greet_when_told(struct local_script *script)
{
    char byte;
    const int *told = script->user;
    local_script_accept(script);
    local_script_require(read(told[0], &byte, 1) == 1, "told");
    local_script_answer_hello(script);
    local_script_await_close(script);
}

static void a_greeting_goes_on_where_it_was(void **state)
{
    (void)state;
    struct local_script script;
    int told[2];
    assert_int_equal(pipe(told), 0);
    local_script_start(&script, greet_when_told, told);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_client_connect(client, 0), REFER_TIMEOUT);
    int fd = refer_client_fd(client);
    assert_true(fd >= 0);
    assert_int_equal(refer_client_connect(client, 0), REFER_TIMEOUT);
    assert_int_equal(write(told[1], "", 1), 1);
    assert_int_equal(refer_client_connect(client, PATIENCE_MS), REFER_OK);
    assert_int_equal(refer_client_fd(client), fd);
    refer_client_free(client);
    local_script_stop(&script);
    (void)close(told[0]);
    (void)close(told[1]);
}

static void interrupt_instead_of_an_answer(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "status");
    refer_client_interrupt(script->user);
    local_script_await_close(script);
    local_script_greet(script);
    local_script_expect(script, "status");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_await_close(script);
}

static void an_interrupt_ends_the_call_in_progress_or_the_next(void **state)
{
    (void)state;
    struct local_script script;
    refer_client *client;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    local_script_start(&script, interrupt_instead_of_an_answer, client);
    assert_int_equal(refer_client_set(client, "socket", script.path), REFER_OK);
    assert_int_equal(ask(client, -1), REFER_INTERRUPTED);
    assert_int_equal(refer_client_fd(client), -1);
    refer_client_interrupt(client);
    refer_client_interrupt(client);
    assert_int_equal(ask(client, -1), REFER_INTERRUPTED);
    assert_int_equal(ask(client, -1), REFER_OK);
    refer_client_free(client);
    local_script_stop(&script);
}

static void store_but_say_nothing(struct local_script *script)
{
    struct local_field id = { .name = SLICE_LITERAL("id"),
        .type = LOCAL_TEXT,
        .bytes = SLICE_LITERAL("urn:uuid:1") };
    struct local_record referral = { SLICE_LITERAL("referral"), &id, 1 };
    for (int i = 0; i < 2; i++) {
        local_script_greet(script);
        local_script_expect(script, "submit");
        local_script_require(
            slice_is(local_script_text(script, "key"), "form 17"), "key");
        if (i == 1)
            local_script_reply(
                script, (struct local_reply){
                            .records = &referral, .record_count = 1 });
        if (i == 1)
            local_script_await_close(script);
        else
            local_script_close(script);
    }
}

static void an_unknown_outcome_is_asked_again_with_the_same_key(void **state)
{
    (void)state;
    struct local_script script;
    refer_referral *referral;
    char id[REFER_ID_SIZE] = "before";
    local_script_start(&script, store_but_say_nothing, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    assert_int_equal(
        refer_submit(client, referral, "form 17", PATIENCE_MS, id, sizeof id),
        REFER_DISCONNECTED);
    assert_string_equal(id, "");
    assert_int_equal(
        refer_submit(client, referral, "form 17", PATIENCE_MS, id, sizeof id),
        REFER_OK);
    assert_string_equal(id, "urn:uuid:1");
    refer_referral_free(referral);
    refer_client_free(client);
    local_script_stop(&script);
}

static void restart_between_calls(struct local_script *script)
{
    const int *told = script->user;
    local_script_greet(script);
    local_script_expect(script, "status");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_close(script);
    local_script_require(write(told[1], "", 1) == 1, "tell");
    local_script_greet(script);
    local_script_expect(script, "status");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_await_close(script);
}

static void a_gateway_that_restarted_is_not_noticed(void **state)
{
    (void)state;
    struct local_script script;
    int told[2];
    char byte;
    assert_int_equal(pipe(told), 0);
    local_script_start(&script, restart_between_calls, told);
    refer_client *client = client_of(&script);
    assert_int_equal(ask(client, -1), REFER_OK);
    assert_int_equal(read(told[0], &byte, 1), 1);
    assert_int_equal(ask(client, -1), REFER_OK);
    refer_client_free(client);
    local_script_stop(&script);
    (void)close(told[0]);
    (void)close(told[1]);
}

static void be_well(struct local_script *script)
{
    struct local_field ready[] = {
        { .name = SLICE_LITERAL("name"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("ready") },
        { .name = SLICE_LITERAL("value"), .type = LOCAL_NUMBER, .number = 1 },
    };
    struct local_field depth[] = {
        { .name = SLICE_LITERAL("name"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("outbox.depth") },
        { .name = SLICE_LITERAL("value"), .type = LOCAL_NUMBER, .number = 7 },
    };
    struct local_record records[] = {
        { SLICE_LITERAL("number"), depth, 2 },
        { SLICE_LITERAL("odd"), NULL, 0 },
        { SLICE_LITERAL("number"), ready, 2 },
    };
    local_script_greet(script);
    for (size_t i = 0; i < 2; i++) {
        local_script_expect(script, "health");
        local_script_reply(script,
            (struct local_reply){ .records = records, .record_count = 3 - i });
    }
    local_script_await_close(script);
}

static void health_is_numbers_by_name(void **state)
{
    (void)state;
    struct local_script script;
    refer_health *health;
    local_script_start(&script, be_well, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_health_get(client, -1, &health), REFER_OK);
    assert_int_equal(refer_health_is_ready(health), 1);
    assert_int_equal(refer_health_count(health), 2);
    assert_string_equal(refer_health_name(health, 0), "outbox.depth");
    assert_int_equal(refer_health_value(health, 0), 7);
    assert_string_equal(refer_health_name(health, 1), "ready");
    assert_string_equal(refer_health_name(health, 2), "");
    refer_health_free(health);
    assert_int_equal(refer_health_get(client, -1, &health), REFER_OK);
    assert_int_equal(refer_health_is_ready(health), 0);
    refer_health_free(health);
    refer_client_free(client);
    local_script_stop(&script);
}

/* ---- Large things ------------------------------------------------------ */

static void answer_with_much(struct local_script *script)
{
    static uint8_t bytes[SDK_MESSAGE_SIZE_MAX - 64];
    struct local_field data = { .name = SLICE_LITERAL("data"),
        .type = LOCAL_DATA,
        .bytes = slice_of(bytes, sizeof bytes) };
    struct local_record card = { SLICE_LITERAL("card"), &data, 1 };
    local_script_greet(script);
    local_script_expect(script, "card.import");
    local_script_require(
        script->request.fields[0].bytes.size == sizeof bytes, "size");
    memset(bytes, 'x', sizeof bytes);
    local_script_reply(
        script, (struct local_reply){ .records = &card, .record_count = 1 });
    local_script_await_close(script);
}

static void the_largest_frames_pass_and_no_larger(void **state)
{
    (void)state;
    struct local_script script;
    refer_query *query;
    refer_listing *listing;
    size_t size = SDK_MESSAGE_SIZE_MAX - 64;
    size_t got;
    char *bytes = calloc(1, SDK_MESSAGE_SIZE_MAX);
    assert_non_null(bytes);
    local_script_start(&script, answer_with_much, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_query_new(&query), REFER_OK);
    assert_int_equal(
        refer_query_set_data(query, "data", bytes, SDK_MESSAGE_SIZE_MAX),
        REFER_OK);
    assert_int_equal(refer_client_connect(client, PATIENCE_MS), REFER_OK);
    assert_int_equal(refer_call(client, "card.import", query, -1, &listing),
        REFER_TOO_LARGE);
    assert_true(refer_client_fd(client) >= 0);
    assert_int_equal(
        refer_query_set_data(query, "data", bytes, size), REFER_OK);
    assert_int_equal(
        refer_call(client, "card.import", query, -1, &listing), REFER_OK);
    const char *data = refer_listing_data(listing, 0, "data", &got);
    assert_int_equal(got, size);
    assert_int_equal(data[0], 'x');
    assert_int_equal(data[size - 1], 'x');
    refer_listing_free(listing);
    refer_query_free(query);
    refer_client_free(client);
    local_script_stop(&script);
    free(bytes);
}

static void nothing_is_accepted_for_an_object(void **state)
{
    (void)state;
    refer_client_free(NULL);
    refer_query_free(NULL);
    refer_listing_free(NULL);
    refer_health_free(NULL);
    refer_client_interrupt(NULL);
    assert_int_equal(refer_client_fd(NULL), -1);
    assert_string_equal(refer_client_error(NULL), "");
    assert_int_equal(refer_listing_count(NULL), 0);
    assert_int_equal(refer_health_count(NULL), 0);
    assert_string_equal(refer_health_name(NULL, 0), "");
    assert_int_equal(refer_health_is_ready(NULL), 0);
    assert_int_equal(ask(NULL, 0), REFER_INVALID);
    assert_int_equal(refer_client_connect(NULL, 0), REFER_INVALID);
    assert_int_equal(refer_client_new(NULL), REFER_INVALID);
    assert_int_equal(refer_query_new(NULL), REFER_INVALID);
    assert_int_equal(refer_query_set(NULL, "a", "b"), REFER_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_greets),
        cmocka_unit_test(another_protocol_is_refused),
        cmocka_unit_test(a_door_that_closes_is_disconnected),
        cmocka_unit_test(no_gateway_is_disconnected_at_once),
        cmocka_unit_test(options_are_listed),
        cmocka_unit_test(a_call_carries_fields_and_records_both_ways),
        cmocka_unit_test(a_refusal_says_why_until_the_next_call),
        cmocka_unit_test(a_reply_may_come_byte_by_byte),
        cmocka_unit_test(
            a_reply_that_breaks_off_is_disconnected_and_the_next_is_whole),
        cmocka_unit_test(what_is_no_reply_costs_the_connection),
        cmocka_unit_test(a_second_reply_to_one_request_is_no_reply),
        cmocka_unit_test(a_time_out_closes_and_the_next_call_connects_again),
        cmocka_unit_test(a_greeting_goes_on_where_it_was),
        cmocka_unit_test(an_interrupt_ends_the_call_in_progress_or_the_next),
        cmocka_unit_test(an_unknown_outcome_is_asked_again_with_the_same_key),
        cmocka_unit_test(a_gateway_that_restarted_is_not_noticed),
        cmocka_unit_test(health_is_numbers_by_name),
        cmocka_unit_test(the_largest_frames_pass_and_no_larger),
        cmocka_unit_test(nothing_is_accepted_for_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
