#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/node_state.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_from_the_referral_is_written_again),
        cmocka_unit_test(what_the_referral_does_not_say_is_left_alone),
        cmocka_unit_test(no_other_table_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
