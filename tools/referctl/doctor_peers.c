/* Each agency: the line both ways, its clock, the agreements with it. */
#include "referctl/doctor.h"

#include <inttypes.h>
#include <string.h>

#include "core/limits.h"
#include "core/note.h"
#include "referctl/agreements.h"
#include "referctl/words.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
/* A line is used at least so often: one that collects asks every 5 minutes,
 * but where nothing is told nothing is heard. */
#define HEARD_MS_MAX (7 * DAY_MS)
#define AGREEMENT_SOON_MS (30 * DAY_MS)

/* ---- Problems of a line, and what to do --------------------------------- */

static const struct {
    const char *code;
    const char *remedy;
} remedies[] = {
    { "unreachable",
        "ask them whether their gateway runs; see the endpoint's finding" },
    { "timeout", "ask them whether their gateway runs and has room" },
    { "wrong_key",
        "phone them: their endpoint has another key than their card. Then: "
        "referctl card import FILE, of a newer card" },
    { "not_accepted_yet", "ask them to accept our card: referctl card accept" },
    { "stranger", "ask them to accept our card: referctl card accept" },
    { "refused", "ask them to accept our card: referctl card accept" },
    { "closed",
        "phone them: they closed the line (referctl peer close), or a ledger "
        "is in conflict and they have to agree: referctl ledger renew" },
    { "no_sealing_key",
        "ask them to start their gateway: it must show new keys" },
    { "rekey", "ask them to look at their gateway's log, and set both clocks" },
    { "busy", "wait; if it stays so, ask them whether their store is full or "
              "damaged" },
    { "busy_here", "wait; if it stays so, restart this gateway" },
    { "store_full", "make room: referctl status, store_percent" },
    { "damaged_here",
        "words for them are damaged on this disk: referctl store check says of "
        "which referral; referctl erase it, and send it again" },
    { "conflict", "call their point person, then both: referctl ledger renew" },
    { "conflict_unproved",
        "call their point person: they say that we showed two histories" },
    { "author_shorter",
        "wait: they lost entries, and take them back from here" },
    { "recipient_shorter",
        "wait: they lost entries, and take them back from here" },
    { "generation",
        "was this store or theirs restored? Call their point person" },
    { "unproved",
        "was this store or theirs restored? Call their point person" },
};

static const char *remedy_of(const char *code)
{
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (strcmp(remedies[i].code, code) == 0)
            return remedies[i].remedy;
    }
    return "look at the gateway's log, and at theirs";
}

static void look_at_line(
    struct doctor *doctor, const struct record *peer, const char *name)
{
    int64_t now_ms = doctor->session->now_ms;
    int64_t since_ms = record_number(peer, "failing_since_ms");
    const char *problem = record_text(peer, "problem");
    const char *state = record_text(peer, "state");
    char time[WORDS_DURATION_SIZE];
    if (since_ms > 0 || strcmp(state, "failing") == 0)
        doctor_find(doctor, FINDING_PROBLEM, "line", name, remedy_of(problem),
            "it fails since %s: %s; %" PRId64 " entries wait",
            words_duration(since_ms > 0 ? now_ms - since_ms : -1, time),
            problem, record_number(peer, "queued"));
    else if (strcmp(state, "recovering") == 0)
        doctor_find(doctor, FINDING_WARNING, "line", name,
            "wait: what was lost here comes back from there",
            "recovering from %s: %" PRId64 " of %" PRId64 " entries", name,
            record_number(peer, "recovered"),
            record_number(peer, "to_recover"));
    else if (problem[0] != '\0' && strcmp(problem, "none") != 0)
        doctor_find(doctor, FINDING_PROBLEM, "line", name, remedy_of(problem),
            "its ledger stands still: %s", problem);
    else if (!record_flag(peer, "settled"))
        doctor_find(doctor, FINDING_WARNING, "line", name,
            "wait a minute, then: referctl doctor",
            "the two gateways have not yet agreed what each holds");
    else
        doctor_find(doctor, FINDING_OK, "line", name, "",
            "both gateways agree; %" PRId64 " entries queued, %" PRId64
            " unanswered",
            record_number(peer, "queued"), record_number(peer, "unanswered"));
}

static void look_at_hearing(
    struct doctor *doctor, const struct record *peer, const char *name)
{
    int64_t heard_ms = record_number(peer, "last_heard_ms");
    int64_t silent_ms = doctor->session->now_ms - heard_ms;
    char time[WORDS_DURATION_SIZE];
    if (heard_ms <= 0)
        doctor_find(doctor, FINDING_WARNING, "heard", name,
            "ask them to look: referctl doctor",
            "nothing since this gateway was started");
    else
        doctor_find(doctor,
            silent_ms > HEARD_MS_MAX ? FINDING_WARNING : FINDING_OK, "heard",
            name, "ask them to look: referctl doctor", "%s ago",
            words_duration(silent_ms < 0 ? 0 : silent_ms, time));
}

/* ---- Their card and endpoints ------------------------------------------- */

static const struct card *card_of(struct doctor *doctor, const char *agency)
{
    struct request request = { .operation = "card.show" };
    struct session *session = doctor->session;
    struct reply reply = { 0 };
    struct card_problem problem;
    record_put_text(session->pool, &request.fields, "agency", agency);
    if (session_ask_quietly(session, &request, session->timeout_ms, &reply) !=
        EXIT_CODE_DONE)
        return NULL;
    const struct record *record = records_first(&reply.records, "card");
    struct card *card = arena_take(&doctor->offline.arena, sizeof *card);
    if (record == NULL || card == NULL)
        return NULL;
    struct value data = record_get(record, "data");
    return data.type == VALUE_DATA &&
                   card_read(doctor->offline.crypto,
                       slice_of(data.bytes, data.size), &doctor->offline.arena,
                       card, &problem) == ERR_NONE
               ? card
               : NULL;
}

static void look_at_their_card(
    struct doctor *doctor, const char *agency, const char *name)
{
    struct pool *pool = doctor->session->pool;
    size_t used = doctor->offline.arena.used;
    const struct card *card = card_of(doctor, agency);
    if (card == NULL) {
        doctor_find(doctor, FINDING_PROBLEM, "card", name,
            "look at the gateway's log", "the gateway does not show it");
        return;
    }
    doctor_find_validity(doctor, "card", name, card->issued.unix_ms,
        card->valid_until.unix_ms, "ask them for a newer card");
    if (card->endpoint_count == 0 && doctor->card->endpoint_count == 0)
        doctor_find(doctor, FINDING_PROBLEM, "endpoint", name,
            "one of the two must listen: a card with an endpoint",
            "neither of us can dial the other");
    else if (card->endpoint_count == 0)
        doctor_find(doctor, FINDING_OK, "endpoint", name, "",
            "it has none: it dials us");
    for (size_t i = 0; i < card->endpoint_count; i++) {
        const char *url =
            pool_copy(pool, card->endpoints[i].bytes, card->endpoints[i].size);
        doctor_dial(doctor, "endpoint", pool_format(pool, "%s %s", name, url),
            url, card, name);
    }
    arena_rewind(&doctor->offline.arena, used);
}

/* ---- Clocks ------------------------------------------------------------- */

/* What they last signed for us bears their time. One that is ahead of ours
 * was either signed by a clock that is, or read by one that is behind. */
static void look_at_their_clocks(struct doctor *doctor)
{
    struct request request = { .operation = "ledger.list" };
    struct session *session = doctor->session;
    struct reply reply = { 0 };
    char time[WORDS_DURATION_SIZE];
    if (session_ask_quietly(session, &request, session->timeout_ms, &reply) !=
        EXIT_CODE_DONE)
        return;
    for (size_t i = 0; i < reply.records.count; i++) {
        const struct record *ledger = &reply.records.items[i];
        struct value text = record_get(ledger, "note");
        struct note note;
        if (!record_is(ledger, "ledger") ||
            strcmp(record_text(ledger, "direction"), "out") != 0 ||
            text.bytes == NULL ||
            note_parse(slice_of(text.bytes, text.size), &note) != ERR_NONE ||
            !note.has_cosignature ||
            note.cosigned_s > (uint64_t)INT64_MAX / 1000)
            continue;
        int64_t ahead_ms = (int64_t)note.cosigned_s * 1000 - session->now_ms;
        if (ahead_ms > (int64_t)CLOCK_SKEW_MS_MAX)
            doctor_find(doctor, FINDING_WARNING, "clock",
                record_text(ledger, "peer_name"),
                "compare both clocks with a third: timedatectl",
                "it signed at a time that is %s ahead of this clock",
                words_duration(ahead_ms, time));
    }
}

/* ---- Agreements --------------------------------------------------------- */

static const char *list_missing(struct pool *pool,
    const struct records *agreements, size_t index, const char *self,
    bool *is_ours)
{
    const char *names = "";
    *is_ours = false;
    for (size_t i = index + 1; i < agreements->count; i++) {
        const struct record *party = &agreements->items[i];
        if (record_is(party, "mou"))
            break;
        if (!record_is(party, "signature") || record_flag(party, "signed"))
            continue;
        if (strcmp(record_text(party, "agency"), self) == 0)
            *is_ours = true;
        names = pool_format(pool, "%s%s%s", names, names[0] == '\0' ? "" : ", ",
            record_text(party, "name"));
    }
    return names;
}

static bool is_known(const struct records *peers, const char *agency)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (record_is(&peers->items[i], "peer") &&
            strcmp(record_text(&peers->items[i], "agency"), agency) == 0)
            return true;
    }
    return false;
}

/* Parties whose cards are not here: members of a star need not know each
 * other; after a loss of the store, they are those still to be asked. */
static const char *list_strangers(struct doctor *doctor,
    const struct records *peers, const struct records *agreements, size_t index)
{
    struct pool *pool = doctor->session->pool;
    const char *names = "";
    for (size_t i = index + 1; i < agreements->count; i++) {
        const struct record *party = &agreements->items[i];
        const char *agency = record_text(party, "agency");
        if (record_is(party, "mou"))
            break;
        if (!record_is(party, "signature") ||
            strcmp(agency, doctor->self) == 0 || is_known(peers, agency))
            continue;
        names = pool_format(pool, "%s%s%s", names,
            names[0] == '\0' ? "; no card is here of " : ", ",
            record_text(party, "name"));
    }
    return names;
}

static void look_at_agreement(struct doctor *doctor,
    const struct records *peers, const struct records *agreements, size_t index)
{
    struct pool *pool = doctor->session->pool;
    const struct record *mou = &agreements->items[index];
    const char *id = pool_copy(pool, record_text(mou, "id"), 16);
    const char *state = record_text(mou, "state");
    int64_t left_ms = record_number(mou, "until_ms") - doctor->session->now_ms;
    bool is_ours = false;
    char time[WORDS_DURATION_SIZE];
    const char *missing =
        list_missing(pool, agreements, index, doctor->self, &is_ours);
    if (record_number(mou, "rivals") > 0)
        doctor_find(doctor, FINDING_WARNING, "agreement", id,
            "ask the parties which one they signed, and offer another version",
            "another agreement has its URN and version");
    if (strcmp(state, "offered") == 0)
        doctor_find(doctor, FINDING_WARNING, "agreement", id,
            is_ours ? pool_format(pool, "referctl mou sign %s --keys DIR", id)
                    : pool_format(
                          pool, "ask them to type: referctl mou sign %s", id),
            "it waits for the signature of %s", missing);
    else if (strcmp(state, "over") == 0)
        doctor_find(doctor, FINDING_WARNING, "agreement", id,
            "agree on a new version: referctl mou offer FILE",
            "its time is over");
    else if (strcmp(state, "in_force") == 0 && left_ms < AGREEMENT_SOON_MS)
        doctor_find(doctor, FINDING_WARNING, "agreement", id,
            "agree on a new version: referctl mou offer FILE", "it ends in %s",
            words_duration(left_ms, time));
    else
        doctor_find(doctor, FINDING_OK, "agreement", id, "", "%s: %s%s", state,
            record_text(mou, "title"),
            list_strangers(doctor, peers, agreements, index));
}

/* In force on both sides with that agency. */
static void look_at_agreements_with(struct doctor *doctor,
    const struct records *agreements, const char *agency, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < agreements->count; i++) {
        const struct record *there = agreement_party(agreements, i, agency);
        const struct record *mou = &agreements->items[i];
        if (there == NULL || strcmp(record_text(mou, "state"), "in_force") != 0)
            continue;
        if (record_flag(there, "in_force"))
            count++;
        else
            doctor_find(doctor, FINDING_WARNING, "agreement", name,
                "it comes into force when the line is up; see that",
                "%.16s is in force here, but not there",
                record_text(mou, "id"));
    }
    if (count == 0)
        doctor_find(doctor, FINDING_WARNING, "agreement", name,
            "referctl mou offer FILE --sign",
            "none is in force with it: nothing can be referred");
    else
        doctor_find(doctor, FINDING_OK, "agreement", name, "",
            "%zu in force on both sides", count);
}

/* ---- All ---------------------------------------------------------------- */

static void look_at_peer(struct doctor *doctor, const struct record *peer,
    const struct records *agreements)
{
    struct pool *pool = doctor->session->pool;
    const char *agency = record_text(peer, "agency");
    const char *name = record_text(peer, "name");
    const char *state = record_text(peer, "state");
    if (strcmp(state, "imported") == 0 || strcmp(state, "introduced") == 0 ||
        strcmp(state, "invited") == 0) {
        doctor_find(doctor, FINDING_WARNING, "agency", name,
            pool_format(pool, "referctl card accept %s", agency),
            "its card waits for an operator (%s)", state);
        return;
    }
    if (strcmp(state, "closed") == 0) {
        doctor_find(doctor, FINDING_OK, "agency", name, "",
            "an operator closed the line to it");
        return;
    }
    look_at_line(doctor, peer, name);
    look_at_hearing(doctor, peer, name);
    look_at_their_card(doctor, agency, name);
    look_at_agreements_with(doctor, agreements, agency, name);
}

void doctor_look_at_peers(struct doctor *doctor)
{
    struct request request = { .operation = "peer.list" };
    struct session *session = doctor->session;
    struct records agreements = { 0 };
    struct reply reply = { 0 };
    const char *self = NULL;
    if (session_ask_quietly(session, &request, session->timeout_ms, &reply) !=
            EXIT_CODE_DONE ||
        agreements_ask(session, &agreements, &self) != EXIT_CODE_DONE) {
        doctor_find(doctor, FINDING_WARNING, "gateway", "agencies",
            "give your user the right to read: `clients` in the configuration",
            "it does not say: %s", reply.message);
        return;
    }
    if (records_count(&reply.records, "peer") == 0)
        doctor_find(doctor, FINDING_WARNING, "agency", "",
            "referctl peer invite -o FILE; or: referctl card accept FILE",
            "none is known yet");
    for (size_t i = 0; i < reply.records.count; i++) {
        if (record_is(&reply.records.items[i], "peer"))
            look_at_peer(doctor, &reply.records.items[i], &agreements);
    }
    look_at_their_clocks(doctor);
    for (size_t i = 0; i < agreements.count; i++) {
        if (record_is(&agreements.items[i], "mou"))
            look_at_agreement(doctor, &reply.records, &agreements, i);
    }
}
