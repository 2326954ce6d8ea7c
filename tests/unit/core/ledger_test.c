#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/ledger.h"
#include "core/limits.h"
#include "support/bench_node.h"

#define PEER 3
#define NUMBER 7

static void troubles_have_names(void **state)
{
    (void)state;
    assert_string_equal(ledger_trouble_name(LEDGER_NONE), "none");
    assert_string_equal(ledger_trouble_name(LEDGER_UNPROVED), "unproved");
    assert_string_equal(ledger_trouble_name(LEDGER_TROUBLE_COUNT), "?");
}

/* ---- The row ---- */

static struct ledger some_ledger(
    struct work *work, uint8_t text[CONTRADICTION_SIZE_MAX])
{
    struct ledger ledger = {
        .peer = PEER,
        .direction = LEDGER_OUT,
        .number = NUMBER,
        .shelf = NUMBER,
        .generation = UINT64_C(0xfedcba9876543210),
        .previous = 12,
        .unfolded = 3,
        .refill = 4,
        .refills = true,
        .renews = true,
        .closes = true,
        .apart_ms = 6,
        .alarm = 7,
        .conflict_ms = 8,
        .losses = 5,
        .cosigned = 2,
        .note = slice_of(text, NOTE_SIZE_MAX),
        .offered = slice_of(text + 1, NOTE_SIZE_MAX - 1),
        .fence_count = LEDGER_FENCE_COUNT_MAX,
        .collected = 1,
        .collected_ms = 9,
        .awaited = 4,
        .awaited_position = 11,
        .answered = 2,
        .intent_next = 40,
        .intent_count = 5,
        .trouble = LEDGER_CONFLICT,
        .evidence = slice_of(text, CONTRADICTION_SIZE_MAX),
    };
    for (uint8_t i = 0; i < LEDGER_FENCE_COUNT_MAX; i++)
        memset(ledger.fences[i], i + 1, FENCE_SIZE);
    for (int i = 0; i < 5; i++)
        ledger_append(work, &ledger, SLICE_LITERAL("header"));
    return ledger;
}

static void a_row_reads_as_it_was_written(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    static uint8_t text[CONTRADICTION_SIZE_MAX] = { 'n', 'o' };
    (void)state;
    struct ledger ledger = some_ledger(work, text);
    assert_true(ledger.changed);
    ledger_save(work, &ledger);
    struct ledger *again = ledger_load(work, PEER, LEDGER_OUT);
    assert_non_null(again);
    assert_int_equal(again->peer, PEER);
    assert_int_equal(again->direction, LEDGER_OUT);
    assert_int_equal(again->number, NUMBER);
    assert_int_equal(again->shelf, NUMBER);
    assert_int_equal(again->generation, ledger.generation);
    assert_int_equal(again->previous, 12);
    assert_int_equal(again->unfolded, 3);
    assert_int_equal(again->refill, 4);
    assert_true(again->refills && again->renews && again->closes);
    assert_int_equal(again->apart_ms, 6);
    assert_int_equal(again->alarm, 7);
    assert_int_equal(again->conflict_ms, 8);
    assert_int_equal(again->losses, 5);
    assert_false(again->closed);
    assert_memory_equal(
        &again->frontier, &ledger.frontier, sizeof ledger.frontier);
    assert_int_equal(again->cosigned, 2);
    assert_true(slice_equal(again->note, ledger.note));
    assert_true(slice_equal(again->offered, ledger.offered));
    assert_int_equal(again->fence_count, LEDGER_FENCE_COUNT_MAX);
    assert_memory_equal(again->fences, ledger.fences, sizeof ledger.fences);
    assert_int_equal(again->collected, 1);
    assert_int_equal(again->collected_ms, 9);
    assert_int_equal(again->awaited, 4);
    assert_int_equal(again->awaited_position, 11);
    assert_int_equal(again->answered, 2);
    assert_int_equal(again->intent_next, 40);
    assert_int_equal(again->intent_count, 5);
    assert_int_equal(again->trouble, LEDGER_CONFLICT);
    assert_true(slice_equal(again->evidence, ledger.evidence));
    assert_false(again->changed);
    /* the other direction is another ledger */
    assert_int_equal(ledger_load(work, PEER, LEDGER_IN)->number, 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_ledger_without_a_row_is_new(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    const struct ledger *ledger = ledger_load(work, PEER, LEDGER_IN);
    (void)state;
    assert_int_equal(ledger->number, 0);
    assert_int_equal(ledger->generation, 0);
    assert_int_equal(ledger->frontier.size, 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_damaged_row_is_found(void **state)
{
    static uint8_t text[CONTRADICTION_SIZE_MAX];
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    struct ledger ledger = some_ledger(work, text);
    struct key key = key_ledger(PEER, LEDGER_OUT, LANE_MAIN);
    (void)state;
    ledger_save(work, &ledger);
    struct slice row =
        arena_copy(work->arena, store_get(work->txn, key_slice(&key)));
    for (size_t size = 0; size < row.size; size++) {
        size_t used = work->arena->used;
        store_put(work->txn, key_slice(&key), slice_of(row.bytes, size));
        assert_null(ledger_load(work, PEER, LEDGER_OUT));
        assert_int_equal(work->txn->err, ERR_CORRUPT);
        work->txn->err = ERR_NONE;
        arena_rewind(work->arena, used);
    }
    uint8_t *bytes = arena_take(work->arena, row.size + 1);
    memcpy(bytes, row.bytes, row.size);
    store_put(work->txn, key_slice(&key), slice_of(bytes, row.size + 1));
    assert_null(ledger_load(work, PEER, LEDGER_OUT)); /* something behind it */
    work->txn->err = ERR_NONE;
    size_t fences = 0;
    while (memcmp(bytes + fences, ledger.fences[0], FENCE_SIZE) != 0)
        fences++;
    bytes[fences - 1]++; /* more fences than it may have */
    store_put(work->txn, key_slice(&key), slice_of(bytes, row.size));
    assert_null(ledger_load(work, PEER, LEDGER_OUT));
    work->txn->err = ERR_NONE;
    bytes[fences - 1]--;
    bytes[0] ^= 3; /* another version */
    store_put(work->txn, key_slice(&key), slice_of(bytes, row.size));
    assert_null(ledger_load(work, PEER, LEDGER_OUT));
    assert_int_equal(federation_end(federation, 0), ERR_CORRUPT);
    federation_free(federation);
}

static void an_origin_names_author_and_recipient(void **state)
{
    const struct agency_id self = { "selfselfselfselfselfselfse" };
    const struct agency_id peer = { "peerpeerpeerpeerpeerpeerpe" };
    struct ledger ledger = { .direction = LEDGER_OUT, .generation = 5 };
    (void)state;
    struct origin out = ledger_origin(&ledger, &self, &peer);
    ledger.direction = LEDGER_IN;
    struct origin in = ledger_origin(&ledger, &self, &peer);
    assert_true(agency_id_equal(&out.author, &self));
    assert_true(agency_id_equal(&out.recipient, &peer));
    assert_true(agency_id_equal(&in.author, &peer));
    assert_true(agency_id_equal(&in.recipient, &self));
    assert_int_equal(out.lane, LANE_MAIN);
    assert_int_equal(out.generation, 5);
}

/* ---- Entries ---- */

/* Three parcels of 1, 3 and 2 entries: a header each, "h0" to "h5". */
static struct ledger filled_ledger(struct work *work)
{
    static const size_t counts[] = { 1, 3, 2 };
    struct ledger ledger = {
        .peer = PEER, .direction = LEDGER_OUT, .shelf = NUMBER
    };
    for (size_t i = 0; i < 3; i++) {
        struct ledger_entry entries[3] = { 0 };
        uint64_t first = ledger.frontier.size;
        for (size_t k = 0; k < counts[i]; k++) {
            char *header = arena_take(work->arena, 3);
            header[0] = 'h';
            header[1] = (char)('0' + first + k);
            entries[k].header = slice_of(header, 2);
            entries[k].attached = (first + k) % 2 == 0;
            if (entries[k].attached)
                entries[k].content =
                    work_say(work, VAULT_ENTRY_COMMON, entries[k].header);
            entries[k].has_referral = (first + k) % 3 == 0;
            entries[k].referral.bytes[0] = (uint8_t)(first + k + 1);
            entries[k].event_type = (uint8_t)(first + k + 2);
            entries[k].feed_position = first + k + 3;
            ledger_append(work, &ledger, entries[k].header);
        }
        ledger_entries_write(work, &ledger, first, entries, counts[i],
            i == 1 ? SLICE_LITERAL("a note") : SLICE_NONE);
    }
    return ledger;
}

static void an_entry_is_found_by_any_index(void **state)
{
    static const uint64_t firsts[] = { 0, 1, 1, 1, 4, 4 };
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    struct ledger ledger = filled_ledger(work);
    struct ledger_parcel parcel;
    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        assert_true(ledger_parcel_at(work, &ledger, i, &parcel));
        assert_int_equal(parcel.first_index, firsts[i]);
        const struct ledger_entry *entry = &parcel.entries[i - firsts[i]];
        assert_int_equal(entry->header.bytes[1], '0' + i);
        assert_int_equal(entry->attached, i % 2 == 0);
        assert_int_equal(entry->has_referral, i % 3 == 0);
        assert_int_equal(entry->referral.bytes[0], i % 3 == 0 ? i + 1 : 0);
        assert_int_equal(entry->event_type, i % 3 == 0 ? i + 2 : 0);
        assert_int_equal(entry->feed_position, i % 3 == 0 ? i + 3 : 0);
        assert_true(slice_is(parcel.note, firsts[i] == 1 ? "a note" : ""));
    }
    assert_false(ledger_parcel_at(work, &ledger, 6, &parcel));
    assert_false(ledger_parcel_at(work, &ledger, UINT64_MAX, &parcel));
    ledger.shelf = 0; /* a ledger that has no row has no entries */
    assert_false(ledger_parcel_at(work, &ledger, 0, &parcel));
    ledger.shelf = NUMBER + 1; /* nor has its neighbour */
    assert_false(ledger_parcel_at(work, &ledger, 0, &parcel));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void damaged_entries_are_found(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    struct ledger ledger = filled_ledger(work);
    struct ledger_parcel parcel;
    struct key key = key_entries(NUMBER, 1);
    (void)state;
    struct slice row =
        arena_copy(work->arena, store_get(work->txn, key_slice(&key)));
    for (size_t size = 0; size < row.size; size++) {
        store_put(work->txn, key_slice(&key), slice_of(row.bytes, size));
        assert_false(ledger_parcel_at(work, &ledger, 2, &parcel));
        assert_int_equal(work->txn->err, ERR_CORRUPT);
        work->txn->err = ERR_NONE;
    }
    uint8_t *bytes = arena_take(work->arena, row.size);
    memcpy(bytes, row.bytes, row.size);
    bytes[2] = 0x10; /* more entries than a parcel may have */
    store_put(work->txn, key_slice(&key), slice_of(bytes, row.size));
    assert_false(ledger_parcel_at(work, &ledger, 2, &parcel));
    assert_int_equal(federation_end(federation, 0), ERR_CORRUPT);
    federation_free(federation);
}

static void a_detached_entry_keeps_its_header_and_its_neighbours(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    struct ledger ledger = filled_ledger(work);
    struct ledger_parcel before;
    struct ledger_parcel after;
    struct merkle_hash root;
    struct merkle_hash same;
    (void)state;
    assert_true(ledger_root_at(work, &ledger, 6, &root));
    assert_true(ledger_parcel_at(work, &ledger, 4, &before));
    ledger_detach(work, &ledger, 4);
    ledger_detach(work, &ledger, 5); /* which has nothing to lose */
    assert_true(ledger_parcel_at(work, &ledger, 4, &after));
    assert_false(after.entries[0].attached);
    assert_null(content_get(
        work->contents, work->txn, work->arena, before.entries[0].content)
                    .bytes);
    assert_true(slice_is(after.entries[0].header, "h4"));
    assert_true(slice_is(after.entries[1].header, "h5"));
    assert_true(ledger_parcel_at(work, &ledger, 2, &after));
    assert_true(slice_is(after.note, "a note"));
    assert_non_null(content_get(
        work->contents, work->txn, work->arena, after.entries[1].content)
                        .bytes);
    assert_true(ledger_root_at(work, &ledger, 6, &same));
    assert_memory_equal(&root, &same, sizeof root);
    ledger_detach(work, &ledger, 6); /* nothing there */
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_root_is_that_of_the_headers_below(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    struct ledger ledger = filled_ledger(work);
    struct merkle_frontier frontier = { 0 };
    struct merkle_hash want;
    struct merkle_hash root;
    (void)state;
    for (uint64_t size = 0; size <= 6; size++) {
        merkle_root(work->crypto, &frontier, &want);
        assert_true(ledger_root_at(work, &ledger, size, &root));
        assert_memory_equal(&root, &want, sizeof root);
        const char header[] = { 'h', (char)('0' + size) };
        struct merkle_hash leaf;
        merkle_leaf_hash(work->crypto, SLICE_ARRAY(header), &leaf);
        merkle_append(work->crypto, &frontier, &leaf);
    }
    assert_false(ledger_root_at(work, &ledger, 7, &root));
    struct key key = key_entries(NUMBER, 1);
    store_del(work->txn, key_slice(&key));
    assert_true(ledger_root_at(work, &ledger, 1, &root));
    assert_false(ledger_root_at(work, &ledger, 5, &root));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_checkpoint_is_size_and_root_unsigned(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    struct ledger ledger = filled_ledger(work);
    const struct agency_id *self = federation_id(federation, 0);
    struct origin origin = ledger_origin(&ledger, self, self);
    struct merkle_hash root;
    struct note note;
    (void)state;
    ledger_checkpoint(work, &ledger, &origin, &note);
    assert_int_equal(note.size, 6);
    assert_true(ledger_root_at(work, &ledger, 6, &root));
    assert_memory_equal(note.root, root.bytes, HASH_SIZE);
    assert_true(origin_equal(&note.origin, &origin));
    assert_false(note.has_signature);
    assert_false(note.has_cosignature);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void a_header_that_cannot_be_read_fails_the_batch(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    struct ledger_entry entry = { .header = SLICE_LITERAL("no header") };
    struct entry_header header = { .kind = ENTRY_CARD };
    (void)state;
    ledger_header(work, work->scratch, &entry, &header);
    assert_int_equal(header.kind, 0);
    assert_int_equal(federation_end(federation, 0), ERR_CORRUPT);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(troubles_have_names),
        cmocka_unit_test(a_row_reads_as_it_was_written),
        cmocka_unit_test(a_ledger_without_a_row_is_new),
        cmocka_unit_test(a_damaged_row_is_found),
        cmocka_unit_test(an_origin_names_author_and_recipient),
        cmocka_unit_test(an_entry_is_found_by_any_index),
        cmocka_unit_test(damaged_entries_are_found),
        cmocka_unit_test(a_header_that_cannot_be_read_fails_the_batch),
        cmocka_unit_test(a_detached_entry_keeps_its_header_and_its_neighbours),
        cmocka_unit_test(a_root_is_that_of_the_headers_below),
        cmocka_unit_test(a_checkpoint_is_size_and_root_unsigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
