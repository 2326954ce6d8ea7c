/*
 * codec_wire.h - parts of the one canonical encoding: numbers in their shortest
 * form, sizes within what is there.
 */
#ifndef CORE_CODEC_WIRE_H
#define CORE_CODEC_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* ---- Read ---------------------------------------------------------------- */

/* *rest moves behind what was read; false, and it means nothing any more, when
 * that is no such part. */
static inline bool wire_varint(struct slice *rest, uint64_t *value)
{
    *value = 0;
    if (rest->size > 0 && rest->bytes[0] < 0x80) { /* most have one byte */
        *value = rest->bytes[0];
        *rest = slice_of(rest->bytes + 1, rest->size - 1);
        return true;
    }
    for (size_t i = 0; i < rest->size && i < 10; i++) {
        uint8_t byte = rest->bytes[i];
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0)
            continue;
        if (byte == 0 || (i == 9 && byte > 1)) /* no 0 alone comes here */
            return false;
        *rest = slice_of(rest->bytes + i + 1, rest->size - i - 1);
        return true;
    }
    return false;
}

/* A size and so many bytes. */
static inline bool wire_sized(struct slice *rest, struct slice *bytes)
{
    uint64_t size;
    if (!wire_varint(rest, &size) || size > rest->size)
        return false;
    *bytes = slice_of(rest->bytes, (size_t)size);
    *rest = slice_of(rest->bytes + size, rest->size - (size_t)size);
    return true;
}

/* ---- Written, from the end ----------------------------------------------- */

/* All is counted first; then each is written before what follows it, where the
 * size of a part is known when its head is. Tags have one byte. */
#define TAG_VARINT(number) ((uint8_t)((number) << 3))
#define TAG_SIZED(number) ((uint8_t)((number) << 3 | 2))

static inline size_t wire_varint_size(uint64_t value)
{
    size_t size = 1;
    while ((value >>= 7) > 0)
        size++;
    return size;
}

/* With its tag. */
static inline size_t wire_sized_size(size_t size)
{
    return 1 + wire_varint_size(size) + size;
}

/* What is nothing is left out, unless it was chosen among several. */
static inline size_t wire_text_size(struct slice text)
{
    return text.size == 0 ? 0 : wire_sized_size(text.size);
}

static inline size_t wire_number_size(uint64_t number)
{
    return number == 0 ? 0 : 1 + wire_varint_size(number);
}

static inline uint8_t *wire_varint_before(uint8_t *end, uint64_t value)
{
    uint8_t *begin = end - wire_varint_size(value);
    uint8_t *at = begin;
    for (; value > 0x7f; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at = (uint8_t)value;
    return begin;
}

static inline uint8_t *wire_tagged_before(
    uint8_t *end, uint8_t tag, uint64_t value)
{
    uint8_t *begin = wire_varint_before(end, value) - 1;
    *begin = tag;
    return begin;
}

/* The head of a part that was written up to `end`. */
static inline uint8_t *wire_head_before(
    uint8_t *begin, uint8_t tag, const uint8_t *end)
{
    return wire_tagged_before(begin, tag, (uint64_t)(end - begin));
}

static inline uint8_t *wire_sized_before(
    uint8_t *end, uint8_t tag, struct slice bytes)
{
    end -= bytes.size;
    if (bytes.size > 0)
        memcpy(end, bytes.bytes, bytes.size);
    return wire_tagged_before(end, tag, bytes.size);
}

static inline uint8_t *wire_text_before(
    uint8_t *end, uint8_t tag, struct slice text)
{
    return text.size == 0 ? end : wire_sized_before(end, tag, text);
}

static inline uint8_t *wire_number_before(
    uint8_t *end, uint8_t tag, uint64_t number)
{
    return number == 0 ? end : wire_tagged_before(end, tag, number);
}

#endif
