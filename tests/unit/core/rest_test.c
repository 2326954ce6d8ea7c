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
#include "core/node_state.h"
#include "support/bench_author.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"
#include "support/bench_router.h"

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

static void without_a_key_what_is_damaged_waits_as_well(void **state)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    struct federation *federation = opened();
    (void)state;
    (void)federation_submit(federation, 0, 1, "there");
    federation_run(federation);
    federation_wait_until(federation, 30 * FEDERATION_DAY_MS);
    size_t count = damage_rows(federation, 0, 'c', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, 0, rows[i], true);
    damage_patrol(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    assert_string_equal(peer->problem, "no_sealing_key");
    federation_sheet(federation, 1);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_true(federation_node(federation, 0)->patrol.mended > 0);
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

/* Whoever was away for minutes has begun anew: how it made us stumble before
 * does not delay what is said to it then. */
static void who_was_away_for_long_may_stumble_as_at_first(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t away = i % 2;
        struct federation *federation = opened();
        struct peer *peer = federation_peer(federation, 0, 1);
        (void)federation_submit(federation, 0, 1, "there");
        peer->stumble_count = PEER_STUMBLE_COUNT_MAX + 1;
        peer->failure_count = PEER_AWAY_FAILURE_COUNT - 1 + away;
        assert_false(federation_message(federation, 0)->is_reply);
        federation_answer(
            federation, 0, NULL, i < 2 ? ERR_UNREACHABLE : ERR_TIMEOUT);
        assert_string_equal(peer->problem, i < 2 ? "unreachable" : "timeout");
        assert_int_equal(
            peer->stumble_count, away == 0 ? PEER_STUMBLE_COUNT_MAX + 1 : 0);
        federation_free(federation);
    }
}

/* However often it could open nothing: once it can, it has its two steps to
 * come to terms. */
static void who_had_the_wrong_keys_may_be_behind(void **state)
{
    struct federation *federation = opened();
    struct arena *arena = &(struct arena){ 0 };
    struct behind behind = { BEHIND_FENCE, 0 };
    struct peer *peer = federation_peer(federation, 0, 1);
    const struct reply rekey = { .plain = PLAIN_REKEY };
    (void)state;
    assert_int_equal(arena_init(arena, 1u << 20), ERR_NONE);
    const char *id = federation_submit(federation, 0, 1, "first");
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(federation_message(federation, 0)->kind,
            peer->wants_head ? REQUEST_HEAD : REQUEST_DELIVER);
        federation_answer(federation, 0, &rekey, ERR_NONE);
        federation_wait_until(federation, peer->next_try_steady_ms);
        struct node_input time = { .type = NODE_TIME };
        (void)federation_take(federation, 0, &time);
    }
    assert_true(peer->failure_count > 2);
    assert_true(peer->token != 0);
    reply_with(federation, REPLY_BEHIND, behind_write(&behind, arena));
    assert_int_equal(peer->failure_count, 0);
    assert_int_equal(peer->rekey_count, 0);
    federation_lose(federation, 0);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    arena_release(arena);
    federation_free(federation);
}

/* ---- What cannot be read ---- */

static struct key last_content(struct federation *federation, size_t agency)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    size_t count = damage_rows(federation, agency, 'c', rows);
    assert_true(count > 0);
    return rows[count - 1];
}

/* Nobody else has them: what was said before them leaves, and what the other
 * says goes on. */
static void words_that_are_damaged_hold_up_what_follows_them(void **state)
{
    struct federation *federation = opened();
    struct peer *peer = federation_peer(federation, 0, 1);
    (void)state;
    const char *ids[4];
    for (size_t i = 0; i < 3; i++) {
        const char *keys[] = { "in flight", "first", "damaged" };
        ids[i] = federation_submit(federation, 0, 1, keys[i]);
    }
    struct key key = last_content(federation, 0);
    ids[3] = federation_submit(federation, 0, 1, "behind");
    damage_row(federation, 0, key, false);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    federation_crash(federation, 0); /* nothing is in its memory */
    federation_run(federation);
    for (int i = 0; i < 3; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
    const char *states[] = { "delivered", "delivered", "none", "none" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(federation_state(federation, 1, ids[i]), states[i]);
    peer = federation_peer(federation, 0, 1);
    assert_string_equal(peer->problem, "damaged_here");
    const char *back = federation_submit(federation, 1, 0, "back");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, back), "delivered");
    federation_mark(federation);
    damage_row(federation, 0, key, false); /* as it was */
    federation_crash(federation, 0);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(
            federation_state(federation, 1, ids[i]), "delivered");
    federation_return(federation);
    federation_erase(federation, 0, ids[2]);
    federation_run(federation); /* at once */
    assert_string_equal(federation_state(federation, 1, ids[2]), "none");
    assert_string_equal(federation_state(federation, 1, ids[3]), "delivered");
    federation_free(federation);
}

static void a_parcel_that_is_damaged_stays_here(void **state)
{
    struct federation *federation = opened();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "in flight");
    struct key key = last_content(federation, 0);
    damage_row(federation, 0, key, false);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    federation_crash(federation, 0);
    federation_run(federation);
    assert_string_equal(
        federation_peer(federation, 0, 1)->problem, "damaged_here");
    federation_mark(federation);
    damage_row(federation, 0, key, false);
    federation_crash(federation, 0);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_return(federation);
    federation_erase(federation, 0, id);
    federation_run(federation);
    assert_int_equal(federation_peer(federation, 0, 1)->queued_count, 0);
    federation_free(federation);
}

static void who_asks_for_what_is_damaged_hears_that_there_is_nothing(
    void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    const char *id = federation_submit(federation, 1, 0, "in");
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    struct key key = last_content(federation, 1);
    damage_row(federation, 1, key, false);
    federation_crash(federation, 1);
    for (int i = 0; i < 4; i++)
        federation_wait(federation, COLLECT_WAIT_MS + REQUEST_TIMEOUT_MS);
    assert_string_equal(
        federation_peer(federation, 1, 0)->problem, "damaged_here");
    assert_true(federation_peer(federation, 1, 0)->collect_waits);
    assert_int_equal(federation_peer(federation, 0, 1)->failure_count, 0);
    damage_row(federation, 1, key, false);
    federation_crash(federation, 1);
    federation_crash(federation, 0); /* what it asked is gone with the line */
    for (int i = 0; i < 4; i++)
        federation_wait(federation, COLLECT_WAIT_MS + REQUEST_TIMEOUT_MS);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    federation_free(federation);
    arena_release(&arena);
}

/* ---- A greeting that is in vain ---- */

/* 0 only dials out, and 1 has seen two histories of it: until operators end
 * that, each greeting of 0 hears the same. */
struct desk {
    struct arena arena;
    struct federation *federation;
    struct author rogue;
};

static void desk_open(struct desk *desk)
{
    struct bench_reply reply;
    struct federation *federation = router_federation(&desk->arena);
    desk->federation = federation;
    federation_agree(federation);
    author_open(&desk->rogue, federation, 0, 1);
    router_tell(federation, 0, 1);
    federation_run(federation);
    author_add(&desk->rogue, ENTRY_PADDING, SLICE_LITERAL("other words"));
    author_greet(&desk->rogue);
    struct deliver deliver = author_parcel(&desk->rogue);
    assert_int_equal(
        author_send(&desk->rogue, &deliver, &reply), REPLY_CONFLICT);
    router_tell(federation, 0, 1);
    federation_run(federation);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_TROUBLED), 1);
    federation_crash(federation, 0); /* it greets as it starts */
    federation_run(federation);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
}

static void desk_close(struct desk *desk)
{
    author_close(&desk->rogue);
    federation_free(desk->federation);
    arena_release(&desk->arena);
}

static uint64_t heads_sent(const struct desk *desk)
{
    return federation_node(desk->federation, 0)->counters.heads_sent;
}

static uint64_t size_in(const struct desk *desk)
{
    struct work *work = federation_begin(desk->federation, 0);
    uint64_t size =
        peer_ledger(work, federation_peer(desk->federation, 0, 1), LEDGER_IN)
            ->frontier.size;
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    return size;
}

static void assert_collects(const struct desk *desk)
{
    uint64_t size = size_in(desk);
    router_tell(desk->federation, 1, 0);
    federation_run(desk->federation);
    federation_wait(desk->federation, RETRY_DELAY_MS_MIN);
    assert_int_equal(size_in(desk), size + 1);
}

/* Until the next greeting rests for minutes. */
static void collect_on(const struct desk *desk)
{
    for (int i = 0; i < 200; i++)
        assert_collects(desk);
    assert_true(federation_peer(desk->federation, 0, 1)->head_vain_count > 6);
}

static void what_is_collected_hastens_no_greeting_in_vain(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t before = heads_sent(&desk);
    collect_on(&desk);
    assert_in_range(heads_sent(&desk) - before, 6, 12);
    desk_close(&desk);
}

static void who_starts_anew_is_greeted_though_that_is_in_vain(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    collect_on(&desk);
    uint64_t before = heads_sent(&desk);
    struct peer *peer = federation_peer(desk.federation, 1, 0);
    (void)federation_begin(desk.federation, 1);
    peer->settled_out = false; /* as when it starts */
    peer->touched = true;
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    assert_collects(&desk);
    assert_true(heads_sent(&desk) > before);
    desk_close(&desk);
}

static void what_was_agreed_is_greeted_with_at_once(void **state)
{
    struct desk desk;
    struct call call;
    (void)state;
    desk_open(&desk);
    collect_on(&desk);
    for (size_t agency = 2; agency-- > 0;) {
        call_begin(&call, "ledger.renew");
        call_text(&call, "peer", federation_id(desk.federation, !agency)->text);
        assert_int_equal(
            federation_call(desk.federation, agency, &call)->err, ERR_NONE);
        federation_run(desk.federation);
    }
    federation_wait(desk.federation, RETRY_DELAY_MS_MIN);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    assert_true(peer->settled_out);
    assert_int_equal(peer->queued_count, 0);
    desk_close(&desk);
}

static void what_was_damaged_is_fetched_meanwhile(void **state)
{
    struct desk desk;
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    (void)state;
    desk_open(&desk);
    collect_on(&desk);
    size_t count = damage_rows(desk.federation, 0, 'c', rows);
    damage_row(desk.federation, 0, rows[count / 2], true);
    damage_patrol(desk.federation, 0);
    assert_true(federation_node(desk.federation, 0)->patrol.mended > 0);
    desk_close(&desk);
}

/* Somebody who has the keys of 1 was heard by 0, who has no way to know. */
static void two_histories_for_who_only_dials_out(struct desk *desk)
{
    struct federation *federation = router_federation(&desk->arena);
    desk->federation = federation;
    federation_agree(federation);
    author_open(&desk->rogue, federation, 1, 0);
    router_tell(federation, 1, 0);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    author_add(&desk->rogue, ENTRY_PADDING, SLICE_LITERAL("other words"));
    author_greet(&desk->rogue);
    author_deliver(&desk->rogue);
    federation_crash(federation, 0);
    federation_run(federation);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_TROUBLED), 1);
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_TROUBLED), 0);
}

static void who_waits_for_one_that_stopped_does_not_ask_on(void **state)
{
    struct desk desk;
    (void)state;
    two_histories_for_who_only_dials_out(&desk);
    uint64_t before = heads_sent(&desk);
    for (int i = 0; i < 64; i++) {
        router_tell(desk.federation, 0, 1);
        federation_run(desk.federation);
        federation_wait(desk.federation, RETRY_DELAY_MS_MIN);
    }
    assert_in_range(heads_sent(&desk) - before, 0, 4);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_that_says_nothing_is_not_asked_for_at_once),
        cmocka_unit_test(without_a_key_to_seal_with_heads_keep_their_distance),
        cmocka_unit_test(without_a_key_what_is_damaged_waits_as_well),
        cmocka_unit_test(two_that_are_full_do_not_wake_each_other),
        cmocka_unit_test(who_is_behind_for_ever_is_asked_less_and_less),
        cmocka_unit_test(who_was_away_for_long_may_stumble_as_at_first),
        cmocka_unit_test(who_had_the_wrong_keys_may_be_behind),
        cmocka_unit_test(words_that_are_damaged_hold_up_what_follows_them),
        cmocka_unit_test(a_parcel_that_is_damaged_stays_here),
        cmocka_unit_test(
            who_asks_for_what_is_damaged_hears_that_there_is_nothing),
        cmocka_unit_test(what_is_collected_hastens_no_greeting_in_vain),
        cmocka_unit_test(who_starts_anew_is_greeted_though_that_is_in_vain),
        cmocka_unit_test(what_was_agreed_is_greeted_with_at_once),
        cmocka_unit_test(what_was_damaged_is_fetched_meanwhile),
        cmocka_unit_test(who_waits_for_one_that_stopped_does_not_ask_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
