#include "core/submission.h"

#include "core/agreement.h"
#include "core/delivery.h"
#include "core/limits.h"
#include "core/loss.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/output.h"
#include "core/peer_close.h"
#include "core/reconsider.h"
#include "core/refill.h"
#include "core/referral_step.h"
#include "core/repeat.h"
#include "core/revoke.h"
#include "core/step.h"
#include "core/submission_read.h"

#include <string.h>

/* ---- Handing a referral over -------------------------------------------- */

static void refused(struct step *step, const struct verdict *verdict,
    struct local_answer *answer)
{
    struct work *work = step->work;
    enum err err = ERR_POLICY;
    if (verdict->problem == PROBLEM_STATE)
        err = ERR_STATE;
    else if (verdict->problem == PROBLEM_FORBIDDEN)
        err = ERR_FORBIDDEN;
    else if (verdict->problem == PROBLEM_FORMAT ||
             verdict->problem == PROBLEM_UNKNOWN_FIELD ||
             verdict->problem == PROBLEM_GUARD)
        err = ERR_INVALID;
    work->node->counters.events_refused_here++;
    OUTPUT_LOG(work, LOG_REFERRAL_REFUSED,
        log_agency("to", &step->peer->agency),
        log_code("step", event_type_name(step->event->type)),
        log_code("code", problem_name(verdict->problem)));
    answer_error(
        answer, err, verdict->problem, verdict->clause, verdict->remedy);
}

static void refuse_over(const struct peer *peer, struct local_answer *answer)
{
    answer_error(answer, ERR_STATE, PROBLEM_STATE, "peer.state",
        peer->state == PEER_REVOKED
            ? "refer elsewhere: this agency ended its card for good"
            : "refer elsewhere: this agency is closed here; or talk to it "
              "again with referctl peer close --reopen");
}

static struct peer *recipient(
    struct work *work, struct slice text, struct local_answer *answer)
{
    struct agency_id id;
    struct peer *peer = NULL;
    if (agency_id_parse(text, &id) == ERR_NONE)
        peer = peer_find(work->node, &id);
    if (revoke_is_own(work->node)) {
        answer_error(answer, ERR_STATE, PROBLEM_STATE, "card",
            "nothing is sent any more: our own card was revoked; make a new "
            "agency with referctl init");
        return NULL;
    }
    if (peer != NULL && peer_is_over(peer)) {
        refuse_over(peer, answer);
        return NULL;
    }
    if (peer == NULL || peer->state != PEER_ACCEPTED) {
        if (loss_puts_off(work, "referral.to",
                "accept the agency's card again: the store was lost, and what "
                "others hold of it is taken back",
                answer))
            return NULL;
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_NONE, "referral.to",
            "give the id of an agency from referctl peer list, or accept its "
            "card first");
        return NULL;
    }
    return peer;
}

/* The agreement to rely on: the one named, else the best, else any with that
 * agency, so that the verdict names the clause that is missing. */
static struct agreement *agreement_choose(struct work *work,
    const struct submitted *submitted, const struct peer *peer)
{
    if (submitted->has_mou)
        return agreement_get(work, &submitted->event.mou);
    struct agreement *best = agreement_for(
        work, peer, submitted->request.service, submitted->request.purpose);
    return best != NULL ? best : agreement_with(work, peer);
}

/* The event complete and judged; false when the reply is an error. */
static bool prepare(struct work *work, const struct local_request *request,
    struct submitted *submitted, struct step *step, struct verdict *verdict,
    struct local_answer *answer)
{
    uint8_t random[10];
    if (!submitted_read(work, request, submitted, answer))
        return false;
    step->work = work;
    step->by_us = true;
    step->event = &submitted->event;
    step->peer = recipient(work, submitted->to, answer);
    if (step->peer == NULL)
        return false;
    struct referral_event *event = &submitted->event;
    work_draw(work, random, sizeof random);
    if (!submitted->has_id)
        event->referral = uuid_from((uint64_t)work->now.unix_ms, random);
    if (!submitted->has_thread)
        submitted->request.thread = event->referral;
    event->seq = 1;
    event->at = work->now;
    event->key = field_text(request->fields, request->field_count, "key");
    step->agreement = agreement_choose(work, submitted, step->peer);
    if (step->agreement != NULL)
        event->mou = step->agreement->id;
    *step->referral = (struct referral){
        .uuid = event->referral,
        .peer = step->peer->number,
        .outgoing = true,
        .mou = event->mou,
        .own_seq = 1,
        .created = work->now,
    };
    step_judge(step, verdict);
    return !work_failed(work);
}

/* An event as it was written. */
struct said {
    struct slice bytes;
    struct content_ref content;
    uint8_t salt[SALT_SIZE];
};

/* Queues what was written; its place in the feed is that position. */
static void queue(struct step *step, const struct referral_event *event,
    const struct said *said, uint64_t position)
{
    struct tell tell = {
        .kind = ENTRY_REFERRAL_EVENT,
        .content = said->bytes,
        .has_referral = true,
        .referral = event->referral,
        .event_type = (uint8_t)event->type,
        .seq = event->seq,
        .state = (uint8_t)event->state,
        .held = said->content,
        .feed_position = position,
    };
    if (!delivery_tell(step->work, step->peer, &tell))
        work_exhausted(step->work);
}

static bool write_event(struct work *work, struct referral *referral,
    const struct referral_event *event, struct said *said,
    struct local_answer *answer)
{
    said->bytes = referral_event_write(event, work->scratch);
    if (said->bytes.bytes == NULL || said->bytes.size > CONTENT_SIZE_MAX) {
        answer_error(answer, ERR_LIMIT, PROBLEM_FORMAT, "elements",
            "say less: a referral may have 256 KiB");
        return false;
    }
    work_draw(work, said->salt, SALT_SIZE);
    said->content = content_put(work->contents, work->arena,
        register_entry(work, referral, event->type), SLICE_ARRAY(said->salt),
        said->bytes);
    if (content_is_none(said->content))
        work_exhausted(work);
    return !work_failed(work);
}

static bool has_room(
    struct work *work, unsigned percent_max, struct local_answer *answer)
{
    if (work->node->store_percent < percent_max)
        return true;
    OUTPUT_LOG(work, LOG_STORE_FILLED,
        log_number("percent", (int64_t)work->node->store_percent));
    answer_error(answer, ERR_FULL, PROBLEM_TRY_LATER, "map_size_mib",
        "raise map_size_mib in referd.yaml and restart, then try again");
    return false;
}

/* True when it was handed over before the store was lost; the reply is then
 * complete. */
static bool was_said(struct work *work, const struct local_request *request,
    struct local_answer *answer)
{
    struct submitted submitted;
    struct local_answer unused = { .work = work };
    struct agency_id to;
    size_t used = work->scratch->used;
    bool was = repeat_may_be_said(work) &&
               submitted_read(work, request, &submitted, &unused) &&
               agency_id_parse(submitted.to, &to) == ERR_NONE;
    if (was) {
        submitted.event.key =
            field_text(request->fields, request->field_count, "key");
        was = repeat_recall_said(
            work, &submitted.event, submitted.has_id, &to, answer);
    }
    arena_rewind(work->scratch, used);
    return was;
}

#define MOU_LOST                                                               \
    "try again: agreements that the store lost come back from the agencies "   \
    "that they were made with"

static const struct field_rule submit_rules[] = { { "key", LOCAL_TEXT, true } };

void submission_submit(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer)
{
    struct repeat repeat;
    struct submitted submitted;
    struct referral *referral = arena_take(work->scratch, sizeof *referral);
    struct step step = { .referral = referral };
    struct verdict verdict = { .problem = PROBLEM_NONE };
    struct said said;
    if (referral == NULL) {
        work_exhausted(work);
        return;
    }
    if (!fields_check(answer, "submit", request->fields, request->field_count,
            submit_rules, 1) ||
        !repeat_read(work, uid, request, &repeat, answer) ||
        repeat_recall(work, &repeat, answer) ||
        was_said(work, request, answer) ||
        !has_room(work, STORE_INTAKE_PERCENT_MAX, answer) ||
        !prepare(work, request, &submitted, &step, &verdict, answer))
        return;
    if (verdict.problem == PROBLEM_MOU_NOT_FOUND &&
        loss_puts_off(work, verdict.clause, MOU_LOST, answer))
        return;
    if (!verdict_allows(&verdict)) {
        refused(&step, &verdict, answer);
        return;
    }
    if (register_get(work, &referral->uuid) != NULL) {
        answer_error(answer, ERR_EXISTS, PROBLEM_REFERRAL_EXISTS, "referral.id",
            "leave the id out: the gateway makes one");
        return;
    }
    register_entries_take(work, referral);
    if (!write_event(work, referral, step.event, &said, answer))
        return;
    referral->request = said.content;
    referral->pending = 1;
    struct step_note note = { FEED_STEP, FEED_STATUS_PENDING, NULL,
        said.content };
    uint64_t position = step_apply(&step, REFERRAL_SENT, &note);
    queue(&step, step.event, &said, position);
    repeat_keep(work, &repeat, &referral->uuid, true, said.salt);
    if (!step.peer->settled_out)
        repeat_keep_said(work, &repeat, step.event, &step.peer->agency);
    work->node->counters.referrals_submitted++;
    OUTPUT_LOG(work, LOG_REFERRAL_SUBMITTED,
        log_uuid("referral", &referral->uuid),
        log_agency("to", &step.peer->agency));
    repeat_answer(answer, referral, true);
}

void submission_explain(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer)
{
    struct submitted submitted;
    struct referral *referral = arena_take(work->scratch, sizeof *referral);
    struct step step = { .referral = referral };
    struct verdict verdict = { .problem = PROBLEM_NONE };
    (void)uid;
    if (referral == NULL) {
        work_exhausted(work);
        return;
    }
    if (!fields_check(answer, "explain", request->fields, request->field_count,
            NULL, 0) ||
        !prepare(work, request, &submitted, &step, &verdict, answer))
        return;
    answer_record(answer, "verdict");
    answer_flag(answer, "allowed", verdict_allows(&verdict));
    answer_text(answer, "problem", problem_name(verdict.problem));
    answer_text(answer, "clause", verdict.clause);
    answer_text(answer, "remedy", verdict.remedy);
    if (step.agreement != NULL)
        answer_mou(answer, "mou", &step.agreement->id);
}

/* ---- Taking a step ------------------------------------------------------ */

/* Steps that are so the moment this agency knows, whatever the other says. */
static bool is_at_once(const struct step *step)
{
    return !step->referral->outgoing || step->event->type == EVENT_WITHDRAW ||
           step->event->type == EVENT_CONSENT_REVOKED;
}

/* True when the other agency never heard of it, and now never will: what staff
 * can do before it was told to anyone ends it (referral.c). Revoked consent
 * does then, too, for nothing is left to go on with: *state. */
static bool drop(struct step *step, enum referral_state *state)
{
    if (!step->referral->outgoing || step->referral->state != REFERRAL_SENT ||
        (!referral_is_back(step->referral) &&
            !reconsider_drop(step->work, step->peer, step->referral)))
        return false;
    if (step->event->type == EVENT_CONSENT_REVOKED)
        *state = REFERRAL_WITHDRAWN;
    return true;
}

/* The person ended it while the request may still be on its way: what was not
 * received yet goes without its content. */
static void detach(struct step *step)
{
    if (step->event->type == EVENT_WITHDRAW &&
        step->referral->state == REFERRAL_SENT)
        content_erase(step->work->contents, step->work->txn, step->work->arena,
            step->referral->request);
}

static void take(struct step *step, struct referral_event *event,
    enum referral_state next, const struct repeat *repeat,
    struct local_answer *answer)
{
    struct work *work = step->work;
    struct referral *referral = step->referral;
    struct said said;
    enum referral_state state = next;
    event->seq = ++referral->own_seq;
    event->seen = referral->peer_seq;
    event->at = work->now;
    event->mou = referral->mou;
    event->state = referral->outgoing ? REFERRAL_UNKNOWN : next;
    if (!write_event(work, referral, event, &said, answer))
        return;
    bool is_dropped = drop(step, &state);
    bool at_once = is_dropped || is_at_once(step);
    if (!at_once)
        state = referral->state;
    detach(step);
    if (!referral->outgoing && step_offer(event).size > 0)
        referral->offer = said.content;
    if (is_dropped)
        referral->pending = 0;
    else if (referral->outgoing)
        referral->pending++;
    struct step_note note = { FEED_STEP,
        at_once ? FEED_STATUS_APPLIED : FEED_STATUS_PENDING, NULL,
        said.content };
    uint64_t position = step_apply(step, state, &note);
    if (!is_dropped)
        queue(step, event, &said, position);
    repeat_keep(work, repeat, &referral->uuid, !at_once, said.salt);
    if (!step->peer->settled_out)
        repeat_keep_said(work, repeat, event, &step->peer->agency);
    work->node->counters.steps_recorded++;
    OUTPUT_LOG(work, LOG_REFERRAL_STEPPED,
        log_uuid("referral", &referral->uuid),
        log_code("step", event_type_name(event->type)),
        log_code("state", referral_state_name(state)));
    repeat_answer(answer, referral, !at_once);
}

/* The step wants a decision of an agency that is not asked any more. What
 * nothing can refuse is queued for the day that it is. */
static bool waits_for_nobody(const struct step *step)
{
    return peer_is_over(step->peer) && step->referral->outgoing &&
           !event_is_exempt(step->event->type) &&
           !referral_is_back(step->referral);
}

/* It may come back from the other agency, or is about to. */
static void refuse_unknown(struct work *work, const struct referral *begun,
    struct local_answer *answer)
{
    static const char again[] =
        "try again: the store was lost, and this referral may come back from "
        "the other agency";
    bool comes = begun != NULL && refill_takes_up(work, begun);
    const struct peer *peer =
        comes ? peer_numbered(work->node, begun->peer) : NULL;
    if (peer != NULL && peer_is_over(peer))
        refuse_over(peer, answer);
    else if (comes)
        answer_error(answer, ERR_BUSY, PROBLEM_TRY_LATER, "act.id", again);
    else if (!loss_puts_off(work, "act.id", again, answer))
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_REFERRAL_UNKNOWN, "act.id",
            "look the id up with referctl referral list");
}

void submission_act(struct work *work, uint32_t uid,
    const struct local_request *request, struct local_answer *answer)
{
    struct repeat repeat;
    struct referral_event event;
    struct verdict verdict = { .problem = PROBLEM_NONE };
    struct step step = { .work = work, .event = &event, .by_us = true };
    enum referral_state next;
    if (!step_read(work, request, &event, answer) ||
        !repeat_read(work, uid, request, &repeat, answer) ||
        repeat_recall(work, &repeat, answer) ||
        (!event_is_exempt(event.type) &&
            !has_room(work, STORE_RECEIVE_PERCENT_MAX, answer)))
        return;
    step.referral = register_get(work, &event.referral);
    if (work_failed(work))
        return;
    if (step.referral == NULL || register_is_begun(step.referral)) {
        refuse_unknown(work, step.referral, answer);
        return;
    }
    if (step.referral->position_count >= REFERRAL_EVENT_COUNT_MAX &&
        !event_is_exempt(event.type)) {
        answer_error(answer, ERR_LIMIT, PROBLEM_RATE_LIMIT, "act",
            "begin a new referral: this one has too many steps");
        return;
    }
    step.peer = peer_numbered(work->node, step.referral->peer);
    if (repeat_may_be_said(work) &&
        repeat_recall_said(work, &event, true, &step.peer->agency, answer))
        return;
    step.agreement = agreement_get(work, &step.referral->mou);
    event.mou = step.referral->mou;
    event.seq = step.referral->own_seq + 1;
    event.at = work->now;
    if (step_next(&step, &next, &verdict))
        step_judge(&step, &verdict);
    if (work_failed(work))
        return;
    if (!verdict_allows(&verdict))
        refused(&step, &verdict, answer);
    else if (waits_for_nobody(&step))
        refuse_over(step.peer, answer);
    else
        take(&step, &event, next, &repeat, answer);
}
