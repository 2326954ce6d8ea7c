#include "core/peer_close.h"

#include "core/agreement.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/output.h"
#include "core/referral_step.h"

/* An event that is not answered is pending; a referral that was sent and has
 * none lost its SEND from the queue. */
bool referral_is_back(const struct referral *referral)
{
    return referral->outgoing && referral->state == REFERRAL_SENT &&
           referral->pending == 0;
}

static void hand_back(struct work *work, struct peer *peer, struct ledger *out,
    const struct intent *intent, struct referral *referral)
{
    struct verdict why = { .problem = PROBLEM_NONE };
    struct referral_event event = {
        .referral = intent->referral,
        .type = (enum referral_event_type)intent->event_type,
        .actor = ACTOR_GATEWAY,
    };
    struct step step = {
        .work = work,
        .peer = peer,
        .referral = referral,
        .event = &event,
        .by_us = true,
    };
    struct step_note note = { FEED_RETURNED, FEED_STATUS_TURNED_DOWN, &why,
        CONTENT_NONE };
    verdict_set(&why, PROBLEM_STATE, "peer.state",
        "it was not sent: refer elsewhere, or cancel the referral");
    outbox_take(work, out, intent);
    if (referral->pending > 0)
        referral->pending--;
    (void)step_apply(&step, referral->state, &note);
}

/* The queued event as it is reported; what can go back has gone back then. */
static bool take_up(struct work *work, struct peer *peer, struct ledger *out,
    const struct intent *intent, struct untold *untold)
{
    struct referral *referral = register_get(work, &intent->referral);
    if (referral == NULL) {
        work_corrupt(work);
        return false;
    }
    enum referral_event_type type =
        (enum referral_event_type)intent->event_type;
    *untold = (struct untold){
        .referral = intent->referral,
        .step = type,
        .state = referral->state,
        .outgoing = referral->outgoing,
        .is_back = referral->outgoing && !event_is_exempt(type),
    };
    if (untold->is_back)
        hand_back(work, peer, out, intent, referral);
    return !work_failed(work);
}

static void empty_queue(struct work *work, struct peer *peer,
    struct ledger *out, struct closing *closing)
{
    size_t capacity = out->intent_count < CLOSING_LIST_COUNT_MAX
                          ? (size_t)out->intent_count
                          : CLOSING_LIST_COUNT_MAX;
    struct untold *events =
        arena_take_array(work->arena, capacity, sizeof *events);
    struct intent intent = { 0 };
    uint64_t from = 0;
    if (events == NULL) {
        work_exhausted(work);
        return;
    }
    closing->events = events;
    while (outbox_next(work, out, from, &intent)) {
        struct untold untold;
        size_t used = work->scratch->used;
        from = intent.number + 1;
        if (intent.kind != ENTRY_REFERRAL_EVENT)
            continue;
        if (!take_up(work, peer, out, &intent, &untold))
            return;
        arena_rewind(work->scratch, used);
        closing->back_count += untold.is_back;
        closing->waiting_count += !untold.is_back;
        if (closing->event_count < capacity)
            events[closing->event_count++] = untold;
    }
}

/* Nothing that was learnt of the line holds any longer. */
static void line_forget(struct peer *peer)
{
    peer->settled_out = false;
    peer->settled_in = false;
    peer_wants_head(peer);
    peer->collect_due = false;
    peer->has_due = false;
    peer->failure_count = 0;
    peer->stumble_count = 0;
    peer->rekey_count = 0;
    peer->next_try_steady_ms = 0;
    peer->next_try_wall_ms = 0;
    peer->failing_since_wall_ms = 0;
    peer->problem = "";
    peer->touched = true;
}

static void state_set(
    struct work *work, struct peer *peer, enum peer_state state)
{
    line_forget(peer);
    peer->state = state;
    peer_store(work, peer, SLICE_NONE, SLICE_NONE);
    peer_announce(work, peer);
}

void peer_end(struct work *work, struct peer *peer, enum peer_state state,
    struct closing *closing)
{
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    *closing = (struct closing){ 0 };
    empty_queue(work, peer, out, closing);
    if (work_failed(work))
        return;
    peer->introduces = false;
    state_set(work, peer, state);
}

void peer_close(struct work *work, struct peer *peer, struct closing *closing)
{
    peer_end(work, peer, PEER_CLOSED, closing);
    OUTPUT_LOG(work, LOG_PEER_CLOSED, log_agency("peer", &peer->agency),
        log_number("returned", (int64_t)closing->back_count),
        log_number("waiting", (int64_t)closing->waiting_count));
}

void peer_open(struct work *work, struct peer *peer)
{
    state_set(work, peer, PEER_ACCEPTED);
    agreement_greet(work, peer);
    OUTPUT_LOG(work, LOG_CARD_ACCEPTED, log_agency("agency", &peer->agency));
}
