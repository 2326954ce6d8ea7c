/* Erasure notices on the wire (refer/v1/referral.proto). */
#include "core/codec.h"
#include "core/erasure_notice.h"
#include "core/limits.h"
#include "refer/v1/referral.pb-c.h"

struct slice erasure_notice_write(
    const struct erasure_notice *notice, struct arena *arena)
{
    Refer__V1__ErasureNotice message = REFER__V1__ERASURE_NOTICE__INIT;
    size_t count = notice->element_count;
    if (count > REFERRAL_ELEMENT_COUNT_MAX || notice->at.unix_ms < 0)
        return SLICE_NONE;
    message.elements = arena_take_array(arena, count, sizeof(char *));
    if (message.elements == NULL)
        return SLICE_NONE;
    for (size_t i = 0; i < count; i++) {
        message.elements[i] = codec_text(notice->elements[i], arena);
        if (message.elements[i] == NULL)
            return SLICE_NONE;
    }
    message.n_elements = count;
    message.referral = codec_data(SLICE_ARRAY(notice->referral.bytes));
    message.reason = (Refer__V1__ErasureReason)notice->reason;
    message.actor = (Refer__V1__ActorKind)notice->actor;
    message.at_ms = (uint64_t)notice->at.unix_ms;
    return codec_pack(&message.base, arena);
}

enum err erasure_notice_read(
    struct slice bytes, struct arena *arena, struct erasure_notice *notice)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(&refer__v1__erasure_notice__descriptor, bytes,
        CONTENT_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__ErasureNotice *message =
        (const Refer__V1__ErasureNotice *)base;
    size_t count = message->n_elements;
    if (count > REFERRAL_ELEMENT_COUNT_MAX)
        return ERR_LIMIT;
    struct slice *elements = arena_take_array(arena, count, sizeof *elements);
    if (elements == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++)
        elements[i] = slice_of_text(message->elements[i]);
    *notice = (struct erasure_notice){
        .elements = elements,
        .element_count = count,
        .reason = (enum erasure_reason)message->reason,
        .actor = (enum actor_kind)message->actor,
    };
    if (message->at_ms > INT64_MAX)
        return ERR_MALFORMED;
    notice->at.unix_ms = (int64_t)message->at_ms;
    return codec_fixed(
        message->referral, notice->referral.bytes, sizeof notice->referral);
}
