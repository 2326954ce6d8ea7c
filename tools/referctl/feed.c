/* referctl feed: the gateway's events, from durable positions. */
#include "referctl/command.h"

#include <string.h>

#include "core/limits.h"
#include "referctl/display.h"
#include "referctl/words.h"

#define WAIT_MS 20000 /* below LOCAL_WAIT_MS_MAX; then it asks again */
#define EVENTS_AT_ONCE 64

struct follow {
    const char *cursor;
    bool acknowledges;
    bool is_once;
    int64_t count_left; /* negative: no end */
    int64_t position;   /* of the newest event printed */
};

static const struct column event_columns[] = {
    { "at_ms", "time", COLUMN_TIME },
    { "type", "type", 0 },
    { "referral", "referral", COLUMN_REFERRAL },
    { "step", "step", 0 },
    { "state", "state", COLUMN_STATE },
    { "peer", "agency", 0 },
    { "status", "status", 0 },
    { "problem", "problem", 0 },
    { "clause", "clause", 0 },
};

/* A line an event: columns would have to be known before they come. */
static void print_events(struct session *session, const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        if (!record_is(record, "event"))
            continue;
        for (size_t k = 0; k < DISPLAY_COUNT(event_columns); k++) {
            const char *text =
                display_value(session, record, &event_columns[k]);
            if (session->is_terminal && text[0] == '\0')
                continue;
            display_line(session, "%s%s",
                k == 0                 ? ""
                : session->is_terminal ? "  "
                                       : "\t",
                text);
        }
        display_line(session, "\n");
    }
}

static const struct record *last_event(const struct records *records)
{
    for (size_t i = records->count; i-- > 0;) {
        if (record_is(&records->items[i], "event"))
            return &records->items[i];
    }
    return NULL;
}

static enum exit_code acknowledge(struct session *session,
    const struct follow *follow, const struct record *event)
{
    struct request request = { .operation = "cursor.ack" };
    struct reply reply = { 0 };
    record_put_text(session->pool, &request.fields, "name", follow->cursor);
    record_put_number(
        session->pool, &request.fields, "epoch", record_number(event, "epoch"));
    record_put_number(session->pool, &request.fields, "position",
        record_number(event, "position"));
    return session_ask(session, &request, &reply);
}

/* One turn; *got is how many events came. What was not written is not
 * acknowledged. */
static enum exit_code follow_turn(
    struct session *session, struct follow *follow, size_t *got)
{
    struct request request = { .operation = "cursor.next" };
    struct reply reply = { 0 };
    int wait_ms = follow->is_once ? 0 : WAIT_MS;
    int64_t count = EVENTS_AT_ONCE;
    if (follow->count_left >= 0 && follow->count_left < count)
        count = follow->count_left;
    record_put_text(session->pool, &request.fields, "name", follow->cursor);
    record_put_number(session->pool, &request.fields, "wait_ms", wait_ms);
    record_put_number(session->pool, &request.fields, "count", count);
    enum exit_code code = session_ask_quietly(
        session, &request, wait_ms + session->timeout_ms, &reply);
    if (code != EXIT_CODE_DONE)
        return session_fail_reply(session, &reply);
    const struct record *last = last_event(&reply.records);
    *got = records_count(&reply.records, "event");
    if (last == NULL)
        return EXIT_CODE_DONE;
    follow->position = record_number(last, "position");
    if (session->json)
        display_json_events(session, &reply.records);
    else
        print_events(session, &reply.records);
    if (fflush(session->out) != 0)
        return session_fail(session, EXIT_CODE_LOCAL,
            "mend the output; the events come again", "cannot write events");
    return follow->acknowledges ? acknowledge(session, follow, last)
                                : EXIT_CODE_DONE;
}

static enum exit_code follow_all(struct session *session, struct follow *follow)
{
    struct pool *outer = session->pool;
    enum exit_code code = EXIT_CODE_DONE;
    while (code == EXIT_CODE_DONE && follow->count_left != 0) {
        struct pool turn = { 0 };
        size_t got = 0;
        int64_t position = follow->position;
        session->pool = &turn;
        code = follow_turn(session, follow, &got);
        session->pool = outer;
        pool_release(&turn);
        if (follow->count_left > 0)
            follow->count_left -= (int64_t)got < follow->count_left
                                      ? (int64_t)got
                                      : follow->count_left;
        /* also when the same come again, since none is acknowledged */
        if (follow->is_once && (got == 0 || follow->position == position))
            break;
    }
    return code;
}

enum exit_code run_feed_follow(
    struct session *session, const struct arguments *arguments)
{
    const char *cursor = arguments_option(arguments, "cursor");
    const char *count = arguments_option(arguments, "count");
    struct follow follow = {
        .cursor = cursor == NULL ? "referctl" : cursor,
        .acknowledges = arguments_flag(arguments, "ack"),
        .is_once = arguments_flag(arguments, "once"),
        .count_left = -1,
        .position = -1,
    };
    struct request request = { .operation = "cursor.open" };
    struct reply reply = { 0 };
    if (count != NULL && !words_number(count, 1, INT32_MAX, &follow.count_left))
        return session_fail(session, EXIT_CODE_USAGE,
            "give a number, such as --count 10",
            "--count takes a number above 0");
    record_put_text(session->pool, &request.fields, "name", follow.cursor);
    enum exit_code code = session_ask(session, &request, &reply);
    return code == EXIT_CODE_DONE ? follow_all(session, &follow) : code;
}

enum exit_code run_feed_list(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = { { "name", "cursor", 0 },
        { "epoch", "epoch", 0 }, { "position", "position", 0 },
        { "head", "head", 0 } };
    struct request request = { .operation = "cursor.list" };
    struct reply reply = { 0 };
    (void)arguments;
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "cursor");
    else
        display_table(session, &reply.records, "cursor", columns,
            DISPLAY_COUNT(columns),
            "No program follows the events yet: referctl feed follow");
    return EXIT_CODE_DONE;
}
