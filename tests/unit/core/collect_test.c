#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/limits.h"
#include "core/message.h"
#include "core/node_state.h"
#include "io/store_memory.h"
#include "support/bench_keys.h"
#include "support/bench_loss.h"
#include "support/bench_node.h"
#include "support/bench_router.h"
#include "support/crypto_fake.h"

/* The Collect of 0 that waits at 1. */
static void assert_collects(struct federation *federation)
{
    assert_true(federation_peer(federation, 1, 0)->collect_waits);
    assert_true(federation_peer(federation, 0, 1)->collect_token != 0);
}

static void lose_all(struct federation *federation)
{
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
}

/* 0 comes to know the newer card of 1. */
static void assert_learns_card(struct federation *federation)
{
    for (int i = 0; i < 6; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_int_equal(federation_peer(federation, 0, 1)->card_serial, 2);
}

static void assert_is_served(struct federation *federation)
{
    const char *id = federation_submit(federation, 1, 0, "after");
    for (int i = 0; i < 2; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
}

/* It can be reached by nobody, and knows none of the keys that it meets. */
static void who_only_dials_out_learns_of_keys_that_changed_meanwhile(
    void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    lose_all(federation);
    federation_keys_change(federation, 1, 2);
    assert_learns_card(federation);
    assert_is_served(federation);
    arena_release(&arena);
    federation_free(federation);
}

/* And of the keys of its day, too, which the other lost: nothing but what is
 * sealed to the last resort is opened there, and its sheet is of a newer
 * card. */
static void who_only_dials_out_learns_of_keys_that_were_lost(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    lose_all(federation);
    federation_keys_change(federation, 1, 2);
    crypto_fake_days_hold(federation_crypto(federation, 1), 1, 1);
    lose_all(federation);
    assert_learns_card(federation);
    federation_sheet(federation, 1);
    assert_is_served(federation);
    arena_release(&arena);
    federation_free(federation);
}

static void who_only_dials_out_is_a_full_member(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    assert_collects(federation);
    const char *out = federation_submit(federation, 0, 1, "out");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, out), "delivered");
    assert_string_equal(federation_state(federation, 0, out), "delivered");
    const char *in = federation_submit(federation, 1, 0, "in");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, in), "delivered");
    assert_string_equal(federation_state(federation, 1, in), "delivered");
    assert_collects(federation);
    federation_free(federation);
    arena_release(&arena);
}

static void nothing_is_dialed_to_it(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    (void)federation_submit(federation, 1, 0, "in");
    for (size_t i = 0; i < federation_message_count(federation); i++) {
        const struct bench_message *message = federation_message(federation, i);
        assert_true(message->is_reply || message->from == 0);
    }
    federation_run(federation);
    assert_int_equal(federation_peer(federation, 1, 0)->failure_count, 0);
    federation_free(federation);
    arena_release(&arena);
}

static void it_waits_and_asks_anew_without_polling(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    uint64_t token = federation_peer(federation, 0, 1)->collect_token;
    federation_wait(federation, COLLECT_WAIT_MS - 1);
    assert_int_equal(federation_peer(federation, 0, 1)->collect_token, token);
    federation_wait(federation, 1);
    assert_int_not_equal(
        federation_peer(federation, 0, 1)->collect_token, token);
    assert_collects(federation);
    federation_free(federation);
    arena_release(&arena);
}

/* However long it had failed before: one that starts anew and cannot dial hears
 * two greetings in a row, and takes what comes after them. */
static void who_cannot_be_asked_is_shown_at_once_that_it_was_heard(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    struct peer *peer = federation_peer(federation, 0, 1);
    (void)state;
    federation_agree(federation);
    federation_crash(federation, 1);
    peer->stumble_count = PEER_STUMBLE_COUNT_MAX + 1;
    peer->failure_count = 20;
    const char *id = federation_submit(federation, 0, 1, "out");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "sent");
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    federation_free(federation);
    arena_release(&arena);
}

/* The only message on the line is a request of 0 of that kind. */
static void assert_asks_alone(
    struct federation *federation, enum request_kind kind)
{
    const struct bench_message *message = federation_message(federation, 0);
    assert_int_equal(federation_message_count(federation), 1);
    assert_int_equal(message->from, 0);
    assert_false(message->is_reply);
    assert_int_equal(message->kind, kind);
}

/* Both started anew, and 0 has been answered once. */
static void greet_once(struct federation *federation)
{
    federation_agree(federation);
    federation_crash(federation, 1);
    federation_crash(federation, 0);
    assert_asks_alone(federation, REQUEST_HEAD);
    federation_deliver(federation, 0);
    federation_deliver(federation, 0);
}

/* What arrives before the second of two greetings is answered Behind. */
static void what_is_asked_for_does_not_overtake_a_greeting(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    greet_once(federation);
    assert_asks_alone(federation, REQUEST_HEAD);
    federation_deliver(federation, 0);
    assert_int_equal(federation_message_count(federation), 1);
    federation_deliver(federation, 0);
    assert_asks_alone(federation, REQUEST_COLLECT);
    federation_run(federation);
    assert_collects(federation);
    assert_int_equal(federation_peer(federation, 0, 1)->stumble_count, 0);
    assert_int_equal(federation_node(federation, 0)->counters.sends_failed, 0);
    federation_free(federation);
    arena_release(&arena);
}

/* As where a batch has no room for the greeting, which goes in the next. */
static void what_is_asked_for_waits_for_a_greeting_that_waits(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    greet_once(federation);
    federation_run(federation);
    lose_all(federation);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct work *work = federation_begin(federation, 0);
    peer_tell_head(peer);
    peer->collect_token = 0; /* it was answered in this batch */
    assert_non_null(arena_take(work->arena, work_room(work) - (1u << 20)));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(federation_message_count(federation), 0);
    struct node_input time = { .type = NODE_TIME };
    (void)federation_take(federation, 0, &time);
    assert_asks_alone(federation, REQUEST_HEAD);
    federation_run(federation);
    assert_collects(federation);
    federation_free(federation);
    arena_release(&arena);
}

/* Whoever answers no greeting may answer this, and asks for what it lost. */
static void what_is_asked_for_waits_for_one_greeting_that_fails(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    const struct peer *peer;
    const enum request_kind kinds[] = { REQUEST_HEAD, REQUEST_COLLECT };
    (void)state;
    greet_once(federation);
    peer = federation_peer(federation, 0, 1);
    assert_asks_alone(federation, REQUEST_HEAD);
    federation_lose(federation, 0);
    assert_int_equal(federation_message_count(federation), 0);
    federation_wait_until(federation, peer->next_try_steady_ms);
    struct node_input time = { .type = NODE_TIME };
    (void)federation_take(federation, 0, &time);
    assert_int_equal(federation_message_count(federation), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(federation_message(federation, i)->kind, kinds[i]);
    federation_lose(federation, 0);
    federation_run(federation);
    for (int i = 0; i < 2; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_collects(federation);
    assert_int_equal(peer->failure_count, 0);
    federation_free(federation);
    arena_release(&arena);
}

static void a_parcel_whose_reply_was_lost_is_handed_over_again(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    const char *id = federation_submit(federation, 1, 0, "in");
    assert_int_equal(federation_message_count(federation), 1);
    assert_int_equal(federation_message(federation, 0)->reply, REPLY_PARCEL);
    federation_lose(federation, 0);
    federation_run(federation);
    federation_wait(federation, COLLECT_WAIT_MS + REQUEST_TIMEOUT_MS);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
    arena_release(&arena);
}

static void a_parcel_for_which_a_batch_has_no_room_goes_with_the_next(
    void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    const struct tell tell = { .kind = ENTRY_PADDING,
        .content = SLICE_LITERAL("words") };
    (void)state;
    federation_agree(federation);
    struct peer *peer = federation_peer(federation, 1, 0);
    struct work *work = federation_begin(federation, 1);
    assert_true(delivery_tell(work, peer, &tell));
    peer->touched = true;
    assert_non_null(arena_take(work->arena, work_room(work) - (1u << 20)));
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    assert_int_equal(federation_message_count(federation), 0);
    assert_collects(federation); /* it is not answered yet */
    federation_wait(federation, 0);
    work = federation_begin(federation, 1);
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    assert_int_equal(out->intent_count, 0);
    assert_int_equal(out->cosigned, out->frontier.size);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    federation_free(federation);
    arena_release(&arena);
}

static void both_may_die_and_go_on(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    for (size_t who = 0; who < 2; who++) {
        const char *id =
            federation_submit(federation, 1, 0, who == 0 ? "a" : "b");
        federation_crash(federation, who);
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        federation_run(federation);
        for (int i = 0; i < 4; i++)
            federation_wait(federation, RETRY_DELAY_MS_MAX);
        assert_string_equal(federation_state(federation, 0, id), "delivered");
        assert_string_equal(federation_state(federation, 1, id), "delivered");
    }
    federation_free(federation);
    arena_release(&arena);
}

/* One that does not hear what we sign has the same parcel for each request. */
static void what_we_signed_for_is_not_asked_for_without_end(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    struct peer *peer = federation_peer(federation, 0, 1);
    (void)state;
    federation_agree(federation);
    router_tell(federation, 1, 0);
    const struct bench_message *message = federation_message(federation, 0);
    assert_int_equal(message->reply, REPLY_PARCEL);
    const struct reply reply = { .kind = REPLY_PARCEL,
        .body = arena_copy(&arena, message->body) };
    federation_deliver(federation, 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(federation_message_count(federation), 1);
        federation_answer(federation, 0, &reply, ERR_NONE);
        assert_int_equal(federation_message_count(federation), 0);
        assert_string_equal(peer->problem, "unheard");
        assert_int_equal(peer->failure_count, i + 1);
        federation_wait_until(federation, peer->next_try_steady_ms);
        struct node_input time = { .type = NODE_TIME };
        (void)federation_take(federation, 0, &time);
    }
    federation_run(federation);
    federation_wait(federation, COLLECT_WAIT_MS);
    assert_int_equal(peer->failure_count, 0);
    assert_collects(federation);
    federation_free(federation);
    arena_release(&arena);
}

static void fill_store(struct federation *federation, size_t agency)
{
    struct store_usage usage = federation_usage(federation, agency);
    federation_ballast(federation, agency, usage.capacity / 100 * 92);
}

/* What comes is not taken, and stays there; what leaves does not wait for it,
 * nor hasten it. */
static void who_has_no_room_asks_seldom(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    struct node *node = federation_node(federation, 0);
    (void)state;
    federation_agree(federation);
    fill_store(federation, 0);
    const char *id = federation_submit(federation, 1, 0, "in");
    federation_run(federation);
    uint64_t failed = node->counters.sends_failed;
    uint64_t signed_for = node->counters.parcels_cosigned;
    for (int i = 0; i < 8; i++) {
        router_tell(federation, 0, 1);
        federation_wait(federation, RETRY_DELAY_MS_MIN);
    }
    assert_int_equal(node->counters.parcels_cosigned, signed_for + 8);
    assert_int_equal(node->counters.sends_failed, failed);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_int_equal(node->counters.sends_failed, failed + 1);
    assert_string_equal(federation_state(federation, 1, id), "sent");
    federation_ballast(federation, 0, 0);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
    arena_release(&arena);
}

static void what_is_no_collect_is_refused(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_reply reply;
    (void)state;
    federation_connect(federation, 0, 1);
    federation_request(
        federation, 0, 1, REQUEST_COLLECT, SLICE_LITERAL("\xff"), &reply);
    assert_int_equal(reply.kind, REPLY_REFUSED);
    federation_free(federation);
}

static void wait_a_while(struct federation *federation)
{
    for (int i = 0; i < 8; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
}

/* Nobody can dial it: what the other lost, it brings. */
static void who_only_dials_out_gives_back_what_the_other_lost(void **state)
{
    (void)state;
    for (int is_gone = 0; is_gone < 2; is_gone++) {
        struct arena arena;
        struct federation *federation = router_federation(&arena);
        struct store_memory_snapshot *backup;
        federation_agree(federation);
        backup = federation_back_up(federation, 1);
        const char *out = federation_submit(federation, 0, 1, "out");
        wait_a_while(federation);
        const char *in = federation_submit(federation, 1, 0, "in");
        wait_a_while(federation);
        if (is_gone) {
            federation_lose_store(federation, 1);
            federation_connect(federation, 0, 1);
        } else {
            federation_restore(federation, 1, backup);
        }
        federation_crash(federation, 0); /* its Collect was cut off */
        assert_string_equal(federation_state(federation, 1, out), "none");
        wait_a_while(federation);
        assert_string_equal(federation_state(federation, 1, out), "delivered");
        assert_string_equal(federation_state(federation, 1, in), "delivered");
        assert_int_equal(
            federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
        /* and both go on */
        out = federation_submit(federation, 0, 1, "out later");
        in = federation_submit(federation, 1, 0, "in later");
        wait_a_while(federation);
        assert_string_equal(federation_state(federation, 1, out), "delivered");
        assert_string_equal(federation_state(federation, 0, in), "delivered");
        assert_collects(federation);
        store_memory_snapshot_free(backup);
        arena_release(&arena);
        federation_free(federation);
    }
}

/* It showed what the other lost, and then lost that, too. */
/* However long it had failed before: a greeting that shows the loss is followed
 * by the request that brings what was lost. */
static void what_the_other_lost_is_brought_as_soon_as_it_is_seen(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    struct store_memory_snapshot *backup;
    (void)state;
    federation_agree(federation);
    backup = federation_back_up(federation, 1);
    const char *out = federation_submit(federation, 0, 1, "out");
    wait_a_while(federation);
    federation_restore(federation, 1, backup);
    federation_crash(federation, 0);
    federation_peer(federation, 0, 1)->failure_count = 20;
    federation_peer(federation, 0, 1)->stumble_count =
        PEER_STUMBLE_COUNT_MAX + 1;
    federation_run(federation);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
    assert_string_equal(federation_state(federation, 1, out), "delivered");
    store_memory_snapshot_free(backup);
    arena_release(&arena);
    federation_free(federation);
}

static void what_who_only_dials_out_lost_as_well_is_not_wanted_for_ever(
    void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    struct store_memory_snapshot *backups[2];
    (void)state;
    federation_agree(federation);
    backups[1] = federation_back_up(federation, 1);
    (void)federation_submit(federation, 0, 1, "one loses it");
    wait_a_while(federation);
    backups[0] = federation_back_up(federation, 0);
    (void)federation_submit(federation, 0, 1, "out");
    wait_a_while(federation);
    (void)federation_submit(federation, 1, 0, "in");
    wait_a_while(federation);
    federation_restore(federation, 1, backups[1]);
    federation_crash(federation, 0);
    const struct peer *peer = federation_peer(federation, 1, 0);
    while (!peer->goals[0].wanted && federation_message_count(federation) > 0)
        federation_deliver(federation, 0);
    assert_true(peer->goals[0].wanted);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    federation_restore(federation, 0, backups[0]);
    wait_a_while(federation);
    assert_false(peer->goals[0].wanted || peer->goals[1].wanted);
    const char *in = federation_submit(federation, 1, 0, "in later");
    wait_a_while(federation);
    assert_string_equal(federation_state(federation, 0, in), "delivered");
    assert_collects(federation);
    for (size_t i = 0; i < 2; i++)
        store_memory_snapshot_free(backups[i]);
    arena_release(&arena);
    federation_free(federation);
}

/* What nobody asked for leads to a comparison, whatever is in it. */
static void what_was_not_wanted_is_not_looked_at(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    struct bench_reply reply;
    (void)state;
    federation_agree(federation);
    federation_request(
        federation, 0, 1, REQUEST_FETCHED, SLICE_LITERAL("no parcels"), &reply);
    assert_int_equal(reply.kind, REPLY_BEHIND);
    arena_release(&arena);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_only_dials_out_is_a_full_member),
        cmocka_unit_test(
            who_only_dials_out_learns_of_keys_that_changed_meanwhile),
        cmocka_unit_test(who_only_dials_out_learns_of_keys_that_were_lost),
        cmocka_unit_test(nothing_is_dialed_to_it),
        cmocka_unit_test(it_waits_and_asks_anew_without_polling),
        cmocka_unit_test(
            who_cannot_be_asked_is_shown_at_once_that_it_was_heard),
        cmocka_unit_test(what_is_asked_for_does_not_overtake_a_greeting),
        cmocka_unit_test(what_is_asked_for_waits_for_a_greeting_that_waits),
        cmocka_unit_test(what_is_asked_for_waits_for_one_greeting_that_fails),
        cmocka_unit_test(a_parcel_whose_reply_was_lost_is_handed_over_again),
        cmocka_unit_test(
            a_parcel_for_which_a_batch_has_no_room_goes_with_the_next),
        cmocka_unit_test(both_may_die_and_go_on),
        cmocka_unit_test(what_we_signed_for_is_not_asked_for_without_end),
        cmocka_unit_test(who_has_no_room_asks_seldom),
        cmocka_unit_test(what_is_no_collect_is_refused),
        cmocka_unit_test(who_only_dials_out_gives_back_what_the_other_lost),
        cmocka_unit_test(what_the_other_lost_is_brought_as_soon_as_it_is_seen),
        cmocka_unit_test(
            what_who_only_dials_out_lost_as_well_is_not_wanted_for_ever),
        cmocka_unit_test(what_was_not_wanted_is_not_looked_at),
    };
    return cmocka_run_group_tests_name("core/collect", tests, NULL, NULL);
}
