/* referctl mou sign: with the root key, here, by this user. */
#include "referctl/mou.h"

#include <string.h>

#include "io/keys_file.h"
#include "referctl/ask.h"
#include "referctl/command.h"
#include "referctl/config.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

const struct record *mou_answer(const struct reply *reply)
{
    static const struct record none = { .type = "mou" };
    const struct record *record = records_first(&reply->records, "mou");
    return record == NULL ? &none : record;
}

void mou_print_answer(struct session *session, const struct reply *reply)
{
    static const struct column columns[] = { { "id", "MOU", 0 },
        { "title", "title", 0 }, { "version", "version", 0 },
        { "state", "state", COLUMN_STATE } };
    const struct record *record = mou_answer(reply);
    if (session->json) {
        display_json_record(session, record);
        return;
    }
    display_fields(session, record, columns, DISPLAY_COUNT(columns));
}

enum exit_code mou_ask(struct session *session, struct offline *offline,
    const char *text, struct held_mou *held)
{
    struct request request = { .operation = "mou.show" };
    struct mou_problem problem = { .path = "" };
    const char *id = NULL;
    char computed[MOU_ID_TEXT_SIZE + 1];
    enum exit_code code = resolve_mou(session, text, &id);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "id", id);
    code = session_ask(session, &request, &held->reply);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct record *record = records_first(&held->reply.records, "mou");
    struct value data = { .type = VALUE_NONE };
    if (record != NULL)
        data = record_get(record, "data");
    held->bytes = slice_of(data.bytes, data.size);
    mou_id_of(offline->crypto, held->bytes, &held->id);
    mou_id_format(&held->id, computed);
    if (record == NULL || strcmp(computed, id) != 0)
        return session_fail(session, EXIT_CODE_LOCAL,
            "look at the gateway's log; do not sign",
            "the gateway gave other bytes than those of the MOU %s", id);
    enum err err = mou_read(
        offline->crypto, held->bytes, &offline->arena, &held->mou, &problem);
    if (err != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL, problem.remedy,
            "the MOU %s is not sound: %s %s", id, problem.path,
            problem.reason[0] != '\0' ? problem.reason : err_text(err));
    return EXIT_CODE_DONE;
}

/* --keys, else the keys of --config. */
static enum exit_code find_keys(struct session *session,
    const struct arguments *arguments, const char **keys_dir)
{
    struct config_paths paths = { 0 };
    const char *problem = NULL;
    *keys_dir = arguments_option(arguments, "keys");
    if (*keys_dir == NULL && session->config_path != NULL) {
        problem = config_read(session->pool, session->config_path, &paths);
        *keys_dir = paths.keys;
    }
    if (*keys_dir != NULL)
        return EXIT_CODE_DONE;
    return session_fail(session,
        problem != NULL ? EXIT_CODE_LOCAL : EXIT_CODE_USAGE,
        "say where root.pem is: --keys DIR", "%s",
        problem != NULL ? problem : "which root key is to sign?");
}

/* On a terminal people say yes first; scripts have said so by running it. */
static enum exit_code confirm(struct session *session,
    const struct arguments *arguments, const struct mou_party *party)
{
    if (!ask_is_possible(session) || arguments_flag(arguments, "yes"))
        return EXIT_CODE_DONE;
    display_line(session, "\nThis signs for %s with its root key. ",
        words_printable(session->pool,
            pool_copy(session->pool, party->name.bytes, party->name.size)));
    if (ask_yes(session, "Type yes: "))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was signed");
}

static enum exit_code sign(struct session *session, struct offline *offline,
    const struct arguments *arguments, const struct held_mou *held,
    struct mou_signature *signature)
{
    const char *keys_dir = NULL;
    char id[MOU_ID_TEXT_SIZE + 1];
    uint8_t root_key[KEY_SIZE];
    uint8_t statement[MOU_STATEMENT_SIZE];
    struct keys_problem problem = { .text = "" };
    enum exit_code code = find_keys(session, arguments, &keys_dir);
    if (code != EXIT_CODE_DONE)
        return code;
    if (root_public(keys_dir, root_key, &problem) != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "say where the root key is: --keys DIR", "%s", problem.text);
    agency_id_of(offline->crypto, root_key, &signature->agency);
    const struct mou_party *party =
        mou_party_of(&held->mou, &signature->agency);
    if (party == NULL)
        return session_fail(session, EXIT_CODE_REFUSED,
            "sign with the root key of one of its parties",
            "%s is no party of this agreement", signature->agency.text);
    if (!session->json)
        mou_print_head(session, &held->mou);
    mou_id_format(&held->id, id);
    display_hint(session, "\nAll of it: referctl mou show %.16s", id);
    code = confirm(session, arguments, party);
    if (code != EXIT_CODE_DONE)
        return code;
    mou_statement(&held->id, statement);
    code = offline_root_sign(session, keys_dir,
        arguments_option(arguments, "passphrase-file"), SLICE_ARRAY(statement),
        signature->signature, root_key);
    if (code == EXIT_CODE_DONE &&
        !mou_signature_holds(offline->crypto, &held->mou, &held->id, signature))
        return session_fail(session, EXIT_CODE_LOCAL,
            "use root.pem and root.pub of one agency: --keys DIR",
            "the root key in %s does not fit root.pub beside it", keys_dir);
    return code;
}

static enum exit_code sign_held(struct session *session,
    struct offline *offline, const struct arguments *arguments,
    const struct held_mou *held)
{
    struct mou_signature signature = { .signature = { 0 } };
    struct reply reply = { 0 };
    struct request request = { .operation = "mou.sign" };
    char id[MOU_ID_TEXT_SIZE + 1];
    enum exit_code code = sign(session, offline, arguments, held, &signature);
    if (code != EXIT_CODE_DONE)
        return code;
    mou_id_format(&held->id, id);
    record_put_text(session->pool, &request.fields, "id", id);
    record_put_text(
        session->pool, &request.fields, "agency", signature.agency.text);
    record_put_data(session->pool, &request.fields, "signature",
        signature.signature, sizeof signature.signature);
    code = session_ask(session, &request, &reply);
    if (code == EXIT_CODE_DONE)
        mou_print_answer(session, &reply);
    return code;
}

enum exit_code mou_sign(struct session *session, struct offline *offline,
    const struct arguments *arguments, const char *text)
{
    struct held_mou held = { 0 };
    enum exit_code code = mou_ask(session, offline, text, &held);
    return code == EXIT_CODE_DONE
               ? sign_held(session, offline, arguments, &held)
               : code;
}

/* ---- The one that a file says ------------------------------------------- */

/* The file's words under the agencies that the offer binds them to, as bytes:
 * those of the offer, if it says the same. */
static bool says_the_same(struct session *session, struct offline *offline,
    const struct mou *file, const struct held_mou *held)
{
    struct mou bound = *file;
    struct mou_party *parties =
        pool_take(session->pool, (file->party_count + 1) * sizeof *parties);
    memcpy(parties, file->parties, file->party_count * sizeof *parties);
    for (size_t i = 0; i < file->party_count; i++) {
        for (size_t k = 0; k < held->mou.party_count; k++) {
            const struct mou_party *party = &held->mou.parties[k];
            if (!slice_equal(parties[i].id, party->id))
                continue;
            parties[i].agency = party->agency;
            memcpy(parties[i].root_key, party->root_key, KEY_SIZE);
        }
    }
    bound.parties = parties;
    struct slice bytes = mou_bytes(&bound, &offline->arena);
    return bytes.bytes != NULL && slice_equal(bytes, held->bytes);
}

/* Among the offers of that name and version the one that is the file. */
static enum exit_code find_offer(struct session *session,
    struct offline *offline, const char *path, const struct mou *file,
    struct held_mou *held)
{
    struct request request = { .operation = "mou.list" };
    struct reply reply = { 0 };
    const char *other = NULL;
    enum exit_code code = session_ask(session, &request, &reply);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < reply.records.count; i++) {
        const struct record *mou = &reply.records.items[i];
        if (!record_is(mou, "mou") ||
            !slice_is(file->id, record_text(mou, "urn")) ||
            record_number(mou, "version") != (int64_t)file->version)
            continue;
        other = record_text(mou, "id");
        *held = (struct held_mou){ 0 };
        code = mou_ask(session, offline, other, held);
        if (code == EXIT_CODE_DONE &&
            says_the_same(session, offline, file, held))
            return EXIT_CODE_DONE;
    }
    if (code != EXIT_CODE_DONE)
        return code;
    if (other != NULL)
        return session_fail(session, EXIT_CODE_REFUSED,
            pool_format(session->pool,
                "do not sign before you know why: referctl mou show %.16s",
                other),
            "the agreement that was offered says something else than %s", path);
    return session_fail(session, EXIT_CODE_NOT_FOUND,
        "wait until it arrives (referctl mou list), or offer it: referctl mou "
        "offer FILE",
        "the agreement of %s has not been offered to this gateway", path);
}

static enum exit_code sign_file(struct session *session,
    struct offline *offline, const struct arguments *arguments,
    const char *path)
{
    struct mou file;
    struct held_mou held = { 0 };
    enum exit_code code = mou_load(session, offline, path, &file);
    if (code == EXIT_CODE_DONE)
        code = find_offer(session, offline, path, &file, &held);
    if (code == EXIT_CODE_DONE)
        display_hint(session, "What was offered is what %s says.\n",
            words_printable(session->pool, path));
    return code == EXIT_CODE_DONE
               ? sign_held(session, offline, arguments, &held)
               : code;
}

enum exit_code run_mou_sign(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    const char *text = arguments->values[0];
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE && arguments_option(arguments, "output") != NULL)
        code = mou_sign_paper(session, &offline, arguments);
    else if (code == EXIT_CODE_DONE)
        code = file_is_document(text)
                   ? sign_file(session, &offline, arguments, text)
                   : mou_sign(session, &offline, arguments, text);
    offline_close(&offline);
    return code;
}
