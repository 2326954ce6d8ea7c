#include "core/referral_erase.h"

#include "core/bare.h"
#include "core/erasure.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/output.h"
#include "core/peer.h"
#include "core/told.h"

#include <string.h>

struct erase_job {
    struct erase_job *next;
    struct erase_wish wish;
    uint32_t position_count; /* words up to there are meant */
    /* what was taken back and is not taken up yet is sealed with those that
     * there are: the one of all that goes is destroyed, no other */
    bool keeps_entries;
    bool dooms;
};

/* A referral on its way from one pair of the vault's entries to another. */
struct erasing {
    struct work *work;
    struct peer *peer;
    struct referral *referral;
    const struct erase_job *job;
};

enum fate {
    FATE_STAYS, /* sealed anew */
    FATE_CUT,   /* the same, without some elements */
    FATE_GOES
};

/* ---- What becomes of it -------------------------------------------------- */

static bool is_wanted(const struct erase_wish *wish, struct slice code)
{
    for (size_t i = 0; i < wish->element_count; i++)
        if (slice_equal(wish->elements[i], code))
            return true;
    return false;
}

/* True when anything of the event goes; its elements are then without it. */
static bool event_cut(
    struct work *work, const struct erase_wish *wish, struct referral_event *to)
{
    struct named_value *left =
        arena_take_array(work->scratch, to->element_count, sizeof *left);
    size_t count = 0;
    if (left == NULL) {
        work_exhausted(work);
        return false;
    }
    for (size_t i = 0; i < to->element_count; i++)
        if (!is_wanted(wish, to->elements[i].name))
            left[count++] = to->elements[i];
    bool is_cut = count < to->element_count;
    to->elements = left;
    to->element_count = count;
    return is_cut;
}

/* A step and who took it, not a word more. */
static bool says_nothing(const struct referral_event *said)
{
    return said->element_count == 0 && said->detail_count == 0 &&
           said->request == NULL;
}

static bool is_meant(
    const struct erase_wish *wish, const struct feed_event *event)
{
    return (!wish->theirs_alone || !event->by_us) &&
           (!wish->signed_alone || event->generation != 0) &&
           (!wish->is_ours || event->by_us);
}

/* What ends or erases says nothing of the person, and may wait to be told. */
static bool stays(const struct erase_wish *wish, const struct feed_event *event)
{
    return !is_meant(wish, event) || event_is_exempt(event->step);
}

/* Where all goes, that cannot be read goes as well: it would hold up for ever
 * what was said after it. */
static bool stays_unread(
    const struct erase_wish *wish, const struct feed_event *event)
{
    return stays(wish, event) &&
           (wish->element_count > 0 || !is_meant(wish, event));
}

static enum fate fate_of(struct work *work, const struct erase_wish *wish,
    const struct feed_event *event, struct slice bytes,
    struct referral_event *said)
{
    if (stays(wish, event))
        return FATE_STAYS;
    enum err err = referral_event_read(bytes, work->scratch, said);
    if (err != ERR_NONE) {
        work_unread(work, err); /* it was read before it was stored */
        return FATE_STAYS;
    }
    /* a bare step may be on its way, and the other has to hear of it */
    if (wish->element_count == 0)
        return says_nothing(said) ? FATE_STAYS : FATE_GOES;
    return event_cut(work, wish, said) ? FATE_CUT : FATE_STAYS;
}

/* The event at one of the referral's positions, where it has words. Notices of
 * erasure, which are of no step, hold codes and stay. */
static bool event_at(struct work *work, const struct referral *referral,
    uint32_t at, struct feed_event *event)
{
    return feed_at(work, referral->positions[at], event) &&
           event->step != EVENT_NONE && !content_is_none(event->content);
}

void referral_erase_measure(struct work *work, const struct referral *referral,
    const struct erase_wish *wish, struct erase_extent *extent)
{
    *extent = (struct erase_extent){ 0 };
    for (uint32_t i = 0; i < referral->position_count && !work_failed(work);
         i++) {
        struct feed_event event;
        struct referral_event said;
        size_t used = work->scratch->used;
        if (event_at(work, referral, i, &event)) {
            struct slice bytes;
            enum err err = content_try(work->contents, work->txn, work->scratch,
                event.content, &bytes);
            enum fate fate = FATE_GOES;
            if (bytes.bytes != NULL)
                fate = fate_of(work, wish, &event, bytes, &said);
            else if (err == ERR_CORRUPT && stays_unread(wish, &event))
                fate = FATE_STAYS;
            if (bytes.bytes == NULL && err == ERR_NONE)
                extent->gone_count++;
            else if (fate != FATE_STAYS)
                extent->content_count++;
            if (fate != FATE_GOES)
                extent->size += bytes.size;
        }
        arena_rewind(work->scratch, used);
    }
    extent->is_large = extent->size > ERASE_SIZE_MAX;
}

/* ---- Wanted -------------------------------------------------------------- */

static bool wish_copy(
    struct work *work, const struct erase_wish *from, struct erase_wish *to)
{
    struct slice *elements =
        arena_take_array(work->arena, from->element_count, sizeof *elements);
    if (elements == NULL)
        return false;
    for (size_t i = 0; i < from->element_count; i++) {
        elements[i] = arena_copy(work->arena, from->elements[i]);
        if (elements[i].bytes == NULL)
            return false;
    }
    *to = *from;
    to->elements = elements;
    return true;
}

void referral_erase_later(
    struct work *work, struct referral *referral, const struct erase_wish *wish)
{
    struct erase_list *list = &work->node->erases;
    struct erase_job *job = arena_take(work->arena, sizeof *job);
    if (job == NULL || !wish_copy(work, wish, &job->wish)) {
        work_exhausted(work);
        return;
    }
    const struct ledger *out = peer_ledger(
        work, peer_numbered(work->node, referral->peer), LEDGER_OUT);
    job->next = NULL;
    job->position_count = referral->position_count;
    job->keeps_entries = out->refills;
    if (wish->in_parts && referral->moving.from == 0) {
        referral->moving = (struct moving){ .from = referral->entry,
            .count = referral->position_count };
        register_entries_take(work, referral);
    }
    bool is_whole = wish->element_count == 0 && !wish->is_ours;
    job->dooms = !referral->erased && is_whole;
    if (list->last == NULL)
        list->first = job;
    else
        list->last->next = job;
    list->last = job;
    if (is_whole)
        referral->erased = true;
}

void referral_erase_late(struct work *work, struct referral *referral,
    const struct slice *elements, size_t element_count)
{
    struct erase_extent extent;
    struct erase_wish wish = { .referral = referral->uuid,
        .elements = elements,
        .element_count = element_count,
        .theirs_alone = true };
    referral_erase_measure(work, referral, &wish, &extent);
    if (extent.is_large)
        wish = (struct erase_wish){ .referral = referral->uuid };
    if (extent.content_count > 0 && !work_failed(work))
        referral_erase_later(work, referral, &wish);
}

/* ---- Carried out --------------------------------------------------------- */

static struct told_entry told_of(const struct feed_event *event)
{
    return (struct told_entry){ .position = event->position,
        .by_us = event->by_us,
        .at = event->at,
        .generation = event->generation,
        .index = event->index };
}

/* Where the content is referred to, it is now another, or gone. */
static void refs_turn(const struct erasing *erasing, struct feed_event *event,
    struct content_ref to, size_t size, enum fate fate)
{
    struct work *work = erasing->work;
    struct referral *referral = erasing->referral;
    struct content_ref from = event->content;
    struct content_ref intent = to;
    struct told_entry told = told_of(event);
    bool decides = fate == FATE_GOES && event->by_us && !referral->outgoing;
    if (decides && told_waits(work, erasing->peer, &told)) {
        struct referral_event bare = bare_event(referral, event, event->seq);
        intent = bare_put(
            work, register_entry(work, referral, bare.type), &bare, &size);
    }
    /* a ledger's digest covers all that was said at once */
    told_turn(work, erasing->peer, &told,
        fate == FATE_STAYS ? to : CONTENT_NONE, intent, size);
    if (content_equal(referral->request, from))
        referral->request = to;
    if (content_equal(referral->offer, from))
        referral->offer = to;
    content_erase(work->contents, work->txn, work->arena, from);
    event->content = to;
    feed_rewrite(work, event);
}

/* How much of it was sealed anew. What is damaged and stays, stays as it is: it
 * is taken back from who holds it too, and sealed anew then (scrub_mend.h). */
static size_t turn(
    const struct erasing *erasing, struct feed_event *event, bool is_before)
{
    struct work *work = erasing->work;
    struct referral_event said;
    struct content_ref to = CONTENT_NONE;
    struct slice salt;
    struct slice bytes;
    const struct erase_wish *wish = &erasing->job->wish;
    enum err err = content_try_salted(work->contents, work->txn, work->scratch,
        event->content, &salt, &bytes);
    bool is_damaged = err == ERR_CORRUPT;
    enum fate fate = FATE_GOES;
    if (is_damaged && (!is_before || stays_unread(wish, event)))
        return 0;
    if (bytes.bytes != NULL)
        fate =
            is_before ? fate_of(work, wish, event, bytes, &said) : FATE_STAYS;
    if (work_failed(work) ||
        (fate == FATE_STAYS && erasing->job->keeps_entries))
        return 0;
    if (fate == FATE_CUT)
        bytes = referral_event_write(&said, work->scratch);
    if (fate != FATE_GOES) {
        uint64_t entry = register_entry(work, erasing->referral, event->step);
        /* what was cut goes with its salt: the rest has another */
        to = fate == FATE_CUT
                 ? work_say(work, entry, bytes)
                 : content_put(work->contents, work->arena, entry, salt, bytes);
        if (content_is_none(to)) {
            work_exhausted(work);
            return 0;
        }
    }
    refs_turn(erasing, event, to, bytes.size, fate);
    return fate == FATE_GOES ? 0 : bytes.size;
}

/* Nothing is sealed with them any more. */
static void left_doom(struct work *work, struct referral *referral)
{
    if (referral->moving.from == 0)
        return;
    erasure_doom(work, referral->moving.from);
    erasure_doom(work, referral->moving.from + 1);
    referral->moving = (struct moving){ 0 };
}

/* Up to half of what a step has room for: the last may be large. */
static void part_carry_out(const struct erasing *erasing)
{
    struct work *work = erasing->work;
    struct moving *moving = &erasing->referral->moving;
    size_t size = 0;
    for (; moving->at < moving->count && size < ERASE_SIZE_MAX / 2 &&
           !work_failed(work);
         moving->at++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (event_at(work, erasing->referral, moving->at, &event))
            size += turn(erasing, &event, true);
        arena_rewind(work->scratch, used);
    }
    if (moving->at == moving->count)
        left_doom(work, erasing->referral);
}

static void whole_carry_out(const struct erasing *erasing)
{
    struct work *work = erasing->work;
    struct referral *referral = erasing->referral;
    const struct erase_job *job = erasing->job;
    uint64_t before = referral->entry;
    if (!job->keeps_entries)
        register_entries_take(work, referral);
    for (uint32_t i = 0; i < referral->position_count && !work_failed(work);
         i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (event_at(work, referral, i, &event))
            (void)turn(erasing, &event, i < job->position_count);
        arena_rewind(work->scratch, used);
    }
    if (!job->keeps_entries || job->dooms)
        erasure_doom(work, before);
    if (job->keeps_entries && job->dooms && referral->moving.from != 0)
        erasure_doom(work, referral->moving.from);
    if (job->keeps_entries)
        return;
    erasure_doom(work, before + 1);
    left_doom(work, referral);
}

static void job_carry_out(struct work *work, const struct erase_job *job)
{
    struct referral *referral = register_get(work, &job->wish.referral);
    if (referral == NULL)
        return;
    struct erasing erasing = { work, peer_numbered(work->node, referral->peer),
        referral, job };
    if (!job->wish.in_parts)
        whole_carry_out(&erasing);
    else if (!job->keeps_entries)
        part_carry_out(&erasing);
    register_put(work, referral);
    /* what time does by itself is counted: retention.h, hold.h */
    if (referral->erasure.reason != ERASURE_RETENTION_OVER &&
        !job->wish.is_ours)
        OUTPUT_LOG(
            work, LOG_REFERRAL_ERASED, log_uuid("referral", &referral->uuid));
}

void referral_erase_carry_out(struct work *work)
{
    struct erase_list *list = &work->node->erases;
    const struct erase_job *job = list->first;
    *list = (struct erase_list){ 0 };
    for (; job != NULL && !work_failed(work); job = job->next) {
        size_t used = work->scratch->used;
        job_carry_out(work, job);
        arena_rewind(work->scratch, used);
    }
}

void referral_withhold(struct work *work, const struct referral *referral)
{
    struct peer *peer = peer_numbered(work->node, referral->peer);
    for (uint32_t i = 0; i < referral->position_count; i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (event_at(work, referral, i, &event) &&
            !event_is_exempt(event.step)) {
            struct told_entry told = told_of(&event);
            told_withhold(work, peer, &told);
        }
        arena_rewind(work->scratch, used);
    }
}
