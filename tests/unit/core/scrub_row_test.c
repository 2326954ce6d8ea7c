/* Rows that no node would write, one at a time beside all those that it did:
 * what a check says of each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/feed.h"
#include "core/keys.h"
#include "core/node_state.h"
#include "core/outbox.h"
#include "core/revocation.h"
#include "core/scrub.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"
#include "support/bench_reader.h"

#define LINE_COUNT_MAX 100 /* what starts ask their peers is not answered */

static struct key rows[DAMAGE_ROW_COUNT_MAX];

/* Agreed, with a referral each way and one that waits to be told. */
static struct federation *busy(void)
{
    struct federation *federation = federation_of_two();
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act(federation, 1, id, "accept", "a", NULL);
    (void)federation_submit(federation, 1, 0, "back");
    federation_run(federation);
    (void)federation_submit(federation, 0, 1, "second");
    (void)federation_submit(federation, 0, 1, "third");
    return federation;
}

static void count(void *user, const struct scrub_finding *finding)
{
    ((unsigned *)user)[finding->fault]++;
}

/* All of it, within that batch. */
static void walk(struct work *work, unsigned faults[SCRUB_FAULT_COUNT])
{
    struct scrub scrub = { 0 };
    const struct scrub_watch watch = { .user = faults, .found = count };
    memset(faults, 0, SCRUB_FAULT_COUNT * sizeof *faults);
    for (int i = 0; !scrub.is_over; i++) {
        assert_true(i < 1000);
        scrub_go_on(work, &scrub, &watch);
        assert_int_equal(work->txn->err, ERR_NONE);
    }
}

/* As if the batch had never been. */
static void undo(struct federation *federation, struct work *work)
{
    work->txn->err = ERR_FULL;
    assert_int_equal(federation_end(federation, 0), ERR_FULL);
    federation_crash(federation, 0);
    while (federation_message_count(federation) > LINE_COUNT_MAX)
        federation_lose(federation, 0);
}

static const char *names_of(const unsigned faults[SCRUB_FAULT_COUNT])
{
    static char names[256];
    names[0] = '\0';
    for (int i = 0; i < SCRUB_FAULT_COUNT; i++)
        if (faults[i] > 0)
            (void)snprintf(names + strlen(names), sizeof names - strlen(names),
                " %s", scrub_fault_name((enum scrub_fault)i));
    return names;
}

static void expect(const unsigned faults[SCRUB_FAULT_COUNT],
    enum scrub_fault fault, const char *what)
{
    if (faults[fault] == 0)
        fail_msg("%s: not %s, but%s", what, scrub_fault_name(fault),
            names_of(faults));
}

/* ---- Rows that nobody wrote ---------------------------------------------- */

struct row_case {
    const char *what;
    uint8_t key[40];
    size_t key_size;
    char like; /* the value of that table's first row; 0: zeros */
    size_t value_size;
    enum scrub_fault fault;
};

#define FF4 0xff, 0xff, 0xff, 0xff
#define FF8 FF4, FF4
#define PEER_1 0, 0, 0, 1
#define PEER_9 0, 0, 0, 9
#define FF16 FF8, FF8

/* clang-format off */
static const struct row_case row_cases[] = {
    { "a second gateway", { 'n', 1 }, 2, 'n', 0, SCRUB_UNKNOWN },
    { "a peer with half a number", { 'p', 0, 1 }, 3, 'p', 0, SCRUB_UNKNOWN },
    { "a peer unheard of", { 'p', PEER_9 }, 5, 'p', 0, SCRUB_ORPHAN },
    { "a card without serial", { 'h', PEER_1 }, 5, 'h', 0, SCRUB_UNKNOWN },
    { "a card of nobody", { 'h', PEER_9, FF8 }, 13, 'h', 0, SCRUB_ORPHAN },
    { "a card of another serial", { 'h', PEER_1, FF8 }, 13, 'h', 0,
        SCRUB_CARD },
    { "no card", { 'h', PEER_1, FF8 }, 13, 0, 9, SCRUB_CARD },
    { "a revocation, long", { 'v', PEER_1, 1 }, 6, 0, 4, SCRUB_UNKNOWN },
    { "a revocation of nobody", { 'v', PEER_9 }, 5, 0, 4, SCRUB_ORPHAN },
    { "no revocation", { 'v', PEER_1 }, 5, 0, 4, SCRUB_CARD },
    { "an agreement, long", { 'm', FF16, FF16, 1 }, 34, 'm', 0,
        SCRUB_UNKNOWN },
    { "an agreement of another id", { 'm', FF16, FF16 }, 33, 'm', 0,
        SCRUB_AGREEMENT },
    { "an invitation, short", { 'i', FF8 }, 9, 0, 8, SCRUB_UNKNOWN },
    { "an invitation for ever", { 'i', FF16 }, 17, 0, 0, SCRUB_MALFORMED },
    { "a cursor that is none", { 'u', 'x' }, 2, 0, 3, SCRUB_MALFORMED },
    { "a ledger, short", { 'l', PEER_1, 1 }, 6, 'l', 0, SCRUB_UNKNOWN },
    { "a ledger with nobody", { 'l', PEER_9, 1, 1 }, 7, 'l', 0,
        SCRUB_ORPHAN },
    { "a ledger in no direction", { 'l', PEER_1, 7, 1 }, 7, 'l', 0,
        SCRUB_MALFORMED },
    { "a generation, short", { 'g', PEER_1, 1, 1 }, 7, 'l', 0,
        SCRUB_UNKNOWN },
    { "a generation with nobody", { 'g', PEER_9, 1, 1, FF8 }, 15, 'l', 0,
        SCRUB_ORPHAN },
    { "no generation", { 'g', PEER_1, 1, 1, FF8 }, 15, 0, 9,
        SCRUB_MALFORMED },
    { "an intent, short", { 'o', PEER_1 }, 5, 'o', 0, SCRUB_ORPHAN },
    { "an intent for nobody", { 'o', PEER_9, FF8 }, 13, 'o', 0,
        SCRUB_ORPHAN },
    { "entries on no shelf", { 'e', 0, 0, 0, 0, FF8 }, 13, 'e', 0,
        SCRUB_UNKNOWN },
    { "entries, short", { 'e', PEER_1 }, 5, 'e', 0, SCRUB_UNKNOWN },
    { "entries on a shelf of nobody", { 'e', PEER_9, FF8 }, 13, 'e', 0,
        SCRUB_ORPHAN },
    { "a referral, short", { 'r', FF8 }, 9, 'r', 0, SCRUB_UNKNOWN },
    { "a referral twice", { 'r', FF16 }, 17, 'r', 0, SCRUB_EVENT },
    { "a time to go, short", { 'x', FF8 }, 9, 0, 0, SCRUB_UNKNOWN },
    { "a time to go of no referral", { 'x', 0, FF4, 0, 0, 0, FF16 }, 25, 0, 0,
        SCRUB_REFERRAL },
    { "a time to go with a value", { 'x', 0, FF4, 0, 0, 0, FF16 }, 25, 0, 1,
        SCRUB_MALFORMED },
    { "words taken, of no referral", { 't', 0, FF4, 0, 0, 0, FF16 }, 25, 0, 8,
        SCRUB_REFERRAL },
    { "words that wait, long",
        { 'w', PEER_1, PEER_1, FF8, FF16, 1 }, 34, 0, 8, SCRUB_UNKNOWN },
    { "an event, short", { 'f', FF4 }, 5, 'f', 0, SCRUB_UNKNOWN },
    { "an event of the future", { 'f', 0, FF4, 0, 0, 0 }, 9, 'f', 0,
        SCRUB_POSITION },
    { "an event that its referral does not list",
        { 'f', 0, FF4, 0, 0, 0 }, 9, 'f', 0, SCRUB_EVENT },
    { "contents, short", { 'c', FF4 }, 5, 'c', 0, SCRUB_UNKNOWN },
    { "contents of the future", { 'c', 0, FF4, 0, 0, 0 }, 9, 'c', 0,
        SCRUB_POSITION },
    { "contents sealed elsewhere", { 'c', 0, FF4, 0, 0, 0 }, 9, 'c', 0,
        SCRUB_CONTENT },
    { "an entry to destroy, short", { 'd', FF4 }, 5, 0, 0, SCRUB_UNKNOWN },
    { "an entry to destroy with a word", { 'd', PEER_1, FF4 }, 9, 0, 3,
        SCRUB_MALFORMED },
    { "an entry to destroy, never given", { 'd', FF8 }, 9, 0, 0,
        SCRUB_VAULT },
    { "a span to destroy, never given", { 'd', FF8 }, 9, 0, 8, SCRUB_VAULT },
    { "a key in half a run", { 'k', 0, 1 }, 3, 0, 33, SCRUB_UNKNOWN },
    { "a key in no run", { 'k', 0, 0, 0, 0, FF16 }, 21, 0, 33,
        SCRUB_UNKNOWN },
    { "a key for no referral", { 'k', PEER_9, FF16 }, 21, 0, 33,
        SCRUB_REFERRAL },
    { "a key with a word", { 'k', PEER_9, FF16 }, 21, 0, 9,
        SCRUB_MALFORMED },
    { "a filter, long", { 'k', 0xff, 0xff, 0xff, 0xfe, FF8 }, 13, 0, 33,
        SCRUB_UNKNOWN },
    { "keys of a batch, of no version", { 'k', FF4, FF8 }, 13, 0, 33,
        SCRUB_MALFORMED },
    { "keys of a batch, short", { 'k', FF4, FF4 }, 9, 0, 33, SCRUB_UNKNOWN },
};
/* clang-format on */

static void value_of(struct federation *federation, const struct row_case *row,
    struct slice *value, uint8_t *bytes, size_t capacity)
{
    size_t rows_count = 0;
    *value = slice_of(bytes, row->value_size);
    memset(bytes, 0, capacity);
    if (row->like != 0)
        rows_count = damage_rows(federation, 0, row->like, rows);
    if (rows_count == 0)
        return;
    struct work *work = federation_begin(federation, 0);
    struct slice like = store_get(work->txn, key_slice(&rows[0]));
    assert_true(like.size <= capacity);
    memcpy(bytes, like.bytes, like.size);
    *value = slice_of(bytes, like.size);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void rows_that_nobody_wrote_are_told(void **state)
{
    static uint8_t bytes[65536];
    struct federation *federation = busy();
    unsigned faults[SCRUB_FAULT_COUNT];
    (void)state;
    for (size_t i = 0; i < sizeof row_cases / sizeof *row_cases; i++) {
        const struct row_case *row = &row_cases[i];
        struct slice value;
        value_of(federation, row, &value, bytes, sizeof bytes);
        struct work *work = federation_begin(federation, 0);
        store_put(work->txn, slice_of(row->key, row->key_size), value);
        walk(work, faults);
        expect(faults, row->fault, row->what);
        undo(federation, work);
    }
    struct work *work = federation_begin(federation, 0);
    walk(work, faults);
    assert_string_equal(names_of(faults), "");
    undo(federation, work);
    federation_free(federation);
}

/* ---- Bytes of rows that were written ------------------------------------- */

/* Each of these is found by some byte of some row of that table. */
static const struct {
    char table;
    enum scrub_fault faults[8];
    size_t count;
    size_t stride;
} byte_cases[] = {
    { 'm', { SCRUB_AGREEMENT, SCRUB_MALFORMED }, 2, 37 },
    { 'p', { SCRUB_CARD }, 1, 41 },
    { 'u', { SCRUB_POSITION }, 1, 1 },
    { 'o', { SCRUB_CONTENT, SCRUB_REFERRAL }, 2, 1 },
    { 'e',
        { SCRUB_HEADER, SCRUB_DIGEST, SCRUB_ROOT, SCRUB_NOTE, SCRUB_SIGNATURE,
            SCRUB_EVENT, SCRUB_CONTENT, SCRUB_ENTRIES },
        8, 5 },
    { 'r', { SCRUB_VAULT, SCRUB_ORPHAN, SCRUB_EVENT, SCRUB_CONTENT }, 4, 1 },
    { 'f', { SCRUB_REFERRAL, SCRUB_EVENT, SCRUB_MALFORMED }, 3, 1 },
};

static void turned(struct work *work, struct key key, size_t at)
{
    struct slice value = store_get(work->txn, key_slice(&key));
    uint8_t *copy = arena_take(work->arena, value.size);
    assert_non_null(copy);
    memcpy(copy, value.bytes, value.size);
    copy[at] ^= 0x41;
    store_put(work->txn, key_slice(&key), slice_of(copy, value.size));
}

static size_t size_of(struct federation *federation, struct key key)
{
    struct work *work = federation_begin(federation, 0);
    size_t size = store_get(work->txn, key_slice(&key)).size;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return size;
}

static void turn_each(struct federation *federation, struct key row,
    size_t stride, unsigned all[SCRUB_FAULT_COUNT])
{
    size_t size = size_of(federation, row);
    for (size_t at = 0; at < size; at += stride) {
        unsigned faults[SCRUB_FAULT_COUNT];
        struct work *work = federation_begin(federation, 0);
        turned(work, row, at);
        walk(work, faults);
        for (size_t k = 0; k < SCRUB_FAULT_COUNT; k++)
            all[k] += faults[k];
        undo(federation, work);
    }
}

static void bytes_of_rows_that_turned_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof byte_cases / sizeof *byte_cases; i++) {
        struct federation *federation = busy();
        unsigned all[SCRUB_FAULT_COUNT] = { 0 };
        reader_take(federation, 0, "program", 2);
        size_t rows_count =
            damage_rows(federation, 0, byte_cases[i].table, rows);
        assert_true(rows_count > 0);
        for (size_t k = 0; k < rows_count; k++)
            turn_each(federation, rows[k], byte_cases[i].stride, all);
        for (size_t k = 0; k < byte_cases[i].count; k++) {
            char what[] = { byte_cases[i].table, '\0' };
            expect(all, byte_cases[i].faults[k], what);
        }
        federation_free(federation);
    }
}

static void an_intent_of_the_future_is_told(void **state)
{
    struct federation *federation = busy();
    unsigned faults[SCRUB_FAULT_COUNT];
    struct intent intent;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    assert_true(outbox_next(work, out, 0, &intent));
    struct key key = key_intent(out->number, intent.number);
    struct slice value =
        arena_copy(work->arena, store_get(work->txn, key_slice(&key)));
    key = key_intent(out->number, out->intent_next + 5);
    store_put(work->txn, key_slice(&key), value);
    walk(work, faults);
    expect(faults, SCRUB_INTENTS, "an intent");
    undo(federation, work);
    /* nor is one that is none of them */
    work = federation_begin(federation, 0);
    store_put(work->txn, key_slice(&key), SLICE_LITERAL("no intent"));
    walk(work, faults);
    expect(faults, SCRUB_MALFORMED, "no intent");
    undo(federation, work);
    federation_free(federation);
}

static void a_revocation_is_of_who_it_is_kept_for(void **state)
{
    static const uint8_t unsigned_yet[SIGNATURE_SIZE] = { 1 };
    struct federation *federation = busy();
    unsigned faults[SCRUB_FAULT_COUNT];
    (void)state;
    for (size_t of = 0; of < 2; of++) {
        struct work *work = federation_begin(federation, 0);
        const struct revocation revocation = {
            .agency = *federation_id(federation, of), .issued = work->now
        };
        struct slice bytes =
            revocation_assemble(revocation_bytes(&revocation, work->arena),
                unsigned_yet, work->arena);
        struct key key =
            key_revocation(federation_peer(federation, 0, 1)->number);
        store_put(work->txn, key_slice(&key), bytes);
        walk(work, faults);
        if (of == 0)
            expect(faults, SCRUB_CARD, "a revocation of another");
        else
            assert_string_equal(names_of(faults), "");
        undo(federation, work);
    }
    federation_free(federation);
}

/* Nobody would find it there. */
static void a_name_that_its_run_does_not_know_is_told(void **state)
{
    struct federation *federation = busy();
    uint8_t name[REPEAT_NAME_SIZE] = { 0 };
    unsigned faults[SCRUB_FAULT_COUNT];
    (void)state;
    struct work *work = federation_begin(federation, 0);
    for (; work->node->repeats.filter.run_count == 0; name[0]++)
        repeat_rows_put(work, name, SLICE_LITERAL("kept"));
    walk(work, faults);
    assert_int_equal(faults[SCRUB_UNKNOWN], 0);
    memset(name, 0xff, sizeof name);
    struct key key = key_repeat(1, name);
    store_put(work->txn, key_slice(&key), SLICE_LITERAL("kept"));
    walk(work, faults);
    assert_int_equal(faults[SCRUB_UNKNOWN], 1);
    undo(federation, work);
    federation_free(federation);
}

/* ---- A ledger as it stands ----------------------------------------------- */

struct ledger_case {
    const char *what;
    void (*change)(struct ledger *ledger);
    enum scrub_fault fault;
};

static void sign_more(struct ledger *ledger)
{
    ledger->cosigned = ledger->frontier.size + 1;
}

static void lose_shelf(struct ledger *ledger)
{
    ledger->shelf = 0;
}

static void lose_note(struct ledger *ledger)
{
    ledger->note = SLICE_NONE;
}

static void turn_root(struct ledger *ledger)
{
    ledger->frontier.nodes[0].bytes[0] ^= 1;
}

static void count_more(struct ledger *ledger)
{
    ledger->intent_count++;
}

static void count_too_many(struct ledger *ledger)
{
    ledger->intent_count = 1u << 20; /* nobody counts these */
}

static void grow(struct ledger *ledger)
{
    ledger->frontier.size *= 2;
}

static void begin_elsewhere(struct ledger *ledger)
{
    ledger->generation++;
}

static const struct ledger_case ledger_cases[] = {
    { "signed beyond its end", sign_more, SCRUB_NOTE },
    { "no shelf", lose_shelf, SCRUB_ENTRIES },
    { "no note", lose_note, SCRUB_NOTE },
    { "another root", turn_root, SCRUB_ROOT },
    { "more intents", count_more, SCRUB_INTENTS },
    { "longer than its entries", grow, SCRUB_ENTRIES },
    { "another generation", begin_elsewhere, SCRUB_NOTE },
};

static void a_ledger_that_is_not_as_its_rows_is_told(void **state)
{
    struct federation *federation = busy();
    unsigned faults[SCRUB_FAULT_COUNT];
    (void)state;
    federation_run(federation);
    for (size_t i = 0; i < sizeof ledger_cases / sizeof *ledger_cases; i++) {
        struct work *work = federation_begin(federation, 0);
        struct peer *peer = federation_peer(federation, 0, 1);
        ledger_cases[i].change(peer_ledger(work, peer, LEDGER_OUT));
        walk(work, faults);
        expect(faults, ledger_cases[i].fault, ledger_cases[i].what);
        undo(federation, work);
        federation_run(federation);
    }
    struct work *work = federation_begin(federation, 0);
    count_too_many(
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT));
    walk(work, faults);
    assert_string_equal(names_of(faults), "");
    undo(federation, work);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_nobody_wrote_are_told),
        cmocka_unit_test(bytes_of_rows_that_turned_are_told),
        cmocka_unit_test(an_intent_of_the_future_is_told),
        cmocka_unit_test(a_revocation_is_of_who_it_is_kept_for),
        cmocka_unit_test(a_name_that_its_run_does_not_know_is_told),
        cmocka_unit_test(a_ledger_that_is_not_as_its_rows_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
