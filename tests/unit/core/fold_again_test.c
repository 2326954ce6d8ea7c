/* A referral that was handed over, forgotten, and handed over again before
 * anybody knew: what was done to the second is done to the first. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/node_state.h"
#include "core/register.h"
#include "support/bench_loss.h"
#include "support/bench_papers.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const reason[] = { "reason", "NEED_CHANGED", "person_told",
    "yes", NULL };

struct twice {
    struct federation *federation;
    char *first;  /* that 1 has */
    char *second; /* that 0 knows of */
};

/* Under another id, or the program gave it the same. */
static struct twice handed_over_twice(bool is_same)
{
    struct twice twice = { .federation = federation_of_two() };
    struct federation *federation = twice.federation;
    struct store_memory_snapshot *backup;
    federation_crash(federation, 0); /* unsettled: it is not in flight yet */
    if (!is_same)
        backup = federation_back_up(federation, 0);
    twice.first = strdup(federation_submit(federation, 0, 1, "first"));
    if (is_same)
        backup = federation_back_up(federation, 0);
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    twice.second = strdup(
        is_same ? twice.first : federation_submit(federation, 0, 1, "first"));
    return twice;
}

static void twice_free(struct twice *twice)
{
    free(twice->first);
    free(twice->second);
    federation_free(twice->federation);
}

static void erase(struct twice *twice, const char *elements)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", twice->second);
    call_text(&call, "reason", "person_asked");
    if (elements != NULL)
        call_text(&call, "elements", elements);
    assert_int_equal(
        federation_call(twice->federation, 0, &call)->err, ERR_NONE);
}

static void assert_first(struct twice *twice, const char *state, size_t count)
{
    for (size_t at = 0; at < 2; at++) {
        assert_string_equal(
            federation_state(twice->federation, at, twice->first), state);
        assert_int_equal(
            reply_count(
                federation_get(twice->federation, at, twice->first), "element"),
            count);
    }
}

/* Whatever was told of it, or would have been, was dropped with it. What lost
 * the words that it needs goes back to staff. */
static void what_was_erased_before_it_was_known_is_erased_at_both_ends(
    void **state)
{
    static const struct {
        const char *elements; /* erased after that */
        bool is_cancelled_first;
        bool is_cancelled_then;
        const char *state;
        size_t element_count;
    } rows[] = {
        { NULL, false, false, "withdrawn", 0 },
        { NULL, true, false, "delivered", 0 },
        { "needs", false, true, "cancelled", 2 },
    };
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        size_t row = i / 2;
        struct twice twice = handed_over_twice(i % 2 == 1);
        struct federation *federation = twice.federation;
        if (rows[row].is_cancelled_first)
            (void)federation_act(
                federation, 0, twice.second, "cancel", "c", reason);
        erase(&twice, rows[row].elements);
        if (rows[row].is_cancelled_then)
            (void)federation_act(
                federation, 0, twice.second, "cancel", "c", reason);
        federation_wait(federation, 600000);
        assert_first(&twice, rows[row].state, rows[row].element_count);
        assert_int_equal(
            federation_logged(federation, 0, LOG_REFERRAL_RETURNED),
            rows[row].is_cancelled_first);
        twice_free(&twice);
    }
}

/* Consent ended as well, before the call or after it. */
static void all_that_was_done_before_it_was_known_is_told(void **state)
{
    static const struct {
        const char *steps[2];
        const char *state;
        unsigned returned; /* without the words that it needs */
    } rows[] = {
        { { "cancel", "consent_revoked" }, "delivered", 1 },
        { { "withdraw", "consent_revoked" }, "withdrawn", 0 },
        { { "consent_revoked", NULL }, "withdrawn", 0 },
    };
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        size_t row = i / 2;
        struct twice twice = handed_over_twice(i % 2 == 1);
        struct federation *federation = twice.federation;
        for (size_t k = 0; k < 2 && rows[row].steps[k] != NULL; k++) {
            const char *step = rows[row].steps[k];
            if (strcmp(step, "cancel") == 0)
                (void)federation_act(
                    federation, 0, twice.second, step, step, reason);
            else
                (void)federation_act_by(
                    federation, 0, twice.second, step, step, "person", NULL);
        }
        federation_wait(federation, 600000);
        assert_first(&twice, rows[row].state, 0);
        assert_int_equal(
            federation_logged(federation, 0, LOG_REFERRAL_RETURNED),
            rows[row].returned);
        twice_free(&twice);
    }
}

/* Both ends had been put back, and the second was on its way when staff called
 * it off; then the other end was put right. */
static void what_waits_behind_the_other_is_done_to_it(void **state)
{
    struct twice twice = { .federation = federation_of_two() };
    struct federation *federation = twice.federation;
    struct store_memory_snapshot *old[2];
    (void)state;
    for (size_t at = 0; at < 2; at++)
        old[at] = federation_back_up(federation, at);
    twice.first = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    struct store_memory_snapshot *right = federation_back_up(federation, 1);
    for (size_t at = 0; at < 2; at++) {
        federation_restore(federation, at, old[at]);
        store_memory_snapshot_free(old[at]);
    }
    twice.second = strdup(federation_submit(federation, 0, 1, "first"));
    assert_string_not_equal(twice.second, twice.first);
    while (federation_message_count(federation) > 0) {
        if (federation_message(federation, 0)->kind == REQUEST_DELIVER)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    (void)federation_act(federation, 0, twice.second, "cancel", "c", reason);
    assert_string_equal(federation_state(federation, 0, twice.second), "sent");
    federation_restore(federation, 1, right);
    store_memory_snapshot_free(right);
    federation_wait(federation, 600000);
    assert_string_equal(
        federation_state(federation, 0, twice.second), "cancelled");
    assert_string_equal(federation_state(federation, 1, twice.second), "none");
    assert_first(&twice, "cancelled", 4);
    twice_free(&twice);
}

static size_t count_of(struct twice *twice, const char *type, const char *step)
{
    return federation_event_count(
        twice->federation, 0, twice->first, type, step);
}

/* Until 0 logs that. */
static void run_until(struct federation *federation, enum log_event event)
{
    struct node_input time = { .type = NODE_TIME };
    for (int64_t ms = 0; ms < 600; ms++) {
        if (federation_logged(federation, 0, event) > 0)
            return;
        if (federation_message_count(federation) > 0) {
            federation_deliver(federation, 0);
            continue;
        }
        federation_wait_until(federation,
            federation_now(federation).unix_ms - FEDERATION_START_MS + 1000);
        for (size_t at = 0; at < 2; at++)
            assert_int_equal(federation_step(federation, at, &time), ERR_NONE);
    }
    fail_msg("it never came to that");
}

/* It had been called off, and both were told, when a copy from before was put
 * back: there they wait, the call as it was said then or under its key again,
 * and were dropped when all of it was erased, or withdrawn. */
static void a_step_that_was_dropped_and_comes_back_is_one(void **state)
{
    static const struct {
        bool is_said_again;
        bool is_withdrawn;
    } rows[] = { { false, false }, { false, true }, { true, true } };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct twice twice = { .federation = federation_of_two() };
        struct federation *federation = twice.federation;
        struct store_memory_snapshot *backup = NULL;
        twice.first = strdup(federation_submit(federation, 0, 1, "first"));
        federation_lose(federation, 0);
        twice.second = strdup(twice.first);
        if (rows[i].is_said_again)
            backup = federation_back_up(federation, 0);
        (void)federation_act(federation, 0, twice.first, "cancel", "c", reason);
        if (!rows[i].is_said_again)
            backup = federation_back_up(federation, 0);
        federation_wait(federation, 600000);
        assert_string_equal(
            federation_state(federation, 1, twice.first), "cancelled");
        federation_restore(federation, 0, backup);
        store_memory_snapshot_free(backup);
        if (rows[i].is_said_again)
            (void)federation_act(
                federation, 0, twice.first, "cancel", "c", reason);
        run_until(federation, LOG_LEDGER_RECOVERING);
        if (rows[i].is_withdrawn)
            (void)federation_act_by(
                federation, 0, twice.first, "withdraw", "w", "person", NULL);
        else
            erase(&twice, NULL);
        federation_wait(federation, 600000);
        assert_string_equal(federation_state(federation, 0, twice.first),
            federation_state(federation, 1, twice.first));
        assert_int_equal(count_of(&twice, "referral.step", "cancel"), 1);
        assert_int_equal(count_of(&twice, "referral.returned", "cancel"), 1);
        twice_free(&twice);
    }
}

/* Consent had ended behind a request whose receipt never came, and both were
 * told; the copy from before has both waiting, and all of it is erased. */
static void consent_that_ended_behind_what_was_dropped_ended_once(void **state)
{
    (void)state;
    struct twice twice = { .federation = federation_of_two() };
    struct federation *federation = twice.federation;
    twice.first = strdup(federation_submit(federation, 0, 1, "first"));
    twice.second = strdup(twice.first);
    federation_deliver(federation, 0);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    (void)federation_act_by(
        federation, 0, twice.first, "consent_revoked", "r", "person", NULL);
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    federation_wait(federation, 600000);
    assert_first(&twice, "delivered", 0);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    run_until(federation, LOG_LEDGER_RECOVERING);
    erase(&twice, NULL);
    assert_string_equal(
        federation_state(federation, 0, twice.first), "withdrawn");
    federation_wait(federation, 600000);
    assert_first(&twice, "withdrawn", 0);
    for (size_t at = 0; at < 2; at++)
        assert_int_equal(federation_event_count(federation, at, twice.first,
                             "referral.step", "consent_revoked"),
            1);
    twice_free(&twice);
}

static uint64_t entry_of(struct twice *twice)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(twice->second), &uuid), ERR_NONE);
    struct work *work = federation_begin(twice->federation, 0);
    uint64_t entry = register_get(work, &uuid)->entry;
    assert_int_equal(federation_end(twice->federation, 0), ERR_NONE);
    return entry;
}

/* Keys are needed until all is taken back; what was dropped meanwhile loses its
 * key then. */
static void what_was_erased_before_it_was_dropped_is_in_no_old_copy(
    void **state)
{
    (void)state;
    struct twice twice = { .federation = federation_of_two() };
    struct federation *federation = twice.federation;
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    twice.first = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    run_until(federation, LOG_LEDGER_RECOVERING);
    twice.second = strdup(federation_submit(federation, 0, 1, "second"));
    uint64_t entry = entry_of(&twice);
    struct vault *vault = federation_node(federation, 0)->vault;
    erase(&twice, "needs");
    (void)federation_act(federation, 0, twice.second, "cancel", "c", reason);
    assert_string_equal(
        federation_state(federation, 0, twice.second), "cancelled");
    assert_false(vault->ops->is_destroyed(vault, entry));
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_RECOVERED), 1);
    assert_true(vault->ops->is_destroyed(vault, entry));
    assert_string_equal(federation_state(federation, 1, twice.second), "none");
    twice_free(&twice);
}

/* It was dropped before it was known that it had been sent; the withdrawal that
 * is told for that is on its way when consent ends, with all words. */
static void a_withdrawal_for_what_was_dropped_outlives_the_words(void **state)
{
    (void)state;
    struct twice twice = handed_over_twice(true);
    struct federation *federation = twice.federation;
    erase(&twice, NULL);
    run_until(federation, LOG_LEDGER_RENEWED);
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_RECOVERED), 1);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    assert_string_equal(
        federation_state(federation, 1, twice.first), "delivered");
    assert_int_equal(federation_act_by(federation, 0, twice.first,
                         "consent_revoked", "c", "person", NULL)
                         ->err,
        ERR_NONE);
    federation_wait(federation, 600000);
    assert_first(&twice, "withdrawn", 0);
    twice_free(&twice);
}

static void talk(struct twice *twice, bool goes_on)
{
    struct call call;
    call_begin(&call, "peer.close");
    call_text(&call, "agency", federation_id(twice->federation, 1)->text);
    if (goes_on)
        call_flag(&call, "reopen", true);
    assert_int_equal(
        federation_call(twice->federation, 0, &call)->err, ERR_NONE);
}

/* The second went back to staff as the talking ended, and they called it off.
 * Of that the time of keeping is over when the first comes back: its words have
 * a time of their own, which begins only then. */
static void retention_of_the_second_erases_nothing_of_the_first(void **state)
{
    struct node_input review = { .type = NODE_REVIEW,
        .of.review.clock_is_trusted = true };
    struct twice twice = handed_over_twice(false);
    struct federation *federation = twice.federation;
    (void)state;
    talk(&twice, false);
    (void)federation_act(federation, 0, twice.second, "cancel", "c", reason);
    assert_string_equal(
        federation_state(federation, 0, twice.second), "cancelled");
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    federation_wait_until(
        federation, (PAPERS_IDENTIFIERS_DAYS + 1) * FEDERATION_DAY_MS);
    assert_int_equal(federation_step(federation, 0, &review), ERR_NONE);
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 1);
    assert_int_equal(federation_event_count(federation, 0, twice.second,
                         "referral.erased", "erasure"),
        1);
    for (size_t at = 0; at < 2; at++)
        federation_sheet(federation, at);
    talk(&twice, true);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_RECOVERED), 1);
    assert_first(&twice, "cancelled", 4);
    twice_free(&twice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_was_erased_before_it_was_known_is_erased_at_both_ends),
        cmocka_unit_test(all_that_was_done_before_it_was_known_is_told),
        cmocka_unit_test(what_waits_behind_the_other_is_done_to_it),
        cmocka_unit_test(a_step_that_was_dropped_and_comes_back_is_one),
        cmocka_unit_test(consent_that_ended_behind_what_was_dropped_ended_once),
        cmocka_unit_test(
            what_was_erased_before_it_was_dropped_is_in_no_old_copy),
        cmocka_unit_test(retention_of_the_second_erases_nothing_of_the_first),
        cmocka_unit_test(a_withdrawal_for_what_was_dropped_outlives_the_words),
    };
    return cmocka_run_group_tests_name("fold_again", tests, NULL, NULL);
}
