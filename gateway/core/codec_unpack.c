/*
 * Reads the one canonical encoding of a message and nothing else, in one pass
 * and straight into the structures of protobuf-c: to unpack with the runtime
 * and pack again to compare took three times as long. What the schema uses is
 * what is known here: no groups, no packed fields, and of repeated ones only
 * texts and messages.
 */
#include "core/codec.h"

#include "base/text.h"
#include "core/codec_wire.h"

#include <assert.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_SIZED = 2 };

struct reader {
    struct arena *arena;
    bool borrows; /* bytes stay where they are */
    enum err err; /* the first sticks */
};

static bool fail(struct reader *reader, enum err err)
{
    if (reader->err == ERR_NONE)
        reader->err = err;
    return false;
}

static void *take(struct reader *reader, size_t size)
{
    void *memory = arena_take(reader->arena, size);
    if (memory == NULL)
        (void)fail(reader, ERR_LIMIT);
    return memory;
}

/* ---- Parts of an encoding ----------------------------------------------- */

static bool varint_read(
    struct reader *reader, struct slice *rest, uint64_t *value)
{
    return wire_varint(rest, value) || fail(reader, ERR_MALFORMED);
}

static bool tag_read(struct reader *reader, struct slice *rest, uint32_t *id,
    enum wire_type *type)
{
    uint64_t tag;
    if (!varint_read(reader, rest, &tag))
        return false;
    if (tag > UINT32_MAX)
        return fail(reader, ERR_MALFORMED);
    *id = (uint32_t)tag >> 3;
    *type = (enum wire_type)(tag & 7);
    return true;
}

static bool sized_read(
    struct reader *reader, struct slice *rest, struct slice *bytes)
{
    return wire_sized(rest, bytes) || fail(reader, ERR_MALFORMED);
}

static bool fixed64_read(
    struct reader *reader, struct slice *rest, uint64_t *value)
{
    if (rest->size < 8)
        return fail(reader, ERR_MALFORMED);
    *value = 0;
    for (size_t i = 0; i < 8; i++)
        *value |= (uint64_t)rest->bytes[i] << (8 * i);
    *rest = slice_of(rest->bytes + 8, rest->size - 8);
    return true;
}

/* ---- Values ------------------------------------------------------------- */

static ProtobufCMessage *message_read(struct reader *reader,
    const ProtobufCMessageDescriptor *descriptor, struct slice bytes);

static char *text_read(struct reader *reader, struct slice bytes)
{
    if (!text_is_utf8(bytes, TEXT_CONTROLS_LAYOUT)) {
        (void)fail(reader, ERR_MALFORMED);
        return NULL;
    }
    char *text = take(reader, bytes.size + 1);
    if (text != NULL && bytes.size > 0)
        memcpy(text, bytes.bytes, bytes.size);
    return text;
}

/* `says_default`: the value may be the one that is otherwise left out. */
static bool number_read(struct reader *reader,
    const ProtobufCFieldDescriptor *field, uint64_t number, bool says_default,
    uint8_t *member)
{
    uint32_t number_32 = (uint32_t)number;
    bool is_sound = number != 0 || says_default;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        is_sound = is_sound && number <= UINT32_MAX;
        memcpy(member, &number_32, sizeof number_32);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        is_sound = is_sound && number <= 1;
        memcpy(member, &(protobuf_c_boolean){ number != 0 },
            sizeof(protobuf_c_boolean));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        is_sound = is_sound && number <= INT32_MAX &&
                   protobuf_c_enum_descriptor_get_value(
                       field->descriptor, (int)number_32) != NULL;
        memcpy(member, &number_32, sizeof number_32);
        break;
    default: /* of 64 bits */
        assert(field->type == PROTOBUF_C_TYPE_UINT64 ||
               field->type == PROTOBUF_C_TYPE_INT64 ||
               field->type == PROTOBUF_C_TYPE_FIXED64);
        memcpy(member, &number, sizeof number);
        break;
    }
    if (!is_sound)
        return fail(reader, ERR_MALFORMED);
    return true;
}

static bool text_field_read(struct reader *reader, struct slice bytes,
    bool says_default, uint8_t *member)
{
    if (bytes.size == 0 && !says_default)
        return fail(reader, ERR_MALFORMED);
    char *text = text_read(reader, bytes);
    memcpy(member, &text, sizeof text);
    return text != NULL;
}

static bool bytes_field_read(struct reader *reader, struct slice bytes,
    bool says_default, uint8_t *member)
{
    ProtobufCBinaryData data = { .len = bytes.size };
    if (bytes.size == 0 && !says_default)
        return fail(reader, ERR_MALFORMED);
    if (bytes.size == 0)
        return true;
    if (reader->borrows) {
        data = codec_data(bytes);
    } else {
        data.data = take(reader, bytes.size);
        if (data.data == NULL)
            return false;
        memcpy(data.data, bytes.bytes, bytes.size);
    }
    memcpy(member, &data, sizeof data);
    return true;
}

static bool part_read(struct reader *reader,
    const ProtobufCFieldDescriptor *field, struct slice bytes, uint8_t *member)
{
    ProtobufCMessage *part = message_read(reader, field->descriptor, bytes);
    memcpy(member, &part, sizeof part);
    return part != NULL;
}

static enum wire_type wire_type_of(const ProtobufCFieldDescriptor *field)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_FIXED64:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_SIZED;
    default:
        return WIRE_VARINT;
    }
}

static bool value_read(struct reader *reader,
    const ProtobufCFieldDescriptor *field, bool says_default,
    struct slice *rest, uint8_t *member)
{
    struct slice bytes;
    uint64_t number;
    enum wire_type type = wire_type_of(field);
    if (type == WIRE_VARINT)
        return varint_read(reader, rest, &number) &&
               number_read(reader, field, number, says_default, member);
    if (type == WIRE_FIXED64)
        return fixed64_read(reader, rest, &number) &&
               number_read(reader, field, number, says_default, member);
    if (!sized_read(reader, rest, &bytes))
        return false;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return part_read(reader, field, bytes, member);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return text_field_read(reader, bytes, says_default, member);
    return bytes_field_read(reader, bytes, says_default, member);
}

/* ---- Fields ------------------------------------------------------------- */

static bool is_next(struct slice rest, uint32_t id)
{
    struct reader probe = { .err = ERR_NONE };
    uint32_t next;
    enum wire_type type;
    return tag_read(&probe, &rest, &next, &type) && next == id &&
           type == WIRE_SIZED;
}

/* Items of that field from here on: what stands apart is in no order. */
static size_t items_count(struct slice rest, uint32_t id)
{
    struct reader probe = { .err = ERR_NONE };
    uint32_t next;
    enum wire_type type;
    struct slice bytes;
    size_t count = 0;
    do
        count++;
    while (sized_read(&probe, &rest, &bytes) && is_next(rest, id) &&
           tag_read(&probe, &rest, &next, &type));
    return count;
}

/* The first's tag was read. */
static bool items_read(struct reader *reader,
    const ProtobufCFieldDescriptor *field, struct slice *rest, uint8_t *message)
{
    size_t count = items_count(*rest, field->id);
    void **items = take(reader, count * sizeof *items);
    uint32_t id;
    enum wire_type type;
    assert(field->type == PROTOBUF_C_TYPE_STRING ||
           field->type == PROTOBUF_C_TYPE_MESSAGE);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        if ((i > 0 && !tag_read(reader, rest, &id, &type)) ||
            !value_read(reader, field, true, rest, (uint8_t *)&items[i]))
            return false;
    memcpy(message + field->offset, &items, sizeof items);
    memcpy(message + field->quantifier_offset, &count, sizeof count);
    return true;
}

/* One of several that exclude each other is said even where it is nothing. */
static bool chosen_read(struct reader *reader,
    const ProtobufCFieldDescriptor *field, struct slice *rest, uint8_t *message)
{
    uint32_t chosen;
    memcpy(&chosen, message + field->quantifier_offset, sizeof chosen);
    if (chosen != 0)
        return fail(reader, ERR_MALFORMED);
    memcpy(message + field->quantifier_offset, &field->id, sizeof field->id);
    return value_read(reader, field, true, rest, message + field->offset);
}

static bool field_read(struct reader *reader,
    const ProtobufCFieldDescriptor *field, struct slice *rest, uint8_t *message)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return items_read(reader, field, rest, message);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        return chosen_read(reader, field, rest, message);
    return value_read(reader, field, false, rest, message + field->offset);
}

/* Recurses as deep as the schema nests, which is not recursive itself. */
static ProtobufCMessage *message_read(struct reader *reader,
    const ProtobufCMessageDescriptor *descriptor, struct slice bytes)
{
    ProtobufCMessage *message = take(reader, descriptor->sizeof_message);
    unsigned next = 0; /* the fields stand in the order of their numbers */
    if (message == NULL)
        return NULL;
    protobuf_c_message_init(descriptor, message);
    while (bytes.size > 0) {
        uint32_t id;
        enum wire_type type;
        if (!tag_read(reader, &bytes, &id, &type))
            return NULL;
        while (next < descriptor->n_fields && descriptor->fields[next].id < id)
            next++;
        const ProtobufCFieldDescriptor *field = &descriptor->fields[next];
        if (next == descriptor->n_fields || field->id != id ||
            type != wire_type_of(field)) {
            (void)fail(reader, ERR_MALFORMED);
            return NULL;
        }
        next++;
        if (!field_read(reader, field, &bytes, (uint8_t *)message))
            return NULL;
    }
    return message;
}

static enum err unpack(struct reader *reader,
    const ProtobufCMessageDescriptor *descriptor, struct slice bytes,
    size_t size_max, const ProtobufCMessage **out)
{
    *out = NULL;
    if (bytes.size > size_max)
        return ERR_LIMIT;
    const ProtobufCMessage *message = message_read(reader, descriptor, bytes);
    if (reader->err == ERR_NONE)
        *out = message;
    return reader->err;
}

enum err codec_unpack(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, size_t size_max, struct arena *arena,
    const ProtobufCMessage **out)
{
    struct reader reader = { .arena = arena };
    return unpack(&reader, descriptor, bytes, size_max, out);
}

enum err codec_unpack_borrowing(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, size_t size_max, struct arena *arena,
    const ProtobufCMessage **out)
{
    struct reader reader = { .arena = arena, .borrows = true };
    return unpack(&reader, descriptor, bytes, size_max, out);
}
