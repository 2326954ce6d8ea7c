/* The folder of proto/vectors/evidence, whole and damaged; what its files are
 * called. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/armor.h"
#include "core/evidence.h"
#include "core/mou.h"
#include "core/proof.h"
#include "golden/vectors.h"
#include "support/crypto_repeat.h"

#define FILE_COUNT_MAX 160
#define TOLD "entries/zc5qxt6fvffn5jdyjvqmsfjyll-0123456789abcdef-"
#define HEARD "entries/pvr5nriwizwg36veqo2wyfq52i-fedcba9876543210-"

/* A copy of the folder, to be damaged, and what is said of it. */
struct bench {
    struct vectors vectors;
    struct arena arena;
    struct arena scratch;
    struct evidence_file files[FILE_COUNT_MAX];
    size_t count;
    struct evidence_report report;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    vectors_open(&bench->vectors);
    assert_int_equal(arena_init(&bench->arena, 1u << 20), ERR_NONE);
    assert_int_equal(arena_init(&bench->scratch, 1u << 20), ERR_NONE);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    vectors_close(&bench->vectors);
    arena_release(&bench->arena);
    arena_release(&bench->scratch);
    free(bench);
    return 0;
}

static void restore(struct bench *bench)
{
    bench->count = bench->vectors.folder_count;
    memcpy(bench->files, bench->vectors.folder,
        bench->count * sizeof *bench->files);
}

static struct evidence_file *file(struct bench *bench, const char *path)
{
    for (size_t i = 0; i < bench->count; i++)
        if (slice_is(bench->files[i].path, path))
            return &bench->files[i];
    fail_msg("no file %s", path);
    return NULL;
}

static void drop(struct bench *bench, const char *path)
{
    struct evidence_file *one = file(bench, path);
    size_t at = (size_t)(one - bench->files);
    memmove(one, one + 1, (bench->count - at - 1) * sizeof *one);
    bench->count--;
}

static void add(struct bench *bench, const char *path, struct slice bytes)
{
    size_t at = bench->count++;
    for (; at > 0 && evidence_path_compare(
                         bench->files[at - 1].path, slice_of_text(path)) > 0;
         at--)
        bench->files[at] = bench->files[at - 1];
    bench->files[at] = (struct evidence_file){ slice_of_text(path), bytes };
}

/* As somebody would who hides what was changed. */
static void list_anew(struct bench *bench)
{
    struct evidence_file *sums = file(bench, EVIDENCE_SUMS);
    sums->bytes = evidence_sums_write(bench->vectors.author, bench->files,
        bench->count, &bench->vectors.arena);
    assert_non_null(sums->bytes.bytes);
}

static size_t judge(struct bench *bench)
{
    arena_rewind(&bench->arena, 0);
    assert_int_equal(
        evidence_verify(bench->vectors.author, bench->files, bench->count,
            &bench->arena, &bench->scratch, &bench->report),
        ERR_NONE);
    assert_int_equal(bench->scratch.used, 0);
    return bench->report.failure_count;
}

static bool is_found(
    const struct bench *bench, const char *path, const char *what)
{
    for (size_t i = 0; i < bench->report.finding_count; i++)
        if (slice_is(bench->report.findings[i].path, path) &&
            strstr(bench->report.findings[i].what, what) != NULL)
            return true;
    return false;
}

static void must_find(struct bench *bench, const char *path, const char *what)
{
    list_anew(bench);
    (void)judge(bench);
    if (!is_found(bench, path, what))
        fail_msg("nothing is said of %s: %s", path, what);
}

/* ---- Names --------------------------------------------------------------- */

static void paths_are_read_as_they_are_made(void **state)
{
    static const char *const bad[] = {
        "",
        "entries/",
        "entries/zc5qxt6fvffn5jdyjvqmsfjyll-0123456789abcdef-1",
        TOLD "1/",
        TOLD "01/header",
        TOLD "1/headers",
        TOLD "1/header/",
        TOLD "-1/header",
        TOLD "18446744073709551616/header",
        "entries/zc5qxt6fvffn5jdyjvqmsfjyl-0123456789abcdef-1/header",
        "entries/zc5qxt6fvffn5jdyjvqmsfjyll-0123456789ABCDEF-1/header",
        "entries/zc5qxt6fvffn5jdyjvqmsfjyll-123456789abcdef-1/header",
        "cards/zc5qxt6fvffn5jdyjvqmsfjyll-1",
        "cards/zc5qxt6fvffn5jdyjvqmsfjyll-1.cards",
        "cards/zc5qxt6fvffn5jdyjvqmsfjyll-01.card",
        "cards/-1.card",
    };
    struct evidence_place place = { .generation = 0xfULL << 60,
        .index = UINT64_MAX };
    (void)state;
    assert_int_equal(
        agency_id_parse(
            SLICE_LITERAL("zc5qxt6fvffn5jdyjvqmsfjyll"), &place.author),
        ERR_NONE);
    for (int i = 0; i < EVIDENCE_PART_COUNT; i++) {
        char path[EVIDENCE_PATH_SIZE], again[EVIDENCE_PATH_SIZE];
        struct evidence_place read;
        enum evidence_part part;
        struct slice made =
            evidence_entry_path(&place, (enum evidence_part)i, path);
        assert_int_equal(
            evidence_entry_path_read(made, &read, &part), ERR_NONE);
        assert_int_equal(part, i);
        assert_true(slice_equal(evidence_entry_path(&read, part, again), made));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct evidence_place read;
        enum evidence_part part;
        struct agency_id agency;
        uint64_t serial;
        assert_int_equal(
            evidence_entry_path_read(slice_of_text(bad[i]), &read, &part),
            ERR_MALFORMED);
        assert_int_equal(
            evidence_card_path_read(slice_of_text(bad[i]), &agency, &serial),
            ERR_MALFORMED);
    }
}

static void lines_of_sha256sum_are_read_and_no_others(void **state)
{
#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    static const struct {
        const char *line;
        enum err err;
    } rows[] = {
        { HEX "  a\n", ERR_NONE },
        { HEX "  a b\n", ERR_NONE },
        { HEX "  a", ERR_MALFORMED },
        { HEX "  \n", ERR_MALFORMED },
        { HEX " *a\n", ERR_MALFORMED },
        { HEX " a\n", ERR_MALFORMED },
        { HEX "\n", ERR_MALFORMED },
        { "\n", ERR_MALFORMED },
        { "X" HEX "  a\n", ERR_MALFORMED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice rest = slice_of_text(rows[i].line);
        struct slice path;
        uint8_t digest[HASH_SIZE];
        assert_int_equal(evidence_sums_next(&rest, digest, &path), rows[i].err);
        if (rows[i].err == ERR_NONE)
            assert_int_equal(digest[31], 31);
    }
}

static void every_verdict_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(evidence_verdict_name(EVIDENCE_HELD), "held");
    assert_string_equal(evidence_verdict_name(EVIDENCE_REFUSED), "refused");
    assert_string_equal(evidence_verdict_name(EVIDENCE_ABSENT), "absent");
    assert_string_equal(
        evidence_verdict_name(EVIDENCE_UNANSWERED), "unanswered");
    assert_string_equal(evidence_verdict_name(EVIDENCE_VERDICT_COUNT), "?");
}

/* ---- Whole --------------------------------------------------------------- */

static void each_event_has_its_verdict(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    assert_int_equal(judge(bench), 0);
    const struct evidence_report *report = &bench->report;
    assert_int_equal(report->finding_count, 0);
    assert_int_equal(report->agency_count, 2);
    assert_true(report->has_referral && report->has_agreement);
    assert_int_equal(report->referral.bytes[0], 0x77);
    assert_true(mou_id_equal(&report->agreement, &bench->vectors.mou));
    assert_int_equal(report->event_count, 4);
    static const struct {
        enum evidence_verdict verdict;
        enum referral_event_type type;
        bool is_shown;
        enum referral_state state;
    } rows[] = {
        { EVIDENCE_HELD, EVENT_SEND, true, REFERRAL_DELIVERED },
        { EVIDENCE_REFUSED, EVENT_AMEND, true, REFERRAL_DELIVERED },
        { EVIDENCE_ABSENT, EVENT_NONE, false, REFERRAL_UNKNOWN },
        { EVIDENCE_UNANSWERED, EVENT_DECLINE, true, REFERRAL_UNKNOWN },
    };
    for (size_t i = 0; i < 4; i++) {
        const struct evidence_event *event = &report->events[i];
        assert_int_equal(event->verdict, rows[i].verdict);
        assert_int_equal(event->type, rows[i].type);
        assert_int_equal(event->is_shown, rows[i].is_shown);
        assert_int_equal(event->state, rows[i].state);
        assert_int_equal(event->cosigned_s, VECTOR_COSIGNED_S + 99);
        assert_int_equal(event->at.unix_ms / 1000 % 60, i < 3 ? 5 + i : 22);
    }
    assert_true(slice_is(report->events[1].clause, "never_share"));
    assert_int_equal(report->events[1].problem, PROBLEM_ELEMENT_NOT_ALLOWED);
    assert_int_equal(report->events[1].answer_index, 1);
}

static void a_name_is_that_of_the_newest_card(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    assert_int_equal(judge(bench), 0);
    for (size_t i = 0; i < 2; i++) {
        const struct evidence_agency *agency = &bench->report.agencies[i];
        bool is_author =
            agency_id_equal(&agency->id, &bench->vectors.author_id);
        assert_true(slice_is(
            agency->name, is_author ? "Open Door" : "City TB Hospital"));
        assert_int_equal(agency->card_serial, 2);
    }
}

static void without_content_it_proves_that_entries_were_received(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    for (size_t i = bench->count; i-- > 0;) {
        struct slice path = bench->files[i].path;
        struct evidence_place place;
        enum evidence_part part;
        char name[EVIDENCE_PATH_SIZE] = { 0 };
        memcpy(name, path.bytes, path.size);
        if (slice_is(path, EVIDENCE_AGREEMENT) ||
            (evidence_entry_path_read(path, &place, &part) == ERR_NONE &&
                (part == EVIDENCE_SALT || part == EVIDENCE_CONTENT ||
                    strncmp(name, HEARD "1/", sizeof HEARD + 1) == 0)))
            drop(bench, name);
    }
    list_anew(bench);
    assert_int_equal(judge(bench), 0);
    assert_int_equal(bench->report.event_count, 4);
    assert_false(bench->report.has_referral);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(bench->report.events[i].verdict, EVIDENCE_UNANSWERED);
        assert_false(bench->report.events[i].is_shown);
    }
}

/* ---- Damaged ------------------------------------------------------------- */

static void change(struct bench *bench, size_t i, size_t at)
{
    struct slice copy =
        arena_copy(&bench->vectors.arena, bench->vectors.folder[i].bytes);
    assert_non_null(copy.bytes);
    ((uint8_t *)(uintptr_t)copy.bytes)[at] ^= (uint8_t)(1u << at % 8);
    bench->files[i].bytes = copy;
}

/* Signatures take a while: every byte of what is small, some of the rest. */
static void no_byte_can_be_changed_unseen(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < bench->vectors.folder_count; i++) {
        struct slice bytes = bench->vectors.folder[i].bytes;
        struct slice path = bench->vectors.folder[i].path;
        bool is_free = slice_is(path, EVIDENCE_README);
        bool is_list = slice_is(path, EVIDENCE_SUMS);
        size_t step = bytes.size <= 64 ? 5 : 97;
        for (size_t at = i % 5; at < bytes.size; at += step) {
            size_t used = bench->vectors.arena.used;
            restore(bench);
            change(bench, i, at);
            assert_true(judge(bench) > 0);
            if (!is_list && !is_free) {
                list_anew(bench);
                if (judge(bench) == 0)
                    fail_msg("byte %zu of file %zu", at, i);
            }
            arena_rewind(&bench->vectors.arena, used);
        }
    }
}

static void what_is_missing_or_too_much_is_named(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    drop(bench, TOLD "1/salt");
    assert_true(judge(bench) > 0);
    assert_true(is_found(bench, TOLD "1/salt", "is missing"));
    must_find(bench, TOLD "1/salt", "go together");
    restore(bench);
    drop(bench, TOLD "1/header");
    must_find(bench, TOLD "1/header", "is missing");
    restore(bench);
    drop(bench, TOLD "1/proof.tlog-proof");
    must_find(bench, TOLD "1/proof.tlog-proof", "is missing");
    restore(bench);
    drop(bench, EVIDENCE_SUMS);
    (void)judge(bench);
    assert_true(is_found(bench, EVIDENCE_SUMS, "is missing"));
    restore(bench);
    add(bench, "entries/x", SLICE_LITERAL("x"));
    (void)judge(bench);
    assert_true(is_found(bench, "entries/x", "no line of SHA256SUMS"));
    must_find(bench, "entries/x", "has no name");
    restore(bench);
    drop(bench, EVIDENCE_README);
    must_find(bench, EVIDENCE_README, "does not begin");
    restore(bench);
    drop(bench, HEARD "1/salt");
    drop(bench, HEARD "1/content");
    must_find(bench, HEARD "1/header", "of no event, notice of erasure");
    assert_int_equal(bench->report.events[0].verdict, EVIDENCE_UNANSWERED);
}

static void keys_come_from_cards_alone(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    drop(bench, "cards/pvr5nriwizwg36veqo2wyfq52i-2.card");
    must_find(bench, TOLD "1/proof.tlog-proof", "cosigned by no witness key");
    must_find(bench, HEARD "2/proof.tlog-proof", "signed by no log key");
    assert_int_equal(bench->report.event_count, 0);
    restore(bench);
    drop(bench, "cards/zc5qxt6fvffn5jdyjvqmsfjyll-1.card");
    list_anew(bench);
    assert_int_equal(judge(bench), 0); /* its keys are on the next one too */
}

static void exchanged_files_are_found(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    struct slice first = file(bench, TOLD "1/proof.tlog-proof")->bytes;
    file(bench, TOLD "1/proof.tlog-proof")->bytes =
        file(bench, TOLD "2/proof.tlog-proof")->bytes;
    file(bench, TOLD "2/proof.tlog-proof")->bytes = first;
    must_find(bench, TOLD "1/proof.tlog-proof", "proves another entry");
    restore(bench);
    file(bench, TOLD "1/content")->bytes = file(bench, TOLD "2/content")->bytes;
    must_find(bench, TOLD "1/content", "not the content");
    restore(bench);
    file(bench, "cards/zc5qxt6fvffn5jdyjvqmsfjyll-1.card")->bytes =
        file(bench, "cards/zc5qxt6fvffn5jdyjvqmsfjyll-2.card")->bytes;
    must_find(bench, "cards/zc5qxt6fvffn5jdyjvqmsfjyll-1.card",
        "another card than its name says");
}

static struct slice card_of(
    struct bench *bench, uint8_t root, uint64_t serial, struct slice previous)
{
    struct card_key key = { .purpose = KEY_LOG,
        .from = { VECTOR_START_MS },
        .until = { VECTOR_START_MS + 1000 } };
    struct card card = { .serial = serial,
        .previous = previous,
        .name = SLICE_LITERAL("Somebody"),
        .keys = &key,
        .key_count = 1,
        .issued = { VECTOR_START_MS },
        .valid_until = { VECTOR_END_MS } };
    uint8_t signature[SIGNATURE_SIZE];
    crypto_repeat_ed25519(root, card.root_key);
    crypto_repeat_ed25519(0xc1, key.key);
    struct slice bytes = card_bytes(&card, &bench->vectors.arena);
    crypto_repeat_sign(
        root, card_statement(bytes, &bench->vectors.arena), signature);
    return armor_write(ARMOR_CARD,
        card_assemble(bytes, signature, &bench->vectors.arena),
        &bench->vectors.arena);
}

static void a_third_agency_and_a_card_out_of_its_row_are_found(void **state)
{
    struct bench *bench = *state;
    struct agency_id third;
    uint8_t root[KEY_SIZE];
    char path[EVIDENCE_PATH_SIZE];
    crypto_repeat_ed25519(0xc0, root);
    agency_id_of(bench->vectors.author, root, &third);
    (void)evidence_card_path(&third, 1, path);
    restore(bench);
    add(bench, path, card_of(bench, 0xc0, 1, SLICE_NONE));
    list_anew(bench);
    assert_true(judge(bench) > 0);
    restore(bench);
    add(bench, "cards/zc5qxt6fvffn5jdyjvqmsfjyll-3.card",
        card_of(
            bench, 0xa0, 3, vectors_repeat(&bench->vectors, 0x66, HASH_SIZE)));
    must_find(
        bench, "cards/zc5qxt6fvffn5jdyjvqmsfjyll-3.card", "does not follow");
}

static void two_roots_for_one_size_are_found(void **state)
{
    struct bench *bench = *state;
    struct proof proof;
    char text[PROOF_SIZE_MAX];
    restore(bench);
    struct evidence_file *one = file(bench, TOLD "3/proof.tlog-proof");
    assert_int_equal(proof_parse(one->bytes, &proof), ERR_NONE);
    proof.note.root[0] ^= 1;
    assert_int_equal(note_sign(bench->vectors.author, &proof.note), ERR_NONE);
    assert_int_equal(
        note_cosign(bench->vectors.recipient, VECTOR_COSIGNED_S, &proof.note),
        ERR_NONE);
    one->bytes = arena_copy(&bench->vectors.arena, proof_print(&proof, text));
    must_find(bench, TOLD "3/proof.tlog-proof", "two histories");
}

/* Outside the dates of its key it is told, and fails nothing. */
static void a_clock_that_was_wrong_is_told(void **state)
{
    struct bench *bench = *state;
    char text[PROOF_SIZE_MAX];
    restore(bench);
    for (size_t i = 0; i < bench->count; i++) {
        struct evidence_place place;
        enum evidence_part part;
        struct proof proof;
        if (evidence_entry_path_read(bench->files[i].path, &place, &part) !=
                ERR_NONE ||
            part != EVIDENCE_PROOF ||
            !agency_id_equal(&place.author, &bench->vectors.author_id))
            continue;
        assert_int_equal(proof_parse(bench->files[i].bytes, &proof), ERR_NONE);
        assert_int_equal(
            note_cosign(bench->vectors.recipient, 1, &proof.note), ERR_NONE);
        bench->files[i].bytes =
            arena_copy(&bench->vectors.arena, proof_print(&proof, text));
    }
    list_anew(bench);
    assert_int_equal(judge(bench), 0);
    assert_true(is_found(
        bench, TOLD "1/proof.tlog-proof", "outside the dates of the author"));
    assert_true(is_found(
        bench, TOLD "1/proof.tlog-proof", "outside the dates of the witness"));
}

#define AUTHOR_CARD(serial) "cards/zc5qxt6fvffn5jdyjvqmsfjyll-" serial ".card"

static void cards_that_are_none_are_found(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    add(bench, "cards/somebody", SLICE_LITERAL("x"));
    must_find(bench, "cards/somebody", "has no name that a card has");
    restore(bench);
    struct evidence_file *one = file(bench, AUTHOR_CARD("1"));
    struct slice longer =
        arena_copy(&bench->vectors.arena, one->bytes); /* its zero is ours */
    ((uint8_t *)(uintptr_t)longer.bytes)[longer.size] = '\n';
    one->bytes = slice_of(longer.bytes, longer.size + 1);
    must_find(bench, AUTHOR_CARD("1"), "is not armoured as cards are");
    restore(bench);
    file(bench, AUTHOR_CARD("1"))->bytes =
        file(bench, "cards/pvr5nriwizwg36veqo2wyfq52i-2.card")->bytes;
    must_find(bench, AUTHOR_CARD("1"), "another card than its name says");
}

/* "10" comes before "2": the newest card is not the last. */
static void the_newest_card_stands_where_its_name_does(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    add(bench, AUTHOR_CARD("10"),
        card_of(
            bench, 0xa0, 10, vectors_repeat(&bench->vectors, 0x66, HASH_SIZE)));
    list_anew(bench);
    assert_int_equal(judge(bench), 0);
    for (size_t i = 0; i < 2; i++)
        if (agency_id_equal(
                &bench->report.agencies[i].id, &bench->vectors.author_id))
            assert_int_equal(bench->report.agencies[i].card_serial, 10);
}

static void an_agreement_needs_all_signatures(void **state)
{
    struct bench *bench = *state;
    struct mou_bundle bundle;
    restore(bench);
    struct evidence_file *one = file(bench, EVIDENCE_AGREEMENT);
    assert_int_equal(mou_offer_read(bench->vectors.author, one->bytes,
                         &bench->vectors.arena, &bundle),
        ERR_NONE);
    bundle.signature_count--;
    one->bytes = mou_offer_write(&bundle, &bench->vectors.arena);
    must_find(bench, EVIDENCE_AGREEMENT, "lacks a signature");
}

static void a_list_may_have_more_lines_than_there_are_files(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    struct slice last = bench->files[bench->count - 1].path;
    bench->count--;
    (void)judge(bench);
    for (size_t i = 0; i < bench->report.finding_count; i++)
        if (slice_equal(bench->report.findings[i].path, last))
            return;
    fail_msg("nothing is said of the last file");
}

/* All failures count, also those that found no room. */
static void as_much_is_wrong_as_there_is(void **state)
{
    static char names[80][8];
    struct bench *bench = *state;
    restore(bench);
    for (size_t i = 0; i < 80; i++) {
        (void)snprintf(names[i], sizeof names[i], "e%zu", i);
        add(bench, names[i], SLICE_LITERAL("x"));
    }
    list_anew(bench);
    assert_int_equal(judge(bench), 80);
    assert_int_equal(bench->report.finding_count, EVIDENCE_FINDING_COUNT_MAX);
}

/* Nothing says then under which agreement it was. */
static void an_agreement_without_events_is_whole(void **state)
{
    struct bench *bench = *state;
    restore(bench);
    for (size_t i = bench->count; i-- > 0;)
        if (bench->files[i].path.bytes[0] == 'e') {
            char name[EVIDENCE_PATH_SIZE] = { 0 };
            memcpy(name, bench->files[i].path.bytes, bench->files[i].path.size);
            drop(bench, name);
        }
    list_anew(bench);
    assert_int_equal(judge(bench), 0);
    assert_true(bench->report.has_agreement);
}

static void memory_that_ends_is_an_error_and_no_verdict(void **state)
{
    struct bench *bench = *state;
    struct arena *const both[] = { &bench->arena, &bench->scratch };
    restore(bench);
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        struct arena *little = both[i];
        size_t whole = little->capacity;
        enum err err = ERR_NO_MEMORY;
        for (size_t size = 0; err == ERR_NO_MEMORY && size < whole;
             size += 999) {
            arena_reset(&bench->arena);
            little->capacity = size;
            err = evidence_verify(bench->vectors.author, bench->files,
                bench->count, &bench->arena, &bench->scratch, &bench->report);
        }
        little->capacity = whole;
        assert_int_equal(err, ERR_NONE);
        assert_int_equal(bench->report.failure_count, 0);
        assert_int_equal(bench->report.event_count, 4);
    }
}

static void a_list_that_finds_no_room_is_not_written(void **state)
{
    struct bench *bench = *state;
    struct arena none = { .capacity = 0 };
    restore(bench);
    assert_null(evidence_sums_write(
        bench->vectors.author, bench->files, bench->count, &none)
                    .bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_read_as_they_are_made),
        cmocka_unit_test(lines_of_sha256sum_are_read_and_no_others),
        cmocka_unit_test(every_verdict_has_a_name),
        cmocka_unit_test(each_event_has_its_verdict),
        cmocka_unit_test(a_name_is_that_of_the_newest_card),
        cmocka_unit_test(without_content_it_proves_that_entries_were_received),
        cmocka_unit_test(no_byte_can_be_changed_unseen),
        cmocka_unit_test(what_is_missing_or_too_much_is_named),
        cmocka_unit_test(keys_come_from_cards_alone),
        cmocka_unit_test(exchanged_files_are_found),
        cmocka_unit_test(a_third_agency_and_a_card_out_of_its_row_are_found),
        cmocka_unit_test(two_roots_for_one_size_are_found),
        cmocka_unit_test(a_clock_that_was_wrong_is_told),
        cmocka_unit_test(cards_that_are_none_are_found),
        cmocka_unit_test(the_newest_card_stands_where_its_name_does),
        cmocka_unit_test(an_agreement_needs_all_signatures),
        cmocka_unit_test(a_list_may_have_more_lines_than_there_are_files),
        cmocka_unit_test(as_much_is_wrong_as_there_is),
        cmocka_unit_test(an_agreement_without_events_is_whole),
        cmocka_unit_test(memory_that_ends_is_an_error_and_no_verdict),
        cmocka_unit_test(a_list_that_finds_no_room_is_not_written),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
