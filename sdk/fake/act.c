#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/step.h"

#include <stdio.h>
#include <string.h>

/* act.c - whether a step may be taken, and says what it must. */

#define OUTCOME_CODE_RANK 2

static bool is_type(const struct sdk_record *record, const char *type)
{
    return strcmp(record->type, type) == 0;
}

static const char *detail(const struct sdk_records *records, const char *name)
{
    for (size_t i = 1; i < records->count; i++)
        if (is_type(&records->items[i], "detail") &&
            strcmp(sdk_record_text(&records->items[i], "name"), name) == 0)
            return sdk_record_text(&records->items[i], "value");
    return "";
}

char fake_party(const char *actor, bool is_referrer)
{
    if (strcmp(actor, "staff") == 0)
        return is_referrer ? 'S' : 'R';
    if (strcmp(actor, "person") == 0)
        return 'C';
    return strcmp(actor, "companion") == 0 ? 'N' : 0;
}

/* ---- Form -------------------------------------------------------------- */

bool fake_step_read(const struct sdk_records *records, struct sdk_reply *reply)
{
    static const struct fake_rule detail_rules[] = {
        { "name", SDK_FIELD_TEXT, true },
        { "value", SDK_FIELD_TEXT, true },
    };
    static const struct fake_rule element_rules[] = {
        { "code", SDK_FIELD_TEXT, true },
        { "value", SDK_FIELD_TEXT, true },
    };
    for (size_t i = 1; i < records->count; i++)
        if (!fake_list_has("detail element", records->items[i].type))
            return fake_refuse(reply, FAKE_ERR_INVALID, "UNKNOWN_FIELD",
                "records",
                "leave out records that the operation does not know");
    for (size_t i = 1; i < records->count; i++)
        if (!fake_fields_check(reply, records->items[i].type,
                &records->items[i],
                is_type(&records->items[i], "detail") ? detail_rules
                                                      : element_rules,
                2))
            return false;
    return true;
}

/* Names, none twice, and something said. */
static bool values_judge(const struct sdk_records *records, const char *type,
    const char *name_field, const char *where, struct sdk_reply *reply)
{
    size_t index = 0;
    for (size_t i = 1; i < records->count; i++) {
        const struct sdk_record *record = &records->items[i];
        if (!is_type(record, type))
            continue;
        const char *name = sdk_record_text(record, name_field);
        char clause[SDK_TEXT_SIZE];
        (void)snprintf(clause, sizeof clause, "%s[%zu]", where, index++);
        if (!sdk_text_is_code(name))
            return fake_judge_refuse(reply, "FORMAT", clause,
                "name it in lower-case letters, digits and _.-");
        for (size_t k = 1; k < i; k++)
            if (is_type(&records->items[k], type) &&
                strcmp(sdk_record_text(&records->items[k], name_field), name) ==
                    0)
                return fake_judge_refuse(
                    reply, "FORMAT", clause, "give each once");
        if (sdk_record_text(record, "value")[0] == 0)
            return fake_judge_refuse(
                reply, "FORMAT", clause, "give text, or leave it out");
    }
    return true;
}

/* ---- What must be said ------------------------------------------------- */

static bool refuse_detail(struct sdk_reply *reply, const char *problem,
    const char *name, const char *remedy)
{
    char clause[SDK_TEXT_SIZE];
    (void)snprintf(clause, sizeof clause, "details.%s", name);
    return fake_judge_refuse(reply, problem, clause, remedy);
}

static bool details_are_known(const char *step,
    const struct sdk_records *records, struct sdk_reply *reply)
{
    size_t index = 0;
    for (size_t i = 1; i < records->count; i++) {
        const struct sdk_record *record = &records->items[i];
        if (!is_type(record, "detail"))
            continue;
        const struct fake_detail *known =
            fake_step_detail_named(step, sdk_record_text(record, "name"));
        char clause[SDK_TEXT_SIZE];
        (void)snprintf(clause, sizeof clause, "details[%zu]", index++);
        if (known == NULL)
            return fake_judge_refuse(reply, "UNKNOWN_FIELD", clause,
                "remove it: the step does not take it");
        if (known->values != NULL &&
            !fake_list_has(known->values, sdk_record_text(record, "value")))
            return refuse_detail(
                reply, "GUARD", known->name, "choose one of its codes");
    }
    if (fake_step_takes_elements(step) ||
        sdk_records_count(records, "element") == 0)
        return true;
    return fake_judge_refuse(reply, "UNKNOWN_FIELD", "elements",
        "remove the elements: the step carries none");
}

static bool details_are_there(const char *step,
    const struct sdk_records *records, struct sdk_reply *reply)
{
    const struct fake_detail *row;
    for (size_t i = 0; (row = fake_step_detail(step, i)) != NULL; i++) {
        const struct fake_detail *next = fake_step_detail(step, i + 1);
        bool is_there = detail(records, row->name)[0] != 0;
        if (row->need == FAKE_REQUIRED && !is_there)
            return refuse_detail(reply, "GUARD", row->name, "add it");
        if (row->need != FAKE_ONE_OF || next == NULL ||
            next->need != FAKE_ONE_OF)
            continue;
        if (!is_there && detail(records, next->name)[0] == 0)
            return refuse_detail(
                reply, "GUARD", row->name, "add it, or the one beside it");
    }
    return true;
}

static bool details_may_go_back(const char *step, int ask_back,
    const struct sdk_records *records, struct sdk_reply *reply)
{
    for (size_t i = 1; i < records->count; i++) {
        if (!is_type(&records->items[i], "detail"))
            continue;
        const struct fake_detail *row = fake_step_detail_named(
            step, sdk_record_text(&records->items[i], "name"));
        if (row != NULL && row->back > ask_back)
            return refuse_detail(reply, "GUARD", row->name,
                "remove it: the person does not let it back");
    }
    return true;
}

/* What is more than presence. */
static bool guard(const struct fake_case *of, const char *step, char party,
    const struct sdk_records *records, int ask_back, struct sdk_reply *reply)
{
    bool has_elements = sdk_records_count(records, "element") > 0;
    if (strcmp(step, "opened") == 0 &&
        sdk_record_text(records->items, "role")[0] == 0)
        return fake_judge_refuse(reply, "GUARD", "role",
            "add role=... (whose role it is to decide)");
    if (strcmp(step, "answer") == 0 && !has_elements &&
        detail(records, "answer")[0] == 0)
        return refuse_detail(
            reply, "GUARD", "answer", "add it, or else elements");
    if (strcmp(step, "choose_time") == 0 && !of->has_offer)
        return fake_judge_refuse(reply, "GUARD", "offer",
            "wait until the receiving agency has made an offer");
    if (strcmp(step, "left_before_seen") == 0 && (party == 'R') &&
        detail(records, "offer")[0] == 0 && detail(records, "slot")[0] == 0)
        return refuse_detail(reply, "GUARD", "offer",
            "add it, or slot: whoever had to leave is owed a new offer");
    if (strcmp(step, "finish") == 0 && ask_back >= OUTCOME_CODE_RANK &&
        detail(records, "outcome")[0] == 0)
        return refuse_detail(reply, "GUARD", "outcome", "add it");
    if (strcmp(step, "cancel") == 0 &&
        strcmp(detail(records, "reason"), "PERSON_DIED") != 0 &&
        detail(records, "person_told")[0] == 0)
        return refuse_detail(
            reply, "GUARD", "person_told", "add it once the person was told");
    if (strcmp(step, "amend") == 0 && !has_elements)
        return fake_judge_refuse(
            reply, "GUARD", "elements", "add the elements that change");
    return true;
}

static bool state_judge(const struct fake_case *of, const char *step,
    char party, struct sdk_reply *reply, const char **next)
{
    refer_status status = fake_step_next(of->state, step, party, next);
    if (status == REFER_OK)
        return true;
    if (status == REFER_CONFLICT)
        return fake_judge_refuse_state(reply, of->state, step, party);
    return fake_judge_refuse_step(reply, "FORBIDDEN", of->state, step,
        "leave this step to the other agency, or say who acts");
}

bool fake_step_judge(const struct fake_case *of, const char *step, char party,
    const struct sdk_records *records, struct sdk_reply *reply,
    const char **next)
{
    int ask_back = of->is_erased ? 0
                                 : fake_ask_back_rank(sdk_record_text(
                                       of->request.items, "ask_back"));
    const char *role = sdk_record_text(records->items, "role");
    if (!state_judge(of, step, party, reply, next))
        return false;
    if (role[0] != 0 && !sdk_text_is_code(role))
        return fake_judge_refuse(reply, "FORMAT", "role",
            "write role in lower-case letters, digits and _.-, up to 64");
    if (!values_judge(records, "detail", "name", "details", reply) ||
        !values_judge(records, "element", "code", "elements", reply) ||
        !details_are_known(step, records, reply) ||
        !details_are_there(step, records, reply) ||
        !details_may_go_back(step, ask_back, records, reply) ||
        !guard(of, step, party, records, ask_back, reply))
        return false;
    if (!of->is_frozen || sdk_records_count(records, "element") == 0)
        return true;
    return fake_judge_refuse(reply, "CONSENT_MISSING", "consent",
        "leave out all elements: the person took consent back");
}
