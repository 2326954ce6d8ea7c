/*
 * Frames from any bytes, cut into any pieces. The first byte sets the sizes of
 * the pieces, the second the limits. What comes out must be what one look at
 * the whole input finds, and memory must follow the data.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/frame.h"

/* All of a frame is one block, of which what was not written is no memory. */
#define SHIFT_MAX 24u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

/* What the reader should say of the bytes at `at`: a naive look. */
static enum err look(struct slice rest, size_t min, size_t max, size_t *frame)
{
    *frame = SIZE_MAX;
    if (rest.size < FRAME_HEAD_SIZE)
        return ERR_NONE;
    uint64_t declared = 0;
    for (size_t i = 0; i < FRAME_HEAD_SIZE; i++)
        declared = declared * 256 + rest.bytes[i];
    if (declared > max)
        return ERR_LIMIT;
    if (declared < min)
        return ERR_MALFORMED;
    if (declared <= rest.size - FRAME_HEAD_SIZE)
        *frame = (size_t)declared;
    return ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t piece_size = (size_t)data[0] + 1;
    size_t min = data[1] & 7u;
    size_t max = (size_t)1 << (data[1] >> 3) % (SHIFT_MAX + 1);
    struct slice all = slice_of(data + 2, size - 2);
    struct slice rest = all; /* not yet explained by whole frames */
    size_t given = 0;
    struct frame_reader reader;
    enum err err = ERR_NONE;

    frame_reader_init(&reader, min, max);
    while (given < all.size && err == ERR_NONE) {
        size_t left = all.size - given;
        struct slice piece =
            slice_of(all.bytes + given, left < piece_size ? left : piece_size);
        given += piece.size;
        do {
            bool complete;
            size_t frame;
            err = frame_reader_feed(&reader, &piece, &complete);
            MUST(frame_reader_held(&reader) <=
                 reader.received + FRAME_FIRST_SIZE);
            size_t seen = (size_t)(piece.bytes - rest.bytes);
            enum err want = look(slice_of(rest.bytes, seen), min, max, &frame);
            MUST(err == want);
            MUST(complete == (err == ERR_NONE && frame != SIZE_MAX));
            if (!complete)
                continue;
            struct slice got = frame_reader_frame(&reader);
            MUST(slice_equal(
                got, slice_of(rest.bytes + FRAME_HEAD_SIZE, frame)));
            MUST(frame + FRAME_HEAD_SIZE == seen);
            rest = slice_of(rest.bytes + seen, rest.size - seen);
            frame_reader_next(&reader);
            MUST(frame_reader_is_idle(&reader));
        } while (err == ERR_NONE && piece.size > 0);
    }
    frame_reader_release(&reader);
    MUST(frame_reader_held(&reader) == 0);
    return 0;
}
