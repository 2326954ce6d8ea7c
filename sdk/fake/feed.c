#include "sdk/fake/feed.h"

#include <string.h>

#include "sdk/memory.h"

static refer_status set(
    struct sdk_record *record, const char *name, const char *value)
{
    return sdk_record_set_text(record, name, value == NULL ? "" : value);
}

static refer_status head_fill(struct sdk_record *record,
    const struct fake_case *of, const struct fake_note *note)
{
    const char *const texts[][2] = {
        { "type", note->type }, { "step", note->step }, { "by", note->by },
        { "actor", note->actor }, { "role", note->role },
        { "state", note->state }, { "status", note->status },
        { "problem", note->problem }, { "clause", note->clause },
        { "remedy", note->remedy }, { "referral", of == NULL ? NULL : of->id },
        { "direction", of == NULL        ? NULL
                       : of->is_outgoing ? "out"
                                         : "in" },
        { "peer", of == NULL ? NULL : of->peer },
        { "generation", NULL }, /* there are no ledgers */
    };
    refer_status status =
        sdk_record_set_number(record, "at_ms", fake_wall_ms());
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "index", 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (status == REFER_OK)
            status = set(record, texts[i][0], texts[i][1]);
    return status;
}

static bool is_said(const struct sdk_record *record)
{
    return strcmp(record->type, "detail") == 0 ||
           strcmp(record->type, "element") == 0;
}

struct fake_event *fake_event_new(
    const struct fake_case *of, const struct fake_note *note)
{
    struct fake_event *event = sdk_memory_take(sizeof *event);
    if (event == NULL)
        return NULL;
    struct sdk_record *record = sdk_records_add(&event->records, "event");
    refer_status status =
        record == NULL ? REFER_NO_MEMORY : head_fill(record, of, note);
    /* details first, as the gateway has them */
    for (int i = 0; note->said != NULL && i < 2; i++)
        for (size_t k = 0; k < note->said->count; k++) {
            const struct sdk_record *said = &note->said->items[k];
            bool is_detail = strcmp(said->type, "detail") == 0;
            if (status == REFER_OK && is_said(said) && is_detail == (i == 0))
                status = fake_records_copy(&event->records, note->said, k, 1);
        }
    if (status == REFER_OK)
        return event;
    fake_event_free(event);
    return NULL;
}

void fake_event_free(struct fake_event *event)
{
    if (event == NULL)
        return;
    sdk_records_release(&event->records);
    sdk_memory_free(event);
}

uint64_t fake_event_append(
    struct refer_fake *fake, struct fake_case *of, struct fake_event *event)
{
    event->of = of;
    event->position = ++fake->head;
    if (fake->last_event == NULL)
        fake->events = event;
    else
        fake->last_event->next = event;
    fake->last_event = event;
    return event->position;
}

refer_status fake_event_answer(const struct refer_fake *fake,
    const struct fake_event *event, uint32_t redeliveries,
    struct sdk_reply *reply)
{
    size_t at = reply->records.count;
    refer_status status = fake_records_copy(
        &reply->records, &event->records, 0, event->records.count);
    if (status != REFER_OK)
        return status;
    struct sdk_record *record = &reply->records.items[at];
    status =
        sdk_record_set_number(record, "position", (int64_t)event->position);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "epoch", (int64_t)fake->epoch);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "redeliveries", redeliveries);
    return status;
}

void fake_events_erase(struct refer_fake *fake, const struct fake_case *of)
{
    for (struct fake_event *event = fake->events; event != NULL;
         event = event->next) {
        if (event->of != of || event->is_exempt)
            continue;
        while (event->records.count > 1)
            sdk_record_release(&event->records.items[--event->records.count]);
    }
}
