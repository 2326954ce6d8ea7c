#include "core/casework.h"

#include "core/agreement.h"
#include "core/answers.h"
#include "core/casework_answer.h"
#include "core/erase.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/mention.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/referral_step.h"
#include "core/retell.h"
#include "core/step.h"

#include <string.h>

/* One entry on its way into the store. */
struct taking {
    struct work *work;
    struct peer *peer;
    const struct entry *entry;
    uint64_t generation;
    uint64_t index;
    struct ledger_entry *stored;
    struct judgement *judgement;
};

static void refuse(struct judgement *judgement, enum problem problem,
    const char *clause, const char *remedy)
{
    verdict_set(&judgement->why, problem, clause, remedy);
}

/* ---- Events of the referrer, decided here ------------------------------- */

static void keep_with(struct work *work, uint64_t entry_number,
    const struct entry *entry, struct judgement *judgement)
{
    judgement->content = content_put(
        work->contents, work->arena, entry_number, entry->salt, entry->content);
    if (content_is_none(judgement->content))
        work_exhausted(work);
}

/* What is nobody's: cards, agreements, answers. */
static void keep(
    struct work *work, const struct entry *entry, struct judgement *judgement)
{
    keep_with(work, VAULT_ENTRY_COMMON, entry, judgement);
}

static void keep_event(
    struct step *step, const struct entry *entry, struct judgement *judgement)
{
    keep_with(step->work,
        register_entry(step->work, step->referral, step->event->type), entry,
        judgement);
}

static void log_refusal(struct step *step, const struct judgement *judgement)
{
    step->work->node->counters.events_refused_here++;
    OUTPUT_LOG(step->work, LOG_REFERRAL_REFUSED,
        log_uuid("referral", &step->event->referral),
        log_agency("from", &step->peer->agency),
        log_code("step", event_type_name(step->event->type)),
        log_code("code", problem_name(judgement->why.problem)));
}

/* The receiving agency states where an event leads, nobody else. */
static bool states_nothing(const struct step *step, struct judgement *judgement)
{
    if (step->event->state == REFERRAL_UNKNOWN)
        return true;
    refuse(judgement, PROBLEM_FORMAT, "state",
        "leave the state out: the receiving agency states it");
    return false;
}

static void received_note(struct step *step)
{
    struct work *work = step->work;
    work->node->counters.referrals_received++;
    OUTPUT_LOG(work, LOG_REFERRAL_RECEIVED,
        log_uuid("referral", &step->event->referral),
        log_agency("from", &step->peer->agency));
}

/* A new referral to us: it has a row even when it is refused, so that later
 * events about it find their answer. Where a row was begun, with its keys. */
static void receive(
    struct step *step, const struct entry *entry, struct judgement *judgement)
{
    struct work *work = step->work;
    struct referral *referral = step->referral;
    uint64_t begun = referral->entry;
    *referral = (struct referral){
        .entry = begun,
        .uuid = step->event->referral,
        .peer = step->peer->number,
        .mou = step->event->mou,
        .peer_seq = step->event->seq,
        .created = work->now,
        .state = REFERRAL_DRAFT,
    };
    if (begun == 0)
        register_entries_take(work, referral);
    enum referral_state sent;
    if (states_nothing(step, judgement) &&
        step_next(step, &sent, &judgement->why))
        step_judge(step, &judgement->why);
    if (work_failed(work))
        return;
    struct step_note note = { FEED_RECEIVED, FEED_STATUS_APPLIED, NULL,
        CONTENT_NONE };
    enum referral_state state = REFERRAL_DELIVERED;
    if (judgement->why.problem != PROBLEM_NONE) {
        note = (struct step_note){ FEED_REFUSED, FEED_STATUS_TURNED_DOWN,
            &judgement->why, CONTENT_NONE };
        state = REFERRAL_REFUSED_BY_POLICY;
        log_refusal(step, judgement);
    } else {
        keep_event(step, entry, judgement);
        note.content = judgement->content;
        referral->request = judgement->content;
        received_note(step);
    }
    (void)step_apply(step, state, &note);
    judgement->state = state;
}

/* A referral that was taken back without its request is under the agreement
 * that its next event names. */
static void adopt_mou(
    struct referral *referral, const struct referral_event *event)
{
    if (mou_id_is_none(&referral->mou))
        referral->mou = event->mou;
}

/* Both ends lost that it had come; here our own steps brought it back. */
static bool lacks_request(const struct step *step)
{
    const struct referral *referral = step->referral;
    return referral->peer == step->peer->number && !referral->outgoing &&
           referral->refill != 0 && referral->peer_seq == 0 &&
           content_is_none(referral->request);
}

/* The request comes once more: it changes nothing but what is known of it. */
static void receive_again(
    struct step *step, const struct entry *entry, struct judgement *judgement)
{
    struct work *work = step->work;
    struct referral *referral = step->referral;
    adopt_mou(referral, step->event);
    judgement->state = referral->state;
    if (referral->frozen || referral->erased)
        refuse(judgement, PROBLEM_CONSENT_MISSING, "consent",
            "nothing: all that was said of it is erased here");
    else if (states_nothing(step, judgement))
        step_judge(step, &judgement->why);
    if (work_failed(work))
        return;
    referral->peer_seq = step->event->seq;
    if (judgement->why.problem != PROBLEM_NONE) {
        log_refusal(step, judgement);
        register_put(work, referral);
        return;
    }
    keep_event(step, entry, judgement);
    referral->request = judgement->content;
    struct step_note note = { FEED_RECEIVED, FEED_STATUS_APPLIED, NULL,
        judgement->content };
    (void)step_apply(step, referral->state, &note);
    received_note(step);
}

/* Withdrawal is never refused, whatever crossed it on the way. */
static bool decide_next(
    const struct step *step, enum referral_state *next, struct verdict *why)
{
    if (step->event->type == EVENT_WITHDRAW &&
        step_party(step) == PARTY_PERSON) {
        *next = REFERRAL_WITHDRAWN;
        return true;
    }
    return step_next(step, next, why);
}

static void decide(
    struct step *step, const struct entry *entry, struct judgement *judgement)
{
    struct work *work = step->work;
    struct referral *referral = step->referral;
    enum referral_state next = referral->state;
    if (step->event->seq <= referral->peer_seq)
        refuse(judgement, PROBLEM_REPLAY, "seq",
            "count each event of a referral up by one");
    else if (!mou_id_equal(&step->event->mou, &referral->mou))
        refuse(judgement, PROBLEM_FORMAT, "mou",
            "name the agreement under which the referral was sent");
    else if (states_nothing(step, judgement) &&
             decide_next(step, &next, &judgement->why))
        step_judge(step, &judgement->why);
    if (work_failed(work))
        return;
    if (step->event->seq > referral->peer_seq)
        referral->peer_seq = step->event->seq;
    if (judgement->why.problem != PROBLEM_NONE) {
        log_refusal(step, judgement);
        register_put(work, referral);
        judgement->state = referral->state;
        return;
    }
    keep_event(step, entry, judgement);
    struct step_note note = { FEED_STEP, FEED_STATUS_APPLIED, NULL,
        judgement->content };
    (void)step_apply(step, next, &note);
    judgement->state = next;
    work->node->counters.steps_received++;
    OUTPUT_LOG(work, LOG_REFERRAL_STEPPED,
        log_uuid("referral", &referral->uuid),
        log_code("step", event_type_name(step->event->type)),
        log_code("state", referral_state_name(next)));
}

/* ---- Events of the receiver, followed here ------------------------------ */

/* True when the table has a way by that step into the state that is stated. */
static bool leads_into(const struct step *step)
{
    for (unsigned from = REFERRAL_DRAFT; from < REFERRAL_STATE_COUNT; from++) {
        enum referral_state next;
        if (referral_next((enum referral_state)from, step->event->type,
                step_party(step), &next) == ERR_NONE &&
            next == step->event->state)
            return true;
    }
    return false;
}

/* Its gateway decided; ours checks that the table leads there: from the state
 * that we know, or, when contents were erased before they came (a gap in its
 * count), from any. */
static bool follow_next(const struct step *step, enum referral_state *next,
    struct judgement *judgement)
{
    const struct referral_event *event = step->event;
    *next = REFERRAL_WITHDRAWN;
    if (step->referral->state == REFERRAL_WITHDRAWN)
        return true;
    if (event->type == EVENT_WITHDRAW && step_party(step) == PARTY_PERSON)
        return true;
    *next = event->state;
    if (event->seq > step->referral->peer_seq + 1 && leads_into(step))
        return true;
    if (!step_next(step, next, &judgement->why))
        return false;
    /* consent that was taken back moves nothing, and nothing refuses it */
    if (*next == event->state || event->type == EVENT_CONSENT_REVOKED)
        return true;
    refuse(judgement, PROBLEM_STATE, "state",
        "state where the table of steps leads");
    return false;
}

/* Its words, unless there are too many; what it moves is judged before. */
static void follow_judge(const struct step *step, struct judgement *judgement)
{
    if (step->referral->position_count >= REFERRAL_EVENT_COUNT_MAX &&
        !event_is_exempt(step->event->type))
        refuse(judgement, PROBLEM_RATE_LIMIT, "referral",
            "begin a new referral: this one has too many steps");
    else
        step_judge(step, &judgement->why);
}

static void offer_note(const struct step *step, struct content_ref content)
{
    if (step_offer(step->event).size > 0)
        step->referral->offer = content;
}

static void follow(
    struct step *step, const struct entry *entry, struct judgement *judgement)
{
    struct work *work = step->work;
    struct referral *referral = step->referral;
    enum referral_state next = referral->state;
    bool leads = false;
    if (step->event->seq <= referral->peer_seq)
        refuse(judgement, PROBLEM_REPLAY, "seq",
            "count each event of a referral up by one");
    else if (!mou_id_equal(&step->event->mou, &referral->mou))
        refuse(judgement, PROBLEM_FORMAT, "mou",
            "name the agreement under which the referral was sent");
    else if (follow_next(step, &next, judgement)) {
        leads = true;
        follow_judge(step, judgement);
    }
    if (work_failed(work))
        return;
    if (step->event->seq > referral->peer_seq)
        referral->peer_seq = step->event->seq;
    judgement->state = referral->state;
    if (!leads) {
        log_refusal(step, judgement);
        register_put(work, referral);
        return;
    }
    if (judgement->why.problem == PROBLEM_NONE)
        keep_event(step, entry, judgement);
    else
        log_refusal(step, judgement); /* its words are lost, its step stands */
    offer_note(step, judgement->content);
    struct step_note note = { FEED_STEP, FEED_STATUS_APPLIED, &judgement->why,
        judgement->content };
    (void)step_apply(step, next, &note);
    judgement->state = next;
    work->node->counters.steps_received++;
    OUTPUT_LOG(work, LOG_REFERRAL_STEPPED,
        log_uuid("referral", &referral->uuid),
        log_code("step", event_type_name(step->event->type)),
        log_code("state", referral_state_name(next)));
}

/* What it was about stays known when its words are gone, refused or not. */
static void mention(
    struct ledger_entry *stored, const struct referral_event *event)
{
    stored->has_referral = true;
    stored->referral = event->referral;
    stored->event_type = (uint8_t)event->type;
    stored->seq = event->seq;
    stored->state = (uint8_t)event->state;
}

static void take_send(
    struct step *step, const struct entry *entry, struct judgement *judgement)
{
    struct referral *known = step->referral;
    bool is_begun = known != NULL && register_is_begun(known) &&
                    known->peer == step->peer->number;
    if (known == NULL)
        step->referral = arena_take(step->work->scratch, sizeof *known);
    if (step->referral == NULL)
        work_exhausted(step->work);
    else if (known == NULL || is_begun)
        receive(step, entry, judgement);
    else if (lacks_request(step))
        receive_again(step, entry, judgement);
    else
        refuse(judgement, PROBLEM_REFERRAL_EXISTS, "referral",
            "give every referral an id of its own");
}

static void take_event(struct taking *taking)
{
    struct work *work = taking->work;
    struct peer *peer = taking->peer;
    const struct entry *entry = taking->entry;
    struct judgement *judgement = taking->judgement;
    struct referral_event event;
    if (referral_event_read(entry->content, work->scratch, &event) !=
        ERR_NONE) {
        refuse(judgement, PROBLEM_FORMAT, "event",
            "write the event as PROTOCOL.md says");
        return;
    }
    mention(taking->stored, &event);
    /* before anything looks at it: actors and sequence numbers are foreign */
    referral_check(&event, &judgement->why);
    if (!verdict_allows(&judgement->why))
        return;
    struct step step = { .work = work,
        .peer = peer,
        .event = &event,
        .is_checked = true,
        .generation = taking->generation,
        .index = taking->index };
    step.agreement = agreement_get(work, &event.mou);
    step.referral = register_get(work, &event.referral);
    if (work_failed(work))
        return;
    if (event.type == EVENT_SEND) {
        take_send(&step, entry, judgement);
        return;
    }
    if (step.referral == NULL || step.referral->peer != peer->number ||
        register_is_begun(step.referral)) {
        refuse(judgement, PROBLEM_REFERRAL_UNKNOWN, "referral",
            "send the referral first");
        return;
    }
    adopt_mou(step.referral, &event);
    if (step.referral->outgoing) {
        follow(&step, entry, judgement);
        retell_withdrawn(work, peer, step.referral, &event);
    } else if (step.referral->position_count >= REFERRAL_EVENT_COUNT_MAX &&
               !event_is_exempt(event.type))
        refuse(judgement, PROBLEM_RATE_LIMIT, "referral",
            "begin a new referral: this one has too many steps");
    else
        decide(&step, entry, judgement);
}

/* ---- Answers ------------------------------------------------------------ */

bool casework_answer(struct work *work, struct peer *peer, struct slice content)
{
    struct answer answer;
    struct ledger *present = peer_ledger(work, peer, LEDGER_OUT);
    bool is_answer = answer_read(content, work->scratch, &answer) == ERR_NONE;
    struct ledger *out =
        is_answer ? generation_find(work, present, answer.generation) : NULL;
    if (out == NULL) {
        OUTPUT_LOG(work, LOG_PEER_REFUSED, log_agency("peer", &peer->agency),
            log_code("kind", "answer"), log_code("code", "malformed"));
        return false;
    }
    answers_apply(work, peer, out, &answer);
    if (out != present)
        generation_save(work, out);
    return true;
}

static void take_answer(struct taking *taking)
{
    taking->judgement->answered = false;
    if (casework_answer(taking->work, taking->peer, taking->entry->content))
        keep(taking->work, taking->entry, taking->judgement);
}

/* One of the two lost something; custody.h has checked that it follows on what
 * we hold. What the author may lack is told with our next one: settle.c. */
static void take_generation(struct taking *taking)
{
    taking->judgement->answered = false;
    keep(taking->work, taking->entry, taking->judgement);
}

/* ---- Cards and agreements ----------------------------------------------- */

static void take_card(struct taking *taking)
{
    const struct entry *entry = taking->entry;
    keep(taking->work, entry, taking->judgement);
    if (peer_offer_card(taking->work, taking->peer, entry->content) != ERR_NONE)
        refuse(taking->judgement, PROBLEM_SIGNATURE_BAD, "card",
            "send a card signed by the root key that was accepted");
}

static void take_offer(struct taking *taking)
{
    struct work *work = taking->work;
    struct peer *peer = taking->peer;
    const struct entry *entry = taking->entry;
    struct judgement *judgement = taking->judgement;
    struct mou_bundle bundle;
    keep(work, entry, judgement);
    if (mou_offer_read(work->crypto, entry->content, work->scratch, &bundle) !=
        ERR_NONE)
        refuse(judgement, PROBLEM_FORMAT, "mou",
            "write the offer as PROTOCOL.md says");
    else
        agreement_offer(work, peer, &bundle, &judgement->why);
    if (judgement->why.problem != PROBLEM_NONE)
        OUTPUT_LOG(work, LOG_MOU_REFUSED, log_agency("from", &peer->agency),
            log_code("code", problem_name(judgement->why.problem)));
}

static void take_signatures(struct taking *taking)
{
    struct work *work = taking->work;
    struct peer *peer = taking->peer;
    const struct entry *entry = taking->entry;
    struct judgement *judgement = taking->judgement;
    struct mou_bundle bundle;
    keep(work, entry, judgement);
    if (mou_signatures_read(entry->content, work->scratch, &bundle) != ERR_NONE)
        refuse(judgement, PROBLEM_FORMAT, "signatures",
            "write the signatures as PROTOCOL.md says");
    else
        agreement_sign(work, peer, &bundle.id, bundle.signatures,
            bundle.signature_count, &judgement->why);
}

static void take_in_force(struct taking *taking)
{
    struct work *work = taking->work;
    struct peer *peer = taking->peer;
    const struct entry *entry = taking->entry;
    struct judgement *judgement = taking->judgement;
    struct mou_id id;
    keep(work, entry, judgement);
    if (mou_in_force_read(entry->content, work->scratch, &id) != ERR_NONE)
        refuse(judgement, PROBLEM_FORMAT, "mou",
            "write the entry as PROTOCOL.md says");
    else
        agreement_in_force(work, peer, &id, &judgement->why);
}

static void take_erasure(struct taking *taking)
{
    keep(taking->work, taking->entry, taking->judgement);
    erase_take(taking->work, taking->peer, taking->entry->content,
        taking->stored, &taking->judgement->why);
}

static void take_padding(struct taking *taking)
{
    taking->judgement->answered = false;
}

/* ---- The parcel --------------------------------------------------------- */

typedef void entry_handler(struct taking *taking);

/* What has no handler is refused: nothing is dropped in silence. */
static entry_handler *const handlers[ENTRY_KIND_COUNT] = {
    [ENTRY_CARD] = take_card,
    [ENTRY_MOU_OFFER] = take_offer,
    [ENTRY_MOU_SIGNATURES] = take_signatures,
    [ENTRY_MOU_IN_FORCE] = take_in_force,
    [ENTRY_REFERRAL_EVENT] = take_event,
    [ENTRY_ANSWER] = take_answer,
    [ENTRY_ERASURE_NOTICE] = take_erasure,
    [ENTRY_PADDING] = take_padding,
    [ENTRY_GENERATION] = take_generation,
};

static void take_entry(struct taking *taking, const struct entry_header *header)
{
    struct work *work = taking->work;
    struct judgement *judgement = taking->judgement;
    *judgement = (struct judgement){ .answered = true };
    if (taking->entry->salt.size == 0) {
        mention_keep(taking->entry->mention, taking->stored);
        judgement->verdict = ANSWER_ABSENT;
        judgement->answered = entry_kind_is_answered(header->kind);
        return;
    }
    if (handlers[header->kind] == NULL)
        refuse(judgement, PROBLEM_UNKNOWN_FIELD, "kind",
            "do not send entries of this kind to this release");
    else
        handlers[header->kind](taking);
    judgement->verdict = judgement->why.problem == PROBLEM_NONE
                             ? ANSWER_APPLIED
                             : ANSWER_REFUSED;
    /* that something is kept which the other erased stays to be shown */
    if (judgement->verdict == ANSWER_REFUSED &&
        judgement->why.problem != PROBLEM_KEPT &&
        !content_is_none(judgement->content)) {
        content_erase(
            work->contents, work->txn, work->arena, judgement->content);
        judgement->content = CONTENT_NONE;
    }
}

static void store_entry(const struct taking *taking)
{
    struct ledger_entry *stored = taking->stored;
    stored->header = arena_copy(taking->work->arena, taking->entry->header);
    stored->content = taking->judgement->content;
    stored->attached = !content_is_none(stored->content);
    if (stored->header.bytes == NULL)
        work_exhausted(taking->work);
}

void casework_take(
    struct work *work, struct peer *peer, const struct casework_parcel *parcel)
{
    struct judgements judgements;
    if (!judgements_begin(work, parcel->count, &judgements))
        return;
    for (size_t i = 0; i < parcel->count && !work_failed(work); i++) {
        struct judgement judgement;
        size_t used = work->scratch->used;
        uint64_t index = parcel->first_index + i;
        struct taking taking = { work, peer, &parcel->entries[i],
            parcel->generation, index, &parcel->stored[i], &judgement };
        take_entry(&taking, &parcel->headers[i]);
        store_entry(&taking);
        judgements_add(work, &judgements, index, &judgement);
        arena_rewind(work->scratch, used);
    }
    judgements_tell(work, peer, parcel->generation, &judgements);
}
