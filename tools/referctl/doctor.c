/* referctl doctor: what is wrong, and what to type about it. */
#include "referctl/doctor.h"

#include <string.h>

#include "referctl/command.h"
#include "referctl/display.h"
#include "referctl/words.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
/* Long enough to find the root key and sign again. */
#define SOON_MS (30 * DAY_MS)

const char *finding_level_name(enum finding_level level)
{
    static const char *const names[] = {
        [FINDING_OK] = "ok",
        [FINDING_WARNING] = "warning",
        [FINDING_PROBLEM] = "problem",
    };
    return names[level];
}

void doctor_find(struct doctor *doctor, enum finding_level level,
    const char *check, const char *subject, const char *remedy,
    const char *format, ...)
{
    struct pool *pool = doctor->session->pool;
    va_list list;
    va_start(list, format);
    const char *what = pool_format_list(pool, format, list);
    va_end(list);
    struct record *finding = records_add(pool, &doctor->findings, "finding");
    record_put_text(pool, finding, "level", finding_level_name(level));
    record_put_text(pool, finding, "check", check);
    record_put_text(pool, finding, "subject", subject);
    record_put_text(pool, finding, "what", what);
    record_put_text(pool, finding, "remedy", level == FINDING_OK ? "" : remedy);
    doctor->warning_count += level == FINDING_WARNING;
    doctor->problem_count += level == FINDING_PROBLEM;
}

void doctor_find_validity(struct doctor *doctor, const char *check,
    const char *subject, int64_t from_ms, int64_t until_ms, const char *remedy)
{
    int64_t now_ms = doctor->session->now_ms;
    char until[WORDS_TIME_SIZE];
    char from[WORDS_TIME_SIZE];
    (void)words_time(until_ms, until);
    (void)words_time(from_ms, from);
    if (now_ms >= until_ms)
        doctor_find(doctor, FINDING_PROBLEM, check, subject, remedy,
            "it ended on %s", until);
    else if (now_ms < from_ms)
        doctor_find(doctor, FINDING_PROBLEM, check, subject,
            "set the clock: timedatectl", "it begins only on %s", from);
    else if (until_ms - now_ms < SOON_MS)
        doctor_find(doctor, FINDING_WARNING, check, subject, remedy,
            "it ends on %s", until);
    else
        doctor_find(doctor, FINDING_OK, check, subject, "", "from %s until %s",
            from, until);
}

/* ---- Printing ----------------------------------------------------------- */

static void print_finding(struct session *session, const struct record *finding)
{
    static const struct column columns[] = {
        { "level", "", COLUMN_STATE },
        { "check", "", 0 },
        { "subject", "", 0 },
        { "what", "", 0 },
        { "remedy", "", 0 },
    };
    const char *cells[DISPLAY_COUNT(columns)];
    for (size_t i = 0; i < DISPLAY_COUNT(columns); i++)
        cells[i] = display_value(session, finding, &columns[i]);
    if (!session->is_terminal) {
        display_line(session, "%s\t%s\t%s\t%s\t%s\n", cells[0], cells[1],
            cells[2], cells[3], cells[4]);
        return;
    }
    display_line(session, "%s%-7s%s  %s%s%s: %s\n",
        display_colour(session, cells[0]), cells[0],
        session->has_colour ? "\033[0m" : "", cells[1],
        cells[2][0] == '\0' ? "" : " ", cells[2], cells[3]);
    if (cells[4][0] != '\0')
        display_line(session, "         remedy: %s\n", cells[4]);
}

static void print(struct doctor *doctor, bool problems_only)
{
    struct session *session = doctor->session;
    struct records shown = { 0 };
    for (size_t i = 0; i < doctor->findings.count; i++) {
        const struct record *finding = &doctor->findings.items[i];
        if (!problems_only || strcmp(record_text(finding, "level"), "ok") != 0)
            *records_add(session->pool, &shown, "finding") = *finding;
    }
    if (session->json) {
        display_json_list(session, &shown, "finding");
        return;
    }
    for (size_t i = 0; i < shown.count; i++)
        print_finding(session, &shown.items[i]);
    if (doctor->problem_count == 0)
        display_hint(session, "No problem, %zu warning%s.",
            doctor->warning_count, doctor->warning_count == 1 ? "" : "s");
}

enum exit_code run_doctor(
    struct session *session, const struct arguments *arguments)
{
    struct doctor doctor = { .session = session };
    enum exit_code code = offline_open(session, &doctor.offline);
    if (code == EXIT_CODE_DONE) {
        doctor_look_at_files(&doctor);
        doctor_look_at_keys(&doctor);
        if (!arguments_flag(arguments, "offline") &&
            doctor_look_at_gateway(&doctor))
            doctor_look_at_peers(&doctor);
        print(&doctor, arguments_flag(arguments, "problems"));
    }
    offline_close(&doctor.offline);
    if (code == EXIT_CODE_DONE && doctor.problem_count > 0)
        return session_fail(session, EXIT_CODE_REFUSED,
            "each of them says what to do; then: referctl doctor",
            "%zu problem%s, %zu warning%s", doctor.problem_count,
            doctor.problem_count == 1 ? "" : "s", doctor.warning_count,
            doctor.warning_count == 1 ? "" : "s");
    return code;
}
