#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/node_state.h"
#include "core/register.h"
#include "support/bench_node.h"

struct desk {
    struct federation *federation;
    struct work *work;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_new(1);
    desk->work = federation_begin(desk->federation, 0);
}

static void desk_close(struct desk *desk, enum err err)
{
    assert_int_equal(federation_end(desk->federation, 0), err);
    federation_free(desk->federation);
}

/* The largest row there is. */
static struct referral *some_referral(struct desk *desk)
{
    struct referral *referral =
        arena_take(desk->work->scratch, sizeof *referral);
    *referral = (struct referral){
        .uuid = { { 1, 2, 3 } },
        .peer = 77,
        .outgoing = true,
        .mou = { { 9, 8 } },
        .state = REFERRAL_VOID,
        .frozen = true,
        .own_seq = 5,
        .peer_seq = 6,
        .pending = 7,
        .created = { 1000 },
        .updated = { INT64_MAX },
        .ended = { 1001 },
        .taken = { 1002 },
        .let_go = { 1003 },
        .request = { 11, 12 },
        .offer = { 13, 14 },
        .position_count = REFERRAL_EVENT_COUNT_MAX,
    };
    for (uint32_t i = 0; i < REFERRAL_EVENT_COUNT_MAX; i++)
        referral->positions[i] = 1000 + i;
    return referral;
}

static void a_row_reads_as_it_was_written(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    const struct referral *want = some_referral(&desk);
    register_put(desk.work, want);
    const struct referral *got = register_get(desk.work, &want->uuid);
    assert_non_null(got);
    assert_true(uuid_equal(&got->uuid, &want->uuid));
    assert_int_equal(got->peer, want->peer);
    assert_true(got->outgoing);
    assert_true(mou_id_equal(&got->mou, &want->mou));
    assert_int_equal(got->state, want->state);
    assert_true(got->frozen);
    assert_int_equal(got->own_seq, 5);
    assert_int_equal(got->peer_seq, 6);
    assert_int_equal(got->pending, 7);
    assert_int_equal(got->created.unix_ms, 1000);
    assert_int_equal(got->updated.unix_ms, INT64_MAX);
    assert_int_equal(got->ended.unix_ms, 1001);
    assert_int_equal(got->taken.unix_ms, 1002);
    assert_int_equal(got->let_go.unix_ms, 1003);
    assert_int_equal(got->request.segment, 11);
    assert_int_equal(got->request.slot, 12);
    assert_int_equal(got->offer.segment, 13);
    assert_int_equal(got->offer.slot, 14);
    assert_int_equal(got->position_count, REFERRAL_EVENT_COUNT_MAX);
    assert_memory_equal(got->positions, want->positions, sizeof got->positions);
    desk_close(&desk, ERR_NONE);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_null(register_get(desk.work, &(struct uuid){ { 1 } }));
    assert_null(register_next(desk.work, &(struct uuid){ { 0 } }));
    desk_close(&desk, ERR_NONE);
}

static void rows_are_walked_in_the_order_of_their_ids(void **state)
{
    static const uint8_t firsts[] = { 200, 3, 90 };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < 3; i++)
        register_put(desk.work, &(struct referral){ .uuid = { { firsts[i] } },
                                    .state = REFERRAL_SENT });
    struct uuid from = { { 0 } };
    static const uint8_t order[] = { 3, 90, 200 };
    for (size_t i = 0; i < 3; i++) {
        const struct referral *referral = register_next(desk.work, &from);
        assert_int_equal(referral->uuid.bytes[0], order[i]);
        from = referral->uuid;
        from.bytes[15] = 1; /* the one after */
    }
    assert_null(register_next(desk.work, &from));
    from = (struct uuid){ { 90 } }; /* at or after */
    assert_int_equal(register_next(desk.work, &from)->uuid.bytes[0], 90);
    desk_close(&desk, ERR_NONE);
}

static void a_damaged_row_is_found(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct referral *referral = some_referral(&desk);
    struct key key = key_referral(&referral->uuid);
    referral->position_count = 2;
    register_put(desk.work, referral);
    struct slice row = arena_copy(
        desk.work->arena, store_get(desk.work->txn, key_slice(&key)));
    for (size_t size = 0; size < row.size; size++) {
        desk.work->txn->err = ERR_NONE;
        store_put(desk.work->txn, key_slice(&key), slice_of(row.bytes, size));
        assert_null(register_get(desk.work, &referral->uuid));
        assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
    }
    /* version, state, count of positions: beyond what there is */
    static const size_t at[] = { 0, 1 + 4 + 1 + 32,
        1 + 4 + 1 + 32 + 3 + 12 + 4 + 40 + 13 + 8 + 1 + 24 + 1 };
    for (size_t i = 0; i < 3; i++) {
        uint8_t *bytes = arena_take(desk.work->arena, row.size);
        memcpy(bytes, row.bytes, row.size);
        bytes[at[i]] = 0xff;
        desk.work->txn->err = ERR_NONE;
        store_put(desk.work->txn, key_slice(&key), slice_of(bytes, row.size));
        assert_null(register_get(desk.work, &referral->uuid));
        assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
    }
    desk_close(&desk, ERR_CORRUPT);
}

static void one_that_moves_says_how_far_it_is(void **state)
{
    static const struct moving rows[] = { { 8, 0, 2 }, { 8, 1, 2 },
        { 8, 2, 2 } };
    static const struct moving none[] = { { 8, 3, 2 }, { 8, 0, 3 } };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct referral *referral = some_referral(&desk);
    referral->position_count = 2;
    for (size_t i = 0; i < 3; i++) {
        referral->moving = rows[i];
        register_put(desk.work, referral);
        const struct referral *read = register_get(desk.work, &referral->uuid);
        assert_non_null(read);
        assert_memory_equal(&read->moving, &rows[i], sizeof rows[i]);
        assert_int_equal(read->entry, referral->entry);
    }
    for (size_t i = 0; i < 2; i++) {
        referral->moving = none[i];
        register_put(desk.work, referral);
        assert_null(register_get(desk.work, &referral->uuid));
        assert_int_equal(desk.work->txn->err, ERR_CORRUPT);
        desk.work->txn->err = ERR_NONE;
    }
    desk_close(&desk, ERR_NONE);
}

static void an_event_is_read_from_its_content(void **state)
{
    const struct named_value detail = { SLICE_LITERAL("words"),
        SLICE_LITERAL("as told") };
    const struct referral_event event = { .referral = { { 1 } },
        .type = EVENT_TURNED_AWAY,
        .seq = 3,
        .actor = ACTOR_PERSON,
        .at = { 5 },
        .details = &detail,
        .detail_count = 1 };
    struct desk desk;
    struct referral_event got;
    (void)state;
    desk_open(&desk);
    struct slice bytes = referral_event_write(&event, desk.work->scratch);
    struct content_ref ref = work_say(desk.work, VAULT_ENTRY_COMMON, bytes);
    assert_true(register_event(desk.work, ref, &got));
    assert_int_equal(got.type, EVENT_TURNED_AWAY);
    assert_true(slice_is(event_detail(&got, "words"), "as told"));
    content_erase(desk.work->contents, desk.work->txn, desk.work->arena, ref);
    assert_false(register_event(desk.work, ref, &got));
    assert_false(register_event(desk.work, CONTENT_NONE, &got));
    assert_false(work_failed(desk.work));
    ref = work_say(desk.work, VAULT_ENTRY_COMMON, SLICE_LITERAL("no event"));
    assert_false(register_event(desk.work, ref, &got));
    desk_close(&desk, ERR_CORRUPT);
}

/* A store that was put back counts from where others went on: what they sealed
 * was destroyed since, some of it in part. */
static void entries_that_were_destroyed_are_not_taken(void **state)
{
    struct desk desk;
    struct referral referral = { 0 };
    (void)state;
    desk_open(&desk);
    struct vault *vault = desk.work->node->vault;
    uint64_t next = desk.work->node->entry_next;
    const uint64_t destroyed[] = { next, next + 1, next + 3 };
    assert_int_equal(vault->ops->reserve(vault, next + 6), ERR_NONE);
    assert_int_equal(vault->ops->destroy(vault, destroyed, 3), ERR_NONE);
    register_entries_take(desk.work, &referral);
    assert_int_equal(referral.entry, next + 4);
    register_entries_take(desk.work, &referral);
    assert_int_equal(referral.entry, next + 6);
    desk_close(&desk, ERR_NONE);
}

static void what_is_no_outcome_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(erasure_outcome_name(ERASURE_OUTCOME_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_reads_as_it_was_written),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(rows_are_walked_in_the_order_of_their_ids),
        cmocka_unit_test(a_damaged_row_is_found),
        cmocka_unit_test(one_that_moves_says_how_far_it_is),
        cmocka_unit_test(an_event_is_read_from_its_content),
        cmocka_unit_test(entries_that_were_destroyed_are_not_taken),
        cmocka_unit_test(what_is_no_outcome_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
