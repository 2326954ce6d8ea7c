/* The JSON half of display.h. Fields keep the gateway's names and are only
 * ever added; times are milliseconds since 1970; data is base64. */
#include "referctl/display.h"

#include <assert.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "referctl/words.h"

/* jansson fails for want of memory only: text was checked by the gateway, and
 * is checked again here. */
static json_t *must(json_t *json)
{
    assert(json != NULL);
    return json;
}

static void set(json_t *object, const char *name, json_t *value)
{
    int failed = json_object_set_new(object, name, must(value));
    assert(failed == 0);
    (void)failed;
}

static void append(json_t *array, json_t *value)
{
    int failed = json_array_append_new(array, must(value));
    assert(failed == 0);
    (void)failed;
}

static json_t *json_of(struct pool *pool, const struct value *value)
{
    json_t *text = NULL;
    char *base64 = NULL;
    switch (value->type) {
    case VALUE_NUMBER:
        return json_integer(value->number);
    case VALUE_FLAG:
        return json_boolean(value->number != 0);
    case VALUE_TEXT:
        text = json_stringn(value->bytes, value->size);
        return text != NULL ? text : json_string("(not UTF-8)");
    case VALUE_DATA:
        base64 = pool_take(pool, TEXT_BASE64_SIZE(value->size) + 1);
        (void)text_base64_encode(slice_of(value->bytes, value->size), base64,
            TEXT_BASE64_SIZE(value->size) + 1);
        return json_string(base64);
    case VALUE_NONE:
        break;
    }
    return json_null();
}

static json_t *object_of(struct pool *pool, const struct record *record)
{
    json_t *object = must(json_object());
    for (size_t i = 0; i < record->field_count; i++)
        set(object, record->fields[i].name,
            json_of(pool, &record->fields[i].value));
    return object;
}

static void print(struct session *session, json_t *json, size_t flags)
{
    char *text = json_dumps(json, flags | JSON_ENCODE_ANY);
    assert(text != NULL);
    (void)fprintf(
        session->out, "%s\n", words_printable_json(session->pool, text));
    json_free_t release = NULL;
    json_get_alloc_funcs(NULL, &release);
    memset(text, 0, strlen(text));
    release(text);
    json_decref(json);
}

void display_json_record(struct session *session, const struct record *record)
{
    print(session, object_of(session->pool, record), JSON_INDENT(2));
}

void display_json_list(
    struct session *session, const struct records *records, const char *type)
{
    json_t *array = must(json_array());
    for (size_t i = 0; i < records->count; i++) {
        if (record_is(&records->items[i], type))
            append(array, object_of(session->pool, &records->items[i]));
    }
    print(session, array, JSON_INDENT(2));
}

static const char *plural_of(struct pool *pool, const char *type)
{
    size_t size = strlen(type);
    /* reply, replies; but key, keys */
    if (size > 1 && type[size - 1] == 'y' &&
        strchr("aeiou", type[size - 2]) == NULL)
        return pool_format(pool, "%.*sies", (int)(size - 1), type);
    return pool_format(pool, "%ss", type);
}

/* The array (or, for numbers, object) of that type's plural inside `owner`. */
static json_t *member_of(json_t *owner, const char *name, bool is_object)
{
    json_t *member = json_object_get(owner, name);
    if (member == NULL) {
        member = is_object ? json_object() : json_array();
        set(owner, name, member);
    }
    return member;
}

static void adopt(struct pool *pool, json_t *owner, const struct record *record)
{
    const char *name = plural_of(pool, record->type);
    if (record_is(record, "number")) {
        set(member_of(owner, name, true), record_text(record, "name"),
            json_integer(record_number(record, "value")));
        return;
    }
    append(member_of(owner, name, false), object_of(pool, record));
}

static bool is_part_of_event(const struct record *record)
{
    return record_is(record, "detail") || record_is(record, "element");
}

void display_json_object(
    struct session *session, const struct records *records, const char *type)
{
    const struct record *main_record = records_first(records, type);
    json_t *object = main_record == NULL
                         ? must(json_object())
                         : object_of(session->pool, main_record);
    json_t *event = NULL; /* borrowed from its array */
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        if (record == main_record)
            continue;
        if (event != NULL && is_part_of_event(record)) {
            adopt(session->pool, event, record);
            continue;
        }
        adopt(session->pool, object, record);
        event = NULL;
        if (record_is(record, "event")) {
            json_t *events = json_object_get(object, "events");
            event = json_array_get(events, json_array_size(events) - 1);
        }
    }
    print(session, object, JSON_INDENT(2));
}

void display_json_line(struct session *session, const struct record *record)
{
    print(session, object_of(session->pool, record), JSON_COMPACT);
}

void display_json_events(struct session *session, const struct records *records)
{
    json_t *event = NULL;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        if (record_is(record, "event")) {
            if (event != NULL)
                print(session, event, JSON_COMPACT);
            event = object_of(session->pool, record);
        } else if (event != NULL && is_part_of_event(record)) {
            adopt(session->pool, event, record);
        }
    }
    if (event != NULL)
        print(session, event, JSON_COMPACT);
}
