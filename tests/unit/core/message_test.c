#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/message.h"
#include "core/referral.h"
#include "support/bench_papers.h"
#include "support/codec_check.h"
#include "support/crypto_fake.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Enough for the largest message, as structures and as bytes. */
static struct arena arena;

static int arena_open(void **state)
{
    (void)state;
    return arena_init(&arena, 32u << 20) == ERR_NONE ? 0 : -1;
}

static int arena_close(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* As the bytes of a fence or salt. */
static struct slice filled(uint8_t with, size_t size)
{
    uint8_t *bytes = arena_take(&arena, size + 1);
    assert_non_null(bytes);
    memset(bytes, with, size);
    return slice_of(bytes, size);
}

/* ---- Names ---- */

static void codes_have_names_and_others_have_none(void **state)
{
    (void)state;
    assert_string_equal(refusal_code_name(REFUSAL_MALFORMED), "malformed");
    assert_string_equal(refusal_code_name(REFUSAL_TOO_LARGE), "too_large");
    assert_string_equal(behind_reason_name(BEHIND_UNSETTLED), "unsettled");
    assert_string_equal(behind_reason_name(BEHIND_BOUNDARY), "boundary");
    for (int code = 1; code < REFUSAL_CODE_COUNT; code++)
        assert_string_not_equal(
            refusal_code_name((enum refusal_code)code), "?");
    for (int reason = 1; reason < BEHIND_REASON_COUNT; reason++)
        assert_string_not_equal(
            behind_reason_name((enum behind_reason)reason), "?");
    assert_string_equal(refusal_code_name((enum refusal_code)0), "?");
    assert_string_equal(refusal_code_name(REFUSAL_CODE_COUNT), "?");
    assert_string_equal(behind_reason_name((enum behind_reason)0), "?");
    assert_string_equal(behind_reason_name(BEHIND_REASON_COUNT), "?");
}

/* ---- Deliver ---- */

static enum err deliver_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct deliver deliver;
    enum err err = deliver_read(bytes, memory, &deliver);
    if (err == ERR_NONE)
        *again = deliver_write(&deliver, memory);
    return err;
}

static enum err deliver_reread(const struct deliver *deliver)
{
    struct deliver again;
    struct slice bytes = deliver_write(deliver, &arena);
    assert_non_null(bytes.bytes);
    return deliver_read(bytes, &arena, &again);
}

/* Two entries, one of them detached. */
static struct deliver deliver_small(struct entry entries[2])
{
    static const struct mention mention = {
        .referral = { { 7 } }, .type = EVENT_AMEND, .seq = 3
    };
    entries[0] = (struct entry){ SLICE_LITERAL("header"), filled(7, SALT_SIZE),
        SLICE_LITERAL("content"), NULL };
    entries[1] = (struct entry){ .header = SLICE_LITERAL("other header"),
        .mention = &mention };
    return (struct deliver){ .fence = filled(9, FENCE_SIZE),
        .parcel = { 40, entries, 2, SLICE_LITERAL("a note") },
        .collected = 12,
        .collected_generation = 34 };
}

static void a_parcel_reads_as_it_was_written(void **state)
{
    struct entry entries[2];
    struct deliver deliver = deliver_small(entries);
    struct deliver again;
    (void)state;
    struct slice bytes = deliver_write(&deliver, &arena);
    assert_int_equal(deliver_read(bytes, &arena, &again), ERR_NONE);
    assert_true(slice_equal(again.fence, deliver.fence));
    assert_int_equal(again.collected, 12);
    assert_int_equal(again.collected_generation, 34);
    assert_int_equal(again.parcel.first_index, 40);
    assert_int_equal(again.parcel.entry_count, 2);
    assert_true(slice_is(again.parcel.note, "a note"));
    for (size_t i = 0; i < 2; i++) {
        const struct entry *entry = &again.parcel.entries[i];
        assert_true(slice_equal(entry->header, entries[i].header));
        assert_true(slice_equal(entry->salt, entries[i].salt));
        assert_true(slice_equal(entry->content, entries[i].content));
    }
    assert_null(again.parcel.entries[0].mention);
    assert_memory_equal(again.parcel.entries[1].mention, entries[1].mention,
        sizeof *entries[1].mention);
    assert_strict(bytes, deliver_again);
}

static void an_empty_content_has_a_salt(void **state)
{
    struct entry entries[2];
    struct deliver deliver = deliver_small(entries);
    (void)state;
    entries[0].content = SLICE_NONE;
    assert_int_equal(deliver_reread(&deliver), ERR_NONE);
}

static void a_parcel_has_form(void **state)
{
    struct entry entries[2];
    (void)state;
    static const struct mention of_nothing = { .seq = 1 };
    for (int what = 0; what < 12; what++) {
        struct deliver deliver = deliver_small(entries);
        switch (what) {
        case 0:
            deliver.fence = filled(9, FENCE_SIZE - 1);
            break;
        case 1:
            deliver.fence = filled(9, FENCE_SIZE + 1);
            break;
        case 2:
            deliver.fence = SLICE_NONE;
            break;
        case 3:
            entries[0].salt = filled(7, SALT_SIZE - 1);
            break;
        case 4:
            entries[0].salt = filled(7, SALT_SIZE + 1);
            break;
        case 5: /* content without salt */
            entries[1].content = SLICE_LITERAL("content");
            break;
        case 6:
            deliver.parcel.entry_count = 0;
            break;
        case 7: /* a mark of no generation, and the other way round */
            deliver.collected_generation = 0;
            break;
        case 8:
            deliver.collected = 0;
            break;
        case 9: /* beside the words themselves */
            entries[0].mention = entries[1].mention;
            break;
        case 10:
            entries[1].mention = &of_nothing;
            break;
        default:
            deliver.parcel.first_index = UINT64_MAX - 1;
            break;
        }
        if (deliver_reread(&deliver) != ERR_MALFORMED)
            fail_msg("row %d", what);
    }
}

static void a_parcel_may_end_at_the_last_index(void **state)
{
    struct entry entries[2];
    struct deliver deliver = deliver_small(entries);
    (void)state;
    deliver.parcel.first_index = UINT64_MAX - 2;
    assert_int_equal(deliver_reread(&deliver), ERR_NONE);
}

static void a_parcel_has_limits(void **state)
{
    static struct entry many[PARCEL_ENTRY_COUNT_MAX + 1];
    struct entry entries[2];
    struct deliver deliver = deliver_small(entries);
    (void)state;
    entries[0].content = filled('x', CONTENT_SIZE_MAX);
    assert_int_equal(deliver_reread(&deliver), ERR_NONE);
    entries[0].content = filled('x', CONTENT_SIZE_MAX + 1);
    assert_int_equal(deliver_reread(&deliver), ERR_LIMIT);
    arena_reset(&arena);
    deliver = deliver_small(entries);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = entries[1];
    deliver.parcel.entries = many;
    deliver.parcel.entry_count = PARCEL_ENTRY_COUNT_MAX;
    assert_int_equal(deliver_reread(&deliver), ERR_NONE);
    deliver.parcel.entry_count = PARCEL_ENTRY_COUNT_MAX + 1;
    assert_int_equal(deliver_reread(&deliver), ERR_LIMIT);
}

static void more_than_a_message_is_not_looked_at(void **state)
{
    struct deliver deliver;
    struct head head;
    (void)state;
    struct slice bytes = filled(0, MESSAGE_SIZE_MAX + 1);
    assert_int_equal(deliver_read(bytes, &arena, &deliver), ERR_LIMIT);
    assert_int_equal(head_read(bytes, &arena, &head), ERR_LIMIT);
}

static void a_full_parcel_fits_a_message(void **state)
{
    static struct entry many[PARCEL_ENTRY_COUNT_MAX];
    struct deliver deliver = { .fence = filled(1, FENCE_SIZE),
        .parcel = { INT64_MAX, many, COUNT(many), filled('n', NOTE_SIZE_MAX) },
        .collected = UINT64_MAX,
        .collected_generation = UINT64_MAX };
    (void)state;
    /* as delivery makes them: all entries of a size that sums to the limit */
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] =
            (struct entry){ filled('h', HEADER_SIZE_MAX), filled(2, SALT_SIZE),
                filled('x', PARCEL_SIZE_MAX / 1024 - 128), NULL };
    struct slice bytes = deliver_write(&deliver, &arena);
    assert_true(bytes.size <= MESSAGE_SIZE_MAX - 1024);
    assert_int_equal(deliver_read(bytes, &arena, &deliver), ERR_NONE);
}

/* ---- Head ---- */

static enum err head_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct head head;
    enum err err = head_read(bytes, memory, &head);
    if (err == ERR_NONE)
        *again = head_write(&head, memory);
    return err;
}

static enum err head_reread(const struct head *head)
{
    struct head again;
    struct slice bytes = head_write(head, &arena);
    assert_non_null(bytes.bytes);
    return head_read(bytes, &arena, &again);
}

static struct head head_small(struct ledger_view views[5])
{
    views[0] = (struct ledger_view){ true, LANE_MAIN, 77, 4,
        SLICE_LITERAL("our note"), SLICE_NONE, 3,
        SLICE_LITERAL("a cosigned note"), false, { SLICE_NONE, SLICE_NONE } };
    views[1] = (struct ledger_view){ false, LANE_MAIN, 78, 5,
        SLICE_LITERAL("their note"), filled(3, FENCE_SIZE), 4, SLICE_NONE, true,
        { SLICE_LITERAL("one history"), SLICE_LITERAL("another") } };
    views[2] = (struct ledger_view){ .authored = true, .lane = LANE_BULK };
    views[3] = (struct ledger_view){ .lane = LANE_BULK,
        .fence = filled(4, FENCE_SIZE) };
    views[4] = views[0];
    return (struct head){
        .ledgers = views, .ledger_count = 2, .card_serial = 8, .sheet_serial = 9
    };
}

static void a_head_reads_as_it_was_written(void **state)
{
    struct ledger_view views[5];
    struct head head = head_small(views);
    struct head again;
    (void)state;
    struct slice bytes = head_write(&head, &arena);
    assert_int_equal(head_read(bytes, &arena, &again), ERR_NONE);
    assert_int_equal(again.ledger_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct ledger_view *view = &again.ledgers[i];
        assert_int_equal(view->authored, views[i].authored);
        assert_int_equal(view->lane, views[i].lane);
        assert_int_equal(view->generation, views[i].generation);
        assert_int_equal(view->size, views[i].size);
        assert_int_equal(view->collected, views[i].collected);
        assert_true(slice_equal(view->note, views[i].note));
        assert_true(slice_equal(view->fence, views[i].fence));
        assert_true(slice_equal(view->cosigned, views[i].cosigned));
        assert_int_equal(view->has_conflict, views[i].has_conflict);
        assert_true(slice_equal(view->conflict.held, views[i].conflict.held));
        assert_true(
            slice_equal(view->conflict.offered, views[i].conflict.offered));
    }
    assert_int_equal(again.card_serial, 8);
    assert_int_equal(again.sheet_serial, 9);
    assert_int_equal(again.card.size, 0);
    assert_int_equal(again.sheet.size, 0);
    assert_strict(bytes, head_again);
}

static void a_head_carries_card_and_sheet_as_they_are(void **state)
{
    struct ledger_view views[5];
    struct head head = head_small(views);
    struct head again;
    struct crypto *crypto = crypto_fake_new(1, 20000, 3);
    struct sealing_key keys[3] = { 0 };
    struct key_sheet sheet = { .serial = 1, .keys = keys, .key_count = 3 };
    uint8_t root[KEY_SIZE];
    (void)state;
    papers_days(crypto, 20000, 3, keys);
    crypto_fake_root_public(crypto, root);
    agency_id_of(crypto, root, &sheet.agency);
    head.card =
        papers_card(crypto, 0, 1, SLICE_NONE, (struct instant){ 1780000000000 },
            (struct instant){ 1781000000000 }, &arena);
    assert_int_equal(
        key_sheet_sign(crypto, &sheet, &arena, &head.sheet), ERR_NONE);
    struct slice bytes = head_write(&head, &arena);
    assert_int_equal(head_read(bytes, &arena, &again), ERR_NONE);
    assert_true(slice_equal(again.card, head.card));
    assert_true(slice_equal(again.sheet, head.sheet));
    codec_assert_limits(bytes, head_again);
    /* where memory ends, a head is refused and not read without its card */
    for (size_t room = 0; room < 16384; room += 16) {
        struct arena small = { .block = arena.block + arena.capacity - room,
            .capacity = room };
        if (head_read(bytes, &small, &again) == ERR_NONE) {
            assert_true(slice_equal(again.card, head.card));
            assert_true(slice_equal(again.sheet, head.sheet));
        }
        arena_reset(&small);
    }
    head.card = slice_of(head.card.bytes, head.card.size - 1);
    assert_null(head_write(&head, &arena).bytes);
    crypto_fake_free(crypto);
}

static void a_head_has_form(void **state)
{
    struct ledger_view views[5];
    (void)state;
    for (int what = 0; what < 10; what++) {
        struct head head = head_small(views);
        switch (what) {
        case 0: /* a fence for one's own ledger */
            views[0].fence = filled(3, FENCE_SIZE);
            break;
        case 1:
            views[1].fence = SLICE_NONE;
            break;
        case 2:
            views[1].fence = filled(3, FENCE_SIZE - 1);
            break;
        case 3:
            views[0].note = filled('n', NOTE_SIZE_MAX + 1);
            break;
        case 4: /* one ledger twice */
            views[1] = views[0];
            break;
        case 5:
            views[0].lane = (enum lane)0;
            break;
        case 6: /* the author is not who stopped it */
            views[0].has_conflict = true;
            break;
        case 7:
            views[1].conflict.held = filled('n', NOTE_SIZE_MAX + 1);
            break;
        case 8:
            views[1].conflict.offered = filled('n', NOTE_SIZE_MAX + 1);
            break;
        default:
            head.ledger_count = 5;
            break;
        }
        if (head_reread(&head) != ERR_MALFORMED)
            fail_msg("row %d", what);
    }
}

static void a_head_has_up_to_four_ledgers(void **state)
{
    struct ledger_view views[5];
    struct head head = head_small(views);
    (void)state;
    for (head.ledger_count = 0; head.ledger_count <= 4; head.ledger_count++)
        assert_int_equal(head_reread(&head), ERR_NONE);
}

/* ---- Replies ---- */

static enum err cosigned_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct cosigned cosigned;
    enum err err = cosigned_read(bytes, memory, &cosigned);
    if (err == ERR_NONE)
        *again = cosigned_write(&cosigned, memory);
    return err;
}

static enum err behind_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct behind behind;
    enum err err = behind_read(bytes, memory, &behind);
    if (err == ERR_NONE)
        *again = behind_write(&behind, memory);
    return err;
}

static enum err conflict_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    struct conflict conflict;
    enum err err = conflict_read(bytes, memory, &conflict);
    if (err == ERR_NONE)
        *again = conflict_write(&conflict, memory);
    return err;
}

static enum err busy_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    uint32_t retry_after_ms;
    enum err err = busy_read(bytes, memory, &retry_after_ms);
    if (err == ERR_NONE)
        *again = busy_write(retry_after_ms, memory);
    return err;
}

static enum err refusal_again(
    struct slice bytes, struct arena *memory, struct slice *again)
{
    enum refusal_code code;
    enum err err = refusal_read(bytes, memory, &code);
    if (err == ERR_NONE)
        *again = refusal_write(code, memory);
    return err;
}

static void replies_read_as_they_were_written(void **state)
{
    const struct cosigned cosigned = { SLICE_LITERAL("both notes"), 17 };
    const struct conflict conflict = { SLICE_LITERAL("held"),
        SLICE_LITERAL("offered") };
    struct cosigned cosigned_got;
    struct conflict conflict_got;
    struct behind behind_got;
    enum refusal_code code;
    uint32_t ms;
    (void)state;
    struct slice bytes = cosigned_write(&cosigned, &arena);
    assert_int_equal(cosigned_read(bytes, &arena, &cosigned_got), ERR_NONE);
    assert_true(slice_equal(cosigned_got.note, cosigned.note));
    assert_int_equal(cosigned_got.collected, 17);
    assert_strict(bytes, cosigned_again);
    bytes = conflict_write(&conflict, &arena);
    assert_int_equal(conflict_read(bytes, &arena, &conflict_got), ERR_NONE);
    assert_true(slice_equal(conflict_got.held, conflict.held));
    assert_true(slice_equal(conflict_got.offered, conflict.offered));
    assert_strict(bytes, conflict_again);
    for (int reason = 1; reason < BEHIND_REASON_COUNT; reason++) {
        const struct behind behind = { (enum behind_reason)reason, 900 };
        bytes = behind_write(&behind, &arena);
        assert_int_equal(behind_read(bytes, &arena, &behind_got), ERR_NONE);
        assert_int_equal(behind_got.reason, reason);
        assert_int_equal(behind_got.size, 900);
        assert_strict(bytes, behind_again);
    }
    bytes = busy_write(300000, &arena);
    assert_int_equal(busy_read(bytes, &arena, &ms), ERR_NONE);
    assert_int_equal(ms, 300000);
    assert_strict(bytes, busy_again);
    for (int number = 1; number < REFUSAL_CODE_COUNT; number++) {
        bytes = refusal_write((enum refusal_code)number, &arena);
        assert_int_equal(refusal_read(bytes, &arena, &code), ERR_NONE);
        assert_int_equal(code, number);
        assert_strict(bytes, refusal_again);
    }
}

static void a_reason_and_a_code_must_be_known(void **state)
{
    struct behind behind;
    enum refusal_code code;
    (void)state;
    for (int number = 0; number < 2; number++) {
        const struct behind wrong = {
            number == 0 ? (enum behind_reason)0 : BEHIND_REASON_COUNT, 1
        };
        assert_int_equal(
            behind_read(behind_write(&wrong, &arena), &arena, &behind),
            ERR_MALFORMED);
        assert_int_equal(
            refusal_read(refusal_write(number == 0 ? (enum refusal_code)0
                                                   : REFUSAL_CODE_COUNT,
                             &arena),
                &arena, &code),
            ERR_MALFORMED);
    }
}

static void replies_have_limits(void **state)
{
    struct cosigned cosigned = { filled('n', NOTE_SIZE_MAX), UINT64_MAX };
    struct conflict conflict = { filled('h', NOTE_SIZE_MAX),
        filled('o', NOTE_SIZE_MAX) };
    (void)state;
    assert_int_equal(
        cosigned_read(cosigned_write(&cosigned, &arena), &arena, &cosigned),
        ERR_NONE);
    assert_int_equal(
        conflict_read(conflict_write(&conflict, &arena), &arena, &conflict),
        ERR_NONE);
    cosigned.note = filled('n', NOTE_SIZE_MAX + 64);
    conflict.offered = filled('o', NOTE_SIZE_MAX + 64);
    assert_int_equal(
        cosigned_read(cosigned_write(&cosigned, &arena), &arena, &cosigned),
        ERR_LIMIT);
    assert_int_equal(
        conflict_read(conflict_write(&conflict, &arena), &arena, &conflict),
        ERR_LIMIT);
}

static void nothing_is_the_shortest_busy_and_no_other_reply(void **state)
{
    struct behind behind;
    enum refusal_code code;
    uint32_t ms = 1;
    (void)state;
    assert_int_equal(busy_read(SLICE_NONE, &arena, &ms), ERR_NONE);
    assert_int_equal(ms, 0);
    assert_int_equal(behind_read(SLICE_NONE, &arena, &behind), ERR_MALFORMED);
    assert_int_equal(refusal_read(SLICE_NONE, &arena, &code), ERR_MALFORMED);
}

int main(void)
{
#define WITH_ARENA(test)                                                       \
    cmocka_unit_test_setup_teardown(test, arena_open, arena_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_names_and_others_have_none),
        WITH_ARENA(a_parcel_reads_as_it_was_written),
        WITH_ARENA(an_empty_content_has_a_salt),
        WITH_ARENA(a_parcel_has_form),
        WITH_ARENA(a_parcel_may_end_at_the_last_index),
        WITH_ARENA(a_parcel_has_limits),
        WITH_ARENA(more_than_a_message_is_not_looked_at),
        WITH_ARENA(a_full_parcel_fits_a_message),
        WITH_ARENA(a_head_reads_as_it_was_written),
        WITH_ARENA(a_head_carries_card_and_sheet_as_they_are),
        WITH_ARENA(a_head_has_form),
        WITH_ARENA(a_head_has_up_to_four_ledgers),
        WITH_ARENA(replies_read_as_they_were_written),
        WITH_ARENA(a_reason_and_a_code_must_be_known),
        WITH_ARENA(replies_have_limits),
        WITH_ARENA(nothing_is_the_shortest_busy_and_no_other_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
