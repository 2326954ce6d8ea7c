#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/collected.h"
#include "core/generation.h"
#include "core/node_state.h"
#include "support/bench_author.h"
#include "support/bench_loss.h"
#include "support/bench_reader.h"

static struct federation *two(void)
{
    return federation_of_two();
}

static void submit(struct federation *federation, const char *key)
{
    (void)federation_submit(federation, 0, 1, key);
    federation_run(federation);
}

/* Of the ledger from 0 to 1. */
static struct ledger at_recipient(struct federation *federation)
{
    return reader_ledger(federation, 1, 0, LEDGER_IN);
}

static struct ledger at_author(struct federation *federation)
{
    return reader_ledger(federation, 0, 1, LEDGER_OUT);
}

/* In the generation before the author's present one. */
static uint64_t collected_before(struct federation *federation)
{
    struct work *work = federation_begin(federation, 0);
    struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    uint64_t collected = generation_find(work, out, out->previous)->collected;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return collected;
}

static void assert_all_taken(struct federation *federation)
{
    struct ledger in = at_recipient(federation);
    assert_int_equal(in.collected, in.frontier.size);
    assert_true(in.collected > 0);
}

/* ---- The recipient ---- */

static void without_a_cursor_nothing_was_taken(void **state)
{
    struct federation *federation = two();
    (void)state;
    submit(federation, "first");
    struct ledger in = at_recipient(federation);
    assert_true(in.frontier.size > 0);
    assert_int_equal(in.collected, 0);
    assert_int_equal(in.collected_ms, 0);
    federation_free(federation);
}

static void it_is_all_once_all_events_are_acknowledged(void **state)
{
    struct federation *federation = two();
    (void)state;
    reader_follow(federation, 1, "ward");
    submit(federation, "first");
    uint64_t before = at_recipient(federation).collected;
    assert_true(before < at_recipient(federation).frontier.size);
    reader_take(federation, 1, "ward", 0);
    assert_int_equal(at_recipient(federation).collected, before);
    reader_take_all(federation, 1, "ward");
    assert_all_taken(federation);
    assert_int_equal(at_recipient(federation).collected_ms,
        federation_now(federation).unix_ms);
    federation_free(federation);
}

/* What came first is taken while the rest is not. */
static void it_rises_with_what_is_acknowledged(void **state)
{
    struct federation *federation = two();
    (void)state;
    reader_follow(federation, 1, "ward");
    submit(federation, "first");
    uint64_t size = at_recipient(federation).frontier.size;
    submit(federation, "second");
    reader_take(federation, 1, "ward", 1);
    assert_int_equal(at_recipient(federation).collected, size);
    submit(federation, "third");
    reader_take(federation, 1, "ward", 2);
    assert_in_range(at_recipient(federation).collected, size,
        at_recipient(federation).frontier.size - 1);
    reader_take_all(federation, 1, "ward");
    assert_all_taken(federation);
    federation_free(federation);
}

static void the_program_that_is_behind_counts(void **state)
{
    struct federation *federation = two();
    (void)state;
    submit(federation, "first");
    reader_follow(federation, 1, "ward");
    reader_follow(federation, 1, "archive");
    /* what came before the first event */
    uint64_t before = at_recipient(federation).collected;
    reader_take_all(federation, 1, "ward");
    assert_int_equal(at_recipient(federation).collected, before);
    assert_true(before < at_recipient(federation).frontier.size);
    reader_take_all(federation, 1, "archive");
    assert_all_taken(federation);
    federation_free(federation);
}

static void cursors_that_come_and_go_lower_nothing(void **state)
{
    struct federation *federation = two();
    (void)state;
    submit(federation, "first");
    reader_take_all(federation, 1, "ward");
    uint64_t taken = at_recipient(federation).collected;
    reader_follow(federation, 1, "archive"); /* begins with the first event */
    submit(federation, "second");
    reader_take_all(federation, 1, "ward");
    assert_int_equal(at_recipient(federation).collected, taken);
    reader_delete(federation, 1, "ward");
    assert_int_equal(at_recipient(federation).collected, taken);
    reader_delete(federation, 1, "archive"); /* there is nobody any more */
    assert_int_equal(at_recipient(federation).collected, taken);
    federation_free(federation);
}

static void who_looks_takes_nothing(void **state)
{
    static const char *const looks[] = { "referctl", "referctl.show" };
    struct federation *federation = two();
    (void)state;
    submit(federation, "first");
    for (size_t i = 0; i < 2; i++) {
        reader_take_all(federation, 1, looks[i]);
        assert_int_equal(at_recipient(federation).collected, 0);
    }
    /* nor does it hold anybody up */
    reader_take(federation, 1, "referctl.later", 0);
    reader_take_all(federation, 1, "referctls");
    assert_all_taken(federation);
    federation_free(federation);
}

static void what_brings_no_event_about_counts_with_what_is_before(void **state)
{
    struct federation *federation = two();
    (void)state;
    submit(federation, "first");
    reader_take_all(federation, 1, "ward");
    assert_all_taken(federation);
    uint64_t taken = at_recipient(federation).collected;
    const char *id = federation_submit(federation, 1, 0, "back");
    federation_run(federation); /* 0 answers it in this ledger */
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    assert_true(at_recipient(federation).frontier.size > taken);
    reader_take_all(federation, 1, "ward");
    assert_all_taken(federation);
    federation_free(federation);
}

static void it_outlives_the_process(void **state)
{
    struct federation *federation = two();
    (void)state;
    reader_follow(federation, 1, "ward");
    submit(federation, "first");
    uint64_t size = at_recipient(federation).frontier.size;
    federation_crash(federation, 1);
    federation_run(federation);
    submit(federation, "second");
    reader_take(federation, 1, "ward", 1);
    assert_int_equal(at_recipient(federation).collected, size);
    federation_crash(federation, 1);
    federation_run(federation);
    assert_int_equal(at_recipient(federation).collected, size);
    reader_take_all(federation, 1, "ward");
    assert_all_taken(federation);
    federation_free(federation);
}

/* Those who follow the feed anew have not taken what came back. */
static void what_was_lost_is_not_taken_by_who_comes_after(void **state)
{
    struct federation *federation = two();
    (void)state;
    submit(federation, "first");
    reader_take_all(federation, 1, "ward");
    assert_all_taken(federation);
    submit(federation, "told");
    uint64_t told = at_author(federation).collected;
    assert_true(told > 0);
    federation_lose_store(federation, 1);
    federation_connect(federation, 0, 1);
    federation_run(federation);
    assert_int_equal(at_recipient(federation).collected, 0);
    /* what it said holds, and its author goes on in another generation */
    assert_int_equal(at_author(federation).collected, 0);
    assert_int_equal(collected_before(federation), told);
    reader_follow(federation, 1, "ward");
    assert_int_equal(at_recipient(federation).collected, 0);
    reader_take_all(federation, 1, "ward");
    assert_all_taken(federation);
    federation_free(federation);
}

/* ---- The author ---- */

static void it_is_told_with_receipts_parcels_and_greetings(void **state)
{
    struct federation *federation = two();
    (void)state;
    submit(federation, "first");
    reader_take_all(federation, 1, "ward");
    uint64_t first = at_recipient(federation).collected;
    assert_int_equal(at_author(federation).collected, 0);
    submit(federation, "second"); /* its receipt says it */
    assert_int_equal(at_author(federation).collected, first);
    assert_int_equal(
        at_author(federation).collected_ms, federation_now(federation).unix_ms);
    reader_take_all(federation, 1, "ward");
    uint64_t second = at_recipient(federation).collected;
    assert_true(second > first);
    (void)federation_submit(federation, 1, 0, "back"); /* a parcel does */
    federation_run(federation);
    assert_true(at_author(federation).collected >= second);
    reader_take_all(federation, 1, "ward");
    uint64_t third = at_recipient(federation).collected;
    assert_true(third > at_author(federation).collected);
    federation_crash(federation, 0);
    federation_run(federation);
    assert_int_equal(at_author(federation).collected, third);
    federation_free(federation);
}

static void what_a_peer_claims_is_bounded(void **state)
{
    /* of six entries, four cosigned, one taken */
    static const struct {
        uint64_t claimed;
        bool of_another;
        bool is_unsettled;
        uint64_t held;
        uint64_t logged;
    } rows[] = {
        { 0, false, false, 1, 0 },
        { 1, false, false, 1, 0 },
        { 3, true, false, 1, 0 },
        { 7, false, true, 1, 0 },
        { 7, false, false, 1, 1 },
        { UINT64_MAX, false, false, 1, 1 },
        { 3, false, false, 3, 0 },
        { 4, false, false, 4, 0 },
        { 5, false, false, 4, 0 },
        { 6, false, false, 4, 0 },
    };
    struct federation *federation = two();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t logged = federation_logged(federation, 0, LOG_MARK_REFUSED);
        struct work *work = federation_begin(federation, 0);
        struct peer *peer = federation_peer(federation, 0, 1);
        struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
        struct ledger before = *out;
        bool was_settled = peer->settled_out;
        out->frontier.size = 6;
        out->cosigned = 4;
        out->collected = 1;
        peer->settled_out = !rows[i].is_unsettled;
        collected_take(
            work, peer, out->generation + rows[i].of_another, rows[i].claimed);
        assert_int_equal(out->collected, rows[i].held);
        assert_int_equal(out->changed, rows[i].held > 1);
        *out = before;
        peer->settled_out = was_settled;
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        assert_int_equal(federation_logged(federation, 0, LOG_MARK_REFUSED),
            logged + rows[i].logged);
    }
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_cursor_nothing_was_taken),
        cmocka_unit_test(it_is_all_once_all_events_are_acknowledged),
        cmocka_unit_test(it_rises_with_what_is_acknowledged),
        cmocka_unit_test(the_program_that_is_behind_counts),
        cmocka_unit_test(cursors_that_come_and_go_lower_nothing),
        cmocka_unit_test(who_looks_takes_nothing),
        cmocka_unit_test(what_brings_no_event_about_counts_with_what_is_before),
        cmocka_unit_test(it_outlives_the_process),
        cmocka_unit_test(what_was_lost_is_not_taken_by_who_comes_after),
        cmocka_unit_test(it_is_told_with_receipts_parcels_and_greetings),
        cmocka_unit_test(what_a_peer_claims_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
