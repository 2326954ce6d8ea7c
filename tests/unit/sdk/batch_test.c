#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
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
        refer_referral_set_element(referral, "call_name", "Ana"), REFER_OK);
    return referral;
}

static refer_batch *batch_of(uint32_t count)
{
    refer_batch *batch;
    refer_referral *referral = filled();
    assert_int_equal(refer_batch_new(&batch), REFER_OK);
    for (uint32_t i = 0; i < count; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%u", (unsigned)i);
        assert_int_equal(refer_batch_add(batch, referral, key), REFER_OK);
    }
    refer_referral_free(referral);
    return batch;
}

/* ---- The gateway's end ------------------------------------------------- */

/* The i-th request that the last one carries must be a submit of that key. */
static void require_carried(
    struct local_script *script, size_t i, const char *key)
{
    const struct local_record *record = &script->request.records[i];
    struct local_request carried;
    struct slice element = SLICE_NONE;
    local_script_require(i < script->request.record_count &&
                             slice_is(record->type, "submit") &&
                             record->field_count == 1 &&
                             slice_is(record->fields[0].name, "request") &&
                             record->fields[0].type == LOCAL_DATA,
        "a record submit");
    local_script_require(local_request_read(record->fields[0].bytes,
                             &script->arena, &carried) == ERR_NONE &&
                             slice_is(carried.operation, "submit") &&
                             carried.number == 0 && carried.record_count == 2,
        "a request submit");
    const struct local_field *field =
        local_field_get(carried.fields, carried.field_count, "key");
    local_script_require(
        field != NULL && slice_is(field->bytes, key), "its key");
    field = local_field_get(
        carried.records[1].fields, carried.records[1].field_count, "value");
    if (field != NULL)
        element = field->bytes;
    local_script_require(slice_is(element, "Ana"), "its element");
}

static void answer_mixed(struct local_script *script)
{
    struct local_field stored[] = { text_field("id", "urn:uuid:1"),
        text_field("state", "sent") };
    struct local_field refused[] = { { .name = SLICE_LITERAL("error"),
                                         .type = LOCAL_NUMBER,
                                         .number = ERR_POLICY },
        text_field("problem", "CONSENT_SCOPE"),
        text_field("clause", "grants[0]"), text_field("remedy", "ask") };
    struct local_field busy = {
        .name = SLICE_LITERAL("error"), .type = LOCAL_NUMBER, .number = ERR_FULL
    };
    struct local_record records[] = {
        { SLICE_LITERAL("referral"), stored, 2 },
        { SLICE_LITERAL("refusal"), refused, 4 },
        { SLICE_LITERAL("refusal"), &busy, 1 },
    };
    for (size_t i = 0; i < 3; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "key-%zu", i);
        require_carried(script, i, key);
    }
    local_script_reply(
        script, (struct local_reply){ .records = records, .record_count = 3 });
}

static void answer_twice(struct local_script *script)
{
    local_script_greet(script);
    for (int i = 0; i < 2; i++) {
        local_script_expect(script, "submit.many");
        answer_mixed(script);
    }
    local_script_await_close(script);
}

static void assert_unknown(const refer_batch *batch)
{
    assert_int_equal(refer_batch_stored_count(batch), 0);
    for (uint32_t i = 0; i < refer_batch_count(batch); i++) {
        assert_int_equal(refer_batch_status(batch, i), REFER_TIMEOUT);
        assert_string_equal(refer_batch_id(batch, i), "");
        assert_string_equal(refer_batch_problem(batch, i), "");
    }
    assert_int_equal(
        refer_batch_status(batch, refer_batch_count(batch)), REFER_INVALID);
    assert_string_equal(refer_batch_key(batch, refer_batch_count(batch)), "");
}

static void each_has_its_own_answer(void **state)
{
    (void)state;
    struct local_script script;
    refer_batch *batch = batch_of(3);
    local_script_start(&script, answer_twice, NULL);
    refer_client *client = client_of(&script);
    assert_unknown(batch);
    /* once more what was answered: all of it goes, nothing is lost */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            refer_batch_submit(client, batch, PATIENCE_MS), REFER_OK);
        assert_int_equal(refer_batch_count(batch), 3);
        assert_int_equal(refer_batch_stored_count(batch), 1);
        assert_int_equal(refer_batch_status(batch, 0), REFER_OK);
        assert_string_equal(refer_batch_id(batch, 0), "urn:uuid:1");
        assert_string_equal(refer_batch_problem(batch, 0), "");
        assert_int_equal(refer_batch_status(batch, 1), REFER_NO_CONSENT);
        assert_string_equal(refer_batch_id(batch, 1), "");
        assert_string_equal(refer_batch_problem(batch, 1), "CONSENT_SCOPE");
        assert_string_equal(refer_batch_clause(batch, 1), "grants[0]");
        assert_string_equal(refer_batch_remedy(batch, 1), "ask");
        assert_string_equal(refer_batch_key(batch, 1), "key-1");
        assert_int_equal(refer_batch_status(batch, 2), REFER_BUSY);
        assert_int_equal(refer_batch_status(batch, 3), REFER_INVALID);
        assert_string_equal(refer_client_error(client), "");
    }
    refer_batch_free(batch);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

static void break_then_answer(struct local_script *script)
{
    local_script_greet(script);
    local_script_expect(script, "submit.many");
    local_script_close(script);
    local_script_greet(script);
    local_script_expect(script, "submit.many");
    answer_mixed(script);
    local_script_await_close(script);
}

static void an_unknown_outcome_is_asked_again_with_the_same_keys(void **state)
{
    (void)state;
    struct local_script script;
    refer_batch *batch = batch_of(3);
    local_script_start(&script, break_then_answer, NULL);
    refer_client *client = client_of(&script);
    assert_int_equal(
        refer_batch_submit(client, batch, PATIENCE_MS), REFER_DISCONNECTED);
    assert_unknown(batch);
    assert_int_equal(refer_batch_submit(client, batch, PATIENCE_MS), REFER_OK);
    assert_int_equal(refer_batch_stored_count(batch), 1);
    refer_batch_free(batch);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

/* ---- Answers that are none --------------------------------------------- */

static void answer_wrongly(struct local_script *script)
{
    struct local_field id = text_field("id", "urn:uuid:1");
    struct local_field empty = text_field("id", "");
    struct local_field none = {
        .name = SLICE_LITERAL("error"), .type = LOCAL_NUMBER, .number = 0
    };
    char long_id[REFER_ID_SIZE + 1];
    memset(long_id, 'x', REFER_ID_SIZE);
    long_id[REFER_ID_SIZE] = 0;
    struct local_field too_long = text_field("id", long_id);
    struct local_record records[][2] = {
        { { SLICE_LITERAL("referral"), &id, 1 } }, /* one for two */
        { { SLICE_LITERAL("referral"), &id, 1 },
            { SLICE_LITERAL("verdict"), &id, 1 } },
        { { SLICE_LITERAL("referral"), &id, 1 },
            { SLICE_LITERAL("referral"), &empty, 1 } },
        { { SLICE_LITERAL("referral"), &id, 1 },
            { SLICE_LITERAL("refusal"), &none, 1 } },
        { { SLICE_LITERAL("referral"), &too_long, 1 },
            { SLICE_LITERAL("referral"), &id, 1 } },
    };
    local_script_greet(script);
    for (size_t i = 0; i < 5; i++) {
        local_script_expect(script, "submit.many");
        local_script_reply(script, (struct local_reply){ .records = records[i],
                                       .record_count = i == 0 ? 1 : 2 });
    }
    local_script_expect(script, "submit.many");
    local_script_reply(script, (struct local_reply){ .err = ERR_NOT_FOUND,
                                   .clause = SLICE_LITERAL("operation"),
                                   .remedy = SLICE_LITERAL("use another") });
    local_script_await_close(script);
}

static void an_answer_that_is_none_says_nothing_of_any(void **state)
{
    (void)state;
    struct local_script script;
    refer_batch *batch = batch_of(2);
    local_script_start(&script, answer_wrongly, NULL);
    refer_client *client = client_of(&script);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(
            refer_batch_submit(client, batch, PATIENCE_MS), REFER_PROTOCOL);
        assert_unknown(batch);
    }
    /* an older gateway */
    assert_int_equal(
        refer_batch_submit(client, batch, PATIENCE_MS), REFER_NOT_FOUND);
    assert_string_equal(refer_client_clause(client), "operation");
    assert_unknown(batch);
    refer_batch_free(batch);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

/* ---- Full, empty, again ------------------------------------------------ */

static void answer_all(struct local_script *script)
{
    static struct local_record records[REFER_BATCH_COUNT_MAX];
    const size_t *counts = script->user;
    struct local_field id = text_field("id", "urn:uuid:1");
    for (size_t i = 0; i < REFER_BATCH_COUNT_MAX; i++)
        records[i] = (struct local_record){ SLICE_LITERAL("referral"), &id, 1 };
    local_script_greet(script);
    for (size_t i = 0; i < 2; i++) {
        local_script_expect(script, "submit.many");
        local_script_require(
            script->request.record_count == counts[i], "all of them");
        local_script_reply(script, (struct local_reply){ .records = records,
                                       .record_count = counts[i] });
    }
    local_script_await_close(script);
}

static void a_full_batch_is_submitted_cleared_and_filled_again(void **state)
{
    (void)state;
    struct local_script script;
    size_t counts[] = { REFER_BATCH_COUNT_MAX, 1 };
    refer_batch *batch = batch_of(REFER_BATCH_COUNT_MAX);
    refer_referral *referral = filled();
    local_script_start(&script, answer_all, counts);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_batch_add(batch, referral, "k"), REFER_TOO_LARGE);
    assert_int_equal(refer_batch_count(batch), REFER_BATCH_COUNT_MAX);
    assert_int_equal(refer_batch_submit(client, batch, PATIENCE_MS), REFER_OK);
    assert_int_equal(refer_batch_stored_count(batch), REFER_BATCH_COUNT_MAX);
    assert_int_equal(refer_batch_add(batch, referral, "k"), REFER_CONFLICT);
    refer_batch_clear(batch);
    assert_int_equal(refer_batch_count(batch), 0);
    assert_int_equal(refer_batch_stored_count(batch), 0);
    assert_int_equal(refer_batch_add(batch, referral, "k"), REFER_OK);
    assert_int_equal(refer_batch_submit(client, batch, PATIENCE_MS), REFER_OK);
    assert_int_equal(refer_batch_stored_count(batch), 1);
    refer_batch_free(batch);
    refer_referral_free(referral);
    refer_client_free(client);
    local_script_stop(&script);
    assert_int_equal(sdk_memory_held(), 0);
}

/* What fits by its size fits the frame, and is sent whole. */
static void bytes_have_a_limit_too(void **state)
{
    (void)state;
    struct local_script script;
    enum { SIZE = 60000 };
    size_t counts[] = { REFER_BATCH_SIZE_MAX / SIZE, 1 };
    char *value = calloc(1, REFER_BATCH_SIZE_MAX + 1);
    refer_batch *batch;
    refer_referral *referral = filled();
    assert_non_null(value);
    memset(value, 'x', REFER_BATCH_SIZE_MAX);
    local_script_start(&script, answer_all, counts);
    refer_client *client = client_of(&script);
    assert_int_equal(refer_batch_new(&batch), REFER_OK);
    /* one that no batch can hold */
    assert_int_equal(
        refer_referral_set_element(referral, "needs", value), REFER_OK);
    assert_int_equal(refer_batch_add(batch, referral, "k"), REFER_TOO_LARGE);
    assert_int_equal(refer_batch_count(batch), 0);
    value[SIZE - 100] = 0;
    assert_int_equal(
        refer_referral_set_element(referral, "needs", value), REFER_OK);
    refer_status status;
    do {
        char key[16];
        (void)snprintf(
            key, sizeof key, "key-%u", (unsigned)refer_batch_count(batch));
        status = refer_batch_add(batch, referral, key);
    } while (status == REFER_OK);
    assert_int_equal(status, REFER_TOO_LARGE);
    assert_int_equal(refer_batch_count(batch), counts[0]);
    assert_int_equal(refer_batch_submit(client, batch, PATIENCE_MS), REFER_OK);
    refer_batch_clear(batch);
    assert_int_equal(refer_batch_add(batch, referral, "k"), REFER_OK);
    assert_int_equal(refer_batch_submit(client, batch, PATIENCE_MS), REFER_OK);
    refer_batch_free(batch);
    refer_referral_free(referral);
    refer_client_free(client);
    local_script_stop(&script);
    free(value);
    assert_int_equal(sdk_memory_held(), 0);
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    char key[66];
    refer_client *client;
    refer_batch *batch;
    refer_referral *referral = filled();
    memset(key, 'k', sizeof key);
    key[65] = 0;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(refer_client_set(client, "socket", "/nowhere"), REFER_OK);
    assert_int_equal(refer_batch_new(NULL), REFER_INVALID);
    assert_int_equal(refer_batch_new(&batch), REFER_OK);
    const char *const keys[] = { "", NULL, key, "a\rb" };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            refer_batch_add(batch, referral, keys[i]), REFER_INVALID);
    assert_int_equal(refer_batch_add(NULL, referral, "k"), REFER_INVALID);
    assert_int_equal(refer_batch_add(batch, NULL, "k"), REFER_INVALID);
    assert_int_equal(
        refer_referral_set_detail(referral, "offer", "x"), REFER_OK);
    assert_int_equal(refer_batch_add(batch, referral, "k"), REFER_INVALID);
    assert_int_equal(refer_batch_count(batch), 0);
    assert_int_equal(refer_batch_submit(NULL, batch, 0), REFER_INVALID);
    assert_int_equal(refer_batch_submit(client, NULL, 0), REFER_INVALID);
    /* nobody listens there, and nobody is needed */
    assert_int_equal(refer_batch_submit(client, batch, 0), REFER_OK);
    assert_int_equal(refer_batch_count(NULL), 0);
    assert_int_equal(refer_batch_stored_count(NULL), 0);
    assert_int_equal(refer_batch_status(NULL, 0), REFER_INVALID);
    assert_string_equal(refer_batch_key(NULL, 0), "");
    assert_string_equal(refer_batch_id(NULL, 0), "");
    assert_string_equal(refer_batch_clause(NULL, 0), "");
    assert_string_equal(refer_batch_remedy(NULL, 0), "");
    refer_batch_clear(NULL);
    refer_batch_free(NULL);
    assert_int_equal(refer_batch_count_max(), REFER_BATCH_COUNT_MAX);
    assert_int_equal(refer_batch_size_max(), REFER_BATCH_SIZE_MAX);
    refer_batch_free(batch);
    refer_referral_free(referral);
    refer_client_free(client);
    assert_int_equal(sdk_memory_held(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own_answer),
        cmocka_unit_test(an_unknown_outcome_is_asked_again_with_the_same_keys),
        cmocka_unit_test(an_answer_that_is_none_says_nothing_of_any),
        cmocka_unit_test(a_full_batch_is_submitted_cleared_and_filled_again),
        cmocka_unit_test(bytes_have_a_limit_too),
        cmocka_unit_test(wrong_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
