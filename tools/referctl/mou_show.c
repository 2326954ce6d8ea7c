/* referctl mou list, mou show: the agreements the gateway holds. */
#include "referctl/command.h"

#include <inttypes.h>

#include "referctl/display.h"
#include "referctl/mou.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

static const char *shown(struct session *session, struct slice text)
{
    return words_printable(
        session->pool, pool_copy(session->pool, text.bytes, text.size));
}

static const char *list_of(
    struct session *session, const struct slice *items, size_t count)
{
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = pool_format(session->pool, "%s%s%s", list, i == 0 ? "" : ", ",
            shown(session, items[i]));
    return list[0] == '\0' ? "-" : list;
}

static void print_pathways(struct session *session, const struct mou *mou)
{
    display_line(session, "\nWho may refer whom, for what:\n");
    for (size_t i = 0; i < mou->pathway_count; i++) {
        const struct mou_pathway *pathway = &mou->pathways[i];
        const struct mou_service *service = mou_service_named(mou, pathway->to);
        display_line(session, "  %s -> %s %s for %s%s\n",
            shown(session, pathway->from),
            service == NULL ? "?" : shown(session, service->party),
            shown(session, pathway->to), shown(session, pathway->purpose),
            pathway->forward == MOU_FORWARD_WITH_CONSENT
                ? ", may be passed on with the person's agreement"
                : "");
    }
    display_line(session, "\nWhat may be said about the person:\n");
    for (size_t i = 0; i < mou->purpose_count; i++) {
        const struct mou_purpose *purpose = &mou->purposes[i];
        display_line(session, "  %s\n    must: %s\n    may:  %s\n",
            shown(session, purpose->purpose),
            list_of(session, purpose->required, purpose->required_count),
            list_of(session, purpose->allowed, purpose->allowed_count));
    }
    display_line(session, "  never: %s\n",
        list_of(session, mou->never_share, mou->never_share_count));
    if (mou->identifiers_days > 0)
        display_line(session,
            "  who the person is: erased %" PRIu32
            " days after a referral ended\n",
            mou->identifiers_days);
    if (mou->content_days > 0)
        display_line(session,
            "  all of it: erased %" PRIu32 " days after a referral ended\n",
            mou->content_days);
}

void mou_print_head(struct session *session, const struct mou *mou)
{
    char from[WORDS_TIME_SIZE];
    char until[WORDS_TIME_SIZE];
    display_line(session,
        "%s\n%s, version %" PRIu32
        ", from %s until %s, consent at most %" PRIu32 " days\n\nParties:\n",
        shown(session, mou->title), shown(session, mou->id), mou->version,
        words_time(mou->from.unix_ms, from),
        words_time(mou->until.unix_ms, until), mou->consent_days_max);
    for (size_t i = 0; i < mou->party_count; i++) {
        const struct mou_party *party = &mou->parties[i];
        display_line(session, "  %-12s %s%s%s\n", shown(session, party->id),
            shown(session, party->name),
            party->agency.text[0] == '\0' ? "" : "  ", party->agency.text);
    }
}

void mou_print(struct session *session, const struct mou *mou)
{
    mou_print_head(session, mou);
    display_line(session, "\nServices:\n");
    for (size_t i = 0; i < mou->service_count; i++) {
        const struct mou_service *service = &mou->services[i];
        display_line(session, "  %-16s %s: %s (%s%s%s )\n",
            shown(session, service->id), shown(session, service->party),
            shown(session, service->name), service->walk_in ? " walk-in" : "",
            service->booked ? " booked" : "",
            service->outreach ? " outreach" : "");
    }
    print_pathways(session, mou);
}

static const struct column mou_columns[] = {
    { "id", "MOU", COLUMN_MOU },
    { "title", "title", 0 },
    { "version", "version", 0 },
    { "state", "state", COLUMN_STATE },
    { "from_ms", "from", COLUMN_TIME },
    { "until_ms", "until", COLUMN_TIME },
    { "signed", "signed", 0 },
    { "required", "of", 0 },
};

enum exit_code run_mou_list(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "mou.list" };
    struct reply reply = { 0 };
    (void)arguments;
    enum exit_code code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json)
        display_json_list(session, &reply.records, "mou");
    else
        display_table(session, &reply.records, "mou", mou_columns,
            DISPLAY_COUNT(mou_columns),
            "No agreement yet: referctl mou offer FILE");
    return EXIT_CODE_DONE;
}

enum exit_code run_mou_show(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "party", "party", 0 },
        { "name", "name", 0 },
        { "agency", "agency", 0 },
        { "signed", "signed", 0 },
        { "in_force", "in force there", 0 },
    };
    struct offline offline;
    struct held_mou held = { 0 };
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = mou_ask(session, &offline, arguments->values[0], &held);
    if (code == EXIT_CODE_DONE && session->json) {
        display_json_object(session, &held.reply.records, "mou");
    } else if (code == EXIT_CODE_DONE) {
        const struct record *mou = records_first(&held.reply.records, "mou");
        display_fields(session, mou, mou_columns, DISPLAY_COUNT(mou_columns));
        if (record_number(mou, "rivals") > 0)
            display_line(session,
                "Another agreement has its URN and version: ask the parties "
                "which one they signed.\n");
        if (session->is_terminal) {
            display_line(session, "\n");
            mou_print(session, &held.mou);
            display_line(session, "\n");
        }
        display_table(session, &held.reply.records, "signature", columns,
            DISPLAY_COUNT(columns), "No signatures.");
    }
    offline_close(&offline);
    return code;
}
