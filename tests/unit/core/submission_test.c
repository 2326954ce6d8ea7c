#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "io/store_memory.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Handing over ---- */

static struct federation *agreed(void)
{
    return federation_of_two();
}

static void a_referral_is_stored_sent_and_delivered(void **state)
{
    struct federation *federation = agreed();
    char mou[MOU_ID_TEXT_SIZE + 1];
    struct call call;
    struct uuid uuid;
    (void)state;
    federation_mou_id(federation, mou);
    federation_referral(federation, &call, 0, 1, "first");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *referral = reply_record(reply, "referral", 0);
    assert_int_equal(uuid_parse(record_text(referral, "id"), &uuid), ERR_NONE);
    assert_true(record_is(referral, "state", "sent"));
    assert_true(record_is(referral, "mou", mou));
    assert_true(record_flag(referral, "pending"));
    federation_run(federation);
    char id[UUID_URN_SIZE + 1];
    uuid_format(&uuid, id);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

static void what_was_answered_with_stored_survives_a_crash(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_crash(federation, 0);
    federation_run(federation);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

/* ---- The client's own key ---- */

static void the_same_key_again_gives_the_same_answer(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    char id[UUID_URN_SIZE + 1] = "";
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    for (uint32_t i = 0; i < 4; i++) {
        call.number = i; /* which is not part of what is asked */
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
        assert_int_equal(reply->number, i);
        const struct local_record *referral =
            reply_record(reply, "referral", 0);
        if (i == 0)
            memcpy(id, record_text(referral, "id").bytes, UUID_URN_SIZE);
        assert_true(record_is(referral, "id", id));
        assert_true(record_flag(referral, "pending"));
        if (i == 1)
            federation_crash(federation, 0);
        if (i == 2)
            federation_run(federation);
    }
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_SUBMITTED), 1);
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RECEIVED), 1);
    federation_free(federation);
}

static void the_same_key_for_something_else_is_a_conflict(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    federation_referral(federation, &call, 0, 1, "first");
    call_change(&call, "referral", "reason_plain", "wants something else");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_CONFLICT);
    assert_int_equal(reply->problem, PROBLEM_REPLAY);
    assert_true(slice_is(reply->clause, "key"));
    assert_true(reply->remedy.size > 0);
    federation_free(federation);
}

static void keys_of_other_users_are_other_keys(void **state)
{
    const struct bench_client other = { 2, UINT32_MAX, 1001 };
    struct federation *federation = agreed();
    struct call call;
    struct slice id;
    (void)state;
    const char *first = federation_submit(federation, 0, 1, "first");
    federation_referral(federation, &call, 0, 1, "first");
    const struct local_reply *reply =
        federation_call_as(federation, 0, &other, &call);
    assert_int_equal(reply->err, ERR_NONE);
    id = record_text(reply_record(reply, "referral", 0), "id");
    assert_false(slice_is(id, first));
    federation_free(federation);
}

static void what_was_refused_leaves_its_key_free(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    call_change(&call, "referral", "service", "beta.other");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_POLICY);
    (void)federation_submit(federation, 0, 1, "first");
    federation_free(federation);
}

static void a_step_has_a_key_too(void **state)
{
    static const char *const why[] = { "reason", "NEED_MET_ELSEWHERE",
        "person_told", "yes", NULL };
    static const char *const other[] = { "reason", "NEED_CHANGED",
        "person_told", "yes", NULL };
    struct federation *federation = agreed();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    for (int i = 0; i < 3; i++) {
        const struct local_reply *reply =
            federation_act(federation, 0, id, "cancel", "second", why);
        assert_int_equal(reply->err, ERR_NONE);
        assert_true(record_flag(reply_record(reply, "referral", 0), "pending"));
    }
    assert_int_equal(
        federation_act(federation, 0, id, "cancel", "second", other)->err,
        ERR_CONFLICT);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "cancelled");
    assert_int_equal(federation_logged(federation, 1, LOG_REFERRAL_STEPPED), 1);
    federation_free(federation);
}

/* ---- Form ---- */

static const struct {
    const char *record; /* NULL: the request */
    const char *field;
    const char *clause;
} required[] = {
    { NULL, "key", "submit.key" },
    { "referral", "to", "referral.to" },
    { "referral", "service", "referral.service" },
    { "referral", "purpose", "referral.purpose" },
    { "referral", "urgency", "referral.urgency" },
    { "referral", "choice", "referral.choice" },
    { "referral", "ask_back", "referral.ask_back" },
    { "referral", "reason_plain", "referral.reason_plain" },
    { "referral", "consent_at_ms", "referral.consent_at_ms" },
    { "grant", "to", "grant.to" },
    { "grant", "purpose", "grant.purpose" },
    { "grant", "elements", "grant.elements" },
    { "grant", "until_ms", "grant.until_ms" },
    { "element", "code", "element.code" },
    { "element", "value", "element.value" },
};

static void assert_names(
    const struct local_reply *reply, enum problem problem, const char *clause)
{
    assert_int_equal(reply->err, ERR_INVALID);
    assert_string_equal(problem_name(reply->problem), problem_name(problem));
    if (!slice_is(reply->clause, clause))
        fail_msg("%s: %.*s", clause, (int)reply->clause.size,
            (const char *)reply->clause.bytes);
    assert_true(reply->remedy.size > 0);
    assert_true(reply->message.size > 0);
}

static void a_missing_field_is_named(void **state)
{
    struct federation *federation = agreed();
    uint64_t hash = store_memory_hash(federation_store(federation, 0));
    (void)state;
    for (size_t i = 0; i < COUNT(required); i++) {
        struct call call;
        federation_referral(federation, &call, 0, 1, "first");
        call_remove(&call, required[i].record, required[i].field);
        assert_names(federation_call(federation, 0, &call), PROBLEM_FORMAT,
            required[i].clause);
    }
    assert_int_equal(store_memory_hash(federation_store(federation, 0)), hash);
    federation_free(federation);
}

static void a_field_of_another_type_is_named(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    for (size_t i = 0; i < COUNT(required); i++) {
        struct call call;
        federation_referral(federation, &call, 0, 1, "first");
        struct local_field *field =
            call_find(&call, required[i].record, required[i].field);
        field->type = field->type == LOCAL_TEXT ? LOCAL_DATA : LOCAL_TEXT;
        field->bytes = SLICE_LITERAL("text");
        assert_names(federation_call(federation, 0, &call), PROBLEM_FORMAT,
            required[i].clause);
    }
    federation_free(federation);
}

static void an_unknown_field_is_named(void **state)
{
    static const char *const records[] = { NULL, "referral", "grant",
        "element" };
    static const char *const clauses[] = { "submit.colour", "referral.colour",
        "grant.colour", "element.colour" };
    struct federation *federation = agreed();
    (void)state;
    for (size_t i = 0; i < COUNT(records); i++) {
        struct call call;
        federation_referral(federation, &call, 0, 1, "first");
        struct call_part *part = &call.request;
        for (size_t k = 0; k < call.part_count && records[i] != NULL; k++)
            if (strcmp(call.parts[k].type, records[i]) == 0)
                part = &call.parts[k];
        part->fields[part->field_count++] =
            (struct local_field){ SLICE_LITERAL("colour"), LOCAL_TEXT,
                SLICE_LITERAL("blue"), 0 };
        assert_names(federation_call(federation, 0, &call),
            PROBLEM_UNKNOWN_FIELD, clauses[i]);
    }
    federation_free(federation);
}

static const struct {
    const char *record;
    const char *field;
    const char *text;
    const char *clause;
} values[] = {
    { NULL, "key", "", "key" },
    { "referral", "urgency", "soonish", "referral.urgency" },
    { "referral", "choice", "forced", "referral.choice" },
    { "referral", "ask_back", "some", "referral.ask_back" },
    { "grant", "to", "nobody", "grant.to" },
    { "grant", "elements", "call_name  needs", "grant.elements" },
    { "grant", "elements", " call_name", "grant.elements" },
    { "grant", "elements", "call_name ", "grant.elements" },
    { "grant", "elements", "call_name call_name",
        "request.grants[0].elements[1]" },
    { "element", "value", "", "elements[0].call_name" },
    { "referral", "reason_plain", "", "request.reason_plain" },
    { "referral", "service", "", "request.service" },
};

static void a_value_that_makes_no_sense_is_named(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct call call;
        federation_referral(federation, &call, 0, 1, "first");
        call_change(&call, values[i].record, values[i].field, values[i].text);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_INVALID);
        if (!slice_is(reply->clause, values[i].clause))
            fail_msg("%s: %.*s", values[i].clause, (int)reply->clause.size,
                (const char *)reply->clause.bytes);
    }
    federation_free(federation);
}

static void optional_ids_must_be_ids(void **state)
{
    static const struct {
        const char *field;
        const char *clause;
    } rows[] = { { "id", "referral.id" }, { "thread", "referral.thread" },
        { "parent", "referral.parent" }, { "mou", "referral.mou" } };
    struct federation *federation = agreed();
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call call;
        federation_referral(federation, &call, 0, 1, "first");
        struct call_part *part = &call.parts[0];
        part->fields[part->field_count++] =
            (struct local_field){ slice_of_text(rows[i].field), LOCAL_TEXT,
                SLICE_LITERAL("no id"), 0 };
        assert_names(federation_call(federation, 0, &call), PROBLEM_FORMAT,
            rows[i].clause);
    }
    federation_free(federation);
}

static void a_key_has_up_to_64_characters(void **state)
{
    char key[IDEMPOTENCY_KEY_SIZE_MAX + 2];
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    memset(key, 'k', sizeof key);
    key[IDEMPOTENCY_KEY_SIZE_MAX + 1] = '\0';
    federation_referral(federation, &call, 0, 1, key);
    assert_names(federation_call(federation, 0, &call), PROBLEM_FORMAT, "key");
    (void)federation_submit(federation, 0, 1, key + 1);
    federation_free(federation);
}

static void there_is_exactly_one_referral_and_nothing_unknown(void **state)
{
    struct federation *federation = agreed();
    struct call call;
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    call_record(&call, "referral");
    assert_names(federation_call(federation, 0, &call), PROBLEM_FORMAT,
        "records.referral");
    federation_referral(federation, &call, 0, 1, "first");
    call_record(&call, "detail");
    call_text(&call, "name", "note");
    assert_names(federation_call(federation, 0, &call), PROBLEM_UNKNOWN_FIELD,
        "records");
    call_begin(&call, "submit");
    call_text(&call, "key", "first");
    assert_names(federation_call(federation, 0, &call), PROBLEM_FORMAT,
        "records.referral");
    federation_free(federation);
}

static void an_id_of_ones_own_is_used_once(void **state)
{
    static const char id[] = "urn:uuid:01902d5a-0000-7000-8000-000000000001";
    struct federation *federation = agreed();
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct call call;
        federation_referral(federation, &call, 0, 1, i == 0 ? "a" : "b");
        struct call_part *part = &call.parts[0];
        part->fields[part->field_count++] =
            (struct local_field){ SLICE_LITERAL("id"), LOCAL_TEXT,
                slice_of_text(id), 0 };
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, i == 0 ? ERR_NONE : ERR_EXISTS);
        if (i == 0)
            assert_true(
                record_is(reply_record(reply, "referral", 0), "id", id));
    }
    federation_free(federation);
}

/* ---- Whom and why not ---- */

static void only_an_accepted_agency_is_a_recipient(void **state)
{
    struct federation *federation = federation_new(3);
    struct call call;
    (void)state;
    federation_connect(federation, 0, 1);
    federation_referral(federation, &call, 0, 2, "first");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NOT_FOUND);
    assert_true(slice_is(reply->clause, "referral.to"));
    struct call import;
    call_begin(&import, "card.import");
    call_data(&import, "data", federation_card(federation, 2));
    assert_int_equal(federation_call(federation, 0, &import)->err, ERR_NONE);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NOT_FOUND);
    federation_free(federation);
}

enum spoil {
    SPOIL_NEVER,
    SPOIL_NOT_ALLOWED,
    SPOIL_UNREGISTERED,
    SPOIL_REQUIRED,
    SPOIL_GRANT_ELEMENT,
    SPOIL_GRANT_PURPOSE,
    SPOIL_GRANT_OVER,
    SPOIL_GRANT_LONG,
    SPOIL_CONSENT_AHEAD,
    SPOIL_SERVICE,
    SPOIL_PURPOSE,
    SPOIL_MOU,
};

static const struct {
    enum spoil spoil;
    enum err err;
    enum problem problem;
    const char *clause;
} refusals[] = {
    { SPOIL_NEVER, ERR_POLICY, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share" },
    { SPOIL_NOT_ALLOWED, ERR_POLICY, PROBLEM_ELEMENT_NOT_ALLOWED,
        "data_elements[care].allowed" },
    { SPOIL_UNREGISTERED, ERR_INVALID, PROBLEM_UNKNOWN_FIELD, "elements[1]" },
    { SPOIL_REQUIRED, ERR_POLICY, PROBLEM_ELEMENT_MISSING,
        "data_elements[care].required" },
    { SPOIL_GRANT_ELEMENT, ERR_POLICY, PROBLEM_CONSENT_SCOPE,
        "consent.grants" },
    { SPOIL_GRANT_PURPOSE, ERR_POLICY, PROBLEM_CONSENT_MISSING,
        "consent.grants" },
    { SPOIL_GRANT_OVER, ERR_POLICY, PROBLEM_CONSENT_EXPIRED, "consent.grants" },
    { SPOIL_GRANT_LONG, ERR_POLICY, PROBLEM_CONSENT_SCOPE,
        "consent.max_expiry_days" },
    { SPOIL_CONSENT_AHEAD, ERR_POLICY, PROBLEM_CLOCK_SKEW,
        "request.consent_at" },
    { SPOIL_SERVICE, ERR_POLICY, PROBLEM_SERVICE_UNKNOWN, "services" },
    { SPOIL_PURPOSE, ERR_POLICY, PROBLEM_PATHWAY_NOT_ALLOWED, "pathways" },
    { SPOIL_MOU, ERR_POLICY, PROBLEM_MOU_NOT_FOUND, "mou" },
};

static void spoil(struct call *call, enum spoil how)
{
    int64_t now_ms = FEDERATION_START_MS;
    struct call_part *second = &call->parts[call->part_count - 1];
    if (how == SPOIL_NEVER)
        second->fields[0].bytes = SLICE_LITERAL("arrest_history");
    else if (how == SPOIL_NOT_ALLOWED)
        second->fields[0].bytes = SLICE_LITERAL("legal_name");
    else if (how == SPOIL_UNREGISTERED)
        second->fields[0].bytes = SLICE_LITERAL("shoe_size");
    else if (how == SPOIL_REQUIRED) {
        call->parts[call->part_count - 2] = *second;
        call->part_count--;
    } else if (how == SPOIL_GRANT_ELEMENT)
        call_change(call, "grant", "elements", "call_name");
    else if (how == SPOIL_GRANT_PURPOSE)
        call_change(call, "grant", "purpose", "other");
    else if (how == SPOIL_GRANT_OVER)
        call_find(call, "grant", "until_ms")->number = now_ms - 1;
    else if (how == SPOIL_GRANT_LONG)
        call_find(call, "grant", "until_ms")->number =
            now_ms + 366 * FEDERATION_DAY_MS;
    else if (how == SPOIL_CONSENT_AHEAD)
        call_find(call, "referral", "consent_at_ms")->number =
            now_ms + CLOCK_SKEW_MS_MAX + 1;
    else if (how == SPOIL_SERVICE)
        call_change(call, "referral", "service", "alpha.care");
    else if (how == SPOIL_PURPOSE) {
        call_change(call, "referral", "purpose", "other");
        call_change(call, "grant", "purpose", "other");
    } else {
        struct call_part *part = &call->parts[0];
        part->fields[part->field_count++] =
            (struct local_field){ SLICE_LITERAL("mou"), LOCAL_TEXT,
                SLICE_LITERAL("00000000000000000000000000000000000000000000000"
                              "00000000000000000"),
                0 };
    }
}

static void what_policy_refuses_has_clause_and_remedy(void **state)
{
    struct federation *federation = agreed();
    uint64_t hash = store_memory_hash(federation_store(federation, 0));
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct call call;
        federation_referral(federation, &call, 0, 1, "first");
        spoil(&call, refusals[i].spoil);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        if (reply->problem != refusals[i].problem)
            fail_msg("row %zu: %s", i, problem_name(reply->problem));
        assert_int_equal(reply->err, refusals[i].err);
        assert_true(slice_is(reply->clause, refusals[i].clause));
        assert_true(reply->remedy.size > 0);
        assert_int_equal(reply->record_count, 0);
    }
    assert_int_equal(store_memory_hash(federation_store(federation, 0)), hash);
    assert_int_equal(federation_message_count(federation), 0);
    federation_free(federation);
}

static void explain_says_the_same_and_changes_nothing(void **state)
{
    struct federation *federation = agreed();
    uint64_t hash = store_memory_hash(federation_store(federation, 0));
    struct call call;
    (void)state;
    for (size_t i = 0; i <= COUNT(refusals); i++) {
        federation_referral(federation, &call, 0, 1, "first");
        call.request.type = "explain";
        call_remove(&call, NULL, "key");
        if (i < COUNT(refusals))
            spoil(&call, refusals[i].spoil);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
        const struct local_record *verdict = reply_record(reply, "verdict", 0);
        assert_int_equal(record_flag(verdict, "allowed"), i == COUNT(refusals));
        if (i == COUNT(refusals)) {
            assert_int_equal(record_text(verdict, "mou").size, 64);
            continue;
        }
        assert_true(
            record_is(verdict, "problem", problem_name(refusals[i].problem)));
        assert_true(record_is(verdict, "clause", refusals[i].clause));
        assert_true(record_text(verdict, "remedy").size > 0);
    }
    assert_int_equal(store_memory_hash(federation_store(federation, 0)), hash);
    call_text(&call, "key", "first");
    federation_free(federation);
}

static void without_an_agreement_nothing_about_a_person_leaves(void **state)
{
    struct federation *federation = federation_new(2);
    struct call call;
    (void)state;
    federation_connect(federation, 0, 1);
    federation_referral(federation, &call, 0, 1, "first");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_POLICY);
    assert_int_equal(reply->problem, PROBLEM_MOU_NOT_FOUND);
    assert_int_equal(federation_message_count(federation), 0);
    federation_free(federation);
}

static void a_store_nearly_full_takes_no_new_referrals(void **state)
{
    struct federation *federation = agreed();
    struct store *store = federation_store(federation, 0);
    struct store_usage usage;
    struct call call;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "before");
    federation_run(federation);
    uint8_t *bytes = test_calloc(1, 1u << 20);
    struct work *work = federation_begin(federation, 0);
    store_put(work->txn, SLICE_LITERAL("z"), slice_of(bytes, 1u << 20));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    test_free(bytes);
    store->ops->usage(store, &usage);
    store_memory_set_capacity(store, usage.used * 100 / 81);
    federation_referral(federation, &call, 0, 1, "first");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_FULL);
    assert_int_equal(reply->problem, PROBLEM_TRY_LATER);
    assert_true(err_is_retryable(reply->err));
    assert_int_equal(federation_logged(federation, 0, LOG_STORE_FILLED), 1);
    /* what must still go through does */
    assert_int_equal(federation_act_by(federation, 0, id, "withdraw", "second",
                         "person", NULL)
                         ->err,
        ERR_NONE);
    store_memory_set_capacity(store, usage.used * 2);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    federation_free(federation);
}

/* ---- Before anybody was told ---- */

static void what_is_ended_before_it_was_sent_is_never_told(void **state)
{
    static const char *const told[] = { "reason", "NEED_CHANGED", "person_told",
        "yes", NULL };
    static const char *const wrong[] = { "what", "person", NULL };
    static const struct {
        const char *step;
        const char *actor;
        const char *const *details;
        const char *ends;
    } rows[] = {
        { "withdraw", "person", NULL, "withdrawn" },
        { "consent_revoked", "person", NULL, "withdrawn" },
        { "cancel", "staff", told, "cancelled" },
        { "wrong_person_or_place", "staff", wrong, "void" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct federation *federation = agreed();
        const char *id;
        federation_crash(federation, 0); /* unsettled: it waits */
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        id = federation_submit(federation, 0, 1, "first");
        assert_int_equal(federation_message_count(federation), 0);
        assert_true(damage_has_words(federation, 0, "Robin"));
        const struct local_reply *reply = federation_act_by(federation, 0, id,
            rows[i].step, "second", rows[i].actor, rows[i].details);
        assert_int_equal(reply->err, ERR_NONE);
        const struct local_record *referral =
            reply_record(reply, "referral", 0);
        assert_true(record_is(referral, "state", rows[i].ends));
        assert_false(record_flag(referral, "pending"));
        assert_false(damage_has_words(federation, 0, "Robin"));
        federation_wait(federation, 600000);
        assert_true(federation_peer(federation, 0, 1)->settled_out);
        assert_string_equal(federation_state(federation, 1, id), "none");
        assert_string_equal(federation_state(federation, 0, id), rows[i].ends);
        assert_int_equal(
            federation_logged(federation, 1, LOG_REFERRAL_REFUSED), 0);
        federation_free(federation);
    }
}

/* ---- Steps ---- */

static const struct {
    size_t agency;
    const char *step;
    const char *actor;
    const char *const details[9];
    const char *leads_to;
} life[] = {
    { 1, "opened", "staff", { NULL }, "seen" },
    { 1, "ask", "staff", { "question", "How long?", NULL }, "info_needed" },
    { 0, "answer", "person", { "answer", "Three weeks.", NULL }, "seen" },
    { 1, "accept", "staff", { "offer", "Any morning this week", NULL },
        "accepted" },
    { 0, "choose_time", "person", { "walk_in", "yes", NULL }, "scheduled" },
    { 1, "arrive", "person", { NULL }, "arrived" },
    { 1, "start", "staff", { "wait_minutes", "10", NULL }, "in_service" },
    { 1, "finish", "staff",
        { "outcome", "SERVICE_GIVEN", "attended", "yes", NULL },
        "handed_back" },
    { 0, "acknowledge", "staff", { "feedback", "invited", NULL }, "closed" },
};

static void a_referral_goes_all_its_way(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    for (size_t i = 0; i < COUNT(life); i++) {
        char key[] = "step 0";
        key[5] = (char)('0' + i);
        const struct local_reply *reply =
            federation_act_by(federation, life[i].agency, id, life[i].step, key,
                life[i].actor, life[i].details);
        if (reply->err != ERR_NONE)
            fail_msg("%s: %.*s: %.*s", life[i].step, (int)reply->clause.size,
                (const char *)reply->clause.bytes, (int)reply->remedy.size,
                (const char *)reply->remedy.bytes);
        /* the receiving agency decides, so its own steps are so at once */
        assert_int_equal(
            record_flag(reply_record(reply, "referral", 0), "pending"),
            life[i].agency == 0);
        federation_run(federation);
        for (size_t k = 0; k < 2; k++)
            assert_string_equal(
                federation_state(federation, k, id), life[i].leads_to);
    }
    federation_free(federation);
}

static const struct {
    const char *it;
    size_t agency;
    const char *step;
    const char *actor;
    enum err err;
    enum problem problem;
} wrong_steps[] = {
    { "not a step", 1, "dance", "staff", ERR_INVALID, PROBLEM_FORMAT },
    { "not by this way", 0, "send", "staff", ERR_INVALID, PROBLEM_FORMAT },
    { "no actor", 1, "opened", "ghost", ERR_INVALID, PROBLEM_FORMAT },
    { "not by the gateway", 1, "opened", "gateway", ERR_INVALID,
        PROBLEM_FORMAT },
    { "not yet", 1, "start", "staff", ERR_STATE, PROBLEM_STATE },
    { "not theirs", 0, "opened", "staff", ERR_FORBIDDEN, PROBLEM_FORBIDDEN },
    { "not said why", 0, "cancel", "staff", ERR_INVALID, PROBLEM_GUARD },
};

static void a_wrong_step_is_refused_and_changes_nothing(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    for (size_t i = 0; i < COUNT(wrong_steps); i++) {
        size_t agency = wrong_steps[i].agency;
        uint64_t hash = store_memory_hash(federation_store(federation, agency));
        const struct local_reply *reply = federation_act_by(federation, agency,
            id, wrong_steps[i].step, "second", wrong_steps[i].actor, NULL);
        if (reply->err != wrong_steps[i].err)
            fail_msg("%s: %s", wrong_steps[i].it, err_name(reply->err));
        assert_int_equal(reply->problem, wrong_steps[i].problem);
        assert_true(reply->clause.size > 0);
        assert_true(reply->remedy.size > 0);
        assert_int_equal(
            store_memory_hash(federation_store(federation, agency)), hash);
    }
    federation_free(federation);
}

static void what_cannot_be_now_is_answered_with_what_can_be(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const struct local_reply *reply =
        federation_act_by(federation, 1, id, "start", "second", "staff", NULL);
    assert_int_equal(reply->problem, PROBLEM_STATE);
    assert_true(slice_is(reply->remedy,
        "look at the referral again, now these steps are possible: opened, "
        "wrong_person_or_place"));
    assert_int_equal(federation_act_by(
                         federation, 0, id, "withdraw", "third", "person", NULL)
                         ->err,
        ERR_NONE);
    reply =
        federation_act_by(federation, 0, id, "amend", "fourth", "staff", NULL);
    assert_int_equal(reply->problem, PROBLEM_STATE);
    assert_true(slice_is(
        reply->remedy, "look at the referral again: no step of yours is left"));
    federation_free(federation);
}

static void a_step_of_an_unknown_referral_is_refused(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    const struct local_reply *reply = federation_act(federation, 0,
        "urn:uuid:01902d5a-0000-7000-8000-000000000001", "opened", "k", NULL);
    assert_int_equal(reply->err, ERR_NOT_FOUND);
    assert_int_equal(reply->problem, PROBLEM_REFERRAL_UNKNOWN);
    reply = federation_act(federation, 0, "no id", "opened", "k", NULL);
    assert_int_equal(reply->err, ERR_INVALID);
    assert_true(slice_is(reply->clause, "act.id"));
    federation_free(federation);
}

static void a_withdrawal_is_so_at_once_wherever_it_is_said(void **state)
{
    (void)state;
    for (size_t where = 0; where < 2; where++) {
        struct federation *federation = agreed();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        const struct local_reply *reply = federation_act_by(
            federation, where, id, "withdraw", "second", "person", NULL);
        assert_int_equal(reply->err, ERR_NONE);
        assert_true(record_is(
            reply_record(reply, "referral", 0), "state", "withdrawn"));
        federation_run(federation);
        for (size_t i = 0; i < 2; i++)
            assert_string_equal(
                federation_state(federation, i, id), "withdrawn");
        federation_free(federation);
    }
}

static void steps_that_cross_on_the_way_end_the_same_at_both(void **state)
{
    static const char *const offer[] = { "offer", "Any morning", NULL };
    struct federation *federation = agreed();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 1, id, "opened", "b", NULL)->err, ERR_NONE);
    assert_int_equal(
        federation_act(federation, 1, id, "accept", "c", offer)->err, ERR_NONE);
    assert_int_equal(
        federation_act_by(federation, 0, id, "withdraw", "d", "person", NULL)
            ->err,
        ERR_NONE);
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(federation_state(federation, i, id), "withdrawn");
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_is_stored_sent_and_delivered),
        cmocka_unit_test(what_was_answered_with_stored_survives_a_crash),
        cmocka_unit_test(the_same_key_again_gives_the_same_answer),
        cmocka_unit_test(the_same_key_for_something_else_is_a_conflict),
        cmocka_unit_test(keys_of_other_users_are_other_keys),
        cmocka_unit_test(what_was_refused_leaves_its_key_free),
        cmocka_unit_test(a_step_has_a_key_too),
        cmocka_unit_test(a_missing_field_is_named),
        cmocka_unit_test(a_field_of_another_type_is_named),
        cmocka_unit_test(an_unknown_field_is_named),
        cmocka_unit_test(a_value_that_makes_no_sense_is_named),
        cmocka_unit_test(optional_ids_must_be_ids),
        cmocka_unit_test(a_key_has_up_to_64_characters),
        cmocka_unit_test(there_is_exactly_one_referral_and_nothing_unknown),
        cmocka_unit_test(an_id_of_ones_own_is_used_once),
        cmocka_unit_test(only_an_accepted_agency_is_a_recipient),
        cmocka_unit_test(what_policy_refuses_has_clause_and_remedy),
        cmocka_unit_test(explain_says_the_same_and_changes_nothing),
        cmocka_unit_test(without_an_agreement_nothing_about_a_person_leaves),
        cmocka_unit_test(a_store_nearly_full_takes_no_new_referrals),
        cmocka_unit_test(what_is_ended_before_it_was_sent_is_never_told),
        cmocka_unit_test(a_referral_goes_all_its_way),
        cmocka_unit_test(a_wrong_step_is_refused_and_changes_nothing),
        cmocka_unit_test(what_cannot_be_now_is_answered_with_what_can_be),
        cmocka_unit_test(a_step_of_an_unknown_referral_is_refused),
        cmocka_unit_test(a_withdrawal_is_so_at_once_wherever_it_is_said),
        cmocka_unit_test(steps_that_cross_on_the_way_end_the_same_at_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
