#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/generation.h"
#include "core/limits.h"
#include "core/outbox.h"
#include "core/reconsider.h"
#include "core/register.h"
#include "support/bench_damage.h"
#include "support/bench_loss.h"

/* A receiver whose backup is from before the referral was opened. */
static char *restored(
    struct federation *federation, size_t lost, const char *meanwhile)
{
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, lost);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    if (meanwhile != NULL)
        (void)federation_act_by(
            federation, 0, id, meanwhile, "m", "person", NULL);
    federation_run(federation);
    federation_restore(federation, lost, backup);
    store_memory_snapshot_free(backup);
    return id;
}

static void a_step_that_was_taken_already_goes_back_to_staff(void **state)
{
    struct federation *federation = federation_new(2);
    char *id = restored(federation, 1, NULL);
    (void)state;
    /* it thinks that nobody has looked at it */
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    (void)federation_act(federation, 1, id, "opened", "again", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "seen");
    assert_string_equal(federation_state(federation, 1, id), "seen");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RETURNED), 1);
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
    free(id);
    federation_free(federation);
}

static void nothing_is_told_of_who_withdrew_before_the_restore(void **state)
{
    struct federation *federation = federation_new(2);
    char *id = restored(federation, 1, "withdraw");
    (void)state;
    (void)federation_act(federation, 1, id, "opened", "again", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "withdrawn");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RETURNED), 1);
    free(id);
    federation_free(federation);
}

static void a_withdrawal_that_waited_is_told(void **state)
{
    struct federation *federation = federation_new(2);
    char *id = restored(federation, 0, NULL);
    (void)state;
    (void)federation_act_by(federation, 0, id, "withdraw", "w", "person", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "withdrawn");
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_RETURNED), 0);
    free(id);
    federation_free(federation);
}

/* The step waits with its words, and they go when all is back. */
static void a_step_whose_words_go_with_what_came_back_is_told_without(
    void **state)
{
    static const char *const offer[] = { "offer", "Canary Monday", NULL };
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    (void)federation_act_by(
        federation, 1, id, "consent_revoked", "r", "person", NULL);
    federation_run(federation);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    assert_int_equal(
        federation_act(federation, 1, id, "accept", "a", offer)->err, ERR_NONE);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 1, id), "accepted");
    assert_string_equal(federation_state(federation, 0, id), "accepted");
    free(id);
    federation_free(federation);
}

/* It was on its way when staff called it off, waits again after a loss, and is
 * dropped: nobody answers the first any more. */
static void what_waited_beside_a_request_that_is_dropped_goes_back(void **state)
{
    static const char *const why[] = { "reason", "NEED_CHANGED", "person_told",
        "yes", NULL };
    static const char *const ends[] = { "consent_revoked", "withdraw" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct federation *federation = federation_new(2);
        struct uuid uuid;
        federation_connect(federation, 0, 1);
        federation_agree(federation);
        char *id = strdup(federation_submit(federation, 0, 1, "first"));
        (void)federation_act(federation, 0, id, "cancel", "c", why);
        struct work *work = federation_begin(federation, 0);
        struct peer *peer = federation_peer(federation, 0, 1);
        generation_take_back(work, peer_ledger(work, peer, LEDGER_OUT));
        peer->settled_out = false;
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        (void)federation_act_by(
            federation, 0, id, ends[i], "end", "person", NULL);
        assert_string_equal(federation_state(federation, 0, id), "withdrawn");
        assert_int_equal(
            federation_logged(federation, 0, LOG_REFERRAL_RETURNED), 1);
        work = federation_begin(federation, 0);
        assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
        const struct referral *referral = register_get(work, &uuid);
        assert_int_equal(referral->pending, 0);
        assert_int_equal(peer_ledger(work, peer, LEDGER_OUT)->intent_count, 0);
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        free(id);
        federation_free(federation);
    }
}

/* In the life that was lost it was withdrawn while it was on its way, so that
 * it came without words: nobody over there knows which it was. The copy, from
 * before, still has all of it, and it waits. */
static void what_came_without_words_and_was_withdrawn_is_not_sent(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    federation_crash(federation, 0); /* unsettled: it is not in flight yet */
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    /* settled, it leaves, and is lost */
    while (federation_message_count(federation) > 0) {
        if (federation_message(federation, 0)->kind == REQUEST_DELIVER)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    (void)federation_act_by(federation, 0, id, "withdraw", "w", "person", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 1, id), "none");
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_RECOVERED), 1);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    free(id);
    federation_free(federation);
}

/* As retell.h leaves a request whose words were gone when it came. */
static void wait_without_words(
    struct work *work, struct ledger *out, struct referral *referral)
{
    struct intent intent = { .kind = ENTRY_REFERRAL_EVENT,
        .at = work->now,
        .has_referral = true,
        .referral = referral->uuid,
        .event_type = EVENT_SEND,
        .seq = ++referral->own_seq,
        .feed_position = referral->positions[0],
        .is_again = true };
    outbox_put(work, out, &intent);
    referral->pending++;
    register_put(work, referral);
}

/* It was told again before the loss, and the receiver has seen it; but what
 * comes back does not say so. Nothing is left to go on with, here or there. */
static void what_the_other_has_seen_without_words_is_withdrawn_there_too(
    void **state)
{
    struct federation *federation = federation_of_two();
    struct uuid uuid;
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct intent intent;
    wait_without_words(work, out, register_get(work, &uuid));
    reconsider_intents(work, peer);
    assert_int_equal(out->intent_count, 1);
    assert_true(outbox_next(work, out, 0, &intent));
    assert_int_equal(intent.event_type, EVENT_WITHDRAW);
    peer->touched = true;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_RETURNED), 1);
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(federation_state(federation, i, id), "withdrawn");
    free(id);
    federation_free(federation);
}

/* A step that was repeated, and came back, has the first offer; those after it
 * waited, and the person chooses of the last. */
static void the_offer_is_of_the_last_step_that_made_one(void **state)
{
    static const char *const first[] = { "slot", "2026-06-01T09:00:00Z", NULL };
    static const char *const last[] = { "slot", "2026-06-02T09:00:00Z", NULL };
    static const char *const choice[] = { "time", "2026-06-02T09:00:00Z",
        NULL };
    struct federation *federation = federation_of_two();
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    (void)federation_act(federation, 1, id, "accept", "a", first);
    federation_run(federation);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    federation_wait_until(federation, 60000);
    (void)federation_act(federation, 1, id, "accept", "a", first);
    (void)federation_act(federation, 1, id, "walk_in", "w", NULL);
    assert_int_equal(
        federation_act(federation, 1, id, "left_before_seen", "l", last)->err,
        ERR_NONE);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
    assert_string_equal(federation_state(federation, 0, id), "accepted");
    (void)federation_act_by(
        federation, 0, id, "choose_time", "c", "person", choice);
    federation_run(federation);
    for (size_t at = 0; at < 2; at++)
        assert_string_equal(federation_state(federation, at, id), "scheduled");
    assert_int_equal(federation_logged(federation, 1, LOG_REFERRAL_REFUSED), 0);
    free(id);
    federation_free(federation);
}

/* 1 signs for what comes, and its answers are lost. */
static void run_without_answers(struct federation *federation)
{
    while (federation_message_count(federation) > 0) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message->is_reply || message->from == 0)
            federation_deliver(federation, 0);
        else
            federation_lose(federation, 0);
    }
}

static void amended_without_answer(struct federation *federation, char *id)
{
    struct call call;
    federation_step_call(&call, id, "amend", "m", "staff", NULL);
    call_record(&call, "element");
    call_text(&call, "code", "call_name");
    call_text(&call, "value", "Canary");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    run_without_answers(federation);
}

/* What was never answered is judged before the steps that waited are decided
 * again: its answer says where the referral was without them. */
static void a_step_decided_again_is_told_after_what_was_judged_before_it(
    void **state)
{
    static const char *const offer[] = { "offer", "Canary Monday", NULL };
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    amended_without_answer(federation, id);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    assert_int_equal(
        federation_act(federation, 1, id, "opened", "o2", NULL)->err, ERR_NONE);
    assert_int_equal(
        federation_act(federation, 1, id, "accept", "a", offer)->err, ERR_NONE);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(federation_state(federation, i, id), "accepted");
    assert_int_equal(
        federation_event_count(federation, 1, id, "referral.step", "amend"), 1);
    free(id);
    federation_free(federation);
}

/* What was said since the restore is in no ledger, and damaged: it waits on as
 * it is, and all else comes back. */
static void what_cannot_be_read_is_not_decided_again(void **state)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    static const char *const offer[] = { "offer", "Canary Monday", NULL };
    static const char *const question[] = { "question", "since when?", NULL };
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    (void)federation_act(federation, 1, id, "ask", "q", question);
    federation_run(federation);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    size_t before = damage_rows(federation, 1, 'c', rows);
    assert_int_equal(
        federation_act(federation, 1, id, "accept", "a", offer)->err, ERR_NONE);
    size_t count = damage_rows(federation, 1, 'c', rows);
    assert_true(count > before);
    for (size_t i = before; i < count; i++)
        damage_row(federation, 1, rows[i], true);
    federation_crash(federation, 1); /* nothing is in its memory */
    for (int i = 0; i < 4; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
    assert_string_equal(
        federation_peer(federation, 1, 0)->problem, "damaged_here");
    char *other = strdup(federation_submit(federation, 0, 1, "other"));
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, other), "delivered");
    federation_erase(federation, 1, id);
    for (int i = 0; i < 2; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_int_equal(federation_peer(federation, 1, 0)->queued_count, 0);
    assert_string_equal(federation_state(federation, 0, other), "delivered");
    free(other);
    free(id);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_was_taken_already_goes_back_to_staff),
        cmocka_unit_test(nothing_is_told_of_who_withdrew_before_the_restore),
        cmocka_unit_test(a_withdrawal_that_waited_is_told),
        cmocka_unit_test(
            a_step_whose_words_go_with_what_came_back_is_told_without),
        cmocka_unit_test(
            what_waited_beside_a_request_that_is_dropped_goes_back),
        cmocka_unit_test(what_came_without_words_and_was_withdrawn_is_not_sent),
        cmocka_unit_test(
            what_the_other_has_seen_without_words_is_withdrawn_there_too),
        cmocka_unit_test(the_offer_is_of_the_last_step_that_made_one),
        cmocka_unit_test(
            a_step_decided_again_is_told_after_what_was_judged_before_it),
        cmocka_unit_test(what_cannot_be_read_is_not_decided_again),
    };
    return cmocka_run_group_tests_name("reconsider", tests, NULL, NULL);
}
