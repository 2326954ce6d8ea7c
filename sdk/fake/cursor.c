#include "sdk/fake/check.h"
#include "sdk/fake/feed.h"
#include "sdk/fake/serve.h"

#include <string.h>

#include "sdk/memory.h"

/* cursor.c - durable places in the feed, and the programs that wait there. */

#define WAIT_MS_MAX 60000
#define PAGE_COUNT_MAX 256

struct fake_cursor *fake_cursor_named(struct refer_fake *fake, const char *name)
{
    struct fake_cursor *cursor = fake->cursors;
    while (cursor != NULL && strcmp(cursor->name, name) != 0)
        cursor = cursor->next;
    return cursor;
}

static const struct fake_rule name_rules[] = {
    { "name", SDK_FIELD_TEXT, true },
};

static const char *name_of(const struct fake_request *request)
{
    return sdk_record_text(request->records.items, "name");
}

static bool name_check(
    const struct fake_request *request, struct sdk_reply *reply)
{
    if (!fake_fields_check(
            reply, "cursor", request->records.items, name_rules, 1))
        return false;
    if (sdk_text_is_code(name_of(request)))
        return true;
    return fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", "name",
        "name the cursor with 1 to 64 of a-z 0-9 . _ -");
}

/* The cursor that this connection holds; else an error in the reply. */
static struct fake_cursor *held(struct refer_fake *fake,
    const struct fake_request *request, struct sdk_reply *reply)
{
    struct fake_cursor *cursor = fake_cursor_named(fake, name_of(request));
    if (cursor != NULL && cursor->link == request->link)
        return cursor;
    (void)fake_refuse(reply, FAKE_ERR_STATE, "", "name",
        "open the cursor first, on this connection");
    return NULL;
}

static void answer(const struct refer_fake *fake,
    const struct fake_cursor *cursor, struct sdk_reply *reply)
{
    struct sdk_record *record = sdk_records_add(&reply->records, "cursor");
    refer_status status = record == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "name", cursor->name);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "epoch", (int64_t)fake->epoch);
    if (status == REFER_OK)
        status = sdk_record_set_number(
            record, "position", (int64_t)cursor->acknowledged);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "head", (int64_t)fake->head);
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
}

static void rewind_to_acknowledged(struct fake_cursor *cursor)
{
    if (cursor->handed_max > cursor->acknowledged)
        cursor->passes++;
    cursor->handed_out = cursor->acknowledged;
}

/* Sorted by name, as the gateway lists them; NULL for want of memory. */
static struct fake_cursor *cursor_add(struct refer_fake *fake, const char *name)
{
    struct fake_cursor **link = &fake->cursors;
    struct fake_cursor *cursor = sdk_memory_take(sizeof *cursor);
    if (cursor == NULL)
        return NULL;
    sdk_text_copy(cursor->name, sizeof cursor->name, name);
    while (*link != NULL && strcmp((*link)->name, name) < 0)
        link = &(*link)->next;
    cursor->next = *link;
    *link = cursor;
    return cursor;
}

bool fake_cursor_open(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    if (!name_check(request, reply))
        return true;
    struct fake_cursor *cursor = fake_cursor_named(fake, name_of(request));
    if (cursor != NULL && cursor->link != 0 && cursor->link != request->link) {
        (void)fake_refuse(reply, FAKE_ERR_CONFLICT, "", "name",
            "close the program that follows with this cursor, or use another "
            "name");
        return true;
    }
    if (cursor == NULL)
        cursor = cursor_add(fake, name_of(request));
    if (cursor == NULL) {
        (void)fake_exhausted(reply);
        return true;
    }
    cursor->link = request->link;
    rewind_to_acknowledged(cursor);
    answer(fake, cursor, reply);
    return true;
}

/* Events after what was handed out. True when the reply has any, or an error:
 * then nothing was handed out. */
static bool hand_out(const struct refer_fake *fake, struct fake_cursor *cursor,
    uint32_t count, struct sdk_reply *reply)
{
    uint64_t handed_out = cursor->handed_out;
    uint32_t given = 0;
    for (struct fake_event *event = fake->events;
         event != NULL && given < count; event = event->next) {
        if (event->position <= handed_out)
            continue;
        bool is_again = event->position <= cursor->handed_max;
        if (fake_event_answer(fake, event, is_again ? cursor->passes : 0,
                reply) != REFER_OK) {
            (void)fake_exhausted(reply);
            return true;
        }
        handed_out = event->position;
        given++;
    }
    cursor->handed_out = handed_out;
    if (handed_out > cursor->handed_max)
        cursor->handed_max = handed_out;
    return given > 0;
}

bool fake_cursor_next(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "name", SDK_FIELD_TEXT, true },
        { "wait_ms", SDK_FIELD_NUMBER, false },
        { "count", SDK_FIELD_NUMBER, false },
    };
    const struct sdk_record *fields = request->records.items;
    if (!fake_fields_check(reply, "cursor", fields, rules, 3))
        return true;
    int64_t wait_ms = fake_number(fields, "wait_ms", 0);
    int64_t count = fake_number(fields, "count", 1);
    struct fake_cursor *cursor = held(fake, request, reply);
    if (cursor == NULL)
        return true;
    if (wait_ms < 0 || wait_ms > WAIT_MS_MAX || count < 1 ||
        count > PAGE_COUNT_MAX) {
        (void)fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", "wait_ms",
            "wait 0 to 60000 ms, for 1 to 256 events");
        return true;
    }
    if (hand_out(fake, cursor, (uint32_t)count, reply) || wait_ms == 0)
        return true;
    struct fake_waiter *waiter = sdk_memory_take(sizeof *waiter);
    if (waiter == NULL) {
        (void)fake_exhausted(reply);
        return true;
    }
    *waiter = (struct fake_waiter){
        .next = fake->waiters,
        .cursor = cursor,
        .link = request->link,
        .number = request->number,
        .count = (uint32_t)count,
        .until_ms = fake_steady_ms() + wait_ms,
    };
    fake->waiters = waiter;
    return false;
}

bool fake_cursor_ack(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "name", SDK_FIELD_TEXT, true },
        { "epoch", SDK_FIELD_NUMBER, true },
        { "position", SDK_FIELD_NUMBER, true },
    };
    const struct sdk_record *fields = request->records.items;
    if (!fake_fields_check(reply, "cursor", fields, rules, 3))
        return true;
    struct fake_cursor *cursor = held(fake, request, reply);
    if (cursor == NULL)
        return true;
    uint64_t position = (uint64_t)fake_number(fields, "position", 0);
    if ((uint64_t)fake_number(fields, "epoch", 0) != fake->epoch) {
        (void)fake_refuse(reply, FAKE_ERR_CONFLICT, "", "epoch",
            "open the cursor again: the feed began anew");
        return true;
    }
    if (position > fake->head) {
        (void)fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", "position",
            "acknowledge a position that was handed out");
        return true;
    }
    if (position > cursor->acknowledged)
        cursor->acknowledged = position;
    if (cursor->handed_out < cursor->acknowledged)
        cursor->handed_out = cursor->acknowledged;
    answer(fake, cursor, reply);
    return true;
}

bool fake_cursor_rewind(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    if (!fake_fields_check(
            reply, "cursor", request->records.items, name_rules, 1))
        return true;
    struct fake_cursor *cursor = held(fake, request, reply);
    if (cursor != NULL) {
        rewind_to_acknowledged(cursor);
        answer(fake, cursor, reply);
    }
    return true;
}

/* Whoever waits there has nothing. */
static void waiters_end(
    struct refer_fake *fake, const struct fake_cursor *cursor)
{
    for (struct fake_waiter *waiter = fake->waiters; waiter != NULL;
         waiter = waiter->next)
        if (waiter->cursor == cursor) {
            waiter->until_ms = 0;
            waiter->cursor = NULL;
        }
    fake_cursors_wake(fake);
}

bool fake_cursor_delete(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    struct fake_cursor **place = &fake->cursors;
    if (!name_check(request, reply))
        return true;
    while (*place != NULL && strcmp((*place)->name, name_of(request)) != 0)
        place = &(*place)->next;
    struct fake_cursor *cursor = *place;
    if (cursor == NULL) {
        (void)fake_refuse(reply, FAKE_ERR_NOT_FOUND, "", "name",
            "look the name up with cursor.list");
    } else if (cursor->link != 0 && cursor->link != request->link) {
        (void)fake_refuse(reply, FAKE_ERR_CONFLICT, "", "name",
            "close the program that follows with this cursor first");
    } else {
        waiters_end(fake, cursor);
        *place = cursor->next;
        sdk_memory_free(cursor);
    }
    return true;
}

bool fake_cursor_list(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    if (!fake_fields_check(reply, "cursor", request->records.items, NULL, 0))
        return true;
    for (struct fake_cursor *cursor = fake->cursors;
         cursor != NULL && reply->error == FAKE_ERR_NONE; cursor = cursor->next)
        answer(fake, cursor, reply);
    return true;
}

/* ---- Waiting ----------------------------------------------------------- */

void fake_cursors_wake(struct refer_fake *fake)
{
    struct fake_waiter **place = &fake->waiters;
    int64_t now = fake_steady_ms();
    while (*place != NULL) {
        struct fake_waiter *waiter = *place;
        struct sdk_reply reply = { .number = waiter->number };
        bool has_any = waiter->cursor != NULL &&
                       hand_out(fake, waiter->cursor, waiter->count, &reply);
        if (!has_any && now < waiter->until_ms) {
            place = &waiter->next;
            continue;
        }
        *place = waiter->next;
        fake_server_reply(fake, waiter->link, &reply, FAKE_FAULT_COUNT);
        sdk_reply_release(&reply);
        sdk_memory_free(waiter);
    }
}

int64_t fake_cursors_due_ms(const struct refer_fake *fake)
{
    int64_t due = INT64_MAX;
    for (const struct fake_waiter *waiter = fake->waiters; waiter != NULL;
         waiter = waiter->next)
        if (waiter->until_ms < due)
            due = waiter->until_ms;
    return due;
}

void fake_cursors_gone(struct refer_fake *fake, uint64_t link)
{
    struct fake_waiter **place = &fake->waiters;
    while (*place != NULL) {
        struct fake_waiter *waiter = *place;
        if (waiter->link != link) {
            place = &waiter->next;
            continue;
        }
        *place = waiter->next;
        sdk_memory_free(waiter);
    }
    for (struct fake_cursor *cursor = fake->cursors; cursor != NULL;
         cursor = cursor->next)
        if (cursor->link == link)
            cursor->link = 0;
}
