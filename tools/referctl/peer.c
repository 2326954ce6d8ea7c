/* referctl peer list, close, invite: the agencies we know. */
#include "referctl/command.h"

#include <inttypes.h>
#include <string.h>

#include "core/armor.h"
#include "core/limits.h"
#include "referctl/ask.h"
#include "referctl/card.h"
#include "referctl/display.h"
#include "referctl/file.h"
#include "referctl/offline.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

enum exit_code run_peer_list(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "agency", "agency", 0 },
        { "name", "name", 0 },
        { "state", "state", COLUMN_STATE },
        { "settled", "settled", 0 },
        { "queued", "queued", 0 },
        { "unanswered", "unanswered", 0 },
        { "last_heard_ms", "last heard", COLUMN_TIME },
        { "failing_since_ms", "failing since", COLUMN_TIME },
        { "next_try_ms", "next try", COLUMN_TIME },
        { "problem", "problem", 0 },
    };
    struct request request = { .operation = "peer.list" };
    struct reply reply = { 0 };
    (void)arguments;
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "peer");
    else
        display_table(session, &reply.records, "peer", columns,
            DISPLAY_COUNT(columns),
            "No other agency yet. Get the card of one: referctl card import "
            "FILE");
    return EXIT_CODE_DONE;
}

/* ---- close -------------------------------------------------------------- */

static enum exit_code confirm(
    struct session *session, const struct arguments *arguments)
{
    if (!ask_is_possible(session) || arguments_flag(arguments, "yes") ||
        arguments_flag(arguments, "reopen"))
        return EXIT_CODE_DONE;
    display_line(session,
        "Nothing will be sent to \"%s\" or taken from it any more, and what "
        "waits to be\nsent goes back to staff. ",
        words_printable(session->pool, arguments->values[0]));
    if (ask_yes(session, "Type yes: "))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_REFUSED,
        "run it again and type yes, or give --yes", "nothing was closed");
}

static void print_closing(struct session *session, const struct reply *reply)
{
    static const struct column peer_columns[] = {
        { "name", "agency", 0 },
        { "agency", "id", 0 },
        { "state", "state", COLUMN_STATE },
        { "returned", "returned", 0 },
        { "waiting", "waiting", 0 },
    };
    static const struct column columns[] = {
        { "id", "referral", COLUMN_REFERRAL },
        { "step", "step", 0 },
        { "state", "state", COLUMN_STATE },
        { "direction", "way", 0 },
        { "returned", "returned", 0 },
    };
    const struct record *peer = records_first(&reply->records, "peer");
    int64_t count =
        record_number(peer, "returned") + record_number(peer, "waiting");
    int64_t shown = (int64_t)records_count(&reply->records, "referral");
    display_fields(session, peer, peer_columns, DISPLAY_COUNT(peer_columns));
    if (count > 0)
        display_hint(session, "%s", "");
    display_table(session, &reply->records, "referral", columns,
        DISPLAY_COUNT(columns), "Nothing was waiting to be sent.");
    if (shown < count)
        display_note(session,
            "%" PRId64 " more are in the events: referctl feed follow",
            count - shown);
    if (record_number(peer, "returned") > 0)
        display_hint(session,
            "\nReturned ones were not sent and never will be: refer elsewhere, "
            "or call them off:\n  referctl referral act REFERRAL cancel "
            "reason=AGENCY_CANNOT_FOLLOW person_told=yes");
}

enum exit_code run_peer_close(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "peer.close" };
    struct reply reply = { 0 };
    const struct record *peer = NULL;
    const char *id = NULL;
    enum exit_code code = resolve_agency(session, arguments->values[0], &id);
    if (code == EXIT_CODE_DONE)
        code = confirm(session, arguments);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "agency", id);
    if (arguments_flag(arguments, "reopen"))
        record_put_flag(session->pool, &request.fields, "reopen", true);
    code = session_ask(session, &request, &reply);
    if (code == EXIT_CODE_DONE)
        code = card_expect(session, &reply, "peer", &peer);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_object(session, &reply.records, "peer");
    else
        print_closing(session, &reply);
    return EXIT_CODE_DONE;
}

/* ---- invite ------------------------------------------------------------- */

/* Our card as text, under the code: one file to give away. */
static enum exit_code write_invitation(
    struct session *session, const char *path, const struct record *invitation)
{
    struct offline offline;
    struct value data = record_get(invitation, "data");
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE) {
        struct slice card = armor_write(
            ARMOR_CARD, slice_of(data.bytes, data.size), &offline.arena);
        const char *text = pool_format(session->pool, "%s%s\n\n%.*s",
            OFFLINE_INVITATION, record_text(invitation, "code"), (int)card.size,
            (const char *)card.bytes);
        if (card.bytes == NULL)
            code = offline_fail(session, ERR_LIMIT, "write the card");
        else if (path == NULL)
            (void)fputs(text, session->out);
        else
            code = file_write(session, path, text, strlen(text), 0600, true);
    }
    offline_close(&offline);
    return code;
}

enum exit_code run_peer_invite(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "peer.invite" };
    struct reply reply = { 0 };
    const struct record *invitation = NULL;
    const char *hours = arguments_option(arguments, "hours");
    const char *output = arguments_option(arguments, "output");
    int64_t count = 0;
    char until[WORDS_TIME_SIZE];
    if (hours != NULL && !words_number(hours, 1, INVITATION_HOURS_MAX, &count))
        return session_fail(session, EXIT_CODE_USAGE,
            "give whole hours, such as --hours 72",
            "--hours takes a number from 1 to %u", INVITATION_HOURS_MAX);
    if (hours != NULL)
        record_put_number(session->pool, &request.fields, "hours", count);
    enum exit_code code = session_ask(session, &request, &reply);
    if (code == EXIT_CODE_DONE)
        code = card_expect(session, &reply, "invitation", &invitation);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_record(session, invitation);
        return EXIT_CODE_DONE;
    }
    code = write_invitation(session, output, invitation);
    if (code == EXIT_CODE_DONE && output != NULL)
        display_hint(session,
            "Wrote %s. It is for one agency, until %s. Give it to them; there: "
            "referctl card accept %s\nWhen they phone, read them your agency "
            "id: %s",
            words_printable(session->pool, output),
            words_time(record_number(invitation, "until_ms"), until),
            words_printable(session->pool, output),
            words_printable(session->pool, record_text(invitation, "agency")));
    return code;
}
