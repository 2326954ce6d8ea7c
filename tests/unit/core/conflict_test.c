#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/alarm.h"
#include "core/conflict.h"
#include "support/bench_author.h"

/* Two agencies with an agreement; beside 0's gateway somebody else writes in
 * its name, with its keys, from the same point on. */
struct desk {
    struct federation *federation;
    struct author rogue;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_of_two();
    author_open(&desk->rogue, desk->federation, 0, 1);
}

static void desk_close(struct desk *desk)
{
    author_close(&desk->rogue);
    federation_free(desk->federation);
}

static enum reply_kind rogue_writes(struct desk *desk, size_t entries)
{
    struct bench_reply reply;
    for (size_t i = 0; i < entries; i++)
        author_add(&desk->rogue, ENTRY_PADDING, SLICE_LITERAL("other words"));
    author_greet(&desk->rogue);
    struct deliver deliver = author_parcel(&desk->rogue);
    return author_send(&desk->rogue, &deliver, &reply);
}

static bool is_in_conflict(
    struct desk *desk, size_t agency, enum ledger_direction direction)
{
    struct work *work = federation_begin(desk->federation, agency);
    struct peer *peer = federation_peer(desk->federation, agency, 1 - agency);
    bool is_so = peer_ledger(work, peer, direction)->trouble == LEDGER_CONFLICT;
    assert_int_equal(federation_end(desk->federation, agency), ERR_NONE);
    return is_so;
}

static const struct local_reply *ask(
    struct desk *desk, size_t agency, const char *operation)
{
    struct call call;
    call_begin(&call, operation);
    call_text(&call, "peer", federation_id(desk->federation, 1 - agency)->text);
    return federation_call(desk->federation, agency, &call);
}

static enum err renew(struct desk *desk, size_t agency)
{
    enum err err = ask(desk, agency, "ledger.renew")->err;
    federation_run(desk->federation);
    federation_wait(desk->federation, 600000);
    return err;
}

static void assert_shown(struct desk *desk, size_t agency, const char *state)
{
    const struct local_reply *reply = ask(desk, agency, "ledger.conflicts");
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *record = reply_record(reply, "conflict", 0);
    assert_non_null(record);
    if (!record_is(record, "state", state))
        fail_msg("agency %zu is not %s", agency, state);
    assert_true(record_flag(record, "proved"));
}

static void submit(struct desk *desk, const char *key, const char *state)
{
    const char *id = federation_submit(desk->federation, 0, 1, key);
    federation_run(desk->federation);
    federation_wait(desk->federation, 600000);
    assert_string_equal(federation_state(desk->federation, 0, id), state);
}

/* Our own history came first; that of somebody else is refused. */
static void fork_late(struct desk *desk)
{
    submit(desk, "true", "delivered");
    assert_int_equal(rogue_writes(desk, 1), REPLY_CONFLICT);
    assert_true(is_in_conflict(desk, 1, LEDGER_IN));
    assert_false(is_in_conflict(desk, 0, LEDGER_OUT));
}

/* ---- Stopping ---- */

static void both_ends_stop_and_hold_the_proof(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    fork_late(&desk);
    submit(&desk, "waits", "sent"); /* the reply shows both notes */
    for (size_t agency = 0; agency < 2; agency++) {
        assert_true(is_in_conflict(
            &desk, agency, agency == 0 ? LEDGER_OUT : LEDGER_IN));
        assert_shown(&desk, agency, "stopped");
        assert_int_equal(
            federation_logged(desk.federation, agency, LOG_LEDGER_TROUBLED), 1);
        assert_int_equal(
            federation_logged(desk.federation, agency, LOG_ALARM_RAISED), 1);
        assert_int_equal(
            federation_peer(desk.federation, agency, 1 - agency)->alarm,
            ALARM_CONFLICT);
    }
    desk_close(&desk);
}

static void a_head_shows_the_notes_as_well(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    fork_late(&desk);
    federation_crash(desk.federation, 1);
    federation_run(desk.federation);
    assert_true(is_in_conflict(&desk, 0, LEDGER_OUT));
    desk_close(&desk);
}

static void the_other_ledger_goes_on(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    fork_late(&desk);
    submit(&desk, "waits", "sent");
    const char *id = federation_submit(desk.federation, 1, 0, "back");
    federation_run(desk.federation);
    federation_wait(desk.federation, 600000);
    assert_string_equal(federation_state(desk.federation, 0, id), "delivered");
    desk_close(&desk);
}

/* ---- Going on ---- */

static void assert_goes_on(struct desk *desk)
{
    submit(desk, "after", "delivered");
    for (size_t agency = 0; agency < 2; agency++) {
        struct peer *peer =
            federation_peer(desk->federation, agency, 1 - agency);
        assert_true(peer->settled_out && peer->settled_in);
        assert_int_equal(peer->alarm, ALARM_NONE);
    }
}

static void it_goes_on_once_both_operators_say_so(void **state)
{
    (void)state;
    for (size_t first = 0; first < 2; first++) {
        struct desk desk;
        desk_open(&desk);
        fork_late(&desk);
        submit(&desk, "waits", "sent");
        assert_int_equal(renew(&desk, first), ERR_NONE);
        submit(&desk, "waits longer", "sent");
        assert_shown(&desk, first, first == 0 ? "over" : "agreed");
        assert_shown(&desk, 1 - first, "stopped");
        assert_int_equal(renew(&desk, 1 - first), ERR_NONE);
        assert_goes_on(&desk);
        for (size_t agency = 0; agency < 2; agency++) {
            assert_shown(&desk, agency, "over");
            assert_int_equal(
                federation_logged(desk.federation, agency, LOG_LEDGER_REOPENED),
                1);
            assert_int_equal(renew(&desk, agency), ERR_STATE);
        }
        /* and after a start of both */
        federation_crash(desk.federation, 0);
        federation_crash(desk.federation, 1);
        federation_run(desk.federation);
        submit(&desk, "later", "delivered");
        desk_close(&desk);
    }
}

/* The recipient took what was not ours: it is taken up, and not signed over. */
static void what_somebody_else_wrote_first_is_taken_up(void **state)
{
    (void)state;
    for (size_t entries = 1; entries < 3; entries++) {
        struct desk desk;
        desk_open(&desk);
        assert_int_equal(rogue_writes(&desk, entries), REPLY_COSIGNED);
        submit(&desk, "true", entries == 1 ? "sent" : "delivered");
        /* of two it is plain that we lost them: fetched without a word */
        assert_int_equal(is_in_conflict(&desk, 0, LEDGER_OUT), entries == 1);
        assert_false(is_in_conflict(&desk, 1, LEDGER_IN));
        assert_int_equal(renew(&desk, 0), entries == 1 ? ERR_NONE : ERR_STATE);
        assert_goes_on(&desk);
        desk_close(&desk);
    }
}

static void the_forked_generation_takes_nothing_more(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    fork_late(&desk);
    assert_int_equal(ask(&desk, 1, "ledger.renew")->err, ERR_NONE);
    author_drop(&desk.rogue);
    struct work *work = federation_begin(desk.federation, 1);
    const struct ledger *in =
        peer_ledger(work, federation_peer(desk.federation, 1, 0), LEDGER_IN);
    desk.rogue.cosigned = in->frontier;
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    assert_int_equal(rogue_writes(&desk, 1), REPLY_CONFLICT);
    desk_close(&desk);
}

/* The reply to what was on its way when the operator said so. */
static void who_was_told_to_go_on_does_not_stop_again(void **state)
{
    struct desk desk;
    struct federation *federation;
    (void)state;
    desk_open(&desk);
    federation = desk.federation;
    fork_late(&desk);
    federation_crash(federation, 1);
    (void)federation_submit(federation, 0, 1, "on its way");
    for (size_t i = 0; i < federation_message_count(federation);)
        if (federation_message(federation, i)->kind == REQUEST_DELIVER)
            i++;
        else
            federation_deliver(federation, i);
    assert_int_equal(federation_message_count(federation), 1);
    assert_true(is_in_conflict(&desk, 0, LEDGER_OUT));
    assert_int_equal(ask(&desk, 0, "ledger.renew")->err, ERR_NONE);
    federation_run(federation);
    assert_false(is_in_conflict(&desk, 0, LEDGER_OUT));
    assert_string_equal(federation_peer(federation, 0, 1)->problem, "conflict");
    assert_int_equal(renew(&desk, 1), ERR_NONE);
    assert_goes_on(&desk);
    desk_close(&desk);
}

/* Two histories of somebody else: what the recipient holds is fetched, and the
 * author has nothing to say against either. */
static void what_somebody_else_forked_is_taken_up(void **state)
{
    struct desk desk;
    struct author *rogue = &desk.rogue;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk);
    for (int i = 0; i < 2; i++) {
        author_add(rogue, ENTRY_PADDING, SLICE_LITERAL("other words"));
        author_deliver(rogue);
    }
    struct merkle_frontier before = rogue->cosigned;
    author_add(rogue, ENTRY_PADDING, SLICE_LITERAL("other words"));
    author_deliver(rogue);
    rogue->cosigned = before;
    author_add(rogue, ENTRY_PADDING, SLICE_LITERAL("yet other words"));
    struct deliver deliver = author_parcel(rogue);
    assert_int_equal(author_send(rogue, &deliver, &reply), REPLY_CONFLICT);
    submit(&desk, "true", "sent");
    assert_false(is_in_conflict(&desk, 0, LEDGER_OUT));
    assert_true(is_in_conflict(&desk, 1, LEDGER_IN));
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_LEDGER_RECOVERED), 1);
    assert_int_equal(renew(&desk, 1), ERR_NONE);
    assert_goes_on(&desk);
    desk_close(&desk);
}

/* ---- What proves nothing ---- */

static void notes_of_ours_that_agree_stop_nothing(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    submit(&desk, "true", "delivered");
    struct work *work = federation_begin(desk.federation, 0);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct note forged;
    char text[NOTE_SIZE_MAX];
    assert_int_equal(note_parse(out->note, &forged), ERR_NONE);
    forged.root[0] ^= 1; /* nobody signed that */
    const struct conflict cases[] = {
        { out->note, out->note },
        { out->note, SLICE_LITERAL("no note") },
        { SLICE_NONE, SLICE_NONE },
        { out->note, note_print(&forged, text) },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        conflict_shown(work, peer, out, &cases[i]);
        assert_int_equal(out->trouble, LEDGER_NONE);
        assert_int_equal(out->evidence.size, 0);
    }
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    desk_close(&desk);
}

/* A note of ours, by our own key, over another history. */
static struct slice signed_note(
    struct work *work, const struct ledger *out, uint64_t size, uint8_t root)
{
    struct note note;
    char text[NOTE_SIZE_MAX];
    assert_int_equal(note_parse(out->note, &note), ERR_NONE);
    note.size = size;
    memset(note.root, root, sizeof note.root);
    assert_int_equal(note_sign(work->crypto, &note), ERR_NONE);
    struct slice copy = arena_copy(work->arena, note_print(&note, text));
    assert_non_null(copy.bytes);
    return copy;
}

/* Either of two that are shown may be the one that is not of our history. */
static void a_note_of_ours_that_we_do_not_hold_stops_it(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct desk desk;
        desk_open(&desk);
        submit(&desk, "true", "delivered");
        struct work *work = federation_begin(desk.federation, 0);
        struct peer *peer = federation_peer(desk.federation, 0, 1);
        struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
        struct slice other = signed_note(work, out, out->frontier.size, 7);
        struct slice smaller = signed_note(work, out, 1, 7);
        const struct conflict cases[] = {
            { other, smaller }, { out->note, smaller },
            { out->note, other }, /* of one size: it needs no look */
        };
        conflict_shown(work, peer, out, &cases[i]);
        assert_int_equal(out->trouble, LEDGER_CONFLICT);
        struct conflict both;
        assert_true(conflict_notes(work, out, &both));
        assert_true(slice_equal(both.held, cases[i].held) ||
                    slice_equal(both.offered, cases[i].held) ||
                    slice_equal(both.held, cases[i].offered) ||
                    slice_equal(both.offered, cases[i].offered));
        assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
        desk_close(&desk);
    }
}

/* Notes that prove nothing together are kept as they came. */
static void what_proves_nothing_is_kept_as_it_came(void **state)
{
    struct desk desk;
    struct conflict both;
    (void)state;
    desk_open(&desk);
    submit(&desk, "true", "delivered");
    struct work *work = federation_begin(desk.federation, 0);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    const struct {
        struct slice held;
        struct slice shown;
        bool are_notes;
    } rows[] = {
        { out->note, signed_note(work, out, 1000, 7), true },
        { signed_note(work, out, 1000, 7), out->note, true },
        { out->note, in->note, true },
        { in->note, out->note, true },
        { out->note, SLICE_LITERAL("no note"), false },
        { SLICE_LITERAL("no note"), out->note, false },
        { SLICE_NONE, SLICE_NONE, false },
    };
    assert_false(conflict_notes(work, out, &both));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        conflict_stop(work, peer, out, rows[i].held, rows[i].shown);
        assert_int_equal(out->trouble, LEDGER_CONFLICT);
        assert_int_equal(
            out->evidence.size, rows[i].held.size + rows[i].shown.size + 2);
        assert_int_equal(conflict_notes(work, out, &both), rows[i].are_notes);
        if (rows[i].are_notes)
            assert_true(slice_equal(both.held, rows[i].held) &&
                        slice_equal(both.offered, rows[i].shown));
    }
    work->txn->err = ERR_FULL;
    assert_int_equal(federation_end(desk.federation, 0), ERR_FULL);
    federation_crash(desk.federation, 0);
    desk_close(&desk);
}

/* Of the larger size all entries must be there. */
static void entries_that_are_not_there_prove_nothing(void **state)
{
    struct desk desk;
    struct note held;
    struct note shown;
    struct contradiction proof;
    (void)state;
    desk_open(&desk);
    struct merkle_frontier before = desk.rogue.cosigned;
    submit(&desk, "true", "delivered");
    for (size_t i = 0; i < 3; i++)
        author_add(&desk.rogue, ENTRY_PADDING, SLICE_LITERAL("other words"));
    struct parcel beyond = author_parcel(&desk.rogue).parcel;
    assert_int_equal(beyond.first_index, before.size);
    struct work *work = federation_begin(desk.federation, 1);
    const struct ledger *in =
        peer_ledger(work, federation_peer(desk.federation, 1, 0), LEDGER_IN);
    assert_int_equal(note_parse(in->note, &held), ERR_NONE);
    assert_int_equal(note_parse(beyond.note, &shown), ERR_NONE);
    assert_true(conflict_prove(work, in, &beyond, &held, &shown, &proof));
    beyond.entry_count--;
    assert_false(conflict_prove(work, in, &beyond, &held, &shown, &proof));
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    desk_close(&desk);
}

static void conflicts_are_listed_of_one_agency_or_of_all(void **state)
{
    struct desk desk = { .federation = federation_new(3) };
    struct call call;
    (void)state;
    federation_connect(desk.federation, 0, 1);
    federation_connect(desk.federation, 1, 2);
    federation_agree(desk.federation);
    author_open(&desk.rogue, desk.federation, 0, 1);
    fork_late(&desk);
    for (size_t of = 0; of < 3; of++) {
        call_begin(&call, "ledger.conflicts");
        if (of != 1)
            call_text(&call, "peer", federation_id(desk.federation, of)->text);
        const struct local_reply *reply =
            federation_call(desk.federation, 1, &call);
        assert_int_equal(reply->err, ERR_NONE);
        assert_int_equal(reply_count(reply, "conflict"), of != 2);
    }
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_stop_and_hold_the_proof),
        cmocka_unit_test(a_head_shows_the_notes_as_well),
        cmocka_unit_test(the_other_ledger_goes_on),
        cmocka_unit_test(conflicts_are_listed_of_one_agency_or_of_all),
        cmocka_unit_test(it_goes_on_once_both_operators_say_so),
        cmocka_unit_test(what_somebody_else_wrote_first_is_taken_up),
        cmocka_unit_test(the_forked_generation_takes_nothing_more),
        cmocka_unit_test(notes_of_ours_that_agree_stop_nothing),
        cmocka_unit_test(a_note_of_ours_that_we_do_not_hold_stops_it),
        cmocka_unit_test(what_proves_nothing_is_kept_as_it_came),
        cmocka_unit_test(entries_that_are_not_there_prove_nothing),
        cmocka_unit_test(who_was_told_to_go_on_does_not_stop_again),
        cmocka_unit_test(what_somebody_else_forked_is_taken_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
