/*
 * frame.h - frames on a byte stream: a size as 4 big-endian bytes, then that
 * many bytes. Reads piece by piece, never more than one frame ahead, and uses
 * memory as the bytes arrive: a declared size alone costs at most
 * FRAME_FIRST_SIZE. Knows no socket; one reader belongs to one thread at a
 * time. What a reader held is wiped before it is freed.
 */
#ifndef IO_FRAME_H
#define IO_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define FRAME_HEAD_SIZE 4u
/* Taken on the word of the size alone; most frames need no second piece. */
#define FRAME_FIRST_SIZE (64u * 1024)

struct frame_reader {
    size_t size_min; /* of what follows the head */
    size_t size_max;
    uint8_t head[FRAME_HEAD_SIZE];
    size_t head_size; /* bytes of the head that are here */
    size_t size;      /* declared, once the head is complete */
    size_t received;  /* of `size` */
    uint8_t *bytes;
    size_t capacity;
};

/* Frames below size_min or above size_max bytes are errors. */
void frame_reader_init(
    struct frame_reader *reader, size_t size_min, size_t size_max);

/* Wipes, frees; the reader can then be initialised again. */
void frame_reader_release(struct frame_reader *reader);

/* A new upper limit, from the next head on. */
void frame_reader_limit(struct frame_reader *reader, size_t size_max);

/*
 * Takes bytes from the front of *input until it is empty or one frame is
 * complete, which *complete then says; the frame must be left with
 * frame_reader_next() before the next call. After an error the reader can
 * only be released.
 *
 *   ERR_LIMIT      a frame above size_max was declared; nothing was allocated
 *   ERR_MALFORMED  a frame below size_min was declared
 *   ERR_NO_MEMORY
 */
MUST_USE enum err frame_reader_feed(
    struct frame_reader *reader, struct slice *input, bool *complete);

/*
 * The same in two steps, for who can put bytes where they belong: room for the
 * next ones, 1 to FRAME_FIRST_SIZE, and then how many of them are there.
 */
MUST_USE enum err frame_reader_room(
    struct frame_reader *reader, uint8_t **bytes, size_t *size);
MUST_USE enum err frame_reader_filled(
    struct frame_reader *reader, size_t count, bool *complete);

/* Bytes that the frame still lacks; 0 while its size is not known. */
size_t frame_reader_missing(const struct frame_reader *reader);

/* The complete frame without its head; borrowed until frame_reader_next(). */
struct slice frame_reader_frame(const struct frame_reader *reader);

/* Wipes and forgets the frame. */
void frame_reader_next(struct frame_reader *reader);

/* The same, but the complete frame is the caller's, to be given to free(). */
uint8_t *frame_reader_take(struct frame_reader *reader);

/* Between two frames, with no byte of a next one. */
bool frame_reader_is_idle(const struct frame_reader *reader);

/* Heap bytes in use now, those of the next room among them. */
size_t frame_reader_held(const struct frame_reader *reader);

/* `size` as a head; at most UINT32_MAX, which is asserted. */
void frame_head(uint8_t head[FRAME_HEAD_SIZE], size_t size);

#endif
