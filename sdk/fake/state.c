#include "sdk/fake/state.h"

#include <string.h>
#include <time.h>

#include "sdk/memory.h"

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0; /* cannot be: the clock is there and the argument right */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t fake_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t fake_steady_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

bool fake_refuse(struct sdk_reply *reply, uint32_t error, const char *problem,
    const char *clause, const char *remedy)
{
    sdk_records_release(&reply->records);
    reply->error = error;
    sdk_text_copy(reply->problem, sizeof reply->problem, problem);
    sdk_text_copy(reply->clause, sizeof reply->clause, clause);
    sdk_text_copy(reply->remedy, sizeof reply->remedy, remedy);
    return false;
}

bool fake_exhausted(struct sdk_reply *reply)
{
    return fake_refuse(reply, FAKE_ERR_NO_MEMORY, "", "", "try again");
}

static refer_status field_copy(
    struct sdk_record *record, const struct sdk_field *field)
{
    switch (field->type) {
    case SDK_FIELD_NUMBER:
        return sdk_record_set_number(record, field->name, field->number);
    case SDK_FIELD_FLAG:
        return sdk_record_set_flag(record, field->name, field->number != 0);
    case SDK_FIELD_DATA:
        return sdk_record_set_data(
            record, field->name, field->data, field->size);
    case SDK_FIELD_TEXT:
    case SDK_FIELD_TYPE_COUNT:
        break;
    }
    return sdk_record_set_text(record, field->name, field->text);
}

refer_status fake_records_copy(struct sdk_records *records,
    const struct sdk_records *from, size_t start, size_t count)
{
    for (size_t i = start; i < start + count; i++) {
        struct sdk_record *record =
            sdk_records_add(records, from->items[i].type);
        if (record == NULL)
            return REFER_NO_MEMORY;
        for (size_t k = 0; k < from->items[i].field_count; k++) {
            refer_status status = field_copy(record, &from->items[i].fields[k]);
            if (status != REFER_OK)
                return status;
        }
    }
    return REFER_OK;
}

struct fake_surprise *fake_surprise_find(
    struct fake_surprise *list, const char *name)
{
    while (list != NULL && strcmp(list->name, name) != 0)
        list = list->next;
    return list;
}

void fake_surprise_drop(
    struct fake_surprise **list, struct fake_surprise *surprise)
{
    if (surprise == NULL)
        return;
    while (*list != surprise)
        list = &(*list)->next;
    *list = surprise->next;
    sdk_memory_free(surprise);
}
