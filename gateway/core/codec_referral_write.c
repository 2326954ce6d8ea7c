/*
 * Writes referral events by hand, as codec_local_write.c does its messages and
 * for the same reason: each referral that is handed over is one. That it is
 * what the runtime would write, and codec_referral.c reads, is tested.
 */
#include "core/codec_referral.h"

#include "core/codec_wire.h"
#include "core/limits.h"
#include "core/referral.h"

#include <assert.h>
#include <string.h>

/* ---- What the format cannot hold ---------------------------------------- */

/* No reader takes a text that holds a zero byte. */
static bool text_fits(struct slice text)
{
    return text.size == 0 || memchr(text.bytes, 0, text.size) == NULL;
}

static bool named_fit(const struct named_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!text_fits(values[i].name) || !text_fits(values[i].value))
            return false;
    return true;
}

static bool grant_fits(const struct grant *grant)
{
    if (grant->element_count > REFERRAL_ELEMENT_COUNT_MAX ||
        grant->until.unix_ms < 0 || !text_fits(grant->purpose))
        return false;
    for (size_t i = 0; i < grant->element_count; i++)
        if (!text_fits(grant->elements[i]))
            return false;
    return true;
}

static bool request_fits(const struct referral_request *request)
{
    if (request->grant_count > REFERRAL_GRANT_COUNT_MAX ||
        request->consent_at.unix_ms < 0 || !text_fits(request->service) ||
        !text_fits(request->purpose) || !text_fits(request->reason_plain))
        return false;
    for (size_t i = 0; i < request->grant_count; i++)
        if (!grant_fits(&request->grants[i]))
            return false;
    return true;
}

static bool event_fits(const struct referral_event *event)
{
    return event->detail_count <= REFERRAL_DETAIL_COUNT_MAX &&
           event->element_count <= REFERRAL_ELEMENT_COUNT_MAX &&
           event->at.unix_ms >= 0 && text_fits(event->role) &&
           text_fits(event->key) &&
           named_fit(event->details, event->detail_count) &&
           named_fit(event->elements, event->element_count) &&
           (event->request == NULL || request_fits(event->request));
}

/* ---- Sizes -------------------------------------------------------------- */

static size_t moment_size(struct instant instant)
{
    return wire_number_size((uint64_t)instant.unix_ms);
}

static size_t named_size(const struct named_value *values, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += wire_sized_size(
            wire_text_size(values[i].name) + wire_text_size(values[i].value));
    return size;
}

static size_t grant_size(const struct grant *grant)
{
    size_t size = wire_text_size(slice_of_text(grant->to.text)) +
                  wire_text_size(grant->purpose) + moment_size(grant->until);
    for (size_t i = 0; i < grant->element_count; i++)
        size += wire_sized_size(grant->elements[i].size);
    return size;
}

static size_t request_size(const struct referral_request *request)
{
    size_t size =
        wire_text_size(request->service) + wire_text_size(request->purpose) +
        wire_number_size((uint64_t)request->urgency) +
        wire_number_size((uint64_t)request->choice) +
        wire_number_size((uint64_t)request->ask_back) +
        wire_text_size(request->reason_plain) +
        wire_sized_size(sizeof request->thread.bytes) +
        wire_number_size(request->hop) + moment_size(request->consent_at);
    if (request->has_parent)
        size += wire_sized_size(sizeof request->parent.bytes);
    for (size_t i = 0; i < request->grant_count; i++)
        size += wire_sized_size(grant_size(&request->grants[i]));
    return size;
}

static size_t event_size(const struct referral_event *event)
{
    size_t size = wire_sized_size(sizeof event->referral.bytes) +
                  wire_sized_size(sizeof event->mou.bytes) +
                  wire_number_size((uint64_t)event->type) +
                  wire_number_size(event->seq) + wire_number_size(event->seen) +
                  wire_number_size((uint64_t)event->actor) +
                  wire_text_size(event->role) + moment_size(event->at) +
                  wire_text_size(event->key) +
                  named_size(event->details, event->detail_count) +
                  named_size(event->elements, event->element_count) +
                  wire_number_size((uint64_t)event->state);
    if (event->request != NULL)
        size += wire_sized_size(request_size(event->request));
    return size;
}

/* ---- Written, from the end ---------------------------------------------- */

static uint8_t *moment_before(uint8_t *end, uint8_t tag, struct instant instant)
{
    return wire_number_before(end, tag, (uint64_t)instant.unix_ms);
}

static uint8_t *named_before(
    uint8_t *end, uint8_t tag, const struct named_value *values, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        uint8_t *begin =
            wire_text_before(end, NAMED_VALUE, values[i - 1].value);
        begin = wire_text_before(begin, NAMED_NAME, values[i - 1].name);
        end = wire_head_before(begin, tag, end);
    }
    return end;
}

static uint8_t *grant_before(uint8_t *end, const struct grant *grant)
{
    end = moment_before(end, GRANT_UNTIL, grant->until);
    for (size_t i = grant->element_count; i > 0; i--)
        end = wire_sized_before(end, GRANT_ELEMENTS, grant->elements[i - 1]);
    end = wire_text_before(end, GRANT_PURPOSE, grant->purpose);
    return wire_text_before(end, GRANT_TO, slice_of_text(grant->to.text));
}

static uint8_t *request_before(
    uint8_t *end, const struct referral_request *request)
{
    for (size_t i = request->grant_count; i > 0; i--)
        end = wire_head_before(
            grant_before(end, &request->grants[i - 1]), REQUEST_GRANTS, end);
    end = moment_before(end, REQUEST_CONSENT_AT, request->consent_at);
    end = wire_number_before(end, REQUEST_HOP, request->hop);
    if (request->has_parent)
        end = wire_sized_before(
            end, REQUEST_PARENT, SLICE_ARRAY(request->parent.bytes));
    end = wire_sized_before(
        end, REQUEST_THREAD, SLICE_ARRAY(request->thread.bytes));
    end = wire_text_before(end, REQUEST_REASON, request->reason_plain);
    end =
        wire_number_before(end, REQUEST_ASK_BACK, (uint64_t)request->ask_back);
    end = wire_number_before(end, REQUEST_CHOICE, (uint64_t)request->choice);
    end = wire_number_before(end, REQUEST_URGENCY, (uint64_t)request->urgency);
    end = wire_text_before(end, REQUEST_PURPOSE, request->purpose);
    return wire_text_before(end, REQUEST_SERVICE, request->service);
}

static uint8_t *event_before(uint8_t *end, const struct referral_event *event)
{
    end = wire_number_before(end, EVENT_STATE, (uint64_t)event->state);
    end = named_before(
        end, EVENT_ELEMENTS, event->elements, event->element_count);
    end = named_before(end, EVENT_DETAILS, event->details, event->detail_count);
    if (event->request != NULL)
        end = wire_head_before(
            request_before(end, event->request), EVENT_REQUEST, end);
    end = wire_text_before(end, EVENT_KEY, event->key);
    end = moment_before(end, EVENT_AT, event->at);
    end = wire_text_before(end, EVENT_ROLE, event->role);
    end = wire_number_before(end, EVENT_ACTOR, (uint64_t)event->actor);
    end = wire_number_before(end, EVENT_SEEN, event->seen);
    end = wire_number_before(end, EVENT_SEQ, event->seq);
    end = wire_number_before(end, EVENT_TYPE, (uint64_t)event->type);
    end = wire_sized_before(end, EVENT_MOU, SLICE_ARRAY(event->mou.bytes));
    return wire_sized_before(
        end, EVENT_REFERRAL, SLICE_ARRAY(event->referral.bytes));
}

struct slice referral_event_write(
    const struct referral_event *event, struct arena *arena)
{
    size_t size = event_fits(event) ? event_size(event) : SIZE_MAX;
    uint8_t *bytes =
        size > CONTENT_SIZE_MAX ? NULL : arena_take(arena, size + 1);
    if (bytes == NULL)
        return SLICE_NONE;
    uint8_t *begin = event_before(bytes + size, event);
    assert(begin == bytes);
    return slice_of(begin, size);
}
