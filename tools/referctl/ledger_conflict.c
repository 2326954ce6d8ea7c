/* referctl ledger conflicts, renew, convict: an author that shows two
 * histories, the proof of it, and the way on. */
#include "referctl/command.h"

#include <string.h>

#include "core/contradiction.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/offline.h"
#include "referctl/resolve.h"

static const struct column conflict_columns[] = {
    { "peer_name", "agency", 0 },
    { "peer", "id", 0 },
    { "direction", "way", 0 },
    { "generation", "generation", 0 },
    { "size", "entries", 0 },
    { "state", "state", COLUMN_STATE },
    { "proved", "proved", 0 },
    { "since_ms", "since", COLUMN_TIME },
};

/* ---- conflicts ----------------------------------------------------------- */

/* Of the newest: it is listed first. */
static enum exit_code write_evidence(
    struct session *session, const struct records *records, const char *path)
{
    const struct record *conflict = records_first(records, "conflict");
    if (conflict == NULL)
        return session_fail(session, EXIT_CODE_NOT_FOUND,
            "referctl ledger list",
            "no ledger is or was in conflict: there is nothing to write");
    const char *evidence = record_text(conflict, "evidence");
    enum exit_code code =
        file_write(session, path, evidence, strlen(evidence), 0600, false);
    if (code != EXIT_CODE_DONE)
        return code;
    if (record_flag(conflict, "proved"))
        display_note(session,
            "%s proves to anybody with the author's card that the author "
            "shows two histories: referctl ledger convict %s --card CARD\n",
            path, path);
    else
        display_note(session,
            "%s has the two notes: they cannot both be, but prove nothing to "
            "who does not hold the ledger.\n",
            path);
    return EXIT_CODE_DONE;
}

enum exit_code run_ledger_conflicts(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "ledger.conflicts" };
    struct reply reply = { 0 };
    const char *path = arguments_option(arguments, "output");
    const char *id = NULL;
    enum exit_code code =
        arguments->count == 0
            ? EXIT_CODE_DONE
            : resolve_agency(session, arguments->values[0], &id);
    if (code != EXIT_CODE_DONE)
        return code;
    if (id != NULL)
        record_put_text(session->pool, &request.fields, "peer", id);
    code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "conflict");
    else
        display_table(session, &reply.records, "conflict", conflict_columns,
            DISPLAY_COUNT(conflict_columns), "No ledger is in conflict.");
    return path == NULL ? EXIT_CODE_DONE
                        : write_evidence(session, &reply.records, path);
}

/* ---- renew --------------------------------------------------------------- */

enum exit_code run_ledger_renew(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "ledger.renew" };
    struct reply reply = { 0 };
    const char *id = NULL;
    enum exit_code code = resolve_agency(session, arguments->values[0], &id);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "peer", id);
    code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "conflict");
    else
        display_table(session, &reply.records, "conflict", conflict_columns,
            DISPLAY_COUNT(conflict_columns), "");
    display_hint(session, "%s",
        "Once their operator has said the same, where their gateway stopped, "
        "it goes on.");
    return EXIT_CODE_DONE;
}

/* ---- convict ------------------------------------------------------------- */

static enum exit_code cards_read(struct session *session,
    struct offline *offline, const struct arguments *arguments,
    struct card **cards, size_t *count)
{
    size_t capacity = 0;
    const char *path;
    *cards = NULL;
    *count = 0;
    while ((path = arguments_option_at(arguments, "card", *count)) != NULL) {
        struct slice bytes;
        struct card card;
        enum exit_code code =
            offline_read_card_file(session, offline, path, &bytes, NULL);
        if (code == EXIT_CODE_DONE)
            code = offline_read_card(session, offline, bytes, &card);
        if (code != EXIT_CODE_DONE)
            return code;
        *cards =
            pool_grow(session->pool, *cards, *count, &capacity, sizeof card);
        (*cards)[(*count)++] = card;
    }
    return *count > 0 ? EXIT_CODE_DONE
                      : session_fail(session, EXIT_CODE_USAGE,
                            "referctl ledger convict FILE --card CARD",
                            "say who the author is: --card CARD");
}

static void show(struct session *session, const struct contradiction *proof)
{
    static const struct column columns[] = {
        { "author", "author", 0 },
        { "recipient", "recipient", 0 },
        { "size", "entries", 0 },
        { "cosigned_ms", "cosigned", COLUMN_TIME },
    };
    const struct note *notes[] = { &proof->first, &proof->second };
    struct records records = { 0 };
    for (size_t i = 0; i < 2; i++) {
        struct record *record =
            records_add(session->pool, &records, "checkpoint");
        record_put_text(session->pool, record, "author",
            pool_text(session->pool, notes[i]->origin.author.text));
        record_put_text(session->pool, record, "recipient",
            pool_text(session->pool, notes[i]->origin.recipient.text));
        record_put_number(
            session->pool, record, "size", (int64_t)notes[i]->size);
        if (notes[i]->has_cosignature)
            record_put_number(session->pool, record, "cosigned_ms",
                (int64_t)notes[i]->cosigned_s * 1000);
    }
    if (session->json)
        display_json_list(session, &records, "checkpoint");
    else
        display_table(session, &records, "checkpoint", columns,
            DISPLAY_COUNT(columns), "");
}

static enum exit_code judge(struct session *session, struct offline *offline,
    const struct contradiction *proof, const struct card *cards, size_t count)
{
    switch ((int)contradiction_convicts(offline->crypto, proof, cards, count)) {
    case ERR_NONE:
        show(session, proof);
        display_note(session,
            "It convicts %s: its log key signed two histories of one ledger.\n",
            proof->first.origin.author.text);
        return EXIT_CODE_DONE;
    case ERR_ADDRESS:
        return session_fail(session, EXIT_CODE_REFUSED,
            "give a card of the notes' author: --card CARD",
            "it is about %s, and no card is of that agency",
            proof->first.origin.author.text);
    case ERR_SIGNATURE:
        return session_fail(session, EXIT_CODE_REFUSED,
            "give the cards that the author had then, too: --card may repeat",
            "it proves nothing: a note is signed by no log key of these cards");
    default:
        return session_fail(session, EXIT_CODE_REFUSED,
            "ask for the file again: it may have been changed on its way",
            "it proves nothing: one tree may have both notes");
    }
}

static enum exit_code convict(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    struct contradiction *proof = arena_take(&offline->arena, sizeof *proof);
    struct card *cards;
    size_t count;
    const char *bytes;
    size_t size;
    enum exit_code code =
        cards_read(session, offline, arguments, &cards, &count);
    if (code == EXIT_CODE_DONE)
        code = file_read(session, arguments->values[0], CONTRADICTION_SIZE_MAX,
            &bytes, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    if (proof == NULL)
        return offline_fail(session, ERR_NO_MEMORY, "read the file");
    if (contradiction_parse(slice_of(bytes, size), proof) != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "give a file that `referctl ledger conflicts -o` or `ledger "
            "witness -o` wrote, unchanged",
            "the file is no contradiction (PROTOCOL.md section 15.1)");
    return judge(session, offline, proof, cards, count);
}

enum exit_code run_ledger_convict(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, convict);
}
