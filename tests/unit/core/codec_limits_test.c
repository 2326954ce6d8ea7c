/* What a reader would refuse is not written, and what others wrote all the
 * same is refused where it begins. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/card.h"
#include "core/card_renew.h"
#include "core/codec_card.h"
#include "core/codec_mou.h"
#include "core/envelope.h"
#include "core/erasure_notice.h"
#include "core/limits.h"
#include "core/local.h"
#include "core/message.h"
#include "core/mou.h"
#include "core/revocation.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ARENA_SIZE (16u << 20)

static struct arena arena;
static uint8_t much[CONTENT_SIZE_MAX + 1]; /* of anything */

static int setup(void **state)
{
    (void)state;
    memset(much, 'a', sizeof much);
    return arena_init(&arena, ARENA_SIZE) == ERR_NONE ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct slice of_size(size_t size)
{
    return slice_of(much, size);
}

/* ---- Cards --------------------------------------------------------------- */

static struct card card_with(const struct card_key *key)
{
    return (struct card){ .serial = 1,
        .name = SLICE_LITERAL("Open Door"),
        .keys = key,
        .key_count = 1,
        .issued = { 1 },
        .valid_until = { 2 } };
}

static void a_card_that_nobody_would_read_is_not_written(void **state)
{
    struct card_key key = { .purpose = KEY_LOG, .from = { 1 }, .until = { 2 } };
    struct card card = card_with(&key);
    (void)state;
    assert_non_null(codec_card_write(&card, &arena).bytes);
    card.name = of_size(CARD_SIZE_MAX);
    assert_null(codec_card_write(&card, &arena).bytes);
    card = card_with(&key);
    key.from.unix_ms = -1;
    assert_null(codec_card_write(&card, &arena).bytes);
    key.from.unix_ms = 1;
    key.until.unix_ms = -1;
    assert_null(codec_card_write(&card, &arena).bytes);
}

static void a_request_for_a_card_has_room_for_two(void **state)
{
    static const struct {
        size_t draft_size;
        size_t held_size;
        bool is_written;
    } rows[] = {
        { 1, 1, true },
        { CARD_SIZE_MAX, SIGNED_CARD_SIZE_MAX, true },
        { CARD_SIZE_MAX + 1, 1, false },
        { 1, SIGNED_CARD_SIZE_MAX + 1, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct card_request request = { .draft_bytes =
                                            of_size(rows[i].draft_size),
            .held_bytes = of_size(rows[i].held_size) };
        struct slice written = codec_card_request_write(&request, &arena);
        assert_int_equal(written.bytes != NULL, rows[i].is_written);
    }
}

static void a_revocation_is_of_a_time_after_1970(void **state)
{
    struct revocation revocation = { .issued = { 1 } };
    (void)state;
    memset(revocation.agency.text, 'a', AGENCY_ID_SIZE);
    assert_non_null(codec_revocation_write(&revocation, &arena).bytes);
    revocation.issued.unix_ms = -1;
    assert_null(codec_revocation_write(&revocation, &arena).bytes);
}

/* ---- Agreements ---------------------------------------------------------- */

static void an_agreement_that_nobody_would_read_is_not_written(void **state)
{
    static struct slice codes[MOU_ELEMENT_COUNT_MAX + 1];
    struct mou_purpose purpose = { .purpose = SLICE_LITERAL("p"),
        .allowed = codes,
        .allowed_count = MOU_ELEMENT_COUNT_MAX };
    struct mou mou = { .id = SLICE_LITERAL("urn:mou:a"),
        .title = SLICE_LITERAL("a"),
        .version = 1,
        .until = { 1 },
        .purposes = &purpose,
        .purpose_count = 1 };
    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++)
        codes[i] = SLICE_LITERAL("needs");
    assert_non_null(codec_mou_write(&mou, &arena).bytes);
    mou.identifiers_days = 7; /* alone */
    assert_non_null(codec_mou_write(&mou, &arena).bytes);
    purpose.allowed_count++;
    assert_null(codec_mou_write(&mou, &arena).bytes);
    purpose.allowed_count = 0;
    mou.until.unix_ms = -1;
    assert_null(codec_mou_write(&mou, &arena).bytes);
}

/* ---- Erasure ------------------------------------------------------------- */

static void a_notice_is_of_a_time_that_can_be_told(void **state)
{
    static const uint8_t beyond[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
        0x80, 0x80, 0x01 }; /* 2^63 */
    struct erasure_notice notice = {
        .reason = ERASURE_LAW, .actor = ACTOR_STAFF, .at = { -1 }
    };
    uint8_t bytes[256];
    (void)state;
    memset(notice.referral.bytes, 7, sizeof notice.referral.bytes);
    assert_null(erasure_notice_write(&notice, &arena).bytes);
    notice.at.unix_ms = 1; /* the last byte of all */
    struct slice whole = erasure_notice_write(&notice, &arena);
    assert_int_equal(erasure_notice_read(whole, &arena, &notice), ERR_NONE);
    memcpy(bytes, whole.bytes, whole.size - 1);
    memcpy(bytes + whole.size - 1, beyond, sizeof beyond);
    assert_int_equal(
        erasure_notice_read(
            slice_of(bytes, whole.size - 1 + sizeof beyond), &arena, &notice),
        ERR_MALFORMED);
}

/* ---- Fetched ------------------------------------------------------------- */

static enum err fetched_again(
    const struct entry *entries, size_t entry_count, size_t parcel_count)
{
    struct parcel *parcels =
        arena_take_array(&arena, parcel_count, sizeof *parcels);
    struct fetched fetched = { parcels, parcel_count };
    assert_non_null(parcels);
    for (size_t i = 0; i < parcel_count; i++)
        parcels[i] =
            (struct parcel){ i, entries, entry_count, SLICE_LITERAL("note") };
    struct slice bytes = fetched_write(&fetched, &arena);
    assert_non_null(bytes.bytes);
    return fetched_read(bytes, &arena, &fetched);
}

static void what_is_fetched_has_limits(void **state)
{
    static struct entry many[PARCEL_ENTRY_COUNT_MAX + 1];
    const struct slice salt = of_size(SALT_SIZE);
    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct entry){ .header = SLICE_LITERAL("header") };
    assert_int_equal(fetched_again(many, PARCEL_ENTRY_COUNT_MAX, 1), ERR_NONE);
    assert_int_equal(
        fetched_again(many, PARCEL_ENTRY_COUNT_MAX + 1, 1), ERR_LIMIT);
    assert_int_equal(
        fetched_again(many, 1, FETCHED_PARCEL_COUNT_MAX), ERR_NONE);
    assert_int_equal(
        fetched_again(many, 1, FETCHED_PARCEL_COUNT_MAX + 1), ERR_LIMIT);
    many[0].salt = salt;
    many[0].content = of_size(CONTENT_SIZE_MAX);
    assert_int_equal(fetched_again(many, 3, 1), ERR_NONE);
    many[0].content = of_size(CONTENT_SIZE_MAX + 1);
    assert_int_equal(fetched_again(many, 3, 1), ERR_LIMIT);
    many[0].content = SLICE_NONE;
    many[0].salt = of_size(SALT_SIZE - 1);
    assert_int_equal(fetched_again(many, 3, 2), ERR_MALFORMED);
}

/* ---- Local --------------------------------------------------------------- */

static enum err local_again(const char *name, enum local_value_type type)
{
    struct local_field field = {
        .name = slice_of_text(name), .type = type, .bytes = SLICE_LITERAL("x")
    };
    struct local_request request = {
        .operation = SLICE_LITERAL("get"), .fields = &field, .field_count = 1
    };
    struct slice bytes = local_request_write(&request, &arena);
    assert_non_null(bytes.bytes);
    return local_request_read(bytes, &arena, &request);
}

static void names_of_local_fields_are_codes(void **state)
{
    static const struct {
        const char *name;
        enum err err;
    } rows[] = {
        { "a-b.c_d9", ERR_NONE },
        { "{", ERR_MALFORMED },
        { "a{", ERR_MALFORMED },
        { "a:", ERR_MALFORMED },
        { "a/", ERR_MALFORMED },
        { "A", ERR_MALFORMED },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(local_again(rows[i].name, LOCAL_TEXT), rows[i].err);
}

static void a_field_without_a_value_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(local_again("name", LOCAL_NONE), ERR_MALFORMED);
}

/* ---- Too little memory --------------------------------------------------- */

/* A sheet in a plain reply is packed again to be verified. */
static void a_plain_reply_is_whole_or_not_at_all(void **state)
{
    const struct signed_bytes sheet = { .bytes = SLICE_LITERAL("sheet"),
        .key_id = 7 };
    struct reply_shell shell = { .plain = PLAIN_REKEY };
    struct arena little;
    enum err err = ERR_LIMIT;
    (void)state;
    shell.sheet = codec_signed_sheet_write(&sheet, &arena);
    struct slice bytes = reply_shell_write(&shell, &arena);
    assert_non_null(bytes.bytes);
    for (size_t size = 16; err != ERR_NONE; size += 16) {
        assert_true(size < 8192);
        assert_int_equal(arena_init(&little, size), ERR_NONE);
        err = reply_shell_read(bytes, &little, &shell);
        assert_true(err == ERR_NONE || err == ERR_LIMIT);
        arena_release(&little);
    }
}

static void a_local_request_is_whole_or_not_at_all(void **state)
{
    struct local_field field = { .name = SLICE_LITERAL("id"),
        .type = LOCAL_TEXT,
        .bytes = SLICE_LITERAL("x") };
    struct local_record record = {
        .type = SLICE_LITERAL("detail"), .fields = &field, .field_count = 1
    };
    struct local_request request = { .operation = SLICE_LITERAL("get"),
        .fields = &field,
        .field_count = 1,
        .records = &record,
        .record_count = 1 };
    struct slice whole = local_request_write(&request, &arena);
    struct slice written = SLICE_NONE;
    (void)state;
    for (size_t size = 16; written.bytes == NULL; size += 16) {
        struct arena little;
        assert_true(size < 8192);
        assert_int_equal(arena_init(&little, size), ERR_NONE);
        written = local_request_write(&request, &little);
        assert_true(written.bytes == NULL || slice_equal(written, whole));
        arena_release(&little);
    }
}

static void a_local_frame_has_its_limit(void **state)
{
    struct local_request request;
    struct local_reply reply;
    uint8_t *bytes = test_calloc(1, LOCAL_BATCH_SIZE_MAX + 1);
    (void)state;
    assert_int_equal(
        local_request_read(
            slice_of(bytes, LOCAL_BATCH_SIZE_MAX + 1), &arena, &request),
        ERR_LIMIT);
    assert_int_equal(local_reply_read(slice_of(bytes, LOCAL_FRAME_SIZE_MAX + 1),
                         &arena, &reply),
        ERR_LIMIT);
    test_free(bytes);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_card_that_nobody_would_read_is_not_written),
        CASE(a_request_for_a_card_has_room_for_two),
        CASE(a_revocation_is_of_a_time_after_1970),
        CASE(an_agreement_that_nobody_would_read_is_not_written),
        CASE(a_notice_is_of_a_time_that_can_be_told),
        CASE(what_is_fetched_has_limits),
        CASE(names_of_local_fields_are_codes),
        CASE(a_field_without_a_value_is_malformed),
        CASE(a_plain_reply_is_whole_or_not_at_all),
        CASE(a_local_request_is_whole_or_not_at_all),
        CASE(a_local_frame_has_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
