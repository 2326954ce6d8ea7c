#include "support/call.h"

#include <string.h>

#include "support/must.h"

void call_begin(struct call *call, const char *operation)
{
    *call = (struct call){ .request = { .type = operation } };
}

void call_record(struct call *call, const char *type)
{
    MUST(call->part_count < CALL_RECORD_COUNT_MAX);
    call->parts[call->part_count++] = (struct call_part){ .type = type };
}

static void add(struct call *call, const struct local_field *field)
{
    struct call_part *part = call->part_count == 0
                                 ? &call->request
                                 : &call->parts[call->part_count - 1];
    MUST(part->field_count < CALL_FIELD_COUNT_MAX);
    part->fields[part->field_count++] = *field;
}

void call_text(struct call *call, const char *name, const char *text)
{
    add(call, &(struct local_field){
                  slice_of_text(name), LOCAL_TEXT, slice_of_text(text), 0 });
}

void call_data(struct call *call, const char *name, struct slice data)
{
    add(call,
        &(struct local_field){ slice_of_text(name), LOCAL_DATA, data, 0 });
}

void call_number(struct call *call, const char *name, int64_t number)
{
    add(call, &(struct local_field){
                  slice_of_text(name), LOCAL_NUMBER, SLICE_NONE, number });
}

void call_flag(struct call *call, const char *name, bool flag)
{
    add(call, &(struct local_field){
                  slice_of_text(name), LOCAL_FLAG, SLICE_NONE, flag });
}

static struct call_part *part_of(struct call *call, const char *type)
{
    if (type == NULL)
        return &call->request;
    for (size_t i = 0; i < call->part_count; i++)
        if (strcmp(call->parts[i].type, type) == 0)
            return &call->parts[i];
    return NULL;
}

struct local_field *call_find(
    struct call *call, const char *type, const char *name)
{
    struct call_part *part = part_of(call, type);
    for (size_t i = 0; part != NULL && i < part->field_count; i++)
        if (slice_is(part->fields[i].name, name))
            return &part->fields[i];
    return NULL;
}

void call_remove(struct call *call, const char *type, const char *name)
{
    struct call_part *part = part_of(call, type);
    struct local_field *field = call_find(call, type, name);
    if (field == NULL)
        return;
    size_t index = (size_t)(field - part->fields);
    memmove(field, field + 1, (--part->field_count - index) * sizeof *field);
}

void call_change(
    struct call *call, const char *type, const char *name, const char *text)
{
    struct local_field *field = call_find(call, type, name);
    MUST(field != NULL);
    field->type = LOCAL_TEXT;
    field->bytes = slice_of_text(text);
}

struct local_request call_request(struct call *call)
{
    for (size_t i = 0; i < call->part_count; i++)
        call->records[i] = (struct local_record){
            slice_of_text(call->parts[i].type),
            call->parts[i].fields,
            call->parts[i].field_count,
        };
    return (struct local_request){
        .number = call->number,
        .operation = slice_of_text(call->request.type),
        .fields = call->request.fields,
        .field_count = call->request.field_count,
        .records = call->records,
        .record_count = call->part_count,
    };
}

const struct local_record *reply_record(
    const struct local_reply *reply, const char *type, size_t index)
{
    for (size_t i = 0; i < reply->record_count; i++)
        if (slice_is(reply->records[i].type, type) && index-- == 0)
            return &reply->records[i];
    return NULL;
}

size_t reply_count(const struct local_reply *reply, const char *type)
{
    size_t count = 0;
    while (reply_record(reply, type, count) != NULL)
        count++;
    return count;
}

const struct local_record *reply_find(const struct local_reply *reply,
    const char *type, const char *name, const char *text)
{
    const struct local_record *record;
    for (size_t i = 0; (record = reply_record(reply, type, i)) != NULL; i++)
        if (record_is(record, name, text))
            return record;
    return NULL;
}

static const struct local_field *field_of(const struct local_record *record,
    const char *name, enum local_value_type type)
{
    MUST(record != NULL);
    const struct local_field *field =
        local_field_get(record->fields, record->field_count, name);
    if (field == NULL)
        fprintf(stderr, "no field %s\n", name);
    MUST(field != NULL && field->type == type);
    return field;
}

struct slice record_text(const struct local_record *record, const char *name)
{
    return field_of(record, name, LOCAL_TEXT)->bytes;
}

bool record_is(
    const struct local_record *record, const char *name, const char *text)
{
    return slice_is(record_text(record, name), text);
}

int64_t record_number(const struct local_record *record, const char *name)
{
    return field_of(record, name, LOCAL_NUMBER)->number;
}

bool record_flag(const struct local_record *record, const char *name)
{
    return field_of(record, name, LOCAL_FLAG)->number != 0;
}
