#include "core/codec.h"

#include "base/text.h"

#include <string.h>

/* The runtime does not say why it gave up, so it is remembered here. */
struct memory {
    struct arena *arena;
    bool is_exhausted;
};

static void *memory_alloc(void *user, size_t size)
{
    struct memory *memory = user;
    void *block = arena_take(memory->arena, size);
    memory->is_exhausted |= block == NULL;
    return block;
}

static void memory_free(void *user, void *block)
{
    (void)user;
    (void)block; /* the arena is reset as a whole */
}

static bool message_is_clean(const ProtobufCMessage *message);

static bool value_is_clean(
    const ProtobufCFieldDescriptor *field, const void *value)
{
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return text_is_utf8(
            slice_of_text(*(char *const *)value), TEXT_CONTROLS_LAYOUT);
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return protobuf_c_enum_descriptor_get_value(
                   field->descriptor, *(const int *)value) != NULL;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *part = *(ProtobufCMessage *const *)value;
        return part == NULL || message_is_clean(part);
    }
    return true;
}

static size_t value_size(const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE ||
        field->type == PROTOBUF_C_TYPE_STRING)
        return sizeof(void *);
    return sizeof(int);
}

static bool field_is_clean(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const uint8_t *base = (const uint8_t *)message;
    const void *member = base + field->offset;
    if (field->type != PROTOBUF_C_TYPE_STRING &&
        field->type != PROTOBUF_C_TYPE_ENUM &&
        field->type != PROTOBUF_C_TYPE_MESSAGE)
        return true;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        bool in_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        if (in_oneof) {
            uint32_t chosen;
            memcpy(&chosen, base + field->quantifier_offset, sizeof chosen);
            if (chosen != field->id)
                return true;
        }
        return value_is_clean(field, member);
    }
    size_t count;
    memcpy(&count, base + field->quantifier_offset, sizeof count);
    const uint8_t *values = *(uint8_t *const *)member;
    for (size_t i = 0; i < count; i++)
        if (!value_is_clean(field, values + i * value_size(field)))
            return false;
    return true;
}

/* Recurses as deep as the schema nests, which is not recursive itself. */
static bool message_is_clean(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields != 0)
        return false;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (!field_is_clean(message, &message->descriptor->fields[i]))
            return false;
    return true;
}

/* A buffer that compares instead of storing: equal as long as `rest` is. */
struct comparison {
    ProtobufCBuffer base;
    struct slice rest;
    bool differs;
};

static void compare_append(
    ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
    struct comparison *comparison = (struct comparison *)buffer;
    if (size == 0)
        return; /* the address of no bytes may be none */
    if (comparison->differs || size > comparison->rest.size ||
        memcmp(comparison->rest.bytes, bytes, size) != 0) {
        comparison->differs = true;
        return;
    }
    comparison->rest =
        slice_of(comparison->rest.bytes + size, comparison->rest.size - size);
}

static bool is_canonical(const ProtobufCMessage *message, struct slice bytes)
{
    struct comparison comparison = {
        .base = { .append = compare_append },
        .rest = bytes,
    };
    protobuf_c_message_pack_to_buffer(message, &comparison.base);
    return !comparison.differs && comparison.rest.size == 0;
}

enum err codec_unpack(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, size_t size_max, struct arena *arena,
    const ProtobufCMessage **out)
{
    static const uint8_t nothing[1] = { 0 };
    struct memory memory = { arena, false };
    ProtobufCAllocator allocator = { memory_alloc, memory_free, &memory };
    *out = NULL;
    if (bytes.size > size_max)
        return ERR_LIMIT;
    const ProtobufCMessage *message = protobuf_c_message_unpack(descriptor,
        &allocator, bytes.size, bytes.bytes != NULL ? bytes.bytes : nothing);
    if (message == NULL)
        return memory.is_exhausted ? ERR_LIMIT : ERR_MALFORMED;
    if (!message_is_clean(message) || !is_canonical(message, bytes))
        return ERR_MALFORMED;
    *out = message;
    return ERR_NONE;
}

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
