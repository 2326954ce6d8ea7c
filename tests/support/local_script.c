#include "support/local_script.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/limits.h"

/* A client that does not come is a failed test, not a hanging one. */
#define PATIENCE_MS 300000
/* The largest request and the largest reply, as bytes and as structures. */
#define ARENA_SIZE (16u * LOCAL_FRAME_SIZE_MAX)

void local_script_require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "local_script: %s\n", what);
    abort();
}

static void await(int fd)
{
    struct pollfd polled = { fd, POLLIN, 0 };
    local_script_require(poll(&polled, 1, PATIENCE_MS) == 1, "nobody came");
}

static void *run(void *user)
{
    struct local_script *script = user;
    script->play(script);
    return NULL;
}

void local_script_start(struct local_script *script,
    void (*play)(struct local_script *script), void *user)
{
    *script = (struct local_script){
        .folder = "/tmp/refer-test-XXXXXX", .play = play, .user = user, .fd = -1
    };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    local_script_require(mkdtemp(script->folder) != NULL, "mkdtemp");
    int size = snprintf(
        script->path, sizeof script->path, "%s/socket", script->folder);
    memcpy(address.sun_path, script->path, (size_t)size + 1);
    script->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    local_script_require(
        script->listener >= 0 &&
            bind(script->listener, (const struct sockaddr *)&address,
                sizeof address) == 0 &&
            listen(script->listener, 16) == 0,
        "listen");
    local_script_require(
        arena_init(&script->arena, ARENA_SIZE) == ERR_NONE, "memory");
    local_script_require(
        pthread_create(&script->thread, NULL, run, script) == 0, "thread");
}

void local_script_stop(struct local_script *script)
{
    local_script_require(pthread_join(script->thread, NULL) == 0, "join");
    local_script_close(script);
    (void)close(script->listener);
    (void)unlink(script->path);
    (void)rmdir(script->folder);
    arena_release(&script->arena);
}

/* ---- Connections ------------------------------------------------------- */

void local_script_accept(struct local_script *script)
{
    local_script_close(script);
    await(script->listener);
    script->fd = accept(script->listener, NULL, NULL);
    local_script_require(script->fd >= 0, "accept");
}

void local_script_close(struct local_script *script)
{
    if (script->fd >= 0)
        (void)close(script->fd);
    script->fd = -1;
}

void local_script_await_close(struct local_script *script)
{
    char byte;
    await(script->fd);
    local_script_require(
        recv(script->fd, &byte, 1, 0) <= 0, "the client sent more");
    local_script_close(script);
}

static void receive(struct local_script *script, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        await(script->fd);
        ssize_t got = recv(script->fd, bytes, size, 0);
        local_script_require(got > 0, "the client went away");
        bytes += got;
        size -= (size_t)got;
    }
}

/* ---- Requests and replies ---------------------------------------------- */

void local_script_expect(struct local_script *script, const char *operation)
{
    uint8_t head[4];
    receive(script, head, sizeof head);
    size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
                  (size_t)head[2] << 8 | head[3];
    local_script_require(size <= LOCAL_BATCH_SIZE_MAX, "too large");
    arena_reset(&script->arena);
    uint8_t *bytes = arena_take(&script->arena, size);
    local_script_require(bytes != NULL, "memory");
    receive(script, bytes, size);
    local_script_require(local_request_read(slice_of(bytes, size),
                             &script->arena, &script->request) == ERR_NONE,
        "not a request");
    if (slice_is(script->request.operation, operation))
        return;
    fprintf(stderr, "local_script: %s instead of %.*s\n", operation,
        (int)script->request.operation.size,
        (const char *)script->request.operation.bytes);
    abort();
}

static struct slice text_of(
    const struct local_field *fields, size_t count, const char *name)
{
    const struct local_field *field = local_field_get(fields, count, name);
    return field == NULL || field->type != LOCAL_TEXT ? SLICE_LITERAL("")
                                                      : field->bytes;
}

struct slice local_script_text(
    const struct local_script *script, const char *name)
{
    return text_of(script->request.fields, script->request.field_count, name);
}

struct slice local_script_record_text(
    const struct local_script *script, size_t i, const char *name)
{
    local_script_require(i < script->request.record_count, "too few records");
    const struct local_record *record = &script->request.records[i];
    return text_of(record->fields, record->field_count, name);
}

int64_t local_script_number(const struct local_script *script, const char *name)
{
    const struct local_field *field = local_field_get(
        script->request.fields, script->request.field_count, name);
    local_script_require(
        field != NULL && field->type == LOCAL_NUMBER, "no such number");
    return field->number;
}

struct slice local_script_frame(
    struct local_script *script, struct local_reply reply)
{
    reply.number = script->request.number;
    struct slice message = local_reply_write(&reply, &script->arena);
    local_script_require(message.bytes != NULL, "reply too large");
    uint8_t *frame = arena_take(&script->arena, message.size + 4);
    local_script_require(frame != NULL, "memory");
    frame[0] = (uint8_t)(message.size >> 24);
    frame[1] = (uint8_t)(message.size >> 16);
    frame[2] = (uint8_t)(message.size >> 8);
    frame[3] = (uint8_t)message.size;
    memcpy(frame + 4, message.bytes, message.size);
    return slice_of(frame, message.size + 4);
}

void local_script_send(
    struct local_script *script, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;
    while (size > 0) {
        ssize_t sent = send(script->fd, next, size, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* the client may close whenever it likes */
        next += sent;
        size -= (size_t)sent;
    }
}

void local_script_reply(struct local_script *script, struct local_reply reply)
{
    struct slice frame = local_script_frame(script, reply);
    local_script_send(script, frame.bytes, frame.size);
}

void local_script_answer_hello(struct local_script *script)
{
    struct local_field protocol = { .name = SLICE_LITERAL("protocol"),
        .type = LOCAL_NUMBER,
        .number = LOCAL_PROTOCOL };
    struct local_record gateway = { SLICE_LITERAL("gateway"), &protocol, 1 };
    local_script_expect(script, "hello");
    local_script_require(
        local_script_number(script, "protocol") == LOCAL_PROTOCOL, "protocol");
    local_script_reply(
        script, (struct local_reply){ .records = &gateway, .record_count = 1 });
}

void local_script_greet(struct local_script *script)
{
    local_script_accept(script);
    local_script_answer_hello(script);
}
