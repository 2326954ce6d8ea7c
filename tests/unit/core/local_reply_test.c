#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/local_reply.h"
#include "support/call.h"

struct desk {
    struct arena arena;
    struct store_txn txn;
    struct work work;
    struct local_answer answer;
};

static void desk_open(struct desk *desk, size_t capacity)
{
    *desk = (struct desk){ 0 };
    assert_int_equal(arena_init(&desk->arena, capacity), ERR_NONE);
    desk->work = (struct work){ .txn = &desk->txn, .arena = &desk->arena };
    answer_begin(&desk->answer, &desk->work, 17);
}

static void desk_close(struct desk *desk)
{
    arena_release(&desk->arena);
}

static const struct uuid uuid = { { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
    0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef } };
static const struct mou_id mou = { { 0xab } };

/* The reply as a client reads it. */
static struct local_reply delivered(struct desk *desk)
{
    struct local_reply reply;
    assert_int_equal(desk->txn.err, ERR_NONE);
    struct slice bytes = local_reply_write(&desk->answer.reply, &desk->arena);
    assert_non_null(bytes.bytes);
    assert_int_equal(local_reply_read(bytes, &desk->arena, &reply), ERR_NONE);
    return reply;
}

static void a_reply_has_what_was_added_in_that_order(void **state)
{
    struct desk desk;
    char text[] = "changes";
    (void)state;
    desk_open(&desk, 1u << 20);
    answer_record(&desk.answer, "first");
    answer_text(&desk.answer, "text", text);
    answer_slice(&desk.answer, "slice", slice_of(text, 2));
    answer_data(&desk.answer, "data", slice_of("\0\xff", 2));
    answer_number(&desk.answer, "number", -5);
    answer_flag(&desk.answer, "flag", true);
    answer_uuid(&desk.answer, "uuid", &uuid);
    answer_mou(&desk.answer, "mou", &mou);
    answer_record(&desk.answer, "second");
    answer_flag(&desk.answer, "flag", false);
    memset(text, '!', sizeof text - 1); /* what was handed in was copied */
    struct local_reply reply = delivered(&desk);
    assert_int_equal(reply.number, 17);
    assert_int_equal(reply.err, ERR_NONE);
    assert_int_equal(reply.record_count, 2);
    const struct local_record *first = reply_record(&reply, "first", 0);
    assert_int_equal(first->field_count, 7);
    assert_true(record_is(first, "text", "changes"));
    assert_true(record_is(first, "slice", "ch"));
    assert_int_equal(record_number(first, "number"), -5);
    assert_true(record_flag(first, "flag"));
    assert_true(record_is(
        first, "uuid", "urn:uuid:01234567-89ab-cdef-0123-456789abcdef"));
    assert_int_equal(record_text(first, "mou").size, MOU_ID_TEXT_SIZE);
    assert_int_equal(first->fields[2].type, LOCAL_DATA);
    assert_true(slice_equal(first->fields[2].bytes, slice_of("\0\xff", 2)));
    assert_false(record_flag(reply_record(&reply, "second", 0), "flag"));
    desk_close(&desk);
}

static void a_text_that_is_lent_is_where_it_was(void **state)
{
    struct desk desk;
    char text[] = "changes";
    (void)state;
    desk_open(&desk, 1u << 20);
    answer_record(&desk.answer, "row");
    answer_lent(&desk.answer, "lent", slice_of_text(text));
    answer_word(&desk.answer, "word", "static");
    memset(text, '!', sizeof text - 1);
    struct local_reply reply = delivered(&desk);
    assert_true(record_is(&reply.records[0], "lent", "!!!!!!!"));
    assert_true(record_is(&reply.records[0], "word", "static"));
    desk_close(&desk);
}

/* Records of every number of fields, beside each other. */
static void fields_stay_with_their_records(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 8u << 20);
    for (int i = 0; i < 300; i++) {
        answer_record(&desk.answer, "row");
        for (int k = 0; k < i; k++)
            answer_number(&desk.answer, "n", i * 1000 + k);
    }
    const struct local_reply *reply = &desk.answer.reply;
    assert_int_equal(reply->record_count, 300);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(reply->records[i].field_count, i);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(reply->records[i].fields[k].number, i * 1000 + k);
    }
    desk_close(&desk);
}

static void many_records_with_many_fields_keep_theirs(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h",
        "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t" };
    struct desk desk;
    (void)state;
    desk_open(&desk, 4u << 20);
    for (int i = 0; i < 100; i++) {
        answer_record(&desk.answer, "row");
        for (int k = 0; k < 20; k++)
            answer_number(&desk.answer, names[k], i * 20 + k);
    }
    struct local_reply reply = delivered(&desk);
    assert_int_equal(reply.record_count, 100);
    for (size_t i = 0; i < 100; i++)
        for (size_t k = 0; k < 20; k++)
            assert_int_equal(
                record_number(&reply.records[i], names[k]), i * 20 + k);
    desk_close(&desk);
}

static void a_field_before_any_record_is_left_out(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 1u << 20);
    answer_number(&desk.answer, "lost", 1);
    assert_int_equal(delivered(&desk).record_count, 0);
    desk_close(&desk);
}

static void an_error_takes_the_records_away(void **state)
{
    struct desk desk;
    char clause[] = "clause";
    (void)state;
    desk_open(&desk, 1u << 20);
    answer_record(&desk.answer, "row");
    answer_number(&desk.answer, "n", 1);
    answer_error(&desk.answer, ERR_POLICY, PROBLEM_CONSENT_SCOPE, clause,
        "ask the person");
    clause[0] = '!';
    struct local_reply reply = delivered(&desk);
    assert_int_equal(reply.number, 17);
    assert_int_equal(reply.err, ERR_POLICY);
    assert_int_equal(reply.problem, PROBLEM_CONSENT_SCOPE);
    assert_true(slice_is(reply.clause, "clause"));
    assert_true(slice_is(reply.remedy, "ask the person"));
    assert_true(slice_is(reply.message, err_text(ERR_POLICY)));
    assert_int_equal(reply.record_count, 0);
    desk_close(&desk);
}

static void a_reply_is_full_by_size_long_before_the_frame_is(void **state)
{
    struct desk desk;
    char line[1001];
    (void)state;
    desk_open(&desk, 8u << 20);
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    while (!answer_is_full(&desk.answer)) {
        answer_record(&desk.answer, "row");
        answer_text(&desk.answer, "line", line);
    }
    assert_true(desk.answer.reply.record_count > 600);
    /* the largest record still fits */
    answer_record(&desk.answer, "row");
    uint8_t *large = test_calloc(1, CONTENT_SIZE_MAX);
    answer_data(&desk.answer, "data", slice_of(large, CONTENT_SIZE_MAX));
    test_free(large);
    (void)delivered(&desk);
    desk_close(&desk);
}

static void a_reply_is_full_by_count(void **state)
{
    struct desk desk;
    size_t count = 0;
    (void)state;
    desk_open(&desk, 8u << 20);
    for (; !answer_is_full(&desk.answer); count++)
        answer_record(&desk.answer, "row");
    assert_true(count <= LOCAL_FIELD_COUNT_MAX / 2);
    (void)delivered(&desk);
    desk_close(&desk);
}

static void an_error_becomes_a_record_behind_those_before_it(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 8u << 20);
    answer_record(&desk.answer, "row");
    answer_text(&desk.answer, "n", "kept");
    answer_record(&desk.answer, "row");
    answer_error(&desk.answer, ERR_POLICY, PROBLEM_GUARD, "where", "what");
    answer_refusal(&desk.answer, 1);
    answer_record(&desk.answer, "row");
    answer_text(&desk.answer, "n", "next");
    answer_error(&desk.answer, ERR_FULL, PROBLEM_NONE, "", "");
    answer_refusal(&desk.answer, 3);
    struct local_reply reply = delivered(&desk);
    assert_int_equal(reply.err, ERR_NONE);
    assert_int_equal(reply.record_count, 4);
    assert_true(record_is(&reply.records[0], "n", "kept"));
    const struct local_record *refusal = &reply.records[1];
    assert_true(slice_is(refusal->type, "refusal"));
    assert_int_equal(record_number(refusal, "error"), ERR_POLICY);
    assert_true(record_is(refusal, "problem", "GUARD"));
    assert_true(record_is(refusal, "clause", "where"));
    assert_true(record_is(refusal, "remedy", "what"));
    assert_true(record_is(&reply.records[2], "n", "next"));
    assert_true(record_is(&reply.records[3], "problem", ""));
    desk_close(&desk);
}

static void a_full_arena_fails_the_batch(void **state)
{
    (void)state;
    for (size_t capacity = 64; capacity < 4096; capacity += 64) {
        struct desk desk;
        desk_open(&desk, capacity);
        for (int i = 0; i < 30; i++) {
            answer_record(&desk.answer, "row");
            for (int k = 0; k < 20; k++)
                answer_text(&desk.answer, "n", "some words");
        }
        assert_int_equal(desk.txn.err, ERR_NO_MEMORY);
        desk_close(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_has_what_was_added_in_that_order),
        cmocka_unit_test(a_text_that_is_lent_is_where_it_was),
        cmocka_unit_test(fields_stay_with_their_records),
        cmocka_unit_test(many_records_with_many_fields_keep_theirs),
        cmocka_unit_test(a_field_before_any_record_is_left_out),
        cmocka_unit_test(an_error_takes_the_records_away),
        cmocka_unit_test(a_reply_is_full_by_size_long_before_the_frame_is),
        cmocka_unit_test(a_reply_is_full_by_count),
        cmocka_unit_test(an_error_becomes_a_record_behind_those_before_it),
        cmocka_unit_test(a_full_arena_fails_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
