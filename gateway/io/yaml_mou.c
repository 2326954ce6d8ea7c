#include "io/yaml_mou.h"

#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "io/yaml_copy.h"
#include "io/yaml_cyaml.h"

#define DAY_MS (24 * 60 * 60 * 1000)

/* ---- As libcyaml loads it ---- */

enum { ROLE_REFERS = 1, ROLE_RECEIVES = 2 };
enum { ACCESS_WALK_IN = 1, ACCESS_BOOKED = 2, ACCESS_OUTREACH = 4 };

struct raw_party {
    char *id;
    char *name;
    uint32_t role;
};

struct raw_service {
    char *id;
    char *party;
    char *name;
    uint32_t access_mode;
};

struct raw_pathway {
    char *from;
    char *to;
    char *purpose;
    uint32_t max_hops;
    uint32_t forward;
};

struct raw_purpose {
    char *purpose;
    char **required;
    unsigned required_count;
    char **allowed;
    unsigned allowed_count;
};

struct raw_in_force {
    char *from;
    char *until;
};

struct raw_consent {
    uint32_t max_expiry_days;
};

struct raw_retention {
    uint32_t referral_content_days;
    uint32_t identifiers_days;
};

struct raw_mou {
    uint32_t mou;
    char *id;
    char *title;
    uint32_t version;
    struct raw_in_force in_force;
    struct raw_party *parties;
    unsigned parties_count;
    struct raw_service *services;
    unsigned services_count;
    struct raw_pathway *pathways;
    unsigned pathways_count;
    struct raw_purpose *data_elements;
    unsigned data_elements_count;
    char **never_share;
    unsigned never_share_count;
    struct raw_consent consent;
    struct raw_retention retention;
    char **signatures_required;
    unsigned signatures_required_count;
};

/* clang-format off */

static const cyaml_strval_t roles[] = {
    { "refers", ROLE_REFERS }, { "receives", ROLE_RECEIVES },
};

static const cyaml_strval_t access_modes[] = {
    { "walk_in", ACCESS_WALK_IN }, { "booked", ACCESS_BOOKED },
    { "outreach", ACCESS_OUTREACH },
};

static const cyaml_strval_t forwards[] = {
    { "never", MOU_FORWARD_NEVER },
    { "with_consent", MOU_FORWARD_WITH_CONSENT },
};

static const cyaml_schema_value_t code_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, CODE_SIZE_MAX),
};

static const cyaml_schema_field_t party_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER,
        struct raw_party, id, 1, CODE_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER,
        struct raw_party, name, 1, NAME_SIZE_MAX),
    CYAML_FIELD_FLAGS("role", CYAML_FLAG_STRICT,
        struct raw_party, role, roles, CYAML_ARRAY_LEN(roles)),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t party_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_party, party_fields),
};

static const cyaml_schema_field_t service_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER,
        struct raw_service, id, 1, CODE_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("party", CYAML_FLAG_POINTER,
        struct raw_service, party, 1, CODE_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER,
        struct raw_service, name, 1, NAME_SIZE_MAX),
    CYAML_FIELD_FLAGS("access_mode", CYAML_FLAG_STRICT,
        struct raw_service, access_mode, access_modes,
        CYAML_ARRAY_LEN(access_modes)),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t service_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_service,
        service_fields),
};

static const cyaml_schema_field_t pathway_fields[] = {
    CYAML_FIELD_STRING_PTR("from", CYAML_FLAG_POINTER,
        struct raw_pathway, from, 1, CODE_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("to", CYAML_FLAG_POINTER,
        struct raw_pathway, to, 1, CODE_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("purpose", CYAML_FLAG_POINTER,
        struct raw_pathway, purpose, 1, CODE_SIZE_MAX),
    CYAML_FIELD_UINT("max_hops", CYAML_FLAG_DEFAULT,
        struct raw_pathway, max_hops),
    CYAML_FIELD_ENUM("forward", CYAML_FLAG_STRICT,
        struct raw_pathway, forward, forwards, CYAML_ARRAY_LEN(forwards)),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t pathway_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_pathway,
        pathway_fields),
};

static const cyaml_schema_field_t purpose_fields[] = {
    CYAML_FIELD_STRING_PTR("purpose", CYAML_FLAG_POINTER,
        struct raw_purpose, purpose, 1, CODE_SIZE_MAX),
    CYAML_FIELD_SEQUENCE("required", CYAML_FLAG_POINTER,
        struct raw_purpose, required, &code_value, 0, MOU_ELEMENT_COUNT_MAX),
    CYAML_FIELD_SEQUENCE("allowed", CYAML_FLAG_POINTER,
        struct raw_purpose, allowed, &code_value, 0, MOU_ELEMENT_COUNT_MAX),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t purpose_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_purpose,
        purpose_fields),
};

static const cyaml_schema_field_t in_force_fields[] = {
    CYAML_FIELD_STRING_PTR("from", CYAML_FLAG_POINTER,
        struct raw_in_force, from, TEXT_DATE_SIZE, TEXT_DATE_SIZE),
    CYAML_FIELD_STRING_PTR("until", CYAML_FLAG_POINTER,
        struct raw_in_force, until, TEXT_DATE_SIZE, TEXT_DATE_SIZE),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t consent_fields[] = {
    CYAML_FIELD_UINT("max_expiry_days", CYAML_FLAG_DEFAULT,
        struct raw_consent, max_expiry_days),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t retention_fields[] = {
    CYAML_FIELD_UINT("referral_content_days", CYAML_FLAG_OPTIONAL,
        struct raw_retention, referral_content_days),
    CYAML_FIELD_UINT("identifiers_days", CYAML_FLAG_OPTIONAL,
        struct raw_retention, identifiers_days),
    CYAML_FIELD_END
};

static const cyaml_schema_field_t mou_fields[] = {
    CYAML_FIELD_UINT("mou", CYAML_FLAG_DEFAULT, struct raw_mou, mou),
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER,
        struct raw_mou, id, 1, NAME_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER,
        struct raw_mou, title, 1, NAME_SIZE_MAX),
    CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct raw_mou, version),
    CYAML_FIELD_MAPPING("in_force", CYAML_FLAG_DEFAULT,
        struct raw_mou, in_force, in_force_fields),
    CYAML_FIELD_SEQUENCE("parties", CYAML_FLAG_POINTER,
        struct raw_mou, parties, &party_value, 2, MOU_PARTY_COUNT_MAX),
    CYAML_FIELD_SEQUENCE("services", CYAML_FLAG_POINTER,
        struct raw_mou, services, &service_value, 1, MOU_SERVICE_COUNT_MAX),
    CYAML_FIELD_SEQUENCE("pathways", CYAML_FLAG_POINTER,
        struct raw_mou, pathways, &pathway_value, 1, MOU_PATHWAY_COUNT_MAX),
    CYAML_FIELD_SEQUENCE("data_elements", CYAML_FLAG_POINTER,
        struct raw_mou, data_elements, &purpose_value, 1,
        MOU_PURPOSE_COUNT_MAX),
    CYAML_FIELD_SEQUENCE("never_share", CYAML_FLAG_POINTER,
        struct raw_mou, never_share, &code_value, 0, MOU_ELEMENT_COUNT_MAX),
    CYAML_FIELD_MAPPING("consent", CYAML_FLAG_DEFAULT,
        struct raw_mou, consent, consent_fields),
    CYAML_FIELD_MAPPING("retention", CYAML_FLAG_OPTIONAL,
        struct raw_mou, retention, retention_fields),
    CYAML_FIELD_SEQUENCE("signatures_required", CYAML_FLAG_POINTER,
        struct raw_mou, signatures_required, &code_value, 2,
        MOU_PARTY_COUNT_MAX),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t mou_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_mou, mou_fields),
};

/* ---- As people are told ---- */

#define FORM_CODE "1 to 64 of a-z, 0-9, hyphen, dot and underscore"
#define FORM_LINE "one line of 1 to 256 bytes of text"
#define FORM_DATE "a day as YYYY-MM-DD"
#define FORM_ELEMENT "an element code of the registry"

static const struct yaml_key keys[] = {
    { "mou", "1, the version of this form", "", 1, 1, NULL, false, "mou: 1",
      "The version of the form in which the agreement is written." },
    { "id", "a URN", "", 0, 0, NULL, false, "id: urn:mou:city:tb",
      "The name of the agreement, the same for all its versions." },
    { "title", FORM_LINE, "", 0, 0, NULL, false,
      "title: Referrals between three agencies",
      "What the parties call it." },
    { "version", NULL, "", 1, UINT32_MAX, NULL, false, "version: 1",
      "Counts up with every change." },
    { "in_force", NULL, "", 0, 0, NULL, false,
      "in_force: {from: 2026-01-01, until: 2027-12-31}",
      "When referrals can be made under it." },
    { "in_force.from", FORM_DATE, "", 0, 0, NULL, false, "from: 2026-01-01",
      "The first day, in UTC." },
    { "in_force.until", FORM_DATE, "", 0, 0, NULL, false, "until: 2027-12-31",
      "The last day, in UTC." },
    { "parties", NULL, "", 0, 0, NULL, false,
      "parties: [{id: opendoor, name: Open Door, role: [refers]}]",
      "The agencies that agree." },
    { "parties[]", NULL, "", 0, 0, NULL, false,
      "- {id: opendoor, name: Open Door, role: [refers, receives]}",
      "One agency." },
    { "parties[].id", FORM_CODE, "", 0, 0, NULL, false, "id: opendoor",
      "Its short name inside this agreement." },
    { "parties[].name", FORM_LINE, "", 0, 0, NULL, false,
      "name: Open Door outreach", "Its full name." },
    { "parties[].role", NULL, "", 0, 0, NULL, false,
      "role: [refers, receives]",
      "Whether it makes referrals, receives them, or both." },
    { "services", NULL, "", 0, 0, NULL, false,
      "services: [{id: tb.assess, party: tbhosp, name: TB check, "
      "access_mode: [walk_in]}]",
      "What people can be referred to." },
    { "services[]", NULL, "", 0, 0, NULL, false,
      "- {id: tb.assess, party: tbhosp, name: TB check, "
      "access_mode: [walk_in]}",
      "One service." },
    { "services[].id", FORM_CODE, "", 0, 0, NULL, false, "id: tb.assess",
      "Its short name inside this agreement." },
    { "services[].party", FORM_CODE, "", 0, 0, NULL, false, "party: tbhosp",
      "The id of the party that offers it." },
    { "services[].name", FORM_LINE, "", 0, 0, NULL, false,
      "name: TB check", "What it is, in plain words." },
    { "services[].access_mode", NULL, "", 0, 0, NULL, false,
      "access_mode: [walk_in, booked]", "How a person gets in." },
    { "pathways", NULL, "", 0, 0, NULL, false,
      "pathways: [{from: opendoor, to: tb.assess, purpose: tb_assessment, "
      "max_hops: 0, forward: never}]",
      "Who may refer to what, and for what; all else is refused." },
    { "pathways[]", NULL, "", 0, 0, NULL, false,
      "- {from: opendoor, to: tb.assess, purpose: tb_assessment, "
      "max_hops: 0, forward: never}",
      "One permission." },
    { "pathways[].from", FORM_CODE, "", 0, 0, NULL, false, "from: opendoor",
      "The id of the party that refers." },
    { "pathways[].to", FORM_CODE, "", 0, 0, NULL, false, "to: tb.assess",
      "The id of the service." },
    { "pathways[].purpose", FORM_CODE, "", 0, 0, NULL, false,
      "purpose: tb_assessment", "A purpose of data_elements." },
    { "pathways[].max_hops", NULL, "", 0, MOU_HOP_COUNT_MAX, NULL, false,
      "max_hops: 0",
      "How many times a referral may have been passed on before." },
    { "pathways[].forward", NULL, "", 0, 0, NULL, false, "forward: never",
      "Whether the receiver may pass the person on." },
    { "data_elements", NULL, "", 0, 0, NULL, false,
      "data_elements: [{purpose: shelter, required: [call_name], "
      "allowed: []}]",
      "What may be said about a person, by purpose; all else is refused." },
    { "data_elements[]", NULL, "", 0, 0, NULL, false,
      "- {purpose: shelter, required: [call_name], allowed: []}",
      "One purpose." },
    { "data_elements[].purpose", FORM_CODE, "", 0, 0, NULL, false,
      "purpose: shelter", "Its code." },
    { "data_elements[].required", NULL, "", 0, 0, NULL, false,
      "required: [call_name]", "Elements that a referral must bring." },
    { "data_elements[].required[]", FORM_ELEMENT, "", 0, 0, NULL, false,
      "call_name", "One element." },
    { "data_elements[].allowed", NULL, "", 0, 0, NULL, false,
      "allowed: [companion]", "Elements that it may bring beside them." },
    { "data_elements[].allowed[]", FORM_ELEMENT, "", 0, 0, NULL, false,
      "companion", "One element." },
    { "never_share", NULL, "", 0, 0, NULL, false,
      "never_share: [arrest_history]",
      "Elements that no referral may bring, whatever its purpose." },
    { "never_share[]", FORM_ELEMENT, "", 0, 0, NULL, false,
      "arrest_history", "One element." },
    { "consent", NULL, "", 0, 0, NULL, false,
      "consent: {max_expiry_days: 365}", "Bounds of a person's consent." },
    { "consent.max_expiry_days", NULL, "days", 1, MOU_CONSENT_DAYS_MAX, NULL,
      false, "max_expiry_days: 365",
      "How long after it was given a consent may last." },
    { "retention", NULL, "", 0, 0, "{}", false,
      "retention: {referral_content_days: 180, identifiers_days: 30}",
      "How long what was said is held, at both ends, from the day that a "
      "referral ended; then the gateways erase it by themselves." },
    { "retention.referral_content_days", NULL, "days", 1,
      MOU_RETENTION_DAYS_MAX, "no limit", false, "referral_content_days: 180",
      "All that was said." },
    { "retention.identifiers_days", NULL, "days", 1, MOU_RETENTION_DAYS_MAX,
      "no limit", false, "identifiers_days: 30",
      "The elements that say who the person is: refer-referral(5)." },
    { "signatures_required", NULL, "", 0, 0, NULL, false,
      "signatures_required: [opendoor, tbhosp]",
      "The parties without whose signatures it is not in force." },
    { "signatures_required[]", FORM_CODE, "", 0, 0, NULL, false, "opendoor",
      "The id of one party." },
};

/* clang-format on */

const struct yaml_document yaml_mou_document = {
    .schema = &mou_value,
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
    .unknown_format = "this release does not enforce %s, so it must not be in "
                      "a signed agreement",
};

const struct yaml_key *yaml_mou_key_at(size_t index)
{
    return index < sizeof keys / sizeof *keys ? &keys[index] : NULL;
}

/* ---- From one to the other: false when the arena is full ---- */

static bool copy_parties(
    const struct raw_mou *raw, struct arena *arena, struct mou *mou)
{
    struct mou_party *parties =
        arena_take_array(arena, raw->parties_count, sizeof *parties);
    for (unsigned i = 0; parties != NULL && i < raw->parties_count; i++) {
        const struct raw_party *party = &raw->parties[i];
        parties[i].refers = (party->role & ROLE_REFERS) != 0;
        parties[i].receives = (party->role & ROLE_RECEIVES) != 0;
        if (!yaml_copy_text(party->id, arena, &parties[i].id) ||
            !yaml_copy_text(party->name, arena, &parties[i].name))
            return false;
    }
    mou->parties = parties;
    mou->party_count = raw->parties_count;
    return parties != NULL;
}

static bool copy_services(
    const struct raw_mou *raw, struct arena *arena, struct mou *mou)
{
    struct mou_service *services =
        arena_take_array(arena, raw->services_count, sizeof *services);
    for (unsigned i = 0; services != NULL && i < raw->services_count; i++) {
        const struct raw_service *service = &raw->services[i];
        services[i].walk_in = (service->access_mode & ACCESS_WALK_IN) != 0;
        services[i].booked = (service->access_mode & ACCESS_BOOKED) != 0;
        services[i].outreach = (service->access_mode & ACCESS_OUTREACH) != 0;
        if (!yaml_copy_text(service->id, arena, &services[i].id) ||
            !yaml_copy_text(service->party, arena, &services[i].party) ||
            !yaml_copy_text(service->name, arena, &services[i].name))
            return false;
    }
    mou->services = services;
    mou->service_count = raw->services_count;
    return services != NULL;
}

static bool copy_pathways(
    const struct raw_mou *raw, struct arena *arena, struct mou *mou)
{
    struct mou_pathway *pathways =
        arena_take_array(arena, raw->pathways_count, sizeof *pathways);
    for (unsigned i = 0; pathways != NULL && i < raw->pathways_count; i++) {
        const struct raw_pathway *pathway = &raw->pathways[i];
        pathways[i].hops_max = pathway->max_hops;
        pathways[i].forward = (enum mou_forward)pathway->forward;
        if (!yaml_copy_text(pathway->from, arena, &pathways[i].from) ||
            !yaml_copy_text(pathway->to, arena, &pathways[i].to) ||
            !yaml_copy_text(pathway->purpose, arena, &pathways[i].purpose))
            return false;
    }
    mou->pathways = pathways;
    mou->pathway_count = raw->pathways_count;
    return pathways != NULL;
}

static bool copy_purposes(
    const struct raw_mou *raw, struct arena *arena, struct mou *mou)
{
    struct mou_purpose *purposes =
        arena_take_array(arena, raw->data_elements_count, sizeof *purposes);
    for (unsigned i = 0; purposes != NULL && i < raw->data_elements_count;
         i++) {
        const struct raw_purpose *purpose = &raw->data_elements[i];
        if (!yaml_copy_text(purpose->purpose, arena, &purposes[i].purpose) ||
            !yaml_copy_list(purpose->required, purpose->required_count, arena,
                &purposes[i].required, &purposes[i].required_count) ||
            !yaml_copy_list(purpose->allowed, purpose->allowed_count, arena,
                &purposes[i].allowed, &purposes[i].allowed_count))
            return false;
    }
    mou->purposes = purposes;
    mou->purpose_count = raw->data_elements_count;
    return purposes != NULL;
}

static bool copy_mou(
    const struct raw_mou *raw, struct arena *arena, struct mou *mou)
{
    mou->version = raw->version;
    mou->consent_days_max = raw->consent.max_expiry_days;
    mou->content_days = raw->retention.referral_content_days;
    mou->identifiers_days = raw->retention.identifiers_days;
    return yaml_copy_text(raw->id, arena, &mou->id) &&
           yaml_copy_text(raw->title, arena, &mou->title) &&
           copy_parties(raw, arena, mou) && copy_services(raw, arena, mou) &&
           copy_pathways(raw, arena, mou) && copy_purposes(raw, arena, mou) &&
           yaml_copy_list(raw->never_share, raw->never_share_count, arena,
               &mou->never_share, &mou->never_share_count) &&
           yaml_copy_list(raw->signatures_required,
               raw->signatures_required_count, arena, &mou->signatures_required,
               &mou->signature_required_count);
}

/* ---- What no table can say ---- */

static enum err expect(const struct yaml_loaded *loaded, const char *path,
    struct yaml_problem *problem)
{
    yaml_expect(loaded->document, &loaded->outline, path, problem);
    return ERR_INVALID;
}

static enum err read_dates(const struct yaml_loaded *loaded, struct mou *mou,
    struct yaml_problem *problem)
{
    const struct raw_mou *raw = loaded->data;
    struct slice from = slice_of_text(raw->in_force.from);
    struct slice until = slice_of_text(raw->in_force.until);
    if (text_date_parse(from, &mou->from) != ERR_NONE || mou->from.unix_ms < 0)
        return expect(loaded, "in_force.from", problem);
    if (text_date_parse(until, &mou->until) != ERR_NONE)
        return expect(loaded, "in_force.until", problem);
    mou->until.unix_ms += DAY_MS;
    return ERR_NONE;
}

static enum err cross_check(const struct yaml_loaded *loaded,
    const struct mou *mou, struct yaml_problem *problem)
{
    struct mou_problem finding;
    enum err err = mou_check(NULL, mou, false, &finding);
    if (err == ERR_NONE)
        return ERR_NONE;
    (void)expect(loaded, finding.path, problem);
    yaml_problem_reason(problem, "%s; %s", finding.reason, finding.remedy);
    problem->example[0] = '\0';
    return ERR_INVALID;
}

enum err yaml_mou_parse(const char *file, struct slice bytes,
    struct arena *arena, struct mou *mou, struct yaml_problem *problem)
{
    struct yaml_loaded loaded;
    *mou = (struct mou){ 0 };
    enum err err = yaml_load(&yaml_mou_document, file, bytes, &loaded, problem);
    if (err != ERR_NONE)
        return err;
    err = read_dates(&loaded, mou, problem);
    if (err == ERR_NONE && !copy_mou(loaded.data, arena, mou)) {
        yaml_problem_reason(problem, "does not fit into memory");
        err = ERR_LIMIT;
    }
    if (err == ERR_NONE)
        err = cross_check(&loaded, mou, problem);
    yaml_release(&loaded);
    return err;
}

enum err yaml_mou_load(const char *path, struct arena *arena, struct mou *mou,
    struct yaml_problem *problem)
{
    struct slice bytes;
    enum err err = yaml_read(path, arena, &bytes, problem);
    if (err != ERR_NONE)
        return err;
    return yaml_mou_parse(path, bytes, arena, mou, problem);
}
