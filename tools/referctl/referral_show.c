/* referctl referral show: one referral's story, for a person to read. */
#include "referctl/command.h"

#include <inttypes.h>
#include <string.h>

#include "core/step.h"
#include "referctl/display.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

static const struct column referral_columns[] = {
    { "id", "referral", COLUMN_REFERRAL },
    { "state", "state", COLUMN_STATE },
    { "direction", "way", 0 },
    { "peer_name", "agency", 0 },
    { "peer", "agency id", 0 },
    { "service", "service", 0 },
    { "purpose", "purpose", 0 },
    { "urgency", "urgency", 0 },
    { "choice", "choice", 0 },
    { "ask_back", "may send back", 0 },
    { "reason_plain", "reason", 0 },
    { "consent_at_ms", "agreed", COLUMN_TIME },
    { "created_ms", "created", COLUMN_TIME },
    { "updated_ms", "updated", COLUMN_TIME },
    { "mou", "agreement", COLUMN_MOU },
    { "taken_ms", "they have it since", COLUMN_TIME },
    { "kept_until_ms", "ours kept until", COLUMN_TIME },
    { "let_go_ms", "ours was kept until", COLUMN_TIME },
    { "erased_ms", "erased", COLUMN_TIME },
    { "erased_by", "erased by", 0 },
    { "erased_reason", "because", 0 },
    { "erased_whole", "all of it", 0 },
    { "erasure_notice", "there it is", COLUMN_STATE },
};

/* Different from what somebody erased. */
static void print_hold(struct session *session, const struct record *referral)
{
    if (record_number(referral, "let_go_ms") > 0)
        display_hint(session,
            "\nWhat we said is gone from here: their programs had it, and the "
            "time of keeping\nis over. Hashes and proofs stay.");
}

static const char *shown(
    struct session *session, const struct record *record, const char *field)
{
    return words_printable(session->pool, record_text(record, field));
}

static void print_grants(struct session *session, const struct records *records)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct record *grant = &records->items[i];
        char until[WORDS_TIME_SIZE];
        if (!record_is(grant, "grant"))
            continue;
        display_line(session,
            session->is_terminal ? "agreed that %s may have: %s (for %s, until "
                                   "%s)\n"
                                 : "grant\t%s\t%s\t%s\t%s\n",
            shown(session, grant, "to"), shown(session, grant, "elements"),
            shown(session, grant, "purpose"),
            words_time(record_number(grant, "until_ms"), until));
    }
}

/* What was said about the person before the first event. */
static void print_elements(
    struct session *session, const struct records *records)
{
    bool is_first = true;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        if (record_is(record, "event"))
            return;
        if (!record_is(record, "element"))
            continue;
        if (is_first)
            display_hint(session, "\nAbout the person:");
        is_first = false;
        display_line(session,
            session->is_terminal ? "  %-22s  %s\n" : "element\t%s\t%s\n",
            shown(session, record, "code"), shown(session, record, "value"));
    }
}

static void print_refusal(struct session *session, const struct record *event)
{
    const char *problem = shown(session, event, "problem");
    const char *clause = shown(session, event, "clause");
    const char *remedy = shown(session, event, "remedy");
    if (problem[0] == '\0')
        return;
    if (!session->is_terminal) {
        display_line(session, "refusal\t%s\t%s\t%s\n", problem, clause, remedy);
        return;
    }
    display_line(session, "      refused: %s\n", problem);
    if (clause[0] != '\0')
        display_line(session, "      clause:  %s\n", clause);
    if (remedy[0] != '\0')
        display_line(session, "      remedy:  %s\n", remedy);
}

/* "staff, intake_nurse" of whoever acted; "" for gateways. */
static const char *actor_of(struct session *session, const struct record *event)
{
    const char *actor = shown(session, event, "actor");
    const char *role = shown(session, event, "role");
    if (role[0] == '\0')
        return actor;
    return pool_format(
        session->pool, "%s%s%s", actor, actor[0] == '\0' ? "" : ", ", role);
}

static void print_event(struct session *session, const struct record *event)
{
    char time[WORDS_TIME_SIZE];
    const char *step = shown(session, event, "step");
    const char *actor = actor_of(session, event);
    if (step[0] == '\0')
        step = shown(session, event, "type");
    (void)words_time(record_number(event, "at_ms"), time);
    if (!session->is_terminal)
        display_line(session, "event\t%s\t%s\t%s\t%s\t%s\t%s\n", time, step,
            shown(session, event, "by"), actor, shown(session, event, "state"),
            shown(session, event, "status"));
    else
        display_line(session, "  %s  %-16s %s%s%s%s  -> %s%s%s%s\n", time, step,
            shown(session, event, "by"), actor[0] == '\0' ? "" : " (", actor,
            actor[0] == '\0' ? "" : ")", shown(session, event, "state"),
            record_text(event, "status")[0] == '\0' ? "" : " [",
            shown(session, event, "status"),
            record_text(event, "status")[0] == '\0' ? "" : "]");
    print_refusal(session, event);
}

static void print_events(struct session *session, const struct records *records)
{
    bool has_event = false;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        bool is_detail = record_is(record, "detail");
        if (record_is(record, "event")) {
            if (!has_event)
                display_hint(session, "\nWhat happened:");
            has_event = true;
            print_event(session, record);
        } else if (has_event && (is_detail || record_is(record, "element"))) {
            display_line(session,
                session->is_terminal ? "      %s%s: %s\n" : "%s\t%s\t%s\n",
                session->is_terminal ? "" : record->type,
                shown(session, record, is_detail ? "name" : "code"),
                shown(session, record, "value"));
        }
    }
}

/* "offer=... or slot=..., [note=...]": what to give with a step. */
static const char *needs_of(struct session *session, const char *step)
{
    size_t count = 0;
    const struct step_detail *details =
        step_details(event_type_named(slice_of_text(step)), &count);
    const char *text = "";
    bool after_choice = false;
    for (size_t i = 0; i < count; i++) {
        bool is_choice = details[i].need == DETAIL_ONE_OF;
        bool is_free = details[i].need == DETAIL_OPTIONAL ||
                       details[i].need == DETAIL_CONDITIONAL;
        text = pool_format(session->pool, "%s%s%s%s=...%s", text,
            i == 0                      ? ""
            : is_choice && after_choice ? " or "
                                        : " ",
            is_free ? "[" : "", details[i].name, is_free ? "]" : "");
        after_choice = is_choice;
    }
    return text;
}

static void print_steps(struct session *session, const char *steps)
{
    const char *step;
    display_line(session, "\nSteps to take here now:\n");
    while ((step = words_next(session->pool, &steps)) != NULL)
        display_line(session, "  %-22s %s\n", step, needs_of(session, step));
}

static void print_next(struct session *session, const struct record *referral)
{
    const char *steps = shown(session, referral, "steps");
    int64_t pending = record_number(referral, "pending");
    if (!session->is_terminal) {
        display_line(
            session, "pending\t%" PRId64 "\nsteps\t%s\n", pending, steps);
        return;
    }
    if (pending > 0)
        display_line(session,
            "\n%" PRId64 " of these wait for the other agency's answer.\n",
            pending);
    if (steps[0] == '\0')
        return;
    print_steps(session, steps);
    /* 13 characters: the whole time in the id */
    display_line(session, "Take one: referctl referral act %.13s STEP ...\n",
        words_start_with(record_text(referral, "id"), "urn:uuid:")
            ? shown(session, referral, "id") + strlen("urn:uuid:")
            : shown(session, referral, "id"));
}

enum exit_code run_referral_show(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "get" };
    struct reply reply = { 0 };
    const char *id = NULL;
    enum exit_code code = resolve_referral(session, arguments->values[0], &id);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "id", id);
    code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    if (session->json) {
        display_json_object(session, &reply.records, "referral");
        return EXIT_CODE_DONE;
    }
    const struct record *referral = records_first(&reply.records, "referral");
    if (referral == NULL)
        return session_fail(session, EXIT_CODE_UNREACHABLE,
            "install referctl and referd of the same version",
            "the gateway's answer holds no referral");
    display_fields(
        session, referral, referral_columns, DISPLAY_COUNT(referral_columns));
    print_hold(session, referral);
    print_grants(session, &reply.records);
    print_elements(session, &reply.records);
    print_events(session, &reply.records);
    print_next(session, referral);
    return EXIT_CODE_DONE;
}
