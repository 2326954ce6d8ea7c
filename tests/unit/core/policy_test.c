#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "core/verdict.h"
#include "support/policy_world.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A later step with one element, cough_weeks. */
static void later(struct policy_world *world, enum referral_event_type type)
{
    world->event.type = type;
    world->event.element_count = 0;
    policy_carry(world, "cough_weeks");
}

/* The hospital answers: with the same element and a grant of its own. */
static void back(struct policy_world *world, enum referral_event_type type)
{
    later(world, type);
    world->question.from = policy_agency(1);
    world->question.to = policy_agency(0);
    world->question.from_referrer = false;
    world->grants[0].to = policy_agency(0);
}

/* ---- Each clause, an accept and a reject -------------------------------- */

/* clang-format off */
static void as_it_is(struct policy_world *w) { (void)w; }

static void no_mou(struct policy_world *w) { w->question.mou = NULL; }
static void from_stranger(struct policy_world *w) { w->question.from = policy_agency(3); }
static void to_stranger(struct policy_world *w) { w->question.to = policy_agency(3); }
static void unbound(struct policy_world *w) { w->parties[0].agency.text[0] = 0; w->question.from.text[0] = 0; }

static void not_here(struct policy_world *w) { w->question.in_force_at_author = false; }
static void not_there(struct policy_world *w) { w->question.in_force_at_recipient = false; }
static void nowhere(struct policy_world *w) { not_here(w); not_there(w); }
static void just_begun(struct policy_world *w) { w->mou.from.unix_ms = POLICY_NOW; }
static void to_begin(struct policy_world *w) { w->mou.from.unix_ms = POLICY_NOW + 1; }
static void last_moment(struct policy_world *w) { w->mou.until.unix_ms = POLICY_NOW + 1; }
static void ended(struct policy_world *w) { w->mou.until.unix_ms = POLICY_NOW; }

static void refers_not(struct policy_world *w) { w->parties[0].refers = false; }
static void receives_not(struct policy_world *w) { w->parties[1].receives = false; }
static void other_roles(struct policy_world *w) { w->parties[0].receives = false; w->parties[1].refers = false; }

static void no_service(struct policy_world *w) { w->request.service = slice_of_text("tb.nothing"); }
static void other_service(struct policy_world *w) { w->request.service = slice_of_text("hr.dropin"); }

static void no_pathway(struct policy_world *w) { w->mou.pathway_count = 0; }
static void other_from(struct policy_world *w) { w->pathways[0].from = slice_of_text("social"); }
static void other_to(struct policy_world *w) { w->pathways[0].to = slice_of_text("tb.inpatient"); }
static void other_purpose(struct policy_world *w) { w->request.purpose = slice_of_text("shelter"); }
static void second_pathway(struct policy_world *w)
{
    w->pathways[1] = w->pathways[0];
    w->pathways[0].from = slice_of_text("social");
    w->mou.pathway_count = 2;
}

static void last_hop(struct policy_world *w) { w->request.hop = 1; }
static void hop_beyond(struct policy_world *w) { w->request.hop = 2; }
static void no_purpose(struct policy_world *w) { w->mou.purpose_count = 0; }

static void allowed_code(struct policy_world *w) { policy_carry(w, "language"); policy_add(&w->granted[0], "language"); }
static void foreign_code(struct policy_world *w) { policy_carry(w, "tb_results"); policy_add(&w->granted[0], "tb_results"); }
static void secret_code(struct policy_world *w) { policy_carry(w, "photo"); policy_add(&w->granted[0], "photo"); }
static void secret_listed(struct policy_world *w) { secret_code(w); policy_add(&w->allowed[0], "photo"); }
static void both_wrong(struct policy_world *w) { foreign_code(w); secret_code(w); }
static void stranger_code(struct policy_world *w) { policy_carry(w, "ivan.petrov"); }

static void lacks_first(struct policy_world *w) { w->elements[0] = w->elements[2]; w->event.element_count = 2; }
static void lacks_second(struct policy_world *w) { w->elements[1] = w->elements[2]; w->event.element_count = 2; }
static void none_at_all(struct policy_world *w) { w->event.element_count = 0; }
static void none_needed(struct policy_world *w) { none_at_all(w); w->required[0].count = 0; }

static void no_grant(struct policy_world *w) { w->request.grant_count = 0; }
static void grant_to_other(struct policy_world *w) { w->grants[0].to = policy_agency(2); }
static void grant_for_other(struct policy_world *w) { w->grants[0].purpose = slice_of_text("tb_treatment"); }
static void grant_lasts(struct policy_world *w) { w->grants[0].until.unix_ms = POLICY_NOW + 1; }
static void grant_ended(struct policy_world *w) { w->grants[0].until.unix_ms = POLICY_NOW; }
static void not_granted(struct policy_world *w) { w->granted[0].count = 2; }
static void second_grant(struct policy_world *w)
{
    w->granted[0].count = 2;
    w->grants[1] = w->grants[0];
    policy_add(&w->granted[1], "cough_weeks");
    w->request.grant_count = 2;
}
static void second_ended(struct policy_world *w) { second_grant(w); w->grants[1].until.unix_ms = POLICY_NOW; }
static void second_to_other(struct policy_world *w) { second_grant(w); w->grants[1].to = policy_agency(2); }
static void second_for_other(struct policy_world *w) { second_grant(w); w->grants[1].purpose = slice_of_text("tb_treatment"); }
static void longest(struct policy_world *w) { w->grants[0].until.unix_ms = POLICY_NOW + 89 * POLICY_DAY; }
static void too_long(struct policy_world *w) { w->grants[0].until.unix_ms = POLICY_NOW + 89 * POLICY_DAY + 1; }
static void other_too_long(struct policy_world *w) { grant_to_other(w); too_long(w); }
static void no_days(struct policy_world *w) { w->mou.consent_days_max = 0; }
static void nearly_to_come(struct policy_world *w) { w->request.consent_at.unix_ms = POLICY_NOW + CLOCK_SKEW_MS_MAX; }
static void to_come(struct policy_world *w) { w->request.consent_at.unix_ms = POLICY_NOW + CLOCK_SKEW_MS_MAX + 1; }

static void amends(struct policy_world *w) { later(w, EVENT_AMEND); }
static void answers(struct policy_world *w) { later(w, EVENT_ANSWER); }
static void amends_ended(struct policy_world *w) { amends(w); ended(w); }
static void amends_early(struct policy_world *w) { amends(w); to_begin(w); }
static void amends_nowhere(struct policy_world *w) { amends(w); nowhere(w); }
static void amends_secret(struct policy_world *w) { amends(w); secret_code(w); }
static void amends_foreign(struct policy_world *w) { amends(w); foreign_code(w); }
static void amends_expired(struct policy_world *w) { amends(w); grant_ended(w); }
static void amends_ungranted(struct policy_world *w) { amends(w); not_granted(w); }
static void amends_unknown(struct policy_world *w) { amends(w); w->question.request = NULL; }
static void amends_unlisted(struct policy_world *w) { amends(w); no_purpose(w); }
static void amends_to_come(struct policy_world *w) { amends(w); to_come(w); }
static void opens(struct policy_world *w) { back(w, EVENT_OPENED); none_at_all(w); }
static void opens_ended(struct policy_world *w) { opens(w); ended(w); nowhere(w); }
static void opens_no_mou(struct policy_world *w) { opens(w); no_mou(w); }
static void opens_stranger(struct policy_world *w) { opens(w); w->question.from = policy_agency(3); }
static void opens_expired(struct policy_world *w) { opens(w); grant_ended(w); }

static void withdraws(struct policy_world *w) { later(w, EVENT_WITHDRAW); none_at_all(w); no_mou(w); from_stranger(w); w->question.request = NULL; }
static void revokes(struct policy_world *w) { withdraws(w); w->event.type = EVENT_CONSENT_REVOKED; }
static void voids(struct policy_world *w) { withdraws(w); w->event.type = EVENT_WRONG_PERSON_OR_PLACE; }
static void withdraws_full(struct policy_world *w) { later(w, EVENT_WITHDRAW); }
static void revokes_full(struct policy_world *w) { later(w, EVENT_CONSENT_REVOKED); }

static void notes(struct policy_world *w) { back(w, EVENT_INTERIM_NOTE); none_at_all(w); policy_say(w, "note", "x"); }
static void notes_short(struct policy_world *w) { notes(w); w->request.ask_back = ASK_BACK_SHORT_NOTE; }
static void notes_code(struct policy_world *w) { notes(w); w->request.ask_back = ASK_BACK_OUTCOME_CODE; }
static void notes_unknown(struct policy_world *w) { notes(w); w->question.request = NULL; }
static void notes_out(struct policy_world *w) { notes_code(w); w->question.from_referrer = true; }
static void ends(struct policy_world *w) { back(w, EVENT_FINISH); none_at_all(w); policy_say(w, "attended", "yes"); policy_say(w, "outcome", "MOVED"); }
static void ends_code(struct policy_world *w) { ends(w); w->request.ask_back = ASK_BACK_OUTCOME_CODE; }
static void ends_attended(struct policy_world *w) { ends(w); w->request.ask_back = ASK_BACK_ATTENDED_ONLY; }
static void ends_none(struct policy_world *w) { ends(w); w->request.ask_back = ASK_BACK_NONE; }
static void ends_strange(struct policy_world *w) { ends_code(w); w->details[0].name = slice_of_text("weather"); }
static void tells(struct policy_world *w) { back(w, EVENT_FINISH); }
static void tells_short(struct policy_world *w) { tells(w); w->request.ask_back = ASK_BACK_SHORT_NOTE; }
static void tells_ungranted(struct policy_world *w) { tells(w); w->grants[0].to = policy_agency(1); }

#define ALLOWED PROBLEM_NONE, "", ""

static const struct {
    void (*changes)(struct policy_world *world);
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
        struct policy_world world;
        struct verdict verdict;
        policy_world_init(&world);
        cases[i].changes(&world);
        policy_world_tie(&world);
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
        void (*changes)(struct policy_world *world);
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
    struct policy_world world;
    policy_world_init(&world);
    for (size_t i = 0; i < COUNT(order); i++) {
        struct verdict verdict;
        order[i].changes(&world);
        policy_world_tie(&world);
        policy_judge(&world.question, &verdict);
        assert_string_equal(verdict.clause, order[i].clause);
    }
}

/* ---- Against the oracle -------------------------------------------------- */

static void verdicts_equal_those_of_the_oracle(void **unused)
{
    (void)unused;
    size_t counts[PROBLEM_COUNT] = { 0 };
    for (uint64_t seed = 0; seed < 6000; seed++) {
        struct prng prng = prng_from_seed(seed);
        uint8_t tape[POLICY_TAPE_SIZE];
        struct policy_world world;
        struct verdict verdict;
        policy_world_init(&world);
        prng_fill(&prng, tape, sizeof tape);
        policy_world_draw(&world, SLICE_ARRAY(tape));
        policy_judge(&world.question, &verdict);
        enum problem want = policy_oracle(&world);
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
