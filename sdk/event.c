#include <string.h>

#include "memory.h"
#include "objects.h"
#include "record.h"

/* event.c - one event of a referral's life, from a cursor or a referral. */

size_t sdk_event_find(const struct sdk_records *records, size_t start)
{
    while (start < records->count &&
           strcmp(records->items[start].type, "event") != 0)
        start++;
    return start;
}

refer_status sdk_event_take(struct refer_event *event, struct sdk_records *from,
    size_t start, size_t *next)
{
    *next = sdk_event_find(from, start + 1);
    return sdk_records_take(&event->records, from, start, *next - start);
}

void refer_event_free(refer_event *event)
{
    if (event == NULL)
        return;
    sdk_records_release(&event->records);
    sdk_memory_free(event);
}

const char *refer_event_get(const refer_event *event, const char *field)
{
    return event == NULL ? "" : sdk_record_text(event->records.items, field);
}

static int64_t number_of(const refer_event *event, const char *field)
{
    return event == NULL ? 0 : sdk_record_number(event->records.items, field);
}

uint64_t refer_event_epoch(const refer_event *event)
{
    return (uint64_t)number_of(event, "epoch");
}

uint64_t refer_event_position(const refer_event *event)
{
    return (uint64_t)number_of(event, "position");
}

const char *refer_event_type(const refer_event *event)
{
    return refer_event_get(event, "type");
}

const char *refer_event_step(const refer_event *event)
{
    return refer_event_get(event, "step");
}

const char *refer_event_referral_id(const refer_event *event)
{
    return refer_event_get(event, "referral");
}

const char *refer_event_state(const refer_event *event)
{
    return refer_event_get(event, "state");
}

int64_t refer_event_time_ms(const refer_event *event)
{
    return number_of(event, "at_ms");
}

const char *refer_event_generation(const refer_event *event)
{
    return refer_event_get(event, "generation");
}

uint64_t refer_event_index(const refer_event *event)
{
    return (uint64_t)number_of(event, "index");
}

uint32_t refer_event_redeliveries(const refer_event *event)
{
    return (uint32_t)number_of(event, "redeliveries");
}

/* ---- Details and elements ---------------------------------------------- */

static uint32_t part_count(const refer_event *event, const char *type)
{
    return event == NULL ? 0 : sdk_records_count(&event->records, type);
}

static const char *part_get(
    const refer_event *event, const char *type, uint32_t i, const char *field)
{
    return event == NULL ? ""
                         : sdk_record_text(
                               sdk_records_at(&event->records, type, i), field);
}

/* The value of the part whose `field` is `name`. */
static const char *part_named(const refer_event *event, const char *type,
    const char *field, const char *name)
{
    if (name == NULL)
        return "";
    for (uint32_t i = 0; i < part_count(event, type); i++)
        if (strcmp(part_get(event, type, i, field), name) == 0)
            return part_get(event, type, i, "value");
    return "";
}

const char *refer_event_detail(const refer_event *event, const char *name)
{
    return part_named(event, "detail", "name", name);
}

uint32_t refer_event_detail_count(const refer_event *event)
{
    return part_count(event, "detail");
}

const char *refer_event_detail_name(const refer_event *event, uint32_t i)
{
    return part_get(event, "detail", i, "name");
}

const char *refer_event_detail_value(const refer_event *event, uint32_t i)
{
    return part_get(event, "detail", i, "value");
}

const char *refer_event_element(const refer_event *event, const char *code)
{
    return part_named(event, "element", "code", code);
}

uint32_t refer_event_element_count(const refer_event *event)
{
    return part_count(event, "element");
}

const char *refer_event_element_name(const refer_event *event, uint32_t i)
{
    return part_get(event, "element", i, "code");
}

const char *refer_event_element_value(const refer_event *event, uint32_t i)
{
    return part_get(event, "element", i, "value");
}
