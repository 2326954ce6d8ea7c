#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/local.h"
#include "io/local_socket.h"
#include "refer/refer.h"

/* librefer and the gateway's own end of the socket, with nothing between. */

struct gateway {
    struct arena arena;
    struct local_socket *local;
};

/* Says back what it was asked. */
static bool on_request(void *user, uint64_t client, uint32_t rights, uid_t uid,
    const uint8_t *frame, size_t size)
{
    struct gateway *gateway = user;
    struct local_request request;
    (void)rights;
    (void)uid;
    arena_reset(&gateway->arena);
    enum err err =
        local_request_read(slice_of(frame, size), &gateway->arena, &request);
    struct local_field protocol = { .name = SLICE_LITERAL("protocol"),
        .type = LOCAL_NUMBER,
        .number = LOCAL_PROTOCOL };
    struct local_record record = { SLICE_LITERAL("gateway"), &protocol, 1 };
    struct local_reply reply = { .number = request.number,
        .err = err,
        .records = &record,
        .record_count = 1 };
    if (slice_is(request.operation, "echo")) {
        record.fields = request.fields;
        record.field_count = request.field_count;
    } else if (slice_is(request.operation, "refuse")) {
        reply.err = ERR_POLICY;
        reply.problem = PROBLEM_WORDING;
        reply.record_count = 0;
    }
    struct slice bytes = local_reply_write(&reply, &gateway->arena);
    return local_socket_reply(
               gateway->local, client, bytes.bytes, bytes.size) == ERR_NONE;
}

static void on_gone(void *user, uint64_t client)
{
    (void)user;
    (void)client;
}

static void on_refused(void *user, uid_t uid, enum local_socket_refusal refusal)
{
    (void)user;
    (void)uid;
    (void)refusal;
    abort(); /* on the socket's thread, where no test can fail */
}

static void library_and_gateway_understand_each_other(void **state)
{
    (void)state;
    char folder[] = "/tmp/refer-test-XXXXXX";
    char path[64];
    struct gateway gateway = { .local = NULL };
    struct local_problem problem;
    struct local_socket_user self = { getuid(), 1 };
    struct local_socket_events events = { &gateway, on_request, on_gone,
        on_refused };
    struct local_socket_options options = {
        .path = path, .users = &self, .user_count = 1
    };
    refer_client *client;
    refer_query *query;
    refer_listing *listing;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    assert_int_equal(arena_init(&gateway.arena, DECODE_ARENA_SIZE), ERR_NONE);
    assert_int_equal(
        local_socket_open(&options, &events, &gateway.local, &problem),
        ERR_NONE);
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(refer_client_set(client, "socket", path), REFER_OK);
    assert_int_equal(refer_query_new(&query), REFER_OK);
    assert_int_equal(refer_query_set(query, "words", "\xc3\xa9t\xc3\xa9"), 0);
    assert_int_equal(refer_query_set_number(query, "number", INT64_MIN), 0);
    assert_int_equal(refer_query_set_data(query, "data", "\0\xff", 2), 0);
    assert_int_equal(refer_query_set_flag(query, "flag", 1), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(
            refer_call(client, "echo", query, 30000, &listing), REFER_OK);
        assert_string_equal(
            refer_listing_get(listing, 0, "words"), "\xc3\xa9t\xc3\xa9");
        assert_true(refer_listing_number(listing, 0, "number") == INT64_MIN);
        assert_string_equal(refer_listing_get(listing, 0, "data"), "00ff");
        assert_string_equal(refer_listing_get(listing, 0, "flag"), "true");
        refer_listing_free(listing);
    }
    assert_int_equal(
        refer_call(client, "refuse", NULL, 30000, NULL), REFER_DENIED);
    assert_string_equal(refer_client_problem(client), "WORDING");
    refer_query_free(query);
    refer_client_free(client);
    local_socket_close(gateway.local);
    arena_release(&gateway.arena);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library_and_gateway_understand_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
