#include "core/codec.h"
#include "core/limits.h"
#include "core/local.h"

#include "refer/v1/local.pb-c.h"

#include <string.h>

/* Of LocalRequest.number, a varint. */
#define NUMBER_TAG 0x08u

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

/* ---- Fields and records, read ------------------------------------------ */

static enum err field_read(
    const Refer__V1__LocalField *message, struct local_field *field)
{
    *field = (struct local_field){ .name = slice_of_text(message->name) };
    if (!is_code(field->name))
        return ERR_MALFORMED;
    switch (message->value_case) {
    case REFER__V1__LOCAL_FIELD__VALUE_TEXT:
        field->type = LOCAL_TEXT;
        field->bytes = slice_of_text(message->text);
        return ERR_NONE;
    case REFER__V1__LOCAL_FIELD__VALUE_NUMBER:
        field->type = LOCAL_NUMBER;
        field->number = message->number;
        return ERR_NONE;
    case REFER__V1__LOCAL_FIELD__VALUE_DATA:
        field->type = LOCAL_DATA;
        field->bytes = codec_slice(message->data);
        return ERR_NONE;
    case REFER__V1__LOCAL_FIELD__VALUE_FLAG:
        field->type = LOCAL_FLAG;
        field->number = message->flag != 0;
        return ERR_NONE;
    case REFER__V1__LOCAL_FIELD__VALUE__NOT_SET:
    case _REFER__V1__LOCAL_FIELD__VALUE__CASE_IS_INT_SIZE:
    default:
        return ERR_MALFORMED;
    }
}

/* A name that stands twice would mean what the reader happens to look at. */
static enum err fields_read(Refer__V1__LocalField *const *messages,
    size_t count, struct arena *arena, const struct local_field **out)
{
    struct local_field *fields;
    if (count > LOCAL_RECORD_FIELD_COUNT_MAX)
        return ERR_LIMIT;
    fields = arena_take_array(arena, count, sizeof *fields);
    if (fields == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        enum err err = field_read(messages[i], &fields[i]);
        if (err != ERR_NONE)
            return err;
        if (local_field_get(fields, i, messages[i]->name) != NULL)
            return ERR_MALFORMED;
    }
    *out = fields;
    return ERR_NONE;
}

static enum err records_read(Refer__V1__LocalRecord *const *messages,
    size_t count, struct arena *arena, const struct local_record **out)
{
    struct local_record *records =
        arena_take_array(arena, count, sizeof *records);
    if (records == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        records[i].type = slice_of_text(messages[i]->type);
        records[i].field_count = messages[i]->n_fields;
        if (!is_code(records[i].type))
            return ERR_MALFORMED;
        enum err err = fields_read(messages[i]->fields, messages[i]->n_fields,
            arena, &records[i].fields);
        if (err != ERR_NONE)
            return err;
    }
    *out = records;
    return ERR_NONE;
}

/* Every field costs the core a look, every record at least as much. */
static bool is_within_limit(const Refer__V1__LocalRequest *message)
{
    size_t count = message->n_fields;
    if (message->n_records > LOCAL_FIELD_COUNT_MAX)
        return false;
    for (size_t i = 0; i < message->n_records; i++)
        count += message->records[i]->n_fields;
    return count <= LOCAL_FIELD_COUNT_MAX;
}

/* Canonical bytes begin with the number, unless it is 0. */
static struct slice unnumbered(struct slice bytes)
{
    size_t head = 0;
    if (bytes.size == 0 || bytes.bytes[0] != NUMBER_TAG)
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
    const ProtobufCMessage *base;
    enum err err = codec_unpack_borrowing(&refer__v1__local_request__descriptor,
        bytes, LOCAL_BATCH_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__LocalRequest *message =
        (const Refer__V1__LocalRequest *)base;
    *request = (struct local_request){
        .number = message->number,
        .unnumbered = unnumbered(bytes),
        .operation = slice_of_text(message->operation),
        .field_count = message->n_fields,
        .record_count = message->n_records,
    };
    if (!is_code(request->operation))
        return ERR_MALFORMED;
    if (!is_within_limit(message))
        return ERR_LIMIT;
    err = fields_read(
        message->fields, message->n_fields, arena, &request->fields);
    if (err == ERR_NONE)
        err = records_read(
            message->records, message->n_records, arena, &request->records);
    return err;
}

/* "" is none. False for a name that is no problem's. */
static bool problem_read(const char *name, enum problem *problem)
{
    *problem = PROBLEM_NONE;
    if (name[0] == 0)
        return true;
    for (int i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++) {
        if (strcmp(problem_name((enum problem)i), name) != 0)
            continue;
        *problem = (enum problem)i;
        return true;
    }
    return false;
}

enum err local_reply_read(
    struct slice bytes, struct arena *arena, struct local_reply *reply)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(&refer__v1__local_reply__descriptor, bytes,
        LOCAL_FRAME_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__LocalReply *message = (const Refer__V1__LocalReply *)base;
    *reply = (struct local_reply){
        .number = message->number,
        .err = (enum err)message->error,
        .clause = slice_of_text(message->clause),
        .remedy = slice_of_text(message->remedy),
        .message = slice_of_text(message->message),
        .record_count = message->n_records,
    };
    if (message->error >= ERR_COUNT ||
        !problem_read(message->problem, &reply->problem))
        return ERR_MALFORMED;
    return records_read(
        message->records, message->n_records, arena, &reply->records);
}
