#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/ledger.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/refill.h"
#include "core/settle.h"
#include "support/bench_loss.h"
#include "support/crypto_fake.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct federation *two(void)
{
    return federation_of_two();
}

/* Both ends hold the same of both ledgers, and may go on. */
static void assert_equal_ends(struct federation *federation)
{
    for (size_t i = 0; i < 2; i++) {
        struct merkle_hash roots[2];
        uint64_t generations[2];
        for (size_t end = 0; end < 2; end++) {
            struct work *work = federation_begin(federation, end);
            struct peer *peer = federation_peer(federation, end, 1 - end);
            struct ledger *ledger =
                peer_ledger(work, peer, end == i ? LEDGER_OUT : LEDGER_IN);
            assert_int_equal(ledger->cosigned, ledger->frontier.size);
            assert_int_equal(ledger->unfolded, 0);
            assert_int_equal(ledger->trouble, LEDGER_NONE);
            assert_true(peer->settled_out && peer->settled_in);
            generations[end] = ledger->generation;
            merkle_root(work->crypto, &ledger->frontier, &roots[end]);
            assert_int_equal(federation_end(federation, end), ERR_NONE);
        }
        assert_int_equal(generations[0], generations[1]);
        assert_memory_equal(&roots[0], &roots[1], sizeof roots[0]);
    }
}

static uint64_t generation_of(struct federation *federation, size_t at)
{
    struct work *work = federation_begin(federation, at);
    uint64_t generation =
        peer_ledger(work, federation_peer(federation, at, 1 - at), LEDGER_OUT)
            ->generation;
    assert_int_equal(federation_end(federation, at), ERR_NONE);
    return generation;
}

static void assert_states(
    struct federation *federation, const char *id, const char *state)
{
    assert_string_equal(federation_state(federation, 0, id), state);
    assert_string_equal(federation_state(federation, 1, id), state);
}

static char *copied(const char *id)
{
    char *copy = strdup(id);
    assert_non_null(copy);
    return copy;
}

static const char *const offer[] = { "offer_kind", "walk_in", NULL };

static void a_referrer_that_lost_all_gets_all_back(void **state)
{
    struct federation *federation = two();
    char *first = copied(federation_submit(federation, 0, 1, "first"));
    char *second = copied(federation_submit(federation, 0, 1, "second"));
    (void)state;
    federation_run(federation);
    (void)federation_act(federation, 1, second, "opened", "o", NULL);
    federation_run(federation);
    assert_states(federation, second, "seen");
    uint64_t before = generation_of(federation, 0);
    federation_lose_store(federation, 0);
    assert_string_equal(federation_state(federation, 0, first), "none");
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_states(federation, first, "delivered");
    assert_states(federation, second, "seen");
    assert_int_not_equal(generation_of(federation, 0), before);
    assert_equal_ends(federation);
    /* and it goes on, with the agreement it had */
    const char *third = federation_submit(federation, 0, 1, "third");
    federation_run(federation);
    assert_states(federation, third, "delivered");
    assert_equal_ends(federation);
    federation_free(federation);
    free(first);
    free(second);
}

static void a_receiver_that_lost_all_gets_all_back(void **state)
{
    struct federation *federation = two();
    char *first = copied(federation_submit(federation, 0, 1, "first"));
    char *second = copied(federation_submit(federation, 0, 1, "second"));
    (void)state;
    federation_run(federation);
    (void)federation_act(federation, 1, second, "opened", "o", NULL);
    federation_run(federation);
    (void)federation_act(federation, 1, second, "accept", "a", offer);
    federation_run(federation);
    const char *before = federation_state(federation, 0, second);
    char *was = copied(before);
    federation_lose_store(federation, 1);
    federation_connect(federation, 1, 0);
    federation_wait(federation, 600000);
    assert_states(federation, first, "delivered");
    assert_states(federation, second, was);
    assert_equal_ends(federation);
    (void)federation_act(federation, 1, first, "opened", "o2", NULL);
    federation_run(federation);
    assert_states(federation, first, "seen");
    federation_free(federation);
    free(first);
    free(second);
    free(was);
}

/* The Head of 1 for 0, with a size of the ledger of 0 that is made up. */
static struct slice head_made_up(
    struct federation *federation, struct arena *arena)
{
    struct head head;
    struct ledger_view views[2];
    struct work *work = federation_begin(federation, 1);
    struct slice body =
        settle_head(work, federation_peer(federation, 1, 0), true);
    assert_int_equal(head_read(body, arena, &head), ERR_NONE);
    assert_int_equal(head.ledger_count, 2);
    for (size_t i = 0; i < 2; i++) {
        views[i] = head.ledgers[i];
        views[i].size += views[i].authored ? 0 : 1000;
    }
    head.ledgers = views;
    body = head_write(&head, arena);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    return body;
}

/* What came from there is not judged without what was sent there: who makes up
 * sizes is asked again. */
static void who_makes_up_sizes_leads_to_no_verdicts(void **state)
{
    struct federation *federation = two();
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    struct arena arena;
    char *there = copied(federation_submit(federation, 0, 1, "there"));
    char *back = copied(federation_submit(federation, 1, 0, "back"));
    (void)state;
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    federation_run(federation);
    (void)federation_act(federation, 1, there, "opened", "o", NULL);
    federation_run(federation);
    federation_restore(federation, 0, backup);
    assert_int_equal(federation_message(federation, 0)->kind, REQUEST_HEAD);
    const struct reply reply = { .kind = REPLY_HEAD,
        .body = head_made_up(federation, &arena) };
    federation_answer(federation, 0, &reply, ERR_NONE);
    assert_int_equal(federation_message(federation, 0)->kind, REQUEST_FETCH);
    federation_deliver(federation, 0);
    federation_deliver(federation, 0);
    assert_int_equal(federation_message(federation, 0)->kind, REQUEST_HEAD);
    assert_string_equal(federation_state(federation, 0, back), "none");
    federation_answer(federation, 0, &reply, ERR_NONE);
    assert_string_equal(federation_peer(federation, 0, 1)->problem, "unproved");
    federation_wait(federation, 600000);
    assert_states(federation, there, "seen");
    assert_states(federation, back, "delivered");
    assert_equal_ends(federation);
    federation_free(federation);
    store_memory_snapshot_free(backup);
    arena_release(&arena);
    free(there);
    free(back);
}

/* What peer.list and ledger.list say of agency 1 at agency 0. */
static bool tells(struct federation *federation, const char *operation,
    const char *field, const char *value)
{
    struct call call;
    call_begin(&call, operation);
    const struct local_reply *reply = federation_call(federation, 0, &call);
    for (size_t i = 0; i < reply->record_count; i++)
        if (slice_is(record_text(&reply->records[i], field), value))
            return true;
    return false;
}

static void an_operator_sees_how_far_it_is(void **state)
{
    struct federation *federation = two();
    (void)federation_submit(federation, 0, 1, "first");
    (void)state;
    federation_run(federation);
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1); /* nothing is missing after it */
    assert_true(tells(federation, "peer.list", "state", "connected"));
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    uint64_t held;
    uint64_t goal;
    assert_false(refill_progress(work, peer, LEDGER_OUT, &held, &goal));
    peer->goals[0] = (struct refill_goal){ .wanted = true,
        .next = { .generation = out->generation, .size = 900 } };
    out->refills = true;
    assert_true(refill_progress(work, peer, LEDGER_OUT, &held, &goal));
    assert_int_equal(held, out->cosigned);
    assert_int_equal(goal, 900);
    peer->next_try_steady_ms = INT64_MAX;
    out->changed = true;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_true(tells(federation, "peer.list", "state", "recovering"));
    assert_true(tells(federation, "ledger.list", "state", "recovering"));
    federation_free(federation);
}

static void an_old_backup_forgets_nothing_that_the_peer_holds(void **state)
{
    struct federation *federation = two();
    char *old = copied(federation_submit(federation, 0, 1, "old"));
    (void)state;
    federation_run(federation);
    for (size_t at = 0; at < 2; at++) {
        char key[2][16] = { "new 0", "step 0" };
        key[0][4] = (char)('0' + at);
        key[1][5] = (char)('0' + at);
        struct store_memory_snapshot *backup =
            federation_back_up(federation, at);
        char *id = copied(federation_submit(federation, 0, 1, key[0]));
        federation_run(federation);
        (void)federation_act(federation, 1, id, "opened", key[1], NULL);
        federation_run(federation);
        federation_restore(federation, at, backup);
        store_memory_snapshot_free(backup);
        assert_string_equal(federation_state(federation, at, id), "none");
        federation_wait(federation, 600000);
        assert_states(federation, id, "seen");
        assert_states(federation, old, "delivered");
        assert_equal_ends(federation);
        assert_int_equal(
            federation_logged(federation, at, LOG_LEDGER_RECOVERED), 1);
        free(id);
    }
    federation_free(federation);
    free(old);
}

/* How often agency 0 asks for that within an hour, while agency 1 refuses it
 * and is in order else. */
static size_t asked_in_vain(enum request_kind kind)
{
    struct federation *federation = two();
    struct node_input time = { .type = NODE_TIME };
    int64_t now_ms = 0;
    size_t count = 0;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 4096), ERR_NONE);
    struct reply refused = { .kind = REPLY_REFUSED,
        .body = refusal_write(REFUSAL_ADDRESS, &arena) };
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    for (int second = 0; second < 3600; second++) {
        while (federation_message_count(federation) > 0) {
            const struct bench_message *message =
                federation_message(federation, 0);
            if (!message->is_reply && message->from == 0 &&
                message->kind == kind) {
                federation_answer(federation, 0, &refused, ERR_NONE);
                count++;
            } else {
                federation_deliver(federation, 0);
            }
        }
        federation_wait_until(federation, now_ms += 1000);
        for (size_t at = 0; at < 2; at++)
            if (node_wake_steady_ms(federation_node(federation, at)) <= now_ms)
                assert_int_equal(
                    federation_step(federation, at, &time), ERR_NONE);
    }
    arena_release(&arena);
    federation_free(federation);
    return count;
}

static void what_is_refused_is_asked_for_ever_more_seldom(void **state)
{
    static const enum request_kind kinds[] = { REQUEST_HEAD, REQUEST_FETCH };
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        size_t count = asked_in_vain(kinds[i]);
        assert_true(count > 8);
        assert_true(count < 50); /* ten until they are 5 min apart, or half */
    }
}

/* Agency 0 holds so many parcels for 1, with 60 kB each. */
static void say_much(struct federation *federation, int count)
{
    static uint8_t words[60000];
    struct tell tell = { .kind = ENTRY_PADDING, .content = SLICE_ARRAY(words) };
    for (int i = 0; i < count; i++) {
        struct work *work = federation_begin(federation, 0);
        assert_true(
            delivery_tell(work, federation_peer(federation, 0, 1), &tell));
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        federation_run(federation);
    }
}

/* Goes on until 1 asks 0 for what it lost; up to how many bytes. */
static uint32_t asked_size(struct federation *federation)
{
    struct fetch fetch = { 0 };
    struct arena arena;
    const struct bench_message *message = federation_message(federation, 0);
    while (message->is_reply || message->kind != REQUEST_FETCH) {
        federation_deliver(federation, 0);
        message = federation_message(federation, 0);
    }
    assert_int_equal(arena_init(&arena, 65536), ERR_NONE);
    assert_int_equal(fetch_read(message->body, &arena, &fetch), ERR_NONE);
    arena_release(&arena);
    return fetch.size_max;
}

static void as_much_is_taken_back_at_once_as_the_line_is_fast(void **state)
{
    static const uint32_t sizes[] = { PARCEL_SIZE_LIST };
    struct federation *federation = two();
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    struct node_input time = { .type = NODE_TIME };
    (void)state;
    say_much(federation, 40);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    assert_int_equal(asked_size(federation), sizes[0]);
    federation_deliver(federation, 0);
    assert_int_equal(asked_size(federation), sizes[1]);
    federation_lose(federation, 0); /* it takes too long */
    federation_wait_until(
        federation, node_wake_steady_ms(federation_node(federation, 1)));
    assert_int_equal(federation_step(federation, 1, &time), ERR_NONE);
    assert_int_equal(asked_size(federation), sizes[0]);
    federation_deliver(federation, 0);
    assert_int_equal(asked_size(federation), sizes[1]);
    federation_deliver(federation, 0);
    assert_int_equal(asked_size(federation), sizes[2]);
    federation_wait(federation, 600000);
    assert_equal_ends(federation);
    federation_free(federation);
}

/* Entries of that kind that agency 0 wrote to the other one in its present
 * generation. */
static unsigned told_count(
    struct federation *federation, size_t other, enum entry_kind kind)
{
    unsigned count = 0;
    struct ledger_parcel parcel;
    struct entry_header header;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, other), LEDGER_OUT);
    for (uint64_t at = 0; ledger_parcel_at(work, out, at, &parcel);
         at += parcel.count)
        for (size_t i = 0; i < parcel.count; i++) {
            assert_int_equal(entry_header_read(parcel.entries[i].header,
                                 work->scratch, &header),
                ERR_NONE);
            count += header.kind == kind;
        }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return count;
}

/* A hub that lost everything has as many ledgers as members: what comes back
 * with one is told to the others where it is news, and once. */
static void agreements_are_told_once_after_a_loss(void **state)
{
    struct federation *federation = federation_new(3);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_connect(federation, 0, 2);
    federation_agree(federation);
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_int_equal(told_count(federation, 1, ENTRY_GENERATION), 1);
    assert_int_equal(told_count(federation, 1, ENTRY_MOU_IN_FORCE), 1);
    federation_connect(federation, 0, 2);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    assert_int_equal(told_count(federation, 2, ENTRY_GENERATION), 1);
    assert_int_equal(told_count(federation, 1, ENTRY_MOU_IN_FORCE), 1);
    assert_int_equal(told_count(federation, 1, ENTRY_MOU_OFFER), 1);
    /* once when its card was accepted, once as the ledger goes on */
    assert_in_range(told_count(federation, 2, ENTRY_MOU_IN_FORCE), 1, 2);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referrer_that_lost_all_gets_all_back),
        cmocka_unit_test(a_receiver_that_lost_all_gets_all_back),
        cmocka_unit_test(who_makes_up_sizes_leads_to_no_verdicts),
        cmocka_unit_test(an_operator_sees_how_far_it_is),
        cmocka_unit_test(an_old_backup_forgets_nothing_that_the_peer_holds),
        cmocka_unit_test(what_is_refused_is_asked_for_ever_more_seldom),
        cmocka_unit_test(as_much_is_taken_back_at_once_as_the_line_is_fast),
        cmocka_unit_test(agreements_are_told_once_after_a_loss),
    };
    return cmocka_run_group_tests_name("refill", tests, NULL, NULL);
}
