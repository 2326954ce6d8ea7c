/* referctl ledger: what two agencies told each other, co-signed. */
#include "referctl/command.h"

#include <string.h>

#include "core/limits.h"
#include "referctl/display.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

#define ENTRY_COUNT_DEFAULT 100

static const struct column ledger_columns[] = {
    { "peer_name", "agency", 0 },
    { "peer", "id", 0 },
    { "direction", "way", 0 },
    { "lane", "lane", 0 },
    { "size", "entries", 0 },
    { "cosigned", "cosigned", 0 },
    { "collected", "taken", 0 },
    { "state", "state", COLUMN_STATE },
    { "problem", "problem", 0 },
    { "root", "root", COLUMN_MOU },
};

enum exit_code run_ledger_list(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "ledger.list" };
    struct reply reply = { 0 };
    (void)arguments;
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "ledger");
    else
        display_table(session, &reply.records, "ledger", ledger_columns,
            DISPLAY_COUNT(ledger_columns),
            "No ledger yet: they begin when a card is accepted.");
    return EXIT_CODE_DONE;
}

struct page {
    const char *peer;
    const char *direction;
    int64_t after; /* negative: from the first */
    int64_t count_left;
};

/* The ledger once, and its entries page by page. */
static enum exit_code ask_entries(
    struct session *session, struct page *page, struct records *all)
{
    while (page->count_left > 0) {
        struct request request = { .operation = "ledger.show" };
        struct reply reply = { 0 };
        size_t got = 0;
        int64_t count = page->count_left < LOCAL_PAGE_COUNT_MAX
                            ? page->count_left
                            : LOCAL_PAGE_COUNT_MAX;
        struct record *fields = &request.fields;
        record_put_text(session->pool, fields, "peer", page->peer);
        record_put_text(session->pool, fields, "direction", page->direction);
        if (page->after >= 0)
            record_put_number(session->pool, fields, "after", page->after);
        record_put_number(session->pool, fields, "count", count);
        enum exit_code code = session_ask(session, &request, &reply);
        if (code != EXIT_CODE_DONE)
            return code;
        for (size_t i = 0; i < reply.records.count; i++) {
            const struct record *record = &reply.records.items[i];
            bool is_entry = record_is(record, "entry");
            if (!is_entry && records_first(all, record->type) != NULL)
                continue;
            *records_add(session->pool, all, record->type) = *record;
            if (is_entry) {
                page->after = record_number(record, "index");
                got++;
            }
        }
        page->count_left -= (int64_t)got;
        if ((int64_t)got < count)
            break;
    }
    return EXIT_CODE_DONE;
}

enum exit_code run_ledger_show(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "index", "entry", 0 },
        { "kind", "kind", 0 },
        { "at_ms", "time", COLUMN_TIME },
        { "size", "bytes", 0 },
        { "content", "content", 0 },
        { "verdict", "verdict", COLUMN_STATE },
        { "problem", "problem", 0 },
        { "digest", "digest", COLUMN_MOU },
    };
    struct page page = { .direction = arguments->values[1],
        .after = -1,
        .count_left = ENTRY_COUNT_DEFAULT };
    struct records records = { 0 };
    const char *after = arguments_option(arguments, "after");
    const char *count = arguments_option(arguments, "count");
    if (strcmp(page.direction, "out") != 0 && strcmp(page.direction, "in") != 0)
        return session_fail(session, EXIT_CODE_USAGE,
            "out is what we told them, in what they told us",
            "\"%s\" is neither out nor in", page.direction);
    if ((after != NULL && !words_number(after, 0, INT64_MAX, &page.after)) ||
        (count != NULL && !words_number(count, 1, INT32_MAX, &page.count_left)))
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl ledger show --help", "--after and --count take numbers");
    enum exit_code code =
        resolve_agency(session, arguments->values[0], &page.peer);
    if (code == EXIT_CODE_DONE)
        code = ask_entries(session, &page, &records);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct record *ledger = records_first(&records, "ledger");
    if (session->json) {
        display_json_object(session, &records, "ledger");
        return EXIT_CODE_DONE;
    }
    if (session->is_terminal && ledger != NULL) {
        display_fields(
            session, ledger, ledger_columns, DISPLAY_COUNT(ledger_columns));
        display_hint(session, "%s", "");
    }
    display_table(session, &records, "entry", columns, DISPLAY_COUNT(columns),
        "No entries.");
    return EXIT_CODE_DONE;
}

enum exit_code run_ledger_verify(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "peer", "id", 0 },
        { "direction", "way", 0 },
        { "size", "entries", 0 },
        { "intact", "intact", 0 },
        { "damage", "damage", 0 },
        { "root", "root", COLUMN_MOU },
    };
    struct request request = { .operation = "ledger.verify" };
    struct reply reply = { 0 };
    size_t broken = 0;
    enum exit_code code = EXIT_CODE_DONE;
    if (arguments->count > 0) {
        const char *id = NULL;
        code = resolve_agency(session, arguments->values[0], &id);
        if (code != EXIT_CODE_DONE)
            return code;
        record_put_text(session->pool, &request.fields, "peer", id);
    }
    code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "ledger");
    else
        display_table(session, &reply.records, "ledger", columns,
            DISPLAY_COUNT(columns), "No ledger to verify.");
    for (size_t i = 0; i < reply.records.count; i++) {
        const struct record *record = &reply.records.items[i];
        broken += record_is(record, "ledger") && !record_flag(record, "intact");
    }
    if (broken > 0)
        return session_fail(session, EXIT_CODE_REFUSED,
            "keep the store as it is, and call the other agency's point person",
            "%zu of the ledgers are not intact", broken);
    return EXIT_CODE_DONE;
}
