#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "memory.h"
#include "refer/refer.h"
#include "support/local_script.h"

#define PATIENCE_MS 300000

static struct local_field text_field(const char *name, const char *value)
{
    return (struct local_field){ .name = slice_of_text(name),
        .type = LOCAL_TEXT,
        .bytes = slice_of_text(value) };
}

static struct local_field number_field(const char *name, int64_t number)
{
    return (struct local_field){
        .name = slice_of_text(name), .type = LOCAL_NUMBER, .number = number
    };
}

static refer_client *client_of(const struct local_script *script)
{
    refer_client *client;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", script->path), REFER_OK);
    return client;
}

static refer_referral *filled(void)
{
    refer_referral *referral;
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    assert_int_equal(refer_referral_set(referral, "to", "abc"), REFER_OK);
    assert_int_equal(
        refer_referral_set(referral, "consent_at_ms", "1763800000000"),
        REFER_OK);
    assert_int_equal(
        refer_referral_set_element(referral, "call_name", "Ann"), REFER_OK);
    assert_int_equal(
        refer_referral_set_element(referral, "call_name", "Ana"), REFER_OK);
    assert_int_equal(
        refer_referral_grant(referral, "abc", "shelter", "call_name", 5),
        REFER_OK);
    return referral;
}

/* ---- Filling in -------------------------------------------------------- */

static void fields_are_set_by_name(void **state)
{
    (void)state;
    refer_referral *referral = filled();
    assert_string_equal(refer_referral_get(referral, "to"), "abc");
    assert_string_equal(
        refer_referral_get(referral, "consent_at_ms"), "1763800000000");
    assert_int_equal(refer_referral_set(referral, "to", ""), REFER_OK);
    assert_string_equal(refer_referral_get(referral, "to"), "");
    assert_int_equal(
        refer_referral_set(referral, "recipient", "x"), REFER_INVALID);
    assert_int_equal(
        refer_referral_set(referral, "state", "sent"), REFER_INVALID);
    assert_int_equal(refer_referral_set(referral, "hop", "one"), REFER_INVALID);
    assert_int_equal(
        refer_referral_set(referral, "service", "\xff"), REFER_INVALID);
    assert_int_equal(refer_referral_set(referral, "to", NULL), REFER_INVALID);
    assert_int_equal(refer_referral_set(NULL, "to", "x"), REFER_INVALID);
    refer_referral_free(referral);
}

static void elements_and_grants_are_listed(void **state)
{
    (void)state;
    refer_referral *referral = filled();
    assert_int_equal(refer_referral_element_count(referral), 1);
    assert_string_equal(refer_referral_element_name(referral, 0), "call_name");
    assert_string_equal(refer_referral_element_value(referral, 0), "Ana");
    assert_string_equal(refer_referral_element_value(referral, 1), "");
    assert_int_equal(refer_referral_grant_count(referral), 1);
    assert_string_equal(
        refer_referral_grant_get(referral, 0, "purpose"), "shelter");
    assert_string_equal(refer_referral_grant_get(referral, 0, "until_ms"), "5");
    assert_int_equal(
        refer_referral_set_element(referral, "Call", "x"), REFER_INVALID);
    assert_int_equal(
        refer_referral_set_element(referral, "a", NULL), REFER_INVALID);
    assert_int_equal(
        refer_referral_grant(referral, NULL, "a", "b", 1), REFER_INVALID);
    assert_int_equal(
        refer_referral_grant(referral, "a", "b", "\x01", 1), REFER_INVALID);
    assert_int_equal(refer_referral_element_count(referral), 1);
    assert_int_equal(refer_referral_grant_count(referral), 1);
    assert_int_equal(refer_referral_event_count(referral), 0);
    assert_null(refer_referral_event(referral, 0));
    refer_referral_free(referral);
    assert_int_equal(sdk_memory_held(), 0);
}

static void details_are_read_back(void **state)
{
    (void)state;
    refer_referral *referral;
    assert_int_equal(refer_referral_new(&referral), REFER_OK);
    assert_int_equal(refer_referral_detail_count(referral), 0);
    assert_string_equal(refer_referral_detail_name(referral, 0), "");
    assert_int_equal(
        refer_referral_set_element(referral, "language", "es"), REFER_OK);
    assert_int_equal(
        refer_referral_set_detail(referral, "offer", "at nine"), REFER_OK);
    assert_int_equal(refer_referral_detail_count(referral), 1);
    assert_string_equal(refer_referral_detail_name(referral, 0), "offer");
    assert_string_equal(refer_referral_detail_value(referral, 0), "at nine");
    assert_string_equal(refer_referral_detail_value(referral, 1), "");
    assert_int_equal(refer_referral_detail_count(NULL), 0);
    assert_string_equal(refer_referral_detail_value(NULL, 0), "");
    refer_referral_free(referral);
}

/* ---- Handing over ------------------------------------------------------ */

static void see_submission(struct local_script *script)
{
    const struct local_request *request = &script->request;
    local_script_require(request->record_count == 3 &&
                             slice_is(request->records[0].type, "referral") &&
                             slice_is(request->records[1].type, "element") &&
                             slice_is(request->records[2].type, "grant"),
        "records");
    const struct local_field *at = local_field_get(request->records[0].fields,
        request->records[0].field_count, "consent_at_ms");
    local_script_require(
        at != NULL && at->type == LOCAL_NUMBER && at->number == 1763800000000,
        "consent_at_ms");
    local_script_require(
        slice_is(local_script_record_text(script, 0, "to"), "abc") &&
            slice_is(
                local_script_record_text(script, 1, "code"), "call_name") &&
            slice_is(local_script_record_text(script, 1, "value"), "Ana") &&
            slice_is(
                local_script_record_text(script, 2, "elements"), "call_name"),
        "values");
}

static void explain_and_submit(struct local_script *script)
{
    struct local_field allowed[] = {
        { .name = SLICE_LITERAL("allowed"), .type = LOCAL_FLAG, .number = 0 },
        text_field("problem", "CONSENT_SCOPE"),
        text_field("clause", "grants[0]"), text_field("remedy", "ask")
    };
    struct local_record verdict = { SLICE_LITERAL("verdict"), allowed, 4 };
    struct local_field id = text_field("id", "urn:uuid:1");
    struct local_record referral = { SLICE_LITERAL("referral"), &id, 1 };
    local_script_greet(script);
    for (int i = 0; i < 2; i++) {
        local_script_expect(script, "explain");
        local_script_require(script->request.field_count == 0, "key");
        see_submission(script);
        local_script_reply(script,
            (struct local_reply){ .records = &verdict, .record_count = 1 });
        allowed[0].number = 1;
        verdict.field_count = 1;
    }
    local_script_expect(script, "submit");
    see_submission(script);
    local_script_reply(script,
        (struct local_reply){ .records = &referral, .record_count = 1 });
    local_script_expect(script, "submit");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_await_close(script);
}

static void a_referral_is_explained_then_submitted(void **state)
{
    (void)state;
    struct local_script script;
    char id[REFER_ID_SIZE];
    int32_t allowed;
    refer_referral *referral = filled();
    local_script_start(&script, explain_and_submit, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(
        refer_explain(client, referral, PATIENCE_MS, &allowed), REFER_OK);
    assert_int_equal(allowed, 0);
    assert_string_equal(refer_client_problem(client), "CONSENT_SCOPE");
    assert_string_equal(refer_client_clause(client), "grants[0]");
    assert_string_equal(refer_client_remedy(client), "ask");
    assert_int_equal(
        refer_explain(client, referral, PATIENCE_MS, &allowed), REFER_OK);
    assert_int_equal(allowed, 1);
    assert_string_equal(refer_client_problem(client), "");
    assert_int_equal(
        refer_submit(client, referral, "k", PATIENCE_MS, id, sizeof id),
        REFER_OK);
    assert_string_equal(id, "urn:uuid:1");
    /* an answer without an id is none */
    assert_int_equal(
        refer_submit(client, referral, "k", PATIENCE_MS, id, sizeof id),
        REFER_PROTOCOL);
    refer_referral_free(referral);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

static void wrong_arguments_never_reach_the_gateway(void **state)
{
    (void)state;
    char id[REFER_ID_SIZE];
    char key[66];
    int32_t allowed;
    refer_client *client;
    refer_referral *now;
    refer_referral *referral = filled();
    memset(key, 'k', sizeof key);
    key[65] = 0;
    /* nobody listens there: REFER_INVALID comes first */
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(refer_client_set(client, "socket", "/nowhere"), REFER_OK);
    const char *const keys[] = { "", NULL, key, "a\rb" };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            refer_submit(client, referral, keys[i], 0, id, sizeof id),
            REFER_INVALID);
    assert_int_equal(
        refer_submit(client, referral, "k", 0, id, 8), REFER_INVALID);
    assert_int_equal(
        refer_submit(client, NULL, "k", 0, id, sizeof id), REFER_INVALID);
    assert_int_equal(refer_explain(client, NULL, 0, &allowed), REFER_INVALID);
    assert_int_equal(
        refer_act(client, "", "ask", NULL, "k", 0, &now), REFER_INVALID);
    assert_int_equal(
        refer_act(client, "1", "Ask", NULL, "k", 0, &now), REFER_INVALID);
    /* a whole referral is no detail of a step */
    assert_int_equal(
        refer_act(client, "1", "ask", referral, "k", 0, &now), REFER_INVALID);
    assert_int_equal(refer_accept(client, "1", NULL, "k", 0), REFER_INVALID);
    assert_int_equal(refer_get(client, NULL, 0, &now), REFER_INVALID);
    assert_int_equal(refer_referral_set(referral, "actor", "staff"), REFER_OK);
    assert_int_equal(
        refer_submit(client, referral, "k", 0, id, sizeof id), REFER_INVALID);
    assert_int_equal(refer_referral_set(referral, "actor", ""), REFER_OK);
    assert_int_equal(
        refer_referral_set_detail(referral, "offer", "x"), REFER_OK);
    assert_int_equal(
        refer_submit(client, referral, "k", 0, id, sizeof id), REFER_INVALID);
    assert_string_not_equal(refer_client_error(client), "");
    refer_referral_free(referral);
    refer_client_free(client);
    assert_int_equal(sdk_memory_held(), 0);
}

/* ---- Steps ------------------------------------------------------------- */

/* Each short form as the gateway sees it. */
static const struct step {
    const char *step;
    const char *actor;
    const char *details[2][2];
} steps[] = {
    { "accept", "", { { "offer", "walk_in" } } },
    { "decline", "", { { "reason", "NO_CAPACITY" }, { "next_option", "x" } } },
    { "finish", "", { { "outcome", "DONE" } } },
    { "cancel", "", { { "reason", "OTHER" }, { "person_told", "yes" } } },
    { "cancel", "", { { "reason", "PERSON_DIED" } } },
    { "withdraw", "person", { { NULL } } },
    { "consent_revoked", "person", { { NULL } } },
};
#define STEP_COUNT (sizeof steps / sizeof *steps)

static void see_steps(struct local_script *script)
{
    struct local_field fields[] = { text_field("id", "urn:uuid:1"),
        text_field("state", "accepted"),
        { .name = SLICE_LITERAL("pending"), .type = LOCAL_FLAG, .number = 1 } };
    struct local_record referral = { SLICE_LITERAL("referral"), fields, 3 };
    struct local_reply reply = { .records = &referral, .record_count = 1 };
    local_script_greet(script);
    for (size_t i = 0; i < STEP_COUNT; i++) {
        size_t count = 0;
        local_script_expect(script, "act");
        local_script_require(
            slice_is(local_script_text(script, "step"), steps[i].step) &&
                slice_is(local_script_text(script, "id"), "urn:uuid:1") &&
                slice_is(local_script_text(script, "key"), "k") &&
                slice_is(local_script_text(script, "actor"), steps[i].actor),
            steps[i].step);
        for (; count < 2 && steps[i].details[count][0] != NULL; count++)
            local_script_require(
                slice_is(local_script_record_text(script, count, "name"),
                    steps[i].details[count][0]) &&
                    slice_is(local_script_record_text(script, count, "value"),
                        steps[i].details[count][1]),
                steps[i].step);
        local_script_require(
            script->request.record_count == count, steps[i].step);
        local_script_reply(script, reply);
    }
    local_script_expect(script, "act");
    local_script_require(
        slice_is(local_script_text(script, "role"), "intake"), "role");
    local_script_require(
        script->request.record_count == 2 &&
            slice_is(script->request.records[0].type, "detail") &&
            slice_is(script->request.records[1].type, "element"),
        "details and elements");
    local_script_reply(script, reply);
    local_script_await_close(script);
}

static void short_forms_are_steps(void **state)
{
    (void)state;
    struct local_script script;
    refer_referral *details;
    refer_referral *now;
    const char *id = "urn:uuid:1";
    local_script_start(&script, see_steps, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_accept(client, id, "walk_in", "k", -1), REFER_OK);
    assert_int_equal(
        refer_decline(client, id, "NO_CAPACITY", "x", "k", -1), REFER_OK);
    assert_int_equal(refer_finish(client, id, "DONE", "k", -1), REFER_OK);
    assert_int_equal(refer_cancel(client, id, "OTHER", "k", -1), REFER_OK);
    assert_int_equal(
        refer_cancel(client, id, "PERSON_DIED", "k", -1), REFER_OK);
    assert_int_equal(refer_withdraw(client, id, "k", -1), REFER_OK);
    assert_int_equal(refer_withdraw_consent(client, id, "k", -1), REFER_OK);
    assert_int_equal(refer_referral_new(&details), REFER_OK);
    assert_int_equal(refer_referral_set(details, "role", "intake"), REFER_OK);
    assert_int_equal(
        refer_referral_set_detail(details, "question", "when?"), REFER_OK);
    assert_int_equal(
        refer_referral_set_element(details, "language", "es"), REFER_OK);
    assert_int_equal(
        refer_act(client, id, "ask", details, "k", -1, &now), REFER_OK);
    assert_string_equal(refer_referral_get(now, "state"), "accepted");
    assert_string_equal(refer_referral_get(now, "pending"), "true");
    refer_referral_free(now);
    refer_referral_free(details);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

/* ---- Looking ----------------------------------------------------------- */

static void give_a_life(struct local_script *script)
{
    struct local_field referral[] = { text_field("id", "urn:uuid:1"),
        text_field("state", "accepted"), text_field("service", "shelter") };
    struct local_field element[] = { text_field("code", "call_name"),
        text_field("value", "Ana") };
    struct local_field grant[] = { text_field("to", "abc"),
        number_field("until_ms", 5) };
    struct local_field send_event[] = { number_field("position", 3),
        text_field("step", "send"), number_field("at_ms", 1000) };
    struct local_field accept_event[] = { number_field("position", 5),
        text_field("step", "accept"), text_field("state", "accepted"),
        text_field("by", "them") };
    struct local_field detail[] = { text_field("name", "offer"),
        text_field("value", "walk_in") };
    struct local_record records[] = {
        { SLICE_LITERAL("referral"), referral, 3 },
        { SLICE_LITERAL("element"), element, 2 },
        { SLICE_LITERAL("grant"), grant, 2 },
        { SLICE_LITERAL("event"), send_event, 3 },
        { SLICE_LITERAL("element"), element, 2 },
        { SLICE_LITERAL("something.new"), NULL, 0 },
        { SLICE_LITERAL("event"), accept_event, 4 },
        { SLICE_LITERAL("detail"), detail, 2 },
    };
    local_script_greet(script);
    local_script_expect(script, "get");
    local_script_require(
        slice_is(local_script_text(script, "id"), "urn:uuid:1"), "id");
    local_script_reply(
        script, (struct local_reply){ .records = records, .record_count = 8 });
    local_script_expect(script, "get");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
    local_script_expect(script, "get");
    local_script_reply(script, (struct local_reply){ .err = ERR_NOT_FOUND });
    local_script_await_close(script);
}

static void a_referral_comes_with_its_events(void **state)
{
    (void)state;
    struct local_script script;
    refer_referral *referral;
    local_script_start(&script, give_a_life, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_get(client, "urn:uuid:1", -1, &referral), REFER_OK);
    assert_string_equal(refer_referral_get(referral, "state"), "accepted");
    assert_string_equal(refer_referral_get(referral, "service"), "shelter");
    assert_int_equal(refer_referral_element_count(referral), 1);
    assert_string_equal(refer_referral_grant_get(referral, 0, "to"), "abc");
    assert_int_equal(refer_referral_event_count(referral), 2);
    const refer_event *event = refer_referral_event(referral, 0);
    assert_int_equal(refer_event_position(event), 3);
    assert_string_equal(refer_event_step(event), "send");
    assert_int_equal(refer_event_time_ms(event), 1000);
    assert_string_equal(refer_event_element(event, "call_name"), "Ana");
    assert_int_equal(refer_event_detail_count(event), 0);
    event = refer_referral_event(referral, 1);
    assert_string_equal(refer_event_step(event), "accept");
    assert_string_equal(refer_event_get(event, "by"), "them");
    assert_string_equal(refer_event_detail(event, "offer"), "walk_in");
    assert_string_equal(refer_event_detail(event, "slot"), "");
    assert_string_equal(refer_event_detail_name(event, 0), "offer");
    assert_string_equal(refer_event_detail_value(event, 0), "walk_in");
    assert_int_equal(refer_event_element_count(event), 0);
    assert_null(refer_referral_event(referral, 2));
    refer_referral_free(referral);
    assert_int_equal(refer_get(client, "x", -1, &referral), REFER_PROTOCOL);
    assert_null(referral);
    assert_int_equal(refer_get(client, "x", -1, &referral), REFER_NOT_FOUND);
    assert_null(referral);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

static void no_event_is_empty(void **state)
{
    (void)state;
    refer_event_free(NULL);
    refer_referral_free(NULL);
    assert_string_equal(refer_event_type(NULL), "");
    assert_string_equal(refer_event_referral_id(NULL), "");
    assert_string_equal(refer_event_detail(NULL, "a"), "");
    assert_string_equal(refer_event_element_name(NULL, 0), "");
    assert_int_equal(refer_event_element_count(NULL), 0);
    assert_int_equal(refer_event_redeliveries(NULL), 0);
    assert_string_equal(refer_event_generation(NULL), "");
    assert_int_equal(refer_event_index(NULL), 0);
    assert_string_equal(refer_referral_get(NULL, "id"), "");
    assert_int_equal(refer_referral_event_count(NULL), 0);
    assert_int_equal(refer_referral_grant_count(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_set_by_name),
        cmocka_unit_test(details_are_read_back),
        cmocka_unit_test(elements_and_grants_are_listed),
        cmocka_unit_test(a_referral_is_explained_then_submitted),
        cmocka_unit_test(wrong_arguments_never_reach_the_gateway),
        cmocka_unit_test(short_forms_are_steps),
        cmocka_unit_test(a_referral_comes_with_its_events),
        cmocka_unit_test(no_event_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
