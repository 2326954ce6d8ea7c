#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/fetch.h"
#include "core/fold.h"
#include "core/limits.h"
#include "core/register.h"
#include "support/bench_loss.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What ends a referral erases words; its state outlives them, at both ends. */
static const struct {
    size_t agency;
    const char *step;
    const char *actor;
    const char *state;
} ends[] = {
    { 0, "withdraw", "person", "withdrawn" },
    { 1, "withdraw", "person", "withdrawn" },
    { 0, "cancel", "staff", "cancelled" },
    { 0, "consent_revoked", "person", "seen" },
    { 1, "consent_revoked", "person", "seen" },
};

static char *seen(struct federation *federation)
{
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "seen");
    return id;
}

static void assert_frozen(
    struct federation *federation, size_t at, const char *id)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, at);
    const struct referral *referral = register_get(work, &uuid);
    assert_non_null(referral);
    assert_true(referral->frozen);
    assert_int_equal(federation_end(federation, at), ERR_NONE);
}

static void an_end_outlives_the_words(void **state)
{
    static const char *const reason[] = { "cancel_reason", "found_elsewhere",
        NULL };
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++)
        for (size_t lost = 0; lost < 2; lost++) {
            struct federation *federation = federation_new(2);
            char *id = seen(federation);
            bool cancels = strcmp(ends[i].step, "cancel") == 0;
            (void)federation_act_by(federation, ends[i].agency, id,
                ends[i].step, "e", ends[i].actor, cancels ? reason : NULL);
            federation_run(federation);
            char *was = strdup(federation_state(federation, lost, id));
            if (!cancels)
                assert_string_equal(was, ends[i].state);
            federation_lose_store(federation, lost);
            federation_connect(federation, lost, 1 - lost);
            federation_wait(federation, 600000);
            assert_string_equal(federation_state(federation, lost, id), was);
            assert_string_equal(
                federation_state(federation, 1 - lost, id), was);
            if (strcmp(ends[i].step, "consent_revoked") == 0)
                assert_frozen(federation, lost, id);
            free(was);
            free(id);
            federation_free(federation);
        }
}

static void what_never_arrived_stays_withdrawn(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "in flight"));
    federation_lose(federation, 0);
    (void)federation_act_by(
        federation, 0, id, "consent_revoked", "r", "person", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    free(id);
    federation_free(federation);
}

static void a_referral_counts_on_from_where_it_was(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        struct federation *federation = federation_new(2);
        char *id = seen(federation);
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        static const char *const ask[] = { "question", "since when?", NULL };
        (void)federation_act(federation, 1, id, "ask", "a", ask);
        federation_run(federation);
        static const char *const answer[] = { "answer", "last week", NULL };
        (void)federation_act(federation, 0, id, "answer", "b", answer);
        federation_run(federation);
        assert_string_equal(federation_state(federation, 0, id),
            federation_state(federation, 1, id));
        assert_int_equal(
            federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
        assert_int_equal(
            federation_logged(federation, 1, LOG_REFERRAL_REFUSED), 0);
        free(id);
        federation_free(federation);
    }
}

/* Its words are gone at both ends, so that nothing names its agreement but the
 * other side's mention; what the person says later is still taken. */
static void a_referral_without_words_keeps_its_agreement(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        struct federation *federation = federation_new(2);
        char *id = seen(federation);
        char text[MOU_ID_TEXT_SIZE + 1];
        struct mou_id mou;
        struct uuid uuid;
        federation_mou_id(federation, text);
        assert_int_equal(mou_id_parse(slice_of_text(text), &mou), ERR_NONE);
        (void)federation_act_by(
            federation, 0, id, "consent_revoked", "r", "person", NULL);
        federation_run(federation);
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
        struct work *work = federation_begin(federation, lost);
        const struct referral *referral = register_get(work, &uuid);
        assert_non_null(referral);
        assert_true(mou_id_equal(&referral->mou, &mou));
        assert_int_equal(federation_end(federation, lost), ERR_NONE);
        for (size_t by = 0; by < 2; by++)
            (void)federation_act_by(federation, by, id, "withdraw",
                by == 0 ? "w0" : "w1", "person", NULL);
        federation_run(federation);
        for (size_t at = 0; at < 2; at++) {
            assert_string_equal(
                federation_state(federation, at, id), "withdrawn");
            assert_int_equal(
                federation_logged(federation, at, LOG_REFERRAL_REFUSED), 0);
        }
        free(id);
        federation_free(federation);
    }
}

static void lose_all(struct federation *federation)
{
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
}

/* Of a referral that is here, or of one whose request came so, too. */
static void a_step_that_came_without_words_moves_nothing(void **state)
{
    static const char *const reason[] = { "reason", "NEED_CHANGED",
        "person_told", "yes", NULL };
    (void)state;
    for (int is_here = 0; is_here < 2; is_here++) {
        struct federation *federation = federation_of_two();
        char *id = strdup(federation_submit(federation, 0, 1, "first"));
        const char *there = is_here ? "delivered" : "none";
        if (is_here)
            federation_run(federation);
        (void)federation_act(federation, 0, id, "cancel", "c", reason);
        lose_all(federation);
        federation_erase(federation, 0, id);
        federation_wait(federation, 600000);
        assert_string_equal(federation_state(federation, 1, id), there);
        federation_lose_store(federation, 1);
        federation_connect(federation, 0, 1);
        federation_wait(federation, 600000);
        assert_int_equal(
            federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
        assert_string_equal(federation_state(federation, 1, id), there);
        /* what comes then is counted as it was */
        (void)federation_act_by(
            federation, 0, id, "withdraw", "w", "person", NULL);
        federation_run(federation);
        assert_string_equal(
            federation_state(federation, 1, id), is_here ? "withdrawn" : there);
        free(id);
        federation_free(federation);
    }
}

static bool fetches(struct federation *federation, size_t at)
{
    const struct bench_message *message = federation_message(federation, 0);
    assert_non_null(message);
    return !message->is_reply && message->from == at &&
           message->kind == REQUEST_FETCH;
}

/* A decision waits in the copy, and was told since; then all was erased here.
 * The other end did not hear of that, and gives the words back: the vault knows
 * better, whether that was before the copy was put back or after. */
static void what_was_erased_in_a_life_that_was_lost_stays_so(void **state)
{
    static const char *const offer[] = { "offer", "any morning", NULL };
    (void)state;
    for (int is_after = 0; is_after < 2; is_after++) {
        struct federation *federation = federation_new(2);
        char *id = seen(federation);
        federation_crash(federation, 1); /* unsettled: nothing leaves yet */
        (void)federation_act(federation, 1, id, "accept", "a", offer);
        struct store_memory_snapshot *backup =
            federation_back_up(federation, 1);
        federation_run(federation);
        assert_string_equal(federation_state(federation, 0, id), "accepted");
        if (is_after)
            federation_restore(federation, 1, backup);
        while (is_after && !fetches(federation, 1))
            federation_deliver(federation, 0);
        federation_erase(federation, 1, id);
        lose_all(federation);
        federation_restore(federation, 1, backup);
        store_memory_snapshot_free(backup);
        federation_wait(federation, 600000);
        assert_int_equal(
            federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
        for (size_t at = 0; at < 2; at++)
            assert_string_equal(
                federation_state(federation, at, id), "accepted");
        const struct local_reply *reply = federation_get(federation, 1, id);
        assert_int_equal(reply_count(reply, "element"), 0);
        assert_int_equal(reply_count(reply, "detail"), 0);
        free(id);
        federation_free(federation);
    }
}

/* What 1 gives back to 0, but of events neither words nor what they were. */
static void fetched_bare(struct federation *federation, size_t at)
{
    static struct arena arena;
    struct bench_reply given;
    struct fetched fetched;
    assert_int_equal(arena_init(&arena, 8u << 20), ERR_NONE);
    federation_request(federation, 0, 1, REQUEST_FETCH,
        federation_message(federation, at)->body, &given);
    assert_int_equal(given.kind, REPLY_FETCHED);
    assert_int_equal(fetched_read(given.body, &arena, &fetched), ERR_NONE);
    for (size_t i = 0; i < fetched.parcel_count; i++)
        for (size_t k = 0; k < fetched.parcels[i].entry_count; k++) {
            struct entry *entry =
                (struct entry *)(uintptr_t)&fetched.parcels[i].entries[k];
            struct entry_header header;
            assert_int_equal(
                entry_header_read(entry->header, &arena, &header), ERR_NONE);
            if (header.kind == ENTRY_REFERRAL_EVENT)
                *entry = (struct entry){ .header = entry->header };
        }
    const struct reply reply = { .kind = REPLY_FETCHED,
        .body = fetched_write(&fetched, &arena) };
    federation_answer(federation, at, &reply, ERR_NONE);
    arena_release(&arena);
}

static void what_nobody_knows_any_more_is_passed_over(void **state)
{
    struct federation *federation = federation_new(2);
    char *id = seen(federation);
    (void)state;
    federation_lose_store(federation, 0);
    struct call call;
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(federation, 1));
    (void)federation_call(federation, 0, &call);
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    (void)federation_call(federation, 0, &call);
    for (int i = 0; federation_logged(federation, 0, LOG_LEDGER_RECOVERED) == 0;
         i++) {
        const struct bench_message *message = federation_message(federation, 0);
        assert_true(i < 1000);
        if (message == NULL)
            federation_wait_until(federation, i * INT64_C(1000));
        else if (fetches(federation, 0))
            fetched_bare(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    assert_string_equal(federation_state(federation, 0, id), "none");
    federation_wait(federation, 600000);
    const char *next = federation_submit(federation, 0, 1, "next");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, next), "delivered");
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

/* Its request and a step of it were never answered, and are judged in different
 * pieces of what comes back: the words of both lie under one key. */
static void what_was_never_answered_is_judged_in_pieces(void **state)
{
    struct call call;
    char key[16];
    struct federation *federation = federation_of_two();
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    run_without_answers(federation);
    for (unsigned i = 0; i < FOLD_ENTRY_COUNT; i++) {
        (void)snprintf(key, sizeof key, "key%u", i);
        (void)federation_submit(federation, 0, 1, key);
    }
    run_without_answers(federation);
    federation_step_call(&call, id, "amend", "a", "staff", NULL);
    call_record(&call, "element");
    call_text(&call, "code", "call_name");
    call_text(&call, "value", "Canary");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    run_without_answers(federation);
    federation_lose_store(federation, 1);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    for (size_t i = 0; i < 2; i++)
        assert_non_null(reply_find(
            federation_get(federation, i, id), "element", "value", "Canary"));
    assert_int_equal(
        federation_event_count(federation, 0, id, "referral.answered", "amend"),
        1);
    free(id);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_outlives_the_words),
        cmocka_unit_test(what_never_arrived_stays_withdrawn),
        cmocka_unit_test(a_referral_counts_on_from_where_it_was),
        cmocka_unit_test(a_referral_without_words_keeps_its_agreement),
        cmocka_unit_test(a_step_that_came_without_words_moves_nothing),
        cmocka_unit_test(what_was_erased_in_a_life_that_was_lost_stays_so),
        cmocka_unit_test(what_nobody_knows_any_more_is_passed_over),
        cmocka_unit_test(what_was_never_answered_is_judged_in_pieces),
    };
    return cmocka_run_group_tests_name("fold_event", tests, NULL, NULL);
}
