#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "core/submission_many.h"
#include "io/store_memory.h"
#include "support/bench_node.h"

#define WRITE_SIZE (48u * 1024 * 1024)

/* ---- A batch as a program writes it ---- */

struct many {
    struct federation *federation;
    struct arena arena;
    struct local_record *records;
    size_t count;
    size_t capacity;
};

static struct federation *agreed(void)
{
    return federation_of_two();
}

static void many_init(
    struct many *many, struct federation *federation, size_t capacity)
{
    *many = (struct many){ .federation = federation, .capacity = capacity };
    assert_int_equal(arena_init(&many->arena, WRITE_SIZE), ERR_NONE);
    many->records =
        arena_take_array(&many->arena, capacity, sizeof *many->records);
    assert_non_null(many->records);
}

static void many_release(struct many *many)
{
    arena_release(&many->arena);
}

static void many_bytes(struct many *many, struct slice bytes)
{
    struct local_field *field = arena_take(&many->arena, sizeof *field);
    assert_non_null(field);
    *field =
        (struct local_field){ SLICE_LITERAL("request"), LOCAL_DATA, bytes, 0 };
    assert_true(many->count < many->capacity);
    many->records[many->count++] =
        (struct local_record){ SLICE_LITERAL("submit"), field, 1 };
}

static void many_call(struct many *many, struct call *call)
{
    struct local_request request = call_request(call);
    struct slice bytes = local_request_write(&request, &many->arena);
    assert_non_null(bytes.bytes);
    many_bytes(many, bytes);
}

static void many_add(struct many *many, const char *key)
{
    struct call call;
    federation_referral(many->federation, &call, 0, 1, key);
    many_call(many, &call);
}

static struct slice many_frame(struct many *many)
{
    struct local_request request = { .number = 9,
        .operation = SLICE_LITERAL("submit.many"),
        .records = many->records,
        .record_count = many->count };
    struct slice frame = local_request_write(&request, &many->arena);
    assert_non_null(frame.bytes);
    return frame;
}

static const struct local_reply *many_submit(struct many *many)
{
    return federation_frame(
        many->federation, 0, &bench_staff, many_frame(many));
}

static void assert_id(const struct local_reply *reply, size_t index, char *id)
{
    assert_true(slice_is(reply->records[index].type, "referral"));
    struct slice text = record_text(&reply->records[index], "id");
    assert_int_equal(text.size, UUID_URN_SIZE);
    memcpy(id, text.bytes, text.size);
    id[text.size] = '\0';
}

static void assert_refused(const struct local_reply *reply, size_t index,
    enum err err, enum problem problem, const char *clause)
{
    const struct local_record *refusal = &reply->records[index];
    assert_true(slice_is(refusal->type, "refusal"));
    assert_int_equal(record_number(refusal, "error"), err);
    assert_true(record_is(refusal, "problem", problem_name(problem)));
    assert_true(record_is(refusal, "clause", clause));
    assert_true(record_text(refusal, "remedy").size > 0);
}

/* ---- Answers ---- */

static void each_is_answered_in_its_place(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    struct call call;
    char ids[3][UUID_URN_SIZE + 1];
    (void)state;
    many_init(&many, federation, 8);
    many_add(&many, "first");
    federation_referral(federation, &call, 0, 1, "second");
    call_change(&call, "referral", "service", "beta.other");
    many_call(&many, &call);
    many_bytes(&many, SLICE_LITERAL("no request"));
    federation_referral(federation, &call, 0, 1, "third");
    call_remove(&call, "referral", "urgency");
    many_call(&many, &call);
    many_add(&many, "fourth");
    uint64_t commits = federation_node(federation, 0)->counters.commits;
    const struct local_reply *reply = many_submit(&many);
    assert_int_equal(
        federation_node(federation, 0)->counters.commits, commits + 1);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply->number, 9);
    assert_int_equal(reply->record_count, 5);
    assert_id(reply, 0, ids[0]);
    assert_refused(reply, 1, ERR_POLICY, PROBLEM_SERVICE_UNKNOWN, "services");
    assert_refused(reply, 2, ERR_MALFORMED, PROBLEM_FORMAT, "submit.request");
    assert_refused(reply, 3, ERR_INVALID, PROBLEM_FORMAT, "referral.urgency");
    assert_id(reply, 4, ids[1]);
    assert_string_not_equal(ids[0], ids[1]);
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(
            federation_state(federation, 1, ids[i]), "delivered");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RECEIVED), 2);
    many_release(&many);
    federation_free(federation);
}

static void a_key_twice_in_a_batch_has_one_answer(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    struct call call;
    char ids[2][UUID_URN_SIZE + 1];
    (void)state;
    many_init(&many, federation, 8);
    many_add(&many, "first");
    many_add(&many, "first");
    federation_referral(federation, &call, 0, 1, "first");
    call_change(&call, "referral", "reason_plain", "wants something else");
    many_call(&many, &call);
    const struct local_reply *reply = many_submit(&many);
    assert_id(reply, 0, ids[0]);
    assert_id(reply, 1, ids[1]);
    assert_string_equal(ids[0], ids[1]);
    assert_refused(reply, 2, ERR_CONFLICT, PROBLEM_REPLAY, "key");
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_SUBMITTED), 1);
    many_release(&many);
    federation_free(federation);
}

static void a_key_is_the_same_whichever_way_it_comes(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    char id[UUID_URN_SIZE + 1];
    char first[UUID_URN_SIZE + 1];
    char again[UUID_URN_SIZE + 1];
    (void)state;
    many_init(&many, federation, 8);
    (void)snprintf(
        first, sizeof first, "%s", federation_submit(federation, 0, 1, "one"));
    many_add(&many, "one");
    many_add(&many, "two");
    const struct local_reply *reply = many_submit(&many);
    assert_id(reply, 0, id);
    assert_string_equal(id, first);
    assert_id(reply, 1, id);
    federation_crash(federation, 0);
    (void)snprintf(
        again, sizeof again, "%s", federation_submit(federation, 0, 1, "two"));
    assert_string_equal(again, id);
    /* the whole of it again, later */
    federation_run(federation);
    reply = many_submit(&many);
    assert_id(reply, 1, again);
    assert_string_equal(again, id);
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_SUBMITTED), 2);
    many_release(&many);
    federation_free(federation);
}

/* ---- What it holds ---- */

/* Everybody is answered, stored, and told to the other agency, in parcels that
 * are as full as they may be. */
static void submit_all(size_t count, size_t value_size)
{
    struct federation *federation = agreed();
    struct many many;
    struct call call;
    char *value = calloc(1, value_size + 1);
    assert_non_null(value);
    memset(value, 'x', value_size);
    many_init(&many, federation, count);
    for (size_t i = 0; i < count; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "key-%zu", i);
        federation_referral(federation, &call, 0, 1, key);
        if (value_size > 0)
            call_find(&call, "referral", "reason_plain")->bytes =
                slice_of(value, value_size);
        many_call(&many, &call);
    }
    const struct local_reply *reply = many_submit(&many);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply->record_count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(slice_is(reply->records[i].type, "referral"));
    const struct node_counters *sender =
        &federation_node(federation, 0)->counters;
    const struct node_counters *receiver =
        &federation_node(federation, 1)->counters;
    uint64_t parcels = sender->parcels_sent;
    federation_run(federation);
    assert_int_equal(receiver->referrals_received, count);
    size_t entry_size = value_size + 512;
    size_t per_parcel = PARCEL_SIZE_MAX / entry_size < PARCEL_ENTRY_COUNT_MAX
                            ? PARCEL_SIZE_MAX / entry_size
                            : PARCEL_ENTRY_COUNT_MAX;
    /* one more for the answers to theirs */
    assert_true(sender->parcels_sent - parcels <= count / per_parcel + 2);
    many_release(&many);
    federation_free(federation);
    free(value);
}

static void as_many_as_may_be_are_stored_in_one_commit(void **state)
{
    (void)state;
    submit_all(LOCAL_BATCH_COUNT_MAX, 0);
}

static void two_thousand_with_two_kib_each_fit(void **state)
{
    (void)state;
    submit_all(2048, REASON_PLAIN_SIZE_MAX);
}

static void as_many_refusals_fit_the_reply(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    (void)state;
    many_init(&many, federation, LOCAL_BATCH_COUNT_MAX);
    for (size_t i = 0; i < LOCAL_BATCH_COUNT_MAX; i++)
        many_bytes(&many, SLICE_LITERAL("no request"));
    const struct local_reply *reply = many_submit(&many);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply_count(reply, "refusal"), LOCAL_BATCH_COUNT_MAX);
    many_release(&many);
    federation_free(federation);
}

/* ---- What is no batch ---- */

static void assert_whole(
    const struct local_reply *reply, enum err err, const char *clause)
{
    assert_int_equal(reply->err, err);
    assert_int_equal(reply->record_count, 0);
    assert_true(slice_is(reply->clause, clause));
    assert_true(reply->remedy.size > 0);
}

static void what_is_no_batch_is_refused_whole(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    struct local_field extra[] = {
        { SLICE_LITERAL("request"), LOCAL_DATA, SLICE_LITERAL("x"), 0 },
        { SLICE_LITERAL("colour"), LOCAL_TEXT, SLICE_LITERAL("blue"), 0 },
    };
    uint64_t hash = store_memory_hash(federation_store(federation, 0));
    (void)state;
    many_init(&many, federation, LOCAL_BATCH_COUNT_MAX + 1);
    assert_whole(many_submit(&many), ERR_INVALID, "submit.many");
    many_add(&many, "first");
    many.records[many.count++] =
        (struct local_record){ SLICE_LITERAL("element"), extra, 1 };
    assert_whole(many_submit(&many), ERR_INVALID, "records");
    many.records[1] =
        (struct local_record){ SLICE_LITERAL("submit"), extra, 2 };
    assert_whole(many_submit(&many), ERR_INVALID, "submit.colour");
    many.records[1].fields = &extra[1];
    many.records[1].field_count = 1;
    assert_whole(many_submit(&many), ERR_INVALID, "submit.colour");
    many.records[1].field_count = 0;
    assert_whole(many_submit(&many), ERR_INVALID, "submit.request");
    extra[0].type = LOCAL_TEXT;
    many.records[1] =
        (struct local_record){ SLICE_LITERAL("submit"), extra, 1 };
    assert_whole(many_submit(&many), ERR_INVALID, "submit.request");
    for (many.count = 0; many.count <= LOCAL_BATCH_COUNT_MAX;)
        many_bytes(&many, SLICE_LITERAL("x"));
    assert_whole(many_submit(&many), ERR_LIMIT, "operation");
    assert_int_equal(store_memory_hash(federation_store(federation, 0)), hash);
    many_release(&many);
    federation_free(federation);
}

static void only_a_plain_submit_is_carried(void **state)
{
    static const char *const operations[] = { "explain", "act", "submit.many",
        "hello" };
    struct federation *federation = agreed();
    struct many many;
    struct call call;
    (void)state;
    many_init(&many, federation, 8);
    for (size_t i = 0; i < 4; i++) {
        federation_referral(federation, &call, 0, 1, "first");
        call.request.type = operations[i];
        many_call(&many, &call);
    }
    federation_referral(federation, &call, 0, 1, "first");
    call.number = 3;
    many_call(&many, &call);
    const struct local_reply *reply = many_submit(&many);
    assert_int_equal(reply->record_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_refused(reply, i, ERR_INVALID, PROBLEM_FORMAT, "submit.request");
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_SUBMITTED), 0);
    many_release(&many);
    federation_free(federation);
}

static void one_that_is_too_large_harms_no_other(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    char id[UUID_URN_SIZE + 1];
    (void)state;
    many_init(&many, federation, 8);
    uint8_t *large = arena_take(&many.arena, LOCAL_FRAME_SIZE_MAX + 1);
    assert_non_null(large);
    many_bytes(&many, slice_of(large, LOCAL_FRAME_SIZE_MAX + 1));
    many_add(&many, "first");
    const struct local_reply *reply = many_submit(&many);
    assert_refused(reply, 0, ERR_LIMIT, PROBLEM_FORMAT, "submit.request");
    assert_id(reply, 1, id);
    many_release(&many);
    federation_free(federation);
}

static void only_a_batch_may_be_as_large(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    (void)state;
    many_init(&many, federation, 8);
    uint8_t *large = arena_take(&many.arena, LOCAL_FRAME_SIZE_MAX);
    assert_non_null(large);
    struct local_field field = { SLICE_LITERAL("data"), LOCAL_DATA,
        slice_of(large, LOCAL_FRAME_SIZE_MAX), 0 };
    struct local_request request = { .operation = SLICE_LITERAL("mou.offer"),
        .fields = &field,
        .field_count = 1 };
    struct slice frame = local_request_write(&request, &many.arena);
    assert_whole(federation_frame(federation, 0, &bench_staff, frame),
        ERR_LIMIT, "operation");
    many_release(&many);
    federation_free(federation);
}

/* What must still go through has its share of the store. */
static void a_batch_that_would_fill_the_store_is_refused(void **state)
{
    struct federation *federation = agreed();
    struct many many;
    (void)state;
    many_init(&many, federation, 8);
    many_add(&many, "first");
    struct slice frame = many_frame(&many);
    struct work *work = federation_begin(federation, 0);
    struct local_request request;
    struct local_answer answer;
    assert_int_equal(
        local_request_read(frame, &many.arena, &request), ERR_NONE);
    work->node->usage = (struct store_usage){ .used = 700,
        .capacity = 1000 + 2 * request.unnumbered.size };
    answer_begin(&answer, work, 1);
    submission_many(work, 1000, &request, &answer);
    assert_whole(&answer.reply, ERR_FULL, "map_size_mib");
    assert_int_equal(answer.reply.problem, PROBLEM_TRY_LATER);
    work->node->usage.capacity *= 10;
    answer_begin(&answer, work, 1);
    submission_many(work, 1000, &request, &answer);
    assert_int_equal(answer.reply.err, ERR_NONE);
    assert_int_equal(answer.reply.record_count, 1);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    many_release(&many);
    federation_free(federation);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_is_answered_in_its_place),
        TEST(a_key_twice_in_a_batch_has_one_answer),
        TEST(a_key_is_the_same_whichever_way_it_comes),
        TEST(as_many_as_may_be_are_stored_in_one_commit),
        TEST(two_thousand_with_two_kib_each_fit),
        TEST(as_many_refusals_fit_the_reply),
        TEST(what_is_no_batch_is_refused_whole),
        TEST(only_a_plain_submit_is_carried),
        TEST(one_that_is_too_large_harms_no_other),
        TEST(only_a_batch_may_be_as_large),
        TEST(a_batch_that_would_fill_the_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
