/*
 * codec_wire.h - parts of the one canonical encoding, for who reads it: numbers
 * in their shortest form, sizes within what is there. *rest moves behind what
 * was read; false, and it means nothing any more, when that is no such part.
 */
#ifndef CORE_CODEC_WIRE_H
#define CORE_CODEC_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Below 2^64. */
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
        if ((byte == 0 && i > 0) || (i == 9 && byte > 1))
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

#endif
