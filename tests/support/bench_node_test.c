#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"
#include "support/call.h"

/* What two gateways know, and what goes on between them. */
struct outcome {
    uint64_t stores[2];
    int64_t now_ms;
    char id[64];
};

/* A life with words that go, a new day's keys, a crash, another card and a full
 * store. */
static struct outcome live(struct federation *federation)
{
    struct outcome outcome = { .now_ms = 0 };
    const char *id = federation_submit(federation, 0, 1, "first");
    (void)strncpy(outcome.id, id, sizeof outcome.id - 1);
    federation_run(federation);
    (void)federation_act_by(
        federation, 0, outcome.id, "withdraw", "second", "person", NULL);
    federation_run(federation);
    federation_wait(federation, FEDERATION_DAY_MS);
    federation_sheet(federation, 1);
    federation_crash(federation, 0);
    federation_run(federation);
    assert_int_equal(
        federation_card_change(federation, 1,
            federation_card_new(federation, 1, 2, federation_now(federation))),
        ERR_NONE);
    struct store_usage before = federation_usage(federation, 0);
    federation_ballast(federation, 0, before.capacity / 100 * 81);
    struct store_usage after = federation_usage(federation, 0);
    assert_int_equal(after.capacity, before.capacity);
    assert_int_equal(after.used - before.used, before.capacity / 100 * 81);
    struct call call;
    federation_referral(federation, &call, 0, 1, "third");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_FULL);
    for (size_t i = 0; i < 2; i++)
        outcome.stores[i] = store_memory_hash(federation_store(federation, i));
    outcome.now_ms = federation_now(federation).unix_ms;
    return outcome;
}

static void what_is_lived_again_is_the_same(void **state)
{
    (void)state;
    struct federation *federation = federation_of_two();
    federation_mark(federation);
    struct outcome first = live(federation);
    for (int i = 0; i < 2; i++) {
        federation_return(federation);
        struct outcome again = live(federation);
        assert_memory_equal(&again, &first, sizeof first);
    }
    federation_free(federation);
}

static void a_commit_that_fails_is_written_or_is_not(void **state)
{
    (void)state;
    for (int fault = 0; fault < 2; fault++) {
        struct federation *federation = federation_of_two();
        struct call call;
        federation_referral(federation, &call, 0, 1, "first");
        federation_fail_commit(
            federation, 0, 1, (enum store_memory_fault)fault);
        assert_null(federation_call(federation, 0, &call));
        assert_int_equal(
            damage_has_words(federation, 0, "a doctor who listens"),
            fault == STORE_MEMORY_FAIL_AFTER);
        /* and the next one does not */
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_non_null(reply);
        assert_int_equal(reply->err, ERR_NONE);
        federation_free(federation);
    }
}

static void a_damaged_message_arrives_and_comes_again_whole(void **state)
{
    (void)state;
    struct federation *federation = federation_of_two();
    const char *id = federation_submit(federation, 0, 1, "first");
    assert_int_equal(federation_message_count(federation), 1);
    federation_corrupt(federation, 0, 8 * 100);
    federation_run(federation); /* it is refused */
    assert_string_equal(federation_state(federation, 1, id), "none");
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_lived_again_is_the_same),
        cmocka_unit_test(a_commit_that_fails_is_written_or_is_not),
        cmocka_unit_test(a_damaged_message_arrives_and_comes_again_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
