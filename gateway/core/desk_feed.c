#include "core/desk.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/register.h"
#include "core/scrub_patrol.h"
#include "core/submission_read.h"

#include <assert.h>
#include <string.h>

/* ---- Events as records -------------------------------------------------- */

static void values(struct local_answer *answer, const char *type,
    const char *name, const struct named_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        answer_record(answer, type);
        answer_lent(answer, name, values[i].name);
        answer_lent(answer, "value", values[i].value);
    }
}

/* Why, and of what, something was erased. */
static void erasure_values(
    struct work *work, struct slice bytes, struct local_answer *answer)
{
    struct erasure_notice notice;
    if (bytes.bytes == NULL)
        return;
    enum err err = erasure_notice_read(bytes, work->scratch, &notice);
    if (err != ERR_NONE) {
        work_unread(work, err); /* it was read before it was stored */
        return;
    }
    answer_record(answer, "detail");
    answer_text(answer, "name", "reason");
    answer_text(answer, "value", erasure_reason_name(notice.reason));
    for (size_t i = 0; i < notice.element_count; i++) {
        answer_record(answer, "detail");
        answer_text(answer, "name", "element");
        answer_slice(answer, "value", notice.elements[i]);
    }
}

static void head(struct work *work, const struct feed_event *event,
    uint32_t redeliveries, struct local_answer *answer)
{
    struct peer *peer = peer_numbered(work->node, event->peer);
    answer_record(answer, "event");
    answer_number(answer, "position", (int64_t)event->position);
    answer_word(answer, "type", feed_type_name(event->type));
    answer_word(answer, "step",
        event->step == EVENT_NONE ? "erasure" : event_type_name(event->step));
    answer_word(answer, "by", event->by_us ? "us" : "them");
    answer_word(answer, "actor", actor_kind_name(event->actor));
    answer_slice(answer, "role", event->role);
    answer_number(answer, "at_ms", event->at.unix_ms);
    answer_word(answer, "state", referral_state_name(event->state));
    answer_word(answer, "status", feed_status_name(event->status));
    answer_word(answer, "problem",
        event->problem == PROBLEM_NONE ? "" : problem_name(event->problem));
    answer_slice(answer, "clause", event->clause);
    answer_slice(answer, "remedy", event->remedy);
    answer_number(answer, "epoch", (int64_t)work->node->feed_epoch);
    answer_uuid(answer, "referral", &event->referral);
    answer_word(answer, "direction", event->outgoing ? "out" : "in");
    answer_word(answer, "peer", peer == NULL ? "" : peer->agency.text);
    if (event->generation == 0)
        answer_word(answer, "generation", "");
    else
        answer_generation(answer, "generation", event->generation);
    answer_number(answer, "index", (int64_t)event->index);
    answer_number(answer, "redeliveries", redeliveries);
}

/* Its words are opened first: of what is damaged there is no head either. */
bool desk_event(struct work *work, const struct feed_event *event,
    uint32_t redeliveries, struct local_answer *answer)
{
    struct referral_event content;
    struct slice erasure = SLICE_NONE;
    size_t used = work->scratch->used;
    enum err err =
        event->step == EVENT_NONE
            ? content_try(work->contents, work->txn, work->scratch,
                  event->content, &erasure)
            : register_event_try(work, event->content, work->arena, &content);
    if (err == ERR_CORRUPT && !work_failed(work)) {
        arena_rewind(work->scratch, used);
        return false;
    }
    head(work, event, redeliveries, answer);
    if (event->step == EVENT_NONE) {
        erasure_values(work, erasure, answer);
    } else if (err == ERR_NONE) {
        values(answer, "detail", "name", content.details, content.detail_count);
        values(
            answer, "element", "code", content.elements, content.element_count);
    }
    arena_rewind(work->scratch, used);
    return true;
}

void desk_damaged(struct work *work, struct local_answer *answer)
{
    patrol_hasten(work);
    answer_error(answer, ERR_BUSY, PROBLEM_TRY_LATER, "content",
        "it is damaged here: what another agency holds comes back by itself, "
        "else see referctl store check");
}

/* ---- Cursors that clients hold open ------------------------------------- */

static struct open_cursor *opened(struct node *node, struct slice name)
{
    for (size_t i = 0; i < node->cursor_count; i++)
        if (slice_is(name, node->cursors[i].name))
            return &node->cursors[i];
    return NULL;
}

static bool name_check(struct slice name, struct local_answer *answer)
{
    if (code_is_valid(name))
        return true;
    answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "name",
        "name the cursor with 1 to 64 of a-z 0-9 . _ -");
    return false;
}

static const struct field_rule name_rules[] = { { "name", LOCAL_TEXT, true } };

static struct slice name_of(const struct local_request *request)
{
    return field_text(request->fields, request->field_count, "name");
}

/* The cursor that this client holds; else an error in the reply. */
static struct open_cursor *held(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    struct open_cursor *cursor = opened(work->node, name_of(request));
    if (cursor != NULL && cursor->client == caller->client)
        return cursor;
    answer_error(answer, ERR_STATE, PROBLEM_NONE, "name",
        "open the cursor first, on this connection");
    return NULL;
}

static void answer_cursor(struct work *work, struct slice name,
    const struct cursor *cursor, struct local_answer *answer)
{
    answer_record(answer, "cursor");
    answer_slice(answer, "name", name);
    answer_number(answer, "epoch", (int64_t)work->node->feed_epoch);
    answer_number(answer, "position", (int64_t)cursor->acknowledged);
    answer_number(answer, "head", (int64_t)work->node->feed_position_next - 1);
}

static void rewind_to(struct open_cursor *open, const struct cursor *cursor)
{
    if (open->handed_max > cursor->acknowledged)
        open->passes++;
    open->handed_out = cursor->acknowledged;
}

static size_t stored_count(struct work *work)
{
    struct cursor cursor;
    struct slice name = SLICE_NONE;
    size_t count = 0;
    while (cursor_next(work, &name, &cursor))
        count++;
    return count;
}

void desk_cursor_open(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    struct node *node = work->node;
    struct slice name = name_of(request);
    struct cursor cursor = { 0 };
    if (!fields_check(answer, "cursor", request->fields, request->field_count,
            name_rules, 1) ||
        !name_check(name, answer))
        return;
    struct open_cursor *open = opened(node, name);
    if (open != NULL && open->client != 0 && open->client != caller->client) {
        answer_error(answer, ERR_CONFLICT, PROBLEM_NONE, "name",
            "close the program that follows with this cursor, or use another "
            "name");
        return;
    }
    if (!cursor_get(work, name, &cursor)) {
        if (work_failed(work))
            return;
        if (stored_count(work) >= CURSOR_COUNT_MAX) {
            answer_error(answer, ERR_LIMIT, PROBLEM_NONE, "name",
                "delete a cursor that is not used: cursor.list names them");
            return;
        }
        cursor_put(work, name, &cursor);
        collected_cursors_changed(node);
    }
    if (open == NULL) {
        assert(node->cursor_count < CURSOR_COUNT_MAX); /* as rows are */
        open = &node->cursors[node->cursor_count++];
        *open = (struct open_cursor){ 0 };
        memcpy(open->name, name.bytes, name.size);
    }
    open->client = caller->client;
    rewind_to(open, &cursor);
    answer_cursor(work, name, &cursor, answer);
}

/* Events after what was handed out; true when there is something to say. */
static bool hand_out(struct work *work, struct open_cursor *open,
    uint32_t count, struct local_answer *answer)
{
    struct feed_event event;
    uint32_t given = 0;
    size_t used = work->scratch->used;
    while (given < count && !answer_is_full(answer) &&
           feed_next(work, open->handed_out + 1, &event)) {
        bool again = event.position <= open->handed_max;
        bool is_whole =
            desk_event(work, &event, again ? open->passes : 0, answer);
        arena_rewind(work->scratch, used);
        if (!is_whole && given == 0)
            desk_damaged(work, answer);
        if (!is_whole || work_failed(work))
            return true;
        open->handed_out = event.position;
        if (!again)
            open->handed_max = event.position;
        given++;
    }
    return given > 0;
}

void desk_cursor_next(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "name", LOCAL_TEXT, true },
        { "wait_ms", LOCAL_NUMBER, false },
        { "count", LOCAL_NUMBER, false },
    };
    const struct local_field *fields = request->fields;
    struct node *node = work->node;
    if (!fields_check(answer, "cursor", fields, request->field_count, rules, 3))
        return;
    int64_t wait_ms = field_number(fields, request->field_count, "wait_ms", 0);
    int64_t count = field_number(fields, request->field_count, "count", 1);
    struct open_cursor *open = held(work, caller, request, answer);
    if (open == NULL)
        return;
    if (wait_ms < 0 || wait_ms > LOCAL_WAIT_MS_MAX || count < 1 ||
        count > LOCAL_PAGE_COUNT_MAX) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "wait_ms",
            "wait 0 to 60000 ms, for 1 to 256 events");
        return;
    }
    if (hand_out(work, open, (uint32_t)count, answer) || wait_ms == 0)
        return;
    if (node->waiter_count == LOCAL_CLIENT_COUNT_MAX) {
        answer_error(answer, ERR_BUSY, PROBLEM_TRY_LATER, "wait_ms",
            "too many programs wait: try again without waiting");
        return;
    }
    struct waiter *waiter = &node->waiters[node->waiter_count++];
    *waiter = (struct waiter){
        .client = caller->client,
        .number = request->number,
        .count = (uint32_t)count,
        .until_steady_ms = work->steady_ms + wait_ms,
    };
    memcpy(waiter->cursor, open->name, sizeof waiter->cursor);
    answer->work = NULL; /* the reply comes later */
}

void desk_cursor_ack(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "name", LOCAL_TEXT, true },
        { "epoch", LOCAL_NUMBER, true },
        { "position", LOCAL_NUMBER, true },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct cursor cursor;
    if (!fields_check(answer, "cursor", fields, count, rules, 3))
        return;
    struct open_cursor *open = held(work, caller, request, answer);
    if (open == NULL)
        return;
    uint64_t position = (uint64_t)field_number(fields, count, "position", 0);
    if ((uint64_t)field_number(fields, count, "epoch", 0) !=
        work->node->feed_epoch) {
        answer_error(answer, ERR_CONFLICT, PROBLEM_NONE, "epoch",
            "open the cursor again: the feed began anew");
        return;
    }
    if (position >= work->node->feed_position_next) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "position",
            "acknowledge a position that was handed out");
        return;
    }
    if (!cursor_get(work, name_of(request), &cursor))
        cursor.acknowledged = 0;
    if (position > cursor.acknowledged) {
        cursor.acknowledged = position;
        cursor_put(work, name_of(request), &cursor);
        collected_cursors_changed(work->node);
    }
    if (open->handed_out < cursor.acknowledged)
        open->handed_out = cursor.acknowledged;
    answer_cursor(work, name_of(request), &cursor, answer);
}

void desk_cursor_rewind(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    struct cursor cursor = { 0 };
    if (!fields_check(answer, "cursor", request->fields, request->field_count,
            name_rules, 1))
        return;
    struct open_cursor *open = held(work, caller, request, answer);
    if (open == NULL)
        return;
    (void)cursor_get(work, name_of(request), &cursor);
    rewind_to(open, &cursor);
    answer_cursor(work, name_of(request), &cursor, answer);
}

static void forget(struct node *node, struct open_cursor *open)
{
    *open = node->cursors[--node->cursor_count];
}

void desk_cursor_delete(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    struct cursor cursor;
    struct slice name = name_of(request);
    if (!fields_check(answer, "cursor", request->fields, request->field_count,
            name_rules, 1) ||
        !name_check(name, answer))
        return;
    struct open_cursor *open = opened(work->node, name);
    if (open != NULL && open->client != 0 && open->client != caller->client)
        answer_error(answer, ERR_CONFLICT, PROBLEM_NONE, "name",
            "close the program that follows with this cursor first");
    else if (!cursor_get(work, name, &cursor))
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_NONE, "name",
            "look the name up with cursor.list");
    else {
        cursor_delete(work, name);
        collected_cursors_changed(work->node);
        if (open != NULL)
            forget(work->node, open);
    }
}

void desk_cursor_list(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    struct cursor cursor;
    struct slice name = SLICE_NONE;
    (void)caller;
    if (!fields_check(
            answer, "cursor", request->fields, request->field_count, NULL, 0))
        return;
    while (cursor_next(work, &name, &cursor))
        answer_cursor(work, name, &cursor, answer);
}

/* ---- Waiting ------------------------------------------------------------ */

static void waiter_end(struct work *work, const struct waiter *waiter)
{
    struct local_answer answer;
    size_t used = work->scratch->used;
    struct open_cursor *open =
        opened(work->node, slice_of_text(waiter->cursor));
    answer_begin(&answer, work, waiter->number);
    if (open != NULL && open->client == waiter->client)
        (void)hand_out(work, open, waiter->count, &answer);
    desk_reply(work, waiter->client, &answer);
    arena_rewind(work->scratch, used);
}

void desk_wake(struct work *work)
{
    struct node *node = work->node;
    for (size_t i = 0; i < node->waiter_count && !work_failed(work);) {
        struct waiter waiter = node->waiters[i];
        if (!node->feed_grew && work->steady_ms < waiter.until_steady_ms) {
            i++;
            continue;
        }
        node->waiters[i] = node->waiters[--node->waiter_count];
        waiter_end(work, &waiter);
    }
}

int64_t desk_due_steady_ms(const struct node *node)
{
    int64_t due = INT64_MAX;
    for (size_t i = 0; i < node->waiter_count; i++)
        if (node->waiters[i].until_steady_ms < due)
            due = node->waiters[i].until_steady_ms;
    return due;
}

void desk_gone(struct work *work, uint64_t client)
{
    struct node *node = work->node;
    for (size_t i = 0; i < node->waiter_count;) {
        if (node->waiters[i].client == client)
            node->waiters[i] = node->waiters[--node->waiter_count];
        else
            i++;
    }
    for (size_t i = 0; i < node->cursor_count; i++)
        if (node->cursors[i].client == client)
            node->cursors[i].client = 0;
}
