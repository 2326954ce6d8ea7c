/* referctl revocation make, import: the end of a card. */
#include "referctl/command.h"

#include <string.h>

#include "base/text.h"
#include "core/armor.h"
#include "core/limits.h"
#include "core/note.h"
#include "core/revocation.h"
#include "io/keys_file.h"
#include "referctl/ask.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/offline.h"
#include "referctl/words.h"

#define FILE_SIZE_MAX (2 * CARD_SIZE_MAX)

/* ---- make ---- */

/* A ledger of the gateway as its newest cosigned note says it. */
static bool read_end(const struct record *ledger, struct ledger_end *end)
{
    struct note note;
    const char *text = record_text(ledger, "note");
    if (note_parse(slice_of_text(text), &note) != ERR_NONE ||
        !note.has_cosignature)
        return false;
    *end = (struct ledger_end){ .author = note.origin.author,
        .recipient = note.origin.recipient,
        .generation = note.origin.generation,
        .size = note.size };
    memcpy(end->root, note.root, HASH_SIZE);
    return true;
}

static enum exit_code read_ends(
    struct session *session, struct revocation *revocation)
{
    struct request request = { .operation = "ledger.list" };
    struct reply reply = { 0 };
    struct ledger_end *ends =
        pool_take(session->pool, REVOCATION_END_COUNT_MAX * sizeof *ends);
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    for (size_t i = 0; i < reply.records.count; i++)
        if (record_is(&reply.records.items[i], "ledger") &&
            revocation->end_count < REVOCATION_END_COUNT_MAX &&
            read_end(&reply.records.items[i], &ends[revocation->end_count]))
            revocation->end_count++;
    revocation->ends = ends;
    return EXIT_CODE_DONE;
}

static enum exit_code make(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    const char *output = arguments_option(arguments, "output");
    const char *keys = arguments_option(arguments, "keys");
    const char *reason = arguments_option(arguments, "reason");
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t root_key[KEY_SIZE];
    struct keys_problem problem = { .text = "" };
    if (output == NULL || keys == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl revocation make --keys DIR -o FILE", "it needs %s",
            keys == NULL ? "the folder with root.pem: --keys DIR"
                         : "a file to write: -o FILE");
    struct revocation revocation = {
        .issued = { session->now_ms },
        .reason = slice_of_text(reason == NULL ? "" : reason),
    };
    if (root_unlock(pool_format(session->pool, "%s/%s", keys, KEYS_ROOT_NAME),
            NULL, root_key, &problem) != ERR_NONE &&
        root_public(keys, root_key, &problem) != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "say where the root key is: --keys DIR", "%s", problem.text);
    agency_id_of(offline->crypto, root_key, &revocation.agency);
    enum exit_code code = read_ends(session, &revocation);
    if (code != EXIT_CODE_DONE)
        return code;
    struct slice bytes = revocation_bytes(&revocation, &offline->arena);
    if (bytes.bytes == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "give --reason as one line, and ask the gateway of that agency",
            "this makes no revocation");
    code = offline_root_sign(session, keys,
        arguments_option(arguments, "passphrase-file"),
        revocation_statement(bytes, &offline->arena), signature, root_key);
    if (code != EXIT_CODE_DONE)
        return code;
    struct slice text = armor_write(ARMOR_REVOCATION,
        revocation_assemble(bytes, signature, &offline->arena),
        &offline->arena);
    if (text.bytes == NULL)
        return offline_fail(session, ERR_LIMIT, "write it");
    code = file_write(session, output, text.bytes, text.size, 0600, false);
    if (code == EXIT_CODE_DONE)
        display_note(session,
            "Keep %s elsewhere, and delete it here: who has it can end this "
            "agency.",
            output);
    return code;
}

enum exit_code run_revocation_make(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, make);
}

/* ---- import ---- */

static enum exit_code confirm(struct session *session,
    const struct arguments *arguments, const struct agency_id *agency)
{
    if (!ask_is_possible(session) || arguments_flag(arguments, "yes"))
        return EXIT_CODE_DONE;
    display_line(session,
        "This ends the card of %s for good. Nothing of it will be\nbelieved "
        "any more, and there is no way back. ",
        agency->text);
    if (ask_yes(session, "Type yes: "))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was ended");
}

static void print(struct session *session, const struct reply *reply)
{
    static const struct column columns[] = { { "agency", "agency", 0 },
        { "own", "ours", 0 } };
    static const struct column peer_columns[] = { { "name", "name", 0 },
        { "state", "state", COLUMN_STATE }, { "returned", "returned", 0 },
        { "waiting", "waiting", 0 } };
    const struct record *revocation =
        records_first(&reply->records, "revocation");
    const struct record *peer = records_first(&reply->records, "peer");
    if (session->json) {
        display_json_object(session, &reply->records, "revocation");
        return;
    }
    if (revocation != NULL)
        display_fields(session, revocation, columns, DISPLAY_COUNT(columns));
    if (peer != NULL)
        display_fields(
            session, peer, peer_columns, DISPLAY_COUNT(peer_columns));
}

static enum exit_code import(struct session *session, struct offline *offline,
    const struct arguments *arguments)
{
    const char *text = NULL;
    size_t size = 0;
    struct slice bytes;
    struct agency_id agency;
    struct request request = { .operation = "revocation.import" };
    struct reply reply = { 0 };
    const char *path = arguments->values[0];
    enum exit_code code = file_read(session, path, FILE_SIZE_MAX, &text, &size);
    if (code != EXIT_CODE_DONE)
        return code;
    enum err err = armor_read(
        ARMOR_REVOCATION, slice_of(text, size), &offline->arena, &bytes);
    if (err == ERR_NONE)
        err = revocation_agency(bytes, &offline->arena, &agency);
    if (err != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "give the file that init or revocation make wrote, unchanged",
            "%s holds no whole revocation: %s",
            words_printable(session->pool, path), err_text(err));
    code = confirm(session, arguments, &agency);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_data(
        session->pool, &request.fields, "data", bytes.bytes, bytes.size);
    code = session_ask(session, &request, &reply);
    if (code == EXIT_CODE_DONE)
        print(session, &reply);
    return code;
}

enum exit_code run_revocation_import(
    struct session *session, const struct arguments *arguments)
{
    return offline_run(session, arguments, import);
}
