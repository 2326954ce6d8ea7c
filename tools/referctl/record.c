#include "referctl/record.h"

#include <string.h>

static struct value *value_new(
    struct pool *pool, struct record *record, const char *name)
{
    record->fields = pool_grow(pool, record->fields, record->field_count,
        &record->field_capacity, sizeof *record->fields);
    struct field *field = &record->fields[record->field_count++];
    *field = (struct field){ .name = pool_text(pool, name) };
    return &field->value;
}

void record_put_text(struct pool *pool, struct record *record, const char *name,
    const char *text)
{
    struct value *value = value_new(pool, record, name);
    value->type = VALUE_TEXT;
    value->size = strlen(text);
    value->bytes = pool_text(pool, text);
}

void record_put_number(
    struct pool *pool, struct record *record, const char *name, int64_t number)
{
    struct value *value = value_new(pool, record, name);
    value->type = VALUE_NUMBER;
    value->number = number;
}

void record_put_flag(
    struct pool *pool, struct record *record, const char *name, bool flag)
{
    struct value *value = value_new(pool, record, name);
    value->type = VALUE_FLAG;
    value->number = flag ? 1 : 0;
}

void record_put_data(struct pool *pool, struct record *record, const char *name,
    const void *bytes, size_t size)
{
    struct value *value = value_new(pool, record, name);
    value->type = VALUE_DATA;
    value->bytes = pool_copy(pool, bytes, size);
    value->size = size;
}

void record_put(struct pool *pool, struct record *record, const char *name,
    const struct value *value)
{
    struct value *copy = value_new(pool, record, name);
    *copy = *value;
    if (value->type == VALUE_TEXT || value->type == VALUE_DATA)
        copy->bytes = pool_copy(pool, value->bytes, value->size);
}

struct value record_get(const struct record *record, const char *name)
{
    for (size_t i = 0; i < record->field_count; i++) {
        if (strcmp(record->fields[i].name, name) == 0)
            return record->fields[i].value;
    }
    return (struct value){ .type = VALUE_NONE };
}

const char *record_text(const struct record *record, const char *name)
{
    struct value value = record_get(record, name);
    return value.type == VALUE_TEXT ? value.bytes : "";
}

int64_t record_number(const struct record *record, const char *name)
{
    return record_get(record, name).number;
}

bool record_flag(const struct record *record, const char *name)
{
    return record_number(record, name) != 0;
}

bool record_is(const struct record *record, const char *type)
{
    return strcmp(record->type, type) == 0;
}

struct record *records_add(
    struct pool *pool, struct records *records, const char *type)
{
    records->items = pool_grow(pool, records->items, records->count,
        &records->capacity, sizeof *records->items);
    struct record *record = &records->items[records->count++];
    *record = (struct record){ .type = pool_text(pool, type) };
    return record;
}

const struct record *records_first(
    const struct records *records, const char *type)
{
    for (size_t i = 0; i < records->count; i++) {
        if (record_is(&records->items[i], type))
            return &records->items[i];
    }
    return NULL;
}

size_t records_count(const struct records *records, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < records->count; i++)
        count += record_is(&records->items[i], type);
    return count;
}
