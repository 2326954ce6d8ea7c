/* referctl referral send, explain: a referral from a file. */
#include "referctl/command.h"

#include "io/yaml_referral.h"
#include "referctl/display.h"
#include "referctl/key.h"
#include "referctl/offline.h"
#include "referctl/referral_file.h"
#include "referctl/referral_many.h"

static enum exit_code load(struct session *session, struct offline *offline,
    const char *path, struct referral_file *file)
{
    struct yaml_problem problem = { .file = "" };
    char text[YAML_PROBLEM_TEXT_SIZE];
    enum err err = yaml_referral_load(path, &offline->arena, file, &problem);
    if (err == ERR_NONE)
        return EXIT_CODE_DONE;
    yaml_problem_format(&problem, text);
    return session_fail(session, EXIT_CODE_LOCAL,
        "mend the file, then: referctl explain FILE", "%s", text);
}

/* The records of submit and explain, from the file and --to. */
static enum exit_code read_referral(struct session *session,
    const struct arguments *arguments, struct records *records)
{
    struct offline offline;
    struct referral_file file;
    struct referral_parties parties = { 0 };
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = load(session, &offline, arguments->values[0], &file);
    if (code == EXIT_CODE_DONE)
        code = referral_file_records(session, &file,
            arguments_option(arguments, "to"), &parties, records);
    offline_close(&offline);
    return code;
}

enum exit_code run_referral_send(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "submit" };
    struct reply reply = { 0 };
    const char *key = NULL;
    if (arguments_flag(arguments, "many"))
        return referral_many_send(session, arguments);
    enum exit_code code = key_choose(session, arguments, &key);
    if (code == EXIT_CODE_DONE)
        code = read_referral(session, arguments, &request.records);
    if (code != EXIT_CODE_DONE)
        return code;
    record_put_text(session->pool, &request.fields, "key", key);
    code = key_ask(session, &request, key, &reply);
    return code == EXIT_CODE_DONE ? key_print(session, &reply, key) : code;
}

enum exit_code run_explain(
    struct session *session, const struct arguments *arguments)
{
    static const struct column columns[] = {
        { "allowed", "allowed", 0 },
        { "problem", "problem", 0 },
        { "clause", "clause", 0 },
        { "remedy", "remedy", 0 },
        { "mou", "agreement", COLUMN_MOU },
    };
    struct request request = { .operation = "explain" };
    struct reply reply = { 0 };
    enum exit_code code = read_referral(session, arguments, &request.records);
    if (code == EXIT_CODE_DONE)
        code = session_ask(session, &request, &reply);
    if (code != EXIT_CODE_DONE)
        return code;
    const struct record *verdict = records_first(&reply.records, "verdict");
    if (verdict == NULL)
        return session_fail(session, EXIT_CODE_UNREACHABLE,
            "install referctl and referd of the same version",
            "the gateway's answer holds no verdict");
    if (session->json)
        display_json_record(session, verdict);
    else
        display_fields(session, verdict, columns, DISPLAY_COUNT(columns));
    return record_flag(verdict, "allowed") ? EXIT_CODE_DONE : EXIT_CODE_REFUSED;
}
