#include <string.h>

#include "memory.h"
#include "objects.h"
#include "record.h"

/* referral.c - a referral to be filled in, or as the gateway knows it. */

/* clang-format off */
static const struct {
    const char *name;
    bool is_number;
    int uses;
} fields[SDK_REFERRAL_FIELD_COUNT] = {
    { "to",            false, SDK_USE_SUBMIT },
    { "service",       false, SDK_USE_SUBMIT },
    { "purpose",       false, SDK_USE_SUBMIT },
    { "urgency",       false, SDK_USE_SUBMIT },
    { "choice",        false, SDK_USE_SUBMIT },
    { "ask_back",      false, SDK_USE_SUBMIT },
    { "reason_plain",  false, SDK_USE_SUBMIT },
    { "consent_at_ms", true,  SDK_USE_SUBMIT },
    { "mou",           false, SDK_USE_SUBMIT },
    { "thread",        false, SDK_USE_SUBMIT },
    { "parent",        false, SDK_USE_SUBMIT },
    { "hop",           true,  SDK_USE_SUBMIT },
    { "id",            false, SDK_USE_SUBMIT },
    { "role",          false, SDK_USE_SUBMIT | SDK_USE_ACT },
    { "actor",         false, SDK_USE_ACT },
};
/* clang-format on */

static refer_status referral_new(refer_referral **out)
{
    *out = sdk_memory_take(sizeof **out);
    return *out == NULL ? REFER_NO_MEMORY : REFER_OK;
}

refer_status refer_referral_new(refer_referral **out)
{
    if (out == NULL)
        return REFER_INVALID;
    refer_referral *referral;
    *out = NULL;
    refer_status status = referral_new(&referral);
    if (status != REFER_OK)
        return status;
    if (sdk_records_add(&referral->records, "referral") == NULL) {
        refer_referral_free(referral);
        return REFER_NO_MEMORY;
    }
    *out = referral;
    return REFER_OK;
}

void refer_referral_free(refer_referral *referral)
{
    if (referral == NULL)
        return;
    for (uint32_t i = 0; i < referral->event_count; i++)
        sdk_records_release(&referral->events[i].records);
    sdk_memory_free(referral->events);
    sdk_records_release(&referral->records);
    sdk_memory_free(referral);
}

/* ---- Fields ------------------------------------------------------------ */

refer_status refer_referral_set(
    refer_referral *referral, const char *field, const char *value)
{
    if (referral == NULL || field == NULL || value == NULL)
        return REFER_INVALID;
    struct sdk_record *record = &referral->records.items[0];
    for (size_t i = 0; i < SDK_REFERRAL_FIELD_COUNT; i++) {
        int64_t number;
        if (strcmp(fields[i].name, field) != 0)
            continue;
        if (value[0] == 0) {
            sdk_record_remove(record, field);
            return REFER_OK;
        }
        if (!fields[i].is_number)
            return sdk_record_set_text(record, field, value);
        return sdk_text_number(value, &number)
                   ? sdk_record_set_number(record, field, number)
                   : REFER_INVALID;
    }
    return REFER_INVALID;
}

const char *refer_referral_get(
    const refer_referral *referral, const char *field)
{
    return referral == NULL ? ""
                            : sdk_record_text(referral->records.items, field);
}

refer_status sdk_referral_fields(const refer_referral *referral,
    enum sdk_use use, struct sdk_field lent[SDK_REFERRAL_FIELD_COUNT],
    size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < SDK_REFERRAL_FIELD_COUNT; i++) {
        const struct sdk_field *field =
            sdk_record_find(&referral->records.items[0], fields[i].name);
        if (field == NULL)
            continue;
        if ((fields[i].uses & (int)use) == 0)
            return REFER_INVALID;
        lent[(*count)++] =
            fields[i].is_number
                ? sdk_field_of_number(fields[i].name, field->number)
                : sdk_field_of_text(fields[i].name, field->text);
    }
    return REFER_OK;
}

/* ---- Elements, details, grants ----------------------------------------- */

/* The record of that type whose `name_field` is `name`, or NULL. */
static struct sdk_record *part_named(refer_referral *referral, const char *type,
    const char *name_field, const char *name)
{
    for (size_t i = 1; i < referral->records.count; i++) {
        struct sdk_record *record = &referral->records.items[i];
        if (strcmp(record->type, type) == 0 &&
            strcmp(sdk_record_text(record, name_field), name) == 0)
            return record;
    }
    return NULL;
}

/* Takes the last record away again when it could not be filled. */
static refer_status part_settle(refer_referral *referral, refer_status status)
{
    if (status != REFER_OK) {
        struct sdk_records *records = &referral->records;
        sdk_record_release(&records->items[records->count - 1]);
        records->count--;
    }
    return status;
}

static refer_status part_set(refer_referral *referral, const char *type,
    const char *name_field, const char *name, const char *value)
{
    if (referral == NULL || !sdk_text_is_code(name) ||
        !sdk_text_is_clean(value))
        return REFER_INVALID;
    struct sdk_record *record = part_named(referral, type, name_field, name);
    if (record != NULL)
        return sdk_record_set_text(record, "value", value);
    record = sdk_records_add(&referral->records, type);
    if (record == NULL)
        return REFER_NO_MEMORY;
    refer_status status = sdk_record_set_text(record, name_field, name);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "value", value);
    return part_settle(referral, status);
}

refer_status refer_referral_set_element(
    refer_referral *referral, const char *code, const char *value)
{
    return part_set(referral, "element", "code", code, value);
}

refer_status refer_referral_set_detail(
    refer_referral *referral, const char *name, const char *value)
{
    return part_set(referral, "detail", "name", name, value);
}

refer_status refer_referral_grant(refer_referral *referral, const char *to,
    const char *purpose, const char *elements, int64_t until_ms)
{
    if (referral == NULL)
        return REFER_INVALID;
    struct sdk_record *record = sdk_records_add(&referral->records, "grant");
    if (record == NULL)
        return REFER_NO_MEMORY;
    refer_status status = sdk_record_set_text(record, "to", to);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "purpose", purpose);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "elements", elements);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "until_ms", until_ms);
    return part_settle(referral, status);
}

static uint32_t part_count(const refer_referral *referral, const char *type)
{
    return referral == NULL ? 0 : sdk_records_count(&referral->records, type);
}

static const char *part_get(const refer_referral *referral, const char *type,
    uint32_t i, const char *field)
{
    return referral == NULL
               ? ""
               : sdk_record_text(
                     sdk_records_at(&referral->records, type, i), field);
}

uint32_t refer_referral_element_count(const refer_referral *referral)
{
    return part_count(referral, "element");
}

const char *refer_referral_element_name(
    const refer_referral *referral, uint32_t i)
{
    return part_get(referral, "element", i, "code");
}

const char *refer_referral_element_value(
    const refer_referral *referral, uint32_t i)
{
    return part_get(referral, "element", i, "value");
}

uint32_t refer_referral_grant_count(const refer_referral *referral)
{
    return part_count(referral, "grant");
}

const char *refer_referral_grant_get(
    const refer_referral *referral, uint32_t i, const char *field)
{
    return part_get(referral, "grant", i, field);
}

uint32_t refer_referral_detail_count(const refer_referral *referral)
{
    return part_count(referral, "detail");
}

const char *refer_referral_detail_name(
    const refer_referral *referral, uint32_t i)
{
    return part_get(referral, "detail", i, "name");
}

const char *refer_referral_detail_value(
    const refer_referral *referral, uint32_t i)
{
    return part_get(referral, "detail", i, "value");
}

/* ---- From the gateway -------------------------------------------------- */

uint32_t refer_referral_event_count(const refer_referral *referral)
{
    return referral == NULL ? 0 : referral->event_count;
}

const refer_event *refer_referral_event(
    const refer_referral *referral, uint32_t i)
{
    return i < refer_referral_event_count(referral) ? &referral->events[i]
                                                    : NULL;
}

static refer_status events_take(
    refer_referral *referral, struct sdk_records *from, size_t next)
{
    uint32_t count = sdk_records_count(from, "event");
    refer_status status = REFER_OK;
    referral->events = sdk_memory_take(count * sizeof *referral->events);
    if (referral->events == NULL)
        return REFER_NO_MEMORY;
    while (status == REFER_OK && referral->event_count < count)
        status = sdk_event_take(
            &referral->events[referral->event_count++], from, next, &next);
    return status;
}

refer_status sdk_referral_take(struct sdk_records *from, refer_referral **out)
{
    *out = NULL;
    if (from->count == 0 || strcmp(from->items[0].type, "referral") != 0)
        return REFER_PROTOCOL;
    size_t own = sdk_event_find(from, 1);
    refer_referral *referral;
    refer_status status = referral_new(&referral);
    if (status != REFER_OK)
        return status;
    status = events_take(referral, from, own);
    if (status == REFER_OK)
        status = sdk_records_take(&referral->records, from, 0, own);
    if (status != REFER_OK) {
        refer_referral_free(referral);
        return status;
    }
    *out = referral;
    return REFER_OK;
}
