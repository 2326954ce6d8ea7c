/*
 * Referral events on the wire (refer/v1/referral.proto). What is unspecified
 * there is 0 here; whether that will do is for referral_check and guards.
 */
#include "core/referral.h"

#include "core/codec.h"
#include "refer/v1/referral.pb-c.h"

/* ---- Writing ------------------------------------------------------------ */

/* The first limit, or value that the format cannot hold, sticks. */
struct writer {
    struct arena *arena;
    bool failed;
};

static void *write_array(struct writer *writer, size_t count, size_t size)
{
    void *array = arena_take_array(writer->arena, count, size);
    writer->failed = writer->failed || array == NULL;
    return array;
}

/* Text ends at a zero byte there, so it can hold none. */
static char *write_text(struct writer *writer, struct slice text)
{
    bool cut = text.size > 0 && memchr(text.bytes, 0, text.size) != NULL;
    char *copy = codec_text(text, writer->arena);
    writer->failed = writer->failed || cut || copy == NULL;
    return copy;
}

static uint64_t write_instant(struct writer *writer, struct instant instant)
{
    writer->failed = writer->failed || instant.unix_ms < 0;
    return (uint64_t)instant.unix_ms;
}

static ProtobufCBinaryData write_uuid(const struct uuid *uuid)
{
    return codec_data(SLICE_ARRAY(uuid->bytes));
}

static void write_grant(
    struct writer *writer, const struct grant *grant, Refer__V1__Grant *message)
{
    refer__v1__grant__init(message);
    message->to = write_text(writer, slice_of_text(grant->to.text));
    message->purpose = write_text(writer, grant->purpose);
    message->until_ms = write_instant(writer, grant->until);
    message->elements =
        write_array(writer, grant->element_count, sizeof(char *));
    for (size_t i = 0; i < grant->element_count && !writer->failed; i++)
        message->elements[i] = write_text(writer, grant->elements[i]);
    message->n_elements = grant->element_count;
}

static void write_grants(struct writer *writer,
    const struct referral_request *request, Refer__V1__ReferralRequest *message)
{
    size_t count = request->grant_count;
    Refer__V1__Grant *grants = write_array(writer, count, sizeof *grants);
    message->grants = write_array(writer, count, sizeof(Refer__V1__Grant *));
    message->n_grants = count;
    for (size_t i = 0; i < count && !writer->failed; i++) {
        write_grant(writer, &request->grants[i], &grants[i]);
        message->grants[i] = &grants[i];
    }
}

static Refer__V1__ReferralRequest *write_request(
    struct writer *writer, const struct referral_request *request)
{
    Refer__V1__ReferralRequest *message =
        write_array(writer, 1, sizeof *message);
    if (writer->failed)
        return NULL;
    refer__v1__referral_request__init(message);
    message->service = write_text(writer, request->service);
    message->purpose = write_text(writer, request->purpose);
    message->urgency = (Refer__V1__Urgency)request->urgency;
    message->choice = (Refer__V1__Choice)request->choice;
    message->ask_back = (Refer__V1__AskBack)request->ask_back;
    message->reason_plain = write_text(writer, request->reason_plain);
    message->thread = write_uuid(&request->thread);
    if (request->has_parent)
        message->parent = write_uuid(&request->parent);
    message->hop = request->hop;
    message->consent_at_ms = write_instant(writer, request->consent_at);
    write_grants(writer, request, message);
    return message;
}

static void write_details(struct writer *writer,
    const struct referral_event *event, Refer__V1__ReferralEvent *message)
{
    size_t count = event->detail_count;
    Refer__V1__Detail *details = write_array(writer, count, sizeof *details);
    message->details = write_array(writer, count, sizeof(Refer__V1__Detail *));
    message->n_details = count;
    for (size_t i = 0; i < count && !writer->failed; i++) {
        refer__v1__detail__init(&details[i]);
        details[i].name = write_text(writer, event->details[i].name);
        details[i].value = write_text(writer, event->details[i].value);
        message->details[i] = &details[i];
    }
}

static void write_elements(struct writer *writer,
    const struct referral_event *event, Refer__V1__ReferralEvent *message)
{
    size_t count = event->element_count;
    Refer__V1__Element *elements = write_array(writer, count, sizeof *elements);
    message->elements =
        write_array(writer, count, sizeof(Refer__V1__Element *));
    message->n_elements = count;
    for (size_t i = 0; i < count && !writer->failed; i++) {
        refer__v1__element__init(&elements[i]);
        elements[i].code = write_text(writer, event->elements[i].name);
        elements[i].value = write_text(writer, event->elements[i].value);
        message->elements[i] = &elements[i];
    }
}

static bool counts_fit(const struct referral_event *event)
{
    if (event->detail_count > REFERRAL_DETAIL_COUNT_MAX ||
        event->element_count > REFERRAL_ELEMENT_COUNT_MAX)
        return false;
    if (event->request == NULL)
        return true;
    if (event->request->grant_count > REFERRAL_GRANT_COUNT_MAX)
        return false;
    for (size_t i = 0; i < event->request->grant_count; i++)
        if (event->request->grants[i].element_count >
            REFERRAL_ELEMENT_COUNT_MAX)
            return false;
    return true;
}

struct slice referral_event_write(
    const struct referral_event *event, struct arena *arena)
{
    struct writer writer = { .arena = arena };
    Refer__V1__ReferralEvent message;
    if (!counts_fit(event))
        return SLICE_NONE;
    refer__v1__referral_event__init(&message);
    message.referral = write_uuid(&event->referral);
    message.mou = codec_data(SLICE_ARRAY(event->mou.bytes));
    message.type = (Refer__V1__EventType)event->type;
    message.seq = event->seq;
    message.seen = event->seen;
    message.actor = (Refer__V1__ActorKind)event->actor;
    message.role = write_text(&writer, event->role);
    message.at_ms = write_instant(&writer, event->at);
    message.key = write_text(&writer, event->key);
    if (event->request != NULL)
        message.request = write_request(&writer, event->request);
    write_details(&writer, event, &message);
    write_elements(&writer, event, &message);
    message.state = (Refer__V1__ReferralState)event->state;
    if (writer.failed ||
        protobuf_c_message_get_packed_size(&message.base) > CONTENT_SIZE_MAX)
        return SLICE_NONE;
    return codec_pack(&message.base, arena);
}

/* ---- Reading ------------------------------------------------------------ */

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
