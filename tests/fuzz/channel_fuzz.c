/*
 * What the library reads from its socket, in pieces of any size: the frames
 * are those that one look at the whole input finds, one too large ends it, and
 * so does the end. The first byte sets the size of the pieces.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "fuzz/file.h"
#include "memory.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_SIZE_MAX 65536u /* what a socket takes at once */

static const struct sdk_deadline now = { .at_ms = 0 };

struct line {
    struct sdk_channel channel;
    int other;         /* its end of the socket */
    struct slice rest; /* written or to be, and not yet explained by frames */
};

static void line_open(struct line *line, struct slice all)
{
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    MUST(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    MUST(sdk_channel_init(&line->channel) == REFER_OK);
    line->channel.fd = ends[0];
    line->other = ends[1];
    line->rest = all;
}

/* The size that the next frame claims; false when there is no head. */
static bool look(struct slice rest, size_t *claimed)
{
    *claimed = 0;
    for (size_t i = 0; i < SDK_FRAME_HEADER_SIZE; i++)
        *claimed = *claimed * 256 + (i < rest.size ? rest.bytes[i] : 0);
    return rest.size >= SDK_FRAME_HEADER_SIZE;
}

/* Takes all frames that are there; `sent` bytes of the rest were written.
 * False: it is over. */
static bool take(struct line *line, size_t *sent)
{
    for (;;) {
        const uint8_t *message = NULL;
        size_t size = 0;
        size_t claimed;
        bool has_head = look(slice_of(line->rest.bytes, *sent), &claimed);
        refer_status status =
            sdk_channel_receive(&line->channel, now, &message, &size);
        MUST((status == REFER_PROTOCOL) ==
             (has_head && claimed > SDK_MESSAGE_SIZE_MAX));
        if (status == REFER_PROTOCOL)
            return false;
        bool is_whole = has_head && claimed <= *sent - SDK_FRAME_HEADER_SIZE;
        MUST(status == (is_whole ? REFER_OK : REFER_TIMEOUT));
        if (!is_whole)
            return true;
        MUST(size == claimed);
        MUST(slice_equal(slice_of(message, size),
            slice_of(line->rest.bytes + SDK_FRAME_HEADER_SIZE, size)));
        sdk_channel_consume(&line->channel);
        size += SDK_FRAME_HEADER_SIZE;
        line->rest = slice_of(line->rest.bytes + size, line->rest.size - size);
        *sent -= size;
    }
}

static void play(struct line *line, size_t piece_size)
{
    size_t sent = 0;
    bool goes_on = take(line, &sent);
    while (goes_on && sent < line->rest.size) {
        size_t left = line->rest.size - sent;
        size_t piece = left < piece_size ? left : piece_size;
        file_write(line->other, slice_of(line->rest.bytes + sent, piece));
        sent += piece;
        goes_on = take(line, &sent);
    }
    MUST(close(line->other) == 0);
    if (goes_on) {
        const uint8_t *message;
        size_t size;
        MUST(sdk_channel_receive(&line->channel, now, &message, &size) ==
             REFER_DISCONNECTED);
        MUST(!sdk_channel_is_open(&line->channel));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line line;
    if (size < 1 || size > INPUT_SIZE_MAX)
        return 0;
    line_open(&line, slice_of(data + 1, size - 1));
    play(&line, (size_t)data[0] + 1);
    sdk_channel_release(&line.channel);
    MUST(sdk_memory_held() == 0);
    return 0;
}
