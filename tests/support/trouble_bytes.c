#include "support/trouble_bytes.h"

#include <stdlib.h>
#include <string.h>

#include "support/must.h"

#define DEPTH_MAX 8
#define NAMED_SIZE_MAX 24
#define HUGE_SIZE 5000
/* A change adds no more than that, or the field once more. */
#define GROWTH_MAX (HUGE_SIZE + 256)

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct field {
    uint32_t number;
    unsigned wire;
    uint64_t value;     /* of a varint */
    struct slice bytes; /* of the others, without a length */
    struct slice whole; /* with its tag */
};

static bool varint_read(struct slice *from, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; from->size > 0 && shift < 64; shift += 7) {
        uint8_t byte = *from->bytes;
        *from = slice_of(from->bytes + 1, from->size - 1);
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* Takes the next one off; false at the end, and where there is none. */
static bool field_next(struct slice *from, struct field *field)
{
    struct slice rest = *from;
    uint64_t tag;
    uint64_t size;
    if (!varint_read(&rest, &tag) || tag >> 3 == 0 || tag >> 3 > 64)
        return false;
    *field = (struct field){ .number = (uint32_t)(tag >> 3),
        .wire = (unsigned)(tag & 7) };
    if (field->wire == WIRE_VARINT) {
        if (!varint_read(&rest, &field->value))
            return false;
        size = 0;
    } else if (field->wire == WIRE_BYTES) {
        if (!varint_read(&rest, &size))
            return false;
    } else if (field->wire == WIRE_FIXED64 || field->wire == WIRE_FIXED32) {
        size = field->wire == WIRE_FIXED64 ? 8 : 4;
    } else {
        return false;
    }
    if (size > rest.size)
        return false;
    field->bytes = slice_of(rest.bytes, (size_t)size);
    rest = slice_of(rest.bytes + size, rest.size - (size_t)size);
    field->whole = slice_of(from->bytes, from->size - rest.size);
    *from = rest;
    return true;
}

static bool is_message(struct slice bytes)
{
    struct field field;
    if (bytes.size < 2)
        return false;
    while (field_next(&bytes, &field))
        ;
    return bytes.size == 0;
}

static bool has_parts(const struct field *field, unsigned depth)
{
    return field->wire == WIRE_BYTES && depth < DEPTH_MAX &&
           is_message(field->bytes);
}

static size_t count_from(struct slice message, unsigned depth)
{
    struct field field;
    size_t count = 0;
    while (field_next(&message, &field))
        count +=
            1 +
            (has_parts(&field, depth) ? count_from(field.bytes, depth + 1) : 0);
    return count;
}

size_t trouble_field_count(struct slice message)
{
    return count_from(message, 0);
}

/* ---- Places -------------------------------------------------------------- */

static uint64_t hashed(uint64_t hash, struct slice bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.bytes[i]) * 1099511628211u;
    return hash;
}

/* As operations, fields and records of programs are named. */
static bool is_name(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.bytes[i] < 'a' || text.bytes[i] > 'z') &&
            text.bytes[i] != '_' && text.bytes[i] != '.')
            return false;
    return text.size > 0 && text.size <= NAMED_SIZE_MAX;
}

static uint64_t name_hashed(uint64_t hash, struct slice message)
{
    struct field field;
    while (field_next(&message, &field))
        if (field.wire == WIRE_BYTES && is_name(field.bytes))
            return hashed(hash, field.bytes);
    return hash;
}

static bool place_in(
    struct slice message, unsigned depth, size_t *left, uint64_t *hash)
{
    struct field field;
    uint64_t outer = name_hashed(*hash, message);
    while (field_next(&message, &field)) {
        uint8_t number = (uint8_t)field.number;
        *hash = hashed(outer, slice_of(&number, 1));
        if ((*left)-- == 0)
            return true;
        if (has_parts(&field, depth) &&
            place_in(field.bytes, depth + 1, left, hash))
            return true;
    }
    return false;
}

uint64_t trouble_field_place(struct slice message, size_t index)
{
    uint64_t hash = 14695981039346656037u;
    MUST(place_in(message, 0, &index, &hash));
    return hash;
}

const char *trouble_change_name(enum trouble_change change)
{
    static const char *const names[CHANGE_COUNT] = { "dropped", "twice",
        "another number", "emptied", "more", "less", "huge", "turned",
        "unsound" };
    return names[change];
}

/* ---- Changes ------------------------------------------------------------- */

struct writer {
    uint8_t *bytes;
    size_t size;
    size_t left; /* fields until the one that is changed */
    bool done;
    enum trouble_change change;
};

static void varint_write(struct writer *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        out->bytes[out->size++] = (uint8_t)(value | 0x80);
    out->bytes[out->size++] = (uint8_t)value;
}

static void bytes_write(struct writer *out, struct slice bytes)
{
    if (bytes.size > 0)
        memcpy(out->bytes + out->size, bytes.bytes, bytes.size);
    out->size += bytes.size;
}

static void tag_write(struct writer *out, const struct field *field)
{
    varint_write(out, (uint64_t)field->number << 3 | field->wire);
}

static uint64_t number_changed(uint64_t value, enum trouble_change change)
{
    const uint64_t changed[CHANGE_COUNT] = { value, value,
        value, [CHANGE_EMPTY] = 0, [CHANGE_MORE] = value + 1,
        [CHANGE_LESS] = value - 1, [CHANGE_HUGE] = INT64_MAX,
        [CHANGE_TURNED] = UINT64_C(1) << 31, [CHANGE_UNSOUND] = UINT64_MAX };
    return changed[change];
}

static void text_changed(
    struct writer *out, struct slice text, enum trouble_change change)
{
    size_t size = text.size;
    if (change == CHANGE_EMPTY)
        size = 0;
    else if (change == CHANGE_LESS && size > 0)
        size--;
    size_t more = change == CHANGE_MORE   ? 1
                  : change == CHANGE_HUGE ? HUGE_SIZE
                                          : 0;
    varint_write(out, size + more);
    size_t start = out->size;
    bytes_write(out, slice_of(text.bytes, size));
    memset(out->bytes + out->size, 'x', more);
    out->size += more;
    if (change == CHANGE_TURNED && size > 0)
        out->bytes[start] ^= 1;
    if (change == CHANGE_UNSOUND && size > 0)
        out->bytes[start + size - 1] = 0xff;
}

static void field_changed(struct writer *out, struct field field)
{
    if (out->change == CHANGE_DROP)
        return;
    if (out->change == CHANGE_TWICE) {
        bytes_write(out, field.whole);
        bytes_write(out, field.whole);
        return;
    }
    if (out->change == CHANGE_TAG)
        field.number++;
    tag_write(out, &field);
    if (field.wire == WIRE_VARINT) {
        varint_write(out, number_changed(field.value, out->change));
    } else if (field.wire == WIRE_BYTES) {
        text_changed(out, field.bytes, out->change);
    } else {
        size_t start = out->size;
        bytes_write(out, field.bytes);
        out->bytes[start] ^= (uint8_t)(out->change == CHANGE_TURNED);
    }
}

static void message_write(
    struct writer *out, struct slice message, unsigned depth)
{
    struct field field;
    while (field_next(&message, &field)) {
        if (!out->done && out->left-- == 0) {
            out->done = true;
            field_changed(out, field);
            continue;
        }
        if (out->done || !has_parts(&field, depth) ||
            out->left >= count_from(field.bytes, depth + 1)) {
            if (!out->done && has_parts(&field, depth))
                out->left -= count_from(field.bytes, depth + 1);
            bytes_write(out, field.whole);
            continue;
        }
        struct writer inner = { .bytes = calloc(
                                    1, 2 * field.bytes.size + GROWTH_MAX),
            .left = out->left,
            .change = out->change };
        MUST(inner.bytes != NULL);
        message_write(&inner, field.bytes, depth + 1);
        out->done = true;
        tag_write(out, &field);
        varint_write(out, inner.size);
        bytes_write(out, slice_of(inner.bytes, inner.size));
        free(inner.bytes);
    }
    bytes_write(out, message);
}

struct slice trouble_changed(
    struct slice message, size_t index, enum trouble_change change)
{
    struct writer out = { .bytes = calloc(1, 2 * message.size + GROWTH_MAX),
        .left = index,
        .change = change };
    MUST(out.bytes != NULL);
    message_write(&out, message, 0);
    MUST(out.done);
    return slice_of(out.bytes, out.size);
}
