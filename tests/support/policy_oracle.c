/* What has to come out: each rule by itself; the first broken one counts. */
#include "support/policy_world.h"

#include <stdio.h>
#include <string.h>

#include "core/verdict.h"

/* What the header says, as plainly as can be: every rule by itself. */
enum rule {
    RULE_EXEMPT,
    RULE_MOU,
    RULE_PARTIES,
    RULE_IN_FORCE,
    RULE_DATED,
    RULE_REFERS,
    RULE_RECEIVES,
    RULE_SERVICE,
    RULE_PATHWAY,
    RULE_HOPS,
    RULE_PURPOSE,
    RULE_BACK_DETAIL,
    RULE_BACK_ELEMENT,
    RULE_NEVER,
    RULE_ALLOWED,
    RULE_REQUIRED,
    RULE_CONSENT_TIME,
    RULE_CONSENT_SPAN,
    RULE_CONSENT,
    RULE_ELEMENT_CONSENT,
    RULE_COUNT
};

static bool same(struct slice a, struct slice b)
{
    char left[80];
    char right[80];
    snprintf(left, sizeof left, "%.*s", SLICE_ARGUMENTS(a));
    snprintf(right, sizeof right, "%.*s", SLICE_ARGUMENTS(b));
    return strcmp(left, right) == 0;
}

static bool among(struct slice code, const struct slice *list, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found |= same(code, list[i]);
    return found;
}

static int party_at(const struct mou *mou, const struct agency_id *id)
{
    for (size_t i = 0; i < mou->party_count; i++)
        if (strcmp(mou->parties[i].agency.text, id->text) == 0)
            return (int)i;
    return -1;
}

/* How many grants cover the code (any, when NULL), alive or not. */
static size_t grants_for(
    const struct policy_world *world, const struct slice *code, bool alive)
{
    const struct policy_question *question = &world->question;
    size_t count = 0;
    for (size_t i = 0; i < world->request.grant_count; i++) {
        const struct grant *grant = &world->request.grants[i];
        bool covers =
            code == NULL || among(*code, grant->elements, grant->element_count);
        count += covers && strcmp(grant->to.text, question->to.text) == 0 &&
                 same(grant->purpose, world->request.purpose) &&
                 (!alive || grant->until.unix_ms > question->now.unix_ms);
    }
    return count;
}

static void oracle_send(const struct policy_world *world, int from, int to,
    enum problem broken[RULE_COUNT])
{
    const struct mou *mou = &world->mou;
    const struct referral_request *request = &world->request;
    bool served = false;
    bool passable = false;
    uint32_t hops = 0;
    if (!mou->parties[from].refers)
        broken[RULE_REFERS] = PROBLEM_PATHWAY_NOT_ALLOWED;
    if (!mou->parties[to].receives)
        broken[RULE_RECEIVES] = PROBLEM_PATHWAY_NOT_ALLOWED;
    for (size_t i = 0; i < mou->service_count; i++)
        served |= same(mou->services[i].id, request->service) &&
                  same(mou->services[i].party, mou->parties[to].id);
    if (!served)
        broken[RULE_SERVICE] = PROBLEM_SERVICE_UNKNOWN;
    for (size_t i = mou->pathway_count; i-- > 0;) {
        const struct mou_pathway *pathway = &mou->pathways[i];
        if (!same(pathway->from, mou->parties[from].id) ||
            !same(pathway->to, request->service) ||
            !same(pathway->purpose, request->purpose))
            continue;
        passable = true;
        hops = pathway->hops_max;
    }
    if (!passable)
        broken[RULE_PATHWAY] = PROBLEM_PATHWAY_NOT_ALLOWED;
    else if (request->hop > hops)
        broken[RULE_HOPS] = PROBLEM_HOP_LIMIT;
    if (grants_for(world, NULL, true) == 0)
        broken[RULE_CONSENT] = grants_for(world, NULL, false) > 0
                                   ? PROBLEM_CONSENT_EXPIRED
                                   : PROBLEM_CONSENT_MISSING;
}

static void oracle_elements(
    const struct policy_world *world, enum problem broken[RULE_COUNT])
{
    const struct mou *mou = &world->mou;
    const struct referral_event *event = &world->event;
    const struct referral_request *request = &world->request;
    const struct mou_purpose *purpose = NULL;
    int64_t span = (int64_t)mou->consent_days_max * POLICY_DAY;
    if (!world->question.in_force_at_author ||
        !world->question.in_force_at_recipient)
        broken[RULE_IN_FORCE] = PROBLEM_MOU_NOT_FOUND;
    if (POLICY_NOW < mou->from.unix_ms || POLICY_NOW >= mou->until.unix_ms)
        broken[RULE_DATED] = PROBLEM_MOU_NOT_FOUND;
    for (size_t i = 0; i < mou->purpose_count; i++)
        if (same(mou->purposes[i].purpose, request->purpose))
            purpose = &mou->purposes[i];
    if (purpose == NULL)
        broken[RULE_PURPOSE] = PROBLEM_ELEMENT_NOT_ALLOWED;
    for (size_t i = 0; purpose != NULL && i < event->element_count; i++) {
        struct slice code = event->elements[i].name;
        if (among(code, mou->never_share, mou->never_share_count))
            broken[RULE_NEVER] = PROBLEM_ELEMENT_NOT_ALLOWED;
        if (!among(code, purpose->required, purpose->required_count) &&
            !among(code, purpose->allowed, purpose->allowed_count))
            broken[RULE_ALLOWED] = PROBLEM_ELEMENT_NOT_ALLOWED;
        if (grants_for(world, &code, true) == 0 &&
            broken[RULE_ELEMENT_CONSENT] == PROBLEM_NONE)
            broken[RULE_ELEMENT_CONSENT] = grants_for(world, &code, false) > 0
                                               ? PROBLEM_CONSENT_EXPIRED
                                               : PROBLEM_CONSENT_SCOPE;
    }
    for (size_t i = 0; purpose != NULL && i < purpose->required_count; i++) {
        bool there = false;
        for (size_t j = 0; j < event->element_count; j++)
            there |= same(event->elements[j].name, purpose->required[i]);
        if (!there && event->type == EVENT_SEND)
            broken[RULE_REQUIRED] = PROBLEM_ELEMENT_MISSING;
    }
    if (request->consent_at.unix_ms - CLOCK_SKEW_MS_MAX > POLICY_NOW)
        broken[RULE_CONSENT_TIME] = PROBLEM_CLOCK_SKEW;
    for (size_t i = 0; i < request->grant_count; i++)
        if (request->grants[i].until.unix_ms - request->consent_at.unix_ms >
            span)
            broken[RULE_CONSENT_SPAN] = PROBLEM_CONSENT_SCOPE;
}

static void oracle_back(
    const struct policy_world *world, enum problem broken[RULE_COUNT])
{
    enum ask_back ask_back = world->request.ask_back;
    for (size_t i = 0; i < world->event.detail_count; i++) {
        struct slice name = world->event.details[i].name;
        bool lets =
            slice_is(name, "attended")  ? ask_back != ASK_BACK_NONE
            : slice_is(name, "outcome") ? ask_back != ASK_BACK_NONE &&
                                              ask_back != ASK_BACK_ATTENDED_ONLY
            : slice_is(name, "note")
                ? ask_back == ASK_BACK_SHORT_NOTE || ask_back == ASK_BACK_FULL
                : true;
        if (!lets)
            broken[RULE_BACK_DETAIL] = PROBLEM_CONSENT_SCOPE;
    }
    if (world->event.element_count > 0 && ask_back != ASK_BACK_FULL)
        broken[RULE_BACK_ELEMENT] = PROBLEM_CONSENT_SCOPE;
}

enum problem policy_oracle(const struct policy_world *world)
{
    enum problem broken[RULE_COUNT] = { PROBLEM_NONE };
    const struct policy_question *question = &world->question;
    bool send = world->event.type == EVENT_SEND;
    if (world->event.type == EVENT_WITHDRAW)
        return world->event.element_count > 0 ? PROBLEM_ELEMENT_NOT_ALLOWED
                                              : PROBLEM_NONE;
    if (question->mou == NULL)
        return PROBLEM_MOU_NOT_FOUND;
    int from = party_at(&world->mou, &question->from);
    int to = party_at(&world->mou, &question->to);
    if (from < 0 || to < 0)
        return PROBLEM_PATHWAY_NOT_ALLOWED;
    if (send)
        oracle_send(world, from, to, broken);
    if (send || world->event.element_count > 0)
        oracle_elements(world, broken);
    if (!send && !question->from_referrer)
        oracle_back(world, broken);
    for (int rule = 0; rule < RULE_COUNT; rule++)
        if (broken[rule] != PROBLEM_NONE)
            return broken[rule];
    return PROBLEM_NONE;
}
