#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/feed.h"
#include "core/fold.h"
#include "core/node_state.h"
#include "support/bench_loss.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct federation *two(void)
{
    struct federation *federation = federation_new(2);
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    return federation;
}

/* The words of a feed, one letter an event. */
static void feed_read(
    struct federation *federation, size_t at, char *words, size_t capacity)
{
    struct feed_event event;
    uint64_t position = 1;
    size_t count = 0;
    struct work *work = federation_begin(federation, at);
    while (feed_next(work, position, &event)) {
        static const char letters[] = "?RSDAXEB";
        assert_true(count + 2 < capacity);
        words[count++] = letters[event.type];
        words[count++] = event.by_us ? 'u' : 't';
        position = event.position + 1;
    }
    words[count] = '\0';
    assert_int_equal(federation_end(federation, at), ERR_NONE);
}

static void the_feed_tells_it_again_in_the_order_in_which_it_was(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        char before[64];
        char after[64];
        struct federation *federation = two();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        (void)federation_act(federation, 1, id, "opened", "o", NULL);
        federation_run(federation);
        static const char *const ask[] = { "question", "since when?", NULL };
        (void)federation_act(federation, 1, id, "ask", "a", ask);
        federation_run(federation);
        static const char *const answer[] = { "answer", "last week", NULL };
        (void)federation_act(federation, 0, id, "answer", "b", answer);
        federation_run(federation);
        feed_read(federation, lost, before, sizeof before);
        assert_true(strlen(before) >= 6);
        uint64_t epoch = federation_node(federation, lost)->feed_epoch;
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        feed_read(federation, lost, after, sizeof after);
        assert_string_equal(after, before);
        assert_int_not_equal(
            federation_node(federation, lost)->feed_epoch, epoch);
        federation_free(federation);
    }
}

static void what_was_signed_for_and_not_answered_is_answered_once(void **state)
{
    struct federation *federation = two();
    (void)state;
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    const char *id = federation_submit(federation, 0, 1, "first");
    /* its answer never leaves */
    federation_deliver(federation, 0);
    while (federation_message_count(federation) > 0) {
        if (federation_message(federation, 0)->kind == REQUEST_DELIVER &&
            !federation_message(federation, 0)->is_reply)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RECEIVED), 2);
    struct work *work = federation_begin(federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    assert_int_equal(out->answered, out->cosigned);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void many_are_taken_up_piece_by_piece(void **state)
{
    struct federation *federation = two();
    char key[8] = "k0000";
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        key[1] = (char)('0' + i / 100);
        key[2] = (char)('0' + i / 10 % 10);
        key[3] = (char)('0' + i % 10);
        (void)federation_submit(federation, 0, 1, key);
        if (i % 10 == 9)
            federation_run(federation);
    }
    federation_run(federation);
    char *last = strdup(federation_submit(federation, 0, 1, "last"));
    federation_run(federation);
    for (size_t lost = 0; lost < 2; lost++) {
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        assert_string_equal(
            federation_state(federation, lost, last), "delivered");
        assert_int_equal(
            federation_logged(federation, lost, LOG_LEDGER_RECOVERED), 1);
    }
    free(last);
    federation_free(federation);
}

/* They hear of the agreement from a third party, and of each other's word on
 * it from each other. */
static void what_two_lost_is_in_force_between_them_again(void **state)
{
    struct federation *federation = federation_new(3);
    (void)state;
    for (size_t i = 0; i < 3; i++)
        federation_connect(federation, i, (i + 1) % 3);
    federation_agree(federation);
    (void)federation_submit(federation, 0, 1, "first");
    (void)federation_submit(federation, 0, 2, "other");
    federation_run(federation);
    federation_lose_store(federation, 0);
    federation_lose_store(federation, 1);
    for (size_t i = 0; i < 3; i++)
        federation_connect(federation, i, (i + 1) % 3);
    federation_wait(federation, 600000);
    for (size_t i = 0; i < 2; i++) {
        char *id = strdup(federation_submit(federation, i, 1 - i, "again"));
        federation_run(federation);
        assert_string_equal(federation_state(federation, i, id), "delivered");
        free(id);
    }
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_feed_tells_it_again_in_the_order_in_which_it_was),
        cmocka_unit_test(what_was_signed_for_and_not_answered_is_answered_once),
        cmocka_unit_test(many_are_taken_up_piece_by_piece),
        cmocka_unit_test(what_two_lost_is_in_force_between_them_again),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
