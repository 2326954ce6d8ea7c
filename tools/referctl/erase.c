/* referctl erase: what was said about a person goes, here and, as the other
 * agency decides, there. */
#include "referctl/command.h"

#include <inttypes.h>
#include <string.h>

#include "core/erasure_notice.h"
#include "referctl/ask.h"
#include "referctl/display.h"
#include "referctl/person.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

static const struct column columns[] = {
    { "id", "referral", COLUMN_REFERRAL },
    { "state", "state", COLUMN_STATE },
    { "contents", "contents", 0 },
    { "unsent", "unsent", 0 },
    { "notice", "notice", 0 },
};

/* What is to go: ids of referrals, and of each all or some elements. */
struct wish {
    struct records referrals;
    const char *reason;
    const char *elements; /* "a b c", or "" */
    const char *actor;    /* or NULL */
    bool is_asked;
};

static enum exit_code wish_read(struct session *session,
    const struct arguments *arguments, struct wish *wish)
{
    const char *code;
    wish->is_asked = arguments_flag(arguments, "dry-run");
    wish->reason = arguments_option(arguments, "reason");
    wish->actor = arguments_option(arguments, "actor");
    wish->elements = "";
    for (size_t i = 0;
         (code = arguments_option_at(arguments, "element", i)) != NULL; i++)
        wish->elements = pool_format(
            session->pool, "%s%s%s", wish->elements, i == 0 ? "" : " ", code);
    if (wish->reason == NULL && !wish->is_asked)
        return session_fail(session, EXIT_CODE_USAGE,
            "give --reason person_asked, retention_over, wrong_person or law; "
            "or --dry-run",
            "no reason was given");
    if (wish->reason != NULL &&
        erasure_reason_named(slice_of_text(wish->reason)) == ERASURE_NONE)
        return session_fail(session, EXIT_CODE_USAGE,
            "use person_asked, retention_over, wrong_person or law: why "
            "something is erased must say nothing about anybody",
            "no such reason: %s", words_printable(session->pool, wish->reason));
    return EXIT_CODE_DONE;
}

/* ---- Of whom ------------------------------------------------------------ */

static enum exit_code referrals_read(struct session *session,
    const struct arguments *arguments, struct wish *wish)
{
    const char *path = arguments_option(arguments, "pairwise");
    const char *id = NULL;
    if ((path != NULL) == (arguments->count > 0))
        return session_fail(session, EXIT_CODE_USAGE,
            "give the id of a referral, or --pairwise FILE",
            "it must be clear what to erase");
    if (path != NULL)
        return person_find(session, "erase.find", path, &wish->referrals);
    enum exit_code code = resolve_referral(session, arguments->values[0], &id);
    if (code == EXIT_CODE_DONE)
        record_put_text(session->pool,
            records_add(session->pool, &wish->referrals, "referral"), "id", id);
    return code;
}

/* ---- Done ---------------------------------------------------------------- */

static enum exit_code confirm(struct session *session,
    const struct arguments *arguments, const struct wish *wish)
{
    if (wish->is_asked || arguments_flag(arguments, "yes"))
        return EXIT_CODE_DONE;
    if (!ask_is_possible(session))
        return session_fail(session, EXIT_CODE_USAGE,
            "look with --dry-run, then give --yes", "nothing was erased");
    display_line(session,
        "Of %zu referral%s %s%s will be gone for good: no backup has it, and "
        "the other\nagency is told. ",
        wish->referrals.count, wish->referrals.count == 1 ? "" : "s",
        wish->elements[0] == '\0' ? "all that was said about the person"
                                  : "these elements: ",
        words_printable(session->pool, wish->elements));
    if (ask_yes(session, "Type yes: "))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was erased");
}

static enum exit_code erase_one(struct session *session,
    const struct wish *wish, const char *id, struct records *done)
{
    struct request request = { .operation = "erase" };
    struct reply reply = { 0 };
    record_put_text(session->pool, &request.fields, "id", id);
    if (wish->reason != NULL)
        record_put_text(session->pool, &request.fields, "reason", wish->reason);
    if (wish->elements[0] != '\0')
        record_put_text(
            session->pool, &request.fields, "elements", wish->elements);
    if (wish->actor != NULL)
        record_put_text(session->pool, &request.fields, "actor", wish->actor);
    if (wish->is_asked)
        record_put_flag(session->pool, &request.fields, "dry_run", true);
    enum exit_code code = session_ask(session, &request, &reply);
    const struct record *erasure = records_first(&reply.records, "erasure");
    if (code != EXIT_CODE_DONE || erasure == NULL)
        return code;
    struct record *copy = records_add(session->pool, done, "erasure");
    for (size_t i = 0; i < erasure->field_count; i++)
        record_put(session->pool, copy, erasure->fields[i].name,
            &erasure->fields[i].value);
    return code;
}

enum exit_code run_erase(
    struct session *session, const struct arguments *arguments)
{
    struct wish wish = { .is_asked = false };
    struct records done = { 0 };
    enum exit_code code = wish_read(session, arguments, &wish);
    if (code == EXIT_CODE_DONE)
        code = referrals_read(session, arguments, &wish);
    if (code == EXIT_CODE_DONE && wish.referrals.count == 0)
        return session_fail(session, EXIT_CODE_NOT_FOUND,
            "compare the id with the one in your own records",
            "nothing that is held names that person");
    if (code == EXIT_CODE_DONE)
        code = confirm(session, arguments, &wish);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < wish.referrals.count; i++)
        code = erase_one(
            session, &wish, record_text(&wish.referrals.items[i], "id"), &done);
    if (code != EXIT_CODE_DONE && done.count == 0)
        return code;
    if (session->json)
        display_json_list(session, &done, "erasure");
    else
        display_table(session, &done, "erasure", columns,
            DISPLAY_COUNT(columns), "Nothing was erased.");
    if (code == EXIT_CODE_DONE && wish.is_asked)
        display_hint(session, "\nNothing was erased: that was --dry-run.");
    else if (code == EXIT_CODE_DONE)
        display_hint(session,
            "\nWhat the other agency makes of it: referctl referral show "
            "REFERRAL");
    return code;
}
