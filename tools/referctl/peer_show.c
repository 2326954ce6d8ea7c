/* referctl peer show: all there is to know about one agency. */
#include "referctl/command.h"

#include <string.h>

#include "referctl/agreements.h"
#include "referctl/card.h"
#include "referctl/display.h"
#include "referctl/resolve.h"

/* The fields of the listing that the card has not; its state is the line's. */
static void put_line(
    struct pool *pool, const struct record *line, struct record *peer)
{
    for (size_t i = 0; i < line->field_count; i++) {
        const struct field *field = &line->fields[i];
        const char *name =
            strcmp(field->name, "state") == 0 ? "line" : field->name;
        if (record_get(peer, name).type == VALUE_NONE)
            record_put(pool, peer, name, &field->value);
    }
}

/* The card as "peer", without the signed bytes, which nobody reads. */
static void put_card(
    struct pool *pool, const struct record *card, struct record *peer)
{
    for (size_t i = 0; i < card->field_count; i++) {
        if (card->fields[i].value.type != VALUE_DATA)
            record_put(
                pool, peer, card->fields[i].name, &card->fields[i].value);
    }
}

static const struct record *line_of(
    const struct records *records, const char *agency)
{
    for (size_t i = 0; i < records->count; i++) {
        if (record_is(&records->items[i], "peer") &&
            strcmp(record_text(&records->items[i], "agency"), agency) == 0)
            return &records->items[i];
    }
    return NULL;
}

/* "peer" first, then what the card lists. */
static enum exit_code ask_peer(
    struct session *session, const char *agency, struct records *all)
{
    struct request list = { .operation = "peer.list" };
    struct reply lines = { 0 };
    struct reply cards = { 0 };
    const struct record *card = NULL;
    enum exit_code code = card_ask(session, agency, &cards);
    if (code == EXIT_CODE_DONE)
        code = card_expect(session, &cards, "card", &card);
    if (code == EXIT_CODE_DONE)
        code = session_ask(session, &list, &lines);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct record *line = line_of(&lines.records, agency);
    struct record *peer = records_add(session->pool, all, "peer");
    put_card(session->pool, card, peer);
    if (line != NULL)
        put_line(session->pool, line, peer);
    for (size_t i = 0; i < cards.records.count; i++) {
        const struct record *record = &cards.records.items[i];
        if (!record_is(record, "card"))
            *records_add(session->pool, all, record->type) = *record;
    }
    return EXIT_CODE_DONE;
}

static enum exit_code ask_ledgers(
    struct session *session, const char *agency, struct records *all)
{
    struct request request = { .operation = "ledger.list" };
    struct reply reply = { 0 };
    enum exit_code code = session_ask(session, &request, &reply);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < reply.records.count; i++) {
        const struct record *ledger = &reply.records.items[i];
        if (record_is(ledger, "ledger") &&
            strcmp(record_text(ledger, "peer"), agency) == 0)
            *records_add(session->pool, all, "ledger") = *ledger;
    }
    return code;
}

/* Its agreements: who of the two has signed, and where they hold. */
static enum exit_code ask_mous(
    struct session *session, const char *agency, struct records *all)
{
    struct records agreements = { 0 };
    const char *self = NULL;
    enum exit_code code = agreements_ask(session, &agreements, &self);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < agreements.count; i++) {
        const struct record *mou = &agreements.items[i];
        const struct record *there = agreement_party(&agreements, i, agency);
        const struct record *here = agreement_party(&agreements, i, self);
        if (!record_is(mou, "mou") || there == NULL)
            continue;
        struct record *row = records_add(session->pool, all, "mou");
        put_card(session->pool, mou, row);
        record_put_flag(session->pool, row, "signed_here",
            here != NULL && record_flag(here, "signed"));
        record_put_flag(
            session->pool, row, "signed_there", record_flag(there, "signed"));
        record_put_flag(session->pool, row, "in_force_there",
            record_flag(there, "in_force"));
    }
    return code;
}

static void print_tables(struct session *session, const struct records *all)
{
    static const struct column ledgers[] = {
        { "direction", "ledger", 0 },
        { "size", "entries", 0 },
        { "cosigned", "cosigned", 0 },
        { "collected", "taken", 0 },
        { "state", "state", COLUMN_STATE },
        { "problem", "problem", 0 },
        { "root", "root", COLUMN_MOU },
    };
    static const struct column mous[] = {
        { "id", "MOU", COLUMN_MOU },
        { "title", "title", 0 },
        { "state", "state", COLUMN_STATE },
        { "until_ms", "until", COLUMN_TIME },
        { "signed_here", "we signed", 0 },
        { "signed_there", "they signed", 0 },
        { "in_force_there", "in force there", 0 },
    };
    card_print_lists(session, all);
    display_hint(session, "%s", "");
    display_table(session, all, "ledger", ledgers, DISPLAY_COUNT(ledgers),
        "no ledgers yet");
    display_hint(session, "%s", "");
    display_table(session, all, "mou", mous, DISPLAY_COUNT(mous),
        "no agreement with this agency: referctl mou offer FILE");
}

enum exit_code run_peer_show(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "name", "name", 0 },
        { "agency", "agency", 0 },
        { "state", "card", COLUMN_STATE },
        { "serial", "serial", 0 },
        { "issued_ms", "issued", COLUMN_TIME },
        { "valid_until_ms", "valid until", COLUMN_TIME },
        { "safety_number", "safety number", 0 },
        { "line", "line", COLUMN_STATE },
        { "settled", "settled", 0 },
        { "queued", "queued", 0 },
        { "unanswered", "unanswered", 0 },
        { "last_heard_ms", "last heard", COLUMN_TIME },
        { "failing_since_ms", "failing since", COLUMN_TIME },
        { "next_try_ms", "next try", COLUMN_TIME },
        { "problem", "problem", 0 },
    };
    struct records all = { 0 };
    const char *agency = NULL;
    enum exit_code code =
        resolve_agency(session, arguments->values[0], &agency);
    if (code == EXIT_CODE_DONE)
        code = ask_peer(session, agency, &all);
    if (code == EXIT_CODE_DONE)
        code = ask_ledgers(session, agency, &all);
    if (code == EXIT_CODE_DONE)
        code = ask_mous(session, agency, &all);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_object(session, &all, "peer");
        return EXIT_CODE_DONE;
    }
    display_fields(session, &all.items[0], columns, DISPLAY_COUNT(columns));
    print_tables(session, &all);
    return EXIT_CODE_DONE;
}
