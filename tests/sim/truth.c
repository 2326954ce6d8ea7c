#include "sim/truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    items = realloc(items, *capacity * size);
    if (items == NULL)
        abort();
    return items;
}

void truth_release(struct truth *truth)
{
    free(truth->affairs);
    free(truth->named);
    free(truth->deeds);
    free(truth->canaries);
    *truth = (struct truth){ 0 };
}

size_t truth_affair(struct truth *truth, size_t from, size_t to)
{
    truth->affairs = grow(truth->affairs, truth->affair_count,
        &truth->affair_capacity, sizeof *truth->affairs);
    truth->affairs[truth->affair_count] =
        (struct affair){ .from = from, .to = to };
    return truth->affair_count++;
}

/* Where it stands among the named, or would. */
static size_t *named(const struct truth *truth, const struct uuid *uuid)
{
    for (size_t at = (size_t)checksum(0, SLICE_ARRAY(uuid->bytes));; at++) {
        size_t *place = &truth->named[at % truth->named_capacity];
        if (*place == 0 || uuid_equal(&truth->affairs[*place - 1].uuid, uuid))
            return place;
    }
}

static void named_widen(struct truth *truth)
{
    free(truth->named);
    truth->named_capacity =
        truth->named_capacity == 0 ? 256 : 2 * truth->named_capacity;
    truth->named = calloc(truth->named_capacity, sizeof *truth->named);
    if (truth->named == NULL)
        abort();
    for (size_t i = 0; i < truth->affair_count; i++)
        if (truth->affairs[i].is_named)
            *named(truth, &truth->affairs[i].uuid) = i + 1;
}

/* A try may be lost with the gateway's store, and the next get another id:
 * then all are put anew, without the one before. */
void truth_name(struct truth *truth, size_t affair, const struct uuid *uuid)
{
    struct affair *its = &truth->affairs[affair];
    bool was_named = its->is_named;
    if (was_named && uuid_equal(&its->uuid, uuid))
        return;
    its->is_named = true;
    its->was_named = was_named;
    its->other = its->uuid;
    its->uuid = *uuid;
    truth->named_count += !was_named;
    if (was_named || 2 * truth->named_count >= truth->named_capacity)
        named_widen(truth);
    else
        *named(truth, uuid) = affair + 1;
}

size_t truth_find(const struct truth *truth, const struct uuid *uuid)
{
    const size_t *place =
        truth->named_capacity == 0 ? NULL : named(truth, uuid);
    return place == NULL || *place == 0 ? truth->affair_count : *place - 1;
}

size_t truth_deed(struct truth *truth, size_t agency, const struct uuid *uuid,
    enum referral_event_type step)
{
    truth->deeds = grow(truth->deeds, truth->deed_count, &truth->deed_capacity,
        sizeof *truth->deeds);
    truth->deeds[truth->deed_count] =
        (struct deed){ .agency = agency, .referral = *uuid, .step = step };
    return truth->deed_count++;
}

/* ---- Canaries ----------------------------------------------------------- */

static const char marker[] = "canary-";

void truth_canary(struct truth *truth, size_t affair, const char *element,
    char word[CANARY_SIZE + 1])
{
    truth->canaries = grow(truth->canaries, truth->canary_count,
        &truth->canary_capacity, sizeof *truth->canaries);
    (void)snprintf(word, CANARY_SIZE + 1, "%s%08zx.", marker,
        truth->canary_count & 0xffffffff);
    truth->canaries[truth->canary_count++] =
        (struct canary){ .affair = affair, .element = element };
}

void truth_said(struct truth *truth, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        truth->canaries[i].is_said = true;
}

void truth_erase(struct truth *truth, size_t affair, const char *element,
    size_t agency, int64_t now_ms)
{
    for (size_t i = 0; i < truth->canary_count; i++) {
        struct canary *canary = &truth->canaries[i];
        if (canary->affair == affair && canary->is_said &&
            canary->element != NULL && strcmp(canary->element, element) == 0) {
            canary->erased_by |= truth_bit(agency);
            canary->erased_ms = now_ms;
        }
    }
}

void truth_erase_all(
    struct truth *truth, size_t affair, size_t agency, int64_t now_ms)
{
    if (affair == truth->affair_count)
        return; /* nobody told us yet which it is */
    truth->affairs[affair].erased_by |= truth_bit(agency);
    truth->affairs[affair].erased_ms = now_ms;
}

static bool is_here(struct slice bytes, size_t at, size_t *canary)
{
    size_t head = sizeof marker - 1;
    *canary = 0;
    if (bytes.size - at < CANARY_SIZE ||
        memcmp(bytes.bytes + at, marker, head) != 0)
        return false;
    for (size_t i = head; i < head + 8; i++) {
        uint8_t c = bytes.bytes[at + i];
        *canary = *canary << 4 | (size_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    return true;
}

bool truth_scan(struct slice bytes, size_t *at, size_t *canary)
{
    while (bytes.size >= CANARY_SIZE && *at <= bytes.size - CANARY_SIZE) {
        const uint8_t *found = memchr(
            bytes.bytes + *at, marker[0], bytes.size - CANARY_SIZE + 1 - *at);
        if (found == NULL)
            return false;
        *at = (size_t)(found - bytes.bytes) + 1;
        if (is_here(bytes, *at - 1, canary))
            return true;
    }
    return false;
}

bool truth_has_marker(struct slice bytes)
{
    size_t at = 0;
    size_t canary;
    return truth_scan(bytes, &at, &canary);
}

/* ---- The life of a referral, drawn by hand ------------------------------ */

#define TO(state) (1u << REFERRAL_##state)

/* withdrawn follows everything: nothing can refuse it. */
static const uint32_t nexts[REFERRAL_STATE_COUNT] = {
    [REFERRAL_SENT] = TO(DELIVERED) | TO(REFUSED_BY_POLICY) |
                      TO(UNDELIVERABLE) | TO(CANCELLED) | TO(VOID),
    [REFERRAL_UNDELIVERABLE] =
        TO(DELIVERED) | TO(REFUSED_BY_POLICY) | TO(CANCELLED) | TO(VOID),
    [REFERRAL_DELIVERED] = TO(SEEN) | TO(ACCEPTED) | TO(EXPIRED) |
                           TO(REFUSED_BY_POLICY) | TO(CANCELLED) | TO(VOID),
    [REFERRAL_SEEN] = TO(INFO_NEEDED) | TO(ACCEPTED) | TO(WAITLISTED) |
                      TO(DECLINED) | TO(REDIRECTED) | TO(EXPIRED) |
                      TO(CANCELLED) | TO(VOID),
    [REFERRAL_INFO_NEEDED] = TO(SEEN) | TO(CANCELLED) | TO(VOID),
    [REFERRAL_WAITLISTED] = TO(ACCEPTED) | TO(DECLINED) | TO(REDIRECTED) |
                            TO(EXPIRED) | TO(CANCELLED) | TO(VOID),
    [REFERRAL_ACCEPTED] =
        TO(SCHEDULED) | TO(ARRIVED) | TO(EXPIRED) | TO(CANCELLED) | TO(VOID),
    [REFERRAL_SCHEDULED] = TO(ACCEPTED) | TO(ARRIVED) | TO(NOT_CONNECTED) |
                           TO(CANCELLED) | TO(VOID),
    [REFERRAL_ARRIVED] = TO(IN_SERVICE) | TO(ACCEPTED) | TO(VOID),
    [REFERRAL_IN_SERVICE] =
        TO(HANDED_BACK) | TO(ENDED_EARLY) | TO(PAUSED) | TO(VOID),
    [REFERRAL_PAUSED] =
        TO(IN_SERVICE) | TO(ENDED_EARLY) | TO(REDIRECTED) | TO(VOID),
    [REFERRAL_HANDED_BACK] = TO(CLOSED) | TO(IN_SERVICE) | TO(CLOSED_UNACKED),
};

bool truth_is_final(enum referral_state state)
{
    return nexts[state] == 0;
}

bool truth_may_follow(enum referral_state from, enum referral_state to)
{
    return from == to || to == REFERRAL_WITHDRAWN ||
           (nexts[from] & (1u << to)) != 0;
}
