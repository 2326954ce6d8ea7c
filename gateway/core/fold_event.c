#include "core/fold.h"

#include "core/answers.h"
#include "core/feed.h"
#include "core/outbox.h"
#include "core/referral_step.h"
#include "core/retell.h"
#include "core/step.h"

#include <string.h>

/* The event as it was written, or what is known of it; false: nothing is. */
static bool event_of(const struct folded *folded, struct referral_event *event)
{
    const struct ledger_entry *entry = folded->entry;
    if (folded->content.bytes != NULL &&
        referral_event_read(folded->content, folded->work->scratch, event) ==
            ERR_NONE)
        return true;
    *event = (struct referral_event){
        .referral = entry->referral,
        .type = (enum referral_event_type)entry->event_type,
        .seq = entry->seq,
        .state = (enum referral_state)entry->state,
        .mou = entry->mou,
        .actor = ACTOR_GATEWAY,
    };
    return entry->has_referral && event->type > 0 &&
           event->type < EVENT_TYPE_COUNT;
}

static bool is_state(enum referral_state state)
{
    return state > REFERRAL_DRAFT && state < REFERRAL_STATE_COUNT;
}

/* Nothing leads out of withdrawn, whatever crossed it. */
static enum referral_state state_after(
    const struct referral *referral, enum referral_state stated)
{
    if (referral->state == REFERRAL_WITHDRAWN || !is_state(stated))
        return referral->state;
    return stated;
}

/* Marked for reconsider.h: what this agency's programs knew was not all. Where
 * it is of our staff's making, it is in that state but for what still waits. */
static void mark(const struct folded *folded, struct referral *referral,
    enum referral_state state)
{
    const struct ledger *out =
        peer_ledger(folded->work, folded->peer, LEDGER_OUT);
    referral->refill = out->refill;
    referral->taken_up = referral->outgoing ? REFERRAL_UNKNOWN : state;
}

/* Of the first event that names it. */
static void mou_note(
    struct referral *referral, const struct referral_event *event)
{
    if (mou_id_is_none(&referral->mou))
        referral->mou = event->mou;
}

static void seq_note(uint32_t *newest, uint32_t seq)
{
    if (seq > *newest)
        *newest = seq;
}

/* A new row, with the vault's entries that its contents were sealed with. NULL
 * when the referral is known, or the store or memory failed. */
static struct referral *row_new(
    const struct folded *folded, const struct referral_event *event)
{
    struct work *work = folded->work;
    struct referral *referral = register_get(work, &event->referral);
    if (work_failed(work) || (referral != NULL && !register_is_begun(referral)))
        return NULL;
    if (referral == NULL) {
        referral = arena_take(work->scratch, sizeof *referral);
        if (referral == NULL) {
            work_exhausted(work);
            return NULL;
        }
        register_entries_take(work, referral);
    }
    const struct referral_erasure erasure = referral->erasure;
    *referral = (struct referral){
        .uuid = event->referral,
        .peer = folded->peer->number,
        .mou = event->mou,
        .created = folded->at,
        .entry = referral->entry,
        .erasure = erasure,
        .erased = referral->erased,
        .frozen = erasure.is_whole,
    };
    return referral;
}

/* The row, or one for a referral whose request is gone: only the receiver
 * states where an event leads. NULL when it is another agency's. */
static struct referral *row_of(
    const struct folded *folded, const struct referral_event *event, bool by_us)
{
    struct referral *referral = row_new(folded, event);
    if (work_failed(folded->work))
        return NULL;
    if (referral == NULL) {
        referral = register_get(folded->work, &event->referral);
        return referral != NULL && referral->peer == folded->peer->number
                   ? referral
                   : NULL;
    }
    bool by_receiver = is_state(event->state);
    referral->outgoing = by_us != by_receiver;
    referral->state = by_receiver ? event->state : REFERRAL_DELIVERED;
    return referral;
}

static struct step step_of(const struct folded *folded,
    struct referral *referral, const struct referral_event *event, bool by_us,
    enum referral_state state)
{
    mark(folded, referral, state);
    mou_note(referral, event);
    return (struct step){
        .work = folded->work,
        .peer = folded->peer,
        .referral = referral,
        .event = event,
        .by_us = by_us,
        .at = folded->at,
        .generation = folded->generation,
        .index = folded->index,
    };
}

/* ---- Ours ---------------------------------------------------------------- */

void fold_send_place(struct folded *folded, uint64_t position)
{
    struct feed_event told;
    folded->entry->feed_position = position;
    folded->changed = true;
    if (!feed_at(folded->work, position, &told))
        return;
    told.generation = folded->generation;
    told.index = folded->index;
    told.seq = folded->entry->seq;
    told.content = folded_kept(folded);
    feed_rewrite(folded->work, &told);
}

/* A program handed it over again, under its own id, before it was known that it
 * had been sent: it was. */
static void own_send_again(
    struct folded *folded, const struct referral_event *event)
{
    struct work *work = folded->work;
    struct intent intent = { 0 };
    struct ledger *out = peer_ledger(work, folded->peer, LEDGER_OUT);
    struct referral *referral = register_get(work, &event->referral);
    if (referral == NULL || referral->peer != folded->peer->number)
        return;
    if (!outbox_find_send(work, out, &event->referral, &intent)) {
        if (fold_again_ended(folded, referral))
            answers_cosigned(work, folded->peer, folded->entry);
        return;
    }
    outbox_take(work, out, &intent);
    content_erase(work->contents, work->txn, work->arena, intent.content);
    fold_send_place(folded, intent.feed_position);
    referral->mou = event->mou;
    referral->request = folded_kept(folded);
    mark(folded, referral, referral->state);
    register_put(work, referral);
    answers_cosigned(work, folded->peer, folded->entry);
}

static void own_send(struct folded *folded, const struct referral_event *event)
{
    struct repeat_other other;
    struct referral *referral = row_new(folded, event);
    if (referral == NULL) {
        own_send_again(folded, event);
        return;
    }
    referral->outgoing = true;
    referral->own_seq = event->seq;
    referral->pending = 1;
    referral->request = folded_kept(folded);
    struct step step = step_of(folded, referral, event, true, REFERRAL_SENT);
    struct step_note note = { FEED_STEP, FEED_STATUS_PENDING, NULL,
        folded_kept(folded) };
    folded->entry->feed_position = step_apply(&step, REFERRAL_SENT, &note);
    folded->changed = true;
    if (repeat_take_up(
            folded->work, event, &folded->peer->agency, true, &other))
        fold_again_send(folded, referral, &other);
    answers_cosigned(folded->work, folded->peer, folded->entry);
}

/* It waited when the store was copied, or was said again since, and went back
 * to staff: its place in the feed is there. */
static bool own_step_place(struct folded *folded,
    const struct referral *referral, const struct repeat_other *again)
{
    const struct ledger_entry *entry = folded->entry;
    struct feed_event told;
    uint32_t seq = again != NULL ? again->seq : entry->seq;
    if (!retell_find(
            folded->work, referral, entry->event_type, seq, seq, &told) ||
        (again == NULL && told.at.unix_ms != folded->at.unix_ms))
        return false;
    fold_send_place(folded, told.position);
    return true;
}

static void own_step(struct folded *folded, const struct referral_event *event)
{
    struct repeat_other other;
    struct referral *referral = row_of(folded, event, true);
    if (referral == NULL)
        return;
    enum referral_state state = referral->state;
    bool at_once = !referral->outgoing || event->type == EVENT_WITHDRAW ||
                   event->type == EVENT_CONSENT_REVOKED;
    seq_note(&referral->own_seq, event->seq);
    if (event->type == EVENT_WITHDRAW)
        state = REFERRAL_WITHDRAWN;
    else if (!referral->outgoing)
        state = state_after(referral, event->state);
    if (!referral->outgoing && folded->content.bytes != NULL &&
        step_offer(event).size > 0)
        referral->offer = folded_kept(folded);
    struct step step = step_of(folded, referral, event, true, state);
    bool is_again = repeat_take_up(
        folded->work, event, &folded->peer->agency, !at_once, &other);
    if (is_again && fold_again_step(folded, &other)) {
        referral->state = state;
        register_put(folded->work, referral);
        return;
    }
    referral->pending += referral->outgoing;
    is_again = is_again && uuid_equal(&other.referral, &referral->uuid);
    if (!at_once &&
        own_step_place(folded, referral, is_again ? &other : NULL)) {
        register_put(folded->work, referral);
        return;
    }
    struct step_note note = { FEED_STEP,
        at_once ? FEED_STATUS_APPLIED : FEED_STATUS_PENDING, NULL,
        folded_kept(folded) };
    folded->entry->feed_position = step_apply(&step, state, &note);
    folded->changed = true;
}

static bool is_let_go(const struct referral *referral)
{
    bool whole = referral->erasure.is_whole &&
                 referral->erasure.outcome != ERASURE_OUTCOME_REFUSED;
    return whole || (!register_is_begun(referral) &&
                        (referral->frozen || referral->erased));
}

/* It may have been erased here, or consent revoked, before this came back. */
static void words_check(
    struct folded *folded, const struct referral_event *event)
{
    struct arena *scratch = folded->work->scratch;
    size_t used = scratch->used;
    const struct referral *referral =
        register_get(folded->work, &event->referral);
    if (referral != NULL && is_let_go(referral) &&
        !event_is_exempt(event->type))
        fold_let_go(folded);
    arena_rewind(scratch, used);
}

void fold_own_event(struct folded *folded)
{
    struct referral_event event;
    if (!event_of(folded, &event))
        return;
    words_check(folded, &event);
    if (event.type == EVENT_SEND)
        own_send(folded, &event);
    else
        own_step(folded, &event);
}

void fold_own_words(struct folded *folded, const struct intent *intent)
{
    struct work *work = folded->work;
    struct referral_event event;
    struct feed_event told;
    if (folded->kind != ENTRY_REFERRAL_EVENT || !event_of(folded, &event))
        return;
    words_check(folded, &event);
    struct content_ref kept = folded_kept(folded);
    struct referral *referral = register_get(work, &event.referral);
    if (content_is_none(kept) || referral == NULL ||
        referral->peer != folded->peer->number)
        return;
    if (feed_at(work, intent->feed_position, &told)) {
        told.content = kept;
        feed_rewrite(work, &told);
    }
    /* an offer goes with all of its referral alone, and does not come back */
    if (event.type == EVENT_SEND)
        referral->request = kept;
    register_put(work, referral);
}

void fold_own_salt(struct folded *folded, const struct intent *intent)
{
    struct work *work = folded->work;
    struct content_ref kept = folded_kept(folded);
    struct feed_event told;
    struct referral *referral = register_get(work, &intent->referral);
    if (feed_at(work, intent->feed_position, &told) &&
        content_equal(told.content, intent->content)) {
        told.content = kept;
        feed_rewrite(work, &told);
    }
    if (referral != NULL && content_equal(referral->request, intent->content))
        referral->request = kept;
    if (referral != NULL && content_equal(referral->offer, intent->content))
        referral->offer = kept;
    if (referral != NULL)
        register_put(work, referral);
    content_erase(work->contents, work->txn, work->arena, intent->content);
}

/* ---- Theirs -------------------------------------------------------------- */

void fold_found_event(struct folded *folded)
{
    struct referral_event event;
    size_t used = folded->work->scratch->used;
    if (folded->kind == ENTRY_REFERRAL_EVENT && event_of(folded, &event) &&
        is_state(event.state)) {
        struct referral *found = row_new(folded, &event);
        struct referral *referral =
            found != NULL ? found : register_get(folded->work, &event.referral);
        if (found != NULL) {
            found->outgoing = true;
            found->own_seq = 1;
            found->state = event.type == EVENT_CONSENT_REVOKED
                               ? event.state
                               : REFERRAL_DELIVERED;
        }
        if (referral != NULL && referral->outgoing &&
            referral->peer == folded->peer->number) {
            /* it had taken in so many of ours, whoever has them now */
            seq_note(&referral->own_seq, event.seen);
            register_put(folded->work, referral);
        }
    }
    arena_rewind(folded->work->scratch, used);
}

static void why_fill(const struct answer_item *answer, struct verdict *why)
{
    *why = (struct verdict){ .problem = answer->problem };
    memcpy(why->clause, answer->clause.bytes, answer->clause.size);
    memcpy(why->remedy, answer->remedy.bytes, answer->remedy.size);
}

static void their_send(const struct folded *folded,
    const struct referral_event *event, const struct answer_item *answer)
{
    enum referral_state state = (enum referral_state)answer->state;
    bool applied = answer->verdict == ANSWER_APPLIED;
    struct verdict why;
    struct referral *referral = row_new(folded, event);
    if (referral == NULL)
        return;
    if (!is_state(state)) { /* refused before it had a row, or never here */
        register_delete(folded->work, referral);
        return;
    }
    referral->peer_seq = event->seq;
    referral->request = folded_kept(folded);
    why_fill(answer, &why);
    struct step step = step_of(folded, referral, event, false, state);
    struct step_note note = { applied ? FEED_RECEIVED : FEED_REFUSED,
        applied ? FEED_STATUS_APPLIED : FEED_STATUS_TURNED_DOWN,
        applied ? NULL : &why, folded_kept(folded) };
    (void)step_apply(&step, state, &note);
}

static bool is_known(struct work *work, const struct uuid *uuid)
{
    const struct referral *referral = register_get(work, uuid);
    return referral != NULL && !register_is_begun(referral);
}

static void their_step(const struct folded *folded,
    const struct referral_event *event, const struct answer_item *answer)
{
    bool was_known = is_known(folded->work, &event->referral);
    struct referral *referral = row_of(folded, event, false);
    struct verdict why;
    if (referral == NULL)
        return;
    enum referral_state state =
        state_after(referral, (enum referral_state)answer->state);
    bool applied = answer->verdict == ANSWER_APPLIED;
    /* what came as absent leaves a gap in the count: casework.c, follow_next */
    if (answer->verdict != ANSWER_ABSENT)
        seq_note(&referral->peer_seq, event->seq);
    if (!applied && !referral->outgoing &&
        !is_state((enum referral_state)answer->state)) {
        /* its form was refused, or it came without words: of a referral that
         * never was here, that says nothing */
        if (was_known)
            register_put(folded->work, referral);
        return;
    }
    why_fill(answer, &why);
    struct step step = step_of(folded, referral, event, false, state);
    /* of a receiver's step the words can be refused alone: it stands */
    if (!applied && (!referral->outgoing || state == referral->state)) {
        register_put(folded->work, referral);
        return;
    }
    if (applied && referral->outgoing && step_offer(event).size > 0)
        referral->offer = folded_kept(folded);
    struct step_note note = { FEED_STEP, FEED_STATUS_APPLIED, &why,
        folded_kept(folded) };
    (void)step_apply(&step, state, &note);
}

void fold_their_event(struct folded *folded, const struct answer_item *answer)
{
    struct referral_event event;
    if (!event_of(folded, &event))
        return;
    words_check(folded, &event);
    if (event.type == EVENT_SEND)
        their_send(folded, &event, answer);
    else if (answer->problem != PROBLEM_REFERRAL_UNKNOWN)
        their_step(folded, &event, answer);
}
