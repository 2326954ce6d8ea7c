#include "core/answers.h"

#include "core/erase.h"
#include "core/feed.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/referral_erase.h"
#include "core/referral_step.h"
#include "core/retell.h"

#include <string.h>

/* The row of what an entry of ours is about, ready for a note in the feed. */
static bool own_step(struct work *work, struct peer *peer,
    const struct ledger_entry *entry, struct referral_event *event,
    struct step *step)
{
    *event = (struct referral_event){ .referral = entry->referral,
        .type = (enum referral_event_type)entry->event_type,
        .seq = entry->seq,
        .actor = ACTOR_GATEWAY };
    *step = (struct step){
        .work = work, .peer = peer, .event = event, .by_us = true
    };
    step->referral = register_get(work, &entry->referral);
    return step->referral != NULL && step->referral->peer == peer->number;
}

void answers_cosigned(
    struct work *work, struct peer *peer, const struct ledger_entry *entry)
{
    struct referral_event event;
    struct step step;
    if (entry->event_type != EVENT_SEND ||
        !own_step(work, peer, entry, &event, &step) ||
        step.referral->state != REFERRAL_SENT)
        return;
    event.type = EVENT_RECEIPT;
    struct step_note note = { FEED_DELIVERED, FEED_STATUS_APPLIED, NULL,
        CONTENT_NONE };
    (void)step_apply(&step, REFERRAL_DELIVERED, &note);
}

/* The same was answered before: its parcel was taken back since, as its receipt
 * never came, and both ends lost what showed that it had been there. */
static bool was_noted(struct work *work, struct peer *peer,
    const struct referral *referral, const struct ledger_entry *entry,
    enum feed_type type)
{
    bool was = false;
    if (peer_ledger(work, peer, LEDGER_OUT)->previous == 0)
        return false;
    for (uint32_t i = 0; i < referral->position_count && !was; i++) {
        struct feed_event event;
        size_t used = work->scratch->used;
        was = feed_at(work, referral->positions[i], &event) && event.by_us &&
              event.type == type && (uint8_t)event.step == entry->event_type &&
              event.seq == entry->seq;
        arena_rewind(work->scratch, used);
    }
    return was;
}

/* Of retell_withdrawn() nothing was noted. What was applied and lost its words
 * before it was told again is applied: the other knows of it yet, for it has
 * said more since, which is held here. */
static bool is_settled(struct work *work, struct peer *peer,
    const struct referral *referral, const struct ledger_entry *entry,
    const struct answer_item *item)
{
    if (!referral->outgoing)
        return false;
    if (entry->feed_position == 0 && entry->event_type == EVENT_WITHDRAW)
        return referral->state == REFERRAL_WITHDRAWN;
    return item->verdict == ANSWER_ABSENT && referral->peer_seq > 0 &&
           was_noted(work, peer, referral, entry, FEED_ANSWERED);
}

/* What the receiver's gateway says of one event of ours. */
static void answered(struct work *work, struct peer *peer,
    struct ledger_entry *entry, const struct answer_item *item)
{
    struct referral_event event;
    struct step step;
    struct verdict why = { .problem = item->problem };
    if (!own_step(work, peer, entry, &event, &step))
        return;
    struct referral *referral = step.referral;
    if (retell_answered(work, peer, referral, entry, item))
        return;
    bool applied = item->verdict == ANSWER_APPLIED;
    bool is_absent = item->verdict == ANSWER_ABSENT;
    bool incoming = !referral->outgoing; /* then we decided, it only follows */
    enum referral_state state = referral->state;
    if (!incoming && referral->pending > 0)
        referral->pending--;
    if (!incoming && state != REFERRAL_WITHDRAWN &&
        item->state > REFERRAL_DRAFT && item->state < REFERRAL_STATE_COUNT)
        state = (enum referral_state)item->state;
    if (is_settled(work, peer, referral, entry, item)) {
        register_put(work, referral);
        return;
    }
    memcpy(why.clause, item->clause.bytes, item->clause.size);
    memcpy(why.remedy, item->remedy.bytes, item->remedy.size);
    if (is_absent) {
        /* we sent it without its content: that was erased here meanwhile */
        retell_why(&why);
        if (event.type == EVENT_SEND && !referral_is_terminal(state))
            state = REFERRAL_WITHDRAWN; /* nothing is left to go on with */
    }
    /* refused before it had a row there: an id that is taken, a form */
    if (item->verdict == ANSWER_REFUSED && event.type == EVENT_SEND &&
        !incoming && item->state == REFERRAL_UNKNOWN &&
        !referral_is_terminal(state))
        state = REFERRAL_REFUSED_BY_POLICY;
    /* taken back here, after consent was revoked before it was known there */
    if (item->problem == PROBLEM_REFERRAL_UNKNOWN && referral->frozen &&
        !incoming && !referral_is_terminal(state))
        state = REFERRAL_WITHDRAWN; /* nothing is left to go on with */
    if (is_absent) {
        OUTPUT_LOG(work, LOG_REFERRAL_RETURNED,
            log_uuid("referral", &referral->uuid),
            log_code("step", event_type_name(event.type)),
            log_code("state", referral_state_name(state)));
    } else if (!applied) {
        work->node->counters.events_refused_there++;
        OUTPUT_LOG(work, LOG_REFERRAL_REFUSED,
            log_uuid("referral", &referral->uuid),
            log_agency("by", &peer->agency),
            log_code("step", event_type_name(event.type)),
            log_code("code", problem_name(why.problem)));
    } else if (incoming) {
        if (event_erases(event.type) || event.type == EVENT_CONSENT_REVOKED) {
            referral_erase_late(work, referral, NULL, 0);
            register_put(work, referral);
        }
        return;
    }
    /* nobody refused what never came */
    struct step_note note = { applied     ? FEED_ANSWERED
                              : is_absent ? FEED_RETURNED
                                          : FEED_REFUSED,
        applied ? FEED_STATUS_APPLIED : FEED_STATUS_TURNED_DOWN, &why,
        CONTENT_NONE };
    if (state == referral->state &&
        was_noted(work, peer, referral, entry, note.type))
        register_put(work, referral);
    else
        (void)step_apply(&step, state, &note);
}

/* Of erasure: who refused it is told of it again after a loss. */
static bool is_notice(const struct ledger_entry *entry)
{
    return entry->has_referral && entry->event_type == EVENT_NONE;
}

static void answer_entry(struct work *work, struct peer *peer,
    struct ledger_entry *entry, const struct answer_item *item)
{
    struct entry_header header;
    size_t used = work->scratch->used;
    if (entry->has_referral && !is_notice(entry))
        answered(work, peer, entry, item);
    else if (entry->has_referral)
        erase_answered(work, peer, entry, item);
    else if (item->verdict == ANSWER_REFUSED &&
             entry_header_read(entry->header, work->scratch, &header) ==
                 ERR_NONE)
        OUTPUT_LOG(work, LOG_PEER_REFUSED, log_agency("by", &peer->agency),
            log_code("kind", entry_kind_name(header.kind)),
            log_code("code", problem_name(item->problem)));
    arena_rewind(work->scratch, used);
}

/* A walk over our entries that one content of the peer answers. The parcel
 * that was looked at last stays: answers go from one entry to the next. */
struct answering {
    struct ledger *out;
    struct ledger_parcel parcel;
    size_t used;  /* of scratch, without the parcel */
    bool changed; /* entries of it */
};

static struct answering answering_begin(struct work *work, struct ledger *out)
{
    return (struct answering){ .out = out, .used = work->scratch->used };
}

static void answering_put(struct work *work, struct answering *answering)
{
    const struct ledger_parcel *parcel = &answering->parcel;
    if (answering->changed)
        ledger_entries_write(work, answering->out, parcel->first_index,
            parcel->entries, parcel->count, parcel->note);
    answering->changed = false;
}

static void answering_end(struct work *work, struct answering *answering)
{
    answering_put(work, answering);
    arena_rewind(work->scratch, answering->used);
}

/* NULL: there is none (or the store failed). */
static struct ledger_entry *answering_entry(
    struct work *work, struct answering *answering, uint64_t index)
{
    struct ledger_parcel *parcel = &answering->parcel;
    if (index - parcel->first_index >= parcel->count) {
        answering_end(work, answering);
        parcel->count = 0;
        if (!ledger_parcel_load(
                work, work->scratch, answering->out, index, parcel))
            return NULL;
    }
    return &parcel->entries[index - parcel->first_index];
}

static void answer_range(struct work *work, struct peer *peer,
    struct answering *answering, const struct answer_item *item)
{
    struct ledger *out = answering->out;
    uint64_t end = item->index + item->count;
    /* answers come in order: what is answered is answered once */
    if (end > out->frontier.size)
        end = out->frontier.size;
    for (uint64_t index = item->index > out->answered ? item->index
                                                      : out->answered;
         index < end && !work_failed(work); index++) {
        struct ledger_entry *entry = answering_entry(work, answering, index);
        if (entry == NULL)
            return;
        answer_entry(work, peer, entry, item);
        if (item->verdict != ANSWER_APPLIED && !entry->withheld &&
            !is_notice(entry)) {
            entry->withheld = true; /* it is not kept there: nor sent again */
            answering->changed = true;
        }
        out->answered = index + 1;
        out->changed = true;
    }
}

static bool is_owed(struct work *work, const struct ledger_entry *entry)
{
    struct entry_header header;
    size_t used = work->scratch->used;
    bool owed =
        entry->has_referral ||
        entry_header_read(entry->header, work->scratch, &header) != ERR_NONE ||
        entry_kind_is_answered(header.kind);
    arena_rewind(work->scratch, used);
    return owed;
}

void answers_pass_unowed(struct work *work, struct ledger *out)
{
    struct answering answering = answering_begin(work, out);
    while (out->answered < out->cosigned && !work_failed(work)) {
        const struct ledger_entry *entry =
            answering_entry(work, &answering, out->answered);
        if (entry == NULL || is_owed(work, entry))
            break;
        out->answered++;
        out->changed = true;
    }
    answering_end(work, &answering);
}

void answers_apply(struct work *work, struct peer *peer, struct ledger *out,
    const struct answer *answer)
{
    struct answering answering = answering_begin(work, out);
    for (size_t i = 0; i < answer->item_count && !work_failed(work); i++)
        answer_range(work, peer, &answering, &answer->items[i]);
    answering_end(work, &answering);
    answers_pass_unowed(work, out);
}
