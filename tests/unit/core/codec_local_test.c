#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/local.h"

/* SLICE_LITERAL is no constant expression. */
#define LITERAL(text)                                                          \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }
#define TEXT(field_name, value)                                                \
    {                                                                          \
        .name = LITERAL(field_name), .type = LOCAL_TEXT,                       \
        .bytes = LITERAL(value)                                                \
    }
#define NUMBER(field_name, value)                                              \
    {                                                                          \
        .name = LITERAL(field_name), .type = LOCAL_NUMBER, .number = (value)   \
    }
#define DATA(field_name, value)                                                \
    {                                                                          \
        .name = LITERAL(field_name), .type = LOCAL_DATA,                       \
        .bytes = LITERAL(value)                                                \
    }
#define FLAG(field_name, value)                                                \
    {                                                                          \
        .name = LITERAL(field_name), .type = LOCAL_FLAG, .number = (value)     \
    }

static struct arena arena;

static int take_arena(void **state)
{
    (void)state;
    return arena_init(&arena, DECODE_ARENA_SIZE) == ERR_NONE ? 0 : -1;
}

static int release_arena(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void assert_fields(const struct local_field *fields,
    const struct local_field *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(slice_equal(fields[i].name, wanted[i].name));
        assert_int_equal(fields[i].type, wanted[i].type);
        assert_true(slice_equal(fields[i].bytes, wanted[i].bytes));
        assert_int_equal(fields[i].number, wanted[i].number);
    }
}

static void assert_records(const struct local_record *records,
    const struct local_record *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(slice_equal(records[i].type, wanted[i].type));
        assert_int_equal(records[i].field_count, wanted[i].field_count);
        assert_fields(
            records[i].fields, wanted[i].fields, wanted[i].field_count);
    }
}

static const struct local_field all_types[] = {
    TEXT("text", "d\xc3\xa9j\xc3\xa0\n\tvu"),
    TEXT("no_text", ""),
    NUMBER("largest", INT64_MAX),
    NUMBER("smallest", INT64_MIN),
    NUMBER("zero", 0),
    DATA("data", "\0\xff\0"),
    DATA("no_data", ""),
    FLAG("yes", 1),
    FLAG("no", 0),
};
#define ALL_COUNT (sizeof all_types / sizeof *all_types)

static const struct local_record all_records[] = {
    { LITERAL("element"), all_types, ALL_COUNT },
    { LITERAL("empty"), NULL, 0 },
};

static void a_request_reads_back_as_written(void **state)
{
    (void)state;
    struct local_request in = { 7, SLICE_LITERAL("peer.list"), all_types,
        ALL_COUNT, all_records, 2, SLICE_NONE };
    struct local_request out;
    struct slice bytes = local_request_write(&in, &arena);
    assert_non_null(bytes.bytes);
    assert_int_equal(local_request_read(bytes, &arena, &out), ERR_NONE);
    assert_int_equal(out.number, 7);
    assert_true(slice_is(out.operation, "peer.list"));
    assert_int_equal(out.field_count, ALL_COUNT);
    assert_fields(out.fields, all_types, ALL_COUNT);
    assert_int_equal(out.record_count, 2);
    assert_records(out.records, all_records, 2);
}

static void a_reply_reads_back_as_written(void **state)
{
    (void)state;
    for (int problem = PROBLEM_NONE; problem < PROBLEM_COUNT; problem++) {
        struct local_reply in = { UINT32_MAX, ERR_POLICY, (enum problem)problem,
            SLICE_LITERAL("pathways[2]"), SLICE_LITERAL("leave it out"),
            SLICE_LITERAL("not allowed"), all_records, 2 };
        struct local_reply out;
        arena_reset(&arena);
        struct slice bytes = local_reply_write(&in, &arena);
        assert_non_null(bytes.bytes);
        assert_int_equal(local_reply_read(bytes, &arena, &out), ERR_NONE);
        assert_true(out.number == UINT32_MAX);
        assert_int_equal(out.err, ERR_POLICY);
        assert_int_equal(out.problem, problem);
        assert_true(slice_is(out.clause, "pathways[2]"));
        assert_true(slice_is(out.remedy, "leave it out"));
        assert_true(slice_is(out.message, "not allowed"));
        assert_int_equal(out.record_count, 2);
        assert_records(out.records, all_records, 2);
    }
}

static void nothing_but_a_number_is_a_reply(void **state)
{
    (void)state;
    struct local_reply in = { .number = 1 };
    struct local_reply out;
    struct slice bytes = local_reply_write(&in, &arena);
    assert_int_equal(bytes.size, 2);
    assert_int_equal(local_reply_read(bytes, &arena, &out), ERR_NONE);
    assert_int_equal(out.err, ERR_NONE);
    assert_int_equal(out.record_count, 0);
}

struct refused {
    const char *it;
    const char *bytes;
    size_t size;
    enum err err;
};

#define BYTES(text) text, sizeof(text) - 1

/* clang-format off */
static const struct refused requests_refused[] = {
    { "nothing at all",         BYTES(""),                    ERR_MALFORMED },
    { "no operation",           BYTES("\x08\x01"),            ERR_MALFORMED },
    { "operation in capitals",  BYTES("\x12\x02OK"),          ERR_MALFORMED },
    { "operation with a space", BYTES("\x12\x03" "a b"),      ERR_MALFORMED },
    { "an unknown field of the message",
      BYTES("\x12\x01" "a" "\x28\x01"),                       ERR_MALFORMED },
    { "a field without a value",
      BYTES("\x12\x01" "a" "\x1a\x03\x0a\x01" "x"),           ERR_MALFORMED },
    { "a field without a name",
      BYTES("\x12\x01" "a" "\x1a\x03\x12\x01" "x"),           ERR_MALFORMED },
    { "a field's name in capitals",
      BYTES("\x12\x01" "a" "\x1a\x05\x0a\x01" "X" "\x18\x01"), ERR_MALFORMED },
    { "one name twice",
      BYTES("\x12\x01" "a" "\x1a\x05\x0a\x01" "x" "\x18\x01"
            "\x1a\x05\x0a\x01" "x" "\x18\x01"),               ERR_MALFORMED },
    { "a record without a type",
      BYTES("\x12\x01" "a" "\x22\x00"),                       ERR_MALFORMED },
    { "a record's type in capitals",
      BYTES("\x12\x01" "a" "\x22\x03\x0a\x01" "X"),           ERR_MALFORMED },
    { "a record's field without a value",
      BYTES("\x12\x01" "a" "\x22\x08\x0a\x01" "r" "\x12\x03\x0a\x01" "x"),
      ERR_MALFORMED },
    { "text with a control character",
      BYTES("\x12\x01" "a" "\x1a\x06\x0a\x01" "x" "\x12\x01\x07"),
      ERR_MALFORMED },
    { "text that is not UTF-8",
      BYTES("\x12\x01" "a" "\x1a\x06\x0a\x01" "x" "\x12\x01\xff"),
      ERR_MALFORMED },
    { "two values in one field",
      BYTES("\x12\x01" "a" "\x1a\x08\x0a\x01" "x" "\x12\x01" "t" "\x18\x01"),
      ERR_MALFORMED },
    { "the number after the operation",
      BYTES("\x12\x01" "a" "\x08\x01"),                       ERR_MALFORMED },
    { "a size past the end",    BYTES("\x12\x05" "a"),        ERR_MALFORMED },
};
static const struct refused replies_refused[] = {
    { "an error that is none",  BYTES("\x10\x17"),            ERR_MALFORMED },
    { "a problem that is none", BYTES("\x1a\x03" "ODD"),      ERR_MALFORMED },
    { "the problem NONE",       BYTES("\x1a\x04" "NONE"),     ERR_MALFORMED },
    { "a record without a type", BYTES("\x3a\x00"),           ERR_MALFORMED },
};
/* clang-format on */

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    struct local_request request;
    for (size_t i = 0; i < sizeof requests_refused / sizeof *requests_refused;
         i++) {
        const struct refused *row = &requests_refused[i];
        enum err err = local_request_read(
            slice_of(row->bytes, row->size), &arena, &request);
        if (err != row->err)
            fail_msg("%s: %s", row->it, err_name(err));
    }
}

static void what_is_no_reply_is_refused(void **state)
{
    (void)state;
    struct local_reply reply;
    _Static_assert(ERR_COUNT == 0x17, "the first error that is none");
    for (size_t i = 0; i < sizeof replies_refused / sizeof *replies_refused;
         i++) {
        const struct refused *row = &replies_refused[i];
        enum err err =
            local_reply_read(slice_of(row->bytes, row->size), &arena, &reply);
        if (err != row->err)
            fail_msg("%s: %s", row->it, err_name(err));
    }
}

static enum err read_of_sizes(
    size_t field_count, size_t record_count, size_t record_field_count)
{
    static struct local_field fields[LOCAL_RECORD_FIELD_COUNT_MAX + 1];
    static char names[LOCAL_RECORD_FIELD_COUNT_MAX + 1][2];
    struct local_request request = { .operation = SLICE_LITERAL("a"),
        .fields = fields,
        .field_count = field_count,
        .record_count = record_count };
    for (size_t i = 0; i < LOCAL_RECORD_FIELD_COUNT_MAX + 1; i++) {
        names[i][0] = (char)('a' + i / 10);
        names[i][1] = (char)('0' + i % 10);
        fields[i] = (struct local_field){ .name = slice_of(names[i], 2),
            .type = LOCAL_FLAG };
    }
    struct local_record *records =
        arena_take_array(&arena, record_count, sizeof *records);
    assert_non_null(records);
    for (size_t i = 0; i < record_count; i++)
        records[i] = (struct local_record){ SLICE_LITERAL("r"), fields,
            record_field_count };
    request.records = records;
    struct slice bytes = local_request_write(&request, &arena);
    assert_non_null(bytes.bytes);
    enum err err = local_request_read(bytes, &arena, &request);
    arena_reset(&arena);
    return err;
}

/* What a request asks is the same whatever its number. */
static void the_bytes_without_the_number_are_known(void **state)
{
    static const uint32_t numbers[] = { 0, 1, 127, 128, 300, UINT32_MAX };
    struct local_request request;
    struct slice first = SLICE_NONE;
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct local_request in = { .number = numbers[i],
            .operation = SLICE_LITERAL("peer.list"),
            .fields = all_types,
            .field_count = ALL_COUNT };
        struct slice bytes = local_request_write(&in, &arena);
        assert_int_equal(local_request_read(bytes, &arena, &request), ERR_NONE);
        assert_int_equal(request.number, numbers[i]);
        if (i == 0)
            first = bytes;
        assert_true(slice_equal(request.unnumbered, first));
    }
    arena_reset(&arena);
}

static void counts_have_limits(void **state)
{
    (void)state;
    assert_int_equal(
        read_of_sizes(LOCAL_RECORD_FIELD_COUNT_MAX, 0, 0), ERR_NONE);
    assert_int_equal(
        read_of_sizes(LOCAL_RECORD_FIELD_COUNT_MAX + 1, 0, 0), ERR_LIMIT);
    assert_int_equal(
        read_of_sizes(0, 1, LOCAL_RECORD_FIELD_COUNT_MAX + 1), ERR_LIMIT);
    assert_int_equal(read_of_sizes(0, LOCAL_FIELD_COUNT_MAX, 1), ERR_NONE);
    assert_int_equal(read_of_sizes(1, LOCAL_FIELD_COUNT_MAX, 1), ERR_LIMIT);
    assert_int_equal(read_of_sizes(0, LOCAL_FIELD_COUNT_MAX + 1, 0), ERR_LIMIT);
}

static void a_full_arena_is_an_error_wherever_it_ends(void **state)
{
    (void)state;
    struct local_request in = { 7, SLICE_LITERAL("peer.list"), all_types,
        ALL_COUNT, all_records, 2, SLICE_NONE };
    struct local_reply reply = { .number = 1,
        .problem = PROBLEM_GUARD,
        .records = all_records,
        .record_count = 2 };
    struct slice request_bytes = local_request_write(&in, &arena);
    struct slice reply_bytes = local_reply_write(&reply, &arena);
    size_t refused_count = 0;
    for (size_t capacity = 16; capacity < 8192; capacity += 16) {
        struct arena small;
        struct local_request request;
        struct local_reply read;
        assert_int_equal(arena_init(&small, capacity), ERR_NONE);
        enum err err = local_request_read(request_bytes, &small, &request);
        arena_reset(&small);
        enum err reply_err = local_reply_read(reply_bytes, &small, &read);
        arena_reset(&small);
        bool is_written = local_request_write(&in, &small).size > 0;
        arena_reset(&small);
        bool is_reply_written = local_reply_write(&reply, &small).size > 0;
        arena_release(&small);
        refused_count += err != ERR_NONE && reply_err != ERR_NONE &&
                         !is_written && !is_reply_written;
        if (capacity >= 8192 - 16) {
            assert_int_equal(err, ERR_NONE);
            assert_int_equal(reply_err, ERR_NONE);
            assert_true(is_written && is_reply_written);
        }
    }
    assert_true(refused_count > 0);
}

static void what_passes_the_frame_is_not_written(void **state)
{
    (void)state;
    static uint8_t bytes[LOCAL_FRAME_SIZE_MAX];
    struct local_field field = { .name = SLICE_LITERAL("data"),
        .type = LOCAL_DATA,
        .bytes = slice_of(bytes, sizeof bytes - 32) };
    struct local_record record = { SLICE_LITERAL("mou"), &field, 1 };
    struct local_reply reply = { .records = &record, .record_count = 1 };
    assert_int_not_equal(local_reply_write(&reply, &arena).size, 0);
    arena_reset(&arena);
    field.bytes.size = sizeof bytes;
    assert_int_equal(local_reply_write(&reply, &arena).size, 0);
}

static void a_field_is_found_by_its_name(void **state)
{
    (void)state;
    const struct local_field *found =
        local_field_get(all_types, ALL_COUNT, "largest");
    assert_ptr_equal(found, &all_types[2]);
    assert_null(local_field_get(all_types, ALL_COUNT, "larges"));
    assert_null(local_field_get(NULL, 0, "largest"));
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, take_arena, release_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_reads_back_as_written),
        TEST(a_reply_reads_back_as_written),
        TEST(nothing_but_a_number_is_a_reply),
        TEST(what_is_no_request_is_refused),
        TEST(what_is_no_reply_is_refused),
        TEST(the_bytes_without_the_number_are_known),
        TEST(counts_have_limits),
        TEST(a_full_arena_is_an_error_wherever_it_ends),
        TEST(what_passes_the_frame_is_not_written),
        TEST(a_field_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
