#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "io/store_memory.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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
    struct federation *federation = federation_of_two();
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

static void a_referral_has_so_many_grants_and_no_more(void **state)
{
    static struct call call;
    struct local_record records[REFERRAL_GRANT_COUNT_MAX + 4];
    struct federation *federation = federation_of_two();
    struct arena arena;
    (void)state;
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    federation_referral(federation, &call, 0, 1, "first");
    struct local_request request = call_request(&call);
    size_t count = 0;
    for (size_t i = 0; i < request.record_count; i++)
        for (unsigned k = 0; k <= (slice_is(request.records[i].type, "grant")
                                          ? REFERRAL_GRANT_COUNT_MAX
                                          : 0u);
             k++)
            records[count++] = request.records[i];
    request.records = records;
    request.record_count = count;
    assert_names(federation_frame(federation, 0, &bench_staff,
                     local_request_write(&request, &arena)),
        PROBLEM_FORMAT, "records.grant");
    arena_release(&arena);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_field_is_named),
        cmocka_unit_test(a_field_of_another_type_is_named),
        cmocka_unit_test(an_unknown_field_is_named),
        cmocka_unit_test(a_value_that_makes_no_sense_is_named),
        cmocka_unit_test(optional_ids_must_be_ids),
        cmocka_unit_test(a_key_has_up_to_64_characters),
        cmocka_unit_test(there_is_exactly_one_referral_and_nothing_unknown),
        cmocka_unit_test(a_referral_has_so_many_grants_and_no_more),
        cmocka_unit_test(an_id_of_ones_own_is_used_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
