/*
 * signed_part.h - a SignedRequest or SignedReply by itself, to be compared with
 * what core/letter.h writes in place.
 */
#ifndef SUPPORT_SIGNED_PART_H
#define SUPPORT_SIGNED_PART_H

#include "core/codec_wire.h"
#include "core/envelope.h"

static inline struct slice signed_part_write(
    const struct signed_part *part, struct arena *arena)
{
    size_t size = wire_text_size(part->statement) +
                  wire_sized_size(SIGNATURE_SIZE) +
                  (part->key_id == 0 ? 0 : 1 + 8);
    uint8_t *begin = arena_take(arena, size);
    if (begin == NULL)
        return SLICE_NONE;
    uint8_t *at = begin + size;
    for (int i = 7; part->key_id != 0 && i >= 0; i--)
        *--at = (uint8_t)(part->key_id >> (8 * i));
    if (part->key_id != 0)
        *--at = 3 << 3 | 1; /* fixed64 */
    at = wire_sized_before(at, TAG_SIZED(2), SLICE_ARRAY(part->signature));
    (void)wire_text_before(at, TAG_SIZED(1), part->statement);
    return slice_of(begin, size);
}

#endif
