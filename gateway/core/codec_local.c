/*
 * Reads the one canonical encoding of the messages of local.proto and nothing
 * else, straight into what the core works with: a batch has thousands of
 * fields, and what codec_unpack.c makes of each is only the half of it.
 */
#include "core/local.h"

#include "core/codec_local.h"
#include "core/codec_take.h"
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
    struct taker taker;
    size_t fields_left; /* that the message may have */
    size_t record_count_max;
};

/* ---- Fields and records ------------------------------------------------- */

static void field_read(
    struct taker *taker, struct slice bytes, struct local_field *field)
{
    *field = (struct local_field){ 0 };
    field->name = take_text(taker, &bytes, FIELD_NAME);
    if (!is_code(field->name))
        take_fail(taker, ERR_MALFORMED);
    if (take_tag(&bytes, FIELD_TEXT)) {
        field->type = LOCAL_TEXT;
        field->bytes = take_text_value(taker, &bytes);
    } else if (take_tag(&bytes, FIELD_NUMBER)) {
        field->type = LOCAL_NUMBER;
        field->number = (int64_t)take_varint(taker, &bytes, UINT64_MAX);
    } else if (take_tag(&bytes, FIELD_DATA)) {
        field->type = LOCAL_DATA;
        field->bytes = take_sized(taker, &bytes);
    } else if (take_tag(&bytes, FIELD_FLAG)) {
        field->type = LOCAL_FLAG;
        field->number = (int64_t)take_varint(taker, &bytes, 1);
    }
    if (field->type == LOCAL_NONE || bytes.size > 0)
        take_fail(taker, ERR_MALFORMED);
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
    struct taker *taker = &reader->taker;
    size_t count = take_count(*rest, tag);
    /* every field costs the core a look */
    size_t max = LOCAL_RECORD_FIELD_COUNT_MAX;
    if (max > reader->fields_left)
        max = reader->fields_left;
    struct local_field *fields = take_room(taker, count, max, sizeof *fields);
    for (size_t i = 0; i < count && taker->err == ERR_NONE; i++) {
        (void)take_tag(rest, tag);
        field_read(taker, take_sized(taker, rest), &fields[i]);
        if (is_among(fields, i, fields[i].name))
            take_fail(taker, ERR_MALFORMED);
    }
    *out = fields;
    if (taker->err != ERR_NONE)
        return 0;
    reader->fields_left -= count;
    return count;
}

static size_t records_read(struct reader *reader, struct slice *rest,
    uint8_t tag, const struct local_record **out)
{
    struct taker *taker = &reader->taker;
    size_t count = take_count(*rest, tag);
    /* and every record at least as much */
    struct local_record *records =
        take_room(taker, count, reader->record_count_max, sizeof *records);
    for (size_t i = 0; i < count && taker->err == ERR_NONE; i++) {
        (void)take_tag(rest, tag);
        struct slice bytes = take_sized(taker, rest);
        records[i].type = take_text(taker, &bytes, RECORD_TYPE);
        records[i].field_count =
            fields_read(reader, &bytes, RECORD_FIELDS, &records[i].fields);
        if (!is_code(records[i].type))
            take_fail(taker, ERR_MALFORMED);
        take_end(taker, bytes);
    }
    *out = records;
    return taker->err == ERR_NONE ? count : 0;
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
    struct reader reader = { .taker = { .arena = arena },
        .fields_left = LOCAL_FIELD_COUNT_MAX,
        .record_count_max = LOCAL_FIELD_COUNT_MAX };
    struct taker *taker = &reader.taker;
    struct slice rest = bytes;
    if (bytes.size > LOCAL_BATCH_SIZE_MAX)
        return ERR_LIMIT;
    *request = (struct local_request){ .unnumbered = unnumbered(bytes) };
    request->number =
        (uint32_t)take_number(taker, &rest, REQUEST_NUMBER, UINT32_MAX);
    request->operation = take_text(taker, &rest, REQUEST_OPERATION);
    if (!is_code(request->operation))
        take_fail(taker, ERR_MALFORMED);
    request->field_count =
        fields_read(&reader, &rest, REQUEST_FIELDS, &request->fields);
    request->record_count =
        records_read(&reader, &rest, REQUEST_RECORDS, &request->records);
    take_end(taker, rest);
    return taker->err;
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
    struct reader reader = { .taker = { .arena = arena },
        .fields_left = SIZE_MAX,
        .record_count_max = SIZE_MAX };
    struct taker *taker = &reader.taker;
    struct slice rest = bytes;
    if (bytes.size > LOCAL_FRAME_SIZE_MAX)
        return ERR_LIMIT;
    *reply = (struct local_reply){ 0 };
    reply->number =
        (uint32_t)take_number(taker, &rest, REPLY_NUMBER, UINT32_MAX);
    uint32_t error =
        (uint32_t)take_number(taker, &rest, REPLY_ERROR, UINT32_MAX);
    struct slice problem = take_text(taker, &rest, REPLY_PROBLEM);
    reply->err = (enum err)error;
    reply->clause = take_text(taker, &rest, REPLY_CLAUSE);
    reply->remedy = take_text(taker, &rest, REPLY_REMEDY);
    reply->message = take_text(taker, &rest, REPLY_MESSAGE);
    if (error >= ERR_COUNT || !problem_read(problem, &reply->problem))
        take_fail(taker, ERR_MALFORMED);
    reply->record_count =
        records_read(&reader, &rest, REPLY_RECORDS, &reply->records);
    take_end(taker, rest);
    return taker->err;
}
