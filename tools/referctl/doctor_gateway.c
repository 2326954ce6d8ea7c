/* The gateway: does it answer, is it ready, do our own endpoints. */
#include "referctl/doctor.h"

#include <inttypes.h>
#include <string.h>

#include <refer/refer.h>

#include "core/limits.h"
#include "io/tls_probe.h"
#include "referctl/words.h"

/* Events that wait for a program: a day's work of a busy agency. */
#define BEHIND_COUNT_MAX 1000
/* Time to make room before STORE_INTAKE_PERCENT_MAX. */
#define STORE_PERCENT_SOON 60
#define HOST_SIZE 256
#define PORT_SIZE 6

static enum exit_code ask(
    struct doctor *doctor, const char *operation, struct reply *reply)
{
    struct request request = { .operation = operation };
    struct session *session = doctor->session;
    return session_ask_quietly(session, &request, session->timeout_ms, reply);
}

static void find_refusal(struct doctor *doctor, enum finding_level level,
    const char *subject, const struct reply *reply)
{
    doctor_find(doctor, level, "gateway", subject, reply->remedy, "%s",
        reply->message[0] != '\0' ? reply->message : "it refused");
}

static int64_t number_of(const struct records *records, const char *name)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        if (record_is(record, "number") &&
            strcmp(record_text(record, "name"), name) == 0)
            return record_number(record, "value");
    }
    return 0;
}

/* ---- Ready -------------------------------------------------------------- */

static bool look_at_health(struct doctor *doctor)
{
    struct reply reply = { 0 };
    if (ask(doctor, "health", &reply) != EXIT_CODE_DONE) {
        find_refusal(doctor, FINDING_PROBLEM, "", &reply);
        return false;
    }
    if (number_of(&reply.records, "ready") != 0) {
        doctor_find(doctor, FINDING_OK, "gateway", "", "", "it is ready");
        return true;
    }
    size_t count = doctor->problem_count;
    for (size_t i = 0; i < reply.records.count; i++) {
        const struct record *reason = &reply.records.items[i];
        if (record_is(reason, "reason"))
            doctor_find(doctor, FINDING_PROBLEM, "gateway", "",
                record_text(reason, "remedy"), "it is not ready: %s",
                record_text(reason, "code"));
    }
    if (doctor->problem_count == count)
        doctor_find(doctor, FINDING_PROBLEM, "gateway", "",
            "look at the gateway's log", "it is not ready");
    return true;
}

static void look_at_store(struct doctor *doctor, int64_t percent)
{
    static const char remedy[] =
        "raise map_size_mib in the configuration and restart the gateway";
    enum finding_level level = percent >= STORE_INTAKE_PERCENT_MAX
                                   ? FINDING_PROBLEM
                               : percent >= STORE_PERCENT_SOON ? FINDING_WARNING
                                                               : FINDING_OK;
    doctor_find(doctor, level, "store", "", remedy,
        "%" PRId64 " %% of it is used%s", percent,
        level == FINDING_PROBLEM ? ": new referrals are refused" : "");
}

static void look_at_damage(struct doctor *doctor, int64_t count)
{
    if (count > 0)
        doctor_find(doctor, FINDING_PROBLEM, "store", "",
            "look what it is, and whether it has come back by now: referctl "
            "store check; what others do not hold: RECOVERY in referd(8)",
            "%" PRId64 " of its rows are damaged", count);
}

/* Whom to call: the first contact on the agency's card, if there is one. */
static const char *contact_of(struct pool *pool, const struct records *records,
    size_t alarm, const char *remedy)
{
    const struct record *next =
        alarm + 1 < records->count ? &records->items[alarm + 1] : NULL;
    if (next == NULL || !record_is(next, "contact"))
        return remedy;
    return pool_format(pool, "%s (%s: %s, %s)", remedy,
        record_text(next, "role"), record_text(next, "name"),
        record_text(next, "phone"));
}

static void look_at_alarms(struct doctor *doctor, const struct records *records)
{
    struct pool *pool = doctor->session->pool;
    char time[WORDS_DURATION_SIZE];
    for (size_t i = 0; i < records->count; i++) {
        const struct record *alarm = &records->items[i];
        if (!record_is(alarm, "alarm"))
            continue;
        int64_t past_ms =
            doctor->session->now_ms - record_number(alarm, "since_ms");
        doctor_find(doctor, FINDING_PROBLEM, "alarm",
            record_text(alarm, "name"),
            contact_of(pool, records, i, record_text(alarm, "remedy")),
            "%s since %s", record_text(alarm, "code"),
            words_duration(past_ms < 0 ? 0 : past_ms, time));
    }
}

/* A store that is not the one that was worked with last. */
static void look_at_loss(struct doctor *doctor, const struct records *records)
{
    static const struct {
        const char *cause;
        const char *words;
    } causes[] = {
        { "shown", "an agency showed more than it holds" },
        { "older", "it is an older copy of the one that was used last" },
        { "restored", "it was put back from a backup" },
        { "unmarked", "there is no mark to compare it with" },
        { "gone", "it is new, and there was one before" },
    };
    const struct record *loss = records_first(records, "recovery");
    if (loss == NULL)
        return;
    const char *words = record_text(loss, "cause");
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (strcmp(words, causes[i].cause) == 0)
            words = causes[i].words;
    int64_t waiting = record_number(loss, "waiting");
    doctor_find(doctor, FINDING_WARNING, "store", "",
        record_text(loss, "remedy"),
        "%s; %" PRId64 " agenc%s yet to show what %s", words, waiting,
        waiting == 1 ? "y has" : "ies have",
        waiting == 1 ? "it holds" : "they hold");
}

static bool look_at_status(struct doctor *doctor)
{
    struct reply reply = { 0 };
    if (ask(doctor, "status", &reply) != EXIT_CODE_DONE) {
        find_refusal(doctor, FINDING_WARNING, "status", &reply);
        return false;
    }
    const struct record *gateway = records_first(&reply.records, "gateway");
    const char *version =
        gateway == NULL ? "" : record_text(gateway, "version");
    if (strcmp(version, refer_version_string()) != 0)
        doctor_find(doctor, FINDING_WARNING, "gateway", "version",
            "restart the gateway after an upgrade",
            "it is version %s, this program %s", version,
            refer_version_string());
    look_at_loss(doctor, &reply.records);
    look_at_store(doctor, number_of(&reply.records, "store_percent"));
    look_at_damage(doctor, number_of(&reply.records, "store_damaged"));
    look_at_alarms(doctor, &reply.records);
    return true;
}

/* ---- Our card and endpoints --------------------------------------------- */

static bool take_card(struct doctor *doctor)
{
    struct reply reply = { 0 };
    struct card_problem problem;
    if (ask(doctor, "card.show", &reply) != EXIT_CODE_DONE) {
        find_refusal(doctor, FINDING_WARNING, "card", &reply);
        return false;
    }
    const struct record *record = records_first(&reply.records, "card");
    struct card *card = arena_take(&doctor->offline.arena, sizeof *card);
    if (record == NULL || card == NULL)
        return false;
    struct value data = record_get(record, "data");
    if (data.type != VALUE_DATA ||
        card_read(doctor->offline.crypto, slice_of(data.bytes, data.size),
            &doctor->offline.arena, card, &problem) != ERR_NONE) {
        doctor_find(doctor, FINDING_PROBLEM, "gateway", "card",
            "look at the gateway's log", "what it calls its card is none");
        return false;
    }
    doctor->card = card;
    doctor->self = pool_text(doctor->session->pool, card->agency.text);
    return true;
}

static void compare_with_file(struct doctor *doctor)
{
    const struct card *file = doctor->card_file;
    if (file == NULL)
        return;
    if (!agency_id_equal(&file->agency, &doctor->card->agency))
        doctor_find(doctor, FINDING_PROBLEM, "card", "",
            "give the configuration of the gateway that is running",
            "the gateway is agency %s, the files are those of %s",
            doctor->card->agency.text, file->agency.text);
    else if (file->serial != doctor->card->serial)
        doctor_find(doctor, FINDING_WARNING, "card", "", "restart the gateway",
            "the gateway uses serial %" PRIu64 ", the file is serial %" PRIu64,
            doctor->card->serial, file->serial);
}

/* Where this machine listens for that port: an address to dial from here. */
static const char *local_url(
    struct doctor *doctor, const char *endpoint, bool *is_listened)
{
    char host[HOST_SIZE];
    char port[PORT_SIZE];
    char wanted[PORT_SIZE];
    *is_listened = false;
    if (tls_probe_url(endpoint, host, sizeof host, wanted, sizeof wanted) !=
        ERR_NONE)
        return endpoint;
    for (size_t i = 0; i < doctor->listen_count; i++) {
        const char *url = doctor->listen[i];
        if (tls_probe_url(url, host, sizeof host, port, sizeof port) !=
                ERR_NONE ||
            strcmp(port, wanted) != 0)
            continue;
        *is_listened = true;
        if (strcmp(host, "0.0.0.0") == 0)
            return pool_format(
                doctor->session->pool, "tls+tcp://127.0.0.1:%s", port);
        if (strcmp(host, "::") == 0)
            return pool_format(
                doctor->session->pool, "tls+tcp://[::1]:%s", port);
        return url;
    }
    return endpoint;
}

static void look_at_endpoint(struct doctor *doctor, const char *endpoint)
{
    bool is_listened = false;
    const char *url = local_url(doctor, endpoint, &is_listened);
    if (doctor->data != NULL && !is_listened)
        doctor_find(doctor, FINDING_WARNING, "endpoint", endpoint,
            "a router must forward that port to one of `listen`; else make a "
            "card with another endpoint",
            "the card names it, but no `listen` has its port");
    doctor_dial(doctor, "endpoint",
        strcmp(url, endpoint) == 0
            ? endpoint
            : pool_format(doctor->session->pool, "%s at %s", endpoint, url),
        url, doctor->card, NULL);
}

static void look_at_endpoints(struct doctor *doctor)
{
    const struct card *card = doctor->card;
    struct pool *pool = doctor->session->pool;
    if (card->endpoint_count == 0)
        doctor_find(doctor, FINDING_OK, "endpoint", "", "",
            "the card names none: this gateway only dials out");
    for (size_t i = 0; i < card->endpoint_count; i++)
        look_at_endpoint(doctor,
            pool_copy(pool, card->endpoints[i].bytes, card->endpoints[i].size));
}

/* ---- Who follows the events --------------------------------------------- */

static void look_at_cursors(struct doctor *doctor)
{
    struct reply reply = { 0 };
    struct pool *pool = doctor->session->pool;
    if (ask(doctor, "cursor.list", &reply) != EXIT_CODE_DONE)
        return; /* no right to: said before */
    for (size_t i = 0; i < reply.records.count; i++) {
        const struct record *cursor = &reply.records.items[i];
        const char *name = record_text(cursor, "name");
        int64_t behind =
            record_number(cursor, "head") - record_number(cursor, "position");
        if (!record_is(cursor, "cursor"))
            continue;
        doctor_find(doctor,
            behind > BEHIND_COUNT_MAX ? FINDING_WARNING : FINDING_OK, "events",
            name,
            pool_format(pool,
                "see whether the program that follows as %s runs; if there "
                "is none any more: referctl feed delete %s",
                name, name),
            "%" PRId64 " event%s not yet acknowledged", behind,
            behind == 1 ? "" : "s");
    }
}

bool doctor_look_at_gateway(struct doctor *doctor)
{
    if (!look_at_health(doctor) || !look_at_status(doctor) ||
        !take_card(doctor))
        return false;
    compare_with_file(doctor);
    look_at_endpoints(doctor);
    look_at_cursors(doctor);
    return true;
}
