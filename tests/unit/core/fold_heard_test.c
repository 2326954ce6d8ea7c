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

static size_t count_of(struct federation *federation, size_t agency,
    const char *id, const char *type, const char *step)
{
    struct call call;
    size_t count = 0;
    call_begin(&call, "get");
    call_text(&call, "id", id);
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    for (size_t i = 0; i < reply_count(reply, "event"); i++) {
        const struct local_record *event = reply_record(reply, "event", i);
        count +=
            record_is(event, "type", type) && record_is(event, "step", step);
    }
    return count;
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
            assert_int_equal(
                count_of(federation, i, id, "referral.step", "accept"), 1);
            assert_int_equal(
                count_of(federation, i, id, "referral.returned", "accept"), 0);
        }
        federation_free(federation);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_was_told_again_before_other_answers_comes_back_as_one),
    };
    return cmocka_run_group_tests_name("fold_heard", tests, NULL, NULL);
}
