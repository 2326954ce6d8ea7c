#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "core/register.h"
#include "support/bench_node.h"
#include "support/bench_papers.h"

static struct federation *two(void)
{
    return federation_of_two();
}

/* Both look, each by its own clock. */
static void review(struct federation *federation, int64_t day, bool is_trusted)
{
    struct node_input input = { .type = NODE_REVIEW,
        .of.review.clock_is_trusted = is_trusted };
    federation_wait_until(federation, day * FEDERATION_DAY_MS);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(federation_step(federation, i, &input), ERR_NONE);
}

static size_t element_count(struct federation *federation, size_t agency,
    const char *id, const char *code)
{
    size_t count = 0;
    const struct local_reply *reply = federation_get(federation, agency, id);
    for (size_t i = 0; i < reply_count(reply, "element"); i++)
        count += record_is(reply_record(reply, "element", i), "code", code);
    return count;
}

static void assert_held(
    struct federation *federation, const char *id, bool name, bool needs)
{
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            element_count(federation, i, id, "call_name") > 0, name);
        assert_int_equal(element_count(federation, i, id, "needs") > 0, needs);
    }
}

static const char *const why[] = { "reason", "NEED_MET_ELSEWHERE",
    "person_told", "yes", NULL };

/* On day 0. */
static const char *ended(struct federation *federation, const char *key)
{
    char step[32];
    const char *id = federation_submit(federation, 0, 1, key);
    federation_run(federation);
    (void)snprintf(step, sizeof step, "cancel-%s", key);
    assert_int_equal(
        federation_act(federation, 0, id, "cancel", step, why)->err, ERR_NONE);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "cancelled");
    return id;
}

static void identifiers_go_first_and_then_the_rest(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = ended(federation, "first");
    review(federation, PAPERS_IDENTIFIERS_DAYS - 1, true);
    assert_held(federation, id, true, true);
    review(federation, PAPERS_IDENTIFIERS_DAYS + 1, true);
    assert_held(federation, id, false, true);
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 1);
    review(federation, PAPERS_IDENTIFIERS_DAYS + 2, true);
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 1);
    review(federation, PAPERS_CONTENT_DAYS - 1, true);
    assert_held(federation, id, false, true);
    review(federation, PAPERS_CONTENT_DAYS + 1, true);
    assert_held(federation, id, false, false);
    assert_int_equal(federation_logged(federation, 1, LOG_RETENTION_ERASED), 2);
    federation_free(federation);
}

static void a_clock_that_is_not_believed_erases_nothing(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = ended(federation, "first");
    review(federation, PAPERS_CONTENT_DAYS + 1, false);
    assert_held(federation, id, true, true);
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 0);
    federation_free(federation);
}

static void what_has_not_ended_is_held(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    review(federation, PAPERS_CONTENT_DAYS + 1, true);
    assert_held(federation, id, true, true);
    federation_free(federation);
}

static uint64_t entry_of(
    struct federation *federation, size_t agency, const char *id)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, agency);
    uint64_t entry = register_get(work, &uuid)->entry;
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
    return entry;
}

/* Who withdraws what still waits leaves nothing in the store, but copies of it
 * have the words: their key goes with time as well, and nobody is told. */
static void what_was_told_to_nobody_opens_in_no_copy(void **state)
{
    struct federation *federation = two();
    struct vault *vault = federation_node(federation, 0)->vault;
    (void)state;
    const char *other = federation_submit(federation, 0, 1, "travels");
    const char *id = federation_submit(federation, 0, 1, "waits");
    uint64_t entry = entry_of(federation, 0, id);
    (void)federation_act_by(federation, 0, id, "withdraw", "w", "person", NULL);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    assert_int_equal(element_count(federation, 0, id, "needs"), 0);
    review(federation, PAPERS_CONTENT_DAYS - 1, true);
    assert_false(vault->ops->is_destroyed(vault, entry));
    review(federation, PAPERS_CONTENT_DAYS + 1, true);
    assert_true(vault->ops->is_destroyed(vault, entry));
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 1);
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    assert_int_equal(peer_ledger(work, peer, LEDGER_OUT)->intent_count, 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_true(element_count(federation, 0, other, "needs") > 0);
    federation_free(federation);
}

/* And in each by the clock of the review: it may have jumped since. */
static void many_are_erased_in_turns(void **state)
{
    struct federation *federation = two();
    char key[16];
    char first[64] = "";
    char late[64] = "";
    const size_t count = RETENTION_REFERRAL_COUNT + 9;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(key, sizeof key, "%zu", i);
        const char *id = ended(federation, key);
        if (i == 0)
            (void)snprintf(first, sizeof first, "%s", id);
    }
    federation_wait_until(federation, 5 * FEDERATION_DAY_MS);
    (void)snprintf(late, sizeof late, "%s", ended(federation, "late"));
    struct node_input input = { .type = NODE_REVIEW,
        .of.review.clock_is_trusted = true };
    federation_wait_until(
        federation, (PAPERS_CONTENT_DAYS + 1) * FEDERATION_DAY_MS);
    assert_int_equal(federation_step(federation, 0, &input), ERR_NONE);
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 1);
    /* it wants another turn, and then no more */
    assert_int_equal(node_wake_steady_ms(federation_node(federation, 0)), 0);
    federation_wait_until(
        federation, (PAPERS_CONTENT_DAYS + 100) * FEDERATION_DAY_MS);
    for (int i = 0; i < 4; i++) {
        struct node_input time = { .type = NODE_TIME };
        assert_int_equal(federation_step(federation, 0, &time), ERR_NONE);
    }
    assert_int_not_equal(
        node_wake_steady_ms(federation_node(federation, 0)), 0);
    assert_int_equal(element_count(federation, 0, first, "needs"), 0);
    assert_true(element_count(federation, 0, late, "needs") > 0);
    federation_free(federation);
}

/* What comes then has to wait for it. */
static void what_a_heavy_batch_leaves_is_a_batch_of_its_own(void **state)
{
    static const uint8_t large[64 * 1024];
    struct federation *federation = two();
    struct node *node = federation_node(federation, 0);
    (void)state;
    const char *id = ended(federation, "first");
    federation_wait_until(
        federation, (PAPERS_CONTENT_DAYS + 1) * FEDERATION_DAY_MS);
    struct work *work = federation_begin(federation, 0);
    struct node_input review = { .type = NODE_REVIEW,
        .now = federation_now(federation),
        .steady_ms = federation_steady_ms(federation),
        .of.review.clock_is_trusted = true };
    assert_int_equal(node_step(node, &review), ERR_NONE);
    while (!work_is_heavy(work))
        (void)work_say(work, VAULT_ENTRY_COMMON, SLICE_ARRAY(large));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 0);
    assert_true(node_leaves_rest(node));
    assert_int_equal(node_wake_steady_ms(node), 0);
    (void)federation_begin(federation, 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(federation_logged(federation, 0, LOG_RETENTION_ERASED), 1);
    assert_false(node_leaves_rest(node));
    assert_int_equal(element_count(federation, 0, id, "needs"), 0);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_heavy_batch_leaves_is_a_batch_of_its_own),
        cmocka_unit_test(identifiers_go_first_and_then_the_rest),
        cmocka_unit_test(a_clock_that_is_not_believed_erases_nothing),
        cmocka_unit_test(what_has_not_ended_is_held),
        cmocka_unit_test(what_was_told_to_nobody_opens_in_no_copy),
        cmocka_unit_test(many_are_erased_in_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
