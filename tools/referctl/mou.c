/* referctl mou check, offer: how an agreement comes about. */
#include "referctl/mou.h"

#include <string.h>

#include "io/yaml_mou.h"
#include "referctl/command.h"
#include "referctl/display.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

enum exit_code mou_load(struct session *session, struct offline *offline,
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
        code = mou_load(session, &offline, arguments->values[0], &mou);
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

/* The agency of exactly that name, ours or one whose card was accepted: only
 * of those someone compared the safety number. */
static enum exit_code bind_by_name(
    struct session *session, struct offline *offline, struct mou_party *party)
{
    struct pool *pool = session->pool;
    const char *name = pool_copy(pool, party->name.bytes, party->name.size);
    const char *id = pool_copy(pool, party->id.bytes, party->id.size);
    const char *agency = NULL;
    enum exit_code code = resolve_trusted_name(session, name, &agency);
    if (code == EXIT_CODE_DONE && agency == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            pool_format(pool, "add --party %s=AGENCY", id),
            "which agency is the party \"%s\"? None is called \"%s\"", id,
            name);
    return code == EXIT_CODE_DONE ? bind_party(session, offline, agency, party)
                                  : code;
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
    enum exit_code code = EXIT_CODE_DONE;
    for (size_t i = 0; i < count && code == EXIT_CODE_DONE; i++) {
        if (parties[i].agency.text[0] == '\0')
            code = bind_by_name(session, offline, &parties[i]);
    }
    return code;
}

/* The bytes everyone signs, of a file whose parties are now agencies. */
static enum exit_code bind_mou(struct session *session, struct offline *offline,
    const struct arguments *arguments, struct slice *bytes)
{
    struct mou mou;
    struct mou_problem problem = { .path = "" };
    enum exit_code code =
        mou_load(session, offline, arguments->values[0], &mou);
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

enum exit_code run_mou_offer(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct slice bytes = SLICE_NONE;
    struct reply reply = { 0 };
    struct request request = { .operation = "mou.offer" };
    bool signs = arguments_flag(arguments, "sign");
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = bind_mou(session, &offline, arguments, &bytes);
    if (code == EXIT_CODE_DONE) {
        record_put_data(
            session->pool, &request.fields, "data", bytes.bytes, bytes.size);
        code = session_ask(session, &request, &reply);
    }
    if (code == EXIT_CODE_DONE && signs)
        code = mou_sign(session, &offline, arguments,
            record_text(mou_answer(&reply), "id"));
    else if (code == EXIT_CODE_DONE)
        mou_print_answer(session, &reply);
    if (code == EXIT_CODE_DONE)
        display_hint(session,
            "\n%s: referctl mou sign MOU --keys DIR. It is in force when all "
            "have.",
            signs ? "The other parties sign" : "Every party signs");
    offline_close(&offline);
    return code;
}
