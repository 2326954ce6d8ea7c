#include "io/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void frame_reader_init(
    struct frame_reader *reader, size_t size_min, size_t size_max)
{
    *reader = (struct frame_reader){
        .size_min = size_min,
        .size_max = size_max,
    };
}

static void wipe(uint8_t *bytes, size_t size)
{
    if (size == 0)
        return;
    memset(bytes, 0, size);
    /* the compiler must not drop the wipe of memory that is freed next */
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

uint8_t *frame_reader_take(struct frame_reader *reader)
{
    uint8_t *bytes = reader->bytes;
    reader->bytes = NULL;
    reader->capacity = 0;
    reader->head_size = 0;
    reader->size = 0;
    reader->received = 0;
    return bytes;
}

void frame_reader_next(struct frame_reader *reader)
{
    wipe(reader->bytes, reader->received);
    free(frame_reader_take(reader));
}

void frame_reader_release(struct frame_reader *reader)
{
    frame_reader_next(reader);
}

void frame_reader_limit(struct frame_reader *reader, size_t size_max)
{
    reader->size_max = size_max;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static enum err head_filled(struct frame_reader *reader, size_t count)
{
    reader->head_size += count;
    if (reader->head_size < FRAME_HEAD_SIZE)
        return ERR_NONE;
    reader->size = (size_t)reader->head[0] << 24 |
                   (size_t)reader->head[1] << 16 |
                   (size_t)reader->head[2] << 8 | (size_t)reader->head[3];
    if (reader->size > reader->size_max)
        return ERR_LIMIT;
    if (reader->size < reader->size_min)
        return ERR_MALFORMED;
    return ERR_NONE;
}

/* All of it, once its beginning is here: memory that nothing was written to
 * yet costs nothing. Not realloc, which may leave a copy behind that is never
 * wiped. */
static enum err grow(struct frame_reader *reader)
{
    size_t capacity = reader->size;
    if (reader->capacity == 0)
        capacity = smaller(capacity, FRAME_FIRST_SIZE);
    uint8_t *bytes = malloc(capacity);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    if (reader->received > 0)
        memcpy(bytes, reader->bytes, reader->received);
    wipe(reader->bytes, reader->received);
    free(reader->bytes);
    reader->bytes = bytes;
    reader->capacity = capacity;
    return ERR_NONE;
}

static size_t room(const struct frame_reader *reader)
{
    return smaller(reader->capacity - reader->received, FRAME_FIRST_SIZE);
}

enum err frame_reader_room(
    struct frame_reader *reader, uint8_t **bytes, size_t *size)
{
    if (reader->head_size < FRAME_HEAD_SIZE) {
        *bytes = reader->head + reader->head_size;
        *size = FRAME_HEAD_SIZE - reader->head_size;
        return ERR_NONE;
    }
    assert(reader->received < reader->size);
    if (reader->received == reader->capacity) {
        enum err err = grow(reader);
        if (err != ERR_NONE)
            return err;
    }
    *bytes = reader->bytes + reader->received;
    *size = room(reader);
    return ERR_NONE;
}

enum err frame_reader_filled(
    struct frame_reader *reader, size_t count, bool *complete)
{
    enum err err = ERR_NONE;
    if (reader->head_size < FRAME_HEAD_SIZE)
        err = head_filled(reader, count);
    else
        reader->received += count;
    *complete = err == ERR_NONE && reader->head_size == FRAME_HEAD_SIZE &&
                reader->received == reader->size;
    return err;
}

enum err frame_reader_feed(
    struct frame_reader *reader, struct slice *input, bool *complete)
{
    *complete = false;
    while (input->size > 0 && !*complete) {
        uint8_t *bytes;
        size_t size;
        enum err err = frame_reader_room(reader, &bytes, &size);
        if (err != ERR_NONE)
            return err;
        size = smaller(size, input->size);
        memcpy(bytes, input->bytes, size);
        *input = slice_of(input->bytes + size, input->size - size);
        err = frame_reader_filled(reader, size, complete);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

size_t frame_reader_missing(const struct frame_reader *reader)
{
    return reader->head_size < FRAME_HEAD_SIZE
               ? 0
               : reader->size - reader->received;
}

struct slice frame_reader_frame(const struct frame_reader *reader)
{
    return slice_of(reader->bytes, reader->size);
}

bool frame_reader_is_idle(const struct frame_reader *reader)
{
    return reader->head_size == 0;
}

size_t frame_reader_held(const struct frame_reader *reader)
{
    return reader->received + room(reader);
}

void frame_head(uint8_t head[FRAME_HEAD_SIZE], size_t size)
{
    assert(size <= UINT32_MAX);
    head[0] = (uint8_t)(size >> 24);
    head[1] = (uint8_t)(size >> 16);
    head[2] = (uint8_t)(size >> 8);
    head[3] = (uint8_t)size;
}
