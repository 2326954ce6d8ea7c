#include "core/submission_read.h"

#include "core/limits.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool wrong(struct local_answer *answer, const char *where,
    const char *name, const char *remedy)
{
    char clause[VERDICT_TEXT_SIZE];
    (void)snprintf(clause, sizeof clause, "%s.%s", where, name);
    answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, clause, remedy);
    return false;
}

static const char *const type_remedies[] = {
    [LOCAL_TEXT] = "give it as text",
    [LOCAL_NUMBER] = "give it as a number",
    [LOCAL_DATA] = "give it as data",
    [LOCAL_FLAG] = "give it as a flag",
};

static const struct field_rule *rule_for(
    struct slice name, const struct field_rule *rules, size_t rule_count)
{
    for (size_t i = 0; i < rule_count; i++)
        if (slice_is(name, rules[i].name))
            return &rules[i];
    return NULL;
}

static bool is_unknown(
    struct local_answer *answer, const char *where, struct slice name)
{
    char clause[VERDICT_TEXT_SIZE];
    (void)snprintf(clause, sizeof clause, "%s.%.*s", where, (int)name.size,
        (const char *)name.bytes);
    answer_error(answer, ERR_INVALID, PROBLEM_UNKNOWN_FIELD, clause,
        "leave it out: the operation knows no such field");
    return false;
}

static bool is_wrong(struct local_answer *answer, const char *where,
    struct slice name, const char *remedy)
{
    char text[CODE_SIZE_MAX + 1];
    (void)snprintf(
        text, sizeof text, "%.*s", (int)name.size, (const char *)name.bytes);
    return wrong(answer, where, text, remedy);
}

bool fields_check(struct local_answer *answer, const char *where,
    const struct local_field *fields, size_t count,
    const struct field_rule *rules, size_t rule_count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice name = fields[i].name;
        const struct field_rule *rule = rule_for(name, rules, rule_count);
        if (rule == NULL)
            return is_unknown(answer, where, name);
        if (fields[i].type != rule->type)
            return is_wrong(answer, where, name, type_remedies[rule->type]);
    }
    for (size_t i = 0; i < rule_count; i++)
        if (rules[i].required &&
            local_field_get(fields, count, rules[i].name) == NULL)
            return wrong(answer, where, rules[i].name, "add it");
    return true;
}

struct slice field_text(
    const struct local_field *fields, size_t count, const char *name)
{
    const struct local_field *field = local_field_get(fields, count, name);
    return field == NULL ? SLICE_NONE : field->bytes;
}

int64_t field_number(const struct local_field *fields, size_t count,
    const char *name, int64_t absent)
{
    const struct local_field *field = local_field_get(fields, count, name);
    return field == NULL ? absent : field->number;
}

/* ---- Records ------------------------------------------------------------ */

static const struct field_rule element_rules[] = {
    { "code", LOCAL_TEXT, true },
    { "value", LOCAL_TEXT, true },
};

static const struct field_rule detail_rules[] = {
    { "name", LOCAL_TEXT, true },
    { "value", LOCAL_TEXT, true },
};

static const struct field_rule grant_rules[] = {
    { "to", LOCAL_TEXT, true },
    { "purpose", LOCAL_TEXT, true },
    { "elements", LOCAL_TEXT, true },
    { "until_ms", LOCAL_NUMBER, true },
};

/* Splits "a b c" into codes. */
static bool codes_read(struct work *work, struct slice text,
    const struct slice **codes, size_t *count)
{
    struct slice *list = arena_take_array(
        work->scratch, REFERRAL_ELEMENT_COUNT_MAX, sizeof *list);
    *count = 0;
    *codes = list;
    if (list == NULL)
        return false;
    for (size_t i = 0; i < text.size;) {
        size_t end = i;
        while (end < text.size && text.bytes[end] != ' ')
            end++;
        if (end == i || *count == REFERRAL_ELEMENT_COUNT_MAX)
            return false; /* two spaces, or one at an edge; or too many */
        list[(*count)++] = slice_of(text.bytes + i, end - i);
        if (end + 1 == text.size)
            return false;
        i = end + 1;
    }
    return true;
}

static bool grant_read(struct work *work, const struct local_record *record,
    struct grant *grant, struct local_answer *answer)
{
    const struct local_field *fields = record->fields;
    size_t count = record->field_count;
    if (!fields_check(
            answer, "grant", fields, count, grant_rules, COUNT(grant_rules)))
        return false;
    grant->purpose = field_text(fields, count, "purpose");
    grant->until.unix_ms = field_number(fields, count, "until_ms", 0);
    if (agency_id_parse(field_text(fields, count, "to"), &grant->to) !=
        ERR_NONE)
        return wrong(answer, "grant", "to", "give the agency's id");
    if (!codes_read(work, field_text(fields, count, "elements"),
            &grant->elements, &grant->element_count))
        return wrong(answer, "grant", "elements",
            "give up to 128 element codes with single spaces between them");
    return true;
}

static size_t count_records(
    const struct local_request *request, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < request->record_count; i++)
        count += slice_is(request->records[i].type, type);
    return count;
}

/* Records of one type as named values. */
static bool values_read(struct work *work, const struct local_request *request,
    const char *type, const struct field_rule *rules,
    const struct named_value **values, size_t *count,
    struct local_answer *answer)
{
    struct named_value *list = arena_take_array(
        work->scratch, count_records(request, type), sizeof *list);
    *count = 0;
    *values = list;
    if (list == NULL) {
        work_exhausted(work);
        return false;
    }
    for (size_t i = 0; i < request->record_count; i++) {
        const struct local_record *record = &request->records[i];
        if (!slice_is(record->type, type))
            continue;
        if (!fields_check(
                answer, type, record->fields, record->field_count, rules, 2))
            return false;
        list[(*count)++] = (struct named_value){
            field_text(record->fields, record->field_count, rules[0].name),
            field_text(record->fields, record->field_count, rules[1].name),
        };
    }
    return true;
}

static bool grants_read(struct work *work, const struct local_request *request,
    struct submitted *submitted, struct local_answer *answer)
{
    size_t count = count_records(request, "grant");
    if (count > REFERRAL_GRANT_COUNT_MAX)
        return wrong(answer, "records", "grant", "give no more than 32");
    struct grant *grants =
        arena_take_array(work->scratch, count, sizeof *grants);
    if (grants == NULL) {
        work_exhausted(work);
        return false;
    }
    submitted->request.grants = grants;
    for (size_t i = 0; i < request->record_count; i++)
        if (slice_is(request->records[i].type, "grant") &&
            !grant_read(work, &request->records[i],
                &grants[submitted->request.grant_count++], answer))
            return false;
    return true;
}

static bool types_check(struct local_answer *answer,
    const struct local_request *request, const char *const *types,
    size_t type_count)
{
    for (size_t i = 0; i < request->record_count; i++) {
        bool known = false;
        for (size_t k = 0; k < type_count; k++)
            known |= slice_is(request->records[i].type, types[k]);
        if (!known) {
            answer_error(answer, ERR_INVALID, PROBLEM_UNKNOWN_FIELD, "records",
                "leave out records that the operation does not know");
            return false;
        }
    }
    return true;
}

/* ---- A referral --------------------------------------------------------- */

static const struct field_rule referral_rules[] = {
    { "to", LOCAL_TEXT, true },
    { "service", LOCAL_TEXT, true },
    { "purpose", LOCAL_TEXT, true },
    { "urgency", LOCAL_TEXT, true },
    { "choice", LOCAL_TEXT, true },
    { "ask_back", LOCAL_TEXT, true },
    { "reason_plain", LOCAL_TEXT, true },
    { "consent_at_ms", LOCAL_NUMBER, true },
    { "mou", LOCAL_TEXT, false },
    { "thread", LOCAL_TEXT, false },
    { "parent", LOCAL_TEXT, false },
    { "hop", LOCAL_NUMBER, false },
    { "role", LOCAL_TEXT, false },
    { "id", LOCAL_TEXT, false },
};

static bool names_read(const struct local_record *record,
    struct referral_request *into, struct local_answer *answer)
{
    const struct local_field *fields = record->fields;
    size_t count = record->field_count;
    int urgency = urgency_named(field_text(fields, count, "urgency"));
    int choice = choice_named(field_text(fields, count, "choice"));
    int ask_back = ask_back_named(field_text(fields, count, "ask_back"));
    if (urgency == 0)
        return wrong(answer, "referral", "urgency",
            "use one of: immediate, same_day, soon, routine");
    if (choice == 0)
        return wrong(answer, "referral", "choice",
            "use one of: chosen, agreed, advised, required");
    if (ask_back == 0)
        return wrong(answer, "referral", "ask_back",
            "use one of: none, attended_only, outcome_code, short_note, full");
    into->urgency = (enum urgency)urgency;
    into->choice = (enum choice)choice;
    into->ask_back = (enum ask_back)ask_back;
    return true;
}

static bool uuid_read(const struct local_record *record, const char *name,
    bool *has, struct uuid *uuid, struct local_answer *answer)
{
    struct slice text = field_text(record->fields, record->field_count, name);
    *has = text.size > 0;
    if (*has && uuid_parse(text, uuid) != ERR_NONE)
        return wrong(answer, "referral", name, "give it as urn:uuid:...");
    return true;
}

static bool ids_read(const struct local_record *record,
    struct submitted *submitted, struct local_answer *answer)
{
    struct referral_request *request = &submitted->request;
    struct slice mou = field_text(record->fields, record->field_count, "mou");
    submitted->has_mou = mou.size > 0;
    if (submitted->has_mou &&
        mou_id_parse(mou, &submitted->event.mou) != ERR_NONE)
        return wrong(answer, "referral", "mou",
            "give the agreement's id as 64 hexadecimal digits");
    return uuid_read(record, "id", &submitted->has_id,
               &submitted->event.referral, answer) &&
           uuid_read(record, "thread", &submitted->has_thread, &request->thread,
               answer) &&
           uuid_read(record, "parent", &request->has_parent, &request->parent,
               answer);
}

static bool referral_read(const struct local_record *record,
    struct submitted *submitted, struct local_answer *answer)
{
    const struct local_field *fields = record->fields;
    size_t count = record->field_count;
    struct referral_request *request = &submitted->request;
    if (!fields_check(answer, "referral", fields, count, referral_rules,
            COUNT(referral_rules)))
        return false;
    int64_t hop = field_number(fields, count, "hop", 0);
    if (hop < 0 || hop > UINT32_MAX)
        return wrong(answer, "referral", "hop", "give a number from 0");
    submitted->to = field_text(fields, count, "to");
    submitted->event.role = field_text(fields, count, "role");
    request->service = field_text(fields, count, "service");
    request->purpose = field_text(fields, count, "purpose");
    request->reason_plain = field_text(fields, count, "reason_plain");
    request->hop = (uint32_t)hop;
    request->consent_at.unix_ms =
        field_number(fields, count, "consent_at_ms", 0);
    return names_read(record, request, answer) &&
           ids_read(record, submitted, answer);
}

bool submitted_read(struct work *work, const struct local_request *request,
    struct submitted *submitted, struct local_answer *answer)
{
    static const char *const types[] = { "referral", "element", "grant" };
    const struct local_record *referral = NULL;
    *submitted = (struct submitted){ 0 };
    if (!types_check(answer, request, types, COUNT(types)))
        return false;
    for (size_t i = 0; i < request->record_count; i++)
        if (slice_is(request->records[i].type, "referral"))
            referral = &request->records[i];
    if (referral == NULL || count_records(request, "referral") != 1)
        return wrong(answer, "records", "referral", "give exactly one");
    submitted->event.type = EVENT_SEND;
    submitted->event.actor = ACTOR_STAFF;
    submitted->event.request = &submitted->request;
    return referral_read(referral, submitted, answer) &&
           grants_read(work, request, submitted, answer) &&
           values_read(work, request, "element", element_rules,
               &submitted->event.elements, &submitted->event.element_count,
               answer);
}

/* ---- A step ------------------------------------------------------------- */

static const struct field_rule act_rules[] = {
    { "id", LOCAL_TEXT, true },
    { "step", LOCAL_TEXT, true },
    { "key", LOCAL_TEXT, true },
    { "actor", LOCAL_TEXT, false },
    { "role", LOCAL_TEXT, false },
};

bool step_read(struct work *work, const struct local_request *request,
    struct referral_event *event, struct local_answer *answer)
{
    static const char *const types[] = { "detail", "element" };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    *event = (struct referral_event){ 0 };
    if (!fields_check(
            answer, "act", fields, count, act_rules, COUNT(act_rules)) ||
        !types_check(answer, request, types, COUNT(types)))
        return false;
    struct slice actor = field_text(fields, count, "actor");
    event->type = event_type_named(field_text(fields, count, "step"));
    event->actor = actor.size == 0 ? ACTOR_STAFF
                                   : (enum actor_kind)actor_kind_named(actor);
    event->role = field_text(fields, count, "role");
    event->key = field_text(fields, count, "key");
    if (uuid_parse(field_text(fields, count, "id"), &event->referral) !=
        ERR_NONE)
        return wrong(answer, "act", "id", "give it as urn:uuid:...");
    if (event->type == EVENT_NONE || event->type == EVENT_SEND)
        return wrong(answer, "act", "step",
            "use one of the steps that referctl referral show lists");
    if (event->actor != ACTOR_STAFF && event->actor != ACTOR_PERSON &&
        event->actor != ACTOR_COMPANION)
        return wrong(
            answer, "act", "actor", "use one of: staff, person, companion");
    return values_read(work, request, "detail", detail_rules, &event->details,
               &event->detail_count, answer) &&
           values_read(work, request, "element", element_rules,
               &event->elements, &event->element_count, answer);
}
