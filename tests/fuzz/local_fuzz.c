/*
 * Requests of local clients and replies to them from any bytes. The first byte
 * says which; what is read must be written as the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/codec.h"
#include "core/limits.h"
#include "core/local.h"

#include "refer/v1/local.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

/* The reader of all other messages takes it, too. */
static void check_canonical(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, struct arena *arena)
{
    const ProtobufCMessage *message;
    MUST(codec_unpack(descriptor, bytes, bytes.size, arena, &message) ==
         ERR_NONE);
}

static void check_request(struct slice bytes, struct arena *arena)
{
    struct local_request request;
    if (local_request_read(bytes, arena, &request) != ERR_NONE)
        return;
    MUST(request.operation.size > 0);
    MUST(request.operation.size <= CODE_SIZE_MAX);
    for (size_t i = 0; i < request.field_count; i++)
        MUST(request.fields[i].type != LOCAL_NONE);
    MUST(slice_equal(local_request_write(&request, arena), bytes));
    check_canonical(&refer__v1__local_request__descriptor, bytes, arena);
}

static void check_reply(struct slice bytes, struct arena *arena)
{
    struct local_reply reply;
    if (local_reply_read(bytes, arena, &reply) != ERR_NONE)
        return;
    MUST(reply.err < ERR_COUNT);
    MUST(reply.problem < PROBLEM_COUNT);
    MUST(slice_equal(local_reply_write(&reply, arena), bytes));
    check_canonical(&refer__v1__local_reply__descriptor, bytes, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* kept: taking and wiping it costs more than all the rest */
    static struct arena arena;
    if (size < 1)
        return 0;
    if (arena.capacity == 0)
        MUST(arena_init(&arena, DECODE_ARENA_SIZE) == ERR_NONE);
    struct slice bytes = slice_of(data + 1, size - 1);
    if ((data[0] & 1) == 0)
        check_request(bytes, &arena);
    else
        check_reply(bytes, &arena);
    arena_reset(&arena);
    return 0;
}
