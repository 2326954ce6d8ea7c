#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "io/store_memory.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    size_t agency;
    const char *step;
    const char *actor;
    const char *const details[9];
    const char *leads_to;
} life[] = {
    { 1, "opened", "staff", { NULL }, "seen" },
    { 1, "ask", "staff", { "question", "How long?", NULL }, "info_needed" },
    { 0, "answer", "person", { "answer", "Three weeks.", NULL }, "seen" },
    { 1, "accept", "staff", { "offer", "Any morning this week", NULL },
        "accepted" },
    { 0, "choose_time", "person", { "walk_in", "yes", NULL }, "scheduled" },
    { 1, "arrive", "person", { NULL }, "arrived" },
    { 1, "start", "staff", { "wait_minutes", "10", NULL }, "in_service" },
    { 1, "finish", "staff",
        { "outcome", "SERVICE_GIVEN", "attended", "yes", NULL },
        "handed_back" },
    { 0, "acknowledge", "staff", { "feedback", "invited", NULL }, "closed" },
};

static void a_referral_goes_all_its_way(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    for (size_t i = 0; i < COUNT(life); i++) {
        char key[] = "step 0";
        key[5] = (char)('0' + i);
        const struct local_reply *reply =
            federation_act_by(federation, life[i].agency, id, life[i].step, key,
                life[i].actor, life[i].details);
        if (reply->err != ERR_NONE)
            fail_msg("%s: %.*s: %.*s", life[i].step, (int)reply->clause.size,
                (const char *)reply->clause.bytes, (int)reply->remedy.size,
                (const char *)reply->remedy.bytes);
        /* the receiving agency decides, so its own steps are so at once */
        assert_int_equal(
            record_flag(reply_record(reply, "referral", 0), "pending"),
            life[i].agency == 0);
        federation_run(federation);
        for (size_t k = 0; k < 2; k++)
            assert_string_equal(
                federation_state(federation, k, id), life[i].leads_to);
    }
    federation_free(federation);
}

static const struct {
    const char *it;
    size_t agency;
    const char *step;
    const char *actor;
    enum err err;
    enum problem problem;
} wrong_steps[] = {
    { "not a step", 1, "dance", "staff", ERR_INVALID, PROBLEM_FORMAT },
    { "not by this way", 0, "send", "staff", ERR_INVALID, PROBLEM_FORMAT },
    { "no actor", 1, "opened", "ghost", ERR_INVALID, PROBLEM_FORMAT },
    { "not by the gateway", 1, "opened", "gateway", ERR_INVALID,
        PROBLEM_FORMAT },
    { "not yet", 1, "start", "staff", ERR_STATE, PROBLEM_STATE },
    { "not theirs", 0, "opened", "staff", ERR_FORBIDDEN, PROBLEM_FORBIDDEN },
    { "not said why", 0, "cancel", "staff", ERR_INVALID, PROBLEM_GUARD },
};

static void a_wrong_step_is_refused_and_changes_nothing(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    for (size_t i = 0; i < COUNT(wrong_steps); i++) {
        size_t agency = wrong_steps[i].agency;
        uint64_t hash = store_memory_hash(federation_store(federation, agency));
        const struct local_reply *reply = federation_act_by(federation, agency,
            id, wrong_steps[i].step, "second", wrong_steps[i].actor, NULL);
        if (reply->err != wrong_steps[i].err)
            fail_msg("%s: %s", wrong_steps[i].it, err_name(reply->err));
        assert_int_equal(reply->problem, wrong_steps[i].problem);
        assert_true(reply->clause.size > 0);
        assert_true(reply->remedy.size > 0);
        assert_int_equal(
            store_memory_hash(federation_store(federation, agency)), hash);
    }
    federation_free(federation);
}

static void what_cannot_be_now_is_answered_with_what_can_be(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const struct local_reply *reply =
        federation_act_by(federation, 1, id, "start", "second", "staff", NULL);
    assert_int_equal(reply->problem, PROBLEM_STATE);
    assert_true(slice_is(reply->remedy,
        "look at the referral again, now these steps are possible: opened, "
        "wrong_person_or_place"));
    assert_int_equal(federation_act_by(
                         federation, 0, id, "withdraw", "third", "person", NULL)
                         ->err,
        ERR_NONE);
    reply =
        federation_act_by(federation, 0, id, "amend", "fourth", "staff", NULL);
    assert_int_equal(reply->problem, PROBLEM_STATE);
    assert_true(slice_is(
        reply->remedy, "look at the referral again: no step of yours is left"));
    federation_free(federation);
}

static void a_step_of_an_unknown_referral_is_refused(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    const struct local_reply *reply = federation_act(federation, 0,
        "urn:uuid:01902d5a-0000-7000-8000-000000000001", "opened", "k", NULL);
    assert_int_equal(reply->err, ERR_NOT_FOUND);
    assert_int_equal(reply->problem, PROBLEM_REFERRAL_UNKNOWN);
    reply = federation_act(federation, 0, "no id", "opened", "k", NULL);
    assert_int_equal(reply->err, ERR_INVALID);
    assert_true(slice_is(reply->clause, "act.id"));
    federation_free(federation);
}

static void a_withdrawal_is_so_at_once_wherever_it_is_said(void **state)
{
    (void)state;
    for (size_t where = 0; where < 2; where++) {
        struct federation *federation = federation_of_two();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        const struct local_reply *reply = federation_act_by(
            federation, where, id, "withdraw", "second", "person", NULL);
        assert_int_equal(reply->err, ERR_NONE);
        assert_true(record_is(
            reply_record(reply, "referral", 0), "state", "withdrawn"));
        federation_run(federation);
        for (size_t i = 0; i < 2; i++)
            assert_string_equal(
                federation_state(federation, i, id), "withdrawn");
        federation_free(federation);
    }
}

static void steps_that_cross_on_the_way_end_the_same_at_both(void **state)
{
    static const char *const offer[] = { "offer", "Any morning", NULL };
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 1, id, "opened", "b", NULL)->err, ERR_NONE);
    assert_int_equal(
        federation_act(federation, 1, id, "accept", "c", offer)->err, ERR_NONE);
    assert_int_equal(
        federation_act_by(federation, 0, id, "withdraw", "d", "person", NULL)
            ->err,
        ERR_NONE);
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(federation_state(federation, i, id), "withdrawn");
    federation_free(federation);
}

static void a_step_has_a_key_too(void **state)
{
    static const char *const why[] = { "reason", "NEED_MET_ELSEWHERE",
        "person_told", "yes", NULL };
    static const char *const other[] = { "reason", "NEED_CHANGED",
        "person_told", "yes", NULL };
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    for (int i = 0; i < 3; i++) {
        const struct local_reply *reply =
            federation_act(federation, 0, id, "cancel", "second", why);
        assert_int_equal(reply->err, ERR_NONE);
        assert_true(record_flag(reply_record(reply, "referral", 0), "pending"));
    }
    assert_int_equal(
        federation_act(federation, 0, id, "cancel", "second", other)->err,
        ERR_CONFLICT);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "cancelled");
    assert_int_equal(federation_logged(federation, 1, LOG_REFERRAL_STEPPED), 1);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_goes_all_its_way),
        cmocka_unit_test(a_wrong_step_is_refused_and_changes_nothing),
        cmocka_unit_test(what_cannot_be_now_is_answered_with_what_can_be),
        cmocka_unit_test(a_step_of_an_unknown_referral_is_refused),
        cmocka_unit_test(a_withdrawal_is_so_at_once_wherever_it_is_said),
        cmocka_unit_test(steps_that_cross_on_the_way_end_the_same_at_both),
        cmocka_unit_test(a_step_has_a_key_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
