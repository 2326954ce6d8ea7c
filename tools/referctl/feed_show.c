/* referctl feed show, feed delete: one event; one position less. */
#include "referctl/command.h"

#include <inttypes.h>
#include <string.h>

#include "referctl/display.h"
#include "referctl/words.h"

/*
 * Events are read through positions only, so one is made for the moment. Its
 * name is always the same: what a killed run left behind goes with the next.
 */
#define PASSING_CURSOR "referctl.show"

static enum exit_code ask_cursor(struct session *session, const char *operation,
    const char *name, struct reply *reply)
{
    struct request request = { .operation = operation };
    record_put_text(session->pool, &request.fields, "name", name);
    return session_ask_quietly(session, &request, session->timeout_ms, reply);
}

/* Moves the passing cursor right before the event and takes one. */
static enum exit_code take_one(struct session *session, int64_t position,
    const struct record *cursor, struct reply *reply)
{
    struct request ack = { .operation = "cursor.ack" };
    struct request next = { .operation = "cursor.next" };
    enum exit_code code = EXIT_CODE_DONE;
    record_put_text(session->pool, &ack.fields, "name", PASSING_CURSOR);
    record_put_number(
        session->pool, &ack.fields, "epoch", record_number(cursor, "epoch"));
    record_put_number(session->pool, &ack.fields, "position", position - 1);
    record_put_text(session->pool, &next.fields, "name", PASSING_CURSOR);
    record_put_number(session->pool, &next.fields, "count", 1);
    if (position > 1)
        code = session_ask_quietly(session, &ack, session->timeout_ms, reply);
    if (code == EXIT_CODE_DONE)
        code = session_ask_quietly(session, &next, session->timeout_ms, reply);
    return code;
}

static enum exit_code ask_event(
    struct session *session, int64_t position, struct reply *reply)
{
    struct reply ignored = { 0 };
    struct reply opened = { 0 };
    enum exit_code code =
        ask_cursor(session, "cursor.delete", PASSING_CURSOR, &ignored);
    if (code == EXIT_CODE_UNREACHABLE)
        return session_fail_reply(session, &ignored);
    code = ask_cursor(session, "cursor.open", PASSING_CURSOR, &opened);
    if (code != EXIT_CODE_DONE)
        return session_fail_reply(session, &opened);
    const struct record *cursor = records_first(&opened.records, "cursor");
    if (cursor == NULL)
        return session_fail(session, EXIT_CODE_UNREACHABLE,
            "install referctl and referd of the same version",
            "the gateway's answer holds no cursor");
    int64_t head = record_number(cursor, "head");
    if (position <= head)
        code = take_one(session, position, cursor, reply);
    (void)ask_cursor(session, "cursor.delete", PASSING_CURSOR, &ignored);
    if (code != EXIT_CODE_DONE)
        return session_fail_reply(session, reply);
    const struct record *event = records_first(&reply->records, "event");
    if (event == NULL || record_number(event, "position") != position)
        return session_fail(session, EXIT_CODE_NOT_FOUND,
            "referctl feed follow --once shows those that are there",
            "there is no event %" PRId64 "; the newest is %" PRId64, position,
            head);
    return EXIT_CODE_DONE;
}

enum exit_code run_feed_show(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "position", "position", 0 },
        { "at_ms", "time", COLUMN_TIME },
        { "type", "type", 0 },
        { "referral", "referral", COLUMN_REFERRAL },
        { "step", "step", 0 },
        { "by", "by", 0 },
        { "actor", "actor", 0 },
        { "role", "role", 0 },
        { "state", "state", COLUMN_STATE },
        { "peer", "agency", 0 },
        { "direction", "way", 0 },
        { "status", "status", 0 },
        { "problem", "problem", 0 },
        { "clause", "clause", 0 },
        { "remedy", "remedy", 0 },
        { "generation", "generation", 0 },
        { "index", "index", 0 },
    };
    static const struct column details[] = { { "name", "detail", 0 },
        { "value", "value", 0 } };
    static const struct column elements[] = { { "code", "element", 0 },
        { "value", "value", 0 } };
    struct reply reply = { 0 };
    int64_t position = 0;
    if (!words_number(arguments->values[0], 1, INT64_MAX, &position))
        return session_fail(session, EXIT_CODE_USAGE,
            "give the position of an event, such as: referctl feed show 17",
            "\"%s\" is no position", arguments->values[0]);
    enum exit_code code = ask_event(session, position, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_object(session, &reply.records, "event");
        return EXIT_CODE_DONE;
    }
    const struct record *event = records_first(&reply.records, "event");
    bool is_placed = record_text(event, "generation")[0] != '\0';
    display_fields(session, event, columns,
        is_placed ? DISPLAY_COUNT(columns) : DISPLAY_COUNT(columns) - 2);
    if (records_first(&reply.records, "detail") != NULL)
        display_table(session, &reply.records, "detail", details,
            DISPLAY_COUNT(details), "");
    if (records_first(&reply.records, "element") != NULL)
        display_table(session, &reply.records, "element", elements,
            DISPLAY_COUNT(elements), "");
    return EXIT_CODE_DONE;
}

enum exit_code run_feed_delete(
    struct session *session, const struct arguments *arguments)
{
    struct reply reply = { 0 };
    enum exit_code code =
        ask_cursor(session, "cursor.delete", arguments->values[0], &reply);
    if (code == EXIT_CODE_NOT_FOUND)
        return session_fail(session, code, "referctl feed list",
            "there is no position \"%s\"", arguments->values[0]);
    if (code != EXIT_CODE_DONE)
        return session_fail_reply(session, &reply);
    struct record result = { .type = "cursor" };
    record_put_text(session->pool, &result, "name", arguments->values[0]);
    record_put_flag(session->pool, &result, "deleted", true);
    if (session->json)
        display_json_record(session, &result);
    else
        display_hint(session,
            "Deleted. A program that follows under this name again begins with "
            "the first event.");
    return EXIT_CODE_DONE;
}
