/* Two gateways come to rest: whatever one of them answers, and however both
 * are stuck, nobody talks without end or without pause. federation_run ends
 * the process when they do. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/message.h"
#include "support/bench_node.h"

static struct federation *opened(void)
{
    return federation_of_two();
}

/* What agency 0's request on its way is answered with. */
static void reply_with(
    struct federation *federation, enum reply_kind kind, struct slice body)
{
    struct peer *peer = federation_peer(federation, 0, 1);
    struct reply reply = { .kind = kind, .body = body };
    struct node_input input = { .type = NODE_PEER_REPLY };
    assert_true(peer->token != 0);
    input.of.reply.token = peer->token;
    input.of.reply.reply = &reply;
    assert_int_equal(federation_step(federation, 0, &input), ERR_NONE);
}

static void a_head_that_says_nothing_is_not_asked_for_at_once(void **state)
{
    struct federation *federation = opened();
    struct arena *arena = &(struct arena){ 0 };
    struct head head = { .ledger_count = 0 };
    (void)state;
    assert_int_equal(arena_init(arena, 1u << 20), ERR_NONE);
    federation_crash(federation, 0);
    size_t count = federation_message_count(federation);
    assert_int_equal(
        federation_peer(federation, 0, 1)->token_kind, REQUEST_HEAD);
    reply_with(federation, REPLY_HEAD, head_write(&head, arena));
    assert_int_equal(federation_message_count(federation), count);
    assert_string_equal(
        federation_peer(federation, 0, 1)->problem, "reply_malformed");
    arena_release(arena);
    federation_free(federation);
}

/* The other's clock is weeks away, or ours. */
static void without_a_key_to_seal_with_heads_keep_their_distance(void **state)
{
    struct federation *federation = opened();
    (void)state;
    federation_wait(federation, 40 * FEDERATION_DAY_MS);
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_string_equal(
        federation_peer(federation, 0, 1)->problem, "no_sealing_key");
    /* when it has keys again, the next try finds them */
    federation_sheet(federation, 1);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

/* So that nothing of the peers is taken in. */
static void fill(struct federation *federation, size_t agency)
{
    static uint8_t junk[4u << 20];
    struct work *work = federation_begin(federation, agency);
    for (uint8_t i = 0; i < 15; i++) {
        const uint8_t key[] = { 'z', i };
        store_put(work->txn, SLICE_ARRAY(key), SLICE_ARRAY(junk));
    }
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
}

static void two_that_are_full_do_not_wake_each_other(void **state)
{
    struct federation *federation = opened();
    (void)state;
    (void)federation_submit(federation, 0, 1, "there");
    (void)federation_submit(federation, 1, 0, "back");
    fill(federation, 0);
    fill(federation, 1);
    federation_run(federation);
    federation_wait(federation, RETRY_DELAY_MS_MIN);
    assert_true(federation_peer(federation, 0, 1)->failure_count > 1 ||
                federation_peer(federation, 1, 0)->failure_count > 1);
    assert_string_equal(federation_peer(federation, 0, 1)->problem, "busy");
    assert_string_equal(federation_peer(federation, 1, 0)->problem, "busy");
    federation_free(federation);
}

static void who_is_behind_for_ever_is_asked_less_and_less(void **state)
{
    struct federation *federation = opened();
    struct arena *arena = &(struct arena){ 0 };
    struct behind behind = { BEHIND_FENCE, 0 };
    struct peer *peer = federation_peer(federation, 0, 1);
    (void)state;
    assert_int_equal(arena_init(arena, 1u << 20), ERR_NONE);
    const char *id = federation_submit(federation, 0, 1, "first");
    for (uint32_t i = 0; i < 60 && peer->failure_count < 5; i++) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message == NULL) { /* its time has come */
            struct node_input input = { .type = NODE_TIME };
            peer->next_try_steady_ms = 0;
            assert_int_equal(federation_step(federation, 0, &input), ERR_NONE);
        } else if (message->is_reply || message->kind == REQUEST_HEAD) {
            federation_deliver(federation, 0);
        } else {
            reply_with(federation, REPLY_BEHIND, behind_write(&behind, arena));
            federation_lose(federation, 0);
        }
    }
    assert_int_equal(peer->failure_count, 5);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    assert_int_equal(peer->failure_count, 0);
    arena_release(arena);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_that_says_nothing_is_not_asked_for_at_once),
        cmocka_unit_test(without_a_key_to_seal_with_heads_keep_their_distance),
        cmocka_unit_test(two_that_are_full_do_not_wake_each_other),
        cmocka_unit_test(who_is_behind_for_ever_is_asked_less_and_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
