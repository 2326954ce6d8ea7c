/*
 * Reads the one canonical encoding of the messages of local.proto and nothing
 * else, straight into what the core works with: a batch has thousands of
 * fields, and what codec_unpack.c makes of each is only the half of it.
 */
#include "core/local.h"

#include "base/text.h"
#include "core/codec_local.h"
#include "core/codec_wire.h"
#include "core/limits.h"

#include <string.h>

static bool is_code(struct slice text)
{
    if (text.size == 0 || text.size > CODE_SIZE_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.bytes[i];
        bool is_letter = c >= 'a' && c <= 'z';
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && c != '_' && c != '.' && c != '-')
            return false;
    }
    return true;
}

const struct local_field *local_field_get(
    const struct local_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(fields[i].name, name))
            return &fields[i];
    return NULL;
}

/* ---- Parts of a message ------------------------------------------------- */

struct reader {
    struct arena *arena;
    size_t fields_left; /* that the message may have */
    size_t record_count_max;
    enum err err; /* the first sticks */
};

static void fail(struct reader *reader, enum err err)
{
    if (reader->err == ERR_NONE)
        reader->err = err;
}

/* Takes the tag if it is next: each has one byte, and they are in order. */
static bool tag_take(struct slice *rest, uint8_t tag)
{
    if (rest->size == 0 || rest->bytes[0] != tag)
        return false;
    *rest = slice_of(rest->bytes + 1, rest->size - 1);
    return true;
}

static struct slice sized_take(struct reader *reader, struct slice *rest)
{
    struct slice bytes = SLICE_NONE;
    if (wire_sized(rest, &bytes))
        return bytes;
    fail(reader, ERR_MALFORMED);
    *rest = SLICE_NONE;
    return SLICE_NONE;
}

static uint64_t varint_take(
    struct reader *reader, struct slice *rest, uint64_t max)
{
    uint64_t value;
    if (wire_varint(rest, &value) && value <= max)
        return value;
    fail(reader, ERR_MALFORMED);
    *rest = SLICE_NONE;
    return 0;
}

static struct slice text_value(struct reader *reader, struct slice *rest)
{
    struct slice text = sized_take(reader, rest);
    if (!text_is_utf8(text, TEXT_CONTROLS_LAYOUT))
        fail(reader, ERR_MALFORMED);
    return text;
}

/* What is nothing is left out. */
static struct slice text_take(
    struct reader *reader, struct slice *rest, uint8_t tag)
{
    if (!tag_take(rest, tag))
        return SLICE_LITERAL("");
    struct slice text = text_value(reader, rest);
    if (text.size == 0)
        fail(reader, ERR_MALFORMED);
    return text;
}

static uint32_t number_take(
    struct reader *reader, struct slice *rest, uint8_t tag)
{
    if (!tag_take(rest, tag))
        return 0;
    uint64_t number = varint_take(reader, rest, UINT32_MAX);
    if (number == 0)
        fail(reader, ERR_MALFORMED);
    return (uint32_t)number;
}

/* How many with that tag are next. */
static size_t items_count(struct slice rest, uint8_t tag)
{
    struct slice bytes;
    size_t count = 0;
    while (tag_take(&rest, tag) && wire_sized(&rest, &bytes))
        count++;
    return count;
}

/* ---- Fields and records ------------------------------------------------- */

static void field_read(
    struct reader *reader, struct slice bytes, struct local_field *field)
{
    *field = (struct local_field){ 0 };
    field->name = text_take(reader, &bytes, FIELD_NAME);
    if (!is_code(field->name))
        fail(reader, ERR_MALFORMED);
    if (tag_take(&bytes, FIELD_TEXT)) {
        field->type = LOCAL_TEXT;
        field->bytes = text_value(reader, &bytes);
    } else if (tag_take(&bytes, FIELD_NUMBER)) {
        field->type = LOCAL_NUMBER;
        field->number = (int64_t)varint_take(reader, &bytes, UINT64_MAX);
    } else if (tag_take(&bytes, FIELD_DATA)) {
        field->type = LOCAL_DATA;
        field->bytes = sized_take(reader, &bytes);
    } else if (tag_take(&bytes, FIELD_FLAG)) {
        field->type = LOCAL_FLAG;
        field->number = (int64_t)varint_take(reader, &bytes, 1);
    }
    if (field->type == LOCAL_NONE || bytes.size > 0)
        fail(reader, ERR_MALFORMED);
}

/* A name that stands twice would mean what the reader happens to look at. */
static bool is_among(
    const struct local_field *fields, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(fields[i].name, name))
            return true;
    return false;
}

static size_t fields_read(struct reader *reader, struct slice *rest,
    uint8_t tag, const struct local_field **out)
{
    size_t count = items_count(*rest, tag);
    /* every field costs the core a look */
    if (count > LOCAL_RECORD_FIELD_COUNT_MAX || count > reader->fields_left)
        fail(reader, ERR_LIMIT);
    if (reader->err != ERR_NONE)
        return 0;
    reader->fields_left -= count;
    struct local_field *fields =
        arena_take_array(reader->arena, count, sizeof *fields);
    if (fields == NULL)
        fail(reader, ERR_LIMIT);
    for (size_t i = 0; i < count && reader->err == ERR_NONE; i++) {
        (void)tag_take(rest, tag);
        field_read(reader, sized_take(reader, rest), &fields[i]);
        if (is_among(fields, i, fields[i].name))
            fail(reader, ERR_MALFORMED);
    }
    *out = fields;
    return reader->err == ERR_NONE ? count : 0;
}

static size_t records_read(struct reader *reader, struct slice *rest,
    uint8_t tag, const struct local_record **out)
{
    size_t count = items_count(*rest, tag);
    /* and every record at least as much */
    if (count > reader->record_count_max)
        fail(reader, ERR_LIMIT);
    if (reader->err != ERR_NONE)
        return 0;
    struct local_record *records =
        arena_take_array(reader->arena, count, sizeof *records);
    if (records == NULL)
        fail(reader, ERR_LIMIT);
    for (size_t i = 0; i < count && reader->err == ERR_NONE; i++) {
        (void)tag_take(rest, tag);
        struct slice bytes = sized_take(reader, rest);
        records[i].type = text_take(reader, &bytes, RECORD_TYPE);
        records[i].field_count =
            fields_read(reader, &bytes, RECORD_FIELDS, &records[i].fields);
        if (!is_code(records[i].type) || bytes.size > 0)
            fail(reader, ERR_MALFORMED);
    }
    *out = records;
    return reader->err == ERR_NONE ? count : 0;
}

/* ---- Messages ----------------------------------------------------------- */

/* Canonical bytes begin with the number, unless it is 0. */
static struct slice unnumbered(struct slice bytes)
{
    size_t head = 0;
    if (bytes.size == 0 || bytes.bytes[0] != REQUEST_NUMBER)
        return bytes;
    do
        head++;
    while (head < bytes.size && (bytes.bytes[head] & 0x80) != 0);
    return head + 1 >= bytes.size
               ? SLICE_NONE
               : slice_of(bytes.bytes + head + 1, bytes.size - head - 1);
}

enum err local_request_read(
    struct slice bytes, struct arena *arena, struct local_request *request)
{
    struct reader reader = { .arena = arena,
        .fields_left = LOCAL_FIELD_COUNT_MAX,
        .record_count_max = LOCAL_FIELD_COUNT_MAX };
    struct slice rest = bytes;
    if (bytes.size > LOCAL_BATCH_SIZE_MAX)
        return ERR_LIMIT;
    *request = (struct local_request){ .unnumbered = unnumbered(bytes) };
    request->number = number_take(&reader, &rest, REQUEST_NUMBER);
    request->operation = text_take(&reader, &rest, REQUEST_OPERATION);
    if (!is_code(request->operation))
        fail(&reader, ERR_MALFORMED);
    request->field_count =
        fields_read(&reader, &rest, REQUEST_FIELDS, &request->fields);
    request->record_count =
        records_read(&reader, &rest, REQUEST_RECORDS, &request->records);
    if (rest.size > 0)
        fail(&reader, ERR_MALFORMED);
    return reader.err;
}

/* "" is none. False for a name that is no problem's. */
static bool problem_read(struct slice name, enum problem *problem)
{
    *problem = PROBLEM_NONE;
    if (name.size == 0)
        return true;
    for (int i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++) {
        if (!slice_is(name, problem_name((enum problem)i)))
            continue;
        *problem = (enum problem)i;
        return true;
    }
    return false;
}

enum err local_reply_read(
    struct slice bytes, struct arena *arena, struct local_reply *reply)
{
    struct reader reader = {
        .arena = arena, .fields_left = SIZE_MAX, .record_count_max = SIZE_MAX
    };
    struct slice rest = bytes;
    if (bytes.size > LOCAL_FRAME_SIZE_MAX)
        return ERR_LIMIT;
    *reply = (struct local_reply){ 0 };
    reply->number = number_take(&reader, &rest, REPLY_NUMBER);
    uint32_t error = number_take(&reader, &rest, REPLY_ERROR);
    struct slice problem = text_take(&reader, &rest, REPLY_PROBLEM);
    reply->err = (enum err)error;
    reply->clause = text_take(&reader, &rest, REPLY_CLAUSE);
    reply->remedy = text_take(&reader, &rest, REPLY_REMEDY);
    reply->message = text_take(&reader, &rest, REPLY_MESSAGE);
    if (error >= ERR_COUNT || !problem_read(problem, &reply->problem))
        fail(&reader, ERR_MALFORMED);
    reply->record_count =
        records_read(&reader, &rest, REPLY_RECORDS, &reply->records);
    if (rest.size > 0)
        fail(&reader, ERR_MALFORMED);
    return reader.err;
}
