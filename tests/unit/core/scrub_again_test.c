#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/hold.h"
#include "core/node_state.h"
#include "core/retention.h"
#include "core/scrub_again.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"
#include "support/bench_reader.h"

static struct key rows[DAMAGE_ROW_COUNT_MAX];

static const char *const why[] = { "reason", "NEED_MET_ELSEWHERE",
    "person_told", "yes", NULL };

/* A referral that has ended: it is to be erased one day, and its words wait to
 * be taken. */
static struct federation *ended(void)
{
    struct federation *federation = federation_of_two();
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 0, id, "cancel", "c", why)->err, ERR_NONE);
    federation_run(federation);
    return federation;
}

static struct slice value_of(
    struct federation *federation, struct key key, uint8_t copy[16])
{
    struct work *work = federation_begin(federation, 0);
    struct slice value = store_get(work->txn, key_slice(&key));
    assert_non_null(value.bytes);
    assert_true(value.size <= 16);
    memcpy(copy, value.bytes, value.size);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return slice_of(copy, value.size);
}

static void spoil(struct federation *federation, struct key key)
{
    struct work *work = federation_begin(federation, 0);
    store_put(work->txn, key_slice(&key), SLICE_LITERAL("no such row"));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void what_follows_from_the_referral_is_written_again(void **state)
{
    static const char tables[] = { 'x', 'w' };
    struct federation *federation = ended();
    uint64_t faults[SCRUB_FAULT_COUNT];
    (void)state;
    for (size_t i = 0; i < sizeof tables; i++) {
        uint8_t before[16];
        uint8_t after[16];
        size_t count = damage_rows(federation, 0, tables[i], rows);
        assert_true(count > 0);
        for (size_t k = 0; k < count; k++) {
            struct slice was = value_of(federation, rows[k], before);
            spoil(federation, rows[k]);
            assert_int_equal(damage_found(federation, 0, faults), 1);
            damage_patrol(federation, 0);
            assert_true(slice_equal(value_of(federation, rows[k], after), was));
            assert_int_equal(damage_found(federation, 0, faults), 0);
        }
    }
    assert_true(federation_logged(federation, 0, LOG_STORE_MENDED) > 0);
    federation_free(federation);
}

/* A key that turned names another time, place or referral. */
static void what_the_referral_does_not_say_is_left_alone(void **state)
{
    static const char tables[] = { 'x', 'w' };
    struct federation *federation = ended();
    (void)state;
    for (size_t i = 0; i < sizeof tables; i++) {
        assert_true(damage_rows(federation, 0, tables[i], rows) > 0);
        for (size_t at = 1; at < rows[0].size; at++) {
            struct key turned = rows[0];
            turned.bytes[at] ^= 0x40;
            struct work *work = federation_begin(federation, 0);
            assert_false(again_write(work, &turned));
            assert_int_equal(federation_end(federation, 0), ERR_NONE);
        }
        rows[0].size--;
        assert_false(again_is_known(key_slice(&rows[0])));
    }
    federation_free(federation);
}

static void no_other_table_is_written(void **state)
{
    struct federation *federation = ended();
    (void)state;
    for (char table = 'a'; table <= 'z'; table++)
        for (size_t i = damage_rows(federation, 0, table, rows); i > 0; i--)
            assert_int_equal(again_is_known(key_slice(&rows[i - 1])),
                table == 'x' || table == 'w' || table == 't');
    federation_free(federation);
}

/* The first row that can be read, in a store where one cannot. */
static bool seek_past(struct federation *federation, const struct key *damaged,
    struct key *first, bool *is_written)
{
    static const struct key none = { .size = 0 };
    struct work *work = federation_begin(federation, 0);
    struct store_txn *sound = work->txn;
    struct key from = { .bytes = { damaged->bytes[0] }, .size = 1 };
    struct slice key;
    struct slice row;
    uint64_t mended = work->node->patrol.mended;
    work->txn = damage_txn(sound, damaged);
    *first = none;
    bool is_there = again_seek(work, from, &key, &row);
    if (is_there) {
        first->size = key.size;
        memcpy(first->bytes, key.bytes, key.size);
    }
    *is_written = work->node->patrol.mended > mended;
    assert_int_equal(work->txn->err, ERR_NONE);
    work->txn = sound;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return is_there;
}

static void who_needs_the_first_row_gets_it_mended(void **state)
{
    static const char tables[] = { 'x', 'w' };
    struct federation *federation = ended();
    (void)state;
    for (size_t i = 0; i < sizeof tables; i++) {
        struct key first;
        bool is_written;
        assert_true(damage_rows(federation, 0, tables[i], rows) > 0);
        assert_true(seek_past(federation, &rows[0], &first, &is_written));
        assert_true(is_written);
        assert_true(slice_equal(key_slice(&first), key_slice(&rows[0])));
        /* one that authenticates, and is none */
        spoil(federation, rows[0]);
        struct work *work = federation_begin(federation, 0);
        struct slice key;
        struct slice row;
        struct key from = { .bytes = { (uint8_t)tables[i] }, .size = 1 };
        assert_true(again_seek(work, from, &key, &row));
        assert_int_equal(row.size, tables[i] == 'x' ? 0 : 8);
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
    }
    federation_free(federation);
}

static void one_that_nobody_can_write_is_passed_over_and_looked_at(void **state)
{
    static const char tables[] = { 'x', 'w' };
    (void)state;
    for (size_t i = 0; i < sizeof tables; i++) {
        struct federation *federation = ended();
        struct key first;
        bool is_written;
        size_t count = damage_rows(federation, 0, tables[i], rows);
        assert_true(count > 0);
        struct key turned = rows[0];
        turned.bytes[turned.size - 1] ^= 1; /* of no such referral */
        struct work *work = federation_begin(federation, 0);
        struct slice value = store_get(work->txn, key_slice(&rows[0]));
        uint8_t copy[8];
        memcpy(copy, value.bytes, value.size);
        store_put(work->txn, key_slice(&turned), slice_of(copy, value.size));
        store_del(work->txn, key_slice(&rows[0]));
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        assert_int_equal(
            seek_past(federation, &turned, &first, &is_written), count > 1);
        assert_false(is_written);
        assert_false(slice_equal(key_slice(&first), key_slice(&turned)));
        assert_int_equal(federation_node(federation, 0)->patrol.checks, 1);
        federation_free(federation);
    }
}

/* A gateway whose first row of each table cannot be read goes on. */
static void a_review_goes_on_past_a_damaged_row(void **state)
{
    static const char tables[] = { 'x', 'w' };
    (void)state;
    for (size_t i = 0; i < sizeof tables; i++) {
        struct federation *federation = ended();
        assert_true(damage_rows(federation, 0, tables[i], rows) > 0);
        struct work *work = federation_begin(federation, 0);
        struct store_txn *sound = work->txn;
        work->txn = damage_txn(sound, &rows[0]);
        retention_review(work, true);
        hold_review(work, true);
        retention_go_on(work);
        hold_go_on(work);
        assert_int_equal(work->txn->err, ERR_NONE);
        assert_int_equal(work->node->patrol.mended, 1);
        work->txn = sound;
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        federation_free(federation);
    }
}

/* In one step so many are passed over; the check that follows finds them. */
static void more_than_a_step_passes_over_end_it(void **state)
{
    struct federation *federation = ended();
    struct uuid uuid = { { 0 } };
    struct slice key;
    struct slice row;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct key first = key_due(1, &uuid);
    for (unsigned i = 0; i <= AGAIN_COUNT_MAX; i++) {
        uuid.bytes[15] = (uint8_t)i;
        struct key due = key_due(1, &uuid);
        store_put(work->txn, key_slice(&due), SLICE_LITERAL("no such row"));
    }
    assert_false(again_seek(work, first, &key, &row));
    uuid.bytes[15] = 1; /* one fewer */
    assert_true(again_seek(work, key_due(1, &uuid), &key, &row));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_true(federation_node(federation, 0)->patrol.is_under_way ||
                federation_node(federation, 0)->patrol.checks > 0);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_from_the_referral_is_written_again),
        cmocka_unit_test(what_the_referral_does_not_say_is_left_alone),
        cmocka_unit_test(no_other_table_is_written),
        cmocka_unit_test(who_needs_the_first_row_gets_it_mended),
        cmocka_unit_test(
            one_that_nobody_can_write_is_passed_over_and_looked_at),
        cmocka_unit_test(more_than_a_step_passes_over_end_it),
        cmocka_unit_test(a_review_goes_on_past_a_damaged_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
