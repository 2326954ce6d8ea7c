#include "core/fold.h"

#include "core/erase.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/outbox.h"
#include "core/output.h"
#include "core/referral_step.h"

#include <stdio.h>

/* ---- A step ------------------------------------------------------------- */

/* The step of that number, where it waits to be told. */
static bool intent_of(struct work *work, const struct ledger *out,
    const struct repeat_other *other, struct intent *intent)
{
    uint64_t from = 0;
    while (outbox_next(work, out, from, intent)) {
        if (intent->has_referral && intent->seq == other->seq &&
            uuid_equal(&intent->referral, &other->referral))
            return true;
        from = intent->number + 1;
    }
    return false;
}

static void feed_content_set(
    struct work *work, uint64_t position, struct content_ref content)
{
    struct feed_event event;
    if (!feed_at(work, position, &event))
        return;
    event.content = content;
    feed_rewrite(work, &event);
}

bool fold_again_step(struct folded *folded, struct referral *referral,
    const struct repeat_other *other)
{
    struct work *work = folded->work;
    struct ledger *out = peer_ledger(work, folded->peer, LEDGER_OUT);
    struct intent intent;
    if (!intent_of(work, out, other, &intent) ||
        intent.event_type != folded->entry->event_type)
        return false;
    feed_content_set(work, intent.feed_position, folded_kept(folded));
    feed_place(work, intent.feed_position, folded->generation, folded->index);
    if (content_equal(referral->offer, intent.content))
        referral->offer = folded_kept(folded);
    outbox_take(work, out, &intent);
    content_erase(work->contents, work->txn, work->arena, intent.content);
    folded->entry->feed_position = intent.feed_position;
    folded->changed = true;
    return true;
}

/* ---- A referral --------------------------------------------------------- */

/* Two referrals of one intention: the first came back, the second was told to
 * nobody. */
struct pair {
    const struct folded *folded;
    struct work *work;
    struct ledger *out;
    struct referral *first;
    struct referral *second;
};

/* What was done to the second, as a step of the first: as an intent, but for
 * its place in the feed. False when its words are gone. */
static bool passed(const struct pair *pair, struct content_ref said,
    struct referral_event *event, struct intent *intent)
{
    struct work *work = pair->work;
    struct referral *first = pair->first;
    if (!register_event(work, said, event))
        return false;
    event->referral = first->uuid;
    event->mou = first->mou;
    event->seq = ++first->own_seq;
    event->seen = first->peer_seq;
    struct slice bytes = referral_event_write(event, work->scratch);
    *intent = (struct intent){
        .kind = ENTRY_REFERRAL_EVENT,
        .at = work->now,
        .content = bytes.bytes == NULL
                       ? CONTENT_NONE
                       : work_say(work,
                             register_entry(work, first, event->type), bytes),
        .content_size = (uint32_t)bytes.size,
        .has_referral = true,
        .referral = first->uuid,
        .event_type = (uint8_t)event->type,
        .seq = event->seq,
    };
    if (content_is_none(intent->content))
        work_exhausted(work);
    first->pending++;
    return !work_failed(work);
}

/* It is decided with all else that waits (reconsider.h). */
static void pass_on(const struct pair *pair, struct content_ref said)
{
    struct referral_event event;
    struct intent intent;
    if (!passed(pair, said, &event, &intent))
        return;
    bool withdraws = event.type == EVENT_WITHDRAW;
    bool at_once = withdraws || event.type == EVENT_CONSENT_REVOKED;
    struct step step = { .work = pair->work,
        .peer = pair->folded->peer,
        .referral = pair->first,
        .event = &event,
        .by_us = true };
    struct step_note note = { FEED_STEP,
        at_once ? FEED_STATUS_APPLIED : FEED_STATUS_PENDING, NULL,
        intent.content };
    intent.feed_position = step_apply(
        &step, withdraws ? REFERRAL_WITHDRAWN : pair->first->state, &note);
    outbox_put(pair->work, pair->out, &intent);
}

/* The step that ended the second before it was told; false: it was told, or
 * nothing ended it. */
static bool ending_find(const struct pair *pair, struct feed_event *ending)
{
    const struct referral *second = pair->second;
    bool is_told = false;
    bool is_there = false;
    for (uint32_t i = 0; i < second->position_count; i++) {
        struct feed_event event;
        size_t used = pair->work->scratch->used;
        if (feed_at(pair->work, second->positions[i], &event)) {
            is_told |= event.type == FEED_DELIVERED;
            if (event.type == FEED_STEP && event.by_us &&
                event.step != EVENT_SEND) {
                ending->position = event.position;
                ending->content = event.content;
                is_there = !content_is_none(event.content);
            }
        }
        arena_rewind(pair->work->scratch, used);
    }
    return !is_told && referral_is_terminal(second->state) && is_there;
}

/* What was erased of the second is erased of the first. */
static void erasure_pass_on(const struct pair *pair, struct content_ref said)
{
    struct work *work = pair->work;
    struct erasure_notice notice;
    struct erase_result result;
    struct slice bytes =
        content_get(work->contents, work->txn, work->scratch, said);
    if (bytes.bytes == NULL ||
        erasure_notice_read(bytes, work->scratch, &notice) != ERR_NONE)
        return;
    notice.referral = pair->first->uuid;
    if (erase_own(work, pair->first, &notice, &result) == ERR_LIMIT) {
        notice.element_count = 0; /* more than was meant, but that too */
        (void)!erase_own(work, pair->first, &notice, &result);
    }
}

/* All that waits about the second, but its SEND. */
static void waiting_pass_on(const struct pair *pair)
{
    struct work *work = pair->work;
    struct intent intent;
    uint64_t from = 0;
    uint64_t end = pair->out->intent_next;
    while (outbox_next(work, pair->out, from, &intent) && intent.number < end) {
        size_t used = work->scratch->used;
        from = intent.number + 1;
        if (intent.has_referral && intent.event_type != EVENT_SEND &&
            uuid_equal(&intent.referral, &pair->second->uuid)) {
            if (intent.kind == ENTRY_ERASURE_NOTICE)
                erasure_pass_on(pair, intent.content);
            else
                pass_on(pair, intent.content);
        }
        arena_rewind(work->scratch, used);
    }
}

/* Something about that referral waits to be told. */
static bool waits(const struct pair *pair, const struct uuid *referral)
{
    struct intent intent;
    uint64_t from = 0;
    while (outbox_next(pair->work, pair->out, from, &intent)) {
        if (intent.has_referral && uuid_equal(&intent.referral, referral))
            return true;
        from = intent.number + 1;
    }
    return false;
}

static void give_back(const struct pair *pair)
{
    struct work *work = pair->work;
    struct referral *second = pair->second;
    struct verdict why = { .problem = PROBLEM_NONE };
    struct referral_event event = { .referral = second->uuid,
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_GATEWAY };
    struct step step = { .work = work,
        .peer = pair->folded->peer,
        .referral = second,
        .event = &event,
        .by_us = true };
    struct step_note note = { FEED_RETURNED, FEED_STATUS_TURNED_DOWN, &why,
        CONTENT_NONE };
    char id[UUID_URN_SIZE + 1];
    char remedy[VERDICT_TEXT_SIZE];
    uuid_format(&pair->first->uuid, id);
    (void)snprintf(remedy, sizeof remedy,
        "go on with %s: it was handed over under the same key before", id);
    verdict_set(&why, PROBLEM_REFERRAL_EXISTS, "key", remedy);
    second->pending = 0;
    (void)step_apply(&step, REFERRAL_CANCELLED, &note);
    OUTPUT_LOG(work, LOG_REFERRAL_RETURNED, log_uuid("referral", &second->uuid),
        log_code("step", event_type_name(event.type)),
        log_code("state", referral_state_name(second->state)));
}

void fold_again_send(const struct folded *folded, struct referral *referral,
    const struct repeat_other *other)
{
    struct work *work = folded->work;
    struct pair pair = { .folded = folded,
        .work = work,
        .out = peer_ledger(work, folded->peer, LEDGER_OUT),
        .first = referral,
        .second = register_get(work, &other->referral) };
    struct feed_event ending;
    struct intent send;
    if (pair.second == NULL || !pair.second->outgoing ||
        pair.second->peer != folded->peer->number ||
        uuid_equal(&pair.second->uuid, &referral->uuid))
        return;
    if (outbox_find_send(work, pair.out, &pair.second->uuid, &send)) {
        waiting_pass_on(&pair);
        (void)outbox_drop_referral(work, pair.out, &pair.second->uuid);
        give_back(&pair);
    } else if (!waits(&pair, &pair.second->uuid) &&
               ending_find(&pair, &ending)) {
        pass_on(&pair, ending.content);
    }
}

/* Its own step waits to be told: programs have read of it. */
static void tell_ending(const struct pair *pair, uint64_t position)
{
    struct work *work = pair->work;
    struct referral *referral = pair->first;
    struct feed_event told;
    struct referral_event event;
    struct intent intent;
    if (!feed_at(work, position, &told) ||
        !passed(pair, told.content, &event, &intent))
        return;
    content_erase(work->contents, work->txn, work->arena, told.content);
    told.content = intent.content;
    told.seq = event.seq;
    feed_rewrite(work, &told);
    intent.feed_position = position;
    outbox_put(work, pair->out, &intent);
    if (event.type == EVENT_WITHDRAW) {
        referral->state = REFERRAL_WITHDRAWN;
        referral->ended = told.at;
    }
    register_put(work, referral);
}

bool fold_again_ended(const struct folded *folded, struct referral *referral)
{
    struct pair pair = { .folded = folded,
        .work = folded->work,
        .out = peer_ledger(folded->work, folded->peer, LEDGER_OUT),
        .first = referral,
        .second = referral };
    struct feed_event ending;
    if (!referral->outgoing || waits(&pair, &referral->uuid) ||
        !ending_find(&pair, &ending))
        return false;
    referral->state = REFERRAL_SENT;
    referral->ended.unix_ms = 0;
    referral->request = folded_kept(folded);
    referral->pending = 1;
    referral->refill = pair.out->refill;
    register_put(folded->work, referral);
    tell_ending(&pair, ending.position);
    return true;
}
