#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "core/scrub_mend.h"
#include "core/scrub_patrol.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

#define WEEK_MS (7 * FEDERATION_DAY_MS)

static struct key rows[DAMAGE_ROW_COUNT_MAX];

static struct federation *busy(void)
{
    struct federation *federation = federation_of_two();
    (void)federation_submit(federation, 0, 1, "first");
    (void)federation_submit(federation, 1, 0, "back");
    federation_run(federation);
    return federation;
}

static struct patrol *patrol_of(struct federation *federation)
{
    return &federation_node(federation, 0)->patrol;
}

/* As the daemon starts it, with that period. */
static void begin(struct federation *federation, struct node_options *options,
    uint64_t period_ms)
{
    struct node *node = federation_node(federation, 0);
    *options = *node->options;
    options->check_period_ms = period_ms;
    node->options = options;
    struct work *work = federation_begin(federation, 0);
    work->steady_ms = 1000;
    patrol_begin(work);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void it_begins_some_time_after_the_start_and_then_each_period(
    void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    (void)state;
    begin(federation, &options, (uint64_t)WEEK_MS);
    assert_int_equal(
        patrol_of(federation)->due_steady_ms, 1000 + PATROL_FIRST_MS);
    federation_wait(federation, PATROL_FIRST_MS / 2);
    assert_false(patrol_of(federation)->is_under_way);
    federation_wait(federation, PATROL_FIRST_MS);
    for (int i = 0; patrol_of(federation)->checks == 0; i++) {
        assert_true(i < 1000);
        federation_wait(federation, PATROL_PAUSE_MS);
    }
    assert_int_equal(federation_logged(federation, 0, LOG_STORE_CHECKED), 1);
    assert_int_equal(federation_logged(federation, 0, LOG_STORE_DAMAGED), 0);
    assert_int_equal(patrol_of(federation)->damage, 0);
    assert_true(patrol_due_steady_ms(federation_node(federation, 0)) > WEEK_MS);
    federation_free(federation);
}

static void without_a_period_it_never_begins(void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    (void)state;
    begin(federation, &options, 0);
    assert_int_equal(
        patrol_due_steady_ms(federation_node(federation, 0)), INT64_MAX);
    federation_wait(federation, FEDERATION_DAY_MS);
    assert_int_equal(patrol_of(federation)->checks, 0);
    federation_free(federation);
}

static void a_short_period_is_the_first_wait_as_well(void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    (void)state;
    begin(federation, &options, 500);
    assert_int_equal(patrol_of(federation)->due_steady_ms, 1500);
    federation_free(federation);
}

/* What nobody holds is told, in the log and in numbers, check after check. */
static void what_is_found_is_told(void **state)
{
    struct federation *federation = busy();
    struct call call;
    (void)state;
    assert_true(damage_rows(federation, 0, 'k', rows) > 0);
    damage_row(federation, 0, rows[0], false);
    assert_true(damage_rows(federation, 0, 'f', rows) > 1);
    damage_row(federation, 0, rows[0], true);
    for (int i = 1; i <= 2; i++) {
        damage_patrol(federation, 0);
        assert_true(patrol_of(federation)->damage > 0);
        assert_int_equal(
            federation_logged(federation, 0, LOG_STORE_CHECKED), i);
    }
    assert_true(federation_logged(federation, 0, LOG_STORE_DAMAGED) > 1);
    assert_non_null(
        strstr(federation_log_line(federation, 0, LOG_STORE_DAMAGED), "code="));
    assert_non_null(strstr(
        federation_log_line(federation, 0, LOG_STORE_DAMAGED), "table="));
    call_begin(&call, "health");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    int64_t told = -1;
    for (size_t i = 0; reply_record(reply, "number", i) != NULL; i++) {
        const struct local_record *record = reply_record(reply, "number", i);
        if (record_is(record, "name", "store_damaged"))
            told = record_number(record, "value");
    }
    assert_int_equal(told, patrol_of(federation)->damage);
    federation_free(federation);
}

static void who_finds_something_makes_it_look_at_once(void **state)
{
    struct federation *federation = busy();
    struct call call;
    (void)state;
    call_begin(&call, "store.check");
    (void)federation_call(federation, 0, &call);
    federation_wait(federation, PATROL_PAUSE_MS);
    assert_false(patrol_of(federation)->is_under_way);
    size_t count = damage_rows(federation, 0, 'c', rows);
    damage_row(federation, 0, rows[count - 1], true);
    (void)federation_call(federation, 0, &call);
    for (int i = 0; patrol_of(federation)->checks == 0; i++) {
        assert_true(i < 1000);
        federation_wait(federation, PATROL_PAUSE_MS);
    }
    federation_run(federation);
    assert_true(patrol_of(federation)->mended > 0);
    federation_free(federation);
}

/* Who waits for what nobody has asks for it again and again. */
static void who_finds_it_again_makes_it_look_later(void **state)
{
    struct federation *federation = busy();
    (void)state;
    damage_patrol(federation, 0);
    uint64_t checks = patrol_of(federation)->checks;
    int64_t now_ms = federation_steady_ms(federation);
    struct work *work = federation_begin(federation, 0);
    patrol_hasten(work);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_true(patrol_of(federation)->due_steady_ms > now_ms);
    assert_true(
        patrol_of(federation)->due_steady_ms <= now_ms + PATROL_AGAIN_MS);
    federation_run(federation);
    assert_int_equal(patrol_of(federation)->checks, checks);
    federation_wait(federation, PATROL_AGAIN_MS);
    assert_true(patrol_of(federation)->checks > checks ||
                patrol_of(federation)->is_under_way);
    federation_free(federation);
}

/* Of a flood of findings the log has the first. */
static void the_log_is_not_flooded(void **state)
{
    struct federation *federation = busy();
    (void)state;
    for (int i = 0; i < 12; i++) {
        char key[8] = { 'k', (char)('a' + i) };
        (void)federation_submit(federation, 0, 1, key);
    }
    federation_run(federation);
    size_t count = damage_rows(federation, 0, 'f', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, 0, rows[i], true);
    damage_patrol(federation, 0);
    assert_true(patrol_of(federation)->damage > PATROL_TOLD_COUNT_MAX);
    assert_int_equal(federation_logged(federation, 0, LOG_STORE_DAMAGED),
        PATROL_TOLD_COUNT_MAX);
    federation_free(federation);
}

/* ---- What the disk holds otherwise --------------------------------------- */

static struct key wrong;      /* the row that is read as damaged */
static bool is_wrong_in_walk; /* ... only where its table is gone through */
static const struct store_ops *sound;

static enum err probe_wrong(struct store_txn *txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool wants_value)
{
    enum err err = sound->probe(txn, prefix_size, key, value, wants_value);
    bool is_wrong = slice_equal(*key, key_slice(&wrong)) &&
                    (!is_wrong_in_walk || prefix_size == KEY_TABLE_SIZE);
    return err == ERR_NONE && is_wrong ? ERR_CORRUPT : err;
}

/* A whole check of a store with that row damaged. */
static void check_with_wrong(struct federation *federation, struct key key)
{
    struct patrol *patrol = patrol_of(federation);
    uint64_t checks = patrol->checks;
    wrong = key;
    for (int i = 0; patrol->checks == checks; i++) {
        assert_true(i < 1000);
        struct work *work = federation_begin(federation, 0);
        struct store_ops ops = *work->txn->ops;
        sound = work->txn->ops;
        ops.probe = probe_wrong;
        work->txn->ops = &ops;
        patrol->due_steady_ms = work->steady_ms;
        patrol_go_on(work);
        work->txn->ops = sound;
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
    }
}

static bool has_row(struct federation *federation, struct key key)
{
    struct work *work = federation_begin(federation, 0);
    bool has = store_get(work->txn, key_slice(&key)).bytes != NULL;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return has;
}

static void row_add(struct federation *federation, struct key key)
{
    struct work *work = federation_begin(federation, 0);
    store_put(work->txn, key_slice(&key), SLICE_LITERAL("contents"));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

/* Whatever was in it, nobody will ask for it. */
static void what_nobody_speaks_of_goes_when_it_is_damaged(void **state)
{
    struct federation *federation = busy();
    struct key key = key_content(UINT64_C(1) << 40);
    (void)state;
    row_add(federation, key);
    check_with_wrong(federation, key);
    assert_true(has_row(federation, key));
    assert_int_equal(patrol_of(federation)->damage, 0);
    assert_true(patrol_of(federation)->due_steady_ms < INT64_MAX); /* soon */
    check_with_wrong(federation, key);
    assert_false(has_row(federation, key));
    assert_int_equal(patrol_of(federation)->damage, 0);
    federation_free(federation);
}

/* The bit that was wrong was one in memory, or on a cable. */
static void what_was_damaged_once_and_is_sound_stays(void **state)
{
    struct federation *federation = busy();
    struct key key = key_content(UINT64_C(1) << 40);
    (void)state;
    row_add(federation, key);
    check_with_wrong(federation, key);
    check_with_wrong(federation, (struct key){ .size = 1 });
    check_with_wrong(federation, key);
    assert_true(has_row(federation, key));
    federation_free(federation);
}

/* What speaks of it found it sound each time. */
static void what_is_spoken_of_stays_however_often_it_is_damaged(void **state)
{
    struct federation *federation = busy();
    (void)state;
    size_t count = damage_rows(federation, 0, 'c', rows);
    assert_true(count > 0);
    is_wrong_in_walk = true;
    for (size_t i = 0; i < count; i++)
        for (uint64_t k = 0; k < 3; k++) {
            check_with_wrong(federation, rows[i]);
            assert_true(has_row(federation, rows[i]));
            assert_int_equal(patrol_of(federation)->damage, k == 1);
        }
    is_wrong_in_walk = false;
    federation_free(federation);
}

static void where_too_much_is_damaged_it_counts(void **state)
{
    struct federation *federation = busy();
    struct patrol *patrol = patrol_of(federation);
    struct key key = key_content(UINT64_C(1) << 40);
    (void)state;
    row_add(federation, key);
    patrol->is_under_way = true; /* at its beginning */
    while (patrol->damaged_count < PATROL_SEGMENT_COUNT_MAX)
        patrol->damaged[patrol->damaged_count++] = UINT64_C(1) << 41;
    check_with_wrong(federation, key);
    assert_true(has_row(federation, key));
    assert_int_equal(patrol->damage, 1);
    federation_free(federation);
}

/* The row that cannot be read may be the one that speaks of it. */
static void after_a_row_that_is_unread_nothing_is_nobodys(void **state)
{
    struct federation *federation = busy();
    struct key key = key_content(UINT64_C(1) << 40);
    (void)state;
    row_add(federation, key);
    assert_true(damage_rows(federation, 0, 'f', rows) > 1);
    damage_row(federation, 0, rows[0], true);
    check_with_wrong(federation, key);
    assert_true(has_row(federation, key));
    assert_true(patrol_of(federation)->damage > 1);
    federation_free(federation);
}

/* It knows so many segments that are missed, and no more. */
static void where_too_much_is_missed_nothing_is_nobodys(void **state)
{
    const uint64_t elsewhere = UINT64_C(1) << 41;
    struct key key = key_content(UINT64_C(1) << 40);
    (void)state;
    for (size_t is_full = 0; is_full < 2; is_full++) {
        struct federation *federation = busy();
        struct patrol *patrol = patrol_of(federation);
        row_add(federation, key);
        assert_true(damage_rows(federation, 0, 'c', rows) > 1);
        damage_row(federation, 0, rows[0], true);
        patrol->is_under_way = true; /* at its beginning */
        while (is_full && patrol->missed_count < PATROL_SEGMENT_COUNT_MAX) {
            patrol->missed[patrol->missed_count] =
                elsewhere + patrol->missed_count;
            patrol->missed_count++;
        }
        check_with_wrong(federation, key);
        assert_int_equal(patrol->damaged_count, is_full ? 0 : 1);
        if (!is_full)
            check_with_wrong(federation, key);
        assert_int_equal(has_row(federation, key), is_full);
        assert_true(patrol->damage > is_full);
        federation_free(federation);
    }
}

/* Its row of the store says where it was: nobody is asked for it. */
static void what_a_closed_peer_holds_is_not_asked_for(void **state)
{
    struct federation *federation = busy();
    struct call call;
    (void)state;
    call_begin(&call, "peer.close");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    federation_run(federation);
    size_t count = damage_rows(federation, 0, 'c', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, 0, rows[i], true);
    damage_patrol(federation, 0);
    assert_true(patrol_of(federation)->damage > 0);
    assert_int_equal(patrol_of(federation)->loss_count, 0);
    assert_false(mend_is_wanted(federation_peer(federation, 0, 1)));
    assert_int_equal(patrol_of(federation)->mended, 0);
    federation_free(federation);
}

static void what_is_spoken_of_stays_and_counts(void **state)
{
    struct federation *federation = busy();
    (void)state;
    size_t count = damage_rows(federation, 0, 'c', rows);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        check_with_wrong(federation, rows[i]);
        assert_true(has_row(federation, rows[i]));
        assert_true(patrol_of(federation)->damage > 0);
    }
    federation_free(federation);
}

/* Each table once: a row that cannot be read is told, whatever it is. */
static void a_damaged_row_of_each_table_is_found(void **state)
{
    char letter;
    const char *name;
    struct federation *federation = busy();
    (void)state;
    for (uint32_t i = 0; scrub_table_at(i, &letter, &name); i++) {
        if (letter == 's' || damage_rows(federation, 0, letter, rows) == 0)
            continue; /* and that of checks is written with each of them */
        check_with_wrong(federation, rows[0]);
        if (patrol_of(federation)->damage == 0)
            fail_msg("nothing was found among %s", name);
    }
    federation_free(federation);
}

/* ---- Over a restart ------------------------------------------------------ */

/* The gateway starts again, so long after. */
static void restart(struct federation *federation, struct node_options *options,
    int64_t later_ms)
{
    uint64_t period_ms = options->check_period_ms;
    federation_wait_until(federation,
        federation_now(federation).unix_ms - FEDERATION_START_MS + later_ms);
    federation_crash(federation, 0);
    begin(federation, options, period_ms);
}

static void what_was_looked_at_is_not_looked_at_again_at_once(void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    (void)state;
    begin(federation, &options, (uint64_t)WEEK_MS);
    damage_patrol(federation, 0);
    restart(federation, &options, FEDERATION_DAY_MS);
    int64_t due_ms = patrol_of(federation)->due_steady_ms;
    assert_true(due_ms > 5 * FEDERATION_DAY_MS);
    assert_true(due_ms <= 1000 + 6 * FEDERATION_DAY_MS);
    /* days that it was not there count */
    restart(federation, &options, 8 * FEDERATION_DAY_MS);
    assert_int_equal(
        patrol_of(federation)->due_steady_ms, 1000 + PATROL_FIRST_MS);
    federation_free(federation);
}

static void what_was_found_is_known_and_looked_for_again(void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    (void)state;
    begin(federation, &options, (uint64_t)WEEK_MS);
    assert_true(damage_rows(federation, 0, 'f', rows) > 1);
    damage_row(federation, 0, rows[0], true);
    damage_patrol(federation, 0);
    uint64_t damage = patrol_of(federation)->damage;
    assert_true(damage > 0);
    restart(federation, &options, FEDERATION_DAY_MS);
    assert_int_equal(patrol_of(federation)->damage, damage);
    assert_int_equal(
        patrol_of(federation)->due_steady_ms, 1000 + PATROL_FIRST_MS);
    federation_free(federation);
}

/* As a gateway that never runs as long as a check takes. */
static void a_check_goes_on_where_it_was(void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    (void)state;
    begin(federation, &options, (uint64_t)WEEK_MS);
    struct patrol *patrol = patrol_of(federation);
    patrol->piece_count = PATROL_KEEP_COUNT - 1;
    patrol->due_steady_ms = 0;
    patrol->is_under_way = true;
    patrol->scrub.table = 2;
    struct work *work = federation_begin(federation, 0);
    work->steady_ms = 1000;
    patrol_go_on(work);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    if (!patrol->is_under_way) { /* it was small enough for one piece */
        work = federation_begin(federation, 0);
        *patrol = (struct patrol){ .is_under_way = true,
            .piece_count = PATROL_KEEP_COUNT - 1 };
        patrol->scrub.table = 2;
        work->arena->used = work->arena->capacity / 2 + 1;
        patrol_go_on(work);
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
    }
    uint32_t table = patrol->scrub.table;
    assert_true(patrol->is_under_way);
    restart(federation, &options, 0);
    assert_true(patrol_of(federation)->is_under_way);
    assert_int_equal(patrol_of(federation)->scrub.table, table);
    federation_free(federation);
}

static void a_clock_that_goes_back_puts_no_check_off(void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    (void)state;
    begin(federation, &options, (uint64_t)WEEK_MS);
    damage_patrol(federation, 0);
    struct work *work = federation_begin(federation, 0);
    work->steady_ms = 1000;
    work->now.unix_ms -= FEDERATION_DAY_MS;
    patrol_begin(work);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(
        patrol_of(federation)->due_steady_ms, 1000 + PATROL_FIRST_MS);
    federation_free(federation);
}

/* What is kept of checks stops nothing when it is damaged itself. */
static void its_own_row_may_be_damaged(void **state)
{
    struct federation *federation = busy();
    struct node_options options;
    struct key key = key_patrol();
    (void)state;
    begin(federation, &options, (uint64_t)WEEK_MS);
    damage_patrol(federation, 0);
    struct work *work = federation_begin(federation, 0);
    store_put(work->txn, key_slice(&key), SLICE_LITERAL("no row"));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    restart(federation, &options, 0);
    assert_int_equal(
        patrol_of(federation)->due_steady_ms, 1000 + PATROL_FIRST_MS);
    damage_patrol(federation, 0);
    assert_int_equal(patrol_of(federation)->damage, 1); /* and is whole now */
    damage_patrol(federation, 0);
    assert_int_equal(patrol_of(federation)->damage, 0);
    federation_free(federation);
}

static void a_row_of_checks_that_is_none_is_found(void **state)
{
    struct federation *federation = busy();
    (void)state;
    row_add(federation, (struct key){ .bytes = { 's', 'x' }, .size = 2 });
    damage_patrol(federation, 0);
    assert_int_equal(patrol_of(federation)->damage, 1);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            it_begins_some_time_after_the_start_and_then_each_period),
        cmocka_unit_test(without_a_period_it_never_begins),
        cmocka_unit_test(a_short_period_is_the_first_wait_as_well),
        cmocka_unit_test(what_is_found_is_told),
        cmocka_unit_test(who_finds_something_makes_it_look_at_once),
        cmocka_unit_test(who_finds_it_again_makes_it_look_later),
        cmocka_unit_test(the_log_is_not_flooded),
        cmocka_unit_test(what_nobody_speaks_of_goes_when_it_is_damaged),
        cmocka_unit_test(what_was_damaged_once_and_is_sound_stays),
        cmocka_unit_test(what_is_spoken_of_stays_however_often_it_is_damaged),
        cmocka_unit_test(where_too_much_is_damaged_it_counts),
        cmocka_unit_test(after_a_row_that_is_unread_nothing_is_nobodys),
        cmocka_unit_test(where_too_much_is_missed_nothing_is_nobodys),
        cmocka_unit_test(what_a_closed_peer_holds_is_not_asked_for),
        cmocka_unit_test(what_is_spoken_of_stays_and_counts),
        cmocka_unit_test(a_damaged_row_of_each_table_is_found),
        cmocka_unit_test(what_was_looked_at_is_not_looked_at_again_at_once),
        cmocka_unit_test(what_was_found_is_known_and_looked_for_again),
        cmocka_unit_test(a_check_goes_on_where_it_was),
        cmocka_unit_test(a_clock_that_goes_back_puts_no_check_off),
        cmocka_unit_test(its_own_row_may_be_damaged),
        cmocka_unit_test(a_row_of_checks_that_is_none_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
