/* Encodings made to cost their reader: each is refused, and takes no more
 * memory than its size allows. Measured for all messages that are read from
 * foreign bytes, whatever they consist of. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/codec.h"
#include "refer/v1/card.pb-c.h"
#include "refer/v1/ledger.pb-c.h"
#include "refer/v1/local.pb-c.h"
#include "refer/v1/mou.pb-c.h"
#include "refer/v1/referral.pb-c.h"
#include "refer/v1/request.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ARENA_SIZE (64u * 1024 * 1024)
#define SIZE_MAX_HERE (128u * 1024)
#define DEPTH_MAX 8u      /* of the schema */
#define NESTED_COUNT 8000 /* of the hostile */
/* What core/limits.h counts on: bytes of structures for one that was read. */
#define UNFOLDED_MAX 96u
/* What may be taken before anything is seen to be wrong: a message a level. */
#define FEW_BYTES 4096u

static const ProtobufCMessageDescriptor *const roots[] = {
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

static struct arena arena;
static uint8_t bytes[SIZE_MAX_HERE];
static size_t size;

static void begin(void)
{
    size = 0;
}

static void add(uint8_t byte)
{
    assert_true(size < sizeof bytes);
    bytes[size++] = byte;
}

static void add_varint(uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        add((uint8_t)(value | 0x80));
    add((uint8_t)value);
}

static unsigned wire_of(const ProtobufCFieldDescriptor *field)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 2;
    case PROTOBUF_C_TYPE_FIXED64:
        return 1;
    default:
        return 0;
    }
}

static void add_tag(const ProtobufCFieldDescriptor *field)
{
    add_varint((uint64_t)field->id << 3 | wire_of(field));
}

/* What it unfolds to, in bytes. */
static size_t unfolded(
    const ProtobufCMessageDescriptor *descriptor, enum err *err)
{
    const ProtobufCMessage *message;
    arena_reset(&arena);
    *err =
        codec_unpack(descriptor, slice_of(bytes, size), size, &arena, &message);
    assert_true((*err == ERR_NONE) == (message != NULL));
    return arena.used;
}

static void is_refused_early(const ProtobufCMessageDescriptor *descriptor)
{
    enum err err;
    size_t used = unfolded(descriptor, &err);
    assert_int_equal(err, ERR_MALFORMED);
    assert_true(used <= FEW_BYTES);
}

/* Each field of each message that those above consist of. */
static void each_field(const ProtobufCMessageDescriptor *descriptor,
    unsigned depth,
    void (*look)(const ProtobufCMessageDescriptor *descriptor,
        const ProtobufCFieldDescriptor *field))
{
    assert_true(depth < DEPTH_MAX); /* or the schema is recursive */
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        look(descriptor, field);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            each_field(field->descriptor, depth + 1, look);
    }
}

static void everywhere(
    void (*look)(const ProtobufCMessageDescriptor *descriptor,
        const ProtobufCFieldDescriptor *field))
{
    for (size_t i = 0; i < COUNT(roots); i++)
        each_field(roots[i], 0, look);
}

/* ---- The forms ----------------------------------------------------------- */

static void look_many_empty(const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field)
{
    enum err err;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return;
    begin();
    while (size + 4 < SIZE_MAX_HERE) {
        add_tag(field);
        add(0);
    }
    size_t used = unfolded(descriptor, &err);
    assert_int_equal(err, ERR_NONE);
    assert_true(used <= UNFOLDED_MAX * size);
}

static void many_parts_of_no_bytes_take_a_bounded_room(void **state)
{
    (void)state;
    everywhere(look_many_empty);
}

static void look_nested(const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field)
{
    uint8_t *end = bytes + sizeof bytes;
    enum err err;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return;
    /* from the inside out */
    size_t inner = 0;
    for (size_t i = 0; i < NESTED_COUNT; i++) {
        begin();
        add_tag(field);
        add_varint(inner);
        memcpy(end - inner - size, bytes, size);
        inner += size;
    }
    memmove(bytes, end - inner, inner);
    size = inner;
    /* beyond what the schema nests it is refused, or bytes like others */
    size_t used = unfolded(descriptor, &err);
    assert_true(err == ERR_NONE || err == ERR_MALFORMED);
    assert_true(used <= size + FEW_BYTES);
}

static void what_nests_without_end_is_not_followed(void **state)
{
    (void)state;
    everywhere(look_nested);
}

static void add_value(const ProtobufCFieldDescriptor *field)
{
    if (wire_of(field) == 1)
        for (int i = 0; i < 8; i++)
            add(1);
    else
        add(wire_of(field) == 2 ? 0 : 1);
}

static void look_told_twice(const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return;
    begin();
    while (size + 16 < SIZE_MAX_HERE) {
        add_tag(field);
        add_value(field);
    }
    is_refused_early(descriptor);
}

static void what_is_told_twice_is_not_merged(void **state)
{
    (void)state;
    everywhere(look_told_twice);
}

static void look_overlong(const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field)
{
    /* the tag, then the number or the size, with a byte more than it needs */
    begin();
    add((uint8_t)(((uint64_t)field->id << 3 | wire_of(field)) | 0x80));
    if (field->id >= 16)
        add((uint8_t)(field->id >> 4 | 0x80));
    add(0);
    is_refused_early(descriptor);
    if (wire_of(field) == 1)
        return;
    begin();
    add_tag(field);
    add(0x80);
    add(0);
    is_refused_early(descriptor);
    begin();
    add_tag(field);
    for (int i = 0; i < 10; i++)
        add(0xff);
    is_refused_early(descriptor);
}

static void numbers_that_are_too_long_are_refused(void **state)
{
    (void)state;
    everywhere(look_overlong);
}

static void look_sizes(const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field)
{
    static const uint64_t sizes[] = { 2, INT32_MAX, UINT32_MAX, INT64_MAX,
        UINT64_MAX };
    if (wire_of(field) != 2)
        return;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        begin();
        add_tag(field);
        add_varint(sizes[i]);
        add('x');
        is_refused_early(descriptor);
    }
}

static void sizes_that_lie_are_refused(void **state)
{
    (void)state;
    everywhere(look_sizes);
}

static void look_text(const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field)
{
    static const uint8_t middles[] = { 0, 0x01, 0x80, 0xc0, 0xff };
    if (field->type != PROTOBUF_C_TYPE_STRING)
        return;
    for (size_t i = 0; i < COUNT(middles); i++) {
        begin();
        add_tag(field);
        add(3);
        add('a');
        add(middles[i]);
        add('b');
        is_refused_early(descriptor);
    }
}

static void text_is_utf8_without_nul_or_controls(void **state)
{
    (void)state;
    everywhere(look_text);
}

static void look_other_types(const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field)
{
    for (unsigned wire = 0; wire < 8; wire++) {
        if (wire == wire_of(field))
            continue;
        begin();
        add_varint((uint64_t)field->id << 3 | wire);
        for (int i = 0; i < 9; i++)
            add(1);
        is_refused_early(descriptor);
    }
    begin();
    add_varint(((UINT64_C(1) << 29) - 1) << 3);
    add(1);
    is_refused_early(descriptor);
}

static void other_types_and_unknown_fields_are_refused(void **state)
{
    (void)state;
    everywhere(look_other_types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_parts_of_no_bytes_take_a_bounded_room),
        cmocka_unit_test(what_nests_without_end_is_not_followed),
        cmocka_unit_test(what_is_told_twice_is_not_merged),
        cmocka_unit_test(numbers_that_are_too_long_are_refused),
        cmocka_unit_test(sizes_that_lie_are_refused),
        cmocka_unit_test(text_is_utf8_without_nul_or_controls),
        cmocka_unit_test(other_types_and_unknown_fields_are_refused),
    };
    if (arena_init(&arena, ARENA_SIZE) != ERR_NONE)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
