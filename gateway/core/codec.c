#include "core/codec.h"

#include <string.h>

struct slice codec_pack(const ProtobufCMessage *message, struct arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = arena_take(arena, size + 1);
    if (bytes == NULL)
        return SLICE_NONE;
    return slice_of(bytes, protobuf_c_message_pack(message, bytes));
}

char *codec_text(struct slice slice, struct arena *arena)
{
    return arena_text(arena, slice);
}

enum err codec_fixed(ProtobufCBinaryData data, void *bytes, size_t size)
{
    if (data.len != size)
        return ERR_MALFORMED;
    if (size > 0)
        memcpy(bytes, data.data, size);
    return ERR_NONE;
}
