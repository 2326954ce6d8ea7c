/* Of a referral that holds too much to be written anew without some elements,
 * all goes that was to go, and more: or staff are told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/erasure_notice.h"
#include "core/limits.h"
#include "support/bench_damage.h"
#include "support/bench_hand.h"
#include "support/bench_long.h"
#include "support/bench_loss.h"
#include "support/bench_papers.h"

static const struct local_reply *erase(
    struct federation *federation, const char *id, const char *elements)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    if (elements != NULL)
        call_text(&call, "elements", elements);
    return federation_call(federation, 0, &call);
}

static void assert_words(struct federation *federation, bool name, bool much)
{
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(damage_has_words(federation, i, "Robin"), name);
        assert_int_equal(damage_has_words(federation, i, "nnnnnnnn"), much);
    }
}

static void staff_are_told_to_erase_all_of_it(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    talk_long(federation, id, "needs", true);
    const struct local_reply *reply = erase(federation, id, "call_name");
    assert_int_equal(reply->err, ERR_LIMIT);
    assert_int_equal(reply->problem, PROBLEM_RATE_LIMIT);
    assert_true(slice_is(reply->clause, "erase.elements"));
    federation_run(federation);
    assert_words(federation, true, true);
    assert_int_equal(erase(federation, id, NULL)->err, ERR_NONE);
    federation_run(federation);
    assert_words(federation, false, false);
    federation_free(federation);
}

/* Nobody is there to be told. */
static void who_has_to_forget_the_identifiers_forgets_all(void **state)
{
    static const char *const why[] = { "reason", "NEED_MET_ELSEWHERE",
        "person_told", "yes", NULL };
    struct federation *federation = federation_of_two();
    struct node_input input = { .type = NODE_REVIEW,
        .of.review.clock_is_trusted = true };
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    talk_long(federation, id, "needs", true);
    assert_int_equal(
        federation_act(federation, 0, id, "cancel", "c", why)->err, ERR_NONE);
    federation_run(federation);
    federation_wait_until(
        federation, (PAPERS_IDENTIFIERS_DAYS + 1) * FEDERATION_DAY_MS);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(federation_step(federation, i, &input), ERR_NONE);
    assert_words(federation, false, false);
    federation_free(federation);
}

/* The other agency asks, and has to have it gone. */
static void who_follows_a_notice_forgets_all(void **state)
{
    const struct slice codes[] = { SLICE_LITERAL("call_name") };
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open_told(&hand, &form);
    for (uint32_t i = 0; i < LONG_COUNT; i++) {
        hand_step(&hand, &form, EVENT_AMEND, i + 2);
        form.elements[0] = (struct named_value){ SLICE_LITERAL("needs"),
            slice_of(long_words(), LONG_SIZE) };
        struct answer_item item = hand_tell(&hand, &form);
        assert_applied(&item, REFERRAL_DELIVERED);
    }
    struct erasure_notice notice = { .referral = hand_referral,
        .reason = ERASURE_PERSON_ASKED,
        .actor = ACTOR_STAFF,
        .at = federation_now(hand.federation),
        .elements = codes,
        .element_count = 1 };
    uint64_t index = hand.author.cosigned.size;
    author_add(&hand.author, ENTRY_ERASURE_NOTICE,
        erasure_notice_write(&notice, &hand.author.arena));
    author_deliver(&hand.author);
    assert_int_equal(hand_answer(&hand, index).verdict, ANSWER_APPLIED);
    assert_false(damage_has_words(hand.federation, 1, "Robin"));
    assert_false(damage_has_words(hand.federation, 1, "nnnnnnnn"));
    hand_close(&hand);
}

/* It grew since the notice left, and they said nothing of what was meant. */
static void what_grew_meanwhile_is_kept_once_they_have_answered(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(erase(federation, id, "call_name")->err, ERR_NONE);
    talk_long(federation, id, "needs", false);
    federation_run(federation);
    assert_words(federation, false, true);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    federation_free(federation);
}

static void say_name(struct federation *federation, const char *id)
{
    struct call call;
    call_begin(&call, "act");
    call_text(&call, "id", id);
    call_text(&call, "step", "amend");
    call_text(&call, "key", "name");
    call_record(&call, "element");
    call_text(&call, "code", "call_name");
    call_text(&call, "value", "Robin Canary");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
}

/* What comes back after a loss was said before staff erased it. */
static void what_comes_back_goes_whole_where_it_is_too_long(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    say_name(federation, id);
    talk_long(federation, id, "needs", true);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    assert_int_equal(erase(federation, id, "call_name")->err, ERR_NONE);
    federation_wait(federation, 600000);
    assert_words(federation, false, false);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(staff_are_told_to_erase_all_of_it),
        cmocka_unit_test(who_has_to_forget_the_identifiers_forgets_all),
        cmocka_unit_test(who_follows_a_notice_forgets_all),
        cmocka_unit_test(what_grew_meanwhile_is_kept_once_they_have_answered),
        cmocka_unit_test(what_comes_back_goes_whole_where_it_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
