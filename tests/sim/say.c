#include "sim/say.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

#define SAY_TEXT_SIZE 1024

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

void say_flag(struct say *say, const char *name, bool is_set)
{
    add(say, name, LOCAL_FLAG)->number = is_set;
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

struct slice say_key(const struct say *say)
{
    const struct local_field *key =
        local_field_get(say->request.fields, say->request.field_count, "key");
    return key == NULL ? SLICE_NONE : key->bytes;
}

static refer_status field_set(
    refer_query *query, const struct local_field *field)
{
    char name[64];
    char text[256];
    (void)snprintf(name, sizeof name, "%.*s", (int)field->name.size,
        (const char *)field->name.bytes);
    switch (field->type) {
    case LOCAL_TEXT:
        (void)snprintf(text, sizeof text, "%.*s", (int)field->bytes.size,
            (const char *)field->bytes.bytes);
        return refer_query_set(query, name, text);
    case LOCAL_NUMBER:
        return refer_query_set_number(query, name, field->number);
    case LOCAL_DATA:
        return refer_query_set_data(
            query, name, field->bytes.bytes, field->bytes.size);
    case LOCAL_FLAG:
        return refer_query_set_flag(query, name, (int32_t)field->number);
    case LOCAL_NONE:
        break;
    }
    return REFER_INVALID;
}

static void fields_set(
    refer_query *query, const struct local_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (field_set(query, &fields[i]) != REFER_OK)
            abort();
}

refer_query *say_query(const struct say *say)
{
    refer_query *query;
    const struct local_request *request = &say->request;
    if (refer_query_new(&query) != REFER_OK)
        abort();
    fields_set(query, request->fields, request->field_count);
    for (size_t i = 0; i < request->record_count; i++) {
        const struct local_record *record = &request->records[i];
        char type[64];
        (void)snprintf(type, sizeof type, "%.*s", (int)record->type.size,
            (const char *)record->type.bytes);
        if (refer_query_add_record(query, type) != REFER_OK)
            abort();
        fields_set(query, record->fields, record->field_count);
    }
    return query;
}

static const char *text_of(char text[SAY_TEXT_SIZE], struct slice slice)
{
    assert(slice.size < SAY_TEXT_SIZE);
    if (slice.size > 0)
        memcpy(text, slice.bytes, slice.size);
    text[slice.size] = '\0';
    return text;
}

static const char *field_of(char text[SAY_TEXT_SIZE],
    const struct local_record *record, const char *name)
{
    return text_of(text, heard_text(record, name));
}

static refer_status head_set(
    refer_referral *referral, const struct local_record *record)
{
    refer_status status = REFER_OK;
    for (size_t i = 0; i < record->field_count && status == REFER_OK; i++) {
        const struct local_field *field = &record->fields[i];
        char name[SAY_TEXT_SIZE];
        char value[SAY_TEXT_SIZE];
        (void)text_of(name, field->name);
        if (field->type == LOCAL_NUMBER)
            (void)snprintf(
                value, sizeof value, "%lld", (long long)field->number);
        else
            (void)text_of(value, field->bytes);
        status = refer_referral_set(referral, name, value);
    }
    return status;
}

static refer_status part_set(
    refer_referral *referral, const struct local_record *record)
{
    char texts[3][SAY_TEXT_SIZE];
    if (slice_is(record->type, "referral"))
        return head_set(referral, record);
    if (slice_is(record->type, "element"))
        return refer_referral_set_element(referral,
            field_of(texts[0], record, "code"),
            field_of(texts[1], record, "value"));
    return refer_referral_grant(referral, field_of(texts[0], record, "to"),
        field_of(texts[1], record, "purpose"),
        field_of(texts[2], record, "elements"),
        heard_number(record, "until_ms"));
}

refer_referral *say_referral(const struct say *say)
{
    refer_referral *referral;
    if (refer_referral_new(&referral) != REFER_OK)
        abort();
    for (size_t i = 0; i < say->request.record_count; i++)
        if (part_set(referral, &say->records[i]) != REFER_OK)
            abort();
    return referral;
}

/* ---- Replies ------------------------------------------------------------ */

static void field_hear(const refer_listing *listing, uint32_t i, uint32_t k,
    struct arena *arena, struct local_field *field)
{
    const char *name = refer_listing_field_name(listing, i, k);
    struct slice type = slice_of_text(refer_listing_field_type(listing, i, k));
    size_t size;
    const void *bytes = refer_listing_data(listing, i, name, &size);
    field->name = arena_copy(arena, slice_of_text(name));
    field->number = refer_listing_number(listing, i, name);
    field->type = slice_is(type, "text")     ? LOCAL_TEXT
                  : slice_is(type, "number") ? LOCAL_NUMBER
                  : slice_is(type, "data")   ? LOCAL_DATA
                                             : LOCAL_FLAG;
    if (bytes != NULL)
        field->bytes = arena_copy(arena, slice_of(bytes, size));
}

static void record_hear(const refer_listing *listing, uint32_t i,
    struct arena *arena, struct local_record *record)
{
    uint32_t count = refer_listing_field_count(listing, i);
    struct local_field *fields =
        arena_take_array(arena, count + 1, sizeof *fields);
    record->type =
        arena_copy(arena, slice_of_text(refer_listing_type(listing, i)));
    for (uint32_t k = 0; fields != NULL && k < count; k++)
        field_hear(listing, i, k, arena, &fields[k]);
    record->fields = fields;
    record->field_count = fields == NULL ? 0 : count;
}

void heard_listing(const refer_listing *listing, struct arena *arena,
    struct local_reply *reply)
{
    uint32_t count = refer_listing_count(listing);
    struct local_record *records =
        arena_take_array(arena, count + 1, sizeof *records);
    if (records == NULL)
        abort();
    for (uint32_t i = 0; i < count; i++)
        record_hear(listing, i, arena, &records[i]);
    reply->records = records;
    reply->record_count = count;
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
