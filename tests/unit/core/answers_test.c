#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/register.h"
#include "support/bench_hand.h"
#include "support/bench_loss.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void a_referral_whose_id_is_taken_there_is_refused_here(void **state)
{
    static const char id[] = "urn:uuid:01900000-0000-7001-8001-000000000001";
    struct federation *federation = federation_of_two();
    struct call call;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        federation_referral(federation, &call, i, 1 - i, "mine");
        struct call_part *referral = &call.parts[0];
        referral->fields[referral->field_count++] =
            (struct local_field){ SLICE_LITERAL("id"), LOCAL_TEXT,
                slice_of_text(id), 0 };
        assert_int_equal(federation_call(federation, i, &call)->err, ERR_NONE);
    }
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(
            federation_state(federation, i, id), "refused_by_policy");
    federation_free(federation);
}

static void answer_with(struct hand *hand, uint64_t generation,
    const struct answer_item *items, size_t count)
{
    struct answer answer = { generation, items, count };
    author_add(&hand->author, ENTRY_ANSWER,
        answer_write(&answer, &hand->author.arena));
    author_deliver(&hand->author);
}

/* 0's ledger to 1: its generation, and the index of its newest entry. */
static uint64_t sent_to(struct hand *hand, uint64_t *generation)
{
    struct work *work = federation_begin(hand->federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(hand->federation, 0, 1), LEDGER_OUT);
    uint64_t index = out->frontier.size - 1;
    *generation = out->generation;
    assert_int_equal(federation_end(hand->federation, 0), ERR_NONE);
    return index;
}

static void an_answer_moves_what_was_sent(void **state)
{
    static const struct {
        const char *it;
        enum answer_verdict verdict;
        enum problem problem;
        uint32_t says;
        bool other_generation;
        const char *leads_to;
    } rows[] = {
        { "applied", ANSWER_APPLIED, PROBLEM_NONE, REFERRAL_DELIVERED, false,
            "delivered" },
        { "refused", ANSWER_REFUSED, PROBLEM_CONSENT_SCOPE,
            REFERRAL_REFUSED_BY_POLICY, false, "refused_by_policy" },
        { "absent", ANSWER_ABSENT, PROBLEM_NONE, 0, false, "withdrawn" },
        { "no such state", ANSWER_APPLIED, PROBLEM_NONE, 999, false,
            "delivered" },
        { "of another generation", ANSWER_REFUSED, PROBLEM_CONSENT_SCOPE,
            REFERRAL_REFUSED_BY_POLICY, true, "delivered" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hand hand = { 0 };
        uint64_t generation;
        hand.federation = federation_new(2);
        federation_connect(hand.federation, 0, 1);
        federation_agree(hand.federation);
        author_open(&hand.author, hand.federation, 1, 0);
        const char *id = federation_submit(hand.federation, 0, 1, "one");
        /* 1 takes the parcel, but from here on only its author speaks */
        federation_deliver(hand.federation, 0);
        while (federation_message(hand.federation, 0) != NULL) {
            const struct bench_message *message =
                federation_message(hand.federation, 0);
            if (message->is_reply && message->to == 0)
                federation_deliver(hand.federation, 0);
            else
                federation_lose(hand.federation, 0);
        }
        assert_string_equal(
            federation_state(hand.federation, 0, id), "delivered");
        struct answer_item item = { .index = sent_to(&hand, &generation),
            .count = 1,
            .verdict = rows[i].verdict,
            .problem = rows[i].problem,
            .clause = SLICE_LITERAL("clause"),
            .remedy = SLICE_LITERAL("remedy"),
            .state = rows[i].says };
        answer_with(&hand, generation + rows[i].other_generation, &item, 1);
        if (strcmp(federation_state(hand.federation, 0, id),
                rows[i].leads_to) != 0)
            fail_msg(
                "%s: %s", rows[i].it, federation_state(hand.federation, 0, id));
        /* once more says nothing new */
        uint64_t refused =
            federation_logged(hand.federation, 0, LOG_REFERRAL_REFUSED);
        answer_with(&hand, generation, &item, 1);
        if (!rows[i].other_generation)
            assert_int_equal(refused,
                federation_logged(hand.federation, 0, LOG_REFERRAL_REFUSED));
        hand_close(&hand);
    }
}

static void an_answer_about_what_was_never_sent_is_nothing(void **state)
{
    struct hand hand;
    uint64_t generation;
    (void)state;
    const char *id = hand_open_receiver(&hand);
    (void)sent_to(&hand, &generation);
    const struct answer_item items[] = {
        { .index = 0, .count = UINT32_MAX, .verdict = ANSWER_APPLIED },
        { .index = UINT64_MAX - UINT32_MAX,
            .count = UINT32_MAX,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_FORMAT },
    };
    answer_with(&hand, generation, items, 2);
    author_add(&hand.author, ENTRY_ANSWER, SLICE_LITERAL("no answer"));
    author_deliver(&hand.author);
    assert_string_equal(federation_state(hand.federation, 0, id), "delivered");
    hand_close(&hand);
}
static void equal_answers_share_an_item(void **state)
{
    struct hand hand;
    struct hand_form form;
    (void)state;
    hand_open(&hand, 0, 1);
    uint64_t first = hand.author.cosigned.size;
    for (uint8_t i = 0; i < 5; i++) {
        hand_send(&hand, &form);
        form.event.referral.bytes[15] = i + 1;
        author_add(&hand.author, ENTRY_REFERRAL_EVENT,
            referral_event_write(&form.event, &hand.author.arena));
    }
    author_deliver(&hand.author);
    struct answer_item item = hand_answer(&hand, first + 4);
    assert_applied(&item, REFERRAL_DELIVERED);
    assert_int_equal(item.index, first);
    assert_int_equal(item.count, 5);
    hand_close(&hand);
}

/* 0's parcel arrives, and the answer comes; the receipt does not. */
static void run_without_receipt(
    struct federation *federation, const char *id, const char *step)
{
    for (int64_t ms = 0; federation_event_count(
                             federation, 0, id, "referral.answered", step) == 0;
         ms++) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message == NULL)
            federation_wait(federation, 1);
        else if (message->is_reply && message->to == 0)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
        assert_true(ms < 1000);
    }
}

static void amend_without_receipt(struct federation *federation, const char *id)
{
    struct call call;
    federation_step_call(&call, id, "amend", "a", "staff", NULL);
    call_record(&call, "element");
    call_text(&call, "code", "call_name");
    call_text(&call, "value", "Canary");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    run_without_receipt(federation, id, "amend");
}

/* 0 is put back to what it is now, and finds that by its mark; 1 loses all. */
static void both_lose(struct federation *federation)
{
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    federation_crash(federation, 0);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    federation_lose_store(federation, 1);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
}

/* The same of a request, which the other had opened since. */
static struct federation *opened_without_receipt(
    struct instance_mark *mark, char id[64])
{
    struct federation *federation = federation_of_two();
    federation_keep_mark(federation, 0, mark);
    federation_crash(federation, 0);
    federation_run(federation);
    (void)snprintf(id, 64, "%s", federation_submit(federation, 0, 1, "first"));
    run_without_receipt(federation, id, "send");
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    for (int i = 0; strcmp(federation_state(federation, 0, id), "seen") != 0;
         i++) {
        const struct bench_message *message = federation_message(federation, 0);
        assert_true(i < 100 && message != NULL);
        if (message->from == 0 && !message->is_reply)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    return federation;
}

/* It knows it again by that, without a word of it, until it comes once more. */
static void a_request_that_was_answered_without_a_receipt_is_taken_again(
    void **state)
{
    struct instance_mark mark = { 0 };
    char id[64];
    (void)state;
    struct federation *federation = opened_without_receipt(&mark, id);
    both_lose(federation);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(federation_state(federation, i, id), "seen");
        assert_non_null(reply_find(
            federation_get(federation, i, id), "element", "code", "call_name"));
    }
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
    federation_free(federation);
}

/* It lost its words before it comes once more: it was answered all the same. */
static void a_request_that_was_answered_and_erased_goes_on(void **state)
{
    struct instance_mark mark = { 0 };
    struct call call;
    char id[64];
    (void)state;
    struct federation *federation = opened_without_receipt(&mark, id);
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    both_lose(federation);
    for (size_t i = 0; i < 2; i++) {
        const struct local_reply *reply = federation_get(federation, i, id);
        assert_int_equal(reply_count(reply, "element"), 0);
        assert_string_equal(federation_state(federation, i, id), "seen");
    }
    assert_int_equal(
        federation_event_count(federation, 0, id, "referral.returned", "send"),
        0);
    federation_free(federation);
}

/* Its author is put back to then, and who had answered it has lost it: it is
 * taken up there, and answered again. */
static void what_was_answered_without_a_receipt_is_noted_once(void **state)
{
    struct instance_mark mark = { 0 };
    char id[64];
    (void)state;
    struct federation *federation = federation_of_two();
    federation_keep_mark(federation, 0, &mark);
    federation_crash(federation, 0);
    (void)snprintf(
        id, sizeof id, "%s", federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    amend_without_receipt(federation, id);
    both_lose(federation);
    assert_int_equal(
        federation_event_count(federation, 1, id, "referral.step", "amend"), 1);
    assert_int_equal(
        federation_event_count(federation, 0, id, "referral.answered", "amend"),
        1);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_whose_id_is_taken_there_is_refused_here),
        cmocka_unit_test(an_answer_moves_what_was_sent),
        cmocka_unit_test(an_answer_about_what_was_never_sent_is_nothing),
        cmocka_unit_test(equal_answers_share_an_item),
        cmocka_unit_test(what_was_answered_without_a_receipt_is_noted_once),
        cmocka_unit_test(
            a_request_that_was_answered_without_a_receipt_is_taken_again),
        cmocka_unit_test(a_request_that_was_answered_and_erased_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
