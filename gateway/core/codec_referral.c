/*
 * Referral events on the wire (refer/v1/referral.proto). What is unspecified
 * there is 0 here; whether that will do is for referral_check and guards.
 */
#include "core/referral.h"

#include "core/codec.h"
#include "refer/v1/referral.pb-c.h"

static enum err read_instant(uint64_t ms, struct instant *instant)
{
    if (ms > INT64_MAX)
        return ERR_MALFORMED;
    instant->unix_ms = (int64_t)ms;
    return ERR_NONE;
}

static enum err read_uuid(ProtobufCBinaryData data, struct uuid *uuid)
{
    return codec_fixed(data, uuid->bytes, sizeof uuid->bytes);
}

static enum err read_grant(
    const Refer__V1__Grant *message, struct arena *arena, struct grant *grant)
{
    enum err err = agency_id_parse(slice_of_text(message->to), &grant->to);
    if (err == ERR_NONE)
        err = read_instant(message->until_ms, &grant->until);
    if (err != ERR_NONE)
        return err;
    if (message->n_elements > REFERRAL_ELEMENT_COUNT_MAX)
        return ERR_LIMIT;
    struct slice *elements =
        arena_take_array(arena, message->n_elements, sizeof *elements);
    if (elements == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_elements; i++)
        elements[i] = slice_of_text(message->elements[i]);
    grant->purpose = slice_of_text(message->purpose);
    grant->elements = elements;
    grant->element_count = message->n_elements;
    return ERR_NONE;
}

static enum err read_grants(const Refer__V1__ReferralRequest *message,
    struct arena *arena, struct referral_request *request)
{
    if (message->n_grants > REFERRAL_GRANT_COUNT_MAX)
        return ERR_LIMIT;
    struct grant *grants =
        arena_take_array(arena, message->n_grants, sizeof *grants);
    if (grants == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_grants; i++) {
        enum err err = read_grant(message->grants[i], arena, &grants[i]);
        if (err != ERR_NONE)
            return err;
    }
    request->grants = grants;
    request->grant_count = message->n_grants;
    return ERR_NONE;
}

static enum err read_request(const Refer__V1__ReferralRequest *message,
    struct arena *arena, struct referral_event *event)
{
    struct referral_request *request = arena_take(arena, sizeof *request);
    if (request == NULL)
        return ERR_LIMIT;
    request->service = slice_of_text(message->service);
    request->purpose = slice_of_text(message->purpose);
    request->urgency = (enum urgency)message->urgency;
    request->choice = (enum choice)message->choice;
    request->ask_back = (enum ask_back)message->ask_back;
    request->reason_plain = slice_of_text(message->reason_plain);
    request->hop = message->hop;
    request->has_parent = message->parent.len > 0;
    event->request = request;
    enum err err = read_uuid(message->thread, &request->thread);
    if (err == ERR_NONE && request->has_parent)
        err = read_uuid(message->parent, &request->parent);
    if (err == ERR_NONE)
        err = read_instant(message->consent_at_ms, &request->consent_at);
    return err != ERR_NONE ? err : read_grants(message, arena, request);
}

static enum err read_details(const Refer__V1__ReferralEvent *message,
    struct arena *arena, struct referral_event *event)
{
    if (message->n_details > REFERRAL_DETAIL_COUNT_MAX)
        return ERR_LIMIT;
    struct named_value *details =
        arena_take_array(arena, message->n_details, sizeof *details);
    if (details == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_details; i++) {
        details[i].name = slice_of_text(message->details[i]->name);
        details[i].value = slice_of_text(message->details[i]->value);
    }
    event->details = details;
    event->detail_count = message->n_details;
    return ERR_NONE;
}

static enum err read_elements(const Refer__V1__ReferralEvent *message,
    struct arena *arena, struct referral_event *event)
{
    if (message->n_elements > REFERRAL_ELEMENT_COUNT_MAX)
        return ERR_LIMIT;
    struct named_value *elements =
        arena_take_array(arena, message->n_elements, sizeof *elements);
    if (elements == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < message->n_elements; i++) {
        elements[i].name = slice_of_text(message->elements[i]->code);
        elements[i].value = slice_of_text(message->elements[i]->value);
    }
    event->elements = elements;
    event->element_count = message->n_elements;
    return ERR_NONE;
}

enum err referral_event_read(
    struct slice bytes, struct arena *arena, struct referral_event *event)
{
    const ProtobufCMessage *unpacked;
    enum err err = codec_unpack(&refer__v1__referral_event__descriptor, bytes,
        CONTENT_SIZE_MAX, arena, &unpacked);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__ReferralEvent *message =
        (const Refer__V1__ReferralEvent *)unpacked;
    *event = (struct referral_event){
        .type = (enum referral_event_type)message->type,
        .seq = message->seq,
        .seen = message->seen,
        .actor = (enum actor_kind)message->actor,
        .role = slice_of_text(message->role),
        .key = slice_of_text(message->key),
        .state = (enum referral_state)message->state,
    };
    err = read_uuid(message->referral, &event->referral);
    if (err == ERR_NONE)
        err = codec_fixed(
            message->mou, event->mou.bytes, sizeof event->mou.bytes);
    if (err == ERR_NONE)
        err = read_instant(message->at_ms, &event->at);
    if (err == ERR_NONE && message->request != NULL)
        err = read_request(message->request, arena, event);
    if (err == ERR_NONE)
        err = read_details(message, arena, event);
    return err != ERR_NONE ? err : read_elements(message, arena, event);
}
