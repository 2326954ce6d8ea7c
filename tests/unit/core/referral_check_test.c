#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "core/verdict.h"
#include "core/referral.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* An event that passes, all of it in one place so that a test can break any
 * part. It borrows from itself: never copied. */
struct sound {
    struct slice grant_elements[REFERRAL_ELEMENT_COUNT_MAX + 1];
    struct grant grants[REFERRAL_GRANT_COUNT_MAX + 1];
    struct referral_request request;
    struct named_value details[REFERRAL_DETAIL_COUNT_MAX + 1];
    struct named_value elements[REFERRAL_ELEMENT_COUNT_MAX + 1];
    struct referral_event event;
};

static void sound_init(struct sound *sound)
{
    memset(sound, 0, sizeof *sound);
    sound->grant_elements[0] = SLICE_LITERAL("call_name");
    sound->grant_elements[1] = SLICE_LITERAL("cough_weeks");
    sound->grants[0] = (struct grant){
        .to = { "abcdefghijklmnopqrstuvwxyz" },
        .purpose = SLICE_LITERAL("tb_assessment"),
        .elements = sound->grant_elements,
        .element_count = 2,
        .until = { 2000 },
    };
    sound->request = (struct referral_request){
        .service = SLICE_LITERAL("tb.assess"),
        .purpose = SLICE_LITERAL("tb_assessment"),
        .urgency = URGENCY_SOON,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_FULL,
        .reason_plain = SLICE_LITERAL("I want to know why I cough"),
        .thread = { { 1 } },
        .consent_at = { 1000 },
        .grants = sound->grants,
        .grant_count = 1,
    };
    sound->details[0] = (struct named_value){ SLICE_LITERAL("note"),
        SLICE_LITERAL("two\nlines") };
    sound->elements[0] = (struct named_value){ SLICE_LITERAL("call_name"),
        SLICE_LITERAL("Sasha") };
    sound->elements[1] = (struct named_value){ SLICE_LITERAL("cough_weeks"),
        SLICE_LITERAL("3") };
    sound->event = (struct referral_event){
        .referral = { { 1 } },
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("outreach_worker"),
        .at = { 1500 },
        .key = SLICE_LITERAL("form 7/2027"),
        .request = &sound->request,
        .details = sound->details,
        .detail_count = 1,
        .elements = sound->elements,
        .element_count = 2,
    };
}

/* ---- What breaks it ----------------------------------------------------- */

/* clang-format off */
static void no_type(struct sound *s) { s->event.type = EVENT_NONE; }
static void far_type(struct sound *s) { s->event.type = EVENT_TYPE_COUNT; }
static void no_referral(struct sound *s) { s->event.referral.bytes[0] = 0; }
static void no_actor(struct sound *s) { s->event.actor = (enum actor_kind)0; }
static void far_actor(struct sound *s) { s->event.actor = ACTOR_KIND_COUNT; }
static void role_text(struct sound *s) { s->event.role = SLICE_LITERAL("Dr X"); }
static void before_1970(struct sound *s) { s->event.at.unix_ms = -1; }
static void after_9999(struct sound *s) { s->event.at.unix_ms = 253402300800000; }
static void key_bell(struct sound *s) { s->event.key = SLICE_LITERAL("\a"); }
static void key_nul(struct sound *s) { s->event.key = slice_of("a\0b", 3); }
static void key_long(struct sound *s)
{
    static char key[IDEMPOTENCY_KEY_SIZE_MAX + 1];
    s->event.key = slice_of(memset(key, 'k', sizeof key), sizeof key);
}
static void no_seq(struct sound *s) { s->event.seq = 0; }
static void far_state(struct sound *s) { s->event.state = REFERRAL_STATE_COUNT; }
static void no_request(struct sound *s) { s->event.request = NULL; }
static void stray_request(struct sound *s) { s->event.type = EVENT_AMEND; }

static void service_text(struct sound *s) { s->request.service = SLICE_LITERAL("TB"); }
static void purpose_text(struct sound *s) { s->request.purpose = SLICE_LITERAL("a b"); }
static void far_urgency(struct sound *s) { s->request.urgency = URGENCY_COUNT; }
static void far_choice(struct sound *s) { s->request.choice = CHOICE_COUNT; }
static void far_ask_back(struct sound *s) { s->request.ask_back = ASK_BACK_COUNT; }
static void reason_half(struct sound *s) { s->request.reason_plain = SLICE_LITERAL("\xd0"); }
static void reason_long(struct sound *s)
{
    static char reason[REASON_PLAIN_SIZE_MAX + 1];
    s->request.reason_plain = slice_of(memset(reason, 'r', sizeof reason), sizeof reason);
}
static void consent_early(struct sound *s) { s->request.consent_at.unix_ms = -1; }
static void hop_orphan(struct sound *s) { s->request.hop = 1; }
static void parent_first(struct sound *s) { s->request.has_parent = true; s->request.parent.bytes[0] = 1; }
static void parent_nil(struct sound *s) { s->request.has_parent = true; s->request.hop = 1; }
static void grants_many(struct sound *s) { s->request.grant_count = REFERRAL_GRANT_COUNT_MAX + 1; }
static void grant_to(struct sound *s) { s->grants[0].to.text[3] = 'D'; }
static void grant_purpose(struct sound *s) { s->grants[0].purpose = SLICE_NONE; }
static void grant_until(struct sound *s) { s->grants[0].until.unix_ms = -1; }
static void grant_long(struct sound *s) { s->grants[0].element_count = REFERRAL_ELEMENT_COUNT_MAX + 1; }
static void grant_twice(struct sound *s) { s->grant_elements[1] = s->grant_elements[0]; }
static void grant_stranger(struct sound *s) { s->grant_elements[1] = SLICE_LITERAL("diagnosis"); }

static void details_many(struct sound *s) { s->event.detail_count = REFERRAL_DETAIL_COUNT_MAX + 1; }
static void detail_name(struct sound *s) { s->details[0].name = SLICE_LITERAL("Note"); }
static void detail_empty(struct sound *s) { s->details[0].value = SLICE_LITERAL(""); }
static void detail_delete(struct sound *s) { s->details[0].value = SLICE_LITERAL("\x7f"); }
static void detail_long(struct sound *s)
{
    static char value[VALUE_SIZE_MAX + 1];
    s->details[0].value = slice_of(memset(value, 'v', sizeof value), sizeof value);
}
static void detail_twice(struct sound *s) { s->details[1] = s->details[0]; s->event.detail_count = 2; }
static void elements_many(struct sound *s) { s->event.element_count = REFERRAL_ELEMENT_COUNT_MAX + 1; }
static void element_stranger(struct sound *s) { s->elements[1].name = SLICE_LITERAL("diagnosis"); }
static void element_form(struct sound *s) { s->elements[1].value = SLICE_LITERAL("three"); }
static void element_twice(struct sound *s) { s->elements[2] = s->elements[0]; s->event.element_count = 3; }


static const struct {
    void (*breaks)(struct sound *sound);
    enum problem problem;
    const char *clause;
} cases[] = {
    { no_type, PROBLEM_FORMAT, "type" },
    { far_type, PROBLEM_FORMAT, "type" },
    { no_referral, PROBLEM_FORMAT, "referral" },
    { no_actor, PROBLEM_FORMAT, "actor" },
    { far_actor, PROBLEM_FORMAT, "actor" },
    { role_text, PROBLEM_FORMAT, "role" },
    { before_1970, PROBLEM_FORMAT, "at" },
    { after_9999, PROBLEM_FORMAT, "at" },
    { key_bell, PROBLEM_FORMAT, "key" },
    { key_nul, PROBLEM_FORMAT, "key" },
    { key_long, PROBLEM_FORMAT, "key" },
    { no_seq, PROBLEM_FORMAT, "seq" },
    { far_state, PROBLEM_FORMAT, "state" },
    { no_request, PROBLEM_FORMAT, "request" },
    { stray_request, PROBLEM_FORMAT, "request" },
    { service_text, PROBLEM_FORMAT, "request.service" },
    { purpose_text, PROBLEM_FORMAT, "request.purpose" },
    { far_urgency, PROBLEM_FORMAT, "request.urgency" },
    { far_choice, PROBLEM_FORMAT, "request.choice" },
    { far_ask_back, PROBLEM_FORMAT, "request.ask_back" },
    { reason_half, PROBLEM_FORMAT, "request.reason_plain" },
    { reason_long, PROBLEM_FORMAT, "request.reason_plain" },
    { consent_early, PROBLEM_FORMAT, "request.consent_at" },
    { hop_orphan, PROBLEM_FORMAT, "request.hop" },
    { parent_first, PROBLEM_FORMAT, "request.hop" },
    { parent_nil, PROBLEM_FORMAT, "request.hop" },
    { grants_many, PROBLEM_FORMAT, "request.grants" },
    { grant_to, PROBLEM_FORMAT, "request.grants[0]" },
    { grant_purpose, PROBLEM_FORMAT, "request.grants[0]" },
    { grant_until, PROBLEM_FORMAT, "request.grants[0]" },
    { grant_long, PROBLEM_FORMAT, "request.grants[0]" },
    { grant_twice, PROBLEM_FORMAT, "request.grants[0].elements[1]" },
    { grant_stranger, PROBLEM_UNKNOWN_FIELD, "request.grants[0].elements[1]" },
    { details_many, PROBLEM_FORMAT, "details" },
    { detail_name, PROBLEM_FORMAT, "details[0]" },
    { detail_empty, PROBLEM_FORMAT, "details[0]" },
    { detail_delete, PROBLEM_FORMAT, "details[0]" },
    { detail_long, PROBLEM_FORMAT, "details[0]" },
    { detail_twice, PROBLEM_FORMAT, "details[1]" },
    { elements_many, PROBLEM_FORMAT, "elements" },
    { element_stranger, PROBLEM_UNKNOWN_FIELD, "elements[1]" },
    { element_form, PROBLEM_FORMAT, "elements[1].cough_weeks" },
    { element_twice, PROBLEM_FORMAT, "elements[2].call_name" },
};
/* clang-format on */

static void a_sound_event_passes(void **unused)
{
    (void)unused;
    struct sound sound;
    struct verdict verdict;
    sound_init(&sound);
    referral_check(&sound.event, &verdict);
    assert_true(verdict_allows(&verdict));
    /* what may be absent */
    sound.event.role = SLICE_NONE;
    sound.event.key = SLICE_NONE;
    sound.event.state = REFERRAL_VOID;
    sound.request = (struct referral_request){ 0 }; /* for the guard to say */
    referral_check(&sound.event, &verdict);
    assert_true(verdict_allows(&verdict));
    sound.request.has_parent = true;
    sound.request.parent.bytes[15] = 1;
    sound.request.hop = 2;
    referral_check(&sound.event, &verdict);
    assert_true(verdict_allows(&verdict));
}

static void each_break_is_seen_where_it_is(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sound sound;
        struct verdict verdict;
        sound_init(&sound);
        cases[i].breaks(&sound);
        referral_check(&sound.event, &verdict);
        if (verdict.problem != cases[i].problem ||
            strcmp(verdict.clause, cases[i].clause) != 0 ||
            verdict.remedy[0] == '\0')
            fail_msg("case %zu, %s: %s, %s, %s", i, cases[i].clause,
                problem_name(verdict.problem), verdict.clause, verdict.remedy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_event_passes),
        cmocka_unit_test(each_break_is_seen_where_it_is),
    };
    return cmocka_run_group_tests_name(
        "core/referral_check", tests, NULL, NULL);
}
