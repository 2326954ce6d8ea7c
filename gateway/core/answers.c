#include "core/answers.h"

#include "core/feed.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/referral_step.h"

#include <string.h>

/* The row of what an entry of ours is about, ready for a note in the feed. */
static bool own_step(struct work *work, struct peer *peer,
    const struct ledger_entry *entry, struct referral_event *event,
    struct step *step)
{
    *event = (struct referral_event){ .referral = entry->referral,
        .type = (enum referral_event_type)entry->event_type,
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

/* What the receiver's gateway says of one event of ours. */
static void answered(struct work *work, struct peer *peer,
    const struct ledger_entry *entry, const struct answer_item *item)
{
    struct referral_event event;
    struct step step;
    struct verdict why = { .problem = item->problem };
    if (!own_step(work, peer, entry, &event, &step))
        return;
    struct referral *referral = step.referral;
    bool applied = item->verdict == ANSWER_APPLIED;
    bool incoming = !referral->outgoing; /* then we decided, it only follows */
    enum referral_state state = referral->state;
    if (!incoming && referral->pending > 0)
        referral->pending--;
    if (!incoming && state != REFERRAL_WITHDRAWN &&
        item->state > REFERRAL_DRAFT && item->state < REFERRAL_STATE_COUNT)
        state = (enum referral_state)item->state;
    memcpy(why.clause, item->clause.bytes, item->clause.size);
    memcpy(why.remedy, item->remedy.bytes, item->remedy.size);
    if (item->verdict == ANSWER_ABSENT) {
        /* we sent it without its content: that was erased here meanwhile */
        verdict_set(&why, PROBLEM_CONSENT_MISSING, "consent",
            "it was erased before it was delivered: begin anew, if at all");
        if (event.type == EVENT_SEND && !referral_is_terminal(state))
            state = REFERRAL_WITHDRAWN; /* nothing is left to go on with */
    }
    if (!applied) {
        work->node->counters.events_refused_there++;
        OUTPUT_LOG(work, LOG_REFERRAL_REFUSED,
            log_uuid("referral", &referral->uuid),
            log_agency("by", &peer->agency),
            log_code("step", event_type_name(event.type)),
            log_code("code", problem_name(why.problem)));
    } else if (incoming) {
        return;
    }
    struct step_note note = { applied ? FEED_ANSWERED : FEED_REFUSED,
        applied ? FEED_STATUS_APPLIED : FEED_STATUS_TURNED_DOWN, &why,
        CONTENT_NONE };
    (void)step_apply(&step, state, &note);
}

static void answer_entry(struct work *work, struct peer *peer,
    const struct ledger_entry *entry, const struct answer_item *item)
{
    struct entry_header header;
    size_t used = work->scratch->used;
    if (entry->has_referral)
        answered(work, peer, entry, item);
    else if (item->verdict == ANSWER_REFUSED &&
             entry_header_read(entry->header, work->scratch, &header) ==
                 ERR_NONE)
        OUTPUT_LOG(work, LOG_PEER_REFUSED, log_agency("by", &peer->agency),
            log_code("kind", entry_kind_name(header.kind)),
            log_code("code", problem_name(item->problem)));
    arena_rewind(work->scratch, used);
}

static void answer_range(struct work *work, struct peer *peer,
    struct ledger *out, const struct answer_item *item)
{
    struct ledger_parcel parcel = { 0 };
    uint64_t end = item->index + item->count;
    /* answers come in order: what is answered is answered once */
    if (end > out->frontier.size)
        end = out->frontier.size;
    for (uint64_t index = item->index > out->answered ? item->index
                                                      : out->answered;
         index < end && !work_failed(work); index++) {
        if (index - parcel.first_index >= parcel.count &&
            !ledger_parcel_at(work, out, index, &parcel))
            return;
        answer_entry(
            work, peer, &parcel.entries[index - parcel.first_index], item);
        out->answered = index + 1;
        out->changed = true;
    }
}

void answers_pass_unowed(struct work *work, struct ledger *out)
{
    struct ledger_parcel parcel = { 0 };
    while (out->answered < out->cosigned && !work_failed(work)) {
        struct entry_header header;
        size_t used = work->scratch->used;
        if (out->answered - parcel.first_index >= parcel.count &&
            !ledger_parcel_at(work, out, out->answered, &parcel))
            return;
        const struct ledger_entry *entry =
            &parcel.entries[out->answered - parcel.first_index];
        bool is_owed =
            entry->has_referral ||
            entry_header_read(entry->header, work->scratch, &header) !=
                ERR_NONE ||
            (header.kind != ENTRY_ANSWER && header.kind != ENTRY_PADDING);
        arena_rewind(work->scratch, used);
        if (is_owed)
            return;
        out->answered++;
        out->changed = true;
    }
}

void answers_apply(struct work *work, struct peer *peer, struct ledger *out,
    const struct answer *answer)
{
    for (size_t i = 0; i < answer->item_count && !work_failed(work); i++)
        answer_range(work, peer, out, &answer->items[i]);
    answers_pass_unowed(work, out);
}
