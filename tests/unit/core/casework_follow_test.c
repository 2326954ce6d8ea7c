#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/register.h"
#include "support/bench_hand.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The receiver's events are followed here ---- */

static const struct {
    const char *it;
    enum referral_event_type type;
    enum actor_kind actor;
    uint32_t seq;
    enum referral_state says;
    bool long_role;
    enum problem problem;
    const char *leads_to; /* the referrer's state after it */
} follows[] = {
    { "opened", EVENT_OPENED, ACTOR_STAFF, 1, REFERRAL_SEEN, false,
        PROBLEM_NONE, "seen" },
    { "another state than the table's", EVENT_OPENED, ACTOR_STAFF, 1,
        REFERRAL_CLOSED, false, PROBLEM_STATE, "delivered" },
    { "no state", EVENT_OPENED, ACTOR_STAFF, 1, REFERRAL_UNKNOWN, false,
        PROBLEM_STATE, "delivered" },
    { "a step of the referrer", EVENT_CANCEL, ACTOR_STAFF, 1,
        REFERRAL_CANCELLED, false, PROBLEM_FORBIDDEN, "delivered" },
    { "withdrawn by the person there", EVENT_WITHDRAW, ACTOR_PERSON, 1,
        REFERRAL_WITHDRAWN, false, PROBLEM_NONE, "withdrawn" },
    { "consent taken back, whatever it states", EVENT_CONSENT_REVOKED,
        ACTOR_PERSON, 1, REFERRAL_CLOSED, false, PROBLEM_NONE, "delivered" },
    { "a count of 0", EVENT_OPENED, ACTOR_STAFF, 0, REFERRAL_SEEN, false,
        PROBLEM_FORMAT, "delivered" },
    { "by nobody", EVENT_OPENED, (enum actor_kind)0, 1, REFERRAL_SEEN, false,
        PROBLEM_FORMAT, "delivered" },
    { "later, into a state that it leads to from nowhere", EVENT_OPENED,
        ACTOR_STAFF, 3, REFERRAL_CLOSED, false, PROBLEM_STATE, "delivered" },
    { "with a long role", EVENT_OPENED, ACTOR_STAFF, 1, REFERRAL_SEEN, true,
        PROBLEM_FORMAT, "delivered" },
};

static void each_step_of_the_receiver_is_followed_or_refused(void **state)
{
    static char role[5000];
    (void)state;
    memset(role, 'r', sizeof role);
    for (size_t i = 0; i < COUNT(follows); i++) {
        struct hand hand;
        struct hand_form form;
        const char *id = hand_open_receiver(&hand);
        hand_step(&hand, &form, follows[i].type, follows[i].seq);
        assert_int_equal(
            uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
        form.event.actor = follows[i].actor;
        form.event.state = follows[i].says;
        if (follows[i].long_role)
            form.event.role = SLICE_ARRAY(role);
        struct answer_item item = hand_tell(&hand, &form);
        if (item.problem != follows[i].problem)
            fail_msg("%s: %s", follows[i].it, problem_name(item.problem));
        assert_string_equal(
            federation_state(hand.federation, 0, id), follows[i].leads_to);
        hand_close(&hand);
    }
}

static void a_step_of_the_receiver_names_the_agreement_of_the_referral(
    void **state)
{
    struct hand hand;
    struct hand_form form;
    const char *id = hand_open_receiver(&hand);
    (void)state;
    hand_step(&hand, &form, EVENT_OPENED, 1);
    assert_int_equal(
        uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
    form.event.state = REFERRAL_SEEN;
    form.event.mou.bytes[0] ^= 1;
    struct answer_item item = hand_tell(&hand, &form);
    assert_turned_down(&item, PROBLEM_FORMAT, "mou", REFERRAL_DELIVERED);
    /* one that came back without it learns it from the first that names it */
    struct work *work = federation_begin(hand.federation, 0);
    struct referral *row = register_get(work, &form.event.referral);
    row->mou = (struct mou_id){ { 0 } };
    register_put(work, row);
    assert_int_equal(federation_end(hand.federation, 0), ERR_NONE);
    form.event.mou.bytes[0] ^= 1;
    form.event.seq++;
    item = hand_tell(&hand, &form);
    assert_applied(&item, REFERRAL_SEEN);
    hand_close(&hand);
}

/* A withdrawal never comes too late. */
static void a_full_referral_still_ends(void **state)
{
    struct hand hand;
    struct hand_form form;
    const char *id = hand_open_receiver(&hand);
    (void)state;
    hand_step(&hand, &form, EVENT_WITHDRAW, 1);
    form.event.actor = ACTOR_PERSON;
    form.event.role = SLICE_NONE;
    assert_int_equal(
        uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
    form.event.state = REFERRAL_WITHDRAWN;
    struct work *work = federation_begin(hand.federation, 0);
    struct referral *row = register_get(work, &form.event.referral);
    while (row->position_count < REFERRAL_EVENT_COUNT_MAX)
        row->positions[row->position_count++] = row->positions[0];
    register_put(work, row);
    assert_int_equal(federation_end(hand.federation, 0), ERR_NONE);
    struct answer_item item = hand_tell(&hand, &form);
    assert_applied(&item, REFERRAL_WITHDRAWN);
    assert_string_equal(federation_state(hand.federation, 0, id), "withdrawn");
    hand_close(&hand);
}

/* Each agency counts the events of its own feed, so one is full first. */
static void a_full_referral_still_follows(void **state)
{
    struct hand hand;
    struct hand_form form;
    const char *id = hand_open_receiver(&hand);
    (void)state;
    hand_step(&hand, &form, EVENT_OPENED, 1);
    assert_int_equal(
        uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
    form.event.state = REFERRAL_SEEN;
    struct work *work = federation_begin(hand.federation, 0);
    struct referral *row = register_get(work, &form.event.referral);
    while (row->position_count < REFERRAL_EVENT_COUNT_MAX)
        row->positions[row->position_count++] = row->positions[0];
    register_put(work, row);
    assert_int_equal(federation_end(hand.federation, 0), ERR_NONE);
    struct answer_item item = hand_tell(&hand, &form);
    assert_turned_down(&item, PROBLEM_RATE_LIMIT, "referral", REFERRAL_SEEN);
    assert_string_equal(federation_state(hand.federation, 0, id), "seen");
    hand_close(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_of_the_receiver_is_followed_or_refused),
        cmocka_unit_test(
            a_step_of_the_receiver_names_the_agreement_of_the_referral),
        cmocka_unit_test(a_full_referral_still_ends),
        cmocka_unit_test(a_full_referral_still_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
