/*
 * Writes the messages of local.proto by hand, straight from what they are made
 * of: a page of events has thousands of fields, and to copy each into the
 * structures of the runtime, for it to count and to write, took three times as
 * long. All is counted once and then written from the end, where the size of a
 * part is known when its head is written. That it is what the runtime would
 * write, and codec_local.c reads, is tested.
 */
#include "core/local.h"

#include "core/codec_local.h"
#include "core/codec_wire.h"
#include "core/limits.h"

#include <assert.h>
#include <string.h>

/* ---- Fields and records ------------------------------------------------- */

static size_t field_size(const struct local_field *field)
{
    size_t size = wire_text_size(field->name);
    switch (field->type) {
    case LOCAL_TEXT:
    case LOCAL_DATA:
        return size + wire_sized_size(field->bytes.size);
    case LOCAL_NUMBER:
        return size + 1 + wire_varint_size((uint64_t)field->number);
    case LOCAL_FLAG:
        return size + 2;
    case LOCAL_NONE:
        break;
    }
    return size;
}

static size_t fields_size(const struct local_field *fields, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += wire_sized_size(field_size(&fields[i]));
    return size;
}

static size_t records_size(const struct local_record *records, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += wire_sized_size(
            wire_text_size(records[i].type) +
            fields_size(records[i].fields, records[i].field_count));
    return size;
}

static uint8_t *field_before(uint8_t *end, const struct local_field *field)
{
    switch (field->type) {
    case LOCAL_TEXT:
        end = wire_sized_before(end, FIELD_TEXT, field->bytes);
        break;
    case LOCAL_NUMBER:
        end = wire_tagged_before(end, FIELD_NUMBER, (uint64_t)field->number);
        break;
    case LOCAL_DATA:
        end = wire_sized_before(end, FIELD_DATA, field->bytes);
        break;
    case LOCAL_FLAG:
        end = wire_tagged_before(end, FIELD_FLAG, field->number != 0);
        break;
    case LOCAL_NONE:
        break;
    }
    return wire_text_before(end, FIELD_NAME, field->name);
}

static uint8_t *fields_before(
    uint8_t *end, uint8_t tag, const struct local_field *fields, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        uint8_t *begin = field_before(end, &fields[i - 1]);
        end = wire_head_before(begin, tag, end);
    }
    return end;
}

static uint8_t *records_before(
    uint8_t *end, uint8_t tag, const struct local_record *records, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        const struct local_record *record = &records[i - 1];
        uint8_t *begin = fields_before(
            end, RECORD_FIELDS, record->fields, record->field_count);
        begin = wire_text_before(begin, RECORD_TYPE, record->type);
        end = wire_head_before(begin, tag, end);
    }
    return end;
}

/* ---- Messages ----------------------------------------------------------- */

struct slice local_request_write(
    const struct local_request *request, struct arena *arena)
{
    size_t size = wire_number_size(request->number) +
                  wire_text_size(request->operation) +
                  fields_size(request->fields, request->field_count) +
                  records_size(request->records, request->record_count);
    uint8_t *bytes =
        size > LOCAL_BATCH_SIZE_MAX ? NULL : arena_take(arena, size + 1);
    if (bytes == NULL)
        return SLICE_NONE;
    uint8_t *end = records_before(
        bytes + size, REQUEST_RECORDS, request->records, request->record_count);
    end = fields_before(
        end, REQUEST_FIELDS, request->fields, request->field_count);
    end = wire_text_before(end, REQUEST_OPERATION, request->operation);
    end = wire_number_before(end, REQUEST_NUMBER, request->number);
    assert(end == bytes);
    return slice_of(end, size);
}

struct slice local_reply_write(
    const struct local_reply *reply, struct arena *arena)
{
    struct slice problem = SLICE_NONE;
    if (reply->problem != PROBLEM_NONE)
        problem = slice_of_text(problem_name(reply->problem));
    size_t size = wire_number_size(reply->number) +
                  wire_number_size((uint64_t)reply->err) +
                  wire_text_size(problem) + wire_text_size(reply->clause) +
                  wire_text_size(reply->remedy) +
                  wire_text_size(reply->message) +
                  records_size(reply->records, reply->record_count);
    uint8_t *bytes =
        size > LOCAL_FRAME_SIZE_MAX ? NULL : arena_take(arena, size + 1);
    if (bytes == NULL)
        return SLICE_NONE;
    uint8_t *end = records_before(
        bytes + size, REPLY_RECORDS, reply->records, reply->record_count);
    end = wire_text_before(end, REPLY_MESSAGE, reply->message);
    end = wire_text_before(end, REPLY_REMEDY, reply->remedy);
    end = wire_text_before(end, REPLY_CLAUSE, reply->clause);
    end = wire_text_before(end, REPLY_PROBLEM, problem);
    end = wire_number_before(end, REPLY_ERROR, (uint64_t)reply->err);
    end = wire_number_before(end, REPLY_NUMBER, reply->number);
    assert(end == bytes);
    return slice_of(end, size);
}
