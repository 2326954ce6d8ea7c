#include "core/referral_step.h"

#include "core/hold.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/referral_erase.h"
#include "core/retention.h"
#include "core/step.h"

#include <string.h>

enum referral_party step_party(const struct step *step)
{
    bool by_referrer = step->by_us == step->referral->outgoing;
    return referral_party_of(step->event->actor, by_referrer);
}

/* It may have gone on meanwhile: what this party can do now. */
static void remedy_steps(const struct step *step, struct verdict *verdict)
{
    uint64_t steps = referral_steps(step->referral->state, step_party(step));
    verdict_remedy(verdict, "look at the referral again%s",
        steps != 0 ? ", now these steps are possible:"
                   : ": no step of yours is left");
    for (unsigned type = 1; type < EVENT_TYPE_COUNT; type++)
        if ((steps >> type & 1) != 0)
            verdict_remedy_item(verdict,
                slice_of_text(event_type_name((enum referral_event_type)type)));
}

bool step_next(
    const struct step *step, enum referral_state *next, struct verdict *verdict)
{
    const struct referral *referral = step->referral;
    enum err err = referral_next(
        referral->state, step->event->type, step_party(step), next);
    if (err == ERR_NONE)
        return true;
    if (err == ERR_FORBIDDEN) {
        verdict_refuse(verdict, PROBLEM_FORBIDDEN, "state[%s].%s",
            referral_state_name(referral->state),
            event_type_name(step->event->type));
        verdict_remedy(
            verdict, "leave this step to the other agency, or say who acts");
        return false;
    }
    verdict_refuse(verdict, PROBLEM_STATE, "state[%s].%s",
        referral_state_name(referral->state),
        event_type_name(step->event->type));
    remedy_steps(step, verdict);
    return false;
}

/* ---- Judging ------------------------------------------------------------ */

/* The referral's own request: of the event itself, else as stored. What takes
 * consent back, or ends, goes without it where it is damaged. */
static const struct referral_request *request_of(const struct step *step)
{
    if (step->event->request != NULL)
        return step->event->request;
    struct work *work = step->work;
    struct referral_event *send = arena_take(work->scratch, sizeof *send);
    if (send == NULL) {
        work_exhausted(work);
        return NULL;
    }
    struct content_ref ref = step->referral->request;
    bool is_read =
        event_is_exempt(step->event->type)
            ? register_event_try(work, ref, work->scratch, send) == ERR_NONE
            : register_event(work, ref, send);
    return is_read ? send->request : NULL;
}

static struct slice offer_of(const struct step *step)
{
    struct referral_event event;
    if (!register_event(step->work, step->referral->offer, &event))
        return SLICE_NONE;
    return step_offer(&event);
}

/* Required and allowed elements of the purpose, in one list. */
static void elements_fill(struct work *work, const struct mou_purpose *purpose,
    struct guard_context *context)
{
    size_t count = purpose->required_count + purpose->allowed_count;
    struct slice *list = arena_take_array(work->scratch, count, sizeof *list);
    if (list == NULL) {
        work_exhausted(work);
        return;
    }
    for (size_t i = 0; i < count; i++)
        list[i] = i < purpose->required_count
                      ? purpose->required[i]
                      : purpose->allowed[i - purpose->required_count];
    context->purpose_elements = list;
    context->purpose_element_count = count;
}

static void context_fill(const struct step *step,
    const struct referral_request *request, struct guard_context *context)
{
    *context = (struct guard_context){ .request = request };
    context->offer = offer_of(step);
    if (step->agreement == NULL || request == NULL)
        return;
    const struct mou *mou = &step->agreement->mou;
    const struct agency_id *self = &step->work->node->self;
    const struct mou_party *from = mou_party_of(
        mou, step->referral->outgoing ? self : &step->peer->agency);
    const struct mou_service *service =
        mou_service_named(mou, request->service);
    const struct mou_purpose *purpose =
        mou_purpose_named(mou, request->purpose);
    context->walk_in = service != NULL && service->walk_in;
    if (from != NULL && service != NULL) {
        const struct mou_pathway *pathway =
            mou_pathway_for(mou, from->id, request->service, request->purpose);
        context->may_forward =
            pathway != NULL && pathway->forward == MOU_FORWARD_WITH_CONSENT;
    }
    if (purpose != NULL)
        elements_fill(step->work, purpose, context);
}

static void policy_ask(const struct step *step,
    const struct referral_request *request, struct verdict *verdict)
{
    const struct work *work = step->work;
    const struct agency_id *self = &work->node->self;
    const struct agency_id *them = &step->peer->agency;
    const struct agreement *agreement = step->agreement;
    bool here = agreement != NULL && agreement->in_force_here;
    bool there =
        agreement != NULL && agreement_is_in_force_at(work, agreement, them);
    struct policy_question question = {
        .from = step->by_us ? *self : *them,
        .to = step->by_us ? *them : *self,
        .now = work->now,
        .mou = agreement == NULL ? NULL : &agreement->mou,
        .in_force_at_author = step->by_us ? here : there,
        .in_force_at_recipient = step->by_us ? there : here,
        .event = step->event,
        .request = request,
        .from_referrer = step->by_us == step->referral->outgoing,
    };
    policy_judge(&question, verdict);
}

/* Nothing about the person goes into a referral whose consent was revoked. */
static bool frozen_refuses(const struct step *step, struct verdict *verdict)
{
    if (!step->referral->frozen || step->event->element_count == 0)
        return false;
    verdict_set(verdict, PROBLEM_CONSENT_MISSING, "consent",
        "leave out all elements: the person took consent back");
    return true;
}

void step_judge(const struct step *step, struct verdict *verdict)
{
    struct guard_context context;
    if (!step->is_checked)
        referral_check(step->event, verdict);
    if (!verdict_allows(verdict))
        return;
    const struct referral_request *request = request_of(step);
    context_fill(step, request, &context);
    if (work_failed(step->work))
        return;
    referral_guard(step->event, &context, verdict);
    if (!verdict_allows(verdict) || frozen_refuses(step, verdict))
        return;
#ifdef REFER_UNCHECKED
    /* a test build, to show that the other end refuses by itself */
    if (step->by_us)
        return;
#endif
    policy_ask(step, request, verdict);
}

/* ---- Applying ----------------------------------------------------------- */

static uint64_t record(const struct step *step, const struct step_note *note)
{
    struct referral *referral = step->referral;
    struct feed_event event = {
        .type = note->type,
        .status = note->status,
        .referral = referral->uuid,
        .peer = referral->peer,
        .outgoing = referral->outgoing,
        .by_us = step->by_us,
        .step = step->event->type,
        .actor = step->event->actor,
        /* what is refused for its role goes into the feed without it */
        .role =
            code_is_valid(step->event->role) ? step->event->role : SLICE_NONE,
        .state = referral->state,
        .content = note->content,
        .seq = step->event->seq,
        .generation = step->generation,
        .index = step->index,
    };
    if (note->verdict != NULL) {
        event.problem = note->verdict->problem;
        event.clause = slice_of_text(note->verdict->clause);
        event.remedy = slice_of_text(note->verdict->remedy);
    }
    uint64_t position = feed_append(step->work, &event);
    if (referral->position_count < REFERRAL_EVENT_COUNT_MAX)
        referral->positions[referral->position_count++] = position;
    return position;
}

uint64_t step_apply(const struct step *step, enum referral_state state,
    const struct step_note *note)
{
    struct referral *referral = step->referral;
    enum referral_event_type type = step->event->type;
    bool applied = note->status == FEED_STATUS_APPLIED;
    referral->state = state;
    referral->updated = step->work->now;
    if (!referral_is_terminal(state))
        referral->ended.unix_ms = referral->taken.unix_ms = 0;
    else if (referral->ended.unix_ms == 0) {
        referral->ended = step->at.unix_ms != 0 ? step->at : step->work->now;
        retention_note(step->work, referral);
        hold_note(step->work, referral);
    }
    if (applied && type == EVENT_CONSENT_REVOKED)
        referral->frozen = true;
    if (applied && (event_erases(type) || type == EVENT_CONSENT_REVOKED))
        referral_erase_later(step->work, referral,
            &(struct erase_wish){ .referral = referral->uuid });
    uint64_t position = record(step, note);
    register_put(step->work, referral);
    return position;
}
