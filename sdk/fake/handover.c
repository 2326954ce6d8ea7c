#include "sdk/fake/case.h"
#include "sdk/fake/check.h"
#include "sdk/fake/step.h"

#include <string.h>

#include "sdk/memory.h"

/* handover.c - the writes of a program: each has a key, and is done once. */

/* ---- Keys -------------------------------------------------------------- */

static bool key_check(
    const struct fake_request *request, struct sdk_reply *reply)
{
    const char *key = sdk_record_text(request->records.items, "key");
    if (key[0] != 0 && strlen(key) < FAKE_NAME_SIZE)
        return true;
    return fake_refuse(reply, FAKE_ERR_INVALID, "FORMAT", "key",
        "give a key of 1 to 64 characters, one for each intention");
}

static void answer_case(
    const struct fake_case *of, bool is_pending, struct sdk_reply *reply)
{
    const char *mou = sdk_record_text(of->request.items, "mou");
    struct sdk_record *record = sdk_records_add(&reply->records, "referral");
    refer_status status = record == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "id", of->id);
    if (status == REFER_OK)
        status = sdk_record_set_text(record, "state", of->state);
    if (status == REFER_OK)
        status =
            sdk_record_set_text(record, "mou", mou[0] != 0 ? mou : FAKE_MOU);
    if (status == REFER_OK)
        status = sdk_record_set_flag(record, "pending", is_pending);
    if (status != REFER_OK)
        (void)fake_exhausted(reply);
}

/* True when the key was used before: the reply is then complete. */
static bool recall(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    const char *text = sdk_record_text(request->records.items, "key");
    const struct fake_key *key = fake->keys;
    while (key != NULL && strcmp(key->key, text) != 0)
        key = key->next;
    if (key == NULL)
        return false;
    if (key->size != request->size ||
        memcmp(key->request, request->bytes, key->size) != 0) {
        (void)fake_refuse(reply, FAKE_ERR_CONFLICT, "REPLAY", "key",
            "use a new key: this one stands for another request");
        return true;
    }
    request->is_repeat = true;
    answer_case(key->of, key->is_pending, reply);
    return true;
}

/* Not kept yet; NULL for want of memory. */
static struct fake_key *key_new(const struct fake_request *request)
{
    struct fake_key *key = sdk_memory_take(sizeof *key);
    if (key == NULL)
        return NULL;
    sdk_text_copy(key->key, sizeof key->key,
        sdk_record_text(request->records.items, "key"));
    key->size = request->size;
    key->request = sdk_memory_copy(request->bytes, request->size);
    if (key->request != NULL)
        return key;
    sdk_memory_free(key);
    return NULL;
}

static void key_free(struct fake_key *key)
{
    if (key == NULL)
        return;
    sdk_memory_free(key->request);
    sdk_memory_free(key);
}

static void key_keep(struct refer_fake *fake, struct fake_key *key,
    struct fake_case *of, bool is_pending)
{
    key->of = of;
    key->is_pending = is_pending;
    key->next = fake->keys;
    fake->keys = key;
}

/* ---- A referral -------------------------------------------------------- */

static bool submission_check(struct refer_fake *fake,
    const struct fake_request *request, struct sdk_reply *reply)
{
    const struct sdk_record *referral;
    if (strcmp(fake->options.full, "yes") == 0)
        return fake_refuse(reply, FAKE_ERR_FULL, "TRY_LATER", "map_size_mib",
            "raise map_size_mib in referd.yaml and restart, then try again");
    if (!fake_submission_read(&request->records, reply, &referral))
        return false;
    if (!fake_is_agency(sdk_record_text(referral, "to")))
        return fake_refuse(reply, FAKE_ERR_NOT_FOUND, "", "referral.to",
            "give the id of an agency from referctl peer list, or accept its "
            "card first");
    if (!fake_submission_judge(&request->records, referral, reply))
        return false;
    if (fake_case_named(fake, sdk_record_text(referral, "id")) == NULL)
        return true;
    return fake_refuse(reply, FAKE_ERR_EXISTS, "REFERRAL_EXISTS", "referral.id",
        "leave the id out: the gateway makes one");
}

/* The referral's record first, then the rest as it came. */
static void referral_first(struct sdk_records *records)
{
    size_t at = 1;
    while (strcmp(records->items[at].type, "referral") != 0)
        at++;
    struct sdk_record referral = records->items[at];
    memmove(&records->items[2], &records->items[1],
        (at - 1) * sizeof *records->items);
    records->items[1] = referral;
}

bool fake_submit(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = { { "key", SDK_FIELD_TEXT, true } };
    if (!fake_fields_check(reply, "submit", request->records.items, rules, 1) ||
        !key_check(request, reply) || recall(fake, request, reply) ||
        !submission_check(fake, request, reply))
        return true;
    referral_first(&request->records);
    const struct sdk_record *referral = &request->records.items[1];
    struct fake_case *of = fake_case_new(
        fake, &request->records, 1, sdk_record_text(referral, "id"));
    struct fake_key *key = key_new(request);
    struct fake_told *told = fake_told_new(of, "send", 'S');
    refer_status status =
        of == NULL || key == NULL || told == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK) {
        of->is_outgoing = true;
        of->pending = 1;
        sdk_text_copy(
            of->peer, sizeof of->peer, sdk_record_text(referral, "to"));
        status = fake_case_apply(fake, of,
            &(struct fake_note){ .type = "referral.step",
                .step = "send",
                .by = "us",
                .actor = "staff",
                .role = sdk_record_text(referral, "role"),
                .state = "sent",
                .status = "pending",
                .said = &request->records });
    }
    if (status != REFER_OK) {
        fake_case_free(of);
        key_free(key);
        sdk_memory_free(told);
        (void)fake_exhausted(reply);
        return true;
    }
    fake_case_insert(fake, of);
    key_keep(fake, key, of, true);
    fake_told_append(fake, told);
    answer_case(of, true, reply);
    return true;
}

/* ---- A step ------------------------------------------------------------ */

static bool act_read(const struct fake_request *request, char *party_of_staff,
    struct sdk_reply *reply)
{
    static const struct fake_rule rules[] = {
        { "id", SDK_FIELD_TEXT, true },
        { "step", SDK_FIELD_TEXT, true },
        { "key", SDK_FIELD_TEXT, true },
        { "actor", SDK_FIELD_TEXT, false },
        { "role", SDK_FIELD_TEXT, false },
    };
    const struct sdk_record *fields = request->records.items;
    const char *step = sdk_record_text(fields, "step");
    const char *actor = sdk_record_text(fields, "actor");
    char id[REFER_ID_SIZE];
    if (!fake_fields_check(reply, "act", fields, rules, 5))
        return false;
    for (size_t i = 1; i < request->records.count; i++)
        if (!fake_list_has("detail element", request->records.items[i].type))
            return fake_step_read(&request->records, reply);
    if (!fake_id_read(sdk_record_text(fields, "id"), id))
        return fake_wrong(reply, "act", "id", "give it as urn:uuid:...");
    if (!fake_step_is_known(step) || strcmp(step, "send") == 0)
        return fake_wrong(reply, "act", "step",
            "use one of the steps that referctl referral show lists");
    *party_of_staff = fake_party(actor[0] != 0 ? actor : "staff", true);
    if (*party_of_staff == 0)
        return fake_wrong(
            reply, "act", "actor", "use one of: staff, person, companion");
    return fake_step_read(&request->records, reply);
}

/* Steps that end a referral of ours; while nobody was told they drop it. */
static const char *dropped_state(
    const struct fake_case *of, const char *step, const char *next)
{
    if (!of->is_outgoing || strcmp(of->state, "sent") != 0)
        return NULL;
    if (strcmp(step, "consent_revoked") == 0)
        return "withdrawn";
    return fake_list_has("withdraw cancel wrong_person_or_place", step) ? next
                                                                        : NULL;
}

/* The person ended what nobody has yet: its request goes with it. */
static void detach(struct refer_fake *fake, struct fake_case *of)
{
    of->is_erased = true;
    fake_events_erase(fake, of);
}

static refer_status take(struct refer_fake *fake, struct fake_case *of,
    const struct fake_request *request, const char *next, char party,
    bool *is_pending)
{
    const struct sdk_record *fields = request->records.items;
    const char *step = sdk_record_text(fields, "step");
    const char *actor = sdk_record_text(fields, "actor");
    const char *dropped = dropped_state(of, step, next);
    bool is_at_once = dropped != NULL || !of->is_outgoing ||
                      fake_list_has("withdraw consent_revoked", step);
    struct fake_key *key = key_new(request);
    struct fake_told *told = fake_told_new(of, step, party);
    bool is_sent = strcmp(of->state, "sent") == 0;
    refer_status status =
        key == NULL || told == NULL ? REFER_NO_MEMORY : REFER_OK;
    if (status == REFER_OK)
        status = fake_case_apply(fake, of,
            &(struct fake_note){ .type = "referral.step",
                .step = step,
                .by = "us",
                .actor = actor[0] != 0 ? actor : "staff",
                .role = sdk_record_text(fields, "role"),
                .state = dropped != NULL ? dropped
                         : is_at_once    ? next
                                         : of->state,
                .status = is_at_once ? "applied" : "pending",
                .said = &request->records });
    if (status != REFER_OK) {
        key_free(key);
        sdk_memory_free(told);
        return status;
    }
    if (is_sent && strcmp(step, "withdraw") == 0)
        detach(fake, of);
    if (dropped != NULL)
        fake_told_drop(fake, of);
    if (dropped != NULL)
        of->pending = 0;
    else if (of->is_outgoing)
        of->pending++;
    if (dropped != NULL || !of->is_outgoing)
        sdk_memory_free(told);
    else
        fake_told_append(fake, told);
    key_keep(fake, key, of, !is_at_once);
    *is_pending = !is_at_once;
    return REFER_OK;
}

bool fake_act(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply)
{
    const struct sdk_record *fields = request->records.items;
    char party;
    const char *next;
    bool is_pending;
    if (!act_read(request, &party, reply) || !key_check(request, reply) ||
        recall(fake, request, reply))
        return true;
    struct fake_case *of = fake_case_named(fake, sdk_record_text(fields, "id"));
    if (of == NULL) {
        (void)fake_refuse(reply, FAKE_ERR_NOT_FOUND, "REFERRAL_UNKNOWN",
            "act.id", "look the id up with referctl referral list");
        return true;
    }
    if (party == 'S' && !of->is_outgoing)
        party = 'R';
    if (!fake_step_judge(of, sdk_record_text(fields, "step"), party,
            &request->records, reply, &next))
        return true;
    if (take(fake, of, request, next, party, &is_pending) != REFER_OK)
        (void)fake_exhausted(reply);
    else
        answer_case(of, is_pending, reply);
    return true;
}
