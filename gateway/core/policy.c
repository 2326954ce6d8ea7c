/*
 * policy_judge. The order of the checks, which decides what is named when
 * several things are wrong at once (most basic first, so that following the
 * remedies one by one gets there):
 *
 *   1  exempt events pass, without elements
 *   2  the agreement is known, both agencies are parties
 *   3  send: in force at both, dated, roles, service, pathway, hops, purpose
 *   4  later events with elements: in force at both, dated, purpose
 *   5  later events from the receiver: ask_back bounds details, then elements
 *   6  elements: never_share, then allowed by the purpose; each over all
 *   7  send: every required element is there
 *   8  consent: when it was given, how long it lasts, that there is some (send)
 *   9  consent: for each element
 */
#include "core/policy.h"

#include <assert.h>

#include "core/element.h"
#include "core/step.h"
#include "core/verdict.h"

#define DAY_MS INT64_C(86400000)

/* What the checks share. */
struct judgement {
    const struct policy_question *question;
    const struct mou_party *from;
    const struct mou_party *to;
    const struct mou_purpose *purpose;
    struct verdict *verdict;
};

static bool holds(const struct slice *list, size_t count, struct slice item)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(list[i], item))
            return true;
    return false;
}

/* For remedies: a registered code as our table has it. What is not registered
 * is nobody's code, and may be somebody's name. */
static const char *code_of(struct slice name)
{
    const struct element *element = element_find(name);
    return element != NULL ? element->code : "the element";
}

/* ---- The agreement ------------------------------------------------------ */

static bool judge_exempt(struct judgement *judgement)
{
    const struct referral_event *event = judgement->question->event;
    struct verdict *verdict = judgement->verdict;
    if (event->element_count == 0)
        return true;
    verdict_refuse(verdict, PROBLEM_ELEMENT_NOT_ALLOWED, "elements");
    verdict_remedy(verdict, "remove the elements: %s carries none",
        event_type_name(event->type));
    return false;
}

static bool judge_parties(struct judgement *judgement)
{
    const struct policy_question *question = judgement->question;
    struct verdict *verdict = judgement->verdict;
    if (question->mou == NULL) {
        verdict_refuse(verdict, PROBLEM_MOU_NOT_FOUND, "mou");
        verdict_remedy(verdict, "name an agreement that both agencies hold");
        return false;
    }
    judgement->from = mou_party_of(question->mou, &question->from);
    judgement->to = mou_party_of(question->mou, &question->to);
    if (judgement->from != NULL && judgement->to != NULL)
        return true;
    verdict_refuse(verdict, PROBLEM_PATHWAY_NOT_ALLOWED, "parties");
    verdict_remedy(verdict,
        "name an agreement whose parties are both agencies; this one's are:");
    for (size_t i = 0; i < question->mou->party_count; i++)
        verdict_remedy_item(verdict, question->mou->parties[i].id);
    return false;
}

static bool judge_in_force(struct judgement *judgement)
{
    const struct policy_question *question = judgement->question;
    struct verdict *verdict = judgement->verdict;
    const struct mou_party *lacking =
        !question->in_force_at_author ? judgement->from : judgement->to;
    if (!question->in_force_at_author || !question->in_force_at_recipient) {
        verdict_refuse(verdict, PROBLEM_MOU_NOT_FOUND, "status");
        verdict_remedy(verdict, "wait until the agreement is in force at %.*s",
            SLICE_ARGUMENTS(lacking->id));
        return false;
    }
    if (mou_is_dated(question->mou, question->now))
        return true;
    bool early = instant_before(question->now, question->mou->from);
    verdict_refuse(verdict, PROBLEM_MOU_NOT_FOUND,
        early ? "in_force.from" : "in_force.until");
    verdict_remedy(
        verdict, early ? "wait until the agreement begins"
                       : "name a version of the agreement that has not ended");
    return false;
}

static bool judge_roles(struct judgement *judgement)
{
    struct verdict *verdict = judgement->verdict;
    const struct mou_party *wrong = !judgement->from->refers   ? judgement->from
                                    : !judgement->to->receives ? judgement->to
                                                               : NULL;
    if (wrong == NULL)
        return true;
    verdict_refuse(verdict, PROBLEM_PATHWAY_NOT_ALLOWED, "parties[%.*s].role",
        SLICE_ARGUMENTS(wrong->id));
    verdict_remedy(verdict, "agree first that %.*s %s",
        SLICE_ARGUMENTS(wrong->id),
        !judgement->from->refers ? "refers" : "receives");
    return false;
}

static bool judge_service(struct judgement *judgement)
{
    const struct policy_question *question = judgement->question;
    const struct mou *mou = question->mou;
    struct verdict *verdict = judgement->verdict;
    const struct mou_service *service =
        mou_service_named(mou, question->request->service);
    if (service != NULL && slice_equal(service->party, judgement->to->id))
        return true;
    verdict_refuse(verdict, PROBLEM_SERVICE_UNKNOWN, "services");
    verdict_remedy(verdict,
        "choose a service of %.*s:", SLICE_ARGUMENTS(judgement->to->id));
    for (size_t i = 0; i < mou->service_count; i++)
        if (slice_equal(mou->services[i].party, judgement->to->id))
            verdict_remedy_item(verdict, mou->services[i].id);
    return false;
}

/* Which purposes the agreement knows between this party and this service. */
static void list_purposes(const struct judgement *judgement)
{
    const struct mou *mou = judgement->question->mou;
    struct slice service = judgement->question->request->service;
    verdict_remedy(judgement->verdict,
        "refer %.*s to %.*s only for an agreed purpose:",
        SLICE_ARGUMENTS(judgement->from->id),
        SLICE_ARGUMENTS(mou_service_named(mou, service)->id));
    for (size_t i = 0; i < mou->pathway_count; i++)
        if (slice_equal(mou->pathways[i].from, judgement->from->id) &&
            slice_equal(mou->pathways[i].to, service))
            verdict_remedy_item(judgement->verdict, mou->pathways[i].purpose);
}

static bool judge_pathway(struct judgement *judgement)
{
    const struct policy_question *question = judgement->question;
    const struct referral_request *request = question->request;
    struct verdict *verdict = judgement->verdict;
    const struct mou_pathway *pathway = mou_pathway_for(
        question->mou, judgement->from->id, request->service, request->purpose);
    if (pathway == NULL) {
        verdict_refuse(verdict, PROBLEM_PATHWAY_NOT_ALLOWED, "pathways");
        list_purposes(judgement);
        return false;
    }
    if (request->hop <= pathway->hops_max)
        return true;
    verdict_refuse(verdict, PROBLEM_HOP_LIMIT, "pathways[%zu].max_hops",
        (size_t)(pathway - question->mou->pathways));
    verdict_remedy(verdict,
        "make a referral of its own with the person: the agreement allows "
        "%u hops here",
        (unsigned)pathway->hops_max);
    return false;
}

static bool judge_purpose(struct judgement *judgement)
{
    const struct policy_question *question = judgement->question;
    struct verdict *verdict = judgement->verdict;
    const struct mou *mou = question->mou;
    if (question->request != NULL)
        judgement->purpose = mou_purpose_named(mou, question->request->purpose);
    if (judgement->purpose != NULL)
        return true;
    verdict_refuse(verdict, PROBLEM_ELEMENT_NOT_ALLOWED, "data_elements");
    verdict_remedy(verdict, "send no elements for this purpose; listed are:");
    for (size_t i = 0; i < mou->purpose_count; i++)
        verdict_remedy_item(verdict, mou->purposes[i].purpose);
    return false;
}

/* ---- What may come back ------------------------------------------------- */

static bool judge_ask_back(struct judgement *judgement)
{
    const struct policy_question *question = judgement->question;
    const struct referral_event *event = question->event;
    struct verdict *verdict = judgement->verdict;
    enum ask_back ask_back =
        question->request != NULL ? question->request->ask_back : ASK_BACK_NONE;
    if (question->from_referrer)
        return true;
    for (size_t i = 0; i < event->detail_count; i++) {
        const struct step_detail *detail =
            step_detail_named(event->type, event->details[i].name);
        /* what the step does not know is the guard's to refuse */
        if (detail == NULL || detail->back == ASK_BACK_NONE ||
            detail->back <= ask_back)
            continue;
        verdict_refuse(
            verdict, PROBLEM_CONSENT_SCOPE, "details.%s", detail->name);
        verdict_remedy(verdict, "remove %s: the person lets back %s",
            detail->name, ask_back_name(ask_back));
        return false;
    }
    if (event->element_count == 0 || ask_back >= ASK_BACK_FULL)
        return true;
    verdict_refuse(verdict, PROBLEM_CONSENT_SCOPE, "request.ask_back");
    verdict_remedy(verdict, "remove the elements: the person lets back %s",
        ask_back_name(ask_back));
    return false;
}

/* ---- Elements ----------------------------------------------------------- */

static bool judge_never_share(struct judgement *judgement)
{
    const struct mou *mou = judgement->question->mou;
    const struct referral_event *event = judgement->question->event;
    struct verdict *verdict = judgement->verdict;
    for (size_t i = 0; i < event->element_count; i++) {
        struct slice name = event->elements[i].name;
        if (!holds(mou->never_share, mou->never_share_count, name))
            continue;
        verdict_refuse(verdict, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share");
        verdict_remedy(
            verdict, "remove %s: the agreement never shares it", code_of(name));
        return false;
    }
    return true;
}

static bool judge_allowed(struct judgement *judgement)
{
    const struct mou_purpose *purpose = judgement->purpose;
    const struct referral_event *event = judgement->question->event;
    struct verdict *verdict = judgement->verdict;
    for (size_t i = 0; i < event->element_count; i++) {
        struct slice name = event->elements[i].name;
        if (holds(purpose->required, purpose->required_count, name) ||
            holds(purpose->allowed, purpose->allowed_count, name))
            continue;
        verdict_refuse(verdict, PROBLEM_ELEMENT_NOT_ALLOWED,
            "data_elements[%.*s].allowed", SLICE_ARGUMENTS(purpose->purpose));
        verdict_remedy(verdict, "remove %s; allowed are:", code_of(name));
        for (size_t j = 0; j < purpose->required_count; j++)
            verdict_remedy_item(verdict, purpose->required[j]);
        for (size_t j = 0; j < purpose->allowed_count; j++)
            verdict_remedy_item(verdict, purpose->allowed[j]);
        return false;
    }
    return true;
}

static bool judge_required(struct judgement *judgement)
{
    const struct mou_purpose *purpose = judgement->purpose;
    const struct referral_event *event = judgement->question->event;
    struct verdict *verdict = judgement->verdict;
    for (size_t i = 0; i < purpose->required_count; i++) {
        bool there = false;
        for (size_t j = 0; j < event->element_count; j++)
            there = there ||
                    slice_equal(event->elements[j].name, purpose->required[i]);
        if (there)
            continue;
        verdict_refuse(verdict, PROBLEM_ELEMENT_MISSING,
            "data_elements[%.*s].required", SLICE_ARGUMENTS(purpose->purpose));
        verdict_remedy(verdict, "add the required element %.*s",
            SLICE_ARGUMENTS(purpose->required[i]));
        return false;
    }
    return true;
}

/* ---- Consent ------------------------------------------------------------ */

static bool judge_consent_span(struct judgement *judgement)
{
    const struct policy_question *question = judgement->question;
    const struct referral_request *request = question->request;
    struct verdict *verdict = judgement->verdict;
    int64_t days = question->mou->consent_days_max;
    int64_t given = request->consent_at.unix_ms;
    if (given > question->now.unix_ms + CLOCK_SKEW_MS_MAX) {
        verdict_refuse(verdict, PROBLEM_CLOCK_SKEW, "request.consent_at");
        verdict_remedy(
            verdict, "correct consent_at or the clock: it is still to come");
        return false;
    }
    for (size_t i = 0; i < request->grant_count; i++) {
        if (request->grants[i].until.unix_ms <= given + days * DAY_MS)
            continue;
        verdict_refuse(
            verdict, PROBLEM_CONSENT_SCOPE, "consent.max_expiry_days");
        verdict_remedy(verdict,
            "let grant %zu end no later than %u days after the person agreed",
            i, (unsigned)question->mou->consent_days_max);
        return false;
    }
    return true;
}

enum cover { COVER_NONE, COVER_ENDED, COVER_HOLDS };

/* What the person's grants say about one element on this way; about the way as
 * such when `element` is NULL. */
static enum cover cover_of(
    const struct judgement *judgement, const struct slice *element)
{
    const struct policy_question *question = judgement->question;
    const struct referral_request *request = question->request;
    enum cover cover = COVER_NONE;
    for (size_t i = 0; i < request->grant_count; i++) {
        const struct grant *grant = &request->grants[i];
        if (!agency_id_equal(&grant->to, &question->to) ||
            !slice_equal(grant->purpose, request->purpose))
            continue;
        if (element != NULL &&
            !holds(grant->elements, grant->element_count, *element))
            continue;
        if (instant_before(question->now, grant->until))
            return COVER_HOLDS;
        cover = COVER_ENDED;
    }
    return cover;
}

static bool judge_consent(struct judgement *judgement)
{
    struct verdict *verdict = judgement->verdict;
    enum cover cover = cover_of(judgement, NULL);
    if (cover == COVER_HOLDS)
        return true;
    verdict_refuse(verdict,
        cover == COVER_ENDED ? PROBLEM_CONSENT_EXPIRED
                             : PROBLEM_CONSENT_MISSING,
        "consent.grants");
    verdict_remedy(verdict, "%sask the person whether %.*s may know, for %.*s",
        cover == COVER_ENDED ? "the grant has ended: " : "",
        SLICE_ARGUMENTS(judgement->to->id),
        SLICE_ARGUMENTS(judgement->purpose->purpose));
    return false;
}

static bool judge_element_consent(struct judgement *judgement)
{
    const struct referral_event *event = judgement->question->event;
    struct verdict *verdict = judgement->verdict;
    for (size_t i = 0; i < event->element_count; i++) {
        struct slice name = event->elements[i].name;
        enum cover cover = cover_of(judgement, &name);
        if (cover == COVER_HOLDS)
            continue;
        verdict_refuse(verdict,
            cover == COVER_ENDED ? PROBLEM_CONSENT_EXPIRED
                                 : PROBLEM_CONSENT_SCOPE,
            "consent.grants");
        verdict_remedy(verdict,
            "remove %s, or ask the person whether %.*s may know it",
            code_of(name), SLICE_ARGUMENTS(judgement->to->id));
        return false;
    }
    return true;
}

/* ---- All of it ---------------------------------------------------------- */

static bool judge_send(struct judgement *judgement)
{
    return judge_in_force(judgement) && judge_roles(judgement) &&
           judge_service(judgement) && judge_pathway(judgement) &&
           judge_purpose(judgement) && judge_never_share(judgement) &&
           judge_allowed(judgement) && judge_required(judgement) &&
           judge_consent_span(judgement) && judge_consent(judgement) &&
           judge_element_consent(judgement);
}

static bool judge_later(struct judgement *judgement)
{
    if (judgement->question->event->element_count == 0)
        return judge_ask_back(judgement);
    return judge_in_force(judgement) && judge_purpose(judgement) &&
           judge_ask_back(judgement) && judge_never_share(judgement) &&
           judge_allowed(judgement) && judge_consent_span(judgement) &&
           judge_element_consent(judgement);
}

void policy_judge(
    const struct policy_question *question, struct verdict *verdict)
{
    struct judgement judgement = { .question = question, .verdict = verdict };
    const struct referral_event *event = question->event;
    /* what a request must be for, referral_check has seen to */
    assert(event->type != EVENT_SEND || question->request != NULL);
    verdict_allow(verdict);
    if (event_is_exempt(event->type))
        (void)judge_exempt(&judgement);
    else if (!judge_parties(&judgement))
        return;
    else if (event->type == EVENT_SEND)
        (void)judge_send(&judgement);
    else
        (void)judge_later(&judgement);
}
