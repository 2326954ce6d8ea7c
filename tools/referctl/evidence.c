/* referctl evidence: what proves a referral to strangers, made and judged. */
#include "referctl/command.h"

#include <string.h>

#include "core/limits.h"
#include "referctl/display.h"
#include "referctl/evidence.h"
#include "referctl/resolve.h"
#include "referctl/words.h"

/* What entries unfold into stays in scratch; answers, cards and findings of a
 * whole folder take a few megabytes. */
#define JUDGE_ARENA_SIZE (64u * 1024 * 1024)

enum exit_code evidence_judge_files(struct session *session,
    struct offline *offline, const struct evidence_files *files,
    struct arena *arena, struct evidence_report *report)
{
    *arena = (struct arena){ 0 };
    enum err err = arena_init(arena, JUDGE_ARENA_SIZE);
    if (err == ERR_NONE)
        err = evidence_verify(offline->crypto, files->items, files->count,
            arena, &offline->arena, report);
    return err == ERR_NONE ? EXIT_CODE_DONE
                           : offline_fail(session, err, "judge the files");
}

/* ---- What is shown ------------------------------------------------------- */

static void put_slice(struct session *session, struct record *record,
    const char *name, struct slice text)
{
    record_put_text(session->pool, record, name,
        text.size == 0 ? "" : pool_copy(session->pool, text.bytes, text.size));
}

static const char *name_of(struct session *session,
    const struct evidence_report *report, const struct agency_id *id)
{
    for (size_t i = 0; i < report->agency_count; i++) {
        struct slice name = report->agencies[i].name;
        if (agency_id_equal(&report->agencies[i].id, id))
            return pool_copy(session->pool, name.bytes, name.size);
    }
    return id->text;
}

static bool is_given(
    const struct arguments *arguments, const struct agency_id *id)
{
    const char *given;
    for (size_t i = 0;
         (given = arguments_option_at(arguments, "agency", i)) != NULL; i++)
        if (strcmp(given, id->text) == 0)
            return true;
    return false;
}

static void put_summary(struct session *session, struct offline *offline,
    const struct evidence_report *report, struct records *records)
{
    struct pool *pool = session->pool;
    struct record *record = records_add(pool, records, "evidence");
    char referral[UUID_URN_SIZE + 1];
    char mou[MOU_ID_TEXT_SIZE + 1];
    char number[SAFETY_NUMBER_SIZE];
    record_put_flag(pool, record, "verified", report->failure_count == 0);
    if (report->has_referral) {
        uuid_format(&report->referral, referral);
        record_put_text(pool, record, "referral", referral);
    }
    if (report->has_agreement) {
        mou_id_format(&report->agreement, mou);
        record_put_text(pool, record, "agreement", mou);
        put_slice(session, record, "title", report->agreement_title);
    }
    if (report->agency_count == 2) {
        safety_number(offline->crypto, &report->agencies[0].id,
            &report->agencies[1].id, number);
        record_put_text(pool, record, "safety_number", number);
    }
    record_put_number(pool, record, "failed", (int64_t)report->failure_count);
}

static void put_agencies(struct session *session,
    const struct arguments *arguments, const struct evidence_report *report,
    struct records *records)
{
    for (size_t i = 0; i < report->agency_count; i++) {
        const struct evidence_agency *agency = &report->agencies[i];
        struct record *record = records_add(session->pool, records, "agency");
        record_put_text(session->pool, record, "what", "agency");
        record_put_text(session->pool, record, "id", agency->id.text);
        put_slice(session, record, "name", agency->name);
        record_put_flag(
            session->pool, record, "given", is_given(arguments, &agency->id));
    }
}

static void put_event(struct session *session,
    const struct evidence_report *report, const struct evidence_event *event,
    struct records *records)
{
    struct pool *pool = session->pool;
    struct record *record = records_add(pool, records, "event");
    bool is_read = event->type != EVENT_NONE;
    record_put_text(pool, record, "what", "event");
    record_put_number(pool, record, "at_ms", event->at.unix_ms);
    bool is_notice = event->reason != ERASURE_NONE;
    record_put_text(pool, record, "step",
        event->is_erasure ? "erasure"
        : is_read         ? event_type_name(event->type)
                          : "");
    record_put_text(pool, record, "actor",
        is_read || is_notice ? actor_kind_name(event->actor) : "");
    if (is_notice) {
        record_put_text(
            pool, record, "reason", erasure_reason_name(event->reason));
        put_slice(session, record, "elements", event->elements);
    }
    record_put_text(
        pool, record, "by", name_of(session, report, &event->place.author));
    record_put_text(pool, record, "author", event->place.author.text);
    record_put_number(pool, record, "index", (int64_t)event->place.index);
    record_put_text(
        pool, record, "to", name_of(session, report, &event->recipient));
    record_put_text(pool, record, "recipient", event->recipient.text);
    record_put_number(
        pool, record, "received_ms", (int64_t)event->cosigned_s * 1000);
    record_put_flag(pool, record, "shown", event->is_shown);
    record_put_text(pool, record, "verdict",
        event->is_erasure ? evidence_erasure_name(event->verdict)
                          : evidence_verdict_name(event->verdict));
    if (event->verdict == EVIDENCE_UNANSWERED)
        return;
    record_put_number(pool, record, "answered_ms", event->answered.unix_ms);
    record_put_text(pool, record, "state",
        event->state == REFERRAL_UNKNOWN ? ""
                                         : referral_state_name(event->state));
    if (event->problem == PROBLEM_NONE)
        return;
    record_put_text(pool, record, "problem", problem_name(event->problem));
    put_slice(session, record, "clause", event->clause);
    put_slice(session, record, "remedy", event->remedy);
}

static void put_findings(struct session *session,
    const struct evidence_report *report, struct records *records)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct evidence_finding *finding = &report->findings[i];
        struct record *record = records_add(session->pool, records, "finding");
        record_put_text(session->pool, record, "what",
            finding->is_failure ? "fails" : "note");
        put_slice(session, record, "path", finding->path);
        record_put_text(session->pool, record, "why", finding->what);
        record_put_text(session->pool, record, "remedy", finding->remedy);
    }
}

/* What is missing among the events went by these. */
static void show_erasures(
    struct session *session, const struct records *records)
{
    char time[WORDS_TIME_SIZE];
    for (size_t i = 0; i < records->count; i++) {
        const struct record *event = &records->items[i];
        const char *reason = record_text(event, "reason");
        const char *elements = record_text(event, "elements");
        if (reason[0] != '\0')
            display_line(session, "erased on %s by %s (%s)%s%s; at %s: %s\n",
                words_time(record_number(event, "at_ms"), time),
                words_printable(session->pool, record_text(event, "by")),
                reason, elements[0] == '\0' ? "" : ": ",
                words_printable(session->pool, elements),
                words_printable(session->pool, record_text(event, "to")),
                record_text(event, "verdict"));
    }
}

static void show(struct session *session, const struct records *records)
{
    static const struct column summary[] = {
        { "referral", "referral", COLUMN_REFERRAL },
        { "agreement", "agreement", 0 },
        { "title", "title", 0 },
        { "safety_number", "safety number", 0 },
    };
    static const struct column agencies[] = {
        { "what", "", 0 },
        { "id", "id", 0 },
        { "name", "name", 0 },
        { "given", "as given", 0 },
    };
    static const struct column events[] = {
        { "what", "", 0 },
        { "at_ms", "time", COLUMN_TIME },
        { "step", "step", 0 },
        { "by", "by", 0 },
        { "to", "to", 0 },
        { "received_ms", "received before", COLUMN_TIME },
        { "shown", "shown", 0 },
        { "verdict", "verdict", COLUMN_STATE },
        { "problem", "problem", 0 },
        { "clause", "clause", 0 },
        { "remedy", "remedy", 0 },
    };
    static const struct column findings[] = {
        { "what", "", 0 },
        { "path", "file", 0 },
        { "why", "what is wrong", 0 },
    };
    const struct record *record = records_first(records, "evidence");
    if (session->json) {
        display_json_object(session, records, "evidence");
        return;
    }
    display_fields(session, record, summary, DISPLAY_COUNT(summary));
    display_table(session, records, "agency", agencies, DISPLAY_COUNT(agencies),
        "No card of any agency.");
    display_table(session, records, "event", events, DISPLAY_COUNT(events),
        "No event is proved.");
    show_erasures(session, records);
    if (records_first(records, "finding") != NULL)
        display_table(
            session, records, "finding", findings, DISPLAY_COUNT(findings), "");
}

static void show_report(struct session *session, struct offline *offline,
    const struct arguments *arguments, const struct evidence_report *report)
{
    struct records records = { 0 };
    put_summary(session, offline, report, &records);
    put_agencies(session, arguments, report, &records);
    for (size_t i = 0; i < report->event_count; i++)
        put_event(session, report, &report->events[i], &records);
    put_findings(session, report, &records);
    show(session, &records);
}

/* ---- verify -------------------------------------------------------------- */

/* Each --agency must be one of the two. */
static enum exit_code given_check(struct session *session,
    const struct arguments *arguments, const struct evidence_report *report)
{
    const char *given;
    size_t found = 0;
    for (size_t i = 0;
         (given = arguments_option_at(arguments, "agency", i)) != NULL; i++) {
        bool is_here = false;
        for (size_t k = 0; k < report->agency_count; k++)
            is_here |= strcmp(given, report->agencies[k].id.text) == 0;
        if (!is_here)
            return session_fail(session, EXIT_CODE_REFUSED,
                "compare the ids printed with those the agencies tell you",
                "no agency here has the id %s", given);
        found++;
    }
    if (found < report->agency_count)
        display_note(session,
            "Ids not given come from the files alone: ask each agency for its "
            "id, or both\nwhether their safety number is the one above, and "
            "give them with --agency ID.\n");
    return EXIT_CODE_DONE;
}

static enum exit_code conclude(struct session *session,
    const struct arguments *arguments, const struct evidence_report *report)
{
    if (report->failure_count > 0)
        return session_fail(session, EXIT_CODE_REFUSED,
            "ask whoever gave you the files for an unchanged copy",
            "%zu things in these files do not verify", report->failure_count);
    if (report->event_count == 0)
        return session_fail(session, EXIT_CODE_REFUSED,
            "ask for the whole folder", "these files prove no event");
    display_note(session,
        "Proved: each event was in the gateway of the agency in \"to\" before "
        "the time shown,\nand was answered as shown. Not proved: that a person "
        "read it.\n");
    return given_check(session, arguments, report);
}

enum exit_code run_evidence_verify(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    struct evidence_files files = { 0 };
    struct evidence_report report;
    struct arena arena = { 0 };
    enum exit_code code =
        evidence_folder_read(session, arguments->values[0], &files);
    if (code != EXIT_CODE_DONE)
        return code;
    code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = evidence_judge_files(session, &offline, &files, &arena, &report);
    if (code == EXIT_CODE_DONE) {
        show_report(session, &offline, arguments, &report);
        code = conclude(session, arguments, &report);
    }
    arena_release(&arena);
    offline_close(&offline);
    return code;
}

/* ---- export -------------------------------------------------------------- */

/* What is handed out verifies, or is not handed out. */
static enum exit_code judge_own(struct session *session,
    struct offline *offline, const struct evidence_draft *draft)
{
    struct evidence_report report;
    struct arena arena = { 0 };
    enum exit_code code =
        evidence_judge_files(session, offline, &draft->files, &arena, &report);
    if (code == EXIT_CODE_DONE && report.failure_count > 0)
        code = session_fail(session, EXIT_CODE_REFUSED,
            "keep the store as it is, and run: referctl ledger verify",
            "what the gateway holds does not verify: %s %s",
            pool_copy(session->pool, report.findings[0].path.bytes,
                report.findings[0].path.size),
            report.findings[0].what);
    arena_release(&arena);
    return code;
}

static enum exit_code export_to(struct session *session,
    struct offline *offline, const struct arguments *arguments,
    const char *folder)
{
    struct evidence_draft draft;
    const char *referral = NULL;
    bool with_content = !arguments_flag(arguments, "without-content");
    enum exit_code code =
        resolve_referral(session, arguments->values[0], &referral);
    if (code == EXIT_CODE_DONE)
        code =
            evidence_collect(session, offline, referral, with_content, &draft);
    if (code != EXIT_CODE_DONE)
        return code;
    if (draft.event_count == 0)
        return session_fail(session, EXIT_CODE_NOT_FOUND,
            "export again when it was delivered: referctl referral show",
            "nothing of this referral is co-signed by the other agency yet");
    code = judge_own(session, offline, &draft);
    if (code == EXIT_CODE_DONE)
        code = evidence_folder_write(session, folder, &draft.files);
    if (code != EXIT_CODE_DONE)
        return code;
    struct records records = { 0 };
    struct record *record = records_add(session->pool, &records, "evidence");
    static const struct column columns[] = { { "folder", "folder", 0 },
        { "events", "events", 0 }, { "early", "not co-signed yet", 0 } };
    record_put_text(session->pool, record, "folder", folder);
    record_put_number(
        session->pool, record, "events", (int64_t)draft.event_count);
    record_put_number(
        session->pool, record, "early", (int64_t)draft.early_count);
    if (session->json)
        display_json_record(session, record);
    else
        display_fields(session, record, columns, DISPLAY_COUNT(columns));
    if (with_content)
        display_note(session,
            "It says what was said about a person: for those alone who need "
            "to know.\n");
    return EXIT_CODE_DONE;
}

enum exit_code run_evidence_export(
    struct session *session, const struct arguments *arguments)
{
    struct offline offline;
    const char *folder = arguments_option(arguments, "output");
    if (folder == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "referctl evidence export REFERRAL -o FOLDER",
            "say where to: -o FOLDER, which must not exist yet");
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = export_to(session, &offline, arguments, folder);
    offline_close(&offline);
    return code;
}
