#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/codec_card.h"
#include "core/entry.h"
#include "core/generation.h"
#include "core/limits.h"
#include "core/merkle.h"
#include "core/node_state.h"
#include "core/note.h"
#include "core/referral.h"
#include "support/bench_node.h"
#include "support/bench_papers.h"

static struct federation *agreed(void)
{
    return federation_of_two();
}

static void ask_for(struct federation *federation, size_t agency,
    const char *direction, struct call *call)
{
    call_begin(call, "evidence.read");
    call_text(call, "peer", federation_id(federation, 1 - agency)->text);
    call_text(call, "direction", direction);
}

static const struct local_reply *done(
    struct federation *federation, size_t agency, struct call *call)
{
    const struct local_reply *reply = federation_call(federation, agency, call);
    assert_int_equal(reply->err, ERR_NONE);
    return reply;
}

static const struct local_reply *of_referral(struct federation *federation,
    size_t agency, const char *direction, const char *id)
{
    struct call call;
    ask_for(federation, agency, direction, &call);
    call_text(&call, "referral", id);
    return done(federation, agency, &call);
}

static const struct local_field *data_of(
    const struct local_record *record, const char *name)
{
    return local_field_get(record->fields, record->field_count, name);
}

/* ---- Leaves -------------------------------------------------------------- */

static void the_leaves_have_the_root_of_the_ledger(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    for (int i = 0; i < 3; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)federation_submit(federation, 0, 1, key);
    }
    federation_run(federation);
    for (size_t agency = 0; agency < 2; agency++) {
        struct merkle_frontier frontier = { 0 };
        struct merkle_hash root;
        struct note note;
        int64_t at = -1;
        int64_t size;
        do { /* two at a time */
            struct call call;
            ask_for(federation, agency, agency == 0 ? "out" : "in", &call);
            if (at >= 0)
                call_number(&call, "after", at);
            call_number(&call, "count", 2);
            const struct local_reply *reply = done(federation, agency, &call);
            const struct local_record *ledger =
                reply_record(reply, "ledger", 0);
            const struct local_record *span = reply_record(reply, "span", 0);
            size = record_number(ledger, "size");
            assert_int_equal(record_number(span, "first"), at + 1);
            struct slice leaves = data_of(span, "leaves")->bytes;
            assert_int_equal(
                leaves.size, record_number(span, "count") * HASH_SIZE);
            assert_true(leaves.size > 0);
            for (size_t i = 0; i < leaves.size; i += HASH_SIZE) {
                struct merkle_hash leaf;
                memcpy(leaf.bytes, leaves.bytes + i, HASH_SIZE);
                merkle_append(
                    federation_crypto(federation, 0), &frontier, &leaf);
            }
            at += record_number(span, "count");
            assert_int_equal(
                note_parse(record_text(ledger, "note"), &note), ERR_NONE);
        } while (at + 1 < size);
        assert_int_equal(note.size, frontier.size);
        merkle_root(federation_crypto(federation, 0), &frontier, &root);
        assert_memory_equal(root.bytes, note.root, HASH_SIZE);
    }
    federation_free(federation);
}

static void beyond_the_end_there_is_an_empty_span(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    ask_for(federation, 0, "out", &call);
    call_number(&call, "after", 1000000);
    const struct local_reply *reply = done(federation, 0, &call);
    const struct local_record *span = reply_record(reply, "span", 0);
    assert_int_equal(record_number(span, "count"), 0);
    assert_int_equal(record_number(span, "first"), 1000001);
    federation_free(federation);
}

static void numbers_out_of_bounds_are_refused(void **state)
{
    static const struct {
        const char *name;
        int64_t number;
    } rows[] = {
        { "after", -2 },
        { "after", INT64_MAX },
        { "count", 0 },
        { "count", EVIDENCE_SPAN_COUNT_MAX + 1 },
        { "about", -1 },
    };
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask_for(federation, 0, "out", &call);
        call_number(&call, rows[i].name, rows[i].number);
        assert_int_equal(
            federation_call(federation, 0, &call)->err, ERR_INVALID);
    }
    ask_for(federation, 0, "out", &call);
    call_text(&call, "referral", "first");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_INVALID);
    federation_free(federation);
}

static void only_a_generation_that_is_held_has_leaves(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    char text[17];
    (void)state;
    ask_for(federation, 0, "out", &call);
    const struct local_reply *reply = done(federation, 0, &call);
    struct slice held =
        record_text(reply_record(reply, "ledger", 0), "generation");
    assert_int_equal(held.size, 16);
    memcpy(text, held.bytes, 16);
    text[16] = '\0';
    ask_for(federation, 0, "out", &call);
    call_text(&call, "generation", text);
    (void)done(federation, 0, &call);
    text[0] = text[0] == '0' ? '1' : '0';
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NOT_FOUND);
    text[0] = 'x';
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_INVALID);
    federation_free(federation);
}

static void a_closed_generation_is_read_by_its_name(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    char previous[17] = { 0 };
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    int64_t size = (int64_t)out->frontier.size;
    generation_close(work, out);
    generation_open(work, out);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    ask_for(federation, 0, "out", &call);
    const struct local_reply *reply = done(federation, 0, &call);
    const struct local_record *ledger = reply_record(reply, "ledger", 0);
    assert_true(record_number(ledger, "size") < size);
    memcpy(previous, record_text(ledger, "previous").bytes, 16);
    call_text(&call, "generation", previous);
    reply = done(federation, 0, &call);
    ledger = reply_record(reply, "ledger", 0);
    assert_true(record_is(ledger, "generation", previous));
    assert_true(record_is(ledger, "previous", "0000000000000000"));
    assert_true(record_is(ledger, "state", "closed"));
    assert_int_equal(
        record_number(reply_record(reply, "span", 0), "count"), size);
    federation_free(federation);
}

static void notes_are_those_of_parcels_received(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    ask_for(federation, 1, "in", &call);
    call_flag(&call, "notes", true);
    const struct local_reply *reply = done(federation, 1, &call);
    size_t count = reply_count(reply, "note");
    int64_t size = 0;
    assert_true(count > 1);
    for (size_t i = 0; i < count; i++) {
        const struct local_record *record = reply_record(reply, "note", i);
        struct note note;
        assert_int_equal(
            note_parse(record_text(record, "note"), &note), ERR_NONE);
        assert_int_equal(note.size, record_number(record, "size"));
        assert_true(record_number(record, "size") > size);
        size = record_number(record, "size");
    }
    federation_free(federation);
}

/* It is of the parcel's last entry, and of no other. */
static void a_span_that_ends_within_a_parcel_has_no_note_of_it(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    for (char key[] = "a"; key[0] < 'd'; key[0]++)
        (void)federation_submit(federation, 0, 1, key);
    federation_run(federation);
    struct work *work = federation_begin(federation, 1);
    const struct ledger *in =
        peer_ledger(work, federation_peer(federation, 1, 0), LEDGER_IN);
    struct ledger_parcel last;
    assert_true(ledger_parcel_at(work, in, in->cosigned - 1, &last));
    assert_true(last.count > 1);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    for (int64_t count = 1; count <= (int64_t)last.count; count++) {
        ask_for(federation, 1, "in", &call);
        call_flag(&call, "notes", true);
        call_number(&call, "after", (int64_t)last.first_index - 1);
        call_number(&call, "count", count);
        assert_int_equal(reply_count(done(federation, 1, &call), "note"),
            count == (int64_t)last.count);
    }
    federation_free(federation);
}

/* ---- Entries ------------------------------------------------------------- */

/* The salted digest of what it shows is that of its header. */
static void entry_holds(
    struct federation *federation, const struct local_record *entry)
{
    uint8_t block[4096] = { 0 };
    struct arena arena = { .block = block, .capacity = sizeof block };
    struct entry_header header;
    uint8_t digest[HASH_SIZE];
    assert_int_equal(
        entry_header_read(data_of(entry, "header")->bytes, &arena, &header),
        ERR_NONE);
    entry_digest(federation_crypto(federation, 0),
        data_of(entry, "salt")->bytes, data_of(entry, "content")->bytes,
        digest);
    assert_memory_equal(digest, header.digest, HASH_SIZE);
}

static void both_ends_find_the_events_of_a_referral(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const char *other = federation_submit(federation, 0, 1, "other");
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    for (size_t agency = 0; agency < 2; agency++) {
        const struct local_reply *reply =
            of_referral(federation, agency, agency == 0 ? "out" : "in", id);
        assert_int_equal(reply_count(reply, "entry"), 1);
        entry_holds(federation, reply_record(reply, "entry", 0));
        reply = of_referral(federation, agency, agency == 0 ? "in" : "out", id);
        assert_int_equal(reply_count(reply, "entry"), 1);
        reply =
            of_referral(federation, agency, agency == 0 ? "in" : "out", other);
        assert_int_equal(reply_count(reply, "entry"), 0);
    }
    assert_true(federation_logged(federation, 0, LOG_EVIDENCE_READ) > 0);
    federation_free(federation);
}

static void what_was_erased_is_found_without_its_content(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act_by(
        federation, 0, id, "consent_revoked", "c", "person", NULL);
    federation_run(federation);
    for (size_t agency = 0; agency < 2; agency++) {
        const struct local_reply *reply =
            of_referral(federation, agency, agency == 0 ? "out" : "in", id);
        assert_int_equal(reply_count(reply, "entry"), 2);
        const struct local_record *entry = reply_record(reply, "entry", 0);
        assert_false(record_flag(entry, "attached"));
        assert_null(data_of(entry, "salt"));
        assert_null(data_of(entry, "content"));
        assert_non_null(data_of(entry, "header"));
    }
    federation_free(federation);
}

static void an_answer_is_found_by_what_it_speaks_of(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const struct local_reply *reply = of_referral(federation, 0, "out", id);
    int64_t about = record_number(reply_record(reply, "entry", 0), "index");
    ask_for(federation, 0, "in", &call);
    call_number(&call, "about", about);
    reply = done(federation, 0, &call);
    assert_int_equal(reply_count(reply, "entry"), 1);
    const struct local_record *entry = reply_record(reply, "entry", 0);
    entry_holds(federation, entry);
    ask_for(federation, 0, "in", &call);
    call_number(&call, "about", about + 1000);
    reply = done(federation, 0, &call);
    assert_int_equal(reply_count(reply, "entry"), 0);
    federation_free(federation);
}

static void a_reader_without_the_right_gets_nothing(void **state)
{
    static const struct bench_client reader = { 1, LOCAL_RIGHT_READ, 1000 };
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    ask_for(federation, 0, "out", &call);
    assert_int_equal(
        federation_call_as(federation, 0, &reader, &call)->err, ERR_FORBIDDEN);
    assert_int_equal(federation_logged(federation, 0, LOG_EVIDENCE_READ), 0);
    federation_free(federation);
}

/* ---- Cards and agreements ------------------------------------------------ */

static const struct local_reply *cards(
    struct federation *federation, size_t agency, const char *of, int64_t below)
{
    struct call call;
    call_begin(&call, "card.list");
    if (of != NULL)
        call_text(&call, "agency", of);
    if (below >= 0)
        call_number(&call, "below", below);
    return done(federation, agency, &call);
}

static void every_card_that_was_held_is_listed_newest_first(void **state)
{
    struct federation *federation = agreed();
    const char *other = federation_id(federation, 1)->text;
    (void)state;
    assert_int_equal(reply_count(cards(federation, 0, other, -1), "card"), 1);
    for (uint64_t serial = 2; serial <= 3; serial++) {
        struct instant until = { FEDERATION_START_MS + 50 * FEDERATION_DAY_MS };
        federation_card_set(
            federation, 1, federation_card_new(federation, 1, serial, until));
        federation_crash(federation, 1);
        federation_wait(federation, 600000);
    }
    const struct local_reply *reply = cards(federation, 0, other, -1);
    assert_int_equal(reply_count(reply, "card"), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct local_record *card = reply_record(reply, "card", i);
        assert_int_equal(record_number(card, "serial"), 3 - i);
        assert_true(record_is(card, "agency", other));
        assert_true(data_of(card, "data")->bytes.size > 100);
    }
    assert_int_equal(reply_count(cards(federation, 0, other, 3), "card"), 2);
    assert_int_equal(reply_count(cards(federation, 0, other, 1), "card"), 0);
    assert_int_equal(reply_count(cards(federation, 1, NULL, -1), "card"), 3);
    assert_int_equal(reply_count(cards(federation, 1, other, 2), "card"), 1);
    federation_free(federation);
}

static void an_agreement_shows_its_signatures(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    char id[MOU_ID_TEXT_SIZE + 1];
    (void)state;
    federation_mou_id(federation, id);
    call_begin(&call, "mou.show");
    call_text(&call, "id", id);
    const struct local_reply *reply = done(federation, 0, &call);
    for (size_t i = 0; i < 2; i++) {
        uint8_t signature[SIGNATURE_SIZE];
        federation_mou_sign(federation, i, signature);
        const struct local_record *record = reply_find(
            reply, "signature", "agency", federation_id(federation, i)->text);
        assert_non_null(record);
        assert_true(slice_equal(
            data_of(record, "signature")->bytes, SLICE_ARRAY(signature)));
    }
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_leaves_have_the_root_of_the_ledger),
        cmocka_unit_test(beyond_the_end_there_is_an_empty_span),
        cmocka_unit_test(numbers_out_of_bounds_are_refused),
        cmocka_unit_test(only_a_generation_that_is_held_has_leaves),
        cmocka_unit_test(a_closed_generation_is_read_by_its_name),
        cmocka_unit_test(notes_are_those_of_parcels_received),
        cmocka_unit_test(a_span_that_ends_within_a_parcel_has_no_note_of_it),
        cmocka_unit_test(both_ends_find_the_events_of_a_referral),
        cmocka_unit_test(what_was_erased_is_found_without_its_content),
        cmocka_unit_test(an_answer_is_found_by_what_it_speaks_of),
        cmocka_unit_test(a_reader_without_the_right_gets_nothing),
        cmocka_unit_test(every_card_that_was_held_is_listed_newest_first),
        cmocka_unit_test(an_agreement_shows_its_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
