#include "sim/say.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

void say_begin(struct say *say, struct world *world, const char *operation)
{
    memset(say, 0, sizeof *say);
    say->world = world;
    say->request.number = (uint32_t)(1 + world->id_next++ % 1000000);
    say->request.operation = slice_of_text(operation);
    say->request.fields = say->fields[0];
    say->field_count = &say->request.field_count;
}

static struct local_field *add(
    struct say *say, const char *name, enum local_value_type type)
{
    assert(*say->field_count < SAY_FIELD_COUNT_MAX);
    struct local_field *field = &say->fields[say->at][(*say->field_count)++];
    *field = (struct local_field){ .name = slice_of_text(name), .type = type };
    return field;
}

void say_text(struct say *say, const char *name, const char *text)
{
    add(say, name, LOCAL_TEXT)->bytes =
        arena_copy(&say->world->talk, slice_of_text(text));
}

void say_number(struct say *say, const char *name, int64_t number)
{
    add(say, name, LOCAL_NUMBER)->number = number;
}

void say_data(struct say *say, const char *name, struct slice data)
{
    add(say, name, LOCAL_DATA)->bytes = data;
}

void say_record(struct say *say, const char *type)
{
    assert(say->request.record_count < SAY_RECORD_COUNT_MAX);
    struct local_record *record = &say->records[say->request.record_count++];
    say->at = say->request.record_count;
    record->type = slice_of_text(type);
    record->fields = say->fields[say->at];
    say->request.records = say->records;
    say->field_count = &record->field_count;
}

void say_pair(
    struct say *say, const char *type, const char *name, const char *value)
{
    bool is_element = slice_is(slice_of_text(type), "element");
    say_record(say, type);
    say_text(say, is_element ? "code" : "name", name);
    say_text(say, "value", value);
}

struct slice say_end(struct say *say)
{
    struct slice frame = local_request_write(&say->request, &say->world->talk);
    if (frame.bytes == NULL)
        abort();
    return frame;
}

struct slice heard_text(const struct local_record *record, const char *name)
{
    const struct local_field *field =
        local_field_get(record->fields, record->field_count, name);
    return field == NULL ? SLICE_NONE : field->bytes;
}

int64_t heard_number(const struct local_record *record, const char *name)
{
    const struct local_field *field =
        local_field_get(record->fields, record->field_count, name);
    return field == NULL ? 0 : field->number;
}

const struct local_record *heard_record(
    const struct local_reply *reply, const char *type)
{
    for (size_t i = 0; i < reply->record_count; i++)
        if (slice_is(reply->records[i].type, type))
            return &reply->records[i];
    return NULL;
}
