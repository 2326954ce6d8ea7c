/*
 * Every message type there is, from any bytes; the first says which. What the
 * strict reader takes, protobuf's own runtime takes and writes as the same
 * bytes, and so it is with what is borrowed instead of copied. What the runtime
 * takes and writes as the same, and is sound, the strict reader takes: the two
 * differ in nothing else. What it unfolds to in memory has a bound that grows
 * with the bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/codec.h"
#include "support/must.h"

#include "refer/v1/card.pb-c.h"
#include "refer/v1/ledger.pb-c.h"
#include "refer/v1/local.pb-c.h"
#include "refer/v1/mou.pb-c.h"
#include "refer/v1/referral.pb-c.h"
#include "refer/v1/request.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_SIZE_MAX 65536u
/* Two bytes are a part that holds nothing: its structure, and its place in the
 * list of them. */
#define UNFOLD_MAX 80u
#define ARENA_SIZE ((INPUT_SIZE_MAX + 16) * UNFOLD_MAX)

/* Corpus files begin with the index: append only. */
static const ProtobufCMessageDescriptor *const descriptors[] = {
    &refer__v1__card__descriptor,
    &refer__v1__signed_card__descriptor,
    &refer__v1__card_request__descriptor,
    &refer__v1__key_sheet__descriptor,
    &refer__v1__signed_key_sheet__descriptor,
    &refer__v1__revocation__descriptor,
    &refer__v1__signed_revocation__descriptor,
    &refer__v1__entry_header__descriptor,
    &refer__v1__entry__descriptor,
    &refer__v1__parcel__descriptor,
    &refer__v1__generation__descriptor,
    &refer__v1__answer__descriptor,
    &refer__v1__local_request__descriptor,
    &refer__v1__local_reply__descriptor,
    &refer__v1__mou__descriptor,
    &refer__v1__mou_offer__descriptor,
    &refer__v1__mou_signatures__descriptor,
    &refer__v1__mou_in_force__descriptor,
    &refer__v1__mou_end__descriptor,
    &refer__v1__referral_event__descriptor,
    &refer__v1__erasure_notice__descriptor,
    &refer__v1__envelope__descriptor,
    &refer__v1__envelope_header__descriptor,
    &refer__v1__request__descriptor,
    &refer__v1__signed_request__descriptor,
    &refer__v1__deliver__descriptor,
    &refer__v1__collect__descriptor,
    &refer__v1__head__descriptor,
    &refer__v1__fetch__descriptor,
    &refer__v1__fetched__descriptor,
    &refer__v1__introduce__descriptor,
    &refer__v1__reply_envelope__descriptor,
    &refer__v1__plain__descriptor,
    &refer__v1__reply__descriptor,
    &refer__v1__signed_reply__descriptor,
    &refer__v1__cosigned__descriptor,
    &refer__v1__behind__descriptor,
    &refer__v1__busy__descriptor,
    &refer__v1__conflict__descriptor,
    &refer__v1__refusal__descriptor,
};
#define DESCRIPTOR_COUNT (sizeof descriptors / sizeof *descriptors)

static struct arena arena;

/* ---- As the runtime reads ------------------------------------------------ */

static bool is_sound(const ProtobufCMessage *message);

static bool value_is_sound(
    const ProtobufCFieldDescriptor *field, const uint8_t *member)
{
    const char *text;
    const ProtobufCMessage *part;
    uint32_t number;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        memcpy(&text, member, sizeof text);
        return text_is_utf8(slice_of_text(text), TEXT_CONTROLS_LAYOUT);
    case PROTOBUF_C_TYPE_MESSAGE:
        memcpy(&part, member, sizeof part);
        return part == NULL || is_sound(part);
    case PROTOBUF_C_TYPE_ENUM:
        memcpy(&number, member, sizeof number);
        return protobuf_c_enum_descriptor_get_value(
                   field->descriptor, (int)number) != NULL;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_BYTES:
    default:
        return true;
    }
}

static bool field_is_sound(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const uint8_t *bytes = (const uint8_t *)message;
    const uint8_t *items;
    size_t count;
    uint32_t chosen;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        memcpy(&count, bytes + field->quantifier_offset, sizeof count);
        memcpy(&items, bytes + field->offset, sizeof items);
        for (size_t i = 0; i < count; i++)
            if (!value_is_sound(field, items + i * sizeof(void *)))
                return false;
        return true;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memcpy(&chosen, bytes + field->quantifier_offset, sizeof chosen);
        if (chosen != field->id)
            return true;
    }
    return value_is_sound(field, bytes + field->offset);
}

/* Nothing unknown in it, and text is text. */
static bool is_sound(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields > 0)
        return false;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (!field_is_sound(message, &message->descriptor->fields[i]))
            return false;
    return true;
}

static bool packs_as(const ProtobufCMessage *message, struct slice bytes)
{
    if (protobuf_c_message_get_packed_size(message) != bytes.size)
        return false;
    uint8_t *again = malloc(bytes.size + 1);
    MUST(again != NULL);
    MUST(protobuf_c_message_pack(message, again) == bytes.size);
    bool is_same = slice_equal(slice_of(again, bytes.size), bytes);
    free(again);
    return is_same;
}

/* ---- As we do ------------------------------------------------------------ */

static bool ours_takes(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, bool borrows)
{
    const ProtobufCMessage *message;
    enum err err = borrows ? codec_unpack_borrowing(descriptor, bytes,
                                 INPUT_SIZE_MAX, &arena, &message)
                           : codec_unpack(descriptor, bytes, INPUT_SIZE_MAX,
                                 &arena, &message);
    MUST(err == ERR_NONE || err == ERR_MALFORMED);
    MUST((err == ERR_NONE) == (message != NULL));
    MUST(arena.used <= (bytes.size + 16) * UNFOLD_MAX);
    if (message != NULL) {
        MUST(slice_equal(codec_pack(message, &arena), bytes));
        MUST(is_sound(message));
    }
    arena_reset(&arena);
    return err == ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > INPUT_SIZE_MAX)
        return 0;
    if (arena.capacity == 0)
        MUST(arena_init(&arena, ARENA_SIZE + INPUT_SIZE_MAX) == ERR_NONE);
    const ProtobufCMessageDescriptor *descriptor =
        descriptors[data[0] % DESCRIPTOR_COUNT];
    struct slice bytes = slice_of(data + 1, size - 1);
    ProtobufCMessage *theirs =
        protobuf_c_message_unpack(descriptor, NULL, bytes.size, bytes.bytes);
    bool must_take =
        theirs != NULL && is_sound(theirs) && packs_as(theirs, bytes);
    protobuf_c_message_free_unpacked(theirs, NULL);
    MUST(ours_takes(descriptor, bytes, false) == must_take);
    MUST(ours_takes(descriptor, bytes, true) == must_take);
    return 0;
}
