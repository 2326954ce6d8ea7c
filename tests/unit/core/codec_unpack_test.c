/*
 * Does the reader of messages read what protobuf-c's own runtime reads and
 * would write again just so, and nothing else? Messages are made at random from
 * the schema, and then damaged.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "core/codec.h"
#include "refer/v1/card.pb-c.h"
#include "refer/v1/ledger.pb-c.h"
#include "refer/v1/local.pb-c.h"
#include "refer/v1/mou.pb-c.h"
#include "refer/v1/referral.pb-c.h"
#include "refer/v1/request.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MESSAGE_COUNT 150 /* of each kind */
#define DAMAGE_COUNT 40   /* of each message */

/* ---- As the runtime does it --------------------------------------------- */

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

static enum err runtime_unpack(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, struct arena *arena, const ProtobufCMessage **out)
{
    static const uint8_t nothing[1] = { 0 };
    struct memory memory = { arena, false };
    ProtobufCAllocator allocator = { memory_alloc, memory_free, &memory };
    *out = NULL;
    const ProtobufCMessage *message = protobuf_c_message_unpack(descriptor,
        &allocator, bytes.size, bytes.bytes != NULL ? bytes.bytes : nothing);
    if (message == NULL)
        return memory.is_exhausted ? ERR_LIMIT : ERR_MALFORMED;
    if (!message_is_clean(message) || !is_canonical(message, bytes))
        return ERR_MALFORMED;
    *out = message;
    return ERR_NONE;
}

/* ---- Messages at random -------------------------------------------------- */

static uint64_t seed = 20261129;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static void message_fill(const ProtobufCMessageDescriptor *descriptor,
    void *message, struct arena *arena);

static char *text_draw(struct arena *arena)
{
    static const char *const texts[] = { "", "a", "words of some size",
        "\xc3\xa9\n\t", "\xf0\x9f\x98\x80" };
    return arena_text(arena, slice_of_text(texts[draw(COUNT(texts))]));
}

static void value_fill(
    const ProtobufCFieldDescriptor *field, uint8_t *member, struct arena *arena)
{
    static const uint64_t numbers[] = { 0, 1, 2, 127, 128, 300, 1u << 31,
        UINT32_MAX, 1ull << 32, 1ull << 63, UINT64_MAX };
    uint64_t number = numbers[draw(COUNT(numbers))];
    uint32_t number_32 = (uint32_t)number;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        char *text = text_draw(arena);
        memcpy(member, &text, sizeof text);
        return;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData data = { draw(40), arena_take(arena, 40) };
        memset(data.data, (int)draw(256), 40);
        memcpy(member, &data, sizeof data);
        return;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessageDescriptor *descriptor = field->descriptor;
        void *part = arena_take(arena, descriptor->sizeof_message);
        message_fill(descriptor, part, arena);
        memcpy(member, &part, sizeof part);
        return;
    }
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *values = field->descriptor;
        int value = values->values[draw(values->n_values)].value;
        memcpy(member, &value, sizeof value);
        return;
    }
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(member, &(protobuf_c_boolean){ (int)draw(2) },
            sizeof(protobuf_c_boolean));
        return;
    case PROTOBUF_C_TYPE_UINT32:
        memcpy(member, &number_32, sizeof number_32);
        return;
    default:
        memcpy(member, &number, sizeof number);
        return;
    }
}

static void items_fill(const ProtobufCFieldDescriptor *field, uint8_t *message,
    struct arena *arena)
{
    size_t count = draw(4);
    void **items = arena_take_array(arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++)
        value_fill(field, (uint8_t *)&items[i], arena);
    memcpy(message + field->offset, &items, sizeof items);
    memcpy(message + field->quantifier_offset, &count, sizeof count);
}

static void message_fill(const ProtobufCMessageDescriptor *descriptor,
    void *message, struct arena *arena)
{
    protobuf_c_message_init(descriptor, message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        uint8_t *base = message;
        if (draw(3) == 0)
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            items_fill(field, base, arena);
            continue;
        }
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
            memcpy(
                base + field->quantifier_offset, &field->id, sizeof field->id);
        value_fill(field, base + field->offset, arena);
    }
}

/* ---- The two compared --------------------------------------------------- */

static const ProtobufCMessageDescriptor *const descriptors[] = {
    &refer__v1__signed_card__descriptor,
    &refer__v1__card__descriptor,
    &refer__v1__key_sheet__descriptor,
    &refer__v1__entry_header__descriptor,
    &refer__v1__deliver__descriptor,
    &refer__v1__answer__descriptor,
    &refer__v1__local_request__descriptor,
    &refer__v1__local_reply__descriptor,
    &refer__v1__mou__descriptor,
    &refer__v1__referral_event__descriptor,
    &refer__v1__envelope_header__descriptor,
    &refer__v1__request__descriptor,
    &refer__v1__head__descriptor,
    &refer__v1__reply_envelope__descriptor,
};

/* True when both read it. */
static bool compare(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, struct arena *arena)
{
    const ProtobufCMessage *expected;
    const ProtobufCMessage *message;
    size_t used = arena->used;
    enum err wanted = runtime_unpack(descriptor, bytes, arena, &expected);
    enum err err = codec_unpack(descriptor, bytes, bytes.size, arena, &message);
    assert_int_equal(err, wanted);
    assert_int_equal(message != NULL, err == ERR_NONE);
    if (err == ERR_NONE) {
        assert_true(message_is_clean(message));
        assert_true(is_canonical(message, bytes));
    }
    arena_rewind(arena, used);
    return err == ERR_NONE;
}

static struct slice damage(struct slice bytes, struct arena *arena)
{
    uint8_t *copy = arena_take(arena, 2 * bytes.size + 8);
    size_t at = draw((uint32_t)bytes.size + 1);
    size_t size = draw(6);
    if (bytes.size > 0)
        memcpy(copy, bytes.bytes, bytes.size);
    if (size > bytes.size - at)
        size = bytes.size - at;
    switch (draw(5)) {
    case 0: /* another bit */
        copy[at] ^= (uint8_t)(1u << draw(8));
        return slice_of(copy, bytes.size);
    case 1: /* cut */
        return slice_of(copy, at);
    case 2: /* some are missing */
        memmove(copy + at, copy + at + size, bytes.size - at - size);
        return slice_of(copy, bytes.size - size);
    case 3: /* some stand twice */
        memmove(copy + at + size, copy + at, bytes.size - at);
        return slice_of(copy, bytes.size + size);
    default: /* one more */
        memmove(copy + at + 1, copy + at, bytes.size - at);
        copy[at] = (uint8_t)draw(256);
        return slice_of(copy, bytes.size + 1);
    }
}

static void what_the_runtime_writes_again_just_so_is_read(void **state)
{
    struct arena arena;
    unsigned read = 0;
    unsigned refused = 0;
    (void)state;
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    for (size_t k = 0; k < COUNT(descriptors); k++)
        for (int i = 0; i < MESSAGE_COUNT; i++) {
            ProtobufCMessage *message =
                arena_take(&arena, descriptors[k]->sizeof_message);
            message_fill(descriptors[k], message, &arena);
            struct slice bytes = codec_pack(message, &arena);
            assert_non_null(bytes.bytes);
            (void)compare(descriptors[k], bytes, &arena);
            for (int d = 0; d < DAMAGE_COUNT; d++) {
                size_t used = arena.used;
                if (compare(descriptors[k], damage(bytes, &arena), &arena))
                    read++;
                else
                    refused++;
                arena_rewind(&arena, used);
            }
            arena_reset(&arena);
        }
    assert_true(read > 1000);
    assert_true(refused > 10000);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_runtime_writes_again_just_so_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
