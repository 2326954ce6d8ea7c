/* referctl referral send, explain: a referral from a file. */
#include "referctl/command.h"

#include <string.h>

#include "base/text.h"
#include "io/yaml_referral.h"
#include "referctl/display.h"
#include "referctl/key.h"
#include "referctl/offline.h"
#include "referctl/resolve.h"

/* Puts a text under a name, unless it is empty. */
static void put_slice(struct pool *pool, struct record *record,
    const char *name, struct slice text)
{
    if (text.size > 0)
        record_put_text(
            pool, record, name, pool_copy(pool, text.bytes, text.size));
}

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

static enum exit_code resolve_slice(
    struct session *session, struct slice text, const char **id)
{
    return resolve_party(
        session, pool_copy(session->pool, text.bytes, text.size), id);
}

static enum exit_code put_grants(struct session *session,
    const struct referral_file *file, struct records *records)
{
    struct pool *pool = session->pool;
    for (size_t i = 0; i < file->grant_count; i++) {
        const struct referral_file_grant *grant = &file->grants[i];
        const char *to = NULL;
        const char *elements = "";
        enum exit_code code = resolve_slice(session, grant->to, &to);
        if (code != EXIT_CODE_DONE)
            return code;
        for (size_t k = 0; k < grant->element_count; k++)
            elements = pool_format(pool, "%s%s%.*s", elements,
                k == 0 ? "" : " ", (int)grant->elements[k].size,
                (const char *)grant->elements[k].bytes);
        struct record *record = records_add(pool, records, "grant");
        record_put_text(pool, record, "to", to);
        put_slice(pool, record, "purpose", grant->purpose);
        record_put_text(pool, record, "elements", elements);
        record_put_number(pool, record, "until_ms", grant->until.unix_ms);
    }
    return EXIT_CODE_DONE;
}

static void put_optional(
    struct pool *pool, const struct referral_file *file, struct record *record)
{
    char text[MOU_ID_TEXT_SIZE + 1];
    if (file->has_mou) {
        mou_id_format(&file->mou, text);
        record_put_text(pool, record, "mou", text);
    }
    if (file->has_thread) {
        uuid_format(&file->thread, text);
        record_put_text(pool, record, "thread", text);
    }
    if (file->has_parent) {
        uuid_format(&file->parent, text);
        record_put_text(pool, record, "parent", text);
        record_put_number(pool, record, "hop", file->hop);
    }
}

static enum exit_code put_referral(struct session *session,
    const struct referral_file *file, const char *to, struct records *records)
{
    struct pool *pool = session->pool;
    struct record *record = records_add(pool, records, "referral");
    record_put_text(pool, record, "to", to);
    put_slice(pool, record, "service", file->service);
    put_slice(pool, record, "purpose", file->purpose);
    record_put_text(pool, record, "urgency", urgency_name(file->urgency));
    record_put_text(pool, record, "choice", choice_name(file->choice));
    record_put_text(pool, record, "ask_back", ask_back_name(file->ask_back));
    put_slice(pool, record, "reason_plain", file->reason_plain);
    record_put_number(pool, record, "consent_at_ms", file->consent_at.unix_ms);
    put_optional(pool, file, record);
    for (size_t i = 0; i < file->element_count; i++) {
        struct record *element = records_add(pool, records, "element");
        put_slice(pool, element, "code", file->elements[i].name);
        record_put_text(pool, element, "value",
            pool_copy(pool, file->elements[i].value.bytes,
                file->elements[i].value.size));
    }
    return put_grants(session, file, records);
}

/* The records of submit and explain, from the file and --to. */
static enum exit_code read_referral(struct session *session,
    const struct arguments *arguments, struct records *records)
{
    struct offline offline;
    struct referral_file file;
    const char *to = arguments_option(arguments, "to");
    enum exit_code code = offline_open(session, &offline);
    if (code == EXIT_CODE_DONE)
        code = load(session, &offline, arguments->values[0], &file);
    if (code == EXIT_CODE_DONE)
        code = to != NULL ? resolve_party(session, to, &to)
                          : resolve_slice(session, file.to, &to);
    if (code == EXIT_CODE_DONE)
        code = put_referral(session, &file, to, records);
    offline_close(&offline);
    return code;
}

enum exit_code run_referral_send(
    struct session *session, const struct arguments *arguments)
{
    struct request request = { .operation = "submit" };
    struct reply reply = { 0 };
    const char *key = NULL;
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
