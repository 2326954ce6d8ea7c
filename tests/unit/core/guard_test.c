#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/step.h"
#include "core/verdict.h"

/* ---- Cases as text ------------------------------------------------------ */

struct scene {
    struct named_value details[8];
    struct named_value elements[8];
    struct referral_event event;
};

/* "name=value|name=value", into the event. */
static void scene_details(struct scene *scene, const char *text)
{
    struct slice rest = slice_of_text(text);
    size_t count = 0;
    while (rest.size > 0) {
        struct slice one;
        struct slice name;
        if (!text_cut(&rest, '|', &one)) {
            one = rest;
            rest = SLICE_NONE;
        }
        assert_true(text_cut(&one, '=', &name));
        assert_true(count < 8);
        scene->details[count++] = (struct named_value){ name, one };
    }
    scene->event.details = scene->details;
    scene->event.detail_count = count;
}

/* "code code", each with the value "1". */
static void scene_elements(struct scene *scene, const char *text)
{
    struct slice rest = slice_of_text(text);
    size_t count = 0;
    while (rest.size > 0) {
        struct slice name;
        if (!text_cut(&rest, ' ', &name)) {
            name = rest;
            rest = SLICE_NONE;
        }
        scene->elements[count++] =
            (struct named_value){ name, SLICE_LITERAL("1") };
    }
    scene->event.elements = scene->elements;
    scene->event.element_count = count;
}

#define SLOTS "2027-01-31T09:00:00Z 2027-02-01T09:00:00Z"
#define CHILD "urn:uuid:01936f2a-7f3e-7c55-9a10-2b6f1c0d9e8f"

enum {
    WALK_IN = 1 << 0,
    FORWARD = 1 << 1,
    OFFER = 1 << 2,  /* in words */
    SLOT = 1 << 3,   /* as times */
    PERSON = 1 << 4, /* the actor; else staff */
    IMMEDIATE = 1 << 5,
    ROLE = 1 << 6,
};

/* clang-format off */
#define ALLOW(event, context, back, details, elements)                         \
    { EVENT_##event, context, ASK_BACK_##back, details, elements,              \
      PROBLEM_NONE, "", "" }
#define GUARD(event, context, back, details, elements, clause, remedy)         \
    { EVENT_##event, context, ASK_BACK_##back, details, elements,              \
      PROBLEM_GUARD, clause, remedy }
#define STRAY(event, context, back, details, elements, clause, remedy)         \
    { EVENT_##event, context, ASK_BACK_##back, details, elements,              \
      PROBLEM_UNKNOWN_FIELD, clause, remedy }

static const struct {
    enum referral_event_type type;
    int context;
    enum ask_back ask_back;
    const char *details;
    const char *elements;
    enum problem problem;
    const char *clause;
    const char *remedy; /* how it begins */
} cases[] = {
    /* T03 */
    ALLOW(POLICY_REFUSAL, 0, NONE, "problem=ELEMENT_NOT_ALLOWED", ""),
    GUARD(POLICY_REFUSAL, 0, NONE, "problem=NONE", "", "details.problem", "choose problem from: SIGNATURE_BAD,"),
    GUARD(POLICY_REFUSAL, 0, NONE, "", "", "details.problem", "add problem=... ("),
    /* T05 */
    ALLOW(OPENED, ROLE, NONE, "", ""),
    GUARD(OPENED, 0, NONE, "", "", "role", "add role=... ("),
    /* T06 */
    GUARD(AUTO_ACCEPT, 0, NONE, "", "", "fast_track", "let staff accept"),
    /* T07 */
    ALLOW(ASK, 0, NONE, "question=How long?", ""),
    ALLOW(ASK, 0, NONE, "question=How long?|elements=cough_weeks previous_tb", ""),
    GUARD(ASK, 0, NONE, "", "", "details.question", "add question=... (the question, in plain words)"),
    GUARD(ASK, 0, NONE, "question=How?|elements=cough_weeks tb_results", "", "details.elements", "remove tb_results; the agreement lists: call_name, cough_weeks, previous_tb"),
    GUARD(ASK, 0, NONE, "question=How?|elements=diagnosis", "", "details.elements", "write elements as element codes"),
    GUARD(ASK, 0, NONE, "question=How?|elements=cough_weeks  previous_tb", "", "details.elements", "write elements as element codes"),
    GUARD(ASK, 0, NONE, "question= ", "", "details.question", "write question as text"),
    GUARD(ASK, 0, NONE, "question=How?|elements=", "", "details.elements", "write elements as element codes"),
    STRAY(ASK, 0, NONE, "question=How?", "cough_weeks", "elements", "remove the elements: ask carries none"),
    /* T08 */
    ALLOW(ANSWER, 0, NONE, "answer=Three weeks", ""),
    ALLOW(ANSWER, 0, NONE, "", "cough_weeks"),
    ALLOW(ANSWER, PERSON, NONE, "answer=Three weeks", "cough_weeks"),
    GUARD(ANSWER, 0, NONE, "", "", "details.answer", "add answer=... (the answer in words, or else elements)"),
    /* T09, T13, T20 */
    ALLOW(ACCEPT, 0, NONE, "offer=walk-in Mo-Fr 09:00-15:00", ""),
    ALLOW(ACCEPT, 0, NONE, "slot=" SLOTS, ""),
    ALLOW(PLACE_FOUND, 0, NONE, "offer=walk-in|slot=" SLOTS, ""),
    ALLOW(DID_NOT_MEET, 0, NONE, "offer=any day", ""),
    GUARD(ACCEPT, 0, NONE, "", "", "details.offer", "add offer=... (a walk-in window or other way in, in words) or slot=... (times to choose from)"),
    GUARD(PLACE_FOUND, 0, NONE, "", "", "details.offer", "add offer=... ("),
    GUARD(DID_NOT_MEET, 0, NONE, "", "", "details.offer", "add offer=... ("),
    GUARD(ACCEPT, 0, NONE, "slot=monday", "", "details.slot", "write slot as 2027-01-31T09:00:00+01:00, one space"),
    GUARD(ACCEPT, 0, NONE, "offer=", "", "details.offer", "write offer as text"),
    STRAY(ACCEPT, 0, NONE, "offer=walk-in|price=3", "", "details[1]", "remove it: accept takes only: offer, slot"),
    /* T10 */
    ALLOW(WAITLIST, 0, NONE, "expected_date=2027-02-28|interim_support=drop-in", ""),
    GUARD(WAITLIST, 0, NONE, "interim_support=drop-in", "", "details.expected_date", "add expected_date=... ("),
    GUARD(WAITLIST, 0, NONE, "expected_date=2027-02-28", "", "details.interim_support", "add interim_support=... ("),
    GUARD(WAITLIST, 0, NONE, "expected_date=soon|interim_support=drop-in", "", "details.expected_date", "write expected_date as YYYY-MM-DD"),
    /* T11, T14 */
    ALLOW(DECLINE, 0, NONE, "reason=NO_CAPACITY|next_option=soc.shelter", ""),
    ALLOW(DECLINE, 0, NONE, "reason=ELIGIBILITY|next_option=soc.shelter|rule=e1", ""),
    ALLOW(DECLINE, 0, NONE, "reason=OUTSIDE_AREA|next_option=x|area=north", ""),
    ALLOW(DECLINE, 0, NONE, "reason=CONSENT_TOO_NARROW|next_option=x|elements=tb_results|why=to choose the ward", ""),
    GUARD(DECLINE, 0, NONE, "next_option=soc.shelter", "", "details.reason", "add reason=... ("),
    GUARD(DECLINE, 0, NONE, "reason=NO_CAPACITY", "", "details.next_option", "add next_option=... (where else the person can go)"),
    GUARD(DECLINE, 0, NONE, "reason=current_use|next_option=x", "", "details.reason", "give a reason that is about the service, such as NO_CAPACITY"),
    GUARD(DECLINE, 0, NONE, "reason=NO_DOCUMENT|next_option=x", "", "details.reason", "give a reason that is about the service"),
    GUARD(DECLINE, 0, NONE, "reason=no_capacity|next_option=x", "", "details.reason", "choose reason from: NO_CAPACITY, SERVICE_PAUSED, "),
    /* T12, T15, T31 */
    ALLOW(REDIRECT, FORWARD, NONE, "person_agreed=yes|child=" CHILD "|to=social", ""),
    GUARD(REDIRECT, 0, NONE, "person_agreed=yes|child=" CHILD "|to=social", "", "pathways.forward", "decline and give next_option"),
    GUARD(REDIRECT, FORWARD, NONE, "child=" CHILD "|to=social", "", "details.person_agreed", "add person_agreed=... ("),
    GUARD(REDIRECT, FORWARD, NONE, "person_agreed=no|child=" CHILD "|to=social", "", "details.person_agreed", "write person_agreed as yes"),
    GUARD(REDIRECT, FORWARD, NONE, "person_agreed=yes|to=social", "", "details.child", "add child=... ("),
    GUARD(REDIRECT, FORWARD, NONE, "person_agreed=yes|child=7|to=social", "", "details.child", "write child as urn:uuid:..."),
    GUARD(REDIRECT, FORWARD, NONE, "person_agreed=yes|child=" CHILD, "", "details.to", "add to=... ("),
    /* T16 */
    ALLOW(CHOOSE_TIME, OFFER | PERSON, NONE, "time=2027-03-31T09:00:00Z", ""),
    ALLOW(CHOOSE_TIME, OFFER, NONE, "walk_in=yes", ""),
    ALLOW(CHOOSE_TIME, SLOT, NONE, "time=2027-01-31T10:00:00+01:00", ""),
    ALLOW(CHOOSE_TIME, SLOT | WALK_IN, NONE, "walk_in=yes", ""),
    GUARD(CHOOSE_TIME, SLOT, NONE, "time=2027-01-31T10:00:00Z", "", "details.time", "choose time from the times offered"),
    GUARD(CHOOSE_TIME, SLOT, NONE, "walk_in=yes", "", "details.walk_in", "add time=... ("),
    GUARD(CHOOSE_TIME, 0, NONE, "time=2027-01-31T10:00:00Z", "", "offer", "wait until the receiving agency has made an offer"),
    GUARD(CHOOSE_TIME, OFFER, NONE, "", "", "details.time", "add time=... (the time that the person chose) or walk_in=... ("),
    GUARD(CHOOSE_TIME, OFFER, NONE, "walk_in=no", "", "details.walk_in", "write walk_in as yes"),
    GUARD(CHOOSE_TIME, OFFER, NONE, "time=tomorrow", "", "details.time", "write time as 2027-01-31T09:00:00+01:00"),
    /* T17, T18, T19 */
    ALLOW(WALK_IN, WALK_IN, NONE, "", ""),
    GUARD(WALK_IN, 0, NONE, "", "", "services.access_mode", "choose a time first (choose_time)"),
    ALLOW(MOVE_TIME, 0, NONE, "", ""),
    ALLOW(MOVE_TIME, 0, NONE, "offer=next week", ""),
    STRAY(MOVE_TIME, PERSON, NONE, "reason=ill", "", "details[0]", "remove it: move_time takes only: offer, slot"),
    ALLOW(ARRIVE, 0, NONE, "", ""),
    /* T21 */
    ALLOW(NOT_CONNECTED, 0, NONE, "", ""),
    ALLOW(NOT_CONNECTED, 0, NONE, "tries=3", ""),
    GUARD(NOT_CONNECTED, 0, NONE, "tries=many", "", "details.tries", "write tries as a number in digits"),
    /* T22, T23, T24 */
    ALLOW(START, 0, NONE, "", ""),
    ALLOW(START, 0, NONE, "wait_minutes=40", ""),
    GUARD(START, 0, NONE, "wait_minutes=-1", "", "details.wait_minutes", "write wait_minutes as a number"),
    ALLOW(LEFT_BEFORE_SEEN, 0, NONE, "offer=today until 18:00|wait_minutes=90", ""),
    ALLOW(LEFT_BEFORE_SEEN, 0, NONE, "slot=" SLOTS, ""),
    ALLOW(LEFT_BEFORE_SEEN, PERSON, NONE, "", ""),
    GUARD(LEFT_BEFORE_SEEN, 0, NONE, "wait_minutes=90", "", "details.offer", "add offer=... (from staff: "),
    ALLOW(TURNED_AWAY, PERSON, NONE, "barrier=ASKED_FOR_PAPERS", ""),
    ALLOW(TURNED_AWAY, PERSON, NONE, "barrier=NOT_SAFE|words=A guard stood there", ""),
    GUARD(TURNED_AWAY, PERSON, NONE, "", "", "details.barrier", "add barrier=... ("),
    GUARD(TURNED_AWAY, PERSON, NONE, "barrier=RUDE", "", "details.barrier", "choose barrier from: ASKED_FOR_PAPERS, "),
    /* T25 */
    ALLOW(INTERIM_NOTE, 0, SHORT_NOTE, "note=going well", ""),
    ALLOW(INTERIM_NOTE, 0, FULL, "note=going well", "tb_results"),
    GUARD(INTERIM_NOTE, 0, OUTCOME_CODE, "note=going well", "", "details.note", "remove note: the person lets back outcome_code"),
    GUARD(INTERIM_NOTE, 0, FULL, "", "", "details.note", "add note=... ("),
    /* T26 */
    ALLOW(FINISH, 0, NONE, "", ""),
    ALLOW(FINISH, 0, ATTENDED_ONLY, "", ""),
    ALLOW(FINISH, 0, ATTENDED_ONLY, "attended=yes", ""),
    ALLOW(FINISH, 0, OUTCOME_CODE, "outcome=SERVICE_GIVEN|attended=yes", ""),
    ALLOW(FINISH, 0, SHORT_NOTE, "outcome=SERVICE_GIVEN|note=all well", ""),
    ALLOW(FINISH, 0, FULL, "outcome=AGENCY_ENDED|agency_reason=NO_CAPACITY|note=sorry", "tb_results"),
    GUARD(FINISH, 0, NONE, "attended=yes", "", "details.attended", "remove attended: the person lets back none"),
    GUARD(FINISH, 0, ATTENDED_ONLY, "outcome=SERVICE_GIVEN", "", "details.outcome", "remove outcome: the person lets back attended_only"),
    GUARD(FINISH, 0, OUTCOME_CODE, "outcome=SERVICE_GIVEN|note=x", "", "details.note", "remove note: the person lets back outcome_code"),
    GUARD(FINISH, 0, OUTCOME_CODE, "attended=yes", "", "details.outcome", "add outcome=... ("),
    GUARD(FINISH, 0, FULL, "note=x", "", "details.outcome", "add outcome=... ("),
    GUARD(FINISH, 0, FULL, "outcome=FINE", "", "details.outcome", "choose outcome from: SERVICE_GIVEN, "),
    GUARD(FINISH, 0, FULL, "outcome=AGENCY_ENDED|agency_reason=relapse", "", "details.agency_reason", "give a agency_reason that is about the service"),
    GUARD(FINISH, 0, ATTENDED_ONLY, "attended=maybe", "", "details.attended", "write attended as yes or no"),
    /* T27, T30 */
    ALLOW(END_EARLY, 0, NONE, "reason=IN_HOSPITAL|continuity_plan=ward gives it", ""),
    ALLOW(END_EARLY, PERSON, SHORT_NOTE, "reason=PERSON_CHOSE_OTHERWISE|continuity_plan=x|note=y", ""),
    GUARD(END_EARLY, 0, NONE, "continuity_plan=x", "", "details.reason", "add reason=... ("),
    GUARD(END_EARLY, 0, NONE, "reason=MOVED", "", "details.continuity_plan", "add continuity_plan=... ("),
    GUARD(END_EARLY, 0, NONE, "reason=NO_CAPACITY|continuity_plan=x", "", "details.reason", "choose reason from: SERVICE_GIVEN, "),
    GUARD(END_EARLY, 0, OUTCOME_CODE, "reason=MOVED|continuity_plan=x|note=y", "", "details.note", "remove note: "),
    /* T28, T29 */
    ALLOW(PAUSE, 0, NONE, "continuity_plan=mobile unit brings it", ""),
    GUARD(PAUSE, 0, NONE, "", "", "details.continuity_plan", "add continuity_plan=... ("),
    ALLOW(RESUME, 0, NONE, "", ""),
    /* T32, T33 */
    ALLOW(ACKNOWLEDGE, 0, NONE, "feedback=invited", ""),
    ALLOW(ACKNOWLEDGE, 0, NONE, "feedback=declined", ""),
    GUARD(ACKNOWLEDGE, 0, NONE, "", "", "details.feedback", "add feedback=... ("),
    GUARD(ACKNOWLEDGE, 0, NONE, "feedback=yes", "", "details.feedback", "choose feedback from: invited, declined"),
    ALLOW(QUERY_OUTCOME, PERSON, NONE, "question=Where is my result?", ""),
    GUARD(QUERY_OUTCOME, 0, NONE, "", "", "details.question", "add question=... ("),
    /* T35 */
    ALLOW(DECISION_TIMEOUT, 0, NONE, "", ""),
    GUARD(DECISION_TIMEOUT, IMMEDIATE, NONE, "", "", "request.urgency", "let staff decide"),
    /* T36 */
    ALLOW(WITHDRAW, PERSON, NONE, "", ""),
    STRAY(WITHDRAW, PERSON, NONE, "reason=none of your business", "", "details[0]", "remove reason: nobody is asked why they withdraw"),
    STRAY(WITHDRAW, PERSON, NONE, "note=x", "", "details[0]", "remove it: withdraw takes no details"),
    STRAY(WITHDRAW, PERSON, NONE, "", "call_name", "elements", "remove the elements: withdraw carries none"),
    ALLOW(CONSENT_REVOKED, PERSON, NONE, "", ""),
    STRAY(CONSENT_REVOKED, PERSON, NONE, "reason=x", "", "details[0]", "remove it: consent_revoked takes no details"),
    /* T37 */
    ALLOW(CANCEL, 0, NONE, "reason=NEED_CHANGED|person_told=yes", ""),
    ALLOW(CANCEL, 0, NONE, "reason=REPLACED_BY|person_told=yes|replaced_by=" CHILD, ""),
    ALLOW(CANCEL, 0, NONE, "reason=PERSON_DIED", ""),
    GUARD(CANCEL, 0, NONE, "person_told=yes", "", "details.reason", "add reason=... ("),
    GUARD(CANCEL, 0, NONE, "reason=NEED_CHANGED", "", "details.person_told", "add person_told=... ("),
    GUARD(CANCEL, 0, NONE, "reason=NEED_CHANGED|person_told=no", "", "details.person_told", "write person_told as yes"),
    GUARD(CANCEL, 0, NONE, "reason=NO_CAPACITY|person_told=yes", "", "details.reason", "choose reason from: NEED_MET_ELSEWHERE, "),
    /* T38 */
    ALLOW(WRONG_PERSON_OR_PLACE, 0, NONE, "what=person", ""),
    ALLOW(WRONG_PERSON_OR_PLACE, 0, NONE, "what=place", ""),
    GUARD(WRONG_PERSON_OR_PLACE, 0, NONE, "", "", "details.what", "add what=... ("),
    GUARD(WRONG_PERSON_OR_PLACE, 0, NONE, "what=time", "", "details.what", "choose what from: person, place"),
    /* T40 */
    ALLOW(AMEND, 0, NONE, "", "cough_weeks"),
    ALLOW(AMEND, 0, NONE, "reason=new number", "contact_route"),
    GUARD(AMEND, 0, NONE, "reason=new number", "", "elements", "add the elements that change"),
    /* Timers and receipts say nothing. */
    ALLOW(RECEIPT, 0, NONE, "", ""),
    ALLOW(DELIVERY_TIMEOUT, 0, NONE, "", ""),
    ALLOW(CLOSE_TIMEOUT, 0, NONE, "", ""),
    ALLOW(INFO_TIMEOUT, 0, NONE, "", ""),
    STRAY(RECEIPT, 0, NONE, "note=x", "", "details[0]", "remove it: receipt takes no details"),
};
/* clang-format on */

static void check_case(size_t index)
{
    const struct slice purpose_elements[] = {
        SLICE_LITERAL("call_name"),
        SLICE_LITERAL("cough_weeks"),
        SLICE_LITERAL("previous_tb"),
    };
    int flags = cases[index].context;
    const struct referral_request request = {
        .ask_back = cases[index].ask_back,
        .urgency = flags & IMMEDIATE ? URGENCY_IMMEDIATE : URGENCY_SOON,
    };
    const struct guard_context context = {
        .request = &request,
        .walk_in = (flags & WALK_IN) != 0,
        .may_forward = (flags & FORWARD) != 0,
        .offer = flags & OFFER  ? SLICE_LITERAL("walk-in Mo-Fr")
                 : flags & SLOT ? SLICE_LITERAL(SLOTS)
                                : SLICE_NONE,
        .purpose_elements = purpose_elements,
        .purpose_element_count = 3,
    };
    struct scene scene = { .event = { .type = cases[index].type } };
    struct verdict verdict;
    scene.event.actor = flags & PERSON ? ACTOR_PERSON : ACTOR_STAFF;
    scene.event.role =
        flags & ROLE ? SLICE_LITERAL("intake_nurse") : SLICE_NONE;
    scene_details(&scene, cases[index].details);
    scene_elements(&scene, cases[index].elements);
    memset(&verdict, 0xff, sizeof verdict);
    referral_guard(&scene.event, &context, &verdict);
    if (verdict.problem != cases[index].problem ||
        strcmp(verdict.clause, cases[index].clause) != 0 ||
        strncmp(verdict.remedy, cases[index].remedy,
            strlen(cases[index].remedy)) != 0 ||
        (verdict.remedy[0] == '\0') != verdict_allows(&verdict))
        fail_msg("case %zu, %s with \"%s\": %s, %s, %s", index,
            event_type_name(cases[index].type), cases[index].details,
            problem_name(verdict.problem), verdict.clause, verdict.remedy);
}

static void each_case_holds(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(i);
}

/* So that a new event, or one that lost its cases, is seen. */
static void every_event_has_a_case_that_passes(void **unused)
{
    (void)unused;
    for (int e = EVENT_RECEIPT; e < EVENT_TYPE_COUNT; e++) {
        size_t count = 0;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            count +=
                (int)cases[i].type == e && cases[i].problem == PROBLEM_NONE;
        assert_true(count > 0 || e == EVENT_AUTO_ACCEPT);
    }
}

/* A refusal names no word of what came with the event. */
static void no_remedy_repeats_what_was_said(void **unused)
{
    (void)unused;
    static const struct guard_context context;
    static const char secret[] = "ivan.petrov";
    for (int e = EVENT_SEND; e < EVENT_TYPE_COUNT; e++) {
        enum referral_event_type type = (enum referral_event_type)e;
        size_t count;
        const struct step_detail *details = step_details(type, &count);
        for (size_t i = 0; i <= count; i++) {
            const struct named_value detail = {
                slice_of_text(i < count ? details[i].name : secret),
                slice_of_text(secret),
            };
            const struct referral_event event = { .type = type,
                .actor = ACTOR_STAFF,
                .details = &detail,
                .detail_count = 1 };
            struct verdict verdict;
            referral_guard(&event, &context, &verdict);
            assert_null(strstr(verdict.clause, secret));
            assert_null(strstr(verdict.remedy, secret));
        }
    }
}

static void a_short_note_is_short(void **unused)
{
    (void)unused;
    static char text[SHORT_NOTE_SIZE_MAX + 1];
    memset(text, 'x', sizeof text);
    struct named_value detail = { SLICE_LITERAL("note"),
        slice_of(text, SHORT_NOTE_SIZE_MAX) };
    const struct referral_event event = { .type = EVENT_INTERIM_NOTE,
        .actor = ACTOR_STAFF,
        .details = &detail,
        .detail_count = 1 };
    struct referral_request request = { .ask_back = ASK_BACK_SHORT_NOTE };
    const struct guard_context context = { .request = &request };
    struct verdict verdict;
    referral_guard(&event, &context, &verdict);
    assert_true(verdict_allows(&verdict));
    detail.value.size++;
    referral_guard(&event, &context, &verdict);
    assert_int_equal(verdict.problem, PROBLEM_GUARD);
    assert_string_equal(verdict.clause, "details.note");
    assert_string_equal(verdict.remedy,
        "shorten note to 2000 bytes: the person lets back short_note");
    request.ask_back = ASK_BACK_FULL;
    referral_guard(&event, &context, &verdict);
    assert_true(verdict_allows(&verdict));
}

static void names_are_no_longer_than_names(void **unused)
{
    (void)unused;
    static char text[NAME_SIZE_MAX + 1];
    memset(text, 'x', sizeof text);
    struct scene scene = { .event = { .type = EVENT_REDIRECT } };
    const struct guard_context context = { .may_forward = true };
    struct verdict verdict;
    scene_details(&scene, "person_agreed=yes|child=" CHILD "|to=x");
    scene.details[2].value = slice_of(text, NAME_SIZE_MAX);
    referral_guard(&scene.event, &context, &verdict);
    assert_true(verdict_allows(&verdict));
    scene.details[2].value.size++;
    referral_guard(&scene.event, &context, &verdict);
    assert_int_equal(verdict.problem, PROBLEM_GUARD);
    assert_string_equal(verdict.clause, "details.to");
}

static void without_a_request_nothing_goes_back(void **unused)
{
    (void)unused;
    const struct named_value detail = { SLICE_LITERAL("attended"),
        SLICE_LITERAL("yes") };
    struct referral_event event = { .type = EVENT_FINISH,
        .actor = ACTOR_STAFF,
        .details = &detail,
        .detail_count = 1 };
    static const struct guard_context context;
    struct verdict verdict;
    referral_guard(&event, &context, &verdict);
    assert_int_equal(verdict.problem, PROBLEM_GUARD);
    event.detail_count = 0;
    referral_guard(&event, &context, &verdict);
    assert_true(verdict_allows(&verdict));
}

static void a_request_is_complete(void **unused)
{
    (void)unused;
    const struct referral_request whole = {
        .service = SLICE_LITERAL("tb.assess"),
        .purpose = SLICE_LITERAL("tb_assessment"),
        .urgency = URGENCY_SOON,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_NONE,
        .reason_plain = SLICE_LITERAL("I want to know why I cough"),
        .thread = { { 1 } },
        .consent_at = { 1 },
    };
    static const char *const names[] = { "service", "purpose", "urgency",
        "choice", "ask_back", "reason_plain", "thread", "consent_at" };
    static const struct guard_context context;
    struct verdict verdict;
    for (size_t lacking = 0; lacking <= 8; lacking++) {
        struct referral_request request = whole;
        const struct referral_event event = {
            .type = EVENT_SEND, .actor = ACTOR_STAFF, .request = &request
        };
        char clause[VERDICT_TEXT_SIZE];
        (void)snprintf(clause, sizeof clause, "request.%s", names[lacking % 8]);
        request.service = lacking == 0 ? SLICE_NONE : whole.service;
        request.purpose = lacking == 1 ? SLICE_NONE : whole.purpose;
        if (lacking == 2)
            request.urgency = (enum urgency)0;
        if (lacking == 3)
            request.choice = (enum choice)0;
        if (lacking == 4)
            request.ask_back = (enum ask_back)0;
        request.reason_plain = lacking == 5 ? SLICE_NONE : whole.reason_plain;
        request.thread.bytes[0] = lacking == 6 ? 0 : 1;
        request.consent_at.unix_ms = lacking == 7 ? 0 : 1;
        referral_guard(&event, &context, &verdict);
        if (lacking == 8) {
            assert_true(verdict_allows(&verdict));
            continue;
        }
        assert_int_equal(verdict.problem, PROBLEM_GUARD);
        assert_string_equal(verdict.clause, clause);
        assert_memory_equal(verdict.remedy, "add ", 4);
    }
    const struct referral_event bare = { .type = EVENT_SEND };
    referral_guard(&bare, &context, &verdict);
    assert_int_equal(verdict.problem, PROBLEM_GUARD);
}

static void a_detail_is_found_by_its_name(void **unused)
{
    (void)unused;
    struct scene scene = { 0 };
    scene_details(&scene, "reason=MOVED|note=");
    assert_true(slice_is(event_detail(&scene.event, "reason"), "MOVED"));
    assert_non_null(event_detail(&scene.event, "note").bytes);
    assert_int_equal(event_detail(&scene.event, "note").size, 0);
    assert_null(event_detail(&scene.event, "reaso").bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_holds),
        cmocka_unit_test(every_event_has_a_case_that_passes),
        cmocka_unit_test(no_remedy_repeats_what_was_said),
        cmocka_unit_test(a_short_note_is_short),
        cmocka_unit_test(names_are_no_longer_than_names),
        cmocka_unit_test(without_a_request_nothing_goes_back),
        cmocka_unit_test(a_request_is_complete),
        cmocka_unit_test(a_detail_is_found_by_its_name),
    };
    return cmocka_run_group_tests_name("core/guard", tests, NULL, NULL);
}
