#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory.h"
#include "refer/refer.h"
#include "support/local_script.h"

/*
 * Every allocation of a whole day's work fails once, and then all after it.
 * The gateway's end takes whatever comes, in any order, over any number of
 * connections, until its user is told to end.
 */

static void answer(struct local_script *script)
{
    struct local_field fields[] = {
        { .name = SLICE_LITERAL("id"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("urn:uuid:1") },
        { .name = SLICE_LITERAL("protocol"),
            .type = LOCAL_NUMBER,
            .number = LOCAL_PROTOCOL },
        { .name = SLICE_LITERAL("epoch"), .type = LOCAL_NUMBER, .number = 1 },
        { .name = SLICE_LITERAL("position"),
            .type = LOCAL_NUMBER,
            .number = 5 },
        { .name = SLICE_LITERAL("code"),
            .type = LOCAL_TEXT,
            .bytes = SLICE_LITERAL("call_name") },
        { .name = SLICE_LITERAL("data"),
            .type = LOCAL_DATA,
            .bytes = SLICE_LITERAL("\1\2") },
    };
    struct local_record records[] = {
        { SLICE_LITERAL("referral"), fields, 6 },
        { SLICE_LITERAL("event"), fields, 6 },
        { SLICE_LITERAL("element"), fields, 6 },
        { SLICE_LITERAL("event"), fields, 6 },
    };
    struct local_reply reply = { .records = records, .record_count = 4 };
    struct slice operation = script->request.operation;
    if (slice_is(operation, "submit.many"))
        records[1].type = SLICE_LITERAL("referral");
    if (slice_is(operation, "submit.many"))
        reply.record_count = 2;
    else if (slice_is(operation, "hello"))
        records[0].type = SLICE_LITERAL("gateway");
    else if (slice_is(operation, "cursor.open"))
        records[0].type = SLICE_LITERAL("cursor");
    else if (slice_is(operation, "cursor.next")) {
        reply.records = &records[1];
        reply.record_count = 2;
    }
    local_script_reply(script, reply);
}

/* As local_script_expect(), but false when the client went away. */
static bool take_request(struct local_script *script)
{
    uint8_t head[4];
    ssize_t size = recv(script->fd, head, sizeof head, MSG_WAITALL);
    if (size != sizeof head)
        return false;
    size_t wanted = (size_t)head[2] << 8 | head[3];
    arena_reset(&script->arena);
    uint8_t *bytes = arena_take(&script->arena, wanted);
    local_script_require(bytes != NULL, "memory");
    size = recv(script->fd, bytes, wanted, MSG_WAITALL);
    return size == (ssize_t)wanted &&
           local_request_read(slice_of(bytes, wanted), &script->arena,
               &script->request) == ERR_NONE;
}

static void serve(struct local_script *script)
{
    const int *ends = script->user;
    for (;;) {
        struct pollfd polled[] = {
            { script->fd >= 0 ? script->fd : script->listener, POLLIN, 0 },
            { ends[0], POLLIN, 0 },
        };
        local_script_require(poll(polled, 2, 300000) > 0, "poll");
        if (polled[1].revents != 0 && polled[0].revents == 0)
            return;
        if (script->fd < 0)
            script->fd = accept(script->listener, NULL, NULL);
        else if (take_request(script))
            answer(script);
        else
            local_script_close(script);
    }
}

static refer_status fill(refer_referral *referral)
{
    refer_status status = refer_referral_set(referral, "to", "abc");
    if (status == REFER_OK)
        status = refer_referral_set(referral, "consent_at_ms", "5");
    if (status == REFER_OK)
        status = refer_referral_set_element(referral, "call_name", "Ana");
    if (status == REFER_OK)
        status = refer_referral_grant(referral, "abc", "x", "call_name", 9);
    return status;
}

static refer_status hand_over(refer_client *client)
{
    char id[REFER_ID_SIZE];
    refer_referral *referral;
    refer_status status = refer_referral_new(&referral);
    if (status == REFER_OK)
        status = fill(referral);
    if (status == REFER_OK)
        status = refer_submit(client, referral, "k", 30000, id, sizeof id);
    refer_referral_free(referral);
    return status;
}

static refer_status hand_many_over(refer_client *client)
{
    refer_referral *referral = NULL;
    refer_batch *batch;
    refer_status status = refer_batch_new(&batch);
    if (status == REFER_OK)
        status = refer_referral_new(&referral);
    if (status == REFER_OK)
        status = fill(referral);
    if (status == REFER_OK)
        status = refer_batch_add(batch, referral, "k");
    if (status == REFER_OK)
        status = refer_batch_add(batch, referral, "l");
    if (status == REFER_OK)
        status = refer_batch_submit(client, batch, 30000);
    assert_int_equal(
        refer_batch_stored_count(batch), status == REFER_OK ? 2 : 0);
    refer_referral_free(referral);
    refer_batch_free(batch);
    return status;
}

static refer_status look(refer_client *client)
{
    refer_query *query;
    refer_listing *listing = NULL;
    refer_status status = refer_query_new(&query);
    if (status == REFER_OK)
        status = refer_query_set(query, "state", "x");
    if (status == REFER_OK)
        status = refer_query_add_record(query, "r");
    if (status == REFER_OK)
        status = refer_query_set_data(query, "data", "12", 2);
    if (status == REFER_OK)
        status = refer_call(client, "list", query, 30000, &listing);
    if (status == REFER_OK)
        assert_string_equal(refer_listing_get(listing, 0, "data"), "0102");
    refer_query_free(query);
    refer_listing_free(listing);
    return status;
}

static refer_status follow(refer_client *client)
{
    refer_cursor *cursor;
    refer_event *event = NULL;
    refer_status status = refer_cursor_open(client, "desk", 30000, &cursor);
    if (status == REFER_OK)
        status = refer_cursor_next(cursor, 30000, &event);
    if (status == REFER_OK)
        status = refer_cursor_ack(cursor, event, 30000);
    refer_event_free(event);
    refer_cursor_free(cursor);
    return status;
}

static refer_status work(const char *socket)
{
    refer_client *client;
    refer_referral *referral = NULL;
    refer_health *health = NULL;
    refer_status status = refer_client_new(&client);
    if (status == REFER_OK)
        status = refer_client_set(client, "socket", socket);
    if (status == REFER_OK)
        status = hand_over(client);
    if (status == REFER_OK)
        status = hand_many_over(client);
    if (status == REFER_OK)
        status = look(client);
    if (status == REFER_OK)
        status = refer_get(client, "x", 30000, &referral);
    if (status == REFER_OK)
        status = refer_accept(client, "x", "walk_in", "k", 30000);
    if (status == REFER_OK)
        status = refer_health_get(client, 30000, &health);
    if (status == REFER_OK)
        status = follow(client);
    refer_referral_free(referral);
    refer_health_free(health);
    refer_client_free(client);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct local_script script;
    int ends[2];
    uint64_t count = 0;
    refer_status status;
    assert_int_equal(pipe(ends), 0);
    local_script_start(&script, serve, ends);
    do {
        sdk_memory_fail_after(++count);
        status = work(script.path);
        sdk_memory_fail_after(0);
        if (status != REFER_OK && status != REFER_NO_MEMORY)
            fail_msg("allocation %u: %s", (unsigned)count,
                refer_status_name(status));
        if (sdk_memory_held() != 0)
            fail_msg("allocation %u: blocks are lost", (unsigned)count);
    } while (status != REFER_OK);
    assert_true(count > 100);
    assert_int_equal(write(ends[1], "", 1), 1);
    local_script_stop(&script);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
