#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/register.h"
#include "support/bench_damage.h"
#include "support/bench_hand.h"
#include "support/bench_papers.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The referrer's events are decided here ---- */

static void a_referral_is_received_and_answered(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open(&hand, 0, 1);
    hand_send(&hand, &form);
    struct answer_item item = hand_tell(&hand, &form);
    assert_applied(&item, REFERRAL_DELIVERED);
    assert_string_equal(hand_state(&hand, 1), "delivered");
    assert_int_equal(
        federation_logged(hand.federation, 1, LOG_REFERRAL_RECEIVED), 1);
    hand_close(&hand);
}

enum spoil {
    SPOIL_ELEMENT,
    SPOIL_CONSENT,
    SPOIL_EXPIRED,
    SPOIL_LATE,
    SPOIL_SERVICE,
    SPOIL_MOU,
    SPOIL_GUARD,
    SPOIL_ROLE,
    SPOIL_REQUEST,
    SPOIL_ACTOR,
    SPOIL_SEQ,
};

/* What has no form is no referral; what is refused is one, refused. */
static const struct {
    enum spoil spoil;
    enum problem problem;
    const char *clause;
    bool has_form;
} spoils[] = {
    { SPOIL_ELEMENT, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", true },
    { SPOIL_CONSENT, PROBLEM_CONSENT_SCOPE, "consent.grants", true },
    { SPOIL_EXPIRED, PROBLEM_CONSENT_EXPIRED, "consent.grants", true },
    { SPOIL_LATE, PROBLEM_CONSENT_EXPIRED, "consent.grants", true },
    { SPOIL_SERVICE, PROBLEM_SERVICE_UNKNOWN, "services", true },
    { SPOIL_MOU, PROBLEM_MOU_NOT_FOUND, "mou", true },
    { SPOIL_GUARD, PROBLEM_GUARD, "request.reason_plain", true },
    { SPOIL_ROLE, PROBLEM_FORMAT, "role", false },
    { SPOIL_REQUEST, PROBLEM_FORMAT, "request", false },
    { SPOIL_ACTOR, PROBLEM_FORMAT, "actor", false },
    { SPOIL_SEQ, PROBLEM_FORMAT, "seq", false },
};

static void form_spoil(struct hand_form *form, enum spoil spoil)
{
    static char role[5000];
    memset(role, 'r', sizeof role);
    if (spoil == SPOIL_ELEMENT)
        form->elements[1].name = SLICE_LITERAL("arrest_history");
    else if (spoil == SPOIL_CONSENT)
        form->grant.element_count = 1;
    else if (spoil == SPOIL_EXPIRED)
        form->grant.until = form->request.consent_at;
    else if (spoil == SPOIL_LATE) { /* it ended on the way */
        form->grant.until = form->event.at;
        form->event.at.unix_ms -= 1000;
        form->request.consent_at.unix_ms -= 1000;
    } else if (spoil == SPOIL_SERVICE)
        form->request.service = SLICE_LITERAL("alpha.care");
    else if (spoil == SPOIL_MOU)
        form->event.mou.bytes[0] ^= 1;
    else if (spoil == SPOIL_GUARD)
        form->request.reason_plain = SLICE_NONE;
    else if (spoil == SPOIL_ROLE)
        form->event.role = SLICE_ARRAY(role);
    else if (spoil == SPOIL_REQUEST)
        form->event.request = NULL;
    else if (spoil == SPOIL_ACTOR)
        form->event.actor = (enum actor_kind)0;
    else
        form->event.seq = 0;
}

static void what_policy_refuses_is_answered_and_not_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(spoils); i++) {
        struct hand hand;
        struct hand_form form;
        hand_open(&hand, 0, 1);
        hand_send(&hand, &form);
        form_spoil(&form, spoils[i].spoil);
        struct answer_item item = hand_tell(&hand, &form);
        assert_turned_down(&item, spoils[i].problem, spoils[i].clause,
            spoils[i].has_form ? REFERRAL_REFUSED_BY_POLICY : REFERRAL_UNKNOWN);
        assert_string_equal(hand_state(&hand, 1),
            spoils[i].has_form ? "refused_by_policy" : "none");
        assert_false(damage_has_words(hand.federation, 1, "Robin"));
        hand_close(&hand);
    }
}

static void what_is_applied_is_kept(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open_told(&hand, &form);
    assert_true(damage_has_words(hand.federation, 1, "Robin"));
    hand_close(&hand);
}

static void a_referral_is_sent_once(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open_told(&hand, &form);
    form.event.seq = 2;
    struct answer_item item = hand_tell(&hand, &form);
    assert_turned_down(
        &item, PROBLEM_REFERRAL_EXISTS, "referral", REFERRAL_UNKNOWN);
    assert_string_equal(hand_state(&hand, 1), "delivered");
    hand_close(&hand);
}

/* As after a loss of both, when only steps of the receiver's came back. */
static void lose_request(
    struct hand *hand, const struct uuid *uuid, bool erased)
{
    struct work *work = federation_begin(hand->federation, 1);
    struct referral *referral = register_get(work, uuid);
    assert_non_null(referral);
    referral->refill = 1;
    referral->peer_seq = 0;
    referral->request = CONTENT_NONE;
    referral->erased = erased;
    register_put(work, referral);
    assert_int_equal(federation_end(hand->federation, 1), ERR_NONE);
}

static void what_was_lost_is_judged_again_when_it_comes_again(void **state)
{
    static const struct {
        bool erased;
        enum problem problem;
        const char *clause;
    } cases[] = {
        { true, PROBLEM_CONSENT_MISSING, "consent" },
        { false, PROBLEM_CONSENT_SCOPE, "consent.grants" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hand hand;
        struct hand_form form;
        hand_open_told(&hand, &form);
        lose_request(&hand, &form.event.referral, cases[i].erased);
        if (!cases[i].erased)
            form_spoil(&form, SPOIL_CONSENT);
        struct answer_item item = hand_tell(&hand, &form);
        assert_turned_down(
            &item, cases[i].problem, cases[i].clause, REFERRAL_DELIVERED);
        assert_string_equal(hand_state(&hand, 1), "delivered");
        assert_int_equal(
            federation_logged(hand.federation, 1, LOG_REFERRAL_REFUSED), 1);
        hand_close(&hand);
    }
}

static void a_step_of_an_unknown_referral_is_refused(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open(&hand, 0, 1);
    hand_step(&hand, &form, EVENT_AMEND, 1);
    struct answer_item item = hand_tell(&hand, &form);
    assert_turned_down(
        &item, PROBLEM_REFERRAL_UNKNOWN, "referral", REFERRAL_UNKNOWN);
    hand_close(&hand);
}

static void what_is_no_event_is_refused(void **state)
{
    struct hand hand;
    (void)state;
    hand_open(&hand, 0, 1);
    uint64_t index = hand.author.cosigned.size;
    author_add(&hand.author, ENTRY_REFERRAL_EVENT, SLICE_LITERAL("no event"));
    author_deliver(&hand.author);
    struct answer_item item = hand_answer(&hand, index);
    assert_turned_down(&item, PROBLEM_FORMAT, "event", REFERRAL_UNKNOWN);
    hand_close(&hand);
}

static const struct {
    const char *it;
    enum referral_event_type type;
    enum actor_kind actor;
    uint32_t seq;
    bool other_mou;
    enum problem problem; /* NONE: applied */
    const char *clause;
    enum referral_state state;
} steps[] = {
    { "amended", EVENT_AMEND, ACTOR_STAFF, 2, false, PROBLEM_NONE, "",
        REFERRAL_DELIVERED },
    { "withdrawn by the person", EVENT_WITHDRAW, ACTOR_PERSON, 2, false,
        PROBLEM_NONE, "", REFERRAL_WITHDRAWN },
    { "consent revoked", EVENT_CONSENT_REVOKED, ACTOR_PERSON, 2, false,
        PROBLEM_NONE, "", REFERRAL_DELIVERED },
    { "withdrawn by staff", EVENT_WITHDRAW, ACTOR_STAFF, 2, false,
        PROBLEM_FORBIDDEN, "state[delivered].withdraw", REFERRAL_DELIVERED },
    { "a step of the receiver", EVENT_OPENED, ACTOR_STAFF, 2, false,
        PROBLEM_FORBIDDEN, "state[delivered].opened", REFERRAL_DELIVERED },
    { "a step of a later state", EVENT_ACKNOWLEDGE, ACTOR_STAFF, 2, false,
        PROBLEM_STATE, "state[delivered].acknowledge", REFERRAL_DELIVERED },
    { "without what it must say", EVENT_CANCEL, ACTOR_STAFF, 2, false,
        PROBLEM_GUARD, "details.", REFERRAL_DELIVERED },
    { "the same count again", EVENT_AMEND, ACTOR_STAFF, 1, false,
        PROBLEM_REPLAY, "seq", REFERRAL_DELIVERED },
    { "the same count, withdrawn", EVENT_WITHDRAW, ACTOR_PERSON, 1, false,
        PROBLEM_REPLAY, "seq", REFERRAL_DELIVERED },
    { "under another agreement", EVENT_AMEND, ACTOR_STAFF, 2, true,
        PROBLEM_FORMAT, "mou", REFERRAL_DELIVERED },
};

static void each_step_is_applied_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct hand hand;
        struct hand_form form;
        hand_open_told(&hand, &form);
        hand_step(&hand, &form, steps[i].type, steps[i].seq);
        form.event.actor = steps[i].actor;
        if (steps[i].other_mou)
            form.event.mou.bytes[5] ^= 1;
        struct answer_item item = hand_tell(&hand, &form);
        if (item.problem != steps[i].problem)
            fail_msg("%s: %s", steps[i].it, problem_name(item.problem));
        if (steps[i].problem == PROBLEM_NONE)
            assert_applied(&item, steps[i].state);
        else
            assert_turned_down(
                &item, steps[i].problem, steps[i].clause, steps[i].state);
        assert_string_equal(
            hand_state(&hand, 1), referral_state_name(steps[i].state));
        hand_close(&hand);
    }
}

static void what_policy_refuses_of_a_later_step_is_not_kept(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open_told(&hand, &form);
    hand_step(&hand, &form, EVENT_AMEND, 2);
    form.elements[0].name = SLICE_LITERAL("arrest_history");
    form.elements[0].value = SLICE_LITERAL("Montgomery");
    struct answer_item item = hand_tell(&hand, &form);
    assert_turned_down(
        &item, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", REFERRAL_DELIVERED);
    assert_false(damage_has_words(hand.federation, 1, "Montgomery"));
    hand_close(&hand);
}

static const struct {
    enum spoil spoil;
    enum referral_event_type type;
    const char *clause;
} formless[] = {
    { SPOIL_ROLE, EVENT_AMEND, "role" },
    { SPOIL_ACTOR, EVENT_AMEND, "actor" },
    { SPOIL_ACTOR, EVENT_WITHDRAW, "actor" },
    { SPOIL_SEQ, EVENT_WITHDRAW, "seq" },
    { SPOIL_ELEMENT, EVENT_NONE, "type" },
};

/* Each of these once ended the process, and again after every restart. */
static void a_step_without_form_ends_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(formless); i++) {
        struct hand hand;
        struct hand_form form;
        hand_open_told(&hand, &form);
        hand_step(&hand, &form, formless[i].type, 2);
        form_spoil(&form, formless[i].spoil);
        struct answer_item item = hand_tell(&hand, &form);
        assert_turned_down(
            &item, PROBLEM_FORMAT, formless[i].clause, REFERRAL_UNKNOWN);
        assert_string_equal(hand_state(&hand, 1), "delivered");
        hand_close(&hand);
    }
}

static void revoked_consent_freezes_and_erases(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open_told(&hand, &form);
    assert_true(damage_has_words(hand.federation, 1, "Robin"));
    hand_step(&hand, &form, EVENT_CONSENT_REVOKED, 2);
    form.event.actor = ACTOR_PERSON;
    (void)hand_tell(&hand, &form);
    assert_false(damage_has_words(hand.federation, 1, "Robin"));
    assert_int_equal(
        federation_logged(hand.federation, 1, LOG_REFERRAL_ERASED), 1);
    hand_step(&hand, &form, EVENT_AMEND, 3);
    struct answer_item item = hand_tell(&hand, &form);
    assert_int_equal(item.verdict, ANSWER_REFUSED);
    assert_false(damage_has_words(hand.federation, 1, "Robin"));
    hand_close(&hand);
}

/* Sent and not there yet; there, and its receipt is not here yet. */
static void consent_that_ends_while_a_parcel_is_on_its_way_leaves_nothing(
    void **state)
{
    (void)state;
    for (size_t arrived = 0; arrived < 2; arrived++) {
        struct hand hand = { .federation = federation_new(2) };
        struct federation *federation = hand.federation;
        federation_connect(federation, 0, 1);
        federation_agree(federation);
        const char *id = federation_submit(federation, 0, 1, "first");
        assert_int_equal(federation_message_count(federation), 1);
        assert_true(damage_has_words(federation, 0, "Robin"));
        if (arrived == 1)
            federation_deliver(federation, 0);
        assert_int_equal(
            damage_has_words(federation, 1, "Robin"), arrived == 1);
        const struct local_reply *reply = federation_act_by(
            federation, 0, id, "consent_revoked", "c", "person", NULL);
        assert_int_equal(reply->err, ERR_NONE);
        federation_run(federation);
        for (size_t i = 0; i < 2; i++)
            assert_false(damage_has_words(federation, i, "Robin"));
        assert_string_equal(federation_state(federation, 0, id),
            federation_state(federation, 1, id));
        federation_free(federation);
    }
}

static void another_agencys_referral_is_unknown_to_it(void **state)
{
    struct federation *federation = federation_new(3);
    struct hand hand = { .federation = federation };
    struct hand_form form;
    struct uuid uuid;
    char id[MOU_ID_TEXT_SIZE + 1];
    (void)state;
    federation_connect(federation, 0, 1);
    federation_connect(federation, 2, 1);
    federation_agree(federation);
    federation_mou_id(federation, id);
    assert_int_equal(mou_id_parse(slice_of_text(id), &hand.mou), ERR_NONE);
    const char *theirs = federation_submit(federation, 0, 1, "theirs");
    federation_run(federation);
    assert_int_equal(uuid_parse(slice_of_text(theirs), &uuid), ERR_NONE);
    author_open(&hand.author, federation, 2, 1);
    hand_step(&hand, &form, EVENT_WITHDRAW, 2);
    form.event.referral = uuid;
    form.event.actor = ACTOR_PERSON;
    struct answer_item item = hand_tell(&hand, &form);
    assert_turned_down(
        &item, PROBLEM_REFERRAL_UNKNOWN, "referral", REFERRAL_UNKNOWN);
    assert_string_equal(federation_state(federation, 1, theirs), "delivered");
    hand_close(&hand);
}

static void the_referrer_states_nothing(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open(&hand, 0, 1);
    hand_send(&hand, &form);
    form.event.state = REFERRAL_DELIVERED;
    struct answer_item item = hand_tell(&hand, &form);
    assert_int_equal(item.problem, PROBLEM_FORMAT);
    assert_memory_equal(item.clause.bytes, "state", 5);
    hand_close(&hand);
    hand_open(&hand, 0, 1);
    hand_send(&hand, &form);
    form.event.actor = ACTOR_GATEWAY;
    item = hand_tell(&hand, &form);
    assert_int_equal(item.verdict, ANSWER_REFUSED);
    hand_close(&hand);
    hand_open(&hand, 0, 1);
    hand_send(&hand, &form);
    item = hand_tell(&hand, &form);
    assert_applied(&item, REFERRAL_DELIVERED);
    hand_step(&hand, &form, EVENT_AMEND, 2);
    form.event.state = REFERRAL_CLOSED;
    item = hand_tell(&hand, &form);
    assert_turned_down(&item, PROBLEM_FORMAT, "state", REFERRAL_DELIVERED);
    hand_close(&hand);
}

/* ---- Other entries ---- */

static const struct {
    enum entry_kind kind;
    const char *content;
    bool answered;
    enum problem problem;
} others[] = {
    { ENTRY_CARD, "no card", true, PROBLEM_SIGNATURE_BAD },
    { ENTRY_MOU_OFFER, "no offer", true, PROBLEM_FORMAT },
    { ENTRY_MOU_SIGNATURES, "none", true, PROBLEM_FORMAT },
    { ENTRY_MOU_IN_FORCE, "no", true, PROBLEM_FORMAT },
    { ENTRY_MOU_END, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_ABSENT, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_ERASURE_NOTICE, "", true, PROBLEM_FORMAT },
    { ENTRY_ATTACHMENT_CHUNK, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_AVAILABILITY, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_NOTICE, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_PADDING, "anything", false, PROBLEM_NONE },
};

static void every_kind_is_answered_but_answers_and_padding(void **state)
{
    struct hand hand;
    (void)state;
    hand_open(&hand, 0, 1);
    uint64_t first = hand.author.cosigned.size;
    for (size_t i = 0; i < COUNT(others); i++)
        author_add(
            &hand.author, others[i].kind, slice_of_text(others[i].content));
    author_deliver(&hand.author);
    for (size_t i = 0; i < COUNT(others); i++) {
        if (!others[i].answered)
            continue;
        struct answer_item item = hand_answer(&hand, first + i);
        assert_int_equal(item.verdict, ANSWER_REFUSED);
        if (item.problem != others[i].problem)
            fail_msg("%s: %s", entry_kind_name(others[i].kind),
                problem_name(item.problem));
    }
    hand_close(&hand);
}

/* A field that today's schema has not: the author hears of it, the ledger goes
 * on, and the same without it is taken. */
static void what_a_later_schema_adds_is_refused_and_told(void **state)
{
    static const uint8_t field[] = { 0xf8, 0x7d, 0x01 }; /* 2015: 1 */
    struct hand hand;
    struct hand_form form;
    struct bench_reply reply;
    enum refusal_code code;
    (void)state;
    hand_open(&hand, 0, 1);
    struct arena *arena = &hand.author.arena;
    uint64_t first = hand.author.cosigned.size;
    hand_send(&hand, &form);
    struct slice event = referral_event_write(&form.event, arena);
    uint8_t *later = arena_take(arena, event.size + sizeof field);
    memcpy(later, event.bytes, event.size);
    memcpy(later + event.size, field, sizeof field);
    author_add(&hand.author, ENTRY_REFERRAL_EVENT,
        slice_of(later, event.size + sizeof field));
    author_add(&hand.author, ENTRY_REFERRAL_EVENT, event);
    /* in what carries them, nothing of it is taken at all */
    struct deliver deliver = author_parcel(&hand.author);
    struct slice body = deliver_write(&deliver, arena);
    uint8_t *wider = arena_take(arena, body.size + sizeof field);
    memcpy(wider, body.bytes, body.size);
    memcpy(wider + body.size, field, sizeof field);
    federation_request(hand.federation, 0, 1, REQUEST_DELIVER,
        slice_of(wider, body.size + sizeof field), &reply);
    assert_int_equal(reply.kind, REPLY_REFUSED);
    assert_int_equal(refusal_read(reply.body, arena, &code), ERR_NONE);
    assert_int_equal(code, REFUSAL_MALFORMED);
    author_deliver(&hand.author);
    struct answer_item item = hand_answer(&hand, first);
    assert_int_equal(item.verdict, ANSWER_REFUSED);
    assert_int_equal(item.problem, PROBLEM_FORMAT);
    item = hand_answer(&hand, first + 1);
    assert_applied(&item, REFERRAL_DELIVERED);
    hand_close(&hand);
}

static void a_newer_card_is_taken(void **state)
{
    struct hand hand;
    (void)state;
    hand_open(&hand, 0, 1);
    uint64_t index = hand.author.cosigned.size;
    author_add(&hand.author, ENTRY_CARD,
        federation_card_new(hand.federation, 0, 2,
            (struct instant){ FEDERATION_START_MS + 90 * FEDERATION_DAY_MS }));
    author_deliver(&hand.author);
    struct answer_item item = hand_answer(&hand, index);
    assert_applied(&item, REFERRAL_UNKNOWN);
    assert_int_equal(federation_peer(hand.federation, 1, 0)->card_serial, 2);
    /* another agency's card is not this one's */
    author_add(&hand.author, ENTRY_CARD, federation_card(hand.federation, 1));
    author_deliver(&hand.author);
    item = hand_answer(&hand, index + 1);
    assert_turned_down(&item, PROBLEM_SIGNATURE_BAD, "card", REFERRAL_UNKNOWN);
    hand_close(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_is_received_and_answered),
        cmocka_unit_test(what_policy_refuses_is_answered_and_not_kept),
        cmocka_unit_test(what_is_applied_is_kept),
        cmocka_unit_test(a_referral_is_sent_once),
        cmocka_unit_test(what_was_lost_is_judged_again_when_it_comes_again),
        cmocka_unit_test(a_step_of_an_unknown_referral_is_refused),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(each_step_is_applied_or_refused),
        cmocka_unit_test(what_policy_refuses_of_a_later_step_is_not_kept),
        cmocka_unit_test(a_step_without_form_ends_nothing),
        cmocka_unit_test(revoked_consent_freezes_and_erases),
        cmocka_unit_test(
            consent_that_ends_while_a_parcel_is_on_its_way_leaves_nothing),
        cmocka_unit_test(another_agencys_referral_is_unknown_to_it),
        cmocka_unit_test(the_referrer_states_nothing),
        cmocka_unit_test(every_kind_is_answered_but_answers_and_padding),
        cmocka_unit_test(what_a_later_schema_adds_is_refused_and_told),
        cmocka_unit_test(a_newer_card_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
