/*
 * codec.h - strict protobuf, shared by the codec_*.c files: the only ones that
 * see protobuf-c.
 *
 * Reading (codec_unpack.c) fills an arena, whose limit bounds what it unfolds
 * to, and refuses what protobuf-c's own reader lets pass: unknown fields and
 * values of enums, text that is not UTF-8 or holds NUL or control characters,
 * and any encoding but the canonical one (so that packing what was read gives
 * the same bytes: no duplicates, no overlong numbers, no other order).
 * Nothing read is ever packed again to be verified: signatures cover the
 * bytes that were carried.
 */
#ifndef CORE_CODEC_H
#define CORE_CODEC_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * The message, in the arena; *out is NULL on error.
 *   ERR_MALFORMED  as above
 *   ERR_LIMIT      more than size_max bytes, or the arena is full
 */
MUST_USE enum err codec_unpack(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, size_t size_max, struct arena *arena,
    const ProtobufCMessage **out);

/* The same, but fields of bytes are where they were read: a parcel goes through
 * five messages, one inside the other. Texts are copied, for their ends. */
MUST_USE enum err codec_unpack_borrowing(
    const ProtobufCMessageDescriptor *descriptor, struct slice bytes,
    size_t size_max, struct arena *arena, const ProtobufCMessage **out);

/* Packed into the arena; SLICE_NONE when it is full. */
struct slice codec_pack(const ProtobufCMessage *message, struct arena *arena);

static inline struct slice codec_slice(ProtobufCBinaryData data)
{
    return slice_of(data.data, data.len);
}

/* protobuf-c never writes to what it packs; its types do not say so. */
static inline ProtobufCBinaryData codec_data(struct slice slice)
{
    return (
        ProtobufCBinaryData){ slice.size, (uint8_t *)(uintptr_t)slice.bytes };
}

/* Zero-terminated text of a slice, in the arena; NULL when it is full. */
char *codec_text(struct slice slice, struct arena *arena);

/* Copies exactly `size` bytes; ERR_MALFORMED when there are more or fewer. */
MUST_USE enum err codec_fixed(
    ProtobufCBinaryData data, void *bytes, size_t size);

#endif
