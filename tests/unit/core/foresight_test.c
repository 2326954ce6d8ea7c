/*
 * What of the next parcel is made ready, how much at once, and is what leaves
 * the same without it?
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/foresight.h"
#include "core/keys.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/request.h"
#include "support/bench_node.h"

#define PIECE_COUNT 32u /* at once */
#define TOLD_COUNT_MAX 2200u

/* 0 told 1 more than one parcel carries; the first is on the line. */
struct desk {
    struct federation *federation;
    uint32_t ledger;
    size_t told_count;
    struct content_ref contents[TOLD_COUNT_MAX]; /* in their order */
};

static struct ledger *out_of(struct desk *desk, struct work *work)
{
    return peer_ledger(
        work, federation_peer(desk->federation, 0, 1), LEDGER_OUT);
}

static void tell(struct desk *desk, size_t count, size_t size)
{
    static uint8_t bytes[CONTENT_SIZE_MAX];
    struct work *work = federation_begin(desk->federation, 0);
    struct peer *peer = federation_peer(desk->federation, 0, 1);
    struct intent intent = { 0 };
    for (size_t i = 0; i < count; i++) {
        const struct tell words = { .kind = ENTRY_PADDING,
            .content = slice_of(bytes, size) };
        memcpy(bytes, &i, sizeof i);
        assert_true(delivery_tell(work, peer, &words));
    }
    const struct ledger *out = out_of(desk, work);
    desk->ledger = out->number;
    desk->told_count = 0;
    while (outbox_next(work, out, intent.number + 1, &intent))
        desk->contents[desk->told_count++] = intent.content;
    assert_int_equal(desk->told_count, count);
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
}

static struct desk *desk_new(size_t count, size_t size)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->federation = federation_of_two();
    tell(desk, count, size);
    assert_int_equal(federation_message_count(desk->federation), 1);
    return desk;
}

static void desk_free(struct desk *desk)
{
    federation_free(desk->federation);
    free(desk);
}

static enum err try_foresee(struct federation *federation)
{
    struct store *store = federation_store(federation, 0);
    struct node *node = federation_node(federation, 0);
    struct store_txn *txn;
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    enum err err = node_foresee(node, txn);
    assert_int_equal(err, txn->err);
    assert_int_equal(node->scratch->used, 0);
    store->ops->abort(txn);
    return err;
}

static void foresee(struct federation *federation)
{
    assert_int_equal(try_foresee(federation), ERR_NONE);
}

/* How often it took. */
static size_t foresee_all(struct federation *federation)
{
    size_t count = 0;
    for (; node_may_foresee(federation_node(federation, 0)); count++)
        foresee(federation);
    return count;
}

static bool is_ready(const struct desk *desk, size_t index)
{
    struct node *node = federation_node(desk->federation, 0);
    const struct content_recent_item *item = content_recent_find(&node->recent,
        desk->contents[index].segment, desk->contents[index].slot);
    return item != NULL && content_recent_has_digest(item);
}

static size_t ready_count(const struct desk *desk)
{
    size_t count = 0;
    for (size_t i = 0; i < desk->told_count; i++)
        count += is_ready(desk, i);
    return count;
}

/* Entries of the parcel that is the only thing on the line. */
static size_t entry_count(struct desk *desk)
{
    struct arena arena;
    struct deliver deliver;
    const struct bench_message *message =
        federation_message(desk->federation, 0);
    assert_int_equal(message->kind, REQUEST_DELIVER);
    assert_int_equal(arena_init(&arena, 8u << 20), ERR_NONE);
    assert_int_equal(deliver_read(message->body, &arena, &deliver), ERR_NONE);
    size_t count = deliver.parcel.entry_count;
    arena_release(&arena);
    return count;
}

static void take_time(struct federation *federation)
{
    federation_wait_until(
        federation, federation_steady_ms(federation) + PARCEL_QUICK_MS + 1);
}

/* It arrives, its cosignature comes back, and the next one leaves, no larger:
 * that was not quick. */
static void next_parcel(struct desk *desk)
{
    take_time(desk->federation);
    federation_deliver(desk->federation, 0);
    while (federation_message_count(desk->federation) > 0 &&
           federation_message(desk->federation, 0)->is_reply)
        federation_deliver(desk->federation, 0);
}

static void the_next_parcel_is_made_ready_in_pieces(void **state)
{
    enum { COUNT = 200, SIZE = 1000 };
    struct desk *desk = desk_new(COUNT, SIZE);
    const size_t sizes[] = { PARCEL_SIZE_LIST };
    const size_t fits = sizes[0] / SIZE;
    size_t first = entry_count(desk);
    (void)state;
    assert_in_range(first, PIECE_COUNT, fits);
    assert_true(COUNT - first >= PARCEL_SMALL_COUNT);
    assert_true(node_may_foresee(federation_node(desk->federation, 0)));
    assert_int_equal(ready_count(desk), 0);
    uint64_t hash = store_memory_hash(federation_store(desk->federation, 0));
    foresee(desk->federation);
    assert_int_equal(ready_count(desk), PIECE_COUNT);
    assert_true(node_may_foresee(federation_node(desk->federation, 0)));
    assert_int_equal(foresee_all(desk->federation), 1);
    assert_int_equal(ready_count(desk), fits);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(is_ready(desk, i), i >= first && i < first + fits);
    foresee(desk->federation); /* nothing more */
    assert_int_equal(ready_count(desk), fits);
    assert_int_equal(
        store_memory_hash(federation_store(desk->federation, 0)), hash);
    /* all that it carries was */
    next_parcel(desk);
    assert_true(entry_count(desk) <= fits);
    for (size_t i = 0; i < first + entry_count(desk); i++)
        assert_false(is_ready(desk, i)); /* it is taken */
    desk_free(desk);
}

static void no_more_entries_than_a_parcel_has_are_looked_at(void **state)
{
    struct desk *desk = desk_new(TOLD_COUNT_MAX, sizeof(size_t));
    (void)state;
    size_t left = TOLD_COUNT_MAX - entry_count(desk);
    assert_true(left > PARCEL_ENTRY_COUNT_MAX);
    assert_int_equal(foresee_all(desk->federation),
        PARCEL_ENTRY_COUNT_MAX / PIECE_COUNT + 1);
    assert_in_range(ready_count(desk), 1, PARCEL_ENTRY_COUNT_MAX);
    desk_free(desk);
}

static void it_ends_with_what_waits(void **state)
{
    struct desk *desk = desk_new(500, 20);
    (void)state;
    size_t first = entry_count(desk);
    assert_in_range(500 - first, PARCEL_SMALL_COUNT, 499);
    assert_int_equal(
        foresee_all(desk->federation), (500 - first) / PIECE_COUNT + 1);
    desk_free(desk);
}

static void few_are_not_worth_a_look(void **state)
{
    struct desk *desk = desk_new(200, 1000);
    struct node *node = federation_node(desk->federation, 0);
    (void)state;
    assert_true(node_may_foresee(node));
    size_t left = 200 - entry_count(desk);
    while (left > 0) {
        assert_int_equal(node_may_foresee(node), left >= PARCEL_SMALL_COUNT);
        next_parcel(desk); /* what was begun is not gone on with */
        left -= entry_count(desk);
    }
    assert_false(node_may_foresee(node));
    assert_int_equal(foresee_all(desk->federation), 0);
    foresee(desk->federation);
    federation_run(desk->federation);
    assert_int_equal(ready_count(desk), 0);
    desk_free(desk);
}

/* ---- What happens in between ------------------------------------------- */

static void after_a_restart_nothing_is_foreseen(void **state)
{
    struct desk *desk = desk_new(200, 1000);
    (void)state;
    foresee(desk->federation);
    federation_crash(desk->federation, 0);
    assert_false(node_may_foresee(federation_node(desk->federation, 0)));
    assert_int_equal(ready_count(desk), 0);
    federation_free(desk->federation);
    free(desk);
}

static void an_intent_that_is_gone_is_passed_over(void **state)
{
    struct desk *desk = desk_new(200, 1000);
    struct intent intent = { 0 };
    (void)state;
    size_t first = entry_count(desk);
    foresee(desk->federation);
    struct work *work = federation_begin(desk->federation, 0);
    struct ledger *out = out_of(desk, work);
    for (size_t i = 0; i < 2 * PIECE_COUNT; i++) {
        assert_true(outbox_next(work, out, intent.number + 1, &intent));
        if (i % 2 != 0)
            continue;
        outbox_take(work, out, &intent);
        content_erase(work->contents, work->txn, work->arena, intent.content);
    }
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    assert_int_equal(ready_count(desk), PIECE_COUNT / 2);
    (void)foresee_all(desk->federation);
    assert_true(ready_count(desk) > PIECE_COUNT);
    for (size_t i = first; i < first + 2 * PIECE_COUNT; i += 2)
        assert_false(is_ready(desk, i));
    federation_run(desk->federation);
    assert_int_equal(federation_whole_count(desk->federation, 0), 2);
    assert_int_equal(federation_whole_count(desk->federation, 1), 2);
    desk_free(desk);
}

static void errors_of_the_store_are_told(void **state)
{
    struct desk *desk = desk_new(200, 1000);
    struct node *node = federation_node(desk->federation, 0);
    struct intent intent;
    (void)state;
    size_t capacity = node->scratch->capacity;
    struct store *store = federation_store(desk->federation, 0);
    struct store_txn *txn;
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    node->scratch->capacity = 512;
    assert_int_equal(node_foresee(node, txn), ERR_NO_MEMORY);
    node->scratch->capacity = capacity;
    store->ops->abort(txn);
    assert_true(node_may_foresee(node));
    struct work *work = federation_begin(desk->federation, 0);
    assert_true(outbox_next(work, out_of(desk, work), 0, &intent));
    struct key key = key_intent(desk->ledger, intent.number);
    store_put(work->txn, key_slice(&key), SLICE_NONE);
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    assert_int_equal(try_foresee(desk->federation), ERR_CORRUPT);
    desk_free(desk);
}

/* ---- The same without it ----------------------------------------------- */

#define REFERRAL_COUNT 480u
#define ERASED_COUNT 12u

/* What went over the line. */
struct transcript {
    struct arena arena;
    struct slice bodies[1000];
    size_t count;
    size_t foreseen_count; /* times */
    uint64_t hashes[2];    /* of the stores */
};

static void line_move(
    struct transcript *transcript, struct federation *federation)
{
    if (federation_message_count(federation) == 0)
        return;
    take_time(federation);
    struct slice body = federation_message(federation, 0)->body;
    assert_true(transcript->count < 1000);
    transcript->bodies[transcript->count] =
        arena_copy(&transcript->arena, body);
    assert_true(
        body.size == 0 || transcript->bodies[transcript->count].bytes != NULL);
    transcript->count++;
    federation_deliver(federation, 0);
}

/* Many referrals wait, of which some are erased while others arrive. */
static void transcript_make(struct transcript *transcript, bool foresees)
{
    static char ids[ERASED_COUNT][64];
    struct federation *federation = federation_of_two();
    *transcript = (struct transcript){ .count = 0 };
    assert_int_equal(arena_init(&transcript->arena, 16u << 20), ERR_NONE);
    for (unsigned i = 0; i < REFERRAL_COUNT; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%u", i);
        const char *id = federation_submit(federation, 0, 1, key);
        if (i % (REFERRAL_COUNT / ERASED_COUNT) == 20)
            (void)snprintf(ids[i / (REFERRAL_COUNT / ERASED_COUNT)],
                sizeof ids[0], "%s", id);
    }
    struct node *node = federation_node(federation, 0);
    for (unsigned move = 0; move < 60; move++) {
        for (unsigned i = 0; i < 1 + move % 3; i++)
            if (foresees && node_may_foresee(node)) {
                foresee(federation);
                transcript->foreseen_count++;
            }
        if (move < ERASED_COUNT && ids[move][0] != '\0')
            federation_erase(federation, 0, ids[move]);
        line_move(transcript, federation);
    }
    assert_int_equal(federation_message_count(federation), 0);
    for (size_t i = 0; i < 2; i++) {
        transcript->hashes[i] =
            store_memory_hash(federation_store(federation, i));
        assert_int_equal(federation_whole_count(federation, i), 2);
    }
    federation_free(federation);
}

static void what_leaves_is_the_same_without_it(void **state)
{
    struct transcript with;
    struct transcript without;
    (void)state;
    transcript_make(&with, true);
    transcript_make(&without, false);
    assert_true(with.foreseen_count > 6);
    assert_int_equal(without.foreseen_count, 0);
    assert_int_equal(with.count, without.count);
    for (size_t i = 0; i < with.count; i++)
        assert_true(slice_equal(with.bodies[i], without.bodies[i]));
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(with.hashes[i], without.hashes[i]);
    arena_release(&with.arena);
    arena_release(&without.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_parcel_is_made_ready_in_pieces),
        cmocka_unit_test(no_more_entries_than_a_parcel_has_are_looked_at),
        cmocka_unit_test(it_ends_with_what_waits),
        cmocka_unit_test(few_are_not_worth_a_look),
        cmocka_unit_test(after_a_restart_nothing_is_foreseen),
        cmocka_unit_test(an_intent_that_is_gone_is_passed_over),
        cmocka_unit_test(errors_of_the_store_are_told),
        cmocka_unit_test(what_leaves_is_the_same_without_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
