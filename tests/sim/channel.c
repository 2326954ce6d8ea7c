/*
 * channel.c - sdk/channel.h inside this process: the library's connection is a
 * program's to its gateway, its clock the simulated one, and where it would
 * wait in poll() its fiber yields. All above this line is the real library.
 */
#include "channel.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sim/world.h"

struct sdk_deadline sdk_deadline_in(int32_t timeout_ms)
{
    int64_t now_ms = program_running()->world->scheduler.now_ms;
    return (struct sdk_deadline){
        .at_ms = now_ms + (timeout_ms > 0 ? timeout_ms : 0),
        .is_never = timeout_ms < 0,
    };
}

int sdk_deadline_left_ms(struct sdk_deadline deadline)
{
    int64_t left = deadline.at_ms - program_running()->world->scheduler.now_ms;
    if (deadline.is_never)
        return -1;
    if (left <= 0)
        return 0;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

refer_status sdk_channel_init(struct sdk_channel *channel)
{
    *channel = (struct sdk_channel){ .fd = -1, .interrupt = { -1, -1 } };
    return REFER_OK;
}

void sdk_channel_release(struct sdk_channel *channel)
{
    sdk_channel_disconnect(channel);
}

refer_status sdk_channel_connect(
    struct sdk_channel *channel, const char *path, struct sdk_deadline deadline)
{
    (void)path;
    (void)deadline;
    if (!program_connect(program_running()))
        return REFER_DISCONNECTED;
    channel->fd = 0;
    return REFER_OK;
}

void sdk_channel_disconnect(struct sdk_channel *channel)
{
    if (channel->fd >= 0)
        program_disconnect(program_running());
    channel->fd = -1;
    sdk_memory_free(channel->in);
    channel->in = NULL;
    channel->in_size = 0;
}

/* A frame that comes in parts, up to now: they follow each other at once. */
static struct {
    uint8_t *bytes;
    size_t size;
} part;

static bool part_add(const uint8_t *bytes, size_t size)
{
    uint8_t *grown = realloc(part.bytes, part.size + size + 1);
    if (grown == NULL)
        abort();
    if (size > 0)
        memcpy(grown + part.size, bytes, size);
    part.bytes = grown;
    part.size += size;
    if (part.size < SDK_FRAME_HEADER_SIZE)
        return false;
    size_t whole = SDK_FRAME_HEADER_SIZE;
    whole += (size_t)grown[0] << 24 | (size_t)grown[1] << 16 |
             (size_t)grown[2] << 8 | (size_t)grown[3];
    return part.size >= whole;
}

static void part_forget(void)
{
    free(part.bytes);
    part.bytes = NULL;
    part.size = 0;
}

/* A kernel takes what it is given, or says that the other end is gone; what
 * was taken may still be lost. */
refer_status sdk_channel_send(struct sdk_channel *channel, const uint8_t *frame,
    size_t size, struct sdk_deadline deadline)
{
    (void)channel;
    (void)deadline;
    if (!part_add(frame, size))
        return REFER_OK;
    bool is_sent = program_send(
        program_running(), slice_of(part.bytes + SDK_FRAME_HEADER_SIZE,
                               part.size - SDK_FRAME_HEADER_SIZE));
    part_forget();
    return is_sent ? REFER_OK : REFER_DISCONNECTED;
}

static refer_status letter_take(
    struct sdk_channel *channel, struct program *program)
{
    struct letter *letter = program->first;
    channel->in = sdk_memory_take(letter->size + 1);
    if (channel->in == NULL)
        return REFER_NO_MEMORY;
    memcpy(channel->in, letter->bytes, letter->size);
    channel->in_size = letter->size;
    program->first = letter->next_queued;
    if (program->first == NULL)
        program->last = NULL;
    letter_free(&program->world->letters, letter);
    return REFER_OK;
}

static refer_status wait(struct program *program, struct sdk_deadline deadline)
{
    program_wait(program, deadline.is_never ? -1 : deadline.at_ms);
    if (!CHANCE(program->world, interrupt_permille))
        return REFER_OK;
    TALLY(program->world, program_interrupts);
    return REFER_INTERRUPTED;
}

refer_status sdk_channel_receive(struct sdk_channel *channel,
    struct sdk_deadline deadline, const uint8_t **message, size_t *size)
{
    struct program *program = program_running();
    while (channel->in == NULL) {
        refer_status status = REFER_OK;
        if (program->world->is_over)
            return REFER_INTERRUPTED;
        if (program->first != NULL)
            status = letter_take(channel, program);
        else if (program->client == 0)
            return REFER_DISCONNECTED;
        else if (sdk_deadline_left_ms(deadline) == 0)
            return REFER_TIMEOUT;
        else
            status = wait(program, deadline);
        if (status != REFER_OK)
            return status;
    }
    *message = channel->in;
    *size = channel->in_size;
    return REFER_OK;
}

void sdk_channel_consume(struct sdk_channel *channel)
{
    sdk_memory_free(channel->in);
    channel->in = NULL;
    channel->in_size = 0;
}

bool sdk_channel_is_open(struct sdk_channel *channel)
{
    const struct program *program = program_running();
    return channel->fd >= 0 && (channel->in != NULL || program->first != NULL ||
                                   program->client != 0);
}

void sdk_channel_interrupt(struct sdk_channel *channel)
{
    (void)channel; /* nobody does: a program has one fiber */
}

bool sdk_channel_take_interrupt(struct sdk_channel *channel)
{
    (void)channel;
    return program_running()->world->is_over;
}
