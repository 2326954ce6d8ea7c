#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "support/bench_node.h"

static const struct local_reply *told(
    struct federation *federation, size_t agency, const char *id)
{
    struct call call;
    call_begin(&call, "disclosures");
    if (id != NULL)
        call_text(&call, "id", id);
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    assert_int_equal(reply->err, ERR_NONE);
    return reply;
}

static struct federation *two(void)
{
    return federation_of_two();
}

static void it_says_who_was_told_what_by_which_consent(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    const struct local_reply *reply = told(federation, 0, id);
    assert_true(
        record_is(reply_record(reply, "disclosure", 0), "outcome", "waiting"));
    federation_run(federation);
    reply = told(federation, 0, id);
    assert_int_equal(reply_count(reply, "disclosure"), 1);
    const struct local_record *referral = reply_record(reply, "referral", 0);
    assert_true(
        record_is(referral, "peer", federation_id(federation, 1)->text));
    assert_true(record_is(referral, "purpose", "care"));
    assert_true(record_number(referral, "consent_until_ms") >
                record_number(referral, "consent_at_ms"));
    assert_true(record_text(referral, "agreement").size > 0);
    assert_false(record_flag(referral, "consent_ended"));
    const struct local_record *first = reply_record(reply, "disclosure", 0);
    assert_true(record_is(first, "step", "send"));
    assert_true(record_is(first, "by", "us"));
    assert_true(record_is(first, "outcome", "given"));
    assert_true(record_is(first, "elements", "call_name needs"));
    assert_true(record_flag(first, "words"));
    assert_true(
        record_is(reply_record(told(federation, 1, id), "disclosure", 0),
            "outcome", "received"));
    federation_free(federation);
}

static void a_step_without_a_word_tells_nothing(void **state)
{
    static const char *const offer[] = { "offer", "Monday", NULL };
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    (void)federation_act(federation, 1, id, "accept", "a", offer);
    federation_run(federation);
    const struct local_reply *reply = told(federation, 1, id);
    assert_int_equal(reply_count(reply, "disclosure"), 2);
    const struct local_record *accept = reply_record(reply, "disclosure", 1);
    assert_true(record_is(accept, "step", "accept"));
    assert_true(record_is(accept, "outcome", "given"));
    assert_true(record_is(accept, "elements", ""));
    assert_true(record_flag(accept, "words"));
    federation_free(federation);
}

static void what_is_erased_counts_without_what_it_was(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    federation_erase(federation, 0, id);
    federation_run(federation);
    for (size_t i = 0; i < 2; i++) {
        const struct local_reply *reply = told(federation, i, NULL);
        assert_int_equal(reply_count(reply, "disclosure"), 1);
        const struct local_record *first = reply_record(reply, "disclosure", 0);
        assert_true(record_flag(first, "erased"));
        assert_true(record_is(first, "elements", ""));
        assert_true(record_is(first, "outcome", i == 0 ? "given" : "received"));
        const struct local_record *referral =
            reply_record(reply, "referral", 0);
        assert_null(local_field_get(
            referral->fields, referral->field_count, "purpose"));
        assert_true(record_is(referral, "erasure_notice", "erased"));
    }
    federation_free(federation);
}

static void what_was_never_sent_was_given_to_nobody(void **state)
{
    struct federation *federation = two();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first"); /* is in flight */
    const char *id = federation_submit(federation, 0, 1, "second");
    (void)federation_act_by(federation, 0, id, "withdraw", "w", "person", NULL);
    federation_run(federation);
    assert_true(
        record_is(reply_record(told(federation, 0, id), "disclosure", 0),
            "outcome", "never"));
    federation_free(federation);
}

static void what_is_queued_waits(void **state)
{
    struct federation *federation = two();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first"); /* is in flight */
    const char *id = federation_submit(federation, 0, 1, "second");
    assert_true(
        record_is(reply_record(told(federation, 0, id), "disclosure", 0),
            "outcome", "waiting"));
    federation_run(federation);
    assert_true(
        record_is(reply_record(told(federation, 0, id), "disclosure", 0),
            "outcome", "given"));
    federation_free(federation);
}

/* The person may have agreed to more than this: of that nothing is said. */
static void consent_is_what_was_granted_to_this_agency_for_this(void **state)
{
    struct federation *federation = federation_new(3);
    struct call call;
    char id[UUID_URN_SIZE + 1];
    (void)state;
    federation_connect(federation, 0, 1);
    federation_connect(federation, 0, 2);
    federation_agree(federation);
    federation_referral(federation, &call, 0, 1, "first");
    size_t grant = 0;
    while (strcmp(call.parts[grant].type, "grant") != 0)
        grant++;
    struct call_part to_them = call.parts[grant];
    call_change(&call, "grant", "to", federation_id(federation, 2)->text);
    call.parts[call.part_count++] = to_them;
    call.parts[call.part_count++] = to_them;
    call_find(&call, "grant", "elements")->bytes = SLICE_LITERAL("needs");
    struct call_part *other = &call.parts[call.part_count - 2];
    for (size_t i = 0; i < other->field_count; i++)
        if (slice_is(other->fields[i].name, "purpose"))
            other->fields[i].bytes = SLICE_LITERAL("study");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    struct slice text = record_text(reply_record(reply, "referral", 0), "id");
    memcpy(id, text.bytes, UUID_URN_SIZE);
    id[UUID_URN_SIZE] = '\0';
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        assert_true(
            record_is(reply_record(told(federation, i, id), "referral", 0),
                "consent_elements", "call_name needs"));
    federation_free(federation);
}

/* Ids are walked in their order: there is nothing behind the last. */
static void the_last_id_that_there_can_be_ends_a_walk(void **state)
{
    static const char last[] = "urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff";
    struct federation *federation = two();
    struct call call;
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    struct call_part *part = &call.parts[0];
    part->fields[part->field_count++] =
        (struct local_field){ SLICE_LITERAL("id"), LOCAL_TEXT,
            slice_of_text(last), 0 };
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    federation_run(federation);
    const struct local_reply *reply = told(federation, 0, NULL);
    assert_int_equal(reply_count(reply, "disclosure"), 1);
    assert_true(record_flag(reply_record(reply, "search", 0), "done"));
    call_begin(&call, "list");
    reply = federation_call(federation, 0, &call);
    assert_int_equal(reply_count(reply, "referral"), 1);
    assert_null(reply_record(reply, "more", 0));
    federation_free(federation);
}

static void only_the_time_that_is_asked_for_counts(void **state)
{
    struct federation *federation = two();
    struct call call;
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    federation_wait(federation, 60000);
    int64_t between_ms = federation_now(federation).unix_ms;
    (void)federation_submit(federation, 0, 1, "second");
    federation_run(federation);
    for (int i = 0; i < 2; i++) {
        call_begin(&call, "disclosures");
        call_number(&call, i == 0 ? "from_ms" : "until_ms", between_ms);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply_count(reply, "disclosure"), 1);
        assert_int_equal(reply_count(reply, "referral"), 1);
        assert_true(record_flag(reply_record(reply, "search", 0), "done"));
    }
    call_begin(&call, "disclosures");
    call_text(&call, "after", "nobody");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_INVALID);
    call_begin(&call, "disclosures");
    call_text(&call, "after", "urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_INVALID);
    call_begin(&call, "disclosures");
    call_text(&call, "id", "nobody");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NOT_FOUND);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_who_was_told_what_by_which_consent),
        cmocka_unit_test(a_step_without_a_word_tells_nothing),
        cmocka_unit_test(what_is_erased_counts_without_what_it_was),
        cmocka_unit_test(what_was_never_sent_was_given_to_nobody),
        cmocka_unit_test(what_is_queued_waits),
        cmocka_unit_test(consent_is_what_was_granted_to_this_agency_for_this),
        cmocka_unit_test(the_last_id_that_there_can_be_ends_a_walk),
        cmocka_unit_test(only_the_time_that_is_asked_for_counts),
    };
    return cmocka_run_group_tests_name("disclosures", tests, NULL, NULL);
}
