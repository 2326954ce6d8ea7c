/*
 * mutate.c - what a fuzzer of protobuf does to a message beside changing bytes:
 * fields change places, stand twice, go, nest into each other, get another
 * content of fitting length, and lie about their length. MUTATE_FROM bytes
 * stand before the message (a target's selector). Half of all mutations are
 * libFuzzer's own.
 *
 * Whether bytes are a message inside or not is guessed: any that can be read as
 * fields are.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_COUNT_MAX 128u
#define DEPTH_MAX 8u
#define VARINT_SIZE_MAX 10u

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);
size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t capacity, unsigned seed);

/* Where a field stands: its tag, where there is one its length, its content. */
struct field {
    size_t tag;
    size_t length; /* the same as content: there is none */
    size_t content;
    size_t end;
    size_t parent; /* FIELD_COUNT_MAX: the message itself */
};

struct message {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    struct field fields[FIELD_COUNT_MAX];
    size_t count;
    uint32_t random;
};

static uint32_t draw(struct message *message, size_t below)
{
    uint32_t value = message->random;
    value ^= value << 13 & UINT32_MAX;
    value ^= value >> 17;
    value ^= value << 5 & UINT32_MAX;
    message->random = value;
    return value % (uint32_t)below;
}

/* ---- Reading ------------------------------------------------------------- */

static bool varint_read(
    const struct message *message, size_t *at, size_t end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = message->bytes[(*at)++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool field_read(
    const struct message *message, size_t at, size_t end, struct field *field)
{
    uint64_t tag;
    uint64_t value;
    field->tag = at;
    if (!varint_read(message, &at, end, &tag) || tag >> 3 == 0)
        return false;
    field->length = at;
    field->content = at;
    switch (tag & 7) {
    case 0:
        if (!varint_read(message, &at, end, &value))
            return false;
        field->end = at;
        return true;
    case 1:
        field->end = at + 8;
        return end - at >= 8;
    case 2:
        if (!varint_read(message, &at, end, &value) || value > end - at)
            return false;
        field->content = at;
        field->end = at + (size_t)value;
        return true;
    default:
        return false;
    }
}

/* Adds the fields from there on; false and none when it is no message. */
static bool fields_read(struct message *message, size_t at, size_t end,
    size_t parent, unsigned depth)
{
    size_t before = message->count;
    while (at < end && message->count < FIELD_COUNT_MAX) {
        struct field field = { .parent = parent };
        if (!field_read(message, at, end, &field)) {
            message->count = before;
            return false;
        }
        size_t index = message->count++;
        message->fields[index] = field;
        if (field.length < field.content && depth < DEPTH_MAX)
            (void)fields_read(
                message, field.content, field.end, index, depth + 1);
        at = field.end;
    }
    return true;
}

/* ---- Writing ------------------------------------------------------------- */

static size_t varint_write(uint64_t value, uint8_t bytes[VARINT_SIZE_MAX])
{
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value & 0x7f) | 0x80;
    bytes[size++] = (uint8_t)value;
    return size;
}

/* Other bytes in the place of those; false: there is no room. */
static bool replace(struct message *message, size_t at, size_t old_size,
    const uint8_t *bytes, size_t size)
{
    if (message->size - old_size + size > message->capacity)
        return false;
    memmove(message->bytes + at + size, message->bytes + at + old_size,
        message->size - at - old_size);
    if (size > 0)
        memcpy(message->bytes + at, bytes, size);
    message->size = message->size - old_size + size;
    return true;
}

/* The same, and all that it stands in is as long as it says. The fields are
 * then no longer where they were. */
static void replace_within(struct message *message, size_t parent, size_t at,
    size_t old_size, const uint8_t *bytes, size_t size)
{
    if (!replace(message, at, old_size, bytes, size))
        return;
    size_t grown = size - old_size; /* wraps when it shrank, and back again */
    while (parent < FIELD_COUNT_MAX) {
        const struct field *field = &message->fields[parent];
        uint8_t length[VARINT_SIZE_MAX];
        size_t length_size =
            varint_write(field->end - field->content + grown, length);
        if (!replace(message, field->length, field->content - field->length,
                length, length_size))
            return;
        grown += length_size - (field->content - field->length);
        parent = field->parent;
    }
}

/* ---- Mutations ----------------------------------------------------------- */

static uint8_t *copy_of(
    const struct message *message, const struct field *field, size_t *size)
{
    *size = field->end - field->tag;
    uint8_t *bytes = malloc(*size + 1);
    if (bytes != NULL)
        memcpy(bytes, message->bytes + field->tag, *size);
    return bytes;
}

static void field_swap(struct message *message, const struct field *field)
{
    const struct field *next = field;
    do
        next++;
    while (next < message->fields + message->count &&
           next->parent != field->parent);
    if (next == message->fields + message->count)
        return;
    size_t size;
    size_t next_size = next->end - next->tag;
    uint8_t *bytes = copy_of(message, field, &size);
    if (bytes == NULL)
        return;
    memmove(message->bytes + field->tag, message->bytes + next->tag, next_size);
    memcpy(message->bytes + field->tag + next_size, bytes, size);
    free(bytes);
}

static void field_double(struct message *message, const struct field *field)
{
    size_t size;
    uint8_t *bytes = copy_of(message, field, &size);
    if (bytes != NULL)
        replace_within(message, field->parent, field->end, 0, bytes, size);
    free(bytes);
}

static void field_drop(struct message *message, const struct field *field)
{
    replace_within(
        message, field->parent, field->tag, field->end - field->tag, NULL, 0);
}

/* At the end of another one's content, or before its first. */
static void field_nest(struct message *message, const struct field *field)
{
    size_t host = draw(message, message->count);
    const struct field *into = &message->fields[host];
    size_t size;
    if (into->length == into->content)
        return;
    uint8_t *bytes = copy_of(message, field, &size);
    if (bytes != NULL)
        replace_within(message, host,
            draw(message, 2) == 0 ? into->content : into->end, 0, bytes, size);
    free(bytes);
}

static const uint64_t edges[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x3fff,
    0x4000, 0xffff, 0x10000, 0x1fffff, 0x7fffffff, 0x80000000, 0xffffffff,
    0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX };

static uint64_t edge_draw(struct message *message)
{
    return edges[draw(message, sizeof edges / sizeof *edges)];
}

/* A length that is wrong, by one or by much. */
static void field_lie(struct message *message, const struct field *field)
{
    uint8_t length[VARINT_SIZE_MAX];
    if (field->length == field->content)
        return;
    uint64_t true_size = field->end - field->content;
    uint64_t choices[] = { true_size + 1, true_size - 1, edge_draw(message) };
    size_t size = varint_write(choices[draw(message, 3)], length);
    (void)replace(
        message, field->length, field->content - field->length, length, size);
}

/* Another content: of a number an edge, of others what libFuzzer makes. */
static void field_vary(struct message *message, const struct field *field)
{
    uint8_t number[VARINT_SIZE_MAX];
    size_t size = field->end - field->content;
    if (field->length == field->content && size != 8) {
        size_t number_size = varint_write(edge_draw(message), number);
        replace_within(
            message, field->parent, field->content, size, number, number_size);
        return;
    }
    size_t capacity = size + 64;
    uint8_t *bytes = malloc(capacity);
    if (bytes == NULL)
        return;
    memcpy(bytes, message->bytes + field->content, size);
    size_t other_size = LLVMFuzzerMutate(
        bytes, size, field->length == field->content ? size : capacity);
    size_t within = field->length == field->content
                        ? field->parent
                        : (size_t)(field - message->fields);
    replace_within(message, within, field->content, size, bytes, other_size);
    free(bytes);
}

static void (*const mutations[])(
    struct message *message, const struct field *field) = { field_swap,
    field_double, field_drop, field_nest, field_lie, field_vary };

size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t capacity, unsigned seed)
{
    static struct message message;
    message = (struct message){ .random = seed * 2654435761u | 1 };
    if (size <= MUTATE_FROM || draw(&message, 2) == 0)
        return LLVMFuzzerMutate(data, size, capacity);
    message.bytes = data + MUTATE_FROM;
    message.size = size - MUTATE_FROM;
    message.capacity = capacity - MUTATE_FROM;
    if (!fields_read(&message, 0, message.size, FIELD_COUNT_MAX, 0))
        return LLVMFuzzerMutate(data, size, capacity);
    mutations[draw(&message, sizeof mutations / sizeof *mutations)](
        &message, &message.fields[draw(&message, message.count)]);
    return MUTATE_FROM + message.size;
}
