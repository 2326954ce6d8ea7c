/*
 * Reads the one canonical encoding of a referral event and nothing else, as
 * codec_local.c does its messages and for the same reason. That it takes what
 * codec_unpack.c would take, and says the same of it, is tested. What is
 * unspecified there is 0 here; whether that will do is for referral_check and
 * guards.
 */
#include "core/codec_referral.h"

#include "core/codec_take.h"
#include "core/limits.h"
#include "core/referral.h"

/* False where it is left out. */
static bool take_fixed(struct taker *taker, struct slice *rest, uint8_t tag,
    void *bytes, size_t size)
{
    if (!take_tag(rest, tag))
        return false;
    struct slice value = take_sized(taker, rest);
    if (value.size == size)
        memcpy(bytes, value.bytes, size);
    else
        take_fail(taker, ERR_MALFORMED);
    return true;
}

static void take_id(struct taker *taker, struct slice *rest, uint8_t tag,
    void *bytes, size_t size)
{
    if (!take_fixed(taker, rest, tag, bytes, size))
        take_fail(taker, ERR_MALFORMED);
}

static struct instant take_instant(
    struct taker *taker, struct slice *rest, uint8_t tag)
{
    return (
        struct instant){ (int64_t)take_number(taker, rest, tag, INT64_MAX) };
}

/* Elements, or details. */
static const struct named_value *take_named(struct taker *taker,
    struct slice *rest, uint8_t tag, size_t max, size_t *count)
{
    *count = take_count(*rest, tag);
    struct named_value *values = take_room(taker, *count, max, sizeof *values);
    for (size_t i = 0; i < *count && taker->err == ERR_NONE; i++) {
        (void)take_tag(rest, tag);
        struct slice bytes = take_sized(taker, rest);
        values[i].name = take_text(taker, &bytes, NAMED_NAME);
        values[i].value = take_text(taker, &bytes, NAMED_VALUE);
        take_end(taker, bytes);
    }
    return values;
}

static void grant_read(
    struct taker *taker, struct slice bytes, struct grant *grant)
{
    if (!take_tag(&bytes, GRANT_TO) ||
        agency_id_parse(take_sized(taker, &bytes), &grant->to) != ERR_NONE)
        take_fail(taker, ERR_MALFORMED);
    grant->purpose = take_text(taker, &bytes, GRANT_PURPOSE);
    grant->element_count = take_count(bytes, GRANT_ELEMENTS);
    struct slice *elements = take_room(taker, grant->element_count,
        REFERRAL_ELEMENT_COUNT_MAX, sizeof *elements);
    for (size_t i = 0; i < grant->element_count && taker->err == ERR_NONE;
         i++) {
        (void)take_tag(&bytes, GRANT_ELEMENTS);
        elements[i] = take_text_value(taker, &bytes);
    }
    grant->elements = elements;
    grant->until = take_instant(taker, &bytes, GRANT_UNTIL);
    take_end(taker, bytes);
}

static const struct grant *take_grants(
    struct taker *taker, struct slice *rest, size_t *count)
{
    *count = take_count(*rest, REQUEST_GRANTS);
    struct grant *grants =
        take_room(taker, *count, REFERRAL_GRANT_COUNT_MAX, sizeof *grants);
    for (size_t i = 0; i < *count && taker->err == ERR_NONE; i++) {
        (void)take_tag(rest, REQUEST_GRANTS);
        grant_read(taker, take_sized(taker, rest), &grants[i]);
    }
    return grants;
}

static void request_read(
    struct taker *taker, struct slice bytes, struct referral_request *request)
{
    request->service = take_text(taker, &bytes, REQUEST_SERVICE);
    request->purpose = take_text(taker, &bytes, REQUEST_PURPOSE);
    request->urgency = (enum urgency)take_number(
        taker, &bytes, REQUEST_URGENCY, URGENCY_COUNT - 1);
    request->choice = (enum choice)take_number(
        taker, &bytes, REQUEST_CHOICE, CHOICE_COUNT - 1);
    request->ask_back = (enum ask_back)take_number(
        taker, &bytes, REQUEST_ASK_BACK, ASK_BACK_COUNT - 1);
    request->reason_plain = take_text(taker, &bytes, REQUEST_REASON);
    take_id(taker, &bytes, REQUEST_THREAD, request->thread.bytes,
        sizeof request->thread.bytes);
    request->has_parent = take_fixed(taker, &bytes, REQUEST_PARENT,
        request->parent.bytes, sizeof request->parent.bytes);
    request->hop =
        (uint32_t)take_number(taker, &bytes, REQUEST_HOP, UINT32_MAX);
    request->consent_at = take_instant(taker, &bytes, REQUEST_CONSENT_AT);
    request->grants = take_grants(taker, &bytes, &request->grant_count);
    take_end(taker, bytes);
}

/* NULL where there is none. */
static const struct referral_request *take_request(
    struct taker *taker, struct slice *rest)
{
    struct referral_request *request = NULL;
    if (!take_tag(rest, EVENT_REQUEST))
        return NULL;
    struct slice bytes = take_sized(taker, rest);
    request = take_room(taker, 1, 1, sizeof *request);
    if (request != NULL)
        request_read(taker, bytes, request);
    return request;
}

enum err referral_event_read(
    struct slice bytes, struct arena *arena, struct referral_event *event)
{
    struct taker taker = { .arena = arena };
    struct slice rest = bytes;
    if (bytes.size > CONTENT_SIZE_MAX)
        return ERR_LIMIT;
    *event = (struct referral_event){ 0 };
    take_id(&taker, &rest, EVENT_REFERRAL, event->referral.bytes,
        sizeof event->referral.bytes);
    take_id(
        &taker, &rest, EVENT_MOU, event->mou.bytes, sizeof event->mou.bytes);
    event->type = (enum referral_event_type)take_number(
        &taker, &rest, EVENT_TYPE, EVENT_TYPE_COUNT - 1);
    event->seq = (uint32_t)take_number(&taker, &rest, EVENT_SEQ, UINT32_MAX);
    event->seen = (uint32_t)take_number(&taker, &rest, EVENT_SEEN, UINT32_MAX);
    event->actor = (enum actor_kind)take_number(
        &taker, &rest, EVENT_ACTOR, ACTOR_KIND_COUNT - 1);
    event->role = take_text(&taker, &rest, EVENT_ROLE);
    event->at = take_instant(&taker, &rest, EVENT_AT);
    event->key = take_text(&taker, &rest, EVENT_KEY);
    event->request = take_request(&taker, &rest);
    event->details = take_named(&taker, &rest, EVENT_DETAILS,
        REFERRAL_DETAIL_COUNT_MAX, &event->detail_count);
    event->elements = take_named(&taker, &rest, EVENT_ELEMENTS,
        REFERRAL_ELEMENT_COUNT_MAX, &event->element_count);
    event->state = (enum referral_state)take_number(
        &taker, &rest, EVENT_STATE, REFERRAL_STATE_COUNT - 1);
    take_end(&taker, rest);
    if (taker.err != ERR_NONE) /* no number of what there is not */
        *event = (struct referral_event){ 0 };
    return taker.err;
}
