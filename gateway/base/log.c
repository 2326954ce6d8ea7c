#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum log_level level;
    const char *name;
    const char *help;
} events[] = {
#define X(symbol, level, name, help)                                           \
    [LOG_##symbol] = { LOG_##level, name, help },
    LOG_EVENT_LIST(X)
#undef X
};

static const char *const levels[] = {
    [LOG_ERROR] = "error",
    [LOG_WARNING] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};
_Static_assert(sizeof levels / sizeof *levels == LOG_LEVEL_COUNT, "levels");

enum log_level log_event_level(enum log_event event)
{
    return (size_t)event < LOG_EVENT_COUNT ? events[event].level : LOG_ERROR;
}

const char *log_event_name(enum log_event event)
{
    return (size_t)event < LOG_EVENT_COUNT ? events[event].name : "?";
}

const char *log_event_help(enum log_event event)
{
    return (size_t)event < LOG_EVENT_COUNT ? events[event].help : "";
}

const char *log_level_name(enum log_level level)
{
    return (size_t)level < LOG_LEVEL_COUNT ? levels[level] : "?";
}

struct log_field log_agency(const char *name, const struct agency_id *agency)
{
    return (struct log_field){ LOG_FIELD_AGENCY, name, { .agency = *agency } };
}

struct log_field log_uuid(const char *name, const struct uuid *uuid)
{
    return (struct log_field){ LOG_FIELD_UUID, name, { .uuid = *uuid } };
}

struct log_field log_mou(const char *name, const struct mou_id *mou)
{
    return (struct log_field){ LOG_FIELD_MOU, name, { .mou = *mou } };
}

struct log_field log_code(const char *name, const char *code)
{
    return (struct log_field){ LOG_FIELD_CODE, name, { .code = code } };
}

struct log_field log_number(const char *name, int64_t number)
{
    return (struct log_field){ LOG_FIELD_NUMBER, name, { .number = number } };
}

static void value_format(
    const struct log_field *field, char *text, size_t capacity)
{
    char mou[MOU_ID_TEXT_SIZE + 1];
    text[0] = '\0';
    switch (field->type) {
    case LOG_FIELD_AGENCY:
        (void)snprintf(text, capacity, "%s", field->value.agency.text);
        break;
    case LOG_FIELD_UUID:
        uuid_format(&field->value.uuid, text);
        break;
    case LOG_FIELD_MOU:
        mou_id_format(&field->value.mou, mou);
        (void)snprintf(text, capacity, "%s", mou);
        break;
    case LOG_FIELD_CODE:
        (void)snprintf(text, capacity, "%s", field->value.code);
        break;
    case LOG_FIELD_NUMBER:
        (void)snprintf(text, capacity, "%" PRId64, field->value.number);
        break;
    case LOG_FIELD_NONE:
        break;
    }
}

size_t log_format(const struct log_entry *entry, char *line, size_t capacity)
{
    char value[128];
    int written = snprintf(line, capacity, "%s", log_event_name(entry->event));
    size_t size = (size_t)written;
    for (int i = 0; i < LOG_FIELD_COUNT_MAX && size < capacity; i++) {
        const struct log_field *field = &entry->fields[i];
        if (field->type == LOG_FIELD_NONE)
            continue;
        value_format(field, value, sizeof value);
        written = snprintf(
            line + size, capacity - size, " %s=%s", field->name, value);
        size += (size_t)written;
    }
    return size < capacity ? size : capacity - 1;
}
