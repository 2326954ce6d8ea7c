/* What a peer gives back of a lost ledger is believed for its signatures and
 * for nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/conflict.h"
#include "core/ledger.h"
#include "core/node_state.h"
#include "core/refill.h"
#include "support/bench_loss.h"

#define PARCEL_COUNT_MAX 8
#define ENTRY_COUNT_MAX 32

/* Agency 0 lost two referrals, asked for them, and this is what came. */
struct desk {
    struct federation *federation;
    struct work *work;
    struct peer *peer;
    struct ledger *out;
    struct parcel parcels[PARCEL_COUNT_MAX];
    struct entry entries[PARCEL_COUNT_MAX][ENTRY_COUNT_MAX];
    struct fetched fetched;
};

static const struct bench_message *fetched_arrives(
    struct federation *federation)
{
    for (int i = 0; i < 1000; i++) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message == NULL)
            federation_wait_until(federation, i * INT64_C(1000));
        else if (message->is_reply && message->to == 0 &&
                 message->reply == REPLY_FETCHED)
            return message;
        else
            federation_deliver(federation, 0);
    }
    fail_msg("nothing was fetched");
    return NULL;
}

static void desk_read(struct desk *desk)
{
    struct fetched fetched;
    const struct bench_message *message = fetched_arrives(desk->federation);
    desk->work = federation_begin(desk->federation, 0);
    desk->peer = federation_peer(desk->federation, 0, 1);
    desk->out = peer_ledger(desk->work, desk->peer, LEDGER_OUT);
    struct slice body = arena_copy(desk->work->arena, message->body);
    assert_int_equal(fetched_read(body, desk->work->arena, &fetched), ERR_NONE);
    assert_in_range(fetched.parcel_count, 2, PARCEL_COUNT_MAX);
    for (size_t i = 0; i < fetched.parcel_count; i++) {
        desk->parcels[i] = fetched.parcels[i];
        assert_in_range(desk->parcels[i].entry_count, 1, ENTRY_COUNT_MAX);
        memcpy(desk->entries[i], fetched.parcels[i].entries,
            fetched.parcels[i].entry_count * sizeof **desk->entries);
        desk->parcels[i].entries = desk->entries[i];
    }
    desk->fetched = (struct fetched){ desk->parcels, fetched.parcel_count };
}

static void desk_submit(struct desk *desk)
{
    for (int i = 0; i < 2; i++) {
        (void)federation_submit(
            desk->federation, 0, 1, i == 0 ? "first" : "second");
        federation_run(desk->federation);
    }
}

static void desk_new(struct desk *desk)
{
    *desk = (struct desk){ .federation = federation_new(2) };
    federation_connect(desk->federation, 0, 1);
    federation_agree(desk->federation);
}

static void desk_open(struct desk *desk)
{
    desk_new(desk);
    struct store_memory_snapshot *backup =
        federation_back_up(desk->federation, 0);
    desk_submit(desk);
    federation_restore(desk->federation, 0, backup);
    store_memory_snapshot_free(backup);
    desk_read(desk);
}

/* The same, but it lost all that it had. */
static void desk_open_bare(struct desk *desk)
{
    struct call call;
    desk_new(desk);
    desk_submit(desk);
    federation_lose_store(desk->federation, 0);
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(desk->federation, 1));
    assert_int_equal(
        federation_call(desk->federation, 0, &call)->err, ERR_NONE);
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation_id(desk->federation, 1)->text);
    assert_int_equal(
        federation_call(desk->federation, 0, &call)->err, ERR_NONE);
    desk_read(desk);
}

/* As if nothing had come. */
static void desk_close(struct desk *desk)
{
    desk->work->txn->err = ERR_FULL;
    assert_int_equal(federation_end(desk->federation, 0), ERR_FULL);
    federation_crash(desk->federation, 0);
    federation_free(desk->federation);
}

static const char *take(struct desk *desk)
{
    struct slice body = fetched_write(&desk->fetched, desk->work->arena);
    assert_non_null(body.bytes);
    return refill_take(desk->work, desk->peer, body);
}

static struct slice turned(struct desk *desk, struct slice bytes, size_t at)
{
    struct slice copy = arena_copy(desk->work->arena, bytes);
    assert_true(at < copy.size);
    ((uint8_t *)(uintptr_t)copy.bytes)[at] ^= 1;
    return copy;
}

/* ---- Changed on the way -------------------------------------------------- */

static void no_parcel(struct desk *desk)
{
    desk->fetched.parcel_count = 0;
}

static void a_gap(struct desk *desk)
{
    desk->fetched.parcels++;
    desk->fetched.parcel_count--;
}

static void another_place(struct desk *desk)
{
    desk->parcels[0].first_index++;
}

static void no_note(struct desk *desk)
{
    desk->parcels[0].note = SLICE_LITERAL("no note");
}

static void another_signature(struct desk *desk)
{
    struct note note;
    char text[NOTE_SIZE_MAX];
    assert_int_equal(note_parse(desk->parcels[0].note, &note), ERR_NONE);
    note.root[0] ^= 1; /* nobody signed that */
    desk->parcels[0].note =
        arena_copy(desk->work->arena, note_print(&note, text));
}

static void without_witness(struct desk *desk)
{
    struct note note;
    char text[NOTE_SIZE_MAX];
    assert_int_equal(note_parse(desk->parcels[0].note, &note), ERR_NONE);
    note.has_cosignature = false;
    desk->parcels[0].note =
        arena_copy(desk->work->arena, note_print(&note, text));
}

static void other_words(struct desk *desk)
{
    struct entry *entry = &desk->entries[0][0];
    entry->content = turned(desk, entry->content, entry->content.size / 2);
}

static void no_header(struct desk *desk)
{
    desk->entries[0][0].header = SLICE_LITERAL("no header");
}

/* Who wrote it signed for another one. */
static void another_time(struct desk *desk)
{
    struct entry *entry = &desk->entries[0][0];
    struct entry_header header;
    assert_int_equal(
        entry_header_read(entry->header, desk->work->arena, &header), ERR_NONE);
    header.at.unix_ms++;
    entry->header = entry_header_write(&header, desk->work->arena);
}

static void what_was_changed_on_its_way_is_refused(void **state)
{
    static const struct {
        void (*change)(struct desk *desk);
        const char *problem;
    } rows[] = {
        { no_parcel, "fetched_nothing" },
        { a_gap, "fetched_other" },
        { another_place, "fetched_other" },
        { no_note, "fetched_other" },
        { without_witness, "fetched_other" },
        { another_signature, "fetched_signature" },
        { other_words, "fetched_digest" },
        { no_header, "fetched_malformed" },
        { another_time, "fetched_root" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk desk;
        desk_open(&desk);
        uint64_t size = desk.out->frontier.size;
        rows[i].change(&desk);
        const char *problem = take(&desk);
        if (problem == NULL || strcmp(problem, rows[i].problem) != 0)
            fail_msg("row %zu: %s", i, problem == NULL ? "taken" : problem);
        assert_int_equal(desk.out->frontier.size, size);
        assert_true(refill_is_wanted(desk.peer));
        assert_int_equal(desk.out->trouble, LEDGER_NONE);
        desk_close(&desk);
    }
}

static void no_message_is_refused_and_what_nobody_asked_for_is_not_read(
    void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_string_equal(
        refill_take(desk.work, desk.peer, SLICE_LITERAL("\xff")),
        "reply_malformed");
    refill_end(desk.peer, LEDGER_OUT);
    refill_end(desk.peer, LEDGER_IN);
    assert_null(refill_take(desk.work, desk.peer, SLICE_LITERAL("\xff")));
    desk_close(&desk);
}

/* Of the other ledger, of which nothing is missing. */
static void what_is_not_missing_is_not_taken(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t size = desk.out->frontier.size;
    desk.peer->goals[1] = desk.peer->goals[0];
    refill_end(desk.peer, LEDGER_OUT);
    desk.peer->goals[1].wanted = true;
    assert_null(take(&desk));
    assert_int_equal(desk.out->frontier.size, size);
    desk_close(&desk);
}

/* ---- Two histories ------------------------------------------------------- */

static void two_roots_of_one_size_stop_the_ledger(void **state)
{
    struct desk desk;
    struct note last;
    (void)state;
    desk_open(&desk);
    struct refill_goal *goal = &desk.peer->goals[0];
    const struct parcel *end = &desk.parcels[desk.fetched.parcel_count - 1];
    assert_int_equal(note_parse(end->note, &last), ERR_NONE);
    goal->next.size = last.size;
    goal->next.root[0] ^= 1; /* that was shown as ours */
    goal->proof.root[0] ^= 1;
    assert_string_equal(take(&desk), "conflict");
    assert_false(goal->wanted);
    assert_int_equal(desk.out->trouble, LEDGER_CONFLICT);
    assert_int_not_equal(desk.out->evidence.size, 0);
    struct conflict both;
    assert_true(conflict_notes(desk.work, desk.out, &both));
    desk_close(&desk);
}

/* What is held is of a generation that the fetched one knows nothing of. */
static void a_generation_from_nowhere_is_for_an_operator(void **state)
{
    struct desk desk;
    (void)state;
    desk_open_bare(&desk);
    assert_int_equal(desk.parcels[0].first_index, 0);
    assert_int_equal(desk.out->generation, 0);
    desk.out->generation = 5;
    assert_string_equal(take(&desk), "generation");
    assert_int_equal(desk.out->trouble, LEDGER_GENERATION);
    assert_false(desk.peer->goals[0].wanted);
    desk_close(&desk);
}

static void who_lost_all_takes_it_from_the_first_entry_on(void **state)
{
    struct desk desk;
    (void)state;
    desk_open_bare(&desk);
    assert_null(take(&desk));
    assert_int_not_equal(desk.out->generation, 0);
    assert_int_not_equal(desk.out->frontier.size, 0);
    desk_close(&desk);
}

static void what_is_taken_up_already_is_not_taken_up_again(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    desk.peer->refill_ready = true;
    desk.out->refills = false;
    refill_go_on(desk.work, desk.peer);
    assert_false(desk.peer->refill_ready);
    desk_close(&desk);
}

/* That it follows on another generation than what is held here ended with. */
static void a_first_entry_says_what_it_follows_on(void **state)
{
    static const struct {
        bool is_read;
        bool is_short;
        const char *problem;
    } rows[] = { { false, false, "fetched_malformed" },
        { true, true, "generation" }, { true, false, NULL } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk desk;
        struct note note;
        desk_open(&desk);
        struct refill_goal *goal = &desk.peer->goals[0];
        struct arena *arena = desk.work->arena;
        struct crypto *crypto = desk.work->crypto;
        struct generation_end end = { .generation = desk.out->generation,
            .size = rows[i].is_short ? 1 : desk.out->cosigned + 9 };
        char text[NOTE_SIZE_MAX];
        struct entry *entry = &desk.entries[0][0];
        struct entry_header header = { .kind = ENTRY_GENERATION,
            .at = desk.work->now };
        uint8_t salt[SALT_SIZE] = { 1 };
        entry->salt = arena_copy(arena, SLICE_ARRAY(salt));
        entry->content = rows[i].is_read ? generation_end_write(&end, arena)
                                         : SLICE_LITERAL("no end");
        entry_digest(crypto, entry->salt, entry->content, header.digest);
        entry->header = entry_header_write(&header, arena);
        struct merkle_frontier frontier = { 0 };
        struct merkle_hash leaf;
        struct merkle_hash root;
        merkle_leaf_hash(crypto, entry->header, &leaf);
        merkle_append(crypto, &frontier, &leaf);
        merkle_root(crypto, &frontier, &root);
        note = (struct note){ .origin = ledger_origin(desk.out,
                                  &desk.work->node->self, &desk.peer->agency),
            .size = 1 };
        note.origin.generation = desk.out->generation + 3;
        memcpy(note.root, root.bytes, HASH_SIZE);
        assert_int_equal(note_sign(crypto, &note), ERR_NONE);
        assert_int_equal(note_cosign(federation_crypto(desk.federation, 1),
                             (uint64_t)desk.work->now.unix_ms / 1000, &note),
            ERR_NONE);
        goal->next.generation = note.origin.generation;
        goal->next.size = 1;
        desk.parcels[0] = (struct parcel){ 0, entry, 1,
            arena_copy(arena, note_print(&note, text)) };
        desk.fetched.parcel_count = 1;
        const char *problem = take(&desk);
        if (rows[i].problem == NULL) {
            assert_null(problem);
            assert_int_equal(goal->next.generation, end.generation);
            assert_int_equal(goal->next.size, end.size);
        } else {
            assert_string_equal(problem, rows[i].problem);
        }
        desk_close(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_changed_on_its_way_is_refused),
        cmocka_unit_test(
            no_message_is_refused_and_what_nobody_asked_for_is_not_read),
        cmocka_unit_test(what_is_not_missing_is_not_taken),
        cmocka_unit_test(two_roots_of_one_size_stop_the_ledger),
        cmocka_unit_test(a_generation_from_nowhere_is_for_an_operator),
        cmocka_unit_test(a_first_entry_says_what_it_follows_on),
        cmocka_unit_test(who_lost_all_takes_it_from_the_first_entry_on),
        cmocka_unit_test(what_is_taken_up_already_is_not_taken_up_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
