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

static void a_referral_is_stored_sent_and_delivered(void **state)
{
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
    struct call call;
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    call_change(&call, "referral", "service", "beta.other");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_POLICY);
    (void)federation_submit(federation, 0, 1, "first");
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
        struct federation *federation = federation_of_two();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_is_stored_sent_and_delivered),
        cmocka_unit_test(what_was_answered_with_stored_survives_a_crash),
        cmocka_unit_test(the_same_key_again_gives_the_same_answer),
        cmocka_unit_test(the_same_key_for_something_else_is_a_conflict),
        cmocka_unit_test(keys_of_other_users_are_other_keys),
        cmocka_unit_test(what_was_refused_leaves_its_key_free),
        cmocka_unit_test(only_an_accepted_agency_is_a_recipient),
        cmocka_unit_test(what_policy_refuses_has_clause_and_remedy),
        cmocka_unit_test(explain_says_the_same_and_changes_nothing),
        cmocka_unit_test(without_an_agreement_nothing_about_a_person_leaves),
        cmocka_unit_test(a_store_nearly_full_takes_no_new_referrals),
        cmocka_unit_test(what_is_ended_before_it_was_sent_is_never_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
