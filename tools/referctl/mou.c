/* referctl mou check, offer, sign: how an agreement comes about. */
#include "referctl/mou.h"

#include <stdio.h>
#include <string.h>

#include "io/keys_file.h"
#include "io/yaml_mou.h"
#include "referctl/command.h"
#include "referctl/config.h"
#include "referctl/display.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

static enum exit_code load(struct session *session, struct offline *offline,
    const char *path, struct mou *mou)
{
    struct yaml_problem problem = { .file = "" };
    char text[YAML_PROBLEM_TEXT_SIZE];
    enum err err = yaml_mou_load(path, &offline->arena, mou, &problem);
    if (err == ERR_NONE)
        return EXIT_CODE_DONE;
    yaml_problem_format(&problem, text);
    return session_fail(session, EXIT_CODE_LOCAL,
        "mend the file, then: referctl mou check FILE", "%s", text);
}

enum exit_code run_mou_check(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct mou mou;
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = load(session, &offline, arguments->values[0], &mou);
    if (code == EXIT_CODE_DONE && session->json) {
        struct record result = { .type = "mou" };
        record_put_text(session->pool, &result, "urn",
            pool_copy(session->pool, mou.id.bytes, mou.id.size));
        record_put_text(session->pool, &result, "title",
            pool_copy(session->pool, mou.title.bytes, mou.title.size));
        record_put_number(session->pool, &result, "version", mou.version);
        record_put_flag(session->pool, &result, "sound", true);
        display_json_record(session, &result);
    } else if (code == EXIT_CODE_DONE) {
        mou_print(session, &mou);
        display_hint(session,
            "\nThe file is sound. Next: referctl mou offer %s --party "
            "NAME=AGENCY ...",
            arguments->values[0]);
    }
    offline_close(&offline);
    return code;
}

/* ---- offer -------------------------------------------------------------- */

/* Fills a party with the root key and id of that agency's card. */
static enum exit_code bind_party(struct session *session,
    struct offline *offline, const char *agency, struct mou_party *party)
{
    struct request request = { .operation = "card.show" };
    struct reply reply = { 0 };
    struct card card;
    const char *id = NULL;
    enum exit_code code = resolve_agency(session, agency, &id);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "agency", id);
    code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct record *record = records_first(&reply.records, "card");
    struct value data = { .type = VALUE_NONE };
    if (record != NULL)
        data = record_get(record, "data");
    code = offline_read_card(
        session, offline, slice_of(data.bytes, data.size), &card);
    if (code != EXIT_CODE_DONE)
        return code;
    if (strcmp(card.agency.text, id) != 0)
        return session_fail(session, EXIT_CODE_LOCAL,
            "referctl ledger verify; then look at the gateway's log",
            "the gateway gave the card of %s for %s", card.agency.text, id);
    party->agency = card.agency;
    memcpy(party->root_key, card.root_key, KEY_SIZE);
    return EXIT_CODE_DONE;
}

static struct mou_party *party_named(
    struct mou_party *parties, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(parties[i].id, name))
            return &parties[i];
    }
    return NULL;
}

static enum exit_code bind_all(struct session *session, struct offline *offline,
    const struct arguments *arguments, struct mou_party *parties, size_t count)
{
    const char *text;
    for (size_t i = 0;
         (text = arguments_option_at(arguments, "party", i)) != NULL; i++) {
        const char *name = NULL;
        const char *agency = NULL;
        if (!argument_split(session->pool, text, &name, &agency))
            return session_fail(session, EXIT_CODE_USAGE,
                "write --party NAME=AGENCY", "\"%s\" is not NAME=AGENCY", text);
        struct mou_party *party = party_named(parties, count, name);
        if (party == NULL)
            return session_fail(session, EXIT_CODE_USAGE,
                "use the ids under `parties:` of the file",
                "the agreement has no party \"%s\"", name);
        enum exit_code code = bind_party(session, offline, agency, party);
        if (code != EXIT_CODE_DONE)
            return code;
    }
    for (size_t i = 0; i < count; i++) {
        const char *id =
            pool_copy(session->pool, parties[i].id.bytes, parties[i].id.size);
        if (parties[i].agency.text[0] == '\0')
            return session_fail(session, EXIT_CODE_USAGE,
                pool_format(session->pool, "add --party %s=AGENCY", id),
                "which agency is the party \"%s\"?", id);
    }
    return EXIT_CODE_DONE;
}

/* The bytes everyone signs, of a file whose parties are now agencies. */
static enum exit_code bind_mou(struct session *session, struct offline *offline,
    const struct arguments *arguments, struct slice *bytes)
{
    struct mou mou;
    struct mou_problem problem = { .path = "" };
    enum exit_code code = load(session, offline, arguments->values[0], &mou);
    if (code != EXIT_CODE_DONE)
        return code;
    struct mou_party *parties =
        pool_take(session->pool, (mou.party_count + 1) * sizeof *parties);
    memcpy(parties, mou.parties, mou.party_count * sizeof *parties);
    code = bind_all(session, offline, arguments, parties, mou.party_count);
    if (code != EXIT_CODE_DONE)
        return code;
    mou.parties = parties;
    enum err err = mou_check(offline->crypto, &mou, true, &problem);
    if (err != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL, problem.remedy, "%s: %s",
            problem.path,
            problem.reason[0] != '\0' ? problem.reason : err_text(err));
    *bytes = mou_bytes(&mou, &offline->arena);
    return bytes->bytes != NULL
               ? EXIT_CODE_DONE
               : offline_fail(session, ERR_LIMIT, "write the agreement");
}

static void print_offered(struct session *session, const struct reply *reply)
{
    static const struct column columns[] = { { "id", "MOU", 0 },
        { "title", "title", 0 }, { "version", "version", 0 },
        { "state", "state", COLUMN_STATE } };
    const struct record *record = records_first(&reply->records, "mou");
    if (record == NULL)
        return;
    if (session->json) {
        display_json_record(session, record);
        return;
    }
    display_fields(session, record, columns, DISPLAY_COUNT(columns));
}

enum exit_code run_mou_offer(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct slice bytes = SLICE_NONE;
    struct reply reply = { 0 };
    struct request request = { .operation = "mou.offer" };
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = bind_mou(session, &offline, arguments, &bytes);
    if (code == EXIT_CODE_DONE) {
        record_put_data(
            session->pool, &request.fields, "data", bytes.bytes, bytes.size);
        code = session_ask(session, &request, &reply);
    }
    if (code == EXIT_CODE_DONE) {
        print_offered(session, &reply);
        display_hint(session,
            "\nEvery party signs: referctl mou sign MOU --keys DIR. It is in "
            "force when all have.");
    }
    offline_close(&offline);
    return code;
}

/* ---- sign --------------------------------------------------------------- */

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
    struct slice bytes = slice_of(data.bytes, data.size);
    mou_id_of(offline->crypto, bytes, &held->id);
    mou_id_format(&held->id, computed);
    if (record == NULL || strcmp(computed, id) != 0)
        return session_fail(session, EXIT_CODE_LOCAL,
            "look at the gateway's log; do not sign",
            "the gateway gave other bytes than those of the MOU %s", id);
    enum err err =
        mou_read(offline->crypto, bytes, &offline->arena, &held->mou, &problem);
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
    char line[16] = "";
    if (!session->has_keyboard || !session->is_terminal ||
        arguments_flag(arguments, "yes"))
        return EXIT_CODE_DONE;
    display_line(session, "\nSign this for %s with its root key? Type yes: ",
        words_printable(session->pool,
            pool_copy(session->pool, party->name.bytes, party->name.size)));
    (void)fflush(session->out);
    if (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "yes\n") == 0)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was signed");
}

static enum exit_code sign(struct session *session, struct offline *offline,
    const struct arguments *arguments, const struct held_mou *held,
    struct mou_signature *signature)
{
    const char *keys_dir = NULL;
    uint8_t root_key[KEY_SIZE];
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
    display_hint(
        session, "\nAll of it: referctl mou show %s", arguments->values[0]);
    code = confirm(session, arguments, party);
    if (code != EXIT_CODE_DONE)
        return code;
    code = offline_root_sign(session, keys_dir,
        arguments_option(arguments, "passphrase-file"),
        mou_statement(&held->id, &offline->arena), signature->signature,
        root_key);
    if (code == EXIT_CODE_DONE &&
        !mou_signature_holds(offline->crypto, &held->mou, &held->id, signature))
        return session_fail(session, EXIT_CODE_LOCAL,
            "use root.pem and root.pub of one agency: --keys DIR",
            "the root key in %s does not fit root.pub beside it", keys_dir);
    return code;
}

enum exit_code run_mou_sign(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct held_mou held = { 0 };
    struct mou_signature signature = { .signature = { 0 } };
    struct reply reply = { 0 };
    struct request request = { .operation = "mou.sign" };
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = mou_ask(session, &offline, arguments->values[0], &held);
    if (code == EXIT_CODE_DONE)
        code = sign(session, &offline, arguments, &held, &signature);
    if (code == EXIT_CODE_DONE) {
        char id[MOU_ID_TEXT_SIZE + 1];
        mou_id_format(&held.id, id);
        record_put_text(session->pool, &request.fields, "id", id);
        record_put_text(
            session->pool, &request.fields, "agency", signature.agency.text);
        record_put_data(session->pool, &request.fields, "signature",
            signature.signature, sizeof signature.signature);
        code = session_ask(session, &request, &reply);
    }
    if (code == EXIT_CODE_DONE)
        print_offered(session, &reply);
    offline_close(&offline);
    return code;
}
