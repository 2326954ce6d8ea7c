#include "core/reconsider.h"

#include "core/agreement.h"
#include "core/bare.h"
#include "core/erase.h"
#include "core/feed.h"
#include "core/outbox.h"
#include "core/output.h"
#include "core/referral_step.h"
#include "core/retell.h"
#include "core/step.h"

/* An intent, and all that it is decided by. */
struct thought {
    struct work *work;
    struct ledger *out;
    struct intent intent;
    struct referral_event event;
    struct step step;
};

/* Its state may be of steps that wait, taken since: all of them are decided
 * again, from where it was without them. */
static void go_back(struct work *work, struct referral *referral)
{
    if (referral->taken_up == REFERRAL_UNKNOWN)
        return;
    referral->state = referral->taken_up;
    referral->taken_up = REFERRAL_UNKNOWN;
    if (!referral_is_terminal(referral->state))
        referral->ended.unix_ms = referral->taken.unix_ms = 0;
    register_put(work, referral);
}

/* False when it is about nothing that was taken up again. */
static bool begin(struct thought *thought, struct peer *peer)
{
    struct work *work = thought->work;
    const struct intent *intent = &thought->intent;
    struct referral *referral = intent->kind == ENTRY_REFERRAL_EVENT
                                    ? register_get(work, &intent->referral)
                                    : NULL;
    if (referral == NULL || referral->refill != thought->out->refill)
        return false;
    if (content_is_damaged(
            work->contents, work->txn, work->scratch, intent->content))
        return false; /* it waits as it is, until somebody erases it */
    go_back(work, referral);
    if (!register_event(work, intent->content, &thought->event)) {
        if (!bare_is_told(
                referral, (enum referral_event_type)intent->event_type))
            return false;
        thought->event = bare_intent(work, referral, intent);
    }
    thought->step = (struct step){
        .work = work,
        .peer = peer,
        .referral = referral,
        .event = &thought->event,
        .by_us = true,
    };
    thought->step.agreement = agreement_get(work, &referral->mou);
    return !work_failed(work);
}

/* A step of ours goes back to staff. */
static void returned(struct work *work, struct peer *peer,
    struct referral *referral, enum referral_event_type type, uint32_t seq,
    const struct verdict *why)
{
    const struct referral_event event = {
        .referral = referral->uuid,
        .type = type,
        .seq = seq,
        .actor = ACTOR_GATEWAY,
    };
    const struct step step = {
        .work = work,
        .peer = peer,
        .referral = referral,
        .event = &event,
        .by_us = true,
    };
    struct step_note note = { FEED_RETURNED, FEED_STATUS_TURNED_DOWN, why,
        CONTENT_NONE };
    (void)step_apply(&step, referral->state, &note);
    OUTPUT_LOG(work, LOG_REFERRAL_RETURNED,
        log_uuid("referral", &referral->uuid),
        log_code("step", event_type_name(type)),
        log_code("state", referral_state_name(referral->state)));
}

static void back(const struct thought *thought, const struct verdict *why)
{
    returned(thought->work, thought->step.peer, thought->step.referral,
        thought->event.type, thought->event.seq, why);
}

/* It will not be told: the referral is where the step leads nowhere. */
static void give_back(struct thought *thought, const struct verdict *why)
{
    struct work *work = thought->work;
    struct referral *referral = thought->step.referral;
    outbox_take(work, thought->out, &thought->intent);
    content_erase(
        work->contents, work->txn, work->arena, thought->intent.content);
    if (referral->outgoing && referral->pending > 0)
        referral->pending--;
    back(thought, why);
}

/* One content, for feed, row and intent: so it is erased once. */
static void content_move(struct thought *thought, struct content_ref content)
{
    struct work *work = thought->work;
    struct referral *referral = thought->step.referral;
    struct intent *intent = &thought->intent;
    struct feed_event event;
    if (intent->feed_position != 0 &&
        feed_at(work, intent->feed_position, &event)) {
        event.content = content;
        /* its words may go yet: then it is told by these */
        event.seq = thought->event.seq;
        if (!referral->outgoing)
            event.state = thought->event.state;
        feed_rewrite(work, &event);
    }
    /* it is newer than all that came back */
    if (content_equal(referral->offer, intent->content) ||
        (!referral->outgoing && step_offer(&thought->event).size > 0))
        referral->offer = content;
    content_erase(work->contents, work->txn, work->arena, intent->content);
    intent->content = content;
}

/* Written anew, as what follows on what is known now: after the answers to what
 * was judged before it, which say where the referral was. */
static void keep(struct thought *thought, enum referral_state next)
{
    struct work *work = thought->work;
    struct referral *referral = thought->step.referral;
    struct referral_event *event = &thought->event;
    struct intent *intent = &thought->intent;
    event->seq = ++referral->own_seq;
    event->seen = referral->peer_seq;
    event->state = referral->outgoing ? REFERRAL_UNKNOWN : next;
    uint64_t entry =
        bare_entry(work, referral, event->type, intent->feed_position != 0);
    size_t size;
    struct content_ref content = bare_put(work, entry, event, &size);
    if (content_is_none(content))
        return;
    content_move(thought, content);
    intent->content_size = (uint32_t)size;
    intent->seq = event->seq;
    intent->state = (uint8_t)event->state;
    outbox_requeue(work, thought->out, intent);
    if (!referral->outgoing || event->type == EVENT_WITHDRAW)
        referral->state = next;
    register_put(work, referral);
}

/* It had ended before it was told, in a life that was lost: what it said may
 * have been told to nobody, or without words. */
static void drop(struct thought *thought)
{
    struct work *work = thought->work;
    struct referral *referral = thought->step.referral;
    (void)outbox_drop_referral(work, thought->out, &referral->uuid, true);
    referral->pending = 0;
    register_put(work, referral);
}

static void decide(struct thought *thought)
{
    struct verdict why = { .problem = PROBLEM_NONE };
    enum referral_state next = thought->step.referral->state;
    enum referral_event_type type = thought->event.type;
    if (thought->intent.is_again && !thought->step.referral->outgoing) {
        if (!retell_again(thought->work, thought->out, thought->step.referral,
                &thought->intent)) {
            retell_why(&why);
            back(thought, &why);
        }
        return;
    }
    if (type == EVENT_SEND) { /* nobody else has heard of it */
        if (referral_is_terminal(next))
            drop(thought);
        return;
    }
    /* here a withdrawal stands since it was said; the other has to hear it */
    if ((type == EVENT_WITHDRAW && next == REFERRAL_WITHDRAWN) ||
        step_next(&thought->step, &next, &why))
        step_judge(&thought->step, &why);
    if (work_failed(thought->work))
        return;
    if (verdict_allows(&why))
        keep(thought, next);
    else
        give_back(thought, &why);
}

/* The words of a step of ours were gone when it came, and it was never told
 * again. True: this intent is that. */
static bool give_up(struct thought *thought, struct peer *peer)
{
    struct work *work = thought->work;
    const struct intent *intent = &thought->intent;
    struct verdict why = { .problem = PROBLEM_NONE };
    struct referral *referral = intent->kind == ENTRY_REFERRAL_EVENT &&
                                        intent->is_again &&
                                        content_is_none(intent->content)
                                    ? register_get(work, &intent->referral)
                                    : NULL;
    if (referral == NULL || !referral->outgoing)
        return false;
    const struct referral_event theirs = { .state = referral->state };
    bool ends = intent->event_type == EVENT_SEND &&
                !referral_is_terminal(referral->state);
    outbox_take(work, thought->out, intent);
    if (referral->pending > 0)
        referral->pending--;
    if (ends)
        referral->state =
            REFERRAL_WITHDRAWN; /* nothing is left to go on with */
    retell_why(&why);
    returned(work, peer, referral, (enum referral_event_type)intent->event_type,
        intent->seq, &why);
    if (ends && referral->peer_seq > 0)
        retell_withdrawn(work, peer, referral, &theirs);
    return true;
}

void reconsider_intents(struct work *work, struct peer *peer)
{
    struct thought thought = { .work = work,
        .out = peer_ledger(work, peer, LEDGER_OUT) };
    uint64_t from = 0;
    const uint64_t end = thought.out->intent_next; /* some are queued anew */
    while (!work_failed(work) &&
           outbox_next(work, thought.out, from, &thought.intent) &&
           thought.intent.number < end) {
        size_t used = work->scratch->used;
        from = thought.intent.number + 1;
        if (thought.intent.kind == ENTRY_ERASURE_NOTICE)
            erase_waiting(work, peer, &thought.intent);
        else if (!give_up(&thought, peer) && begin(&thought, peer))
            decide(&thought);
        arena_rewind(work->scratch, used);
    }
}

/* ---- Dropped ------------------------------------------------------------- */

/* What nothing can refuse stands here, whoever hears of it. */
static bool is_pending(
    const struct intent *intent, const struct referral *referral)
{
    return intent->kind == ENTRY_REFERRAL_EVENT &&
           uuid_equal(&intent->referral, &referral->uuid) &&
           intent->event_type != EVENT_SEND &&
           intent->event_type != EVENT_WITHDRAW &&
           intent->event_type != EVENT_CONSENT_REVOKED;
}

bool reconsider_drop(
    struct work *work, struct peer *peer, struct referral *referral)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct verdict why = { .problem = PROBLEM_NONE };
    struct intent intent;
    uint64_t from = 0;
    if (!outbox_find_send(work, out, &referral->uuid, &intent))
        return false;
    verdict_set(&why, PROBLEM_STATE, "state",
        "nothing: the referral ended before this was told");
    while (outbox_next(work, out, from, &intent)) {
        from = intent.number + 1;
        if (is_pending(&intent, referral))
            returned(work, peer, referral,
                (enum referral_event_type)intent.event_type, intent.seq, &why);
    }
    return outbox_drop_referral(work, out, &referral->uuid, out->refills);
}
