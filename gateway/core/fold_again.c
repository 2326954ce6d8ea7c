#include "core/fold.h"

#include "core/bare.h"
#include "core/erase.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/outbox.h"
#include "core/output.h"
#include "core/referral_step.h"
#include "core/retell.h"

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

bool fold_again_step(struct folded *folded, const struct repeat_other *other)
{
    struct work *work = folded->work;
    struct ledger *out = peer_ledger(work, folded->peer, LEDGER_OUT);
    struct intent intent;
    if (!intent_of(work, out, other, &intent) ||
        intent.event_type != folded->entry->event_type)
        return false;
    feed_content_set(work, intent.feed_position, folded_kept(folded));
    feed_place(work, intent.feed_position, folded->generation, folded->index);
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

/* A step of ours goes back to staff: the referral is in that state. */
static void returned(const struct pair *pair, struct referral *referral,
    enum referral_event_type type, enum referral_state state,
    const struct verdict *why)
{
    struct work *work = pair->work;
    struct referral_event event = { .referral = referral->uuid,
        .type = type,
        .seq = 1,
        .actor = ACTOR_GATEWAY };
    struct step step = { .work = work,
        .peer = pair->folded->peer,
        .referral = referral,
        .event = &event,
        .by_us = true };
    struct step_note note = { FEED_RETURNED, FEED_STATUS_TURNED_DOWN, why,
        CONTENT_NONE };
    (void)step_apply(&step, state, &note);
    OUTPUT_LOG(work, LOG_REFERRAL_RETURNED,
        log_uuid("referral", &referral->uuid),
        log_code("step", event_type_name(type)),
        log_code("state", referral_state_name(referral->state)));
}

/* What was said with it, or what can be told without; false: the step needs
 * words that are gone, and goes back to staff. */
static bool said_read(const struct pair *pair, const struct feed_event *told,
    struct referral_event *event)
{
    struct verdict why = { .problem = PROBLEM_NONE };
    struct referral *first = pair->first;
    if (register_event(pair->work, told->content, event))
        return true;
    if (bare_is_told(first, told->step)) {
        *event = bare_event(first, told, 0);
        event->state = REFERRAL_UNKNOWN; /* the receiver states it */
        return true;
    }
    retell_why(&why);
    returned(pair, first, told->step, first->state, &why);
    return false;
}

/* What was done to the second, as a step of the first: as an intent, but for
 * its place in the feed. A step of the first itself may have been told, and
 * come back: it is known by count and time (fold.c), and else counted anew with
 * all that waits (reconsider.h). False when its words are gone. */
static bool passed(const struct pair *pair, const struct feed_event *told,
    bool is_in_feed, struct referral_event *event, struct intent *intent)
{
    struct work *work = pair->work;
    struct referral *first = pair->first;
    bool is_its_own = first == pair->second && told->seq != 0;
    if (!said_read(pair, told, event))
        return false;
    event->referral = first->uuid;
    event->mou = first->mou;
    event->seq = is_its_own ? told->seq : ++first->own_seq;
    event->seen = first->peer_seq;
    size_t size;
    uint64_t entry = bare_entry(work, first, event->type, is_in_feed);
    struct content_ref content = bare_put(work, entry, event, &size);
    *intent = (struct intent){
        .kind = ENTRY_REFERRAL_EVENT,
        .at = is_its_own ? told->at : work->now,
        .content = content,
        .content_size = (uint32_t)size,
        .has_referral = true,
        .referral = first->uuid,
        .event_type = (uint8_t)event->type,
        .seq = event->seq,
    };
    first->pending++;
    return !work_failed(work);
}

/* It is decided with all else that waits (reconsider.h). */
static void pass_on(const struct pair *pair, const struct feed_event *told)
{
    struct referral_event event;
    struct intent intent;
    if (!passed(pair, told, true, &event, &intent))
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

/* A step of ours, but its SEND. */
static bool is_own_step(const struct feed_event *event)
{
    return event->type == FEED_STEP && event->by_us &&
           event->step != EVENT_SEND;
}

/* It ended before it was told. */
static bool has_ended(const struct pair *pair)
{
    return referral_is_terminal(pair->second->state) &&
           !retell_is_delivered(pair->work, pair->second);
}

/* Of the second's first `count` events, one after that of number `from` says
 * that the step went back to staff: then it did nothing. */
static bool went_back(const struct pair *pair, uint32_t from, uint32_t count,
    enum referral_event_type step)
{
    bool went = false;
    for (uint32_t i = from + 1; i < count && !went; i++) {
        struct feed_event event;
        size_t used = pair->work->scratch->used;
        went = feed_at(pair->work, pair->second->positions[i], &event) &&
               event.type == FEED_RETURNED && event.step == step;
        arena_rewind(pair->work->scratch, used);
    }
    return went;
}

typedef void pass_fn(const struct pair *pair, const struct feed_event *told);

/* What was done to the second before it was told, in its order; and the
 * withdrawal, where it was erased for the person, which withdrew it. */
static void done_pass_on(
    const struct pair *pair, const struct feed_event *withdrawal, pass_fn *pass)
{
    struct work *work = pair->work;
    uint32_t count = pair->second->position_count; /* more may come */
    bool is_said = withdrawal->step == EVENT_NONE;
    for (uint32_t i = 0; i < count; i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (feed_at(work, pair->second->positions[i], &event) &&
            is_own_step(&event) && !went_back(pair, i, count, event.step)) {
            is_said |= event.step == EVENT_WITHDRAW;
            pass(pair, &event);
        }
        arena_rewind(work->scratch, used);
    }
    if (!is_said)
        pass(pair, withdrawal);
}

static struct feed_event withdrawal_of(const struct referral *second)
{
    return (struct feed_event){ .step = second->state == REFERRAL_WITHDRAWN
                                            ? EVENT_WITHDRAW
                                            : EVENT_NONE,
        .actor = ACTOR_PERSON,
        .at = second->ended };
}

static void erasure_pass_on(const struct pair *pair, struct content_ref said)
{
    struct work *work = pair->work;
    struct erasure_notice notice;
    struct erase_result result;
    struct slice bytes =
        content_get(work->contents, work->txn, work->scratch, said);
    if (bytes.bytes == NULL ||
        erasure_notice_read(bytes, work->scratch, &notice) != ERR_NONE ||
        notice.reason == ERASURE_RETENTION_OVER) /* that is of each its own */
        return;
    notice.referral = pair->first->uuid;
    erase_own_at_least(work, pair->first, &notice, &result);
}

/* What was erased of the second is erased of the first. */
static void erasures_pass_on(const struct pair *pair)
{
    struct work *work = pair->work;
    uint32_t count = pair->second->position_count;
    pair->first->erasure.reason = ERASURE_NONE; /* nobody was told of it */
    for (uint32_t i = 0; i < count; i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        if (feed_at(work, pair->second->positions[i], &event) &&
            event.type == FEED_ERASED)
            erasure_pass_on(pair, event.content);
        arena_rewind(work->scratch, used);
    }
}

/* Something of that kind about the second waits to be told: but that consent
 * ended, which is said of what was dropped as well. */
static bool waits(const struct pair *pair, enum entry_kind kind)
{
    struct intent intent;
    uint64_t from = 0;
    while (outbox_next(pair->work, pair->out, from, &intent)) {
        if (intent.kind == kind && intent.has_referral &&
            intent.event_type != EVENT_CONSENT_REVOKED &&
            uuid_equal(&intent.referral, &pair->second->uuid))
            return true;
        from = intent.number + 1;
    }
    return false;
}

/* All steps about the second that wait, but its SEND. */
static void waiting_pass_on(const struct pair *pair)
{
    struct work *work = pair->work;
    struct intent intent;
    uint64_t from = 0;
    uint64_t end = pair->out->intent_next;
    while (outbox_next(work, pair->out, from, &intent) && intent.number < end) {
        struct feed_event told;
        size_t used = work->scratch->used;
        from = intent.number + 1;
        if (intent.kind == ENTRY_REFERRAL_EVENT &&
            intent.event_type != EVENT_SEND &&
            uuid_equal(&intent.referral, &pair->second->uuid) &&
            feed_at(work, intent.feed_position, &told))
            pass_on(pair, &told);
        arena_rewind(work->scratch, used);
    }
}

static void give_back(const struct pair *pair)
{
    struct verdict why = { .problem = PROBLEM_NONE };
    char id[UUID_URN_SIZE + 1];
    char remedy[VERDICT_TEXT_SIZE];
    uuid_format(&pair->first->uuid, id);
    (void)snprintf(remedy, sizeof remedy,
        "go on with %s: it was handed over under the same key before", id);
    verdict_set(&why, PROBLEM_REFERRAL_EXISTS, "key", remedy);
    pair->second->pending = 0;
    returned(pair, pair->second, EVENT_SEND, REFERRAL_CANCELLED, &why);
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
    struct intent send;
    if (pair.second == NULL || !pair.second->outgoing ||
        pair.second->peer != folded->peer->number ||
        uuid_equal(&pair.second->uuid, &referral->uuid))
        return;
    if (outbox_find_send(work, pair.out, &pair.second->uuid, &send)) {
        erasures_pass_on(&pair);
        waiting_pass_on(&pair);
        (void)outbox_drop_referral(work, pair.out, &pair.second->uuid, true);
        give_back(&pair);
    } else if (!waits(&pair, ENTRY_REFERRAL_EVENT) && has_ended(&pair)) {
        struct feed_event withdrawal = withdrawal_of(pair.second);
        erasures_pass_on(&pair);
        done_pass_on(&pair, &withdrawal, pass_on);
    }
}

static bool waits_from(const struct pair *pair, uint64_t position)
{
    struct intent intent;
    uint64_t from = 0;
    while (outbox_next(pair->work, pair->out, from, &intent)) {
        if (position != 0 && intent.feed_position == position)
            return true;
        from = intent.number + 1;
    }
    return false;
}

/* Its own step waits to be told: programs have read of it. */
static void tell_done(const struct pair *pair, const struct feed_event *said)
{
    struct work *work = pair->work;
    struct referral *referral = pair->first;
    struct feed_event told;
    struct referral_event event;
    struct intent intent;
    if (waits_from(pair, said->position) ||
        !passed(pair, said, said->position != 0, &event, &intent))
        return;
    if (feed_at(work, said->position, &told)) {
        content_erase(work->contents, work->txn, work->arena, told.content);
        told.content = intent.content;
        told.seq = event.seq;
        feed_rewrite(work, &told);
    }
    intent.feed_position = said->position;
    outbox_put(work, pair->out, &intent);
    if (event.type == EVENT_WITHDRAW) {
        referral->state = REFERRAL_WITHDRAWN;
        referral->ended = said->at;
    }
    register_put(work, referral);
}

bool fold_again_ended(struct folded *folded, struct referral *referral)
{
    struct pair pair = { .folded = folded,
        .work = folded->work,
        .out = peer_ledger(folded->work, folded->peer, LEDGER_OUT),
        .first = referral,
        .second = referral };
    struct feed_event withdrawal = withdrawal_of(referral);
    if (!referral->outgoing || waits(&pair, ENTRY_REFERRAL_EVENT) ||
        !has_ended(&pair))
        return false;
    referral->state = REFERRAL_SENT;
    referral->ended.unix_ms = 0;
    fold_send_place(folded, referral->positions[0]);
    referral->request = folded_kept(folded);
    referral->pending++;
    referral->refill = pair.out->refill;
    register_put(folded->work, referral);
    if (!waits(&pair, ENTRY_ERASURE_NOTICE))
        erasures_pass_on(&pair);
    done_pass_on(&pair, &withdrawal, tell_done);
    return true;
}
