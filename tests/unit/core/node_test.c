#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "io/store_memory.h"
#include "support/bench_node.h"
#include "support/crypto_fake.h"
#include "support/vault_plain.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The life of two nodes ---- */

static struct federation *agreed(void)
{
    return federation_of_two();
}

static void three_agencies_refer_to_each_other(void **state)
{
    struct federation *federation = federation_new(3);
    const char *ids[6];
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        federation_connect(federation, i, (i + 1) % 3);
    federation_agree(federation);
    for (size_t from = 0; from < 3; from++)
        for (size_t to = 0; to < 3; to++) {
            char key[] = { (char)('a' + from), (char)('a' + to), '\0' };
            if (from != to)
                ids[count++] = federation_submit(federation, from, to, key);
        }
    federation_run(federation);
    count = 0;
    for (size_t from = 0; from < 3; from++)
        for (size_t to = 0; to < 3; to++) {
            if (from == to)
                continue;
            const char *id = ids[count++];
            assert_string_equal(
                federation_state(federation, from, id), "delivered");
            assert_string_equal(
                federation_state(federation, to, id), "delivered");
            assert_string_equal(
                federation_state(federation, 3 - from - to, id), "none");
        }
    federation_free(federation);
}

static void equal_inputs_give_equal_stores(void **state)
{
    uint64_t hashes[2][2];
    (void)state;
    for (size_t turn = 0; turn < 2; turn++) {
        struct federation *federation = agreed();
        (void)federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        for (size_t i = 0; i < 2; i++)
            hashes[turn][i] =
                store_memory_hash(federation_store(federation, i));
        federation_free(federation);
    }
    assert_int_equal(hashes[0][0], hashes[1][0]);
    assert_int_equal(hashes[0][1], hashes[1][1]);
    assert_int_not_equal(hashes[0][0], hashes[0][1]);
}

static void an_idle_node_wishes_no_waking(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            node_wake_steady_ms(federation_node(federation, i)), INT64_MAX);
    federation_wait(federation, 3600000);
    assert_int_equal(federation_message_count(federation), 0);
    federation_free(federation);
}

/* ---- The row ---- */

static void the_row_survives_a_restart(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const struct node *node = federation_node(federation, 0);
    const uint64_t epoch = node->feed_epoch;
    const uint64_t position = node->feed_position_next;
    const uint64_t segment = node->segment_next;
    const uint32_t ledger = node->ledger_next;
    const uint32_t peer = node->peer_next;
    const uint64_t serial = node->own_sheet_serial;
    assert_true(epoch > 0 && epoch <= INT64_MAX);
    federation_crash(federation, 0);
    node = federation_node(federation, 0);
    assert_int_equal(node->feed_epoch, epoch);
    assert_int_equal(node->feed_position_next, position);
    assert_true(node->segment_next >= segment);
    assert_int_equal(node->ledger_next, ledger);
    assert_int_equal(node->peer_next, peer);
    assert_int_equal(node->own_sheet_serial, serial + 1);
    assert_true(
        agency_id_equal(node_agency(node), federation_id(federation, 0)));
    federation_free(federation);
}

/* Another node on the store of an agency, started with that card and vault; the
 * mark is NULL for a tool. */
static enum err start_with(struct federation *federation, size_t agency,
    struct slice card, struct vault *vault, const struct instance_mark *mark)
{
    static const struct node_options options = { .version = "0" };
    struct store *store = federation_store(federation, agency);
    struct arena arenas[3];
    struct store_txn *txn;
    struct store_usage usage;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(arena_init(&arenas[i], 16u << 20), ERR_NONE);
    struct node *node =
        node_new(&options, federation_crypto(federation, agency), vault,
            &arenas[0], &arenas[1], &arenas[2]);
    struct node_input input = { .type = NODE_START,
        .now = federation_now(federation) };
    input.of.start.card = card;
    input.of.start.mark = mark;
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    store->ops->usage(store, &usage);
    node_begin(node, txn, &usage);
    enum err err = node_step(node, &input);
    store->ops->abort(txn);
    node_release(node);
    for (size_t i = 0; i < 3; i++)
        arena_release(&arenas[i]);
    return err;
}

static enum err start_on(
    struct federation *federation, size_t agency, struct slice card)
{
    struct vault *vault = vault_plain_new();
    enum err err = start_with(federation, agency, card, vault, NULL);
    vault->ops->close(vault);
    return err;
}

/* It would bring back what was erased since, and lacks what was added. */
static void a_vault_that_is_older_than_the_store_is_refused(void **state)
{
    struct federation *federation = agreed();
    struct instance_mark mark = { .is_there = true };
    struct vault *copy = vault_plain_new();
    struct call call;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const struct node *node = federation_node(federation, 0);
    struct slice card = federation_card(federation, 0);
    mark.life = node_life(node);
    assert_int_equal(
        copy->ops->reserve(copy, node->vault->ops->count(node->vault)),
        ERR_NONE);
    while (copy->ops->changes(copy) < node->vault->ops->changes(node->vault)) {
        assert_int_equal(
            start_with(federation, 0, card, copy, &mark), ERR_STATE);
        assert_int_equal(
            copy->ops->reserve(copy, copy->ops->count(copy) + 1), ERR_NONE);
    }
    assert_int_equal(start_with(federation, 0, card, copy, &mark), ERR_NONE);
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    federation_run(federation);
    assert_int_equal(start_with(federation, 0, card, copy, &mark), ERR_STATE);
    /* who looks for damage goes on with it */
    assert_int_equal(start_with(federation, 0, card, copy, NULL), ERR_NONE);
    copy->ops->close(copy);
    federation_free(federation);
}

static void another_agencys_card_does_not_start_on_this_store(void **state)
{
    struct federation *federation = federation_new(2);
    struct slice own = federation_card(federation, 0);
    (void)state;
    assert_int_equal(start_on(federation, 0, own), ERR_NONE);
    assert_int_equal(
        start_on(federation, 0, federation_card(federation, 1)), ERR_CONFLICT);
    assert_int_equal(
        start_on(federation, 0, SLICE_LITERAL("no card")), ERR_MALFORMED);
    assert_int_equal(
        start_on(federation, 0,
            federation_card_new(federation, 0, 2,
                (struct instant){ FEDERATION_START_MS + FEDERATION_DAY_MS })),
        ERR_NONE);
    federation_free(federation);
}

/* A loss has a cause, a time, a life and the one before it. */
#define LOSS_FROM_END (1 + 3 * sizeof(uint64_t))

static void a_damaged_row_is_found(void **state)
{
    struct federation *federation = federation_new(1);
    struct key key = key_node();
    uint8_t row[256];
    size_t size;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct slice stored = store_get(work->txn, key_slice(&key));
    size = stored.size;
    assert_true(size < sizeof row);
    memcpy(row, stored.bytes, size);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    for (size_t cut = 0; cut <= size; cut++) {
        work = federation_begin(federation, 0);
        store_put(work->txn, key_slice(&key), slice_of(row, cut));
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        assert_int_equal(
            start_on(federation, 0, federation_card(federation, 0)),
            cut == size ? ERR_NONE : ERR_CORRUPT);
    }
    row[size - LOSS_FROM_END] = LOSS_CAUSE_COUNT;
    work = federation_begin(federation, 0);
    store_put(work->txn, key_slice(&key), slice_of(row, size));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(
        start_on(federation, 0, federation_card(federation, 0)), ERR_CORRUPT);
    federation_free(federation);
}

static void memory_too_small_for_a_node_makes_none(void **state)
{
    const struct node_options few = { .repeat_run_count = 64 };
    struct node *node = NULL;
    (void)state;
    for (size_t size = 1024; node == NULL; size += 1024) {
        struct arena small;
        assert_true(size < (1u << 20));
        assert_int_equal(arena_init(&small, size), ERR_NONE);
        node = node_new(&few, NULL, NULL, &small, &small, &small);
        arena_release(&small);
    }
    /* no more keys are remembered together than there may be */
    const struct node_options many = { .repeat_run_count = UINT32_MAX };
    struct arena large;
    assert_int_equal(arena_init(&large, 64u << 20), ERR_NONE);
    assert_non_null(node_new(&many, NULL, NULL, &large, &large, &large));
    arena_release(&large);
}

/* ---- Batches ---- */

static struct slice frame_of(struct call *call, struct arena *arena)
{
    struct local_request request = call_request(call);
    struct slice frame = local_request_write(&request, arena);
    assert_non_null(frame.bytes);
    return frame;
}

static struct node_input client_input(
    struct federation *federation, struct slice frame)
{
    struct node_input input = {
        .type = NODE_CLIENT, .now = federation_now(federation), .entropy = { 7 }
    };
    input.of.client.client = 1;
    input.of.client.rights = UINT32_MAX;
    input.of.client.uid = 1000;
    input.of.client.frame = frame;
    return input;
}

static void many_inputs_share_a_batch_and_one_commit(void **state)
{
    struct federation *federation = agreed();
    struct arena arena;
    size_t count;
    size_t replies = 0;
    size_t sent = 0;
    (void)state;
    assert_int_equal(arena_init(&arena, 4u << 20), ERR_NONE);
    uint64_t commits =
        store_memory_commit_count(federation_store(federation, 0));
    struct node *node = federation_node(federation, 0);
    (void)federation_begin(federation, 0);
    for (uint8_t i = 0; i < 50; i++) {
        char key[] = { 'k', (char)('0' + i / 10), (char)('0' + i % 10), '\0' };
        struct call call;
        federation_referral(federation, &call, 0, 1, key);
        struct node_input input =
            client_input(federation, frame_of(&call, &arena));
        input.entropy[1] = i;
        assert_int_equal(node_step(node, &input), ERR_NONE);
    }
    const struct node_output *outputs = node_outputs(node, &count);
    for (size_t i = 0; i < count; i++) {
        replies += outputs[i].type == NODE_CLIENT_REPLY;
        sent += outputs[i].type == NODE_SEND;
    }
    assert_int_equal(replies, 50);
    assert_int_equal(sent, 0); /* parcels are made at the end */
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(store_memory_commit_count(federation_store(federation, 0)),
        commits + 1);
    assert_int_equal(federation_message_count(federation), 1);
    struct deliver deliver;
    assert_int_equal(
        deliver_read(federation_message(federation, 0)->body, &arena, &deliver),
        ERR_NONE);
    assert_int_equal(deliver.parcel.entry_count, 50);
    federation_run(federation);
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RECEIVED), 50);
    arena_release(&arena);
    federation_free(federation);
}

static void without_room_for_another_input_nothing_happens(void **state)
{
    struct federation *federation = agreed();
    struct arena arena;
    struct call call;
    size_t before;
    size_t after;
    (void)state;
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    uint64_t hash = store_memory_hash(federation_store(federation, 0));
    struct node *node = federation_node(federation, 0);
    federation_referral(federation, &call, 0, 1, "first");
    struct node_input input = client_input(federation, frame_of(&call, &arena));
    struct work *work = federation_begin(federation, 0);
    const struct node_counters counters = node->counters;
    assert_non_null(arena_take(
        work->arena, work->arena->capacity - work->arena->used - 1024));
    size_t used = work->arena->used;
    (void)node_outputs(node, &before);
    for (int i = 0; i < 3; i++)
        assert_int_equal(node_step(node, &input), ERR_LIMIT);
    (void)node_outputs(node, &after);
    assert_int_equal(after, before);
    assert_int_equal(work->arena->used, used);
    assert_memory_equal(&node->counters, &counters, sizeof counters);
    assert_int_equal(work->txn->err, ERR_NONE);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(store_memory_hash(federation_store(federation, 0)), hash);
    /* the same input fits the next batch */
    assert_int_equal(federation_step(federation, 0, &input), ERR_NONE);
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_SUBMITTED), 1);
    arena_release(&arena);
    federation_free(federation);
}

static void nothing_leaves_when_the_commit_fails(void **state)
{
    static const enum store_memory_fault faults[] = { STORE_MEMORY_FAIL_BEFORE,
        STORE_MEMORY_FAIL_AFTER };
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct federation *federation = agreed();
        struct store *store = federation_store(federation, 0);
        struct arena arena;
        struct call call;
        assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
        federation_referral(federation, &call, 0, 1, "first");
        struct node_input input =
            client_input(federation, frame_of(&call, &arena));
        store_memory_fail_commit(store, 1, faults[i]);
        assert_int_equal(federation_step(federation, 0, &input), ERR_IO);
        assert_int_equal(federation_message_count(federation), 0);
        assert_null(federation_reply(federation, 0));
        federation_crash(federation, 0);
        /* nobody was told, so the program asks again, with the same key */
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
        federation_wait(federation, 600000);
        assert_int_equal(
            federation_logged(federation, 1, LOG_REFERRAL_RECEIVED), 1);
        arena_release(&arena);
        federation_free(federation);
    }
}

/* ---- Requests of peers ---- */

static void assert_refused(
    const struct bench_reply *reply, enum refusal_code want)
{
    uint8_t block[4096] = { 0 };
    struct arena arena = { .block = block, .capacity = sizeof block };
    enum refusal_code code;
    assert_int_equal(reply->kind, REPLY_REFUSED);
    assert_int_equal(refusal_read(reply->body, &arena, &code), ERR_NONE);
    assert_string_equal(refusal_code_name(code), refusal_code_name(want));
}

static void a_stranger_may_not_ask(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_reply reply;
    struct call call;
    (void)state;
    for (int imported = 0; imported < 2; imported++) {
        for (int kind = REQUEST_DELIVER; kind <= REQUEST_FETCH; kind++) {
            federation_request(
                federation, 1, 0, (enum request_kind)kind, SLICE_NONE, &reply);
            assert_refused(&reply, REFUSAL_STRANGER);
        }
        call_begin(&call, "card.import");
        call_data(&call, "data", federation_card(federation, 1));
        (void)federation_call(federation, 0, &call);
    }
    federation_free(federation);
}

static void the_last_resort_key_is_for_head_only(void **state)
{
    struct federation *federation = agreed();
    struct bench_reply reply;
    (void)state;
    federation_request_under(federation, 0, 1, REQUEST_DELIVER, SLICE_NONE,
        CRYPTO_OPENER_LAST_RESORT, &reply);
    assert_refused(&reply, REFUSAL_LAST_RESORT);
    federation_request_under(federation, 0, 1, REQUEST_HEAD, SLICE_NONE,
        CRYPTO_OPENER_LAST_RESORT, &reply);
    assert_int_equal(reply.kind, REPLY_HEAD);
    federation_free(federation);
}

static void what_does_not_decode_is_refused(void **state)
{
    struct federation *federation = agreed();
    struct bench_reply reply;
    (void)state;
    federation_request(federation, 0, 1, REQUEST_FETCH, SLICE_NONE, &reply);
    assert_refused(&reply, REFUSAL_MALFORMED);
    federation_request(
        federation, 0, 1, REQUEST_COLLECT, SLICE_LITERAL("no body"), &reply);
    assert_refused(&reply, REFUSAL_MALFORMED);
    assert_int_equal(federation_logged(federation, 1, LOG_PEER_REFUSED), 2);
    federation_free(federation);
}

/* ---- Key sheets ---- */

static void each_sheet_has_the_next_serial_also_after_a_restart(void **state)
{
    struct federation *federation = federation_new(1);
    static uint8_t bytes[SIGNED_CARD_SIZE_MAX];
    struct slice before = SLICE_NONE;
    (void)state;
    for (uint64_t serial = 1; serial < 6; serial++) {
        const struct node *node = federation_node(federation, 0);
        struct slice sheet = node_sheet(node);
        assert_int_equal(node->own_sheet_serial, serial);
        assert_false(slice_equal(sheet, before));
        memcpy(bytes, sheet.bytes, sheet.size);
        before = slice_of(bytes, sheet.size);
        if (serial % 2 == 0) {
            federation_crash(federation, 0);
            before = SLICE_NONE;
        } else {
            federation_sheet(federation, 0);
        }
    }
    federation_free(federation);
}

static void no_operation_key_no_sheet(void **state)
{
    struct federation *federation = federation_new(1);
    struct node_input input = { .type = NODE_SHEET };
    (void)state;
    crypto_fake_signer_destroy(
        federation_crypto(federation, 0), CRYPTO_SIGNER_OPERATION);
    assert_int_equal(federation_step(federation, 0, &input), ERR_KEY);
    crypto_fake_signer_rotate(
        federation_crypto(federation, 0), CRYPTO_SIGNER_OPERATION);
    federation_crash(federation, 0);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_agencies_refer_to_each_other),
        cmocka_unit_test(equal_inputs_give_equal_stores),
        cmocka_unit_test(an_idle_node_wishes_no_waking),
        cmocka_unit_test(the_row_survives_a_restart),
        cmocka_unit_test(another_agencys_card_does_not_start_on_this_store),
        cmocka_unit_test(a_vault_that_is_older_than_the_store_is_refused),
        cmocka_unit_test(a_damaged_row_is_found),
        cmocka_unit_test(memory_too_small_for_a_node_makes_none),
        cmocka_unit_test(many_inputs_share_a_batch_and_one_commit),
        cmocka_unit_test(without_room_for_another_input_nothing_happens),
        cmocka_unit_test(nothing_leaves_when_the_commit_fails),
        cmocka_unit_test(a_stranger_may_not_ask),
        cmocka_unit_test(the_last_resort_key_is_for_head_only),
        cmocka_unit_test(what_does_not_decode_is_refused),
        cmocka_unit_test(each_sheet_has_the_next_serial_also_after_a_restart),
        cmocka_unit_test(no_operation_key_no_sheet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
