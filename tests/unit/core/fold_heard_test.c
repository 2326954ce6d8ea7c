#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "support/bench_loss.h"

static const char *const offer[] = { "offer", "Canary Monday", NULL };

static void lose_all(struct federation *federation)
{
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
}

/* A decision that nobody heard loses its words. Where it is answered as absent,
 * that stands behind requests that wait to be answered: so it was told again
 * before they were answered. Its author has a copy from before that put back,
 * with the decision or without. */
static void what_was_told_again_before_other_answers_comes_back_as_one(
    void **state)
{
    (void)state;
    for (int is_known = 0; is_known < 2; is_known++) {
        struct federation *federation = federation_of_two();
        struct store_memory_snapshot *copies[2];
        char id[64];
        (void)snprintf(
            id, sizeof id, "%s", federation_submit(federation, 0, 1, "first"));
        federation_run(federation);
        (void)federation_act(federation, 1, id, "opened", "o", NULL);
        federation_run(federation);
        copies[0] = federation_back_up(federation, 1);
        (void)federation_act(federation, 1, id, "accept", "a", offer);
        lose_all(federation);
        copies[1] = federation_back_up(federation, 1);
        federation_erase(federation, 1, id);
        lose_all(federation);
        (void)federation_submit(federation, 0, 1, "second");
        lose_all(federation);
        (void)federation_submit(federation, 0, 1, "third");
        lose_all(federation);
        federation_wait(federation, 600000);
        assert_int_equal(
            federation_logged(federation, 1, LOG_REFERRAL_RETOLD), 1);
        federation_restore(federation, 1, copies[is_known]);
        for (size_t i = 0; i < 2; i++)
            store_memory_snapshot_free(copies[i]);
        federation_wait(federation, 600000);
        for (size_t i = 0; i < 2; i++) {
            assert_string_equal(
                federation_state(federation, i, id), "accepted");
            assert_int_equal(federation_event_count(
                                 federation, i, id, "referral.step", "accept"),
                1);
            assert_int_equal(federation_event_count(federation, i, id,
                                 "referral.returned", "accept"),
                0);
        }
        federation_free(federation);
    }
}

static bool says(struct federation *federation, size_t agency, const char *id,
    const char *text)
{
    return reply_find(federation_get(federation, agency, id), "detail", "value",
               text) != NULL;
}

/* The referring agency may be told of them, too. */
static void submit_with_ways_back(struct federation *federation, char *id)
{
    struct call call;
    federation_referral(federation, &call, 0, 1, "first");
    call_record(&call, "grant");
    call_text(&call, "to", federation_id(federation, 0)->text);
    call_text(&call, "purpose", "care");
    call_text(&call, "elements", "call_name needs");
    call_number(&call, "until_ms",
        federation_now(federation).unix_ms + 30 * FEDERATION_DAY_MS);
    struct slice said = record_text(
        reply_record(federation_call(federation, 0, &call), "referral", 0),
        "id");
    memcpy(id, said.bytes, said.size);
    id[said.size] = '\0';
    federation_run(federation);
}

/* A note to the referring agency, with an element, which is erased while it is
 * on its way; nobody hears of that. */
static void note_lost(struct federation *federation, const char *id)
{
    static const char *const note[] = { "note", "Canary Tuesday", NULL };
    struct call call;
    federation_step_call(&call, id, "interim_note", "n1", "staff", note);
    call_record(&call, "element");
    call_text(&call, "code", "needs");
    call_text(&call, "value", "company");
    assert_int_equal(federation_call(federation, 1, &call)->err, ERR_NONE);
    lose_all(federation);
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    call_text(&call, "elements", "needs");
    assert_int_equal(federation_call(federation, 1, &call)->err, ERR_NONE);
    lose_all(federation);
}

/* It was said before the first was known to be absent, which therefore was not
 * told again; its author loses both. */
static void a_step_that_follows_one_of_its_type_is_not_that_one(void **state)
{
    static const char *const steps[] = { "opened", "accept", "walk_in",
        "start" };
    static const char *const note[] = { "note", "Canary Friday", NULL };
    (void)state;
    struct federation *federation = federation_of_two();
    char id[64];
    submit_with_ways_back(federation, id);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        (void)federation_act(
            federation, 1, id, steps[i], steps[i], i == 1 ? offer : NULL);
        federation_run(federation);
    }
    note_lost(federation, id);
    federation_wait_until(federation,
        federation_now(federation).unix_ms - FEDERATION_START_MS + 1);
    assert_int_equal(
        federation_act(federation, 1, id, "interim_note", "n2", note)->err,
        ERR_NONE);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 1, LOG_REFERRAL_RETOLD), 0);
    assert_true(says(federation, 0, id, note[1]));
    federation_lose_store(federation, 1);
    federation_connect(federation, 1, 0);
    federation_wait(federation, 600000);
    assert_true(says(federation, 1, id, note[1]));
    assert_true(says(federation, 0, id, note[1]));
    assert_int_equal(federation_event_count(
                         federation, 1, id, "referral.step", "interim_note"),
        2);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_was_told_again_before_other_answers_comes_back_as_one),
        cmocka_unit_test(a_step_that_follows_one_of_its_type_is_not_that_one),
    };
    return cmocka_run_group_tests_name("fold_heard", tests, NULL, NULL);
}
