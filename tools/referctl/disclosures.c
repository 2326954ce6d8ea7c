/* referctl disclosures: who was told what of a person, when, and under which
 * agreement and consent. The answer to "who has got my data?". */
#include "referctl/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "referctl/display.h"
#include "referctl/person.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

static const struct column columns[] = {
    { "at_ms", "time", COLUMN_TIME },
    { "outcome", "outcome", 0 },
    { "peer_name", "agency", 0 },
    { "step", "step", 0 },
    { "elements", "elements", 0 },
    { "words", "words", 0 },
    { "erased", "erased", 0 },
    { "agreement", "agreement", 0 },
    { "purpose", "purpose", 0 },
    { "consent_until_ms", "consent until", COLUMN_TIME },
    { "referral", "referral", COLUMN_REFERRAL },
};

/* What is asked for. */
struct wish {
    const char *since; /* or NULL */
    const char *until;
    int64_t since_ms;
    int64_t until_ms;
    bool is_all; /* not of certain referrals */
    struct records referrals;
};

static enum exit_code time_read(struct session *session,
    const struct arguments *arguments, const char *name, const char **text,
    int64_t *ms)
{
    struct instant instant;
    *text = arguments_option(arguments, name);
    if (*text == NULL)
        return EXIT_CODE_DONE;
    struct slice slice = slice_of_text(*text);
    if (text_date_parse(slice, &instant) != ERR_NONE &&
        text_time_parse(slice, &instant) != ERR_NONE)
        return session_fail(session, EXIT_CODE_USAGE,
            "write 2026-11-30 or 2026-11-30T09:00:00Z",
            "--%s is neither a day nor a time: %s", name,
            words_printable(session->pool, *text));
    *ms = instant.unix_ms;
    return EXIT_CODE_DONE;
}

static enum exit_code wish_read(struct session *session,
    const struct arguments *arguments, struct wish *wish)
{
    const char *path = arguments_option(arguments, "pairwise");
    const char *id = NULL;
    if (path != NULL && arguments->count > 0)
        return session_fail(session, EXIT_CODE_USAGE,
            "give the id of a referral, or --pairwise FILE, or neither",
            "it must be clear of whom");
    enum exit_code code =
        time_read(session, arguments, "since", &wish->since, &wish->since_ms);
    if (code == EXIT_CODE_DONE)
        code = time_read(
            session, arguments, "until", &wish->until, &wish->until_ms);
    wish->is_all = path == NULL && arguments->count == 0;
    if (code != EXIT_CODE_DONE || wish->is_all)
        return code;
    if (path != NULL)
        return person_find(session, "disclosures.find", path, &wish->referrals);
    code = resolve_referral(session, arguments->values[0], &id);
    if (code == EXIT_CODE_DONE)
        record_put_text(session->pool,
            records_add(session->pool, &wish->referrals, "referral"), "id", id);
    return code;
}

/* ---- Gathered ------------------------------------------------------------ */

/* Each disclosure with what its referral says of all of them. */
static void rows_add(
    struct session *session, const struct reply *reply, struct records *rows)
{
    const struct record *referral = NULL;
    for (size_t i = 0; i < reply->records.count; i++) {
        const struct record *record = &reply->records.items[i];
        if (record_is(record, "referral"))
            referral = record;
        if (!record_is(record, "disclosure") || referral == NULL)
            continue;
        struct record *row = records_add(session->pool, rows, "disclosure");
        for (size_t k = 0; k < record->field_count; k++)
            record_put(session->pool, row, record->fields[k].name,
                &record->fields[k].value);
        for (size_t k = 0; k < referral->field_count; k++) {
            const char *name = referral->fields[k].name;
            record_put(session->pool, row,
                strcmp(name, "id") == 0 ? "referral" : name,
                &referral->fields[k].value);
        }
    }
}

static enum exit_code ask(struct session *session, const struct wish *wish,
    const char *name, const char *id, struct reply *reply)
{
    struct request request = { .operation = "disclosures" };
    if (id != NULL)
        record_put_text(session->pool, &request.fields, name, id);
    if (wish->since != NULL)
        record_put_number(
            session->pool, &request.fields, "from_ms", wish->since_ms);
    if (wish->until != NULL)
        record_put_number(
            session->pool, &request.fields, "until_ms", wish->until_ms);
    return session_ask(session, &request, reply);
}

static enum exit_code gather_all(
    struct session *session, const struct wish *wish, struct records *rows)
{
    const char *after = NULL;
    bool is_done = false;
    enum exit_code code = EXIT_CODE_DONE;
    while (code == EXIT_CODE_DONE && !is_done) {
        struct reply reply = { 0 };
        code = ask(session, wish, "after", after, &reply);
        const struct record *search = records_first(&reply.records, "search");
        if (code == EXIT_CODE_DONE && search == NULL)
            return session_fail(session, EXIT_CODE_UNREACHABLE,
                "install referctl and referd of the same version",
                "the gateway's answer holds no search");
        if (code != EXIT_CODE_DONE)
            break;
        rows_add(session, &reply, rows);
        is_done = record_flag(search, "done");
        after = record_text(search, "after");
    }
    return code;
}

static enum exit_code gather(
    struct session *session, const struct wish *wish, struct records *rows)
{
    enum exit_code code = EXIT_CODE_DONE;
    if (wish->is_all)
        return gather_all(session, wish, rows);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < wish->referrals.count;
         i++) {
        struct reply reply = { 0 };
        code = ask(session, wish, "id",
            record_text(&wish->referrals.items[i], "id"), &reply);
        if (code == EXIT_CODE_DONE)
            rows_add(session, &reply, rows);
    }
    return code;
}

static int by_time(const void *a, const void *b)
{
    static const char *const names[] = { "at_ms", "position" };
    for (size_t i = 0; i < 2; i++) {
        int64_t first = record_number(a, names[i]);
        int64_t second = record_number(b, names[i]);
        if (first != second)
            return first < second ? -1 : 1;
    }
    return 0;
}

/* ---- Said ---------------------------------------------------------------- */

static bool is_given(const struct record *row)
{
    return strcmp(record_text(row, "outcome"), "given") == 0;
}

/* Given to an agency that no earlier row names. */
static bool is_new_agency(const struct records *rows, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_given(&rows->items[i]) &&
            strcmp(record_text(&rows->items[i], "peer"),
                record_text(&rows->items[index], "peer")) == 0)
            return false;
    return true;
}

static void sum_up(struct session *session, const struct records *rows)
{
    size_t given = 0;
    size_t agencies = 0;
    size_t erased = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (!is_given(&rows->items[i]))
            continue;
        given++;
        agencies += is_new_agency(rows, i);
        erased += record_flag(&rows->items[i], "erased");
    }
    display_hint(session,
        "\nGiven %zu time%s to %zu other agenc%s; of %zu of them the words are "
        "erased here.",
        given, given == 1 ? "" : "s", agencies, agencies == 1 ? "y" : "ies",
        erased);
}

enum exit_code run_disclosures(
    struct session *session, const struct arguments *arguments)
{
    struct wish wish = { .since = NULL };
    struct records rows = { 0 };
    enum exit_code code = wish_read(session, arguments, &wish);
    if (code == EXIT_CODE_DONE && !wish.is_all && wish.referrals.count == 0)
        return session_fail(session, EXIT_CODE_NOT_FOUND,
            "compare the id with the one in your own records; what was erased "
            "names nobody any more",
            "nothing that is held names that person");
    if (code == EXIT_CODE_DONE)
        code = gather(session, &wish, &rows);
    if (code != EXIT_CODE_DONE)
        return code;
    if (rows.count > 0)
        qsort(rows.items, rows.count, sizeof *rows.items, by_time);
    if (session->json) {
        display_json_list(session, &rows, "disclosure");
        return code;
    }
    display_table(session, &rows, "disclosure", columns, DISPLAY_COUNT(columns),
        "Nothing was shared.");
    if (rows.count > 0)
        sum_up(session, &rows);
    return code;
}
