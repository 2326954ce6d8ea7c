#include "io/yaml_referral.h"

#include <stdio.h>

#include "base/text.h"
#include "core/element.h"
#include "core/likeness.h"
#include "io/yaml_copy.h"
#include "io/yaml_cyaml.h"

#define DAY_MS (24 * 60 * 60 * 1000)
#define INSTANT_SIZE_MAX 40

/* ---- As libcyaml loads it ---- */

struct raw_grant {
    char *to;
    char *purpose;
    char **elements;
    unsigned elements_count;
    char *until;
};

struct raw_element {
    char *code;
    char *value;
};

struct raw_consent {
    char *at;
    struct raw_grant *grants;
    unsigned grants_count;
};

struct raw_referral {
    char *to;
    char *service;
    char *purpose;
    uint32_t urgency;
    uint32_t choice;
    uint32_t ask_back;
    char *reason_plain;
    struct raw_consent consent;
    struct raw_element *elements;
    unsigned elements_count;
    char *mou;
    char *thread;
    char *parent;
    uint32_t hop;
};

/* clang-format off */

static const cyaml_strval_t urgencies[] = {
    { "immediate", URGENCY_IMMEDIATE }, { "same_day", URGENCY_SAME_DAY },
    { "soon", URGENCY_SOON },           { "routine", URGENCY_ROUTINE },
};

static const cyaml_strval_t choices[] = {
    { "chosen", CHOICE_CHOSEN },   { "agreed", CHOICE_AGREED },
    { "advised", CHOICE_ADVISED }, { "required", CHOICE_REQUIRED },
};

static const cyaml_strval_t ask_backs[] = {
    { "none", ASK_BACK_NONE },
    { "attended_only", ASK_BACK_ATTENDED_ONLY },
    { "outcome_code", ASK_BACK_OUTCOME_CODE },
    { "short_note", ASK_BACK_SHORT_NOTE },
    { "full", ASK_BACK_FULL },
};

static const cyaml_schema_value_t code_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CODE_SIZE_MAX),
};

static const cyaml_schema_field_t grant_fields[] = {
    CYAML_FIELD_STRING_PTR("to", CYAML_FLAG_POINTER,
        struct raw_grant, to, 1, NAME_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("purpose", CYAML_FLAG_POINTER,
        struct raw_grant, purpose, 1, CODE_SIZE_MAX),
    CYAML_FIELD_SEQUENCE("elements", CYAML_FLAG_POINTER,
        struct raw_grant, elements, &code_value, 0,
        REFERRAL_ELEMENT_COUNT_MAX),
    CYAML_FIELD_STRING_PTR("until", CYAML_FLAG_POINTER,
        struct raw_grant, until, TEXT_DATE_SIZE, TEXT_DATE_SIZE),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t grant_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_grant, grant_fields),
};

static const cyaml_schema_field_t consent_fields[] = {
    CYAML_FIELD_STRING_PTR("at", CYAML_FLAG_POINTER,
        struct raw_consent, at, 1, INSTANT_SIZE_MAX),
    CYAML_FIELD_SEQUENCE("grants", CYAML_FLAG_POINTER,
        struct raw_consent, grants, &grant_value, 1, REFERRAL_GRANT_COUNT_MAX),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t element_fields[] = {
    CYAML_FIELD_STRING_PTR("code", CYAML_FLAG_POINTER,
        struct raw_element, code, 1, CODE_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER,
        struct raw_element, value, 1, VALUE_SIZE_MAX),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t element_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_element,
        element_fields),
};

static const cyaml_schema_field_t referral_fields[] = {
    CYAML_FIELD_STRING_PTR("to", CYAML_FLAG_POINTER,
        struct raw_referral, to, 1, NAME_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("service", CYAML_FLAG_POINTER,
        struct raw_referral, service, 1, CODE_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("purpose", CYAML_FLAG_POINTER,
        struct raw_referral, purpose, 1, CODE_SIZE_MAX),
    CYAML_FIELD_ENUM("urgency", CYAML_FLAG_STRICT,
        struct raw_referral, urgency, urgencies, CYAML_ARRAY_LEN(urgencies)),
    CYAML_FIELD_ENUM("choice", CYAML_FLAG_STRICT,
        struct raw_referral, choice, choices, CYAML_ARRAY_LEN(choices)),
    CYAML_FIELD_ENUM("ask_back", CYAML_FLAG_STRICT,
        struct raw_referral, ask_back, ask_backs, CYAML_ARRAY_LEN(ask_backs)),
    CYAML_FIELD_STRING_PTR("reason_plain", CYAML_FLAG_POINTER,
        struct raw_referral, reason_plain, 1, REASON_PLAIN_SIZE_MAX),
    CYAML_FIELD_MAPPING("consent", CYAML_FLAG_DEFAULT,
        struct raw_referral, consent, consent_fields),
    CYAML_FIELD_SEQUENCE("elements", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_referral, elements, &element_value, 0,
        REFERRAL_ELEMENT_COUNT_MAX),
    CYAML_FIELD_STRING_PTR("mou", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_referral, mou, MOU_ID_TEXT_SIZE, MOU_ID_TEXT_SIZE),
    CYAML_FIELD_STRING_PTR("thread", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_referral, thread, UUID_BARE_SIZE, UUID_URN_SIZE),
    CYAML_FIELD_STRING_PTR("parent", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
        struct raw_referral, parent, UUID_BARE_SIZE, UUID_URN_SIZE),
    CYAML_FIELD_UINT("hop", CYAML_FLAG_OPTIONAL, struct raw_referral, hop),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t referral_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_referral,
        referral_fields),
};

/* ---- As people are told ---- */

#define FORM_CODE "1 to 64 of a-z, 0-9, hyphen, dot and underscore"
#define FORM_TO "the name of a peer or of a party, or an agency id"
#define FORM_DATE "a day as YYYY-MM-DD"
#define FORM_ELEMENT "an element code of the registry"
#define FORM_UUID "a UUID"

static const struct yaml_key keys[] = {
    { "to", FORM_TO, "", 0, 0, NULL, false, "to: tbhosp",
      "The agency that is asked." },
    { "service", FORM_CODE, "", 0, 0, NULL, false, "service: tb.assess",
      "What the person wants to be referred to." },
    { "purpose", FORM_CODE, "", 0, 0, NULL, false, "purpose: tb_assessment",
      "The purpose in the agreement; it decides what may be said." },
    { "urgency", NULL, "", 0, 0, NULL, false, "urgency: soon",
      "Set by need." },
    { "choice", NULL, "", 0, 0, NULL, false, "choice: chosen",
      "How free the person is in this." },
    { "ask_back", NULL, "", 0, 0, NULL, false, "ask_back: outcome_code",
      "What the person lets the receiver send back." },
    { "reason_plain", "text of 1 to 2000 bytes", "", 0, 0, NULL, false,
      "reason_plain: I have been coughing for three weeks.",
      "What the person wants from the visit, read back to them." },
    { "consent", NULL, "", 0, 0, NULL, false,
      "consent: {at: 2026-03-02T10:15:00+02:00, grants: [...]}",
      "What the person agreed to." },
    { "consent.at", "a date and time with an offset", "", 0, 0, NULL, false,
      "at: 2026-03-02T10:15:00+02:00", "When they agreed." },
    { "consent.grants", NULL, "", 0, 0, NULL, false,
      "grants: [{to: tbhosp, purpose: tb_assessment, elements: [call_name], "
      "until: 2026-05-31}]",
      "What they agreed to, row by row; all else is not sent." },
    { "consent.grants[]", NULL, "", 0, 0, NULL, false,
      "- {to: tbhosp, purpose: tb_assessment, elements: [call_name], "
      "until: 2026-05-31}",
      "One permission." },
    { "consent.grants[].to", FORM_TO, "", 0, 0, NULL, false, "to: tbhosp",
      "Who may know." },
    { "consent.grants[].purpose", FORM_CODE, "", 0, 0, NULL, false,
      "purpose: tb_assessment", "For what." },
    { "consent.grants[].elements", NULL, "", 0, 0, NULL, false,
      "elements: [call_name]", "What." },
    { "consent.grants[].elements[]", FORM_ELEMENT, "", 0, 0, NULL, false,
      "call_name", "One element." },
    { "consent.grants[].until", FORM_DATE, "", 0, 0, NULL, false,
      "until: 2026-05-31", "The last day, in UTC." },
    { "elements", NULL, "", 0, 0, "[]", false,
      "elements: [{code: call_name, value: Sasha}]",
      "What is said about the person." },
    { "elements[]", NULL, "", 0, 0, NULL, false,
      "- {code: call_name, value: Sasha}", "One element." },
    { "elements[].code", FORM_ELEMENT, "", 0, 0, NULL, false,
      "code: call_name", "Its code." },
    { "elements[].value", "text of 1 to 65536 bytes", "", 0, 0, NULL, false,
      "value: Sasha", "What is said." },
    { "mou", "64 hexadecimal digits", "", 0, 0, "the one in force", false,
      "mou: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "The version of the agreement to rely on." },
    { "thread", FORM_UUID, "", 0, 0, "a new one", false,
      "thread: urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002",
      "The thread of the referral that this one goes on from." },
    { "parent", FORM_UUID, "", 0, 0, "none", false,
      "parent: urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002",
      "The referral that this one goes on from." },
    { "hop", NULL, "", 0, MOU_HOP_COUNT_MAX, "0", false, "hop: 1",
      "How many times the person was passed on before." },
};

/* clang-format on */

const struct yaml_document yaml_referral_document = {
    .schema = &referral_value,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};

_Static_assert(REASON_PLAIN_SIZE_MAX == 2000, "the form says 2000");
_Static_assert(VALUE_SIZE_MAX == 65536, "the form says 65536");

const struct yaml_key *yaml_referral_key_at(size_t index)
{
    return index < sizeof keys / sizeof *keys ? &keys[index] : NULL;
}

/* ---- Findings ---- */

static enum err expect(const struct yaml_loaded *loaded, const char *path,
    struct yaml_problem *problem)
{
    yaml_expect(loaded->document, &loaded->outline, path, problem);
    return ERR_INVALID;
}

static enum err refuse(const struct yaml_loaded *loaded, const char *path,
    const char *what, struct yaml_problem *problem)
{
    (void)expect(loaded, path, problem);
    yaml_problem_reason(problem, "%s", what);
    problem->example[0] = '\0';
    return ERR_INVALID;
}

static enum err refuse_full(struct yaml_problem *problem)
{
    yaml_problem_reason(problem, "does not fit into memory");
    return ERR_LIMIT;
}

/* A code that no row of the registry has, and the one it may stand for. */
static enum err refuse_code(const struct yaml_loaded *loaded, const char *path,
    struct slice code, struct yaml_problem *problem)
{
    size_t best = likeness_distance_max(code) + 1;
    const char *likely = NULL;
    const struct element *element;
    for (size_t i = 0; (element = element_at(i)) != NULL; i++) {
        size_t distance = likeness_distance(code, slice_of_text(element->code));
        if (distance < best) {
            best = distance;
            likely = element->code;
        }
    }
    if (likely == NULL)
        return expect(loaded, path, problem);
    (void)refuse(loaded, path, "", problem);
    yaml_problem_reason(problem,
        "is no element code of the registry; did you mean %s?", likely);
    return ERR_INVALID;
}

/* ---- Consent ---- */

static enum err read_grant_elements(const struct yaml_loaded *loaded,
    unsigned index, const struct raw_grant *raw, struct yaml_problem *problem)
{
    for (unsigned i = 0; i < raw->elements_count; i++) {
        char path[64];
        struct slice code = slice_of_text(raw->elements[i]);
        (void)snprintf(
            path, sizeof path, "consent.grants[%u].elements[%u]", index, i);
        if (element_find(code) == NULL)
            return refuse_code(loaded, path, code, problem);
        for (unsigned j = 0; j < i; j++)
            if (slice_is(code, raw->elements[j]))
                return refuse(loaded, path, "stands twice", problem);
    }
    return ERR_NONE;
}

static enum err read_grant(const struct yaml_loaded *loaded, unsigned index,
    struct arena *arena, struct referral_file_grant *grant,
    struct yaml_problem *problem)
{
    const struct raw_referral *referral = loaded->data;
    const struct raw_grant *raw = &referral->consent.grants[index];
    char path[64];
    (void)snprintf(path, sizeof path, "consent.grants[%u].purpose", index);
    if (!code_is_valid(slice_of_text(raw->purpose)))
        return expect(loaded, path, problem);
    (void)snprintf(path, sizeof path, "consent.grants[%u].until", index);
    if (text_date_parse(slice_of_text(raw->until), &grant->until) != ERR_NONE)
        return expect(loaded, path, problem);
    grant->until.unix_ms += DAY_MS;
    enum err err = read_grant_elements(loaded, index, raw, problem);
    if (err != ERR_NONE)
        return err;
    if (!yaml_copy_text(raw->to, arena, &grant->to) ||
        !yaml_copy_text(raw->purpose, arena, &grant->purpose) ||
        !yaml_copy_list(raw->elements, raw->elements_count, arena,
            &grant->elements, &grant->element_count))
        return refuse_full(problem);
    return ERR_NONE;
}

static enum err read_consent(const struct yaml_loaded *loaded,
    struct arena *arena, struct referral_file *referral,
    struct yaml_problem *problem)
{
    const struct raw_referral *raw = loaded->data;
    unsigned count = raw->consent.grants_count;
    struct referral_file_grant *grants =
        arena_take_array(arena, count, sizeof *grants);
    if (grants == NULL)
        return refuse_full(problem);
    if (text_time_parse(slice_of_text(raw->consent.at),
            &referral->consent_at) != ERR_NONE ||
        referral->consent_at.unix_ms < 0)
        return expect(loaded, "consent.at", problem);
    for (unsigned i = 0; i < count; i++) {
        enum err err = read_grant(loaded, i, arena, &grants[i], problem);
        if (err != ERR_NONE)
            return err;
    }
    referral->grants = grants;
    referral->grant_count = count;
    return ERR_NONE;
}

/* ---- What is said about the person ---- */

static enum err read_element(const struct yaml_loaded *loaded, unsigned index,
    struct arena *arena, struct named_value *element,
    struct yaml_problem *problem)
{
    const struct raw_referral *referral = loaded->data;
    const struct raw_element *raw = &referral->elements[index];
    struct slice code = slice_of_text(raw->code);
    const struct element *kind = element_find(code);
    char path[64];
    (void)snprintf(path, sizeof path, "elements[%u].code", index);
    if (kind == NULL)
        return refuse_code(loaded, path, code, problem);
    for (unsigned i = 0; i < index; i++)
        if (slice_is(code, referral->elements[i].code))
            return refuse(loaded, path, "stands twice", problem);
    (void)snprintf(path, sizeof path, "elements[%u].value", index);
    const char *form = element_form_problem(kind, slice_of_text(raw->value));
    if (form != NULL) {
        (void)refuse(loaded, path, "", problem);
        yaml_problem_reason(problem, "expected %s for %s", form, kind->code);
        return ERR_INVALID;
    }
    if (!yaml_copy_text(raw->code, arena, &element->name) ||
        !yaml_copy_text(raw->value, arena, &element->value))
        return refuse_full(problem);
    return ERR_NONE;
}

static enum err read_elements(const struct yaml_loaded *loaded,
    struct arena *arena, struct referral_file *referral,
    struct yaml_problem *problem)
{
    const struct raw_referral *raw = loaded->data;
    struct named_value *elements =
        arena_take_array(arena, raw->elements_count, sizeof *elements);
    if (elements == NULL)
        return refuse_full(problem);
    for (unsigned i = 0; i < raw->elements_count; i++) {
        enum err err = read_element(loaded, i, arena, &elements[i], problem);
        if (err != ERR_NONE)
            return err;
    }
    referral->elements = elements;
    referral->element_count = raw->elements_count;
    return ERR_NONE;
}

/* ---- Ids ---- */

static enum err read_ids(const struct yaml_loaded *loaded,
    struct referral_file *referral, struct yaml_problem *problem)
{
    const struct raw_referral *raw = loaded->data;
    referral->has_mou = raw->mou != NULL;
    referral->has_thread = raw->thread != NULL;
    referral->has_parent = raw->parent != NULL;
    referral->hop = raw->hop;
    if (referral->has_mou &&
        mou_id_parse(slice_of_text(raw->mou), &referral->mou) != ERR_NONE)
        return expect(loaded, "mou", problem);
    if (referral->has_thread &&
        uuid_parse(slice_of_text(raw->thread), &referral->thread) != ERR_NONE)
        return expect(loaded, "thread", problem);
    if (referral->has_parent &&
        uuid_parse(slice_of_text(raw->parent), &referral->parent) != ERR_NONE)
        return expect(loaded, "parent", problem);
    if (referral->has_parent && !referral->has_thread)
        return refuse(loaded, "parent",
            "needs the thread of that referral beside it", problem);
    if (referral->has_parent && referral->hop == 0)
        return refuse(
            loaded, "parent", "needs a hop of 1 or more beside it", problem);
    if (referral->hop > 0 && !referral->has_parent)
        return refuse(loaded, "hop",
            "needs the parent of the referral beside it", problem);
    return ERR_NONE;
}

static enum err read_head(const struct yaml_loaded *loaded, struct arena *arena,
    struct referral_file *referral, struct yaml_problem *problem)
{
    const struct raw_referral *raw = loaded->data;
    referral->urgency = (enum urgency)raw->urgency;
    referral->choice = (enum choice)raw->choice;
    referral->ask_back = (enum ask_back)raw->ask_back;
    if (!code_is_valid(slice_of_text(raw->service)))
        return expect(loaded, "service", problem);
    if (!code_is_valid(slice_of_text(raw->purpose)))
        return expect(loaded, "purpose", problem);
    if (!yaml_copy_text(raw->to, arena, &referral->to) ||
        !yaml_copy_text(raw->service, arena, &referral->service) ||
        !yaml_copy_text(raw->purpose, arena, &referral->purpose) ||
        !yaml_copy_text(raw->reason_plain, arena, &referral->reason_plain))
        return refuse_full(problem);
    return ERR_NONE;
}

enum err yaml_referral_parse(const char *file, struct slice bytes,
    struct arena *arena, struct referral_file *referral,
    struct yaml_problem *problem)
{
    struct yaml_loaded loaded;
    *referral = (struct referral_file){ 0 };
    enum err err =
        yaml_load(&yaml_referral_document, file, bytes, &loaded, problem);
    if (err != ERR_NONE)
        return err;
    err = read_head(&loaded, arena, referral, problem);
    if (err == ERR_NONE)
        err = read_ids(&loaded, referral, problem);
    if (err == ERR_NONE)
        err = read_consent(&loaded, arena, referral, problem);
    if (err == ERR_NONE)
        err = read_elements(&loaded, arena, referral, problem);
    yaml_release(&loaded);
    return err;
}

enum err yaml_referral_load(const char *path, struct arena *arena,
    struct referral_file *referral, struct yaml_problem *problem)
{
    struct slice bytes;
    enum err err = yaml_read(path, arena, &bytes, problem);
    if (err != ERR_NONE)
        return err;
    return yaml_referral_parse(path, bytes, arena, referral, problem);
}
