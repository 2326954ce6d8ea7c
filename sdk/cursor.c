#include <string.h>

#include "client.h"
#include "memory.h"
#include "objects.h"
#include "record.h"

/*
 * cursor.c - a durable place in the gateway's events.
 *
 * Why it is a small machine: with timeout_ms 0 every call returns at once, so
 * what was begun (greeting, opening, waiting for the next event) goes on in
 * the next call. On a new connection the cursor is opened again, and what is
 * not acknowledged comes again: an event may have been on its way when the old
 * one broke. What the caller has had from this handle already is passed over.
 */

/* What the gateway lets one wait take. */
#define WAIT_MS_MAX 60000

/* Events asked for at one time: a round trip each would cost more than they
 * do. The gateway gives fewer where they are large. */
#define PAGE_COUNT 128

enum cursor_step {
    CURSOR_CLOSED,
    CURSOR_OPENING,
    CURSOR_STALE, /* to be rewound */
    CURSOR_REWINDING,
    CURSOR_READY
};

struct refer_cursor {
    refer_client *client;
    char name[64 + 1];
    enum cursor_step step;
    uint64_t generation; /* of the connection that the step is about */
    struct sdk_pending pending;
    uint64_t epoch;
    uint64_t position;
    bool has_handed;
    uint64_t handed_epoch;
    uint64_t handed_position;
    struct sdk_reply page; /* events that came and were not handed out yet */
    size_t page_at;
};

static refer_status fail(refer_client *client, refer_status status)
{
    return sdk_client_fail(client, status, refer_status_text(status));
}

/* Sends an operation on the cursor; wait_ms below 0: without. */
static refer_status cursor_send(refer_cursor *cursor, const char *operation,
    int wait_ms, struct sdk_deadline deadline)
{
    struct sdk_field fields[] = {
        sdk_field_of_text("name", cursor->name),
        sdk_field_of_number("wait_ms", wait_ms),
        sdk_field_of_number("count", PAGE_COUNT),
    };
    return sdk_client_send(cursor->client, &cursor->pending,
        (struct sdk_request){ .operation = operation,
            .fields = fields,
            .field_count = wait_ms < 0 ? 1 : 3 },
        deadline);
}

/* Goes from one step to the next. */
static refer_status cursor_step(
    refer_cursor *cursor, struct sdk_deadline deadline)
{
    refer_status status;
    struct sdk_reply reply;
    bool is_opening = cursor->step == CURSOR_CLOSED;
    if (is_opening || cursor->step == CURSOR_STALE) {
        status = cursor_send(
            cursor, is_opening ? "cursor.open" : "cursor.rewind", -1, deadline);
        if (status == REFER_OK)
            cursor->step = is_opening ? CURSOR_OPENING : CURSOR_REWINDING;
        return status;
    }
    status =
        sdk_client_await(cursor->client, &cursor->pending, deadline, &reply);
    if (status != REFER_OK) {
        if (cursor->pending.number == 0)
            cursor->step = CURSOR_CLOSED; /* refused, or disconnected */
        return status;
    }
    if (cursor->step == CURSOR_OPENING) {
        const struct sdk_record *record =
            sdk_records_at(&reply.records, "cursor", 0);
        cursor->epoch = (uint64_t)sdk_record_number(record, "epoch");
        cursor->position = (uint64_t)sdk_record_number(record, "position");
    }
    cursor->step = CURSOR_READY;
    sdk_reply_release(&reply);
    return REFER_OK;
}

static void page_drop(refer_cursor *cursor)
{
    sdk_reply_release(&cursor->page);
    cursor->page = (struct sdk_reply){ 0 };
    cursor->page_at = 0;
}

static refer_status cursor_ready(
    refer_cursor *cursor, struct sdk_deadline deadline)
{
    for (;;) {
        refer_status status = sdk_client_ready(cursor->client, deadline);
        if (status != REFER_OK)
            return status;
        if (cursor->generation != cursor->client->generation) {
            cursor->generation = cursor->client->generation;
            cursor->step = CURSOR_CLOSED;
            page_drop(cursor);
        }
        if (cursor->step == CURSOR_READY)
            return REFER_OK;
        status = cursor_step(cursor, deadline);
        if (status != REFER_OK)
            return status;
    }
}

refer_status refer_cursor_open(refer_client *client, const char *name,
    int32_t timeout_ms, refer_cursor **out)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (!sdk_text_is_code(name))
        return sdk_client_fail(
            client, REFER_INVALID, "a cursor's name is a code");
    refer_cursor *cursor = sdk_memory_take(sizeof *cursor);
    if (cursor == NULL)
        return fail(client, REFER_NO_MEMORY);
    cursor->client = client;
    memcpy(cursor->name, name, strlen(name) + 1);
    status = cursor_ready(cursor, deadline);
    if (status == REFER_OK)
        *out = cursor;
    else
        refer_cursor_free(cursor);
    return status;
}

void refer_cursor_free(refer_cursor *cursor)
{
    if (cursor == NULL)
        return;
    sdk_client_abandon(cursor->client, &cursor->pending);
    page_drop(cursor);
    sdk_memory_free(cursor);
}

uint64_t refer_cursor_epoch(const refer_cursor *cursor)
{
    return cursor == NULL ? 0 : cursor->epoch;
}

uint64_t refer_cursor_position(const refer_cursor *cursor)
{
    return cursor == NULL ? 0 : cursor->position;
}

/* ---- Events ------------------------------------------------------------ */

/* The event at `at` of the page, or NULL in *out when the caller has had it. */
static refer_status event_take(refer_cursor *cursor, refer_event **out)
{
    struct sdk_records *records = &cursor->page.records;
    size_t at = cursor->page_at;
    size_t next;
    const struct sdk_record *record = &records->items[at];
    if (strcmp(record->type, "event") != 0 ||
        sdk_record_find(record, "epoch") == NULL ||
        sdk_record_find(record, "position") == NULL)
        return REFER_PROTOCOL;
    uint64_t epoch = (uint64_t)sdk_record_number(record, "epoch");
    uint64_t position = (uint64_t)sdk_record_number(record, "position");
    cursor->page_at = sdk_event_find(records, at + 1);
    if (cursor->has_handed && cursor->handed_epoch == epoch &&
        position <= cursor->handed_position)
        return REFER_OK;
    refer_event *event = sdk_memory_take(sizeof *event);
    if (event == NULL)
        return REFER_NO_MEMORY;
    refer_status status = sdk_event_take(event, records, at, &next);
    if (status != REFER_OK) {
        refer_event_free(event);
        return status;
    }
    cursor->epoch = epoch;
    cursor->has_handed = true;
    cursor->handed_epoch = epoch;
    cursor->handed_position = position;
    *out = event;
    return REFER_OK;
}

/* The next event of the page; NULL in *out when there is none left. */
static refer_status page_take(refer_cursor *cursor, refer_event **out)
{
    refer_status status = REFER_OK;
    while (status == REFER_OK && *out == NULL &&
           cursor->page_at < cursor->page.records.count)
        status = event_take(cursor, out);
    if (cursor->page_at >= cursor->page.records.count)
        page_drop(cursor);
    if (status != REFER_OK) {
        /* it counts as handed out: a new connection brings it again */
        page_drop(cursor);
        sdk_client_disconnect(cursor->client);
        return fail(cursor->client, status);
    }
    return REFER_OK;
}

/* One request for the next events and its answer. */
static refer_status page_await(
    refer_cursor *cursor, struct sdk_deadline deadline)
{
    refer_status status = cursor_ready(cursor, deadline);
    if (status == REFER_OK && cursor->pending.number == 0) {
        int wait_ms = sdk_deadline_left_ms(deadline);
        /* without time to wait the answer is for a later call */
        if (wait_ms <= 0 || wait_ms > WAIT_MS_MAX)
            wait_ms = WAIT_MS_MAX;
        status = cursor_send(cursor, "cursor.next", wait_ms, deadline);
    }
    return status != REFER_OK ? status
                              : sdk_client_await(cursor->client,
                                    &cursor->pending, deadline, &cursor->page);
}

refer_status refer_cursor_next(
    refer_cursor *cursor, int32_t timeout_ms, refer_event **out)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    refer_status status =
        sdk_client_begin(cursor == NULL ? NULL : cursor->client);
    if (status == REFER_OK && cursor->generation != cursor->client->generation)
        page_drop(cursor); /* its connection is gone */
    if (status == REFER_OK)
        status = page_take(cursor, out);
    while (status == REFER_OK && *out == NULL) {
        status = page_await(cursor, deadline);
        if (status == REFER_OK)
            status = page_take(cursor, out);
    }
    return status;
}

/* What is acknowledged here or elsewhere is not handed out any more. */
static void cursor_acknowledged(refer_cursor *cursor, uint64_t position)
{
    if (position > cursor->position)
        cursor->position = position;
    if (cursor->has_handed && cursor->handed_epoch == cursor->epoch &&
        cursor->handed_position >= position)
        return;
    cursor->has_handed = true;
    cursor->handed_epoch = cursor->epoch;
    cursor->handed_position = position;
}

refer_status refer_cursor_ack_position(
    refer_cursor *cursor, uint64_t epoch, uint64_t position, int32_t timeout_ms)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    refer_status status =
        sdk_client_begin(cursor == NULL ? NULL : cursor->client);
    if (status != REFER_OK)
        return status;
    if (position > INT64_MAX)
        return fail(cursor->client, REFER_INVALID);
    status = cursor_ready(cursor, deadline);
    if (status != REFER_OK)
        return status;
    if (epoch != cursor->epoch)
        return sdk_client_fail(cursor->client, REFER_CONFLICT,
            "the gateway numbers its events anew: this position is of before");
    struct sdk_field fields[] = {
        sdk_field_of_text("name", cursor->name),
        sdk_field_of_number("epoch", (int64_t)cursor->epoch),
        sdk_field_of_number("position", (int64_t)position),
    };
    status = sdk_client_call(cursor->client,
        (struct sdk_request){
            .operation = "cursor.ack", .fields = fields, .field_count = 3 },
        deadline, &reply);
    sdk_reply_release(&reply);
    if (status == REFER_OK)
        cursor_acknowledged(cursor, position);
    return status;
}

refer_status refer_cursor_ack(
    refer_cursor *cursor, const refer_event *event, int32_t timeout_ms)
{
    if (event == NULL)
        return REFER_INVALID;
    return refer_cursor_ack_position(cursor, refer_event_epoch(event),
        refer_event_position(event), timeout_ms);
}

refer_status refer_cursor_rewind(refer_cursor *cursor, int32_t timeout_ms)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    refer_status status =
        sdk_client_begin(cursor == NULL ? NULL : cursor->client);
    if (status != REFER_OK)
        return status;
    /* An answer still to come would break the order: forget it with the
     * connection. The next one rewinds by itself. */
    sdk_client_abandon(cursor->client, &cursor->pending);
    cursor->has_handed = false;
    page_drop(cursor);
    if (cursor->step == CURSOR_READY)
        cursor->step = CURSOR_STALE;
    return cursor_ready(cursor, deadline);
}

refer_status refer_cursor_delete(
    refer_client *client, const char *name, int32_t timeout_ms)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (!sdk_text_is_code(name))
        return sdk_client_fail(
            client, REFER_INVALID, "a cursor's name is a code");
    struct sdk_field field = sdk_field_of_text("name", name);
    status = sdk_client_call(client,
        (struct sdk_request){
            .operation = "cursor.delete", .fields = &field, .field_count = 1 },
        deadline, &reply);
    sdk_reply_release(&reply);
    return status;
}
