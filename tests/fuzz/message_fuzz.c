/*
 * Bodies of requests and replies, entries and envelopes from any bytes. The
 * first byte says which; what is read must be written as the same bytes again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/entry.h"
#include "core/envelope.h"
#include "core/limits.h"
#include "core/message.h"
#include "support/must.h"
#include "support/signed_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads, and writes what was read. */
typedef enum err reader(
    struct slice bytes, struct arena *arena, struct slice *again);

#define READER(name)                                                           \
    static enum err name##_again(                                              \
        struct slice bytes, struct arena *arena, struct slice *again)          \
    {                                                                          \
        struct name name;                                                      \
        enum err err = name##_read(bytes, arena, &name);                       \
        if (err == ERR_NONE)                                                   \
            *again = name##_write(&name, arena);                               \
        return err;                                                            \
    }

READER(deliver)
READER(collect)
READER(head)
READER(introduce)
READER(cosigned)
READER(fetch)
READER(fetched)
READER(generation_end)
READER(behind)
READER(conflict)
READER(entry_header)
READER(answer)
READER(envelope_header)
READER(signed_part)
READER(reply_shell)

static enum err busy_again(
    struct slice bytes, struct arena *arena, struct slice *again)
{
    uint32_t retry_after_ms;
    enum err err = busy_read(bytes, arena, &retry_after_ms);
    if (err == ERR_NONE)
        *again = busy_write(retry_after_ms, arena);
    return err;
}

static enum err refusal_again(
    struct slice bytes, struct arena *arena, struct slice *again)
{
    enum refusal_code code;
    enum err err = refusal_read(bytes, arena, &code);
    if (err == ERR_NONE)
        *again = refusal_write(code, arena);
    return err;
}

static enum err envelope_again(
    struct slice bytes, struct arena *arena, struct slice *again)
{
    struct slice header;
    struct slice ciphertext;
    enum err err = envelope_read(bytes, arena, &header, &ciphertext);
    if (err == ERR_NONE)
        *again = envelope_write(header, ciphertext, arena);
    return err;
}

static enum err request_again(
    struct slice bytes, struct arena *arena, struct slice *again)
{
    struct request request;
    enum err err = request_statement_read(bytes, arena, &request);
    if (err == ERR_NONE)
        *again = request_statement_write(&request, arena);
    return err;
}

static enum err reply_again(
    struct slice bytes, struct arena *arena, struct slice *again)
{
    struct reply reply;
    enum err err = reply_statement_read(bytes, arena, &reply);
    if (err == ERR_NONE)
        *again = reply_statement_write(&reply, arena);
    return err;
}

/* Corpus files begin with the index: append only. */
static reader *const readers[] = {
    deliver_again,
    head_again,
    cosigned_again,
    behind_again,
    conflict_again,
    busy_again,
    refusal_again,
    entry_header_again,
    answer_again,
    envelope_header_again,
    envelope_again,
    request_again,
    reply_again,
    signed_part_again,
    reply_shell_again,
    collect_again,
    introduce_again,
    fetch_again,
    fetched_again,
    generation_end_again,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* kept: taking and wiping it costs more than all the rest */
    static struct arena arena;
    struct slice again = SLICE_NONE;
    if (size < 1)
        return 0;
    if (arena.capacity == 0)
        MUST(arena_init(&arena, DECODE_ARENA_SIZE) == ERR_NONE);
    struct slice bytes = slice_of(data + 1, size - 1);
    enum err err = readers[data[0] % (sizeof readers / sizeof *readers)](
        bytes, &arena, &again);
    MUST(err == ERR_NONE || err == ERR_MALFORMED || err == ERR_LIMIT);
    if (err == ERR_NONE)
        MUST(slice_equal(again, bytes));
    arena_reset(&arena);
    return 0;
}
