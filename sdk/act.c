#include <string.h>

#include "client.h"
#include "memory.h"
#include "objects.h"
#include "record.h"
#include "submission.h"

/* act.c - referrals handed over, moved on, and looked at. */

static refer_status fail(refer_client *client, refer_status status)
{
    return sdk_client_fail(client, status, refer_status_text(status));
}

static refer_status key_check(refer_client *client, const char *key)
{
    return sdk_key_is_valid(key)
               ? REFER_OK
               : sdk_client_fail(client, REFER_INVALID,
                     "the key must have 1 to 64 bytes of text");
}

/* ---- Handing over ------------------------------------------------------ */

/* "submit", or "explain" without a key. */
static refer_status submission_call(refer_client *client,
    const refer_referral *referral, const char *key,
    struct sdk_deadline deadline, struct sdk_reply *reply)
{
    struct sdk_submission submission;
    refer_status status = sdk_submission_make(referral, key, &submission);
    if (status == REFER_OK)
        status = sdk_client_call(client, submission.request, deadline, reply);
    else
        (void)sdk_client_fail(client, status,
            "the referral has an actor or details, which are for steps");
    return status;
}

refer_status refer_submit(refer_client *client, const refer_referral *referral,
    const char *key, int32_t timeout_ms, char *id, size_t id_size)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    if (id != NULL && id_size > 0)
        id[0] = 0;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (referral == NULL || id == NULL || id_size < REFER_ID_SIZE)
        return sdk_client_fail(
            client, REFER_INVALID, "a referral and room for an id are needed");
    status = key_check(client, key);
    if (status == REFER_OK)
        status = submission_call(client, referral, key, deadline, &reply);
    if (status != REFER_OK)
        return status;
    const char *given =
        sdk_record_text(sdk_records_at(&reply.records, "referral", 0), "id");
    if (given[0] == 0 || strlen(given) >= REFER_ID_SIZE)
        status = fail(client, REFER_PROTOCOL);
    else
        memcpy(id, given, strlen(given) + 1);
    sdk_reply_release(&reply);
    return status;
}

refer_status refer_explain(refer_client *client, const refer_referral *referral,
    int32_t timeout_ms, int32_t *allowed)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    if (allowed != NULL)
        *allowed = 0;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (referral == NULL || allowed == NULL)
        return fail(client, REFER_INVALID);
    status = submission_call(client, referral, NULL, deadline, &reply);
    if (status != REFER_OK)
        return status;
    const struct sdk_record *verdict =
        sdk_records_at(&reply.records, "verdict", 0);
    if (sdk_record_find(verdict, "allowed") == NULL)
        status = fail(client, REFER_PROTOCOL);
    *allowed = sdk_record_number(verdict, "allowed") != 0;
    if (*allowed == 0) {
        sdk_text_copy(client->problem, sizeof client->problem,
            sdk_record_text(verdict, "problem"));
        sdk_text_copy(client->clause, sizeof client->clause,
            sdk_record_text(verdict, "clause"));
        sdk_text_copy(client->remedy, sizeof client->remedy,
            sdk_record_text(verdict, "remedy"));
    }
    sdk_reply_release(&reply);
    return status;
}

/* ---- Steps ------------------------------------------------------------- */

/* The fields of "act", and what is behind them. */
struct step {
    struct sdk_field fields[SDK_REFERRAL_FIELD_COUNT + 3];
    struct sdk_request request;
};

static refer_status step_make(refer_client *client, struct step *step,
    const char *id, const char *name, const refer_referral *details,
    const char *key)
{
    size_t count = 0;
    if (id == NULL || id[0] == 0 || !sdk_text_is_code(name))
        return sdk_client_fail(
            client, REFER_INVALID, "a referral's id and a step are needed");
    refer_status status = key_check(client, key);
    if (status != REFER_OK)
        return status;
    if (!sdk_text_is_clean(id))
        return fail(client, REFER_INVALID);
    if (details != NULL &&
        (!sdk_referral_parts_are(details, "element", "detail") ||
            sdk_referral_fields(details, SDK_USE_ACT, step->fields, &count) !=
                REFER_OK))
        return sdk_client_fail(client, REFER_INVALID,
            "a step takes actor, role, details and elements only");
    step->fields[count++] = sdk_field_of_text("id", id);
    step->fields[count++] = sdk_field_of_text("step", name);
    step->fields[count++] = sdk_field_of_text("key", key);
    step->request = (struct sdk_request){
        .operation = "act", .fields = step->fields, .field_count = count
    };
    if (details != NULL) {
        step->request.rest = details->records.items + 1;
        step->request.rest_count = details->records.count - 1;
    }
    return REFER_OK;
}

refer_status refer_act(refer_client *client, const char *id, const char *step,
    const refer_referral *details, const char *key, int32_t timeout_ms,
    refer_referral **now)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    struct step made;
    if (now != NULL)
        *now = NULL;
    refer_status status = sdk_client_begin(client);
    if (status == REFER_OK)
        status = step_make(client, &made, id, step, details, key);
    if (status == REFER_OK)
        status = sdk_client_call(client, made.request, deadline, &reply);
    if (status == REFER_OK && now != NULL) {
        status = sdk_referral_take(&reply.records, now);
        if (status != REFER_OK)
            status = fail(client, status);
    }
    sdk_reply_release(&reply);
    return status;
}

/* A step with an actor and up to two details; NULL: none. */
static refer_status short_act(refer_client *client, const char *id,
    const char *step, const char *actor, const char *const details[2][2],
    const char *key, int32_t timeout_ms)
{
    refer_referral *filled;
    refer_status status = refer_referral_new(&filled);
    if (status == REFER_OK && actor != NULL)
        status = refer_referral_set(filled, "actor", actor);
    for (int i = 0; status == REFER_OK && details != NULL && i < 2; i++)
        if (details[i][0] != NULL)
            status =
                refer_referral_set_detail(filled, details[i][0], details[i][1]);
    if (status == REFER_OK)
        status = refer_act(client, id, step, filled, key, timeout_ms, NULL);
    else
        (void)fail(client, status);
    refer_referral_free(filled);
    return status;
}

refer_status refer_accept(refer_client *client, const char *id,
    const char *offer, const char *key, int32_t timeout_ms)
{
    return short_act(client, id, "accept", NULL,
        (const char *const[2][2]){ { "offer", offer } }, key, timeout_ms);
}

refer_status refer_decline(refer_client *client, const char *id,
    const char *reason, const char *next_option, const char *key,
    int32_t timeout_ms)
{
    return short_act(client, id, "decline", NULL,
        (const char *const[2][2]){
            { "reason", reason }, { "next_option", next_option } },
        key, timeout_ms);
}

refer_status refer_finish(refer_client *client, const char *id,
    const char *outcome, const char *key, int32_t timeout_ms)
{
    return short_act(client, id, "finish", NULL,
        (const char *const[2][2]){ { "outcome", outcome } }, key, timeout_ms);
}

refer_status refer_cancel(refer_client *client, const char *id,
    const char *reason, const char *key, int32_t timeout_ms)
{
    bool can_be_told = reason == NULL || strcmp(reason, "PERSON_DIED") != 0;
    return short_act(client, id, "cancel", NULL,
        (const char *const[2][2]){ { "reason", reason },
            { can_be_told ? "person_told" : NULL, "yes" } },
        key, timeout_ms);
}

refer_status refer_withdraw(
    refer_client *client, const char *id, const char *key, int32_t timeout_ms)
{
    return short_act(client, id, "withdraw", "person", NULL, key, timeout_ms);
}

refer_status refer_withdraw_consent(
    refer_client *client, const char *id, const char *key, int32_t timeout_ms)
{
    return short_act(
        client, id, "consent_revoked", "person", NULL, key, timeout_ms);
}

/* ---- Looking ----------------------------------------------------------- */

refer_status refer_get(refer_client *client, const char *id, int32_t timeout_ms,
    refer_referral **out)
{
    struct sdk_deadline deadline = sdk_deadline_in(timeout_ms);
    struct sdk_reply reply = { 0 };
    if (out == NULL)
        return REFER_INVALID;
    *out = NULL;
    refer_status status = sdk_client_begin(client);
    if (status != REFER_OK)
        return status;
    if (!sdk_text_is_clean(id))
        return fail(client, REFER_INVALID);
    struct sdk_field field = sdk_field_of_text("id", id);
    status = sdk_client_call(client,
        (struct sdk_request){
            .operation = "get", .fields = &field, .field_count = 1 },
        deadline, &reply);
    if (status == REFER_OK) {
        status = sdk_referral_take(&reply.records, out);
        if (status != REFER_OK)
            (void)fail(client, status);
    }
    sdk_reply_release(&reply);
    return status;
}
