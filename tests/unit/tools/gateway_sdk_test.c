/* The real connection: over a Unix socket, with librefer, to a child process
 * that answers from a short script. Nothing here waits for a clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/local.h"
#include "referctl/gateway.h"
#include "support/scratch.h"

#define TIMEOUT_MS 10000

/* ---- The child ---- */

static bool read_exactly(int fd, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = read(fd, bytes, size);
        if (got <= 0)
            return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

static struct local_field text(const char *name, const char *value)
{
    return (struct local_field){ .name = slice_of_text(name),
        .type = LOCAL_TEXT,
        .bytes = slice_of_text(value) };
}

/* Answers one operation; the fields tell that the request came through. */
static struct local_reply answer(
    const struct local_request *request, struct arena *arena)
{
    struct local_field *fields = arena_take_array(arena, 5, sizeof *fields);
    struct local_record *record = arena_take(arena, sizeof *record);
    struct local_reply reply = {
        .number = request->number, .records = record, .record_count = 1
    };
    *record = (struct local_record){ SLICE_LITERAL("gateway"), fields, 5 };
    if (slice_is(request->operation, "hello")) {
        fields[0] = text("agency", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
        fields[1] = text("name", "Open Door");
        fields[2] = text("version", "0.1.0");
        fields[3] = text("rights", "read admin");
        fields[4] = (struct local_field){ .name = SLICE_LITERAL("protocol"),
            .type = LOCAL_NUMBER,
            .number = LOCAL_PROTOCOL };
        return reply;
    }
    if (slice_is(request->operation, "mou.sign")) {
        reply.record_count = 0;
        reply.err = ERR_POLICY;
        reply.problem = PROBLEM_ELEMENT_NOT_ALLOWED;
        reply.clause = SLICE_LITERAL("never_share[1]");
        reply.remedy = SLICE_LITERAL("leave it out");
        reply.message = SLICE_LITERAL("the agreement does not allow it");
        return reply;
    }
    if (slice_is(request->operation, "card.show")) {
        reply.record_count = 0;
        reply.err = ERR_NOT_FOUND;
        return reply;
    }
    if (slice_is(request->operation, "submit.many")) {
        static struct local_record both[2];
        struct local_field *refused =
            arena_take_array(arena, 4, sizeof *fields);
        refused[0] = (struct local_field){ .name = SLICE_LITERAL("error"),
            .type = LOCAL_NUMBER,
            .number = ERR_POLICY };
        refused[1] = text("problem", "CONSENT_SCOPE");
        refused[2] = text("clause", "grants[0]");
        refused[3] = text("remedy", "ask");
        fields[0] = text("id", "urn:uuid:1");
        both[0] = (struct local_record){ SLICE_LITERAL("referral"), fields, 1 };
        both[1] = (struct local_record){ SLICE_LITERAL("refusal"), refused, 4 };
        reply.records = both;
        reply.record_count = 2;
        if (request->record_count != 2)
            reply.err = ERR_INVALID;
        return reply;
    }
    /* echo: the first field, and how many records came */
    record->type = SLICE_LITERAL("echo");
    record->field_count = 4;
    fields[0] =
        request->field_count > 0 ? request->fields[0] : text("none", "none");
    fields[1] = (struct local_field){ .name = SLICE_LITERAL("records"),
        .type = LOCAL_NUMBER,
        .number = (int64_t)request->record_count };
    fields[2] = (struct local_field){
        .name = SLICE_LITERAL("flag"), .type = LOCAL_FLAG, .number = 1
    };
    fields[3] = (struct local_field){ .name = SLICE_LITERAL("bytes"),
        .type = LOCAL_DATA,
        .bytes = SLICE_LITERAL("\0\377x") };
    return reply;
}

static void serve(int fd)
{
    static uint8_t bytes[64 * 1024];
    uint8_t head[4];
    struct arena arena;
    if (arena_init(&arena, 1024 * 1024) != ERR_NONE)
        _exit(1);
    while (read_exactly(fd, head, sizeof head)) {
        size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
                      (size_t)head[2] << 8 | head[3];
        struct local_request request;
        arena_reset(&arena);
        if (size > sizeof bytes || !read_exactly(fd, bytes, size) ||
            local_request_read(slice_of(bytes, size), &arena, &request) !=
                ERR_NONE)
            _exit(1);
        struct local_reply reply = answer(&request, &arena);
        struct slice out = local_reply_write(&reply, &arena);
        head[0] = (uint8_t)(out.size >> 24);
        head[1] = (uint8_t)(out.size >> 16);
        head[2] = (uint8_t)(out.size >> 8);
        head[3] = (uint8_t)out.size;
        if (write(fd, head, sizeof head) != (ssize_t)sizeof head ||
            write(fd, out.bytes, out.size) != (ssize_t)out.size)
            _exit(1);
    }
    arena_release(&arena);
    _exit(0);
}

/* ---- The test ---- */

struct fixture {
    struct scratch scratch;
    char path[108];
    pid_t child;
    struct pool pool;
    struct gateway *gateway;
};

/* The socket listens before the child is there, so connecting never races. */
static void begin(struct fixture *fixture)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct reply reply;
    *fixture = (struct fixture){ .child = -1 };
    scratch_open(&fixture->scratch);
    const char *path = scratch_path(&fixture->scratch, "s");
    size_t size = strlen(path) + 1;
    assert_true(size <= sizeof address.sun_path);
    memcpy(address.sun_path, path, size);
    memcpy(fixture->path, path, size);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(listener >= 0);
    assert_int_equal(
        bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    fixture->child = fork();
    assert_true(fixture->child >= 0);
    if (fixture->child == 0)
        serve(accept(listener, NULL, NULL));
    (void)close(listener);
    fixture->gateway =
        gateway_connect(fixture->path, TIMEOUT_MS, &fixture->pool, &reply);
    assert_non_null(fixture->gateway);
}

static void end(struct fixture *fixture)
{
    int status = 0;
    fixture->gateway->close(fixture->gateway);
    assert_int_equal(waitpid(fixture->child, &status, 0), fixture->child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pool_release(&fixture->pool);
    scratch_remove(fixture->scratch.path);
}

static void fields_of_every_type_come_and_go(void **state)
{
    struct fixture fixture;
    struct request request = { .operation = "echo" };
    struct reply reply;
    (void)state;
    begin(&fixture);
    struct pool *pool = &fixture.pool;
    record_put_data(pool, &request.fields, "data", "\0\1\2", 3);
    record_put_text(
        pool, records_add(pool, &request.records, "detail"), "name", "offer");
    record_put_flag(
        pool, records_add(pool, &request.records, "grant"), "may", true);
    fixture.gateway->call(fixture.gateway, &request, TIMEOUT_MS, pool, &reply);
    assert_int_equal(reply.code, EXIT_CODE_DONE);
    assert_int_equal(reply.records.count, 1);
    const struct record *echo = &reply.records.items[0];
    assert_string_equal(echo->type, "echo");
    assert_int_equal(record_get(echo, "data").type, VALUE_DATA);
    assert_int_equal(record_get(echo, "data").size, 3);
    assert_memory_equal(record_get(echo, "data").bytes, "\0\1\2", 3);
    assert_int_equal(record_get(echo, "records").type, VALUE_NUMBER);
    assert_int_equal(record_number(echo, "records"), 2);
    assert_int_equal(record_get(echo, "flag").type, VALUE_FLAG);
    assert_true(record_flag(echo, "flag"));
    assert_memory_equal(record_get(echo, "bytes").bytes, "\0\377x", 3);
    end(&fixture);
}

static void refusals_keep_clause_and_remedy(void **state)
{
    struct fixture fixture;
    struct request request = { .operation = "mou.sign" };
    struct reply reply;
    (void)state;
    begin(&fixture);
    fixture.gateway->call(
        fixture.gateway, &request, TIMEOUT_MS, &fixture.pool, &reply);
    assert_int_equal(reply.code, EXIT_CODE_REFUSED);
    assert_string_equal(reply.problem, "ELEMENT_NOT_ALLOWED");
    assert_string_equal(reply.clause, "never_share[1]");
    assert_string_equal(reply.remedy, "leave it out");
    assert_true(reply.message[0] != '\0');
    request.operation = "card.show";
    fixture.gateway->call(
        fixture.gateway, &request, TIMEOUT_MS, &fixture.pool, &reply);
    assert_int_equal(reply.code, EXIT_CODE_NOT_FOUND);
    end(&fixture);
}

static void many_referrals_have_an_answer_each(void **state)
{
    struct fixture fixture;
    struct records referral = { 0 };
    struct reply reply;
    (void)state;
    begin(&fixture);
    struct gateway *gateway = fixture.gateway;
    struct pool *pool = &fixture.pool;
    struct record *record = records_add(pool, &referral, "referral");
    record_put_text(pool, record, "to", "abc");
    record_put_number(pool, record, "consent_at_ms", 5);
    record = records_add(pool, &referral, "element");
    record_put_text(pool, record, "code", "call_name");
    record_put_text(pool, record, "value", "Sasha");
    record = records_add(pool, &referral, "grant");
    record_put_text(pool, record, "to", "abc");
    record_put_text(pool, record, "purpose", "care");
    record_put_text(pool, record, "elements", "call_name");
    record_put_number(pool, record, "until_ms", 9);
    /* twice: a batch that was answered is empty */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gateway->add(gateway, &referral, "", pool, &reply),
            GATEWAY_REFUSED);
        assert_int_equal(reply.code, EXIT_CODE_REFUSED);
        assert_int_equal(gateway->add(gateway, &referral, "k1", pool, &reply),
            GATEWAY_ADDED);
        assert_int_equal(gateway->add(gateway, &referral, "k2", pool, &reply),
            GATEWAY_ADDED);
        gateway->submit(gateway, TIMEOUT_MS, pool, &reply);
        assert_int_equal(reply.code, EXIT_CODE_DONE);
        assert_int_equal(reply.records.count, 2);
        record = &reply.records.items[0];
        assert_string_equal(record->type, "referral");
        assert_string_equal(record_text(record, "id"), "urn:uuid:1");
        record = &reply.records.items[1];
        assert_string_equal(record->type, "refusal");
        assert_string_equal(record_text(record, "problem"), "CONSENT_SCOPE");
        assert_string_equal(record_text(record, "clause"), "grants[0]");
        assert_string_equal(record_text(record, "remedy"), "ask");
        assert_true(record_text(record, "message")[0] != 0);
    }
    end(&fixture);
}

static void a_gateway_that_is_not_there_is_unreachable(void **state)
{
    struct pool pool = { 0 };
    struct reply reply;
    (void)state;
    assert_null(
        gateway_connect("/nonexistent/referd.sock", TIMEOUT_MS, &pool, &reply));
    assert_int_equal(reply.code, EXIT_CODE_UNREACHABLE);
    assert_non_null(strstr(reply.remedy, "/nonexistent/referd.sock"));
    pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_every_type_come_and_go),
        cmocka_unit_test(refusals_keep_clause_and_remedy),
        cmocka_unit_test(many_referrals_have_an_answer_each),
        cmocka_unit_test(a_gateway_that_is_not_there_is_unreachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
