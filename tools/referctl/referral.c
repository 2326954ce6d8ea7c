/* referctl referral list, act: the referrals of this gateway. */
#include "referctl/command.h"

#include <stdint.h>
#include <string.h>

#include "referctl/display.h"
#include "referctl/key.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

#define LIST_COUNT_MAX 100000

enum exit_code run_referral_list(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "id", "referral", COLUMN_REFERRAL },
        { "direction", "way", 0 },
        { "state", "state", COLUMN_STATE },
        { "peer_name", "agency", 0 },
        { "service", "service", 0 },
        { "urgency", "urgency", 0 },
        { "updated_ms", "updated", COLUMN_TIME },
    };
    struct record fields = { .type = "list" };
    struct records referrals = { 0 };
    bool is_cut = false;
    const char *state = arguments_option(arguments, "state");
    const char *peer = arguments_option(arguments, "peer");
    const char *direction = arguments_option(arguments, "direction");
    enum exit_code code = EXIT_CODE_DONE;
    if (state != NULL)
        record_put_text(session->pool, &fields, "state", state);
    if (direction != NULL)
        record_put_text(session->pool, &fields, "direction", direction);
    if (peer != NULL) {
        const char *id = NULL;
        code = resolve_agency(session, peer, &id);
        if (code != EXIT_CODE_DONE)
            return code;
        record_put_text(session->pool, &fields, "peer", id);
    }
    code = resolve_list_referrals(
        session, &fields, LIST_COUNT_MAX, &referrals, &is_cut);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &referrals, "referral");
    else
        display_table(session, &referrals, "referral", columns,
            DISPLAY_COUNT(columns), "No such referral here.");
    if (is_cut)
        return session_fail(session, EXIT_CODE_REFUSED,
            "narrow it: --state, --peer, --direction",
            "there are more than %d; the rest is not shown", LIST_COUNT_MAX);
    return EXIT_CODE_DONE;
}

/* NAME=VALUE arguments and --element CODE=VALUE as records. */
static enum exit_code put_details(struct session *session,
    const struct arguments *arguments, struct records *records)
{
    const char *name = NULL;
    const char *value = NULL;
    const char *text;
    for (size_t i = 2; i < arguments->count; i++) {
        if (!argument_split(session->pool, arguments->values[i], &name, &value))
            return session_fail(session, EXIT_CODE_USAGE,
                "write NAME=VALUE, with quotes around blanks",
                "\"%s\" is not NAME=VALUE", arguments->values[i]);
        struct record *record = records_add(session->pool, records, "detail");
        record_put_text(session->pool, record, "name", name);
        record_put_text(session->pool, record, "value", value);
    }
    for (size_t i = 0;
         (text = arguments_option_at(arguments, "element", i)) != NULL; i++) {
        if (!argument_split(session->pool, text, &name, &value))
            return session_fail(session, EXIT_CODE_USAGE,
                "write --element CODE=VALUE", "\"%s\" is not CODE=VALUE", text);
        struct record *record = records_add(session->pool, records, "element");
        record_put_text(session->pool, record, "code", name);
        record_put_text(session->pool, record, "value", value);
    }
    return EXIT_CODE_DONE;
}

enum exit_code run_referral_act(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "act" };
    struct reply reply = { 0 };
    const char *id = NULL;
    const char *key = NULL;
    const char *actor = arguments_option(arguments, "actor");
    const char *role = arguments_option(arguments, "role");
    enum exit_code code = put_details(session, arguments, &request.records);
    if (code == EXIT_CODE_DONE)
        code = key_choose(session, arguments, &key);
    if (code == EXIT_CODE_DONE)
        code = resolve_referral(session, arguments->values[0], &id);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "id", id);
    record_put_text(
        session->pool, &request.fields, "step", arguments->values[1]);
    record_put_text(session->pool, &request.fields, "key", key);
    if (actor != NULL)
        record_put_text(session->pool, &request.fields, "actor", actor);
    if (role != NULL)
        record_put_text(session->pool, &request.fields, "role", role);
    code = key_ask(session, &request, key, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    return key_print(session, &reply, key);
}
