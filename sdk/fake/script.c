#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/serve.h"
#include "sdk/fake/step.h"
#include "sdk/status.h"

#include <string.h>

#include "sdk/memory.h"

/* script.c - what a test has the other agency and the gateway do. */

#define GRANT_MS (INT64_C(90) * 24 * 60 * 60 * 1000)

static void begin(struct refer_fake *fake)
{
    (void)pthread_mutex_lock(&fake->lock);
    fake->error[0] = 0;
}

/* Ends a call: keeps why it failed, lets the thread look again. */
static refer_status end(
    struct refer_fake *fake, refer_status status, const char *text)
{
    if (status != REFER_OK)
        sdk_text_copy(fake->error, sizeof fake->error,
            text != NULL && text[0] != 0 ? text : refer_status_text(status));
    else
        fake_server_wake(fake);
    (void)pthread_mutex_unlock(&fake->lock);
    return status;
}

/* ---- Referrals as records ---------------------------------------------- */

static refer_status text_copy(struct sdk_record *record,
    const refer_referral *referral, const char *field, const char *absent)
{
    const char *value = refer_referral_get(referral, field);
    if (value[0] == 0)
        value = absent;
    return value == NULL ? REFER_OK : sdk_record_set_text(record, field, value);
}

static refer_status named_values(struct sdk_records *records, const char *type,
    const char *name_field, const refer_referral *referral, uint32_t count,
    const char *(*name)(const refer_referral *referral, uint32_t i),
    const char *(*value)(const refer_referral *referral, uint32_t i))
{
    refer_status status = REFER_OK;
    for (uint32_t i = 0; i < count && status == REFER_OK; i++) {
        struct sdk_record *record = sdk_records_add(records, type);
        if (record == NULL)
            return REFER_NO_MEMORY;
        status = sdk_record_set_text(record, name_field, name(referral, i));
        if (status == REFER_OK)
            status = sdk_record_set_text(record, "value", value(referral, i));
    }
    return status;
}

static refer_status elements_copy(
    struct sdk_records *records, const refer_referral *referral)
{
    return named_values(records, "element", "code", referral,
        refer_referral_element_count(referral), refer_referral_element_name,
        refer_referral_element_value);
}

static refer_status details_copy(
    struct sdk_records *records, const refer_referral *referral)
{
    return named_values(records, "detail", "name", referral,
        refer_referral_detail_count(referral), refer_referral_detail_name,
        refer_referral_detail_value);
}

static refer_status grant_add(struct sdk_records *records, const char *to,
    const char *purpose, const char *elements, int64_t until_ms)
{
    struct sdk_record *record = sdk_records_add(records, "grant");
    if (record == NULL)
        return REFER_NO_MEMORY;
    refer_status status = sdk_record_set_text(record, "to", to);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "purpose", purpose);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "elements", elements);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "until_ms", until_ms);
    return status;
}

/* Those that there are; without any, one for all that is said. */
static refer_status grants_copy(struct sdk_records *records,
    const refer_referral *referral, const char *to, const char *purpose)
{
    uint32_t count = refer_referral_grant_count(referral);
    refer_status status = REFER_OK;
    for (uint32_t i = 0; i < count && status == REFER_OK; i++) {
        int64_t until_ms = 0;
        (void)sdk_text_number(
            refer_referral_grant_get(referral, i, "until_ms"), &until_ms);
        status = grant_add(records, refer_referral_grant_get(referral, i, "to"),
            refer_referral_grant_get(referral, i, "purpose"),
            refer_referral_grant_get(referral, i, "elements"), until_ms);
    }
    if (count > 0)
        return status;
    char codes[4096] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < refer_referral_element_count(referral); i++) {
        const char *code = refer_referral_element_name(referral, i);
        size_t size = strlen(code);
        if (size + 2 > sizeof codes - used)
            return REFER_TOO_LARGE;
        if (used > 0)
            codes[used++] = ' ';
        memcpy(codes + used, code, size + 1);
        used += size;
    }
    return grant_add(records, to, purpose, codes, fake_wall_ms() + GRANT_MS);
}

/* "request", then what a program of the other agency would hand over. */
static refer_status submission_make(struct refer_fake *fake,
    const refer_referral *referral, struct sdk_records *records)
{
    const char *const fields[][2] = {
        { "to", fake->options.agency },
        { "service", "service" },
        { "purpose", "purpose" },
        { "urgency", "routine" },
        { "choice", "chosen" },
        { "ask_back", "outcome_code" },
        { "reason_plain", "I would like some help." },
        { "mou", NULL },
        { "thread", NULL },
        { "parent", NULL },
        { "role", NULL },
        { "id", NULL },
    };
    int64_t consent_at_ms = fake_wall_ms();
    int64_t hop = 0;
    if (sdk_records_add(records, "request") == NULL)
        return REFER_NO_MEMORY;
    struct sdk_record *record = sdk_records_add(records, "referral");
    refer_status status = record == NULL ? REFER_NO_MEMORY : REFER_OK;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (status == REFER_OK)
            status = text_copy(record, referral, fields[i][0], fields[i][1]);
    (void)sdk_text_number(
        refer_referral_get(referral, "consent_at_ms"), &consent_at_ms);
    if (status == REFER_OK)
        status = sdk_record_set_number(record, "consent_at_ms", consent_at_ms);
    if (status == REFER_OK &&
        sdk_text_number(refer_referral_get(referral, "hop"), &hop))
        status = sdk_record_set_number(record, "hop", hop);
    if (status != REFER_OK)
        return status;
    char to[FAKE_OPTION_SIZE];
    char purpose[FAKE_NAME_SIZE];
    sdk_text_copy(to, sizeof to, sdk_record_text(record, "to"));
    sdk_text_copy(purpose, sizeof purpose, sdk_record_text(record, "purpose"));
    status = elements_copy(records, referral);
    return status == REFER_OK ? grants_copy(records, referral, to, purpose)
                              : status;
}

/* ---- The other agency -------------------------------------------------- */

/* What the gateway would say, as a status; its remedy goes to `error`. */
static refer_status refused(
    const struct sdk_reply *reply, char error[SDK_TEXT_SIZE])
{
    size_t used;
    sdk_text_copy(error, SDK_TEXT_SIZE, reply->clause);
    used = strlen(error);
    if (used > 0 && used + 3 < SDK_TEXT_SIZE) {
        memcpy(error + used, ": ", 3);
        used += 2;
    }
    sdk_text_copy(error + used, SDK_TEXT_SIZE - used, reply->remedy);
    return sdk_status_of(reply->error, reply->problem);
}

static refer_status receive(struct refer_fake *fake,
    const struct sdk_records *records, char *id, char *error)
{
    const struct sdk_record *referral;
    struct sdk_reply reply = { 0 };
    if (!fake_submission_read(records, &reply, &referral) ||
        !fake_submission_judge(records, referral, &reply))
        return refused(&reply, error);
    const char *wanted = sdk_record_text(referral, "id");
    if (fake_case_named(fake, wanted) != NULL)
        return REFER_CONFLICT;
    struct fake_case *of = fake_case_new(fake, records, 1, wanted);
    if (of == NULL)
        return REFER_NO_MEMORY;
    sdk_text_copy(of->peer, sizeof of->peer, fake->options.peer);
    refer_status status = fake_case_apply(fake, of,
        &(struct fake_note){ .type = "referral.received",
            .step = "send",
            .by = "them",
            .actor = "staff",
            .role = sdk_record_text(referral, "role"),
            .state = "delivered",
            .status = "applied",
            .said = records });
    if (status != REFER_OK) {
        fake_case_free(of);
        return status;
    }
    fake_case_insert(fake, of);
    memcpy(id, of->id, strlen(of->id) + 1);
    return REFER_OK;
}

refer_status refer_fake_receive(
    refer_fake *fake, const refer_referral *referral, char *id, size_t id_size)
{
    struct sdk_records records = { 0 };
    char error[SDK_TEXT_SIZE] = "";
    if (id != NULL && id_size > 0)
        id[0] = 0;
    if (fake == NULL)
        return REFER_INVALID;
    begin(fake);
    if (id == NULL || id_size < REFER_ID_SIZE)
        return end(fake, REFER_INVALID, "room for an id is needed");
    refer_status status = submission_make(fake, referral, &records);
    if (status == REFER_OK)
        status = receive(fake, &records, id, error);
    sdk_records_release(&records);
    return end(fake, status, error);
}

/* Who acts there, and the letter of that party. */
static const char *actor_of(const struct fake_case *of, const char *step,
    const refer_referral *details, char *party)
{
    const char *actor = refer_referral_get(details, "actor");
    bool is_referrer = !of->is_outgoing;
    *party = fake_party(actor[0] != 0 ? actor : "staff", is_referrer);
    char gateway = is_referrer ? 's' : 'r';
    const char *next;
    if (actor[0] != 0 ||
        fake_step_next(of->state, step, gateway, &next) != REFER_OK)
        return actor[0] != 0 ? actor : "staff";
    *party = gateway;
    return "gateway";
}

static refer_status step_make(
    const refer_referral *details, struct sdk_records *records)
{
    struct sdk_record *record = sdk_records_add(records, "request");
    if (record == NULL)
        return REFER_NO_MEMORY;
    refer_status status = text_copy(record, details, "role", NULL);
    if (status == REFER_OK)
        status = details_copy(records, details);
    return status == REFER_OK ? elements_copy(records, details) : status;
}

static refer_status step(struct refer_fake *fake, const char *id,
    const char *name, const refer_referral *details,
    const struct sdk_records *records, char *error)
{
    struct sdk_reply reply = { 0 };
    const char *next;
    char party;
    struct fake_case *of = fake_case_named(fake, id);
    if (of == NULL)
        return REFER_NOT_FOUND;
    if (!fake_step_is_known(name) || strcmp(name, "send") == 0) {
        sdk_text_copy(error, SDK_TEXT_SIZE, "there is no step of that name");
        return REFER_INVALID;
    }
    const char *actor = actor_of(of, name, details, &party);
    if (party == 0) {
        sdk_text_copy(error, SDK_TEXT_SIZE,
            "the actor is one of: staff, person, companion");
        return REFER_INVALID;
    }
    if (!fake_step_judge(of, name, party, records, &reply, &next))
        return refused(&reply, error);
    return fake_case_apply(fake, of,
        &(struct fake_note){ .type = "referral.step",
            .step = name,
            .by = "them",
            .actor = actor,
            .role = sdk_record_text(records->items, "role"),
            .state = next,
            .status = "applied",
            .said = records });
}

refer_status refer_fake_step(refer_fake *fake, const char *id, const char *name,
    const refer_referral *details)
{
    struct sdk_records records = { 0 };
    char error[SDK_TEXT_SIZE] = "";
    if (fake == NULL)
        return REFER_INVALID;
    begin(fake);
    if (id == NULL || name == NULL)
        return end(fake, REFER_INVALID, "an id and a step are needed");
    refer_status status = step_make(details, &records);
    if (status == REFER_OK)
        status = step(fake, id, name, details, &records, error);
    sdk_records_release(&records);
    return end(fake, status, error);
}

refer_status refer_fake_event(
    refer_fake *fake, const char *type, const char *id)
{
    if (fake == NULL)
        return REFER_INVALID;
    begin(fake);
    struct fake_case *of =
        id == NULL || id[0] == 0 ? NULL : fake_case_named(fake, id);
    if (!sdk_text_is_code(type))
        return end(fake, REFER_INVALID, "a type is a code");
    if (id != NULL && id[0] != 0 && of == NULL)
        return end(fake, REFER_NOT_FOUND, NULL);
    struct fake_event *event =
        fake_event_new(of, &(struct fake_note){ .type = type,
                               .by = "us",
                               .actor = "gateway",
                               .state = of == NULL ? "" : of->state,
                               .status = "applied" });
    if (event == NULL)
        return end(fake, REFER_NO_MEMORY, NULL);
    (void)fake_event_append(fake, of, event);
    return end(fake, REFER_OK, NULL);
}
