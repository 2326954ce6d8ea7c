#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "core/policy.h"
#include "core/verdict.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define DAY INT64_C(86400000)
#define NOW (1000 * DAY)
#define LIST_MAX 8

static const char *const agencies[] = { "aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccc",
    "dddddddddddddddddddddddddd" };
static const char *const parties[] = { "opendoor", "tbhosp", "social" };
static const char *const services[] = { "tb.assess", "tb.inpatient",
    "hr.dropin" };
static const char *const purposes[] = { "tb_assessment", "tb_treatment",
    "harm_reduction" };
static const char *const codes[] = { "call_name", "contact_route",
    "cough_weeks", "language", "photo", "tb_results" };

/* ---- A world that a question is put to ---------------------------------- */

struct codes {
    struct slice items[LIST_MAX];
    size_t count;
};

/* It borrows from itself: never copied. */
struct world {
    struct mou_party parties[3];
    struct mou_service services[3];
    struct mou_pathway pathways[4];
    struct mou_purpose purposes[3];
    struct codes required[3];
    struct codes allowed[3];
    struct codes never;
    struct mou mou;
    struct codes granted[3];
    struct grant grants[3];
    struct referral_request request;
    struct named_value elements[LIST_MAX];
    struct named_value details[2];
    struct referral_event event;
    struct policy_question question;
};

static struct agency_id agency(size_t index)
{
    struct agency_id id;
    memcpy(id.text, agencies[index], sizeof id.text);
    return id;
}

static void add(struct codes *list, const char *code)
{
    assert_true(list->count < LIST_MAX);
    list->items[list->count++] = slice_of_text(code);
}

static void carry(struct world *world, const char *code)
{
    assert_true(world->event.element_count < LIST_MAX);
    world->elements[world->event.element_count++] =
        (struct named_value){ slice_of_text(code), SLICE_LITERAL("1") };
}

static void say(struct world *world, const char *name, const char *value)
{
    assert_true(world->event.detail_count < 2);
    world->details[world->event.detail_count++] =
        (struct named_value){ slice_of_text(name), slice_of_text(value) };
}

/* The lists as structures point to them; after every change of a list. */
static void world_tie(struct world *world)
{
    for (size_t i = 0; i < 3; i++) {
        world->purposes[i].required = world->required[i].items;
        world->purposes[i].required_count = world->required[i].count;
        world->purposes[i].allowed = world->allowed[i].items;
        world->purposes[i].allowed_count = world->allowed[i].count;
        world->grants[i].elements = world->granted[i].items;
        world->grants[i].element_count = world->granted[i].count;
    }
    world->mou.parties = world->parties;
    world->mou.services = world->services;
    world->mou.pathways = world->pathways;
    world->mou.purposes = world->purposes;
    world->mou.never_share = world->never.items;
    world->mou.never_share_count = world->never.count;
    world->request.grants = world->grants;
    world->event.elements = world->elements;
    world->event.details = world->details;
    world->question.event = &world->event;
    if (world->event.type == EVENT_SEND)
        world->event.request = world->question.request;
}

/* Open Door refers a person to the hospital; all is well. */
static void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    for (size_t i = 0; i < 3; i++) {
        world->parties[i].id = slice_of_text(parties[i]);
        world->parties[i].agency = agency(i);
        world->parties[i].refers = true;
        world->parties[i].receives = true;
        world->services[i].id = slice_of_text(services[i]);
        world->purposes[i].purpose = slice_of_text(purposes[i]);
    }
    world->services[0].party = slice_of_text("tbhosp");
    world->services[1].party = slice_of_text("tbhosp");
    world->services[2].party = slice_of_text("opendoor");
    world->pathways[0] = (struct mou_pathway){ slice_of_text("opendoor"),
        slice_of_text("tb.assess"), slice_of_text("tb_assessment"), 1,
        MOU_FORWARD_WITH_CONSENT };
    add(&world->required[0], "call_name");
    add(&world->required[0], "contact_route");
    add(&world->allowed[0], "cough_weeks");
    add(&world->allowed[0], "language");
    add(&world->never, "photo");
    world->mou.party_count = 3;
    world->mou.service_count = 3;
    world->mou.pathway_count = 1;
    world->mou.purpose_count = 1;
    world->mou.consent_days_max = 90;
    world->mou.from.unix_ms = NOW - 10 * DAY;
    world->mou.until.unix_ms = NOW + 10 * DAY;
    world->grants[0].to = agency(1);
    world->grants[0].purpose = slice_of_text("tb_assessment");
    world->grants[0].until.unix_ms = NOW + DAY;
    add(&world->granted[0], "call_name");
    add(&world->granted[0], "contact_route");
    add(&world->granted[0], "cough_weeks");
    world->request.service = slice_of_text("tb.assess");
    world->request.purpose = slice_of_text("tb_assessment");
    world->request.ask_back = ASK_BACK_FULL;
    world->request.consent_at.unix_ms = NOW - DAY;
    world->request.grant_count = 1;
    carry(world, "call_name");
    carry(world, "contact_route");
    carry(world, "cough_weeks");
    world->event.type = EVENT_SEND;
    world->question = (struct policy_question){
        .from = agency(0),
        .to = agency(1),
        .now = { NOW },
        .mou = &world->mou,
        .in_force_at_author = true,
        .in_force_at_recipient = true,
        .request = &world->request,
        .from_referrer = true,
    };
}

/* A later step with one element, cough_weeks. */
static void later(struct world *world, enum referral_event_type type)
{
    world->event.type = type;
    world->event.element_count = 0;
    carry(world, "cough_weeks");
}

/* The hospital answers: with the same element and a grant of its own. */
static void back(struct world *world, enum referral_event_type type)
{
    later(world, type);
    world->question.from = agency(1);
    world->question.to = agency(0);
    world->question.from_referrer = false;
    world->grants[0].to = agency(0);
}

/* ---- Each clause, an accept and a reject -------------------------------- */

/* clang-format off */
static void as_it_is(struct world *w) { (void)w; }

static void no_mou(struct world *w) { w->question.mou = NULL; }
static void from_stranger(struct world *w) { w->question.from = agency(3); }
static void to_stranger(struct world *w) { w->question.to = agency(3); }
static void unbound(struct world *w) { w->parties[0].agency.text[0] = 0; w->question.from.text[0] = 0; }

static void not_here(struct world *w) { w->question.in_force_at_author = false; }
static void not_there(struct world *w) { w->question.in_force_at_recipient = false; }
static void nowhere(struct world *w) { not_here(w); not_there(w); }
static void just_begun(struct world *w) { w->mou.from.unix_ms = NOW; }
static void to_begin(struct world *w) { w->mou.from.unix_ms = NOW + 1; }
static void last_moment(struct world *w) { w->mou.until.unix_ms = NOW + 1; }
static void ended(struct world *w) { w->mou.until.unix_ms = NOW; }

static void refers_not(struct world *w) { w->parties[0].refers = false; }
static void receives_not(struct world *w) { w->parties[1].receives = false; }
static void other_roles(struct world *w) { w->parties[0].receives = false; w->parties[1].refers = false; }

static void no_service(struct world *w) { w->request.service = slice_of_text("tb.nothing"); }
static void other_service(struct world *w) { w->request.service = slice_of_text("hr.dropin"); }

static void no_pathway(struct world *w) { w->mou.pathway_count = 0; }
static void other_from(struct world *w) { w->pathways[0].from = slice_of_text("social"); }
static void other_to(struct world *w) { w->pathways[0].to = slice_of_text("tb.inpatient"); }
static void other_purpose(struct world *w) { w->request.purpose = slice_of_text("shelter"); }
static void second_pathway(struct world *w)
{
    w->pathways[1] = w->pathways[0];
    w->pathways[0].from = slice_of_text("social");
    w->mou.pathway_count = 2;
}

static void last_hop(struct world *w) { w->request.hop = 1; }
static void hop_beyond(struct world *w) { w->request.hop = 2; }
static void no_purpose(struct world *w) { w->mou.purpose_count = 0; }

static void allowed_code(struct world *w) { carry(w, "language"); add(&w->granted[0], "language"); }
static void foreign_code(struct world *w) { carry(w, "tb_results"); add(&w->granted[0], "tb_results"); }
static void secret_code(struct world *w) { carry(w, "photo"); add(&w->granted[0], "photo"); }
static void secret_listed(struct world *w) { secret_code(w); add(&w->allowed[0], "photo"); }
static void both_wrong(struct world *w) { foreign_code(w); secret_code(w); }
static void stranger_code(struct world *w) { carry(w, "ivan.petrov"); }

static void lacks_first(struct world *w) { w->elements[0] = w->elements[2]; w->event.element_count = 2; }
static void lacks_second(struct world *w) { w->elements[1] = w->elements[2]; w->event.element_count = 2; }
static void none_at_all(struct world *w) { w->event.element_count = 0; }
static void none_needed(struct world *w) { none_at_all(w); w->required[0].count = 0; }

static void no_grant(struct world *w) { w->request.grant_count = 0; }
static void grant_to_other(struct world *w) { w->grants[0].to = agency(2); }
static void grant_for_other(struct world *w) { w->grants[0].purpose = slice_of_text("tb_treatment"); }
static void grant_lasts(struct world *w) { w->grants[0].until.unix_ms = NOW + 1; }
static void grant_ended(struct world *w) { w->grants[0].until.unix_ms = NOW; }
static void not_granted(struct world *w) { w->granted[0].count = 2; }
static void second_grant(struct world *w)
{
    w->granted[0].count = 2;
    w->grants[1] = w->grants[0];
    add(&w->granted[1], "cough_weeks");
    w->request.grant_count = 2;
}
static void second_ended(struct world *w) { second_grant(w); w->grants[1].until.unix_ms = NOW; }
static void second_to_other(struct world *w) { second_grant(w); w->grants[1].to = agency(2); }
static void second_for_other(struct world *w) { second_grant(w); w->grants[1].purpose = slice_of_text("tb_treatment"); }
static void longest(struct world *w) { w->grants[0].until.unix_ms = NOW + 89 * DAY; }
static void too_long(struct world *w) { w->grants[0].until.unix_ms = NOW + 89 * DAY + 1; }
static void other_too_long(struct world *w) { grant_to_other(w); too_long(w); }
static void no_days(struct world *w) { w->mou.consent_days_max = 0; }
static void nearly_to_come(struct world *w) { w->request.consent_at.unix_ms = NOW + CLOCK_SKEW_MS_MAX; }
static void to_come(struct world *w) { w->request.consent_at.unix_ms = NOW + CLOCK_SKEW_MS_MAX + 1; }

static void amends(struct world *w) { later(w, EVENT_AMEND); }
static void answers(struct world *w) { later(w, EVENT_ANSWER); }
static void amends_ended(struct world *w) { amends(w); ended(w); }
static void amends_early(struct world *w) { amends(w); to_begin(w); }
static void amends_nowhere(struct world *w) { amends(w); nowhere(w); }
static void amends_secret(struct world *w) { amends(w); secret_code(w); }
static void amends_foreign(struct world *w) { amends(w); foreign_code(w); }
static void amends_expired(struct world *w) { amends(w); grant_ended(w); }
static void amends_ungranted(struct world *w) { amends(w); not_granted(w); }
static void amends_unknown(struct world *w) { amends(w); w->question.request = NULL; }
static void amends_unlisted(struct world *w) { amends(w); no_purpose(w); }
static void amends_to_come(struct world *w) { amends(w); to_come(w); }
static void opens(struct world *w) { back(w, EVENT_OPENED); none_at_all(w); }
static void opens_ended(struct world *w) { opens(w); ended(w); nowhere(w); }
static void opens_no_mou(struct world *w) { opens(w); no_mou(w); }
static void opens_stranger(struct world *w) { opens(w); w->question.from = agency(3); }
static void opens_expired(struct world *w) { opens(w); grant_ended(w); }

static void withdraws(struct world *w) { later(w, EVENT_WITHDRAW); none_at_all(w); no_mou(w); from_stranger(w); w->question.request = NULL; }
static void revokes(struct world *w) { withdraws(w); w->event.type = EVENT_CONSENT_REVOKED; }
static void voids(struct world *w) { withdraws(w); w->event.type = EVENT_WRONG_PERSON_OR_PLACE; }
static void withdraws_full(struct world *w) { later(w, EVENT_WITHDRAW); }
static void revokes_full(struct world *w) { later(w, EVENT_CONSENT_REVOKED); }

static void notes(struct world *w) { back(w, EVENT_INTERIM_NOTE); none_at_all(w); say(w, "note", "x"); }
static void notes_short(struct world *w) { notes(w); w->request.ask_back = ASK_BACK_SHORT_NOTE; }
static void notes_code(struct world *w) { notes(w); w->request.ask_back = ASK_BACK_OUTCOME_CODE; }
static void notes_unknown(struct world *w) { notes(w); w->question.request = NULL; }
static void notes_out(struct world *w) { notes_code(w); w->question.from_referrer = true; }
static void ends(struct world *w) { back(w, EVENT_FINISH); none_at_all(w); say(w, "attended", "yes"); say(w, "outcome", "MOVED"); }
static void ends_code(struct world *w) { ends(w); w->request.ask_back = ASK_BACK_OUTCOME_CODE; }
static void ends_attended(struct world *w) { ends(w); w->request.ask_back = ASK_BACK_ATTENDED_ONLY; }
static void ends_none(struct world *w) { ends(w); w->request.ask_back = ASK_BACK_NONE; }
static void ends_strange(struct world *w) { ends_code(w); w->details[0].name = slice_of_text("weather"); }
static void tells(struct world *w) { back(w, EVENT_FINISH); }
static void tells_short(struct world *w) { tells(w); w->request.ask_back = ASK_BACK_SHORT_NOTE; }
static void tells_ungranted(struct world *w) { tells(w); w->grants[0].to = agency(1); }

#define ALLOWED PROBLEM_NONE, "", ""

static const struct {
    void (*changes)(struct world *world);
    enum problem problem;
    const char *clause;
    const char *remedy; /* how it begins */
} cases[] = {
    { as_it_is, ALLOWED },
    { no_mou, PROBLEM_MOU_NOT_FOUND, "mou", "name an agreement that both" },
    { from_stranger, PROBLEM_PATHWAY_NOT_ALLOWED, "parties", "name an agreement whose parties are both agencies; this one's are: opendoor, tbhosp, social" },
    { to_stranger, PROBLEM_PATHWAY_NOT_ALLOWED, "parties", "name an agreement" },
    { unbound, PROBLEM_PATHWAY_NOT_ALLOWED, "parties", "name an agreement" },
    { not_here, PROBLEM_MOU_NOT_FOUND, "status", "wait until the agreement is in force at opendoor" },
    { not_there, PROBLEM_MOU_NOT_FOUND, "status", "wait until the agreement is in force at tbhosp" },
    { nowhere, PROBLEM_MOU_NOT_FOUND, "status", "wait until the agreement is in force at opendoor" },
    { just_begun, ALLOWED },
    { to_begin, PROBLEM_MOU_NOT_FOUND, "in_force.from", "wait until the agreement begins" },
    { last_moment, ALLOWED },
    { ended, PROBLEM_MOU_NOT_FOUND, "in_force.until", "name a version" },
    { refers_not, PROBLEM_PATHWAY_NOT_ALLOWED, "parties[opendoor].role", "agree first that opendoor refers" },
    { receives_not, PROBLEM_PATHWAY_NOT_ALLOWED, "parties[tbhosp].role", "agree first that tbhosp receives" },
    { other_roles, ALLOWED },
    { no_service, PROBLEM_SERVICE_UNKNOWN, "services", "choose a service of tbhosp: tb.assess, tb.inpatient" },
    { other_service, PROBLEM_SERVICE_UNKNOWN, "services", "choose a service of tbhosp: tb.assess, tb.inpatient" },
    { no_pathway, PROBLEM_PATHWAY_NOT_ALLOWED, "pathways", "refer opendoor to tb.assess only" },
    { other_from, PROBLEM_PATHWAY_NOT_ALLOWED, "pathways", "refer opendoor to tb.assess only" },
    { other_to, PROBLEM_PATHWAY_NOT_ALLOWED, "pathways", "refer opendoor to tb.assess only" },
    { other_purpose, PROBLEM_PATHWAY_NOT_ALLOWED, "pathways", "refer opendoor to tb.assess only for an agreed purpose: tb_assessment" },
    { second_pathway, ALLOWED },
    { last_hop, ALLOWED },
    { hop_beyond, PROBLEM_HOP_LIMIT, "pathways[0].max_hops", "make a referral of its own with the person: the agreement allows 1 hops" },
    { no_purpose, PROBLEM_ELEMENT_NOT_ALLOWED, "data_elements", "send no elements" },
    { allowed_code, ALLOWED },
    { foreign_code, PROBLEM_ELEMENT_NOT_ALLOWED, "data_elements[tb_assessment].allowed", "remove tb_results; allowed are: call_name, contact_route, cough_weeks, language" },
    { secret_code, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", "remove photo: the agreement never shares it" },
    { secret_listed, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", "remove photo" },
    { both_wrong, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", "remove photo" },
    { stranger_code, PROBLEM_ELEMENT_NOT_ALLOWED, "data_elements[tb_assessment].allowed", "remove the element; allowed are: " },
    { lacks_first, PROBLEM_ELEMENT_MISSING, "data_elements[tb_assessment].required", "add the required element call_name" },
    { lacks_second, PROBLEM_ELEMENT_MISSING, "data_elements[tb_assessment].required", "add the required element contact_route" },
    { none_at_all, PROBLEM_ELEMENT_MISSING, "data_elements[tb_assessment].required", "add the required element call_name" },
    { none_needed, ALLOWED },
    { no_grant, PROBLEM_CONSENT_MISSING, "consent.grants", "ask the person whether tbhosp may know, for tb_assessment" },
    { grant_to_other, PROBLEM_CONSENT_MISSING, "consent.grants", "ask the person" },
    { grant_for_other, PROBLEM_CONSENT_MISSING, "consent.grants", "ask the person" },
    { grant_lasts, ALLOWED },
    { grant_ended, PROBLEM_CONSENT_EXPIRED, "consent.grants", "the grant has ended: ask the person" },
    { not_granted, PROBLEM_CONSENT_SCOPE, "consent.grants", "remove cough_weeks, or ask the person whether tbhosp may know it" },
    { second_grant, ALLOWED },
    { second_ended, PROBLEM_CONSENT_EXPIRED, "consent.grants", "remove cough_weeks, or" },
    { second_to_other, PROBLEM_CONSENT_SCOPE, "consent.grants", "remove cough_weeks, or" },
    { second_for_other, PROBLEM_CONSENT_SCOPE, "consent.grants", "remove cough_weeks, or" },
    { longest, ALLOWED },
    { too_long, PROBLEM_CONSENT_SCOPE, "consent.max_expiry_days", "let grant 0 end no later than 90 days after the person agreed" },
    { other_too_long, PROBLEM_CONSENT_SCOPE, "consent.max_expiry_days", "let grant 0 end" },
    { no_days, PROBLEM_CONSENT_SCOPE, "consent.max_expiry_days", "let grant 0 end no later than 0 days" },
    { nearly_to_come, ALLOWED },
    { to_come, PROBLEM_CLOCK_SKEW, "request.consent_at", "correct consent_at or the clock" },
    { amends, ALLOWED },
    { answers, ALLOWED },
    { amends_ended, PROBLEM_MOU_NOT_FOUND, "in_force.until", "name a version" },
    { amends_early, PROBLEM_MOU_NOT_FOUND, "in_force.from", "wait until" },
    { amends_nowhere, PROBLEM_MOU_NOT_FOUND, "status", "wait until" },
    { amends_secret, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", "remove photo" },
    { amends_foreign, PROBLEM_ELEMENT_NOT_ALLOWED, "data_elements[tb_assessment].allowed", "remove tb_results" },
    { amends_expired, PROBLEM_CONSENT_EXPIRED, "consent.grants", "remove cough_weeks, or" },
    { amends_ungranted, PROBLEM_CONSENT_SCOPE, "consent.grants", "remove cough_weeks, or" },
    { amends_unknown, PROBLEM_ELEMENT_NOT_ALLOWED, "data_elements", "send no elements" },
    { amends_unlisted, PROBLEM_ELEMENT_NOT_ALLOWED, "data_elements", "send no elements" },
    { amends_to_come, PROBLEM_CLOCK_SKEW, "request.consent_at", "correct consent_at" },
    { opens, ALLOWED },
    { opens_ended, ALLOWED },
    { opens_expired, ALLOWED },
    { opens_no_mou, PROBLEM_MOU_NOT_FOUND, "mou", "name an agreement" },
    { opens_stranger, PROBLEM_PATHWAY_NOT_ALLOWED, "parties", "name an agreement" },
    { withdraws, ALLOWED },
    { revokes, ALLOWED },
    { voids, ALLOWED },
    { withdraws_full, PROBLEM_ELEMENT_NOT_ALLOWED, "elements", "remove the elements: withdraw carries none" },
    { revokes_full, PROBLEM_ELEMENT_NOT_ALLOWED, "elements", "remove the elements: consent_revoked carries none" },
    { notes, ALLOWED },
    { notes_short, ALLOWED },
    { notes_code, PROBLEM_CONSENT_SCOPE, "details.note", "remove note: the person lets back outcome_code" },
    { notes_unknown, PROBLEM_CONSENT_SCOPE, "details.note", "remove note: the person lets back none" },
    { notes_out, ALLOWED },
    { ends, ALLOWED },
    { ends_code, ALLOWED },
    { ends_attended, PROBLEM_CONSENT_SCOPE, "details.outcome", "remove outcome: the person lets back attended_only" },
    { ends_none, PROBLEM_CONSENT_SCOPE, "details.attended", "remove attended: the person lets back none" },
    { ends_strange, ALLOWED }, /* what a step knows is its guard's business */
    { tells, ALLOWED },
    { tells_short, PROBLEM_CONSENT_SCOPE, "request.ask_back", "remove the elements: the person lets back short_note" },
    { tells_ungranted, PROBLEM_CONSENT_SCOPE, "consent.grants", "remove cough_weeks, or ask the person whether opendoor may know it" },
};
/* clang-format on */

static void each_case_holds(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world world;
        struct verdict verdict;
        world_init(&world);
        cases[i].changes(&world);
        world_tie(&world);
        memset(&verdict, 0xff, sizeof verdict);
        policy_judge(&world.question, &verdict);
        if (verdict.problem != cases[i].problem ||
            strcmp(verdict.clause, cases[i].clause) != 0 ||
            strncmp(verdict.remedy, cases[i].remedy, strlen(cases[i].remedy)) !=
                0 ||
            (verdict.remedy[0] == '\0') != verdict_allows(&verdict))
            fail_msg("case %zu, %s: %s, %s, %s", i, cases[i].clause,
                problem_name(verdict.problem), verdict.clause, verdict.remedy);
    }
}

/* ---- The order of the checks -------------------------------------------- */

/* Broken from the last to the first, each names itself although those after
 * it are still broken. */
static void the_most_basic_problem_is_named(void **unused)
{
    (void)unused;
    static const struct {
        void (*changes)(struct world *world);
        const char *clause;
    } order[] = {
        { not_granted, "consent.grants" },
        { grant_ended, "consent.grants" },
        { no_days, "consent.max_expiry_days" },
        { to_come, "request.consent_at" },
        { lacks_second, "data_elements[tb_assessment].required" },
        { foreign_code, "data_elements[tb_assessment].allowed" },
        { secret_code, "never_share" },
        { no_purpose, "data_elements" },
        { hop_beyond, "pathways[0].max_hops" },
        { no_pathway, "pathways" },
        { no_service, "services" },
        { receives_not, "parties[tbhosp].role" },
        { refers_not, "parties[opendoor].role" },
        { ended, "in_force.until" },
        { not_there, "status" },
        { to_stranger, "parties" },
        { no_mou, "mou" },
    };
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < COUNT(order); i++) {
        struct verdict verdict;
        order[i].changes(&world);
        world_tie(&world);
        policy_judge(&world.question, &verdict);
        assert_string_equal(verdict.clause, order[i].clause);
    }
}

/* ---- Against an oracle --------------------------------------------------- */

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
    const struct world *world, const struct slice *code, bool alive)
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

static void oracle_send(const struct world *world, int from, int to,
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
    const struct world *world, enum problem broken[RULE_COUNT])
{
    const struct mou *mou = &world->mou;
    const struct referral_event *event = &world->event;
    const struct referral_request *request = &world->request;
    const struct mou_purpose *purpose = NULL;
    int64_t span = (int64_t)mou->consent_days_max * DAY;
    if (!world->question.in_force_at_author ||
        !world->question.in_force_at_recipient)
        broken[RULE_IN_FORCE] = PROBLEM_MOU_NOT_FOUND;
    if (NOW < mou->from.unix_ms || NOW >= mou->until.unix_ms)
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
    if (request->consent_at.unix_ms - CLOCK_SKEW_MS_MAX > NOW)
        broken[RULE_CONSENT_TIME] = PROBLEM_CLOCK_SKEW;
    for (size_t i = 0; i < request->grant_count; i++)
        if (request->grants[i].until.unix_ms - request->consent_at.unix_ms >
            span)
            broken[RULE_CONSENT_SPAN] = PROBLEM_CONSENT_SCOPE;
}

static void oracle_back(
    const struct world *world, enum problem broken[RULE_COUNT])
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

static enum problem oracle(const struct world *world)
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

/* True once in `count`. */
static bool one_in(struct prng *prng, uint64_t count)
{
    return prng_below(prng, count) == 0;
}

static size_t any(struct prng *prng, size_t count)
{
    return (size_t)prng_below(prng, count);
}

/* Adds each code but those that luck leaves out. */
static void any_codes(struct prng *prng, struct codes *list, uint64_t in)
{
    for (size_t i = 0; i < COUNT(codes); i++)
        if (!one_in(prng, in))
            add(list, codes[i]);
}

static int64_t any_time(struct prng *prng)
{
    static const int64_t times[] = { NOW - DAY, NOW - 1, NOW, NOW + 1,
        NOW + DAY, NOW + CLOCK_SKEW_MS_MAX + 1 };
    return times[any(prng, COUNT(times))];
}

static void any_mou(struct prng *prng, struct world *world)
{
    struct mou *mou = &world->mou;
    mou->party_count = one_in(prng, 16) ? 1 + any(prng, 2) : 3;
    mou->service_count = one_in(prng, 16) ? any(prng, 3) : 3;
    mou->pathway_count = 4;
    mou->purpose_count = one_in(prng, 16) ? any(prng, 3) : 3;
    mou->consent_days_max = (uint32_t)(one_in(prng, 16) ? any(prng, 3) : 90);
    if (one_in(prng, 12))
        mou->from.unix_ms = any_time(prng);
    if (one_in(prng, 12))
        mou->until.unix_ms = any_time(prng);
    world->never.count = 0;
    if (one_in(prng, 3))
        add(&world->never, codes[any(prng, COUNT(codes))]);
    for (size_t i = 0; i < 3; i++) {
        world->parties[i].refers = !one_in(prng, 16);
        world->parties[i].receives = !one_in(prng, 16);
        world->services[i].party =
            slice_of_text(parties[one_in(prng, 8) ? any(prng, 3) : 1]);
        world->required[i].count = 0;
        world->allowed[i].count = 0;
        any_codes(prng, &world->allowed[i], 8);
        if (one_in(prng, 2))
            add(&world->required[i], codes[any(prng, COUNT(codes))]);
    }
    for (size_t i = 0; i < 4; i++)
        world->pathways[i] =
            (struct mou_pathway){ slice_of_text(parties[any(prng, 2)]),
                slice_of_text(services[any(prng, 3)]),
                slice_of_text(purposes[any(prng, 2)]), (uint32_t)any(prng, 3),
                MOU_FORWARD_NEVER };
}

static void any_request(struct prng *prng, struct world *world)
{
    struct referral_request *request = &world->request;
    /* mostly along a pathway, or little else would be tried */
    const struct mou_pathway *pathway = &world->pathways[any(prng, 4)];
    request->service =
        one_in(prng, 12) ? slice_of_text("tb.nothing") : pathway->to;
    request->purpose =
        one_in(prng, 12) ? slice_of_text("shelter") : pathway->purpose;
    request->hop = (uint32_t)(one_in(prng, 6) ? any(prng, 4) : 0);
    request->ask_back = (enum ask_back)(1 + any(prng, ASK_BACK_COUNT - 1));
    request->consent_at.unix_ms = one_in(prng, 12) ? any_time(prng) : NOW - DAY;
    request->grant_count = one_in(prng, 12) ? any(prng, 3) : 3;
    for (size_t i = 0; i < 3; i++) {
        world->grants[i].to =
            agency(one_in(prng, 6) ? any(prng, 4) : any(prng, 2));
        world->grants[i].purpose = one_in(prng, 8)
                                       ? slice_of_text(purposes[any(prng, 3)])
                                       : request->purpose;
        world->grants[i].until.unix_ms =
            one_in(prng, 6) ? any_time(prng) : NOW + 2 * DAY;
        world->granted[i].count = 0;
        any_codes(prng, &world->granted[i], 8);
    }
}

static void any_question(struct prng *prng, struct world *world)
{
    static const enum referral_event_type types[] = { EVENT_SEND, EVENT_SEND,
        EVENT_SEND, EVENT_AMEND, EVENT_FINISH, EVENT_FINISH, EVENT_OPENED,
        EVENT_WITHDRAW };
    struct policy_question *question = &world->question;
    world->event.type = types[any(prng, COUNT(types))];
    world->event.element_count = 0;
    for (size_t i = 0; i < COUNT(codes); i++)
        if (one_in(prng, 3))
            carry(world, codes[i]);
    if (world->event.type == EVENT_FINISH) {
        static const char *const names[] = { "attended", "outcome", "note",
            "weather" };
        say(world, names[any(prng, 4)], "x");
        say(world, names[any(prng, 4)], "x");
        question->from_referrer = one_in(prng, 6);
    }
    question->from = agency(one_in(prng, 12) ? any(prng, 4) : 0);
    question->to = agency(one_in(prng, 12) ? any(prng, 4) : 1);
    question->in_force_at_author = !one_in(prng, 16);
    question->in_force_at_recipient = !one_in(prng, 16);
    if (one_in(prng, 24))
        question->mou = NULL;
}

static void verdicts_equal_those_of_the_oracle(void **unused)
{
    (void)unused;
    size_t counts[PROBLEM_COUNT] = { 0 };
    for (uint64_t seed = 0; seed < 6000; seed++) {
        struct prng prng = prng_from_seed(seed);
        struct world world;
        struct verdict verdict;
        world_init(&world);
        any_mou(&prng, &world);
        any_request(&prng, &world);
        any_question(&prng, &world);
        world_tie(&world);
        policy_judge(&world.question, &verdict);
        enum problem want = oracle(&world);
        if (verdict.problem != want)
            fail_msg("seed %d: %s (%s), not %s", (int)seed,
                problem_name(verdict.problem), verdict.clause,
                problem_name(want));
        counts[want]++;
    }
    /* worlds that never show something would prove nothing about it */
    static const enum problem seen[] = { PROBLEM_NONE, PROBLEM_MOU_NOT_FOUND,
        PROBLEM_PATHWAY_NOT_ALLOWED, PROBLEM_SERVICE_UNKNOWN, PROBLEM_HOP_LIMIT,
        PROBLEM_ELEMENT_NOT_ALLOWED, PROBLEM_ELEMENT_MISSING,
        PROBLEM_CLOCK_SKEW, PROBLEM_CONSENT_SCOPE, PROBLEM_CONSENT_MISSING,
        PROBLEM_CONSENT_EXPIRED };
    for (size_t i = 0; i < COUNT(seen); i++)
        if (counts[seen[i]] < 10)
            fail_msg(
                "%s only %zu times", problem_name(seen[i]), counts[seen[i]]);
    assert_true(counts[PROBLEM_NONE] > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_holds),
        cmocka_unit_test(the_most_basic_problem_is_named),
        cmocka_unit_test(verdicts_equal_those_of_the_oracle),
    };
    return cmocka_run_group_tests_name("core/policy", tests, NULL, NULL);
}
