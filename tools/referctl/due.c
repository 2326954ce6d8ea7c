/* referctl due: what waits for somebody to do something, longest first. */
#include "referctl/command.h"

#include <stdlib.h>
#include <string.h>

#include "referctl/display.h"
#include "referctl/resolve.h"
#include "referctl/turn.h"

#define DUE_COUNT_MAX 100000

/* Referrals with closed agencies go nowhere; some are back with us. */
static bool is_closed(const struct records *peers, const char *agency)
{
    for (size_t i = 0; i < peers->count; i++) {
        const struct record *peer = &peers->items[i];
        if (strcmp(record_text(peer, "agency"), agency) == 0)
            return strcmp(record_text(peer, "state"), "closed") == 0;
    }
    return false;
}

/* One that went back to staff waits for no answer. */
static enum exit_code ask_is_back(
    struct session *session, const char *id, bool *is_back)
{
    struct request request = { .operation = "get" };
    struct reply reply = { 0 };
    record_put_text(session->pool, &request.fields, "id", id);
    record_put_flag(session->pool, &request.fields, "content", false);
    enum exit_code code = session_ask(session, &request, &reply);
    const struct record *referral = records_first(&reply.records, "referral");
    *is_back = referral != NULL && record_number(referral, "pending") == 0;
    return code;
}

struct due {
    struct records ours;
    struct records theirs;
    struct records all; /* both, in this order */
};

static void add(struct session *session, struct records *records,
    const struct record *referral, const char *whose, const char *step)
{
    static const char *const copied[] = { "id", "state", "direction", "peer",
        "peer_name", "service", "urgency" };
    int64_t since_ms = record_number(referral, "updated_ms");
    struct record *row = records_add(session->pool, records, "due");
    record_put_text(session->pool, row, "whose", whose);
    record_put_text(session->pool, row, "step", step);
    for (size_t i = 0; i < DISPLAY_COUNT(copied); i++)
        record_put_text(
            session->pool, row, copied[i], record_text(referral, copied[i]));
    record_put_number(session->pool, row, "since_ms", since_ms);
    /* of a time before 1970 nobody waits longer than since then */
    int64_t begin_ms = since_ms > 0 ? since_ms : 0;
    record_put_number(session->pool, row, "waiting_ms",
        session->now_ms > begin_ms ? session->now_ms - begin_ms : 0);
}

static enum exit_code judge(struct session *session,
    const struct records *peers, const struct record *referral, struct due *due)
{
    const struct turn *turn = turn_of(record_text(referral, "state"));
    bool is_out = strcmp(record_text(referral, "direction"), "out") == 0;
    bool is_back = false;
    if (turn == NULL)
        return EXIT_CODE_DONE; /* it has ended */
    bool is_ours = turn->by_referrer == is_out;
    if (turn->by_gateway && is_closed(peers, record_text(referral, "peer"))) {
        enum exit_code code =
            ask_is_back(session, record_text(referral, "id"), &is_back);
        if (code != EXIT_CODE_DONE)
            return code;
    }
    if (is_back)
        add(session, &due->ours, referral, "us", "cancel");
    else if (is_ours && !turn->by_gateway)
        add(session, &due->ours, referral, "us", turn->step);
    else
        add(session, &due->theirs, referral, "them", turn->step);
    return EXIT_CODE_DONE;
}

static int by_age(const void *left, const void *right)
{
    const struct record *a = left;
    const struct record *b = right;
    int64_t since_a = record_number(a, "since_ms");
    int64_t since_b = record_number(b, "since_ms");
    if (since_a != since_b)
        return since_a < since_b ? -1 : 1;
    return strcmp(record_text(a, "id"), record_text(b, "id"));
}

static void put_in_order(
    struct session *session, struct records *records, struct records *all)
{
    if (records->count > 1)
        qsort(records->items, records->count, sizeof *records->items, by_age);
    for (size_t i = 0; i < records->count; i++)
        *records_add(session->pool, all, "due") = records->items[i];
}

static enum exit_code gather(
    struct session *session, const struct arguments *arguments, struct due *due)
{
    struct record fields = { .type = "list" };
    struct request list = { .operation = "peer.list" };
    struct records referrals = { 0 };
    struct reply peers = { 0 };
    const char *peer = arguments_option(arguments, "peer");
    const char *id = NULL;
    bool is_cut = false;
    enum exit_code code =
        peer == NULL ? EXIT_CODE_DONE : resolve_agency(session, peer, &id);
    if (code == EXIT_CODE_DONE)
        code = session_ask(session, &list, &peers);
    if (code != EXIT_CODE_DONE)
        return code;
    if (id != NULL)
        record_put_text(session->pool, &fields, "peer", id);
    code = resolve_list_referrals(
        session, &fields, DUE_COUNT_MAX, &referrals, &is_cut);
    for (size_t i = 0; code == EXIT_CODE_DONE && i < referrals.count; i++)
        code = judge(session, &peers.records, &referrals.items[i], due);
    if (code != EXIT_CODE_DONE)
        return code;
    put_in_order(session, &due->ours, &due->all);
    put_in_order(session, &due->theirs, &due->all);
    if (is_cut)
        return session_fail(session, EXIT_CODE_REFUSED,
            "narrow it: referctl due --peer AGENCY",
            "there are more than %d referrals", DUE_COUNT_MAX);
    return code;
}

enum exit_code run_due(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "whose", "whose", 0 },
        { "waiting_ms", "waits", COLUMN_DURATION },
        { "step", "next step", 0 },
        { "id", "referral", COLUMN_REFERRAL },
        { "state", "state", COLUMN_STATE },
        { "direction", "way", 0 },
        { "peer_name", "agency", 0 },
        { "service", "service", 0 },
        { "urgency", "urgency", 0 },
    };
    const size_t count = DISPLAY_COUNT(columns);
    struct due due = { .ours = { 0 } };
    enum exit_code code = gather(session, arguments, &due);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_list(session, &due.all, "due");
        return EXIT_CODE_DONE;
    }
    if (!session->is_terminal) {
        display_table(session, &due.all, "due", columns, count, "");
        return EXIT_CODE_DONE;
    }
    /* the headline says whose */
    display_line(session, "Waits for this agency:\n");
    display_table(session, &due.ours, "due", columns + 1, count - 1, "nothing");
    display_line(session, "\nWaits for others:\n");
    display_table(
        session, &due.theirs, "due", columns + 1, count - 1, "nothing");
    if (due.ours.count > 0)
        display_hint(session,
            "\nTake a step: referctl referral show REFERRAL says what it "
            "needs.");
    return EXIT_CODE_DONE;
}
