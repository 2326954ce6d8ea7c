#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "channel.h"
#include "memory.h"
#include "message.h"
#include "record.h"

#include "refer/v1/local.pb-c.h"

/* ---- As the runtime writes --------------------------------------------- */

/* It does not write to what it packs; its types do not say so. */
#define WRITABLE(pointer) ((void *)(uintptr_t)(pointer))

static Refer__V1__LocalField **nodes_of_fields(
    const struct sdk_field *fields, size_t count)
{
    Refer__V1__LocalField **nodes = calloc(count + 1, sizeof *nodes);
    assert_non_null(nodes);
    for (size_t i = 0; i < count; i++) {
        nodes[i] = calloc(1, sizeof **nodes);
        assert_non_null(nodes[i]);
        refer__v1__local_field__init(nodes[i]);
        nodes[i]->name = WRITABLE(fields[i].name);
        switch (fields[i].type) {
        case SDK_FIELD_TEXT:
            nodes[i]->value_case = REFER__V1__LOCAL_FIELD__VALUE_TEXT;
            nodes[i]->text = WRITABLE(fields[i].text);
            break;
        case SDK_FIELD_NUMBER:
            nodes[i]->value_case = REFER__V1__LOCAL_FIELD__VALUE_NUMBER;
            nodes[i]->number = fields[i].number;
            break;
        case SDK_FIELD_DATA:
            nodes[i]->value_case = REFER__V1__LOCAL_FIELD__VALUE_DATA;
            nodes[i]->data = (ProtobufCBinaryData){ fields[i].size,
                WRITABLE(fields[i].data) };
            break;
        case SDK_FIELD_FLAG:
        case SDK_FIELD_TYPE_COUNT:
            nodes[i]->value_case = REFER__V1__LOCAL_FIELD__VALUE_FLAG;
            nodes[i]->flag = fields[i].number != 0;
            break;
        }
    }
    return nodes;
}

static Refer__V1__LocalRecord *node_of_record(const struct sdk_record *record)
{
    Refer__V1__LocalRecord *node = calloc(1, sizeof *node);
    assert_non_null(node);
    refer__v1__local_record__init(node);
    node->type = WRITABLE(record->type);
    node->n_fields = record->field_count;
    node->fields = nodes_of_fields(record->fields, record->field_count);
    return node;
}

static void nodes_free(Refer__V1__LocalField **nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(nodes[i]);
    free(nodes);
}

/* The message that is to be in the frame and what follows it. */
static uint8_t *packed(const struct sdk_request *request, size_t *size)
{
    Refer__V1__LocalRecord *records[8];
    Refer__V1__LocalRequest message;
    refer__v1__local_request__init(&message);
    message.number = request->number;
    message.operation = WRITABLE(request->operation);
    message.n_fields = request->field_count;
    message.fields = nodes_of_fields(request->fields, request->field_count);
    message.records = records;
    if (request->first != NULL)
        records[message.n_records++] = node_of_record(request->first);
    for (size_t i = 0; i < request->rest_count; i++)
        records[message.n_records++] = node_of_record(&request->rest[i]);
    *size = refer__v1__local_request__get_packed_size(&message);
    uint8_t *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    refer__v1__local_request__pack(&message, bytes);
    for (size_t i = 0; i < message.n_records; i++) {
        nodes_free(records[i]->fields, records[i]->n_fields);
        free(records[i]);
    }
    nodes_free(message.fields, message.n_fields);
    return bytes;
}

/* ---- Requests ---------------------------------------------------------- */

/* With the lengths around which sizes and numbers take a byte more. */
static struct sdk_records filled(void)
{
    static const int64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, INT64_MAX,
        -1, INT64_MIN };
    static const size_t sizes[] = { 0, 1, 113, 127, 128, 16383, 16384, 70000 };
    struct sdk_records records = { 0 };
    char *text = calloc(1, 70001);
    assert_non_null(text);
    struct sdk_record *record = sdk_records_add(&records, "numbers");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char name[] = { (char)('a' + i), 0 };
        assert_int_equal(
            sdk_record_set_number(record, name, numbers[i]), REFER_OK);
    }
    record = sdk_records_add(&records, "sizes");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char name[] = { (char)('a' + i), 0 };
        memset(text, 'x', sizes[i]);
        assert_int_equal(sdk_record_set_text(record, name, text), REFER_OK);
        const char other[] = { 'd', '.', (char)('a' + i), 0 };
        assert_int_equal(
            sdk_record_set_data(record, other, text, sizes[i]), REFER_OK);
    }
    record = sdk_records_add(&records, "flags");
    assert_int_equal(sdk_record_set_flag(record, "yes", true), REFER_OK);
    assert_int_equal(sdk_record_set_flag(record, "no", false), REFER_OK);
    assert_non_null(sdk_records_add(&records, "nothing"));
    free(text);
    return records;
}

static void assert_as_packed(
    const struct sdk_request *request, const uint8_t *frame, size_t size)
{
    size_t wanted_size;
    uint8_t *wanted = packed(request, &wanted_size);
    assert_int_equal(size, SDK_FRAME_HEADER_SIZE + wanted_size);
    size_t said = 0;
    for (size_t i = 0; i < SDK_FRAME_HEADER_SIZE; i++)
        said = said << 8 | frame[i];
    assert_int_equal(said, wanted_size);
    assert_memory_equal(frame + SDK_FRAME_HEADER_SIZE, wanted, wanted_size);
    free(wanted);
}

/* Every part is there or is not. */
static void a_request_is_written_as_the_runtime_would(void **state)
{
    (void)state;
    struct sdk_records records = filled();
    for (unsigned parts = 0; parts < 16; parts++) {
        for (size_t i = 0; i < records.count; i++) {
            struct sdk_request request = { .operation = "peer.list" };
            uint8_t *frame;
            size_t size;
            request.number = (parts & 1) != 0 ? UINT32_MAX : 0;
            if ((parts & 2) != 0) {
                request.fields = records.items[i].fields;
                request.field_count = records.items[i].field_count;
            }
            if ((parts & 4) != 0)
                request.first = &records.items[i];
            if ((parts & 8) != 0) {
                request.rest = records.items;
                request.rest_count = records.count;
            }
            assert_int_equal(
                sdk_request_write(&request, &frame, &size), REFER_OK);
            assert_as_packed(&request, frame, size);
            sdk_memory_free(frame);
        }
    }
    sdk_records_release(&records);
    assert_int_equal(sdk_memory_held(), 0);
}

/* Of any size, as records "submit" {request}. */
static void requests_are_carried_as_the_runtime_would_write_them(void **state)
{
    (void)state;
    struct sdk_records records = filled();
    for (size_t i = 0; i < records.count; i++) {
        struct sdk_request inner = { .operation = "submit",
            .first = &records.items[i] };
        struct sdk_request outer = { .number = 7, .operation = "submit.many" };
        struct sdk_request whole = outer;
        struct sdk_record record = { .type = "submit", .type_size = 6 };
        size_t inner_size;
        uint8_t *frame;
        size_t size;
        uint8_t *bytes = packed(&inner, &inner_size);
        assert_int_equal(sdk_request_size(&inner), inner_size);
        assert_int_equal(
            sdk_record_set_data(&record, "request", bytes, inner_size),
            REFER_OK);
        size_t carried_size = sdk_carried_size(inner_size);
        uint8_t *carried = sdk_memory_take(carried_size);
        assert_ptr_equal(
            sdk_carried_before(carried + carried_size, &inner), carried);
        outer.carried = slice_of(carried, carried_size);
        assert_int_equal(sdk_request_write(&outer, &frame, &size), REFER_OK);
        uint8_t *sent = sdk_memory_grow(frame, size, size + carried_size);
        memcpy(sent + size, carried, carried_size);
        whole.first = &record;
        assert_as_packed(&whole, sent, size + carried_size);
        sdk_memory_free(sent);
        sdk_memory_free(carried);
        sdk_record_release(&record);
        free(bytes);
    }
    sdk_records_release(&records);
    assert_int_equal(sdk_memory_held(), 0);
}

static void a_frame_has_a_limit_and_a_larger_one_with_many(void **state)
{
    (void)state;
    struct sdk_record record = { 0 };
    uint8_t *frame;
    size_t size;
    uint8_t *bytes = calloc(1, SDK_BATCH_SIZE_MAX);
    assert_non_null(bytes);
    for (size_t more = 0; more < 2; more++) {
        assert_int_equal(sdk_record_set_data(&record, "d", bytes,
                             SDK_MESSAGE_SIZE_MAX - 14 + more),
            REFER_OK);
        struct sdk_request request = {
            .operation = "o", .fields = record.fields, .field_count = 1
        };
        assert_int_equal(
            sdk_request_size(&request), SDK_MESSAGE_SIZE_MAX + more);
        refer_status status = sdk_request_write(&request, &frame, &size);
        assert_int_equal(status, more == 0 ? REFER_OK : REFER_TOO_LARGE);
        if (status == REFER_OK)
            sdk_memory_free(frame);
        request = (struct sdk_request){ .operation = "o",
            .carried = slice_of(bytes, SDK_BATCH_SIZE_MAX - 3 + more) };
        status = sdk_request_write(&request, &frame, &size);
        assert_int_equal(status, more == 0 ? REFER_OK : REFER_TOO_LARGE);
        if (status == REFER_OK)
            sdk_memory_free(frame);
    }
    sdk_record_release(&record);
    free(bytes);
}

/* ---- Replies ----------------------------------------------------------- */

/* clang-format off */
#define NAME "\x0a\x01" "n"         /* of a field */
#define TYPE "\x0a\x01" "t"         /* of a record */
#define TEXT "\x12\x01" "x"
#define FIELD "\x12\x06" NAME TEXT
#define BYTES(literal) (literal), sizeof(literal) - 1

/* Read by protobuf's rules, but for what no writer of ours writes. */
static const struct {
    const char *what;
    const char *bytes;
    size_t size;
    refer_status status;
    const char *text; /* of the first record's field n */
} replies[] = {
    { "nothing", BYTES(""), REFER_OK, "" },
    { "a record", BYTES("\x3a\x0b" TYPE FIELD), REFER_OK, "x" },
    { "no field", BYTES("\x3a\x03" TYPE), REFER_OK, "" },
    { "records before the number", BYTES("\x3a\x0b" TYPE FIELD "\x08\x01"),
      REFER_OK, "x" },
    { "the type behind the field", BYTES("\x3a\x0b" FIELD TYPE), REFER_OK,
      "x" },
    { "two types", BYTES("\x3a\x0e\x0a\x01T" FIELD TYPE), REFER_OK, "x" },
    { "the name behind the text", BYTES("\x3a\x0b" TYPE "\x12\x06" TEXT NAME),
      REFER_OK, "x" },
    { "a number, then a text", BYTES("\x3a\x0d" TYPE "\x12\x08" NAME "\x18\x05"
      TEXT), REFER_OK, "x" },
    { "a text, then a number", BYTES("\x3a\x0d" TYPE "\x12\x08" NAME TEXT
      "\x18\x05"), REFER_OK, "5" },
    { "one more of each kind", BYTES("\x40\x01\x49" "12345678" "\x52\x01z\x5d"
      "1234" "\x3a\x0b" TYPE FIELD), REFER_OK, "x" },
    { "one more in a record", BYTES("\x3a\x0d" TYPE FIELD "\x18\x07"),
      REFER_OK, "x" },
    { "one more in a field", BYTES("\x3a\x0d" TYPE "\x12\x08" NAME TEXT
      "\x30\x07"), REFER_OK, "x" },
    { "data", BYTES("\x3a\x0b" TYPE "\x12\x06" NAME "\x22\x01\xff"), REFER_OK,
      "ff" },
    { "a flag", BYTES("\x3a\x0a" TYPE "\x12\x05" NAME "\x28\x07"), REFER_OK,
      "true" },

    { "no type", BYTES("\x3a\x08" FIELD), REFER_PROTOCOL, "" },
    { "a type that is no code", BYTES("\x3a\x03\x0a\x01T"), REFER_PROTOCOL,
      "" },
    { "no name", BYTES("\x3a\x08" TYPE "\x12\x03" TEXT), REFER_PROTOCOL, "" },
    { "a name that is no code", BYTES("\x3a\x0b" TYPE "\x12\x06\x0a\x01N" TEXT),
      REFER_PROTOCOL, "" },
    { "no value", BYTES("\x3a\x08" TYPE "\x12\x03" NAME), REFER_PROTOCOL, "" },
    { "no UTF-8", BYTES("\x3a\x0b" TYPE "\x12\x06" NAME "\x12\x01\xc3"),
      REFER_PROTOCOL, "" },
    { "half a character at the end", BYTES("\x3a\x0c" TYPE "\x12\x07" NAME
      "\x12\x02z\xc3"), REFER_PROTOCOL, "" },
    { "a zero in a text", BYTES("\x3a\x0d" TYPE "\x12\x08" NAME "\x12\x03x\0y"),
      REFER_PROTOCOL, "" },
    { "a zero in a remedy", BYTES("\x2a\x03x\0y"), REFER_PROTOCOL, "" },
    { "a bell in a message", BYTES("\x32\x01\x07"), REFER_PROTOCOL, "" },
    { "a text for a number", BYTES("\x0a\x01x"), REFER_PROTOCOL, "" },
    { "a number for a record", BYTES("\x38\x01"), REFER_PROTOCOL, "" },
    { "a number for a field", BYTES("\x3a\x05" TYPE "\x10\x01"),
      REFER_PROTOCOL, "" },
    { "a number for a name", BYTES("\x3a\x0a" TYPE "\x12\x05\x08\x01" TEXT),
      REFER_PROTOCOL, "" },
    { "field number 0", BYTES("\x00\x01"), REFER_PROTOCOL, "" },
    { "a group", BYTES("\x43\x44"), REFER_PROTOCOL, "" },
    { "a record beyond the end", BYTES("\x3a\x0c" TYPE FIELD), REFER_PROTOCOL,
      "" },
    { "a field beyond its record", BYTES("\x3a\x0b" TYPE "\x12\x07" NAME TEXT
      "\x08"), REFER_PROTOCOL, "" },
    { "8 bytes that are 7", BYTES("\x49" "1234567"), REFER_PROTOCOL, "" },
    { "4 bytes that are 3", BYTES("\x4d" "123"), REFER_PROTOCOL, "" },
    { "a tag that is cut", BYTES("\x88"), REFER_PROTOCOL, "" },
    { "a tag of 33 bits", BYTES("\xc0\x80\x80\x80\x10\x01"), REFER_PROTOCOL,
      "" },
    { "a number of two bytes for one", BYTES("\x08\x81\x00"), REFER_PROTOCOL,
      "" },
};
/* clang-format on */

/* In memory of exactly its size: a step beyond is seen. */
static refer_status read_bytes(
    const void *bytes, size_t size, struct sdk_reply *reply)
{
    uint8_t *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    refer_status status = sdk_reply_read(copy, size, reply);
    free(copy);
    return status;
}

static void replies_are_read_in_any_order_and_beyond_what_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct sdk_reply reply;
        refer_status status =
            read_bytes(replies[i].bytes, replies[i].size, &reply);
        const char *text =
            sdk_record_text(sdk_records_at(&reply.records, "t", 0), "n");
        if (status != replies[i].status || strcmp(text, replies[i].text) != 0)
            fail_msg("%s: %s, n is \"%s\"", replies[i].what,
                refer_status_name(status), text);
        sdk_reply_release(&reply);
    }
    assert_int_equal(sdk_memory_held(), 0);
}

/* The last of each that may be there once; too large a text is cut. */
static void what_is_said_twice_is_what_is_said_last(void **state)
{
    (void)state;
    struct sdk_reply reply;
    char long_text[2 + 100 + 6] = "\x1a\x64"; /* a problem of 100 bytes */
    memset(long_text + 2, 'x', 100);
    memcpy(long_text + 102, "\x10\x05\x10\x06\x08\x09", 6);
    assert_int_equal(read_bytes(long_text, sizeof long_text, &reply), REFER_OK);
    assert_int_equal(strlen(reply.problem), SDK_PROBLEM_SIZE - 1);
    assert_int_equal(reply.error, 6);
    assert_int_equal(reply.number, 9);
    sdk_reply_release(&reply);
    static const char twice[] = "\x3a\x17" TYPE "\x12\x0a" NAME "\x12\x05"
                                "first" FIELD "\x1a\x01y\x1a\x02no";
    assert_int_equal(read_bytes(twice, sizeof twice - 1, &reply), REFER_OK);
    assert_string_equal(reply.problem, "no");
    assert_int_equal(reply.records.items[0].field_count, 1);
    assert_string_equal(sdk_record_text(reply.records.items, "n"), "x");
    sdk_reply_release(&reply);
    assert_int_equal(sdk_memory_held(), 0);
}

/* ---- Memory ------------------------------------------------------------ */

#define EVENT                                                                  \
    "\x3a\x07\x0a\x05"                                                         \
    "event"
#define PART "\x3a\x0b" TYPE FIELD

static void an_event_and_what_belongs_to_it_are_one_block(void **state)
{
    (void)state;
    static const char bytes[] = PART PART EVENT PART PART EVENT;
    struct sdk_reply reply;
    struct sdk_records taken = { 0 };
    assert_int_equal(read_bytes(bytes, sizeof bytes - 1, &reply), REFER_OK);
    assert_int_equal(reply.records.count, 6);
    assert_int_equal(sdk_memory_held(), 1 + 3);
    assert_int_equal(sdk_records_take(&taken, &reply.records, 2, 3), REFER_OK);
    sdk_reply_release(&reply);
    assert_int_equal(sdk_memory_held(), 1 + 1);
    assert_string_equal(taken.items[0].type, "event");
    assert_string_equal(sdk_record_text(&taken.items[1], "n"), "x");
    sdk_records_release(&taken);
    assert_int_equal(sdk_memory_held(), 0);
}

static void what_was_read_can_be_changed(void **state)
{
    (void)state;
    static const char bytes[] = PART PART;
    struct sdk_reply reply;
    assert_int_equal(read_bytes(bytes, sizeof bytes - 1, &reply), REFER_OK);
    struct sdk_record *record = &reply.records.items[0];
    assert_int_equal(sdk_record_set_text(record, "n", "longer"), REFER_OK);
    assert_int_equal(sdk_record_set_number(record, "a", 5), REFER_OK);
    assert_int_equal(
        sdk_record_set_text(record, "n", sdk_record_text(record, "n")),
        REFER_OK);
    assert_string_equal(sdk_record_text(record, "n"), "longer");
    sdk_record_remove(record, "n");
    assert_string_equal(sdk_record_text(record, "n"), "");
    assert_int_equal(sdk_record_number(record, "a"), 5);
    assert_string_equal(sdk_record_text(record + 1, "n"), "x");
    sdk_reply_release(&reply);
    assert_int_equal(sdk_memory_held(), 0);
}

static void a_reply_without_memory_is_none(void **state)
{
    (void)state;
    static const char bytes[] = PART EVENT PART EVENT;
    struct sdk_reply reply;
    uint64_t n = 0;
    do {
        sdk_memory_fail_after(++n);
        refer_status status = read_bytes(bytes, sizeof bytes - 1, &reply);
        sdk_memory_fail_after(0);
        assert_int_equal(status, n <= 5 ? REFER_NO_MEMORY : REFER_OK);
        assert_int_equal(reply.records.count, n <= 5 ? 0 : 4);
        sdk_reply_release(&reply);
        assert_int_equal(sdk_memory_held(), 0);
    } while (n <= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_written_as_the_runtime_would),
        cmocka_unit_test(requests_are_carried_as_the_runtime_would_write_them),
        cmocka_unit_test(a_frame_has_a_limit_and_a_larger_one_with_many),
        cmocka_unit_test(
            replies_are_read_in_any_order_and_beyond_what_is_known),
        cmocka_unit_test(what_is_said_twice_is_what_is_said_last),
        cmocka_unit_test(an_event_and_what_belongs_to_it_are_one_block),
        cmocka_unit_test(what_was_read_can_be_changed),
        cmocka_unit_test(a_reply_without_memory_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
