#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/step.h"

#include <stdio.h>
#include <string.h>

#include "sdk/memory.h"

/*
 * submit.c - a referral handed over. There is no agreement here: whatever the
 * person agreed to may go. The rest is judged as the gateway does.
 */

#define CLOCK_SKEW_MS_MAX (5 * 60 * 1000)
#define GRANT_COUNT_MAX 32u

bool fake_judge_refuse(struct sdk_reply *reply, const char *problem,
    const char *clause, const char *remedy)
{
    uint32_t error = FAKE_ERR_POLICY;
    if (strcmp(problem, "STATE") == 0)
        error = FAKE_ERR_STATE;
    else if (strcmp(problem, "FORBIDDEN") == 0)
        error = FAKE_ERR_FORBIDDEN;
    else if (fake_list_has("FORMAT UNKNOWN_FIELD GUARD", problem))
        error = FAKE_ERR_INVALID;
    return fake_refuse(reply, error, problem, clause, remedy);
}

bool fake_judge_refuse_step(struct sdk_reply *reply, const char *problem,
    const char *state, const char *step, const char *remedy)
{
    char clause[SDK_TEXT_SIZE];
    (void)snprintf(clause, sizeof clause, "state[%s].%s", state, step);
    return fake_judge_refuse(reply, problem, clause, remedy);
}

bool fake_judge_refuse_state(
    struct sdk_reply *reply, const char *state, const char *step, char party)
{
    char steps[SDK_TEXT_SIZE / 2];
    char remedy[SDK_TEXT_SIZE];
    fake_steps_print(
        state, (const char[]){ party, 0 }, ", ", steps, sizeof steps);
    (void)snprintf(remedy, sizeof remedy, "look at the referral again%s%s",
        steps[0] != 0 ? ", now these steps are possible: "
                      : ": no step of yours is left",
        steps);
    return fake_judge_refuse_step(reply, "STATE", state, step, remedy);
}

/* ---- Form -------------------------------------------------------------- */

/* clang-format off */
static const struct fake_rule referral_rules[] = {
    { "to", SDK_FIELD_TEXT, true },
    { "service", SDK_FIELD_TEXT, true },
    { "purpose", SDK_FIELD_TEXT, true },
    { "urgency", SDK_FIELD_TEXT, true },
    { "choice", SDK_FIELD_TEXT, true },
    { "ask_back", SDK_FIELD_TEXT, true },
    { "reason_plain", SDK_FIELD_TEXT, true },
    { "consent_at_ms", SDK_FIELD_NUMBER, true },
    { "mou", SDK_FIELD_TEXT, false },
    { "thread", SDK_FIELD_TEXT, false },
    { "parent", SDK_FIELD_TEXT, false },
    { "hop", SDK_FIELD_NUMBER, false },
    { "role", SDK_FIELD_TEXT, false },
    { "id", SDK_FIELD_TEXT, false },
};
static const struct fake_rule element_rules[] = {
    { "code", SDK_FIELD_TEXT, true },
    { "value", SDK_FIELD_TEXT, true },
};
static const struct fake_rule grant_rules[] = {
    { "to", SDK_FIELD_TEXT, true },
    { "purpose", SDK_FIELD_TEXT, true },
    { "elements", SDK_FIELD_TEXT, true },
    { "until_ms", SDK_FIELD_NUMBER, true },
};
static const struct {
    const char *field;
    const char *values;
    const char *remedy;
} choices[] = {
    { "urgency", "immediate same_day soon routine",
      "use one of: immediate, same_day, soon, routine" },
    { "choice", "chosen agreed advised required",
      "use one of: chosen, agreed, advised, required" },
    { "ask_back", "none attended_only outcome_code short_note full",
      "use one of: none, attended_only, outcome_code, short_note, full" },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_type(const struct sdk_record *record, const char *type)
{
    return strcmp(record->type, type) == 0;
}

static bool types_check(
    const struct sdk_records *records, struct sdk_reply *reply)
{
    for (size_t i = 1; i < records->count; i++)
        if (!fake_list_has("referral element grant", records->items[i].type))
            return fake_refuse(reply, FAKE_ERR_INVALID, "UNKNOWN_FIELD",
                "records",
                "leave out records that the operation does not know");
    return true;
}

static bool is_word_list(const char *text)
{
    size_t size = strlen(text);
    return size == 0 || (text[0] != ' ' && text[size - 1] != ' ' &&
                            strstr(text, "  ") == NULL);
}

static bool grant_check(
    const struct sdk_record *record, struct sdk_reply *reply)
{
    if (!fake_fields_check(
            reply, "grant", record, grant_rules, COUNT(grant_rules)))
        return false;
    if (!fake_is_agency(sdk_record_text(record, "to")))
        return fake_wrong(reply, "grant", "to", "give the agency's id");
    return is_word_list(sdk_record_text(record, "elements")) ||
           fake_wrong(reply, "grant", "elements",
               "give up to 128 element codes with single spaces between them");
}

static bool referral_check(
    const struct sdk_record *record, struct sdk_reply *reply)
{
    static const char *const ids[] = { "id", "thread", "parent" };
    if (!fake_fields_check(
            reply, "referral", record, referral_rules, COUNT(referral_rules)))
        return false;
    int64_t hop = fake_number(record, "hop", 0);
    if (hop < 0 || hop > UINT32_MAX)
        return fake_wrong(reply, "referral", "hop", "give a number from 0");
    for (size_t i = 0; i < COUNT(choices); i++)
        if (!fake_list_has(
                choices[i].values, sdk_record_text(record, choices[i].field)))
            return fake_wrong(
                reply, "referral", choices[i].field, choices[i].remedy);
    const char *mou = sdk_record_text(record, "mou");
    if (mou[0] != 0 &&
        (strlen(mou) != 64 || strspn(mou, "0123456789abcdef") != 64))
        return fake_wrong(reply, "referral", "mou",
            "give the agreement's id as 64 hexadecimal digits");
    for (size_t i = 0; i < COUNT(ids); i++) {
        char id[REFER_ID_SIZE];
        const char *text = sdk_record_text(record, ids[i]);
        if (text[0] != 0 && !fake_id_read(text, id))
            return fake_wrong(
                reply, "referral", ids[i], "give it as urn:uuid:...");
    }
    return true;
}

bool fake_submission_read(const struct sdk_records *records,
    struct sdk_reply *reply, const struct sdk_record **referral)
{
    *referral = sdk_records_at(records, "referral", 0);
    if (!types_check(records, reply))
        return false;
    if (sdk_records_count(records, "referral") != 1)
        return fake_wrong(reply, "records", "referral", "give exactly one");
    if (!referral_check(*referral, reply))
        return false;
    if (sdk_records_count(records, "grant") > GRANT_COUNT_MAX)
        return fake_wrong(reply, "records", "grant", "give no more than 32");
    for (size_t i = 1; i < records->count; i++)
        if (is_type(&records->items[i], "grant") &&
            !grant_check(&records->items[i], reply))
            return false;
    for (size_t i = 1; i < records->count; i++)
        if (is_type(&records->items[i], "element") &&
            !fake_fields_check(
                reply, "element", &records->items[i], element_rules, 2))
            return false;
    return true;
}

/* ---- Consent ----------------------------------------------------------- */

enum cover { COVER_NONE, COVER_ENDED, COVER_HOLDS };

/* What the grants say about one element; NULL: about the way as such. */
static enum cover cover_of(const struct sdk_records *records,
    const struct sdk_record *referral, const char *element)
{
    enum cover cover = COVER_NONE;
    for (size_t i = 1; i < records->count; i++) {
        const struct sdk_record *grant = &records->items[i];
        if (!is_type(grant, "grant") ||
            strcmp(sdk_record_text(grant, "to"),
                sdk_record_text(referral, "to")) != 0 ||
            strcmp(sdk_record_text(grant, "purpose"),
                sdk_record_text(referral, "purpose")) != 0)
            continue;
        if (element != NULL &&
            !fake_list_has(sdk_record_text(grant, "elements"), element))
            continue;
        if (fake_wall_ms() < sdk_record_number(grant, "until_ms"))
            return COVER_HOLDS;
        cover = COVER_ENDED;
    }
    return cover;
}

static bool consent_judge(const struct sdk_records *records,
    const struct sdk_record *referral, struct sdk_reply *reply)
{
    enum cover cover = cover_of(records, referral, NULL);
    if (cover != COVER_HOLDS)
        return fake_judge_refuse(reply,
            cover == COVER_ENDED ? "CONSENT_EXPIRED" : "CONSENT_MISSING",
            "consent.grants",
            cover == COVER_ENDED
                ? "the grant has ended: ask the person whether that agency "
                  "may know"
                : "ask the person whether that agency may know");
    for (size_t i = 1; i < records->count; i++) {
        const struct sdk_record *element = &records->items[i];
        if (!is_type(element, "element"))
            continue;
        cover = cover_of(records, referral, sdk_record_text(element, "code"));
        if (cover != COVER_HOLDS)
            return fake_judge_refuse(reply,
                cover == COVER_ENDED ? "CONSENT_EXPIRED" : "CONSENT_SCOPE",
                "consent.grants",
                "remove the element, or ask the person whether they may know "
                "it");
    }
    return true;
}

/* ---- What is said ------------------------------------------------------ */

static bool code_judge(const struct sdk_record *referral, const char *field,
    const char *clause, const char *remedy, struct sdk_reply *reply)
{
    const char *value = sdk_record_text(referral, field);
    return value[0] == 0 || sdk_text_is_code(value) ||
           fake_judge_refuse(reply, "FORMAT", clause, remedy);
}

static bool elements_judge(
    const struct sdk_records *records, struct sdk_reply *reply)
{
    size_t index = 0;
    for (size_t i = 1; i < records->count; i++) {
        const struct sdk_record *element = &records->items[i];
        if (!is_type(element, "element"))
            continue;
        const char *code = sdk_record_text(element, "code");
        bool is_code = sdk_text_is_code(code);
        bool is_twice = false;
        for (size_t k = 1; k < i; k++)
            is_twice = is_twice ||
                       (is_type(&records->items[k], "element") &&
                           strcmp(sdk_record_text(&records->items[k], "code"),
                               code) == 0);
        char clause[SDK_TEXT_SIZE];
        (void)snprintf(clause, sizeof clause, "elements[%zu]%s%s", index++,
            is_code ? "." : "", is_code ? code : "");
        if (!is_code)
            return fake_judge_refuse(reply, "UNKNOWN_FIELD", clause,
                "use a code of the element registry");
        if (is_twice || sdk_record_text(element, "value")[0] == 0)
            return fake_judge_refuse(
                reply, "FORMAT", clause, "give each element once, as text");
    }
    return true;
}

bool fake_submission_judge(const struct sdk_records *records,
    const struct sdk_record *referral, struct sdk_reply *reply)
{
    /* the gateway's order: form, then what must be there, then consent */
    if (!code_judge(referral, "role", "role",
            "write role in lower-case letters, digits and _.-, up to 64",
            reply) ||
        !code_judge(referral, "service", "request.service",
            "give the service's id", reply) ||
        !code_judge(referral, "purpose", "request.purpose",
            "give the purpose's code", reply))
        return false;
    int64_t given = sdk_record_number(referral, "consent_at_ms");
    if (given < 0)
        return fake_judge_refuse(reply, "FORMAT", "request.consent_at",
            "give a time between 1970 and 9999");
    if ((sdk_record_text(referral, "parent")[0] != 0) !=
        (fake_number(referral, "hop", 0) > 0))
        return fake_judge_refuse(reply, "FORMAT", "request.hop",
            "count hops from 0 for a referral without a parent");
    if (!elements_judge(records, reply))
        return false;
    static const char *const needed[] = { "service", "purpose",
        "reason_plain" };
    for (size_t i = 0; i < COUNT(needed); i++) {
        char clause[SDK_TEXT_SIZE];
        (void)snprintf(clause, sizeof clause, "request.%s", needed[i]);
        if (sdk_record_text(referral, needed[i])[0] == 0)
            return fake_judge_refuse(reply, "GUARD", clause, "add it");
    }
    if (given == 0)
        return fake_judge_refuse(reply, "GUARD", "request.consent_at",
            "add consent_at=... (when the person agreed)");
    if (given > fake_wall_ms() + CLOCK_SKEW_MS_MAX)
        return fake_judge_refuse(reply, "CLOCK_SKEW", "request.consent_at",
            "correct consent_at or the clock: it is still to come");
    return consent_judge(records, referral, reply);
}

/* ---- Operations -------------------------------------------------------- */

bool fake_explain(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    const struct sdk_record *referral;
    struct sdk_reply judged = { 0 };
    (void)fake;
    if (!fake_fields_check(reply, "explain", request->records.items, NULL, 0) ||
        !fake_submission_read(&request->records, reply, &referral))
        return true;
    if (!fake_is_agency(sdk_record_text(referral, "to"))) {
        (void)fake_refuse(reply, FAKE_ERR_NOT_FOUND, "", "referral.to",
            "give the id of an agency");
        return true;
    }
    bool is_allowed =
        fake_submission_judge(&request->records, referral, &judged);
    struct sdk_record *verdict = sdk_records_add(&reply->records, "verdict");
    refer_status status = verdict == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK)
        status = sdk_record_set_flag(verdict, "allowed", is_allowed);
    if (status == REFER_OK)
        status = sdk_record_set_text(
            verdict, "problem", is_allowed ? "NONE" : judged.problem);
    if (status == REFER_OK)
        status = sdk_record_set_text(verdict, "clause", judged.clause);
    if (status == REFER_OK)
        status = sdk_record_set_text(verdict, "remedy", judged.remedy);
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
    return true;
}
