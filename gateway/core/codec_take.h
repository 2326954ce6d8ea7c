/*
 * codec_take.h - fields of the one canonical encoding, taken by hand in the
 * order of their numbers, straight into what the core works with. What is
 * nothing is left out, so that a field is there or has its default.
 */
#ifndef CORE_CODEC_TAKE_H
#define CORE_CODEC_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/text.h"
#include "core/codec_wire.h"

struct taker {
    struct arena *arena;
    enum err err; /* the first sticks */
};

static inline void take_fail(struct taker *taker, enum err err)
{
    if (taker->err == ERR_NONE)
        taker->err = err;
}

/* All of a message must have been taken. */
static inline void take_end(struct taker *taker, struct slice rest)
{
    if (rest.size > 0)
        take_fail(taker, ERR_MALFORMED);
}

/* Takes the tag if it is next: each has one byte. */
static inline bool take_tag(struct slice *rest, uint8_t tag)
{
    if (rest->size == 0 || rest->bytes[0] != tag)
        return false;
    *rest = slice_of(rest->bytes + 1, rest->size - 1);
    return true;
}

/* ---- Values, behind their tags ------------------------------------------- */

/* Nothing is left of *rest where it is no such value. */
static inline struct slice take_sized(struct taker *taker, struct slice *rest)
{
    struct slice bytes = SLICE_NONE;
    if (wire_sized(rest, &bytes))
        return bytes;
    take_fail(taker, ERR_MALFORMED);
    *rest = SLICE_NONE;
    return SLICE_NONE;
}

static inline uint64_t take_varint(
    struct taker *taker, struct slice *rest, uint64_t max)
{
    uint64_t value;
    if (wire_varint(rest, &value) && value <= max)
        return value;
    take_fail(taker, ERR_MALFORMED);
    *rest = SLICE_NONE;
    return 0;
}

static inline struct slice take_text_value(
    struct taker *taker, struct slice *rest)
{
    struct slice text = take_sized(taker, rest);
    if (!text_is_utf8(text, TEXT_CONTROLS_LAYOUT))
        take_fail(taker, ERR_MALFORMED);
    return text;
}

/* ---- Fields -------------------------------------------------------------- */

/* Where it was read; "" where it is left out. */
static inline struct slice take_text(
    struct taker *taker, struct slice *rest, uint8_t tag)
{
    if (!take_tag(rest, tag))
        return SLICE_LITERAL("");
    struct slice text = take_text_value(taker, rest);
    if (text.size == 0)
        take_fail(taker, ERR_MALFORMED);
    return text;
}

static inline uint64_t take_number(
    struct taker *taker, struct slice *rest, uint8_t tag, uint64_t max)
{
    if (!take_tag(rest, tag))
        return 0;
    uint64_t number = take_varint(taker, rest, max);
    if (number == 0)
        take_fail(taker, ERR_MALFORMED);
    return number;
}

/* How many with that tag are next. */
static inline size_t take_count(struct slice rest, uint8_t tag)
{
    struct slice bytes;
    size_t count = 0;
    while (take_tag(&rest, tag) && wire_sized(&rest, &bytes))
        count++;
    return count;
}

/* Room for so many items; NULL, and it has failed, beyond `max` or where the
 * arena is full. */
static inline void *take_room(
    struct taker *taker, size_t count, size_t max, size_t size)
{
    void *items = count > max || taker->err != ERR_NONE
                      ? NULL
                      : arena_take_array(taker->arena, count, size);
    if (items == NULL)
        take_fail(taker, ERR_LIMIT);
    return items;
}

#endif
