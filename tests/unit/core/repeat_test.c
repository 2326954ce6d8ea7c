#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/feed.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/register.h"
#include "core/repeat.h"
#include "support/bench_loss.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct federation *two(void)
{
    return federation_of_two();
}

/* A program that hands over the same again, to the byte. */
static char *hand_over(struct federation *federation, struct call *call)
{
    const struct local_reply *reply = federation_call(federation, 0, call);
    assert_int_equal(reply->err, ERR_NONE);
    struct slice id = record_text(reply_record(reply, "referral", 0), "id");
    return strndup((const char *)id.bytes, id.size);
}

static void assert_again(
    struct federation *federation, struct call *call, const char *id)
{
    char *again = hand_over(federation, call);
    assert_string_equal(again, id);
    free(again);
}

static void lose(struct federation *federation, size_t lost)
{
    federation_lose_store(federation, lost);
    federation_connect(federation, lost, 1 - lost);
    federation_wait(federation, 600000);
}

/* Referrals of that agency to another that are not over. */
static size_t open_count(struct federation *federation, size_t at)
{
    struct uuid from = { { 0 } };
    size_t count = 0;
    struct work *work = federation_begin(federation, at);
    for (;;) {
        const struct referral *referral = register_next(work, &from);
        if (referral == NULL)
            break;
        count += !referral_is_terminal(referral->state);
        from = referral->uuid;
        if (++from.bytes[15] == 0) /* ends in 255: of no matter here */
            from.bytes[14]++;
    }
    assert_int_equal(federation_end(federation, at), ERR_NONE);
    return count;
}

static void a_key_is_known_again_when_the_store_was_lost(void **state)
{
    struct federation *federation = two();
    struct call call;
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    char *id = hand_over(federation, &call);
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    for (size_t lost = 0; lost < 2; lost++) {
        lose(federation, lost);
        assert_again(federation, &call, id);
        const struct local_reply *reply =
            federation_act(federation, 1, id, "opened", "o", NULL);
        assert_int_equal(reply->err, ERR_NONE);
        federation_wait(federation, 600000);
        assert_int_equal(open_count(federation, 0), 1);
        assert_int_equal(open_count(federation, 1), 1);
    }
    /* and one that nobody used is new */
    const char *second = federation_submit(federation, 0, 1, "second");
    assert_string_not_equal(second, id);
    free(id);
    federation_free(federation);
}

static void a_key_that_came_back_stands_for_nothing_else(void **state)
{
    struct federation *federation = federation_new(3);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_connect(federation, 0, 2);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1);
    federation_connect(federation, 0, 2);
    federation_wait(federation, 600000);
    /* of another program, maybe */
    assert_string_not_equal(federation_submit(federation, 0, 2, "first"), id);
    free(id);
    federation_free(federation);
}

/* Handed over, forgotten, and handed over again before that was noticed. */
static char *handed_over_twice(
    struct federation *federation, struct call *call, char **second)
{
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    federation_referral(federation, call, 0, 1, "first");
    char *first = hand_over(federation, call);
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    *second = hand_over(federation, call);
    assert_string_not_equal(*second, first);
    return first;
}

static void what_is_handed_over_again_meanwhile_is_one_referral(void **state)
{
    struct federation *federation = two();
    struct call call;
    char *second;
    char *first = handed_over_twice(federation, &call, &second);
    (void)state;
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, second), "cancelled");
    assert_string_equal(federation_state(federation, 0, first), "delivered");
    assert_int_equal(open_count(federation, 1), 1);
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_RETURNED), 1);
    assert_again(federation, &call, first);
    free(first);
    free(second);
    federation_free(federation);
}

static void what_was_done_to_the_other_is_done_to_it(void **state)
{
    static const struct {
        const char *step;
        const char *actor;
        const char *state;
    } steps[] = {
        { "withdraw", "person", "withdrawn" },
        { "cancel", "staff", "cancelled" },
        { "wrong_person_or_place", "staff", "void" },
        { "consent_revoked", "person", "withdrawn" },
    };
    static const char *const reason[] = { "reason", "NEED_CHANGED",
        "person_told", "yes", NULL };
    static const char *const what[] = { "what", "person", NULL };
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct federation *federation = two();
        struct call call;
        char *second;
        char *first = handed_over_twice(federation, &call, &second);
        const struct local_reply *reply = federation_act_by(federation, 0,
            second, steps[i].step, "e", steps[i].actor,
            i == 1   ? reason
            : i == 2 ? what
                     : NULL);
        assert_int_equal(reply->err, ERR_NONE);
        federation_wait(federation, 600000);
        for (size_t at = 0; at < 2; at++)
            assert_string_equal(
                federation_state(federation, at, first), steps[i].state);
        free(first);
        free(second);
        federation_free(federation);
    }
}

/* Of that type, by us, in the feed. */
static unsigned step_count(
    struct federation *federation, size_t at, const char *step)
{
    struct feed_event event;
    unsigned count = 0;
    struct work *work = federation_begin(federation, at);
    for (uint64_t next = 1; feed_next(work, next, &event);
         next = event.position + 1)
        count += event.type == FEED_STEP && event.by_us &&
                 strcmp(event_type_name(event.step), step) == 0;
    assert_int_equal(federation_end(federation, at), ERR_NONE);
    return count;
}

/* Restored to where it still waited to be sent, and ended there: it had been
 * sent, so what ended it follows. Programs hear of that step once. */
static void what_ended_it_meanwhile_is_told(void **state)
{
    static const struct {
        const char *step;
        const char *actor;
        const char *state;
    } steps[] = {
        { "withdraw", "person", "withdrawn" },
        { "wrong_person_or_place", "staff", "void" },
        { "consent_revoked", "person", "withdrawn" },
    };
    static const char *const what[] = { "what", "person", NULL };
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct federation *federation = two();
        federation_crash(federation, 0);
        char *id = strdup(federation_submit(federation, 0, 1, "first"));
        struct store_memory_snapshot *backup =
            federation_back_up(federation, 0);
        federation_run(federation);
        assert_string_equal(federation_state(federation, 1, id), "delivered");
        federation_restore(federation, 0, backup);
        store_memory_snapshot_free(backup);
        (void)federation_act_by(federation, 0, id, steps[i].step, "e",
            steps[i].actor, i == 1 ? what : NULL);
        federation_wait(federation, 600000);
        for (size_t at = 0; at < 2; at++)
            assert_string_equal(
                federation_state(federation, at, id), steps[i].state);
        assert_int_equal(step_count(federation, 0, steps[i].step), 1);
        free(id);
        federation_free(federation);
    }
}

/* Consent is revoked here, between the restore and what comes back. */
static void words_of_who_revoked_consent_do_not_come_back(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        struct federation *federation = two();
        char *id = strdup(federation_submit(federation, 0, 1, "first"));
        federation_run(federation);
        struct store_memory_snapshot *backup =
            federation_back_up(federation, lost);
        (void)federation_act(federation, 1, id, "opened", "o", NULL);
        federation_run(federation);
        static const char *const ask[] = { "question", "since when?", NULL };
        (void)federation_act(federation, 1, id, "ask", "a", ask);
        federation_run(federation);
        federation_restore(federation, lost, backup);
        store_memory_snapshot_free(backup);
        (void)federation_act_by(
            federation, lost, id, "consent_revoked", "r", "person", NULL);
        federation_wait(federation, 600000);
        struct work *work = federation_begin(federation, lost);
        struct feed_event event;
        for (uint64_t at = 1; feed_next(work, at, &event);
             at = event.position + 1)
            if (!event_is_exempt(event.step))
                assert_null(content_get(
                    work->contents, work->txn, work->scratch, event.content)
                                .bytes);
        assert_int_equal(federation_end(federation, lost), ERR_NONE);
        free(id);
        federation_free(federation);
    }
}

static void a_step_that_is_repeated_meanwhile_is_one_step(void **state)
{
    struct federation *federation = two();
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    const struct local_reply *reply =
        federation_act(federation, 1, id, "opened", "o", NULL);
    assert_int_equal(reply->err, ERR_NONE);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "seen");
    assert_string_equal(federation_state(federation, 1, id), "seen");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RETURNED), 0);
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
    free(id);
    federation_free(federation);
}

static void offered_again(bool is_later)
{
    static const char *const offer[] = { "offer", "Monday", NULL };
    static const char *const choice[] = { "walk_in", "yes", NULL };
    struct federation *federation = two();
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    (void)federation_act(federation, 1, id, "accept", "a", offer);
    federation_run(federation);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    if (is_later)
        federation_wait_until(federation, 60000);
    const struct local_reply *reply =
        federation_act(federation, 1, id, "accept", "a", offer);
    assert_int_equal(reply->err, ERR_NONE);
    federation_wait(federation, 600000);
    for (size_t at = 0; at < 2; at++) {
        assert_string_equal(federation_state(federation, at, id), "accepted");
        assert_int_equal(
            federation_logged(federation, at, LOG_REFERRAL_REFUSED), 0);
    }
    assert_int_equal(step_count(federation, 1, "accept"), 1);
    const struct local_record *detail =
        reply_record(federation_get(federation, 1, id), "detail", 0);
    assert_non_null(detail);
    assert_true(record_is(detail, "value", "Monday"));
    /* and it is what the person chooses from */
    (void)federation_act(federation, 0, id, "choose_time", "c", choice);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "scheduled");
    free(id);
    federation_free(federation);
}

/* The same of a step with words, which then lie under two salts; and if the
 * clock went on between the two: another time is another entry, and one step
 * all the same. */
static void a_step_that_is_repeated_later_is_one_step(void **state)
{
    (void)state;
    offered_again(false);
    offered_again(true);
}

/* Under an id that the program gave it: two rows there cannot be. */
static void handed_over_by_id(bool is_later)
{
    static const char id[] = "urn:uuid:01900000-0000-7000-8000-00000000abcd";
    struct federation *federation = two();
    struct call call;
    federation_referral(federation, &call, 0, 1, "first");
    struct call_part *referral = &call.parts[0];
    assert_string_equal(referral->type, "referral");
    referral->fields[referral->field_count++] =
        (struct local_field){ .name = slice_of_text("id"),
            .type = LOCAL_TEXT,
            .bytes = slice_of_text(id) };
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    assert_again(federation, &call, id);
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    if (is_later)
        federation_wait_until(federation, 60000);
    assert_again(federation, &call, id);
    federation_wait(federation, 600000);
    for (size_t at = 0; at < 2; at++)
        assert_string_equal(federation_state(federation, at, id), "delivered");
    assert_int_equal(open_count(federation, 0), 1);
    assert_int_equal(open_count(federation, 1), 1);
    assert_int_equal(step_count(federation, 0, "send"), 1);
    assert_int_equal(federation_logged(federation, 1, LOG_REFERRAL_REFUSED), 0);
    assert_non_null(reply_find(
        federation_get(federation, 0, id), "element", "code", "needs"));
    federation_free(federation);
}

static void what_has_an_id_is_handed_over_again_as_the_same(void **state)
{
    (void)state;
    handed_over_by_id(false);
    handed_over_by_id(true);
}

/* An element of the second, before anybody knew that there was a first. */
static void what_was_erased_of_the_other_is_erased_of_it(void **state)
{
    struct federation *federation = two();
    struct call call;
    struct call erase;
    char *second;
    char *first = handed_over_twice(federation, &call, &second);
    (void)state;
    call_begin(&erase, "erase");
    call_text(&erase, "id", second);
    call_text(&erase, "reason", "person_asked");
    call_text(&erase, "elements", "needs");
    assert_int_equal(federation_call(federation, 0, &erase)->err, ERR_NONE);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, second), "cancelled");
    for (size_t at = 0; at < 2; at++) {
        const struct local_reply *reply = federation_get(federation, at, first);
        assert_int_equal(reply->err, ERR_NONE);
        for (size_t i = 0; i < reply_count(reply, "element"); i++)
            assert_false(
                record_is(reply_record(reply, "element", i), "code", "needs"));
        assert_int_not_equal(reply_count(reply, "element"), 0);
    }
    free(first);
    free(second);
    federation_free(federation);
}

static void assert_conflict(struct federation *federation, struct call *call)
{
    const struct local_reply *reply = federation_call(federation, 0, call);
    assert_int_equal(reply->err, ERR_CONFLICT);
    assert_int_equal(reply->problem, PROBLEM_REPLAY);
    assert_true(slice_is(reply->clause, "key"));
}

/* Who never heard the answer asks again soon; later it is a mistake, which must
 * not be taken for the referral that is gone. */
static void a_key_of_erased_words_is_known_for_a_day(void **state)
{
    struct federation *federation = two();
    struct call call;
    struct call other;
    struct call erase;
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    federation_referral(federation, &other, 0, 1, "first");
    call_change(&other, "referral", "reason_plain", "wants something else");
    char *id = hand_over(federation, &call);
    federation_run(federation);
    federation_wait(federation, REPEAT_BLIND_MS + 1);
    assert_again(federation, &call, id);
    assert_conflict(federation, &other);
    free(id);
    federation_referral(federation, &call, 0, 1, "second");
    federation_referral(federation, &other, 0, 1, "second");
    call_change(&other, "referral", "reason_plain", "wants something else");
    id = hand_over(federation, &call);
    federation_run(federation);
    call_begin(&erase, "erase");
    call_text(&erase, "id", id);
    call_text(&erase, "reason", "person_asked");
    assert_int_equal(federation_call(federation, 0, &erase)->err, ERR_NONE);
    assert_again(federation, &call, id);
    assert_again(federation, &other, id); /* nobody can tell */
    federation_wait(federation, REPEAT_BLIND_MS + 1);
    assert_conflict(federation, &call);
    assert_conflict(federation, &other);
    free(id);
    federation_free(federation);
}

/* One request, handed over twice to one store as it was before: what is kept of
 * it is other bytes each time, for want of the salt. */
static void what_is_kept_of_a_request_does_not_tell_it(void **state)
{
    struct federation *federation = two();
    struct call call;
    uint8_t kept[2][REPEAT_VALUE_SIZE_MAX];
    size_t size = 0;
    struct store_memory_snapshot *copy = federation_back_up(federation, 0);
    (void)state;
    federation_referral(federation, &call, 0, 1, "first");
    for (size_t i = 0; i < 2; i++) {
        federation_restore(federation, 0, copy);
        free(hand_over(federation, &call));
        struct work *work = federation_begin(federation, 0);
        const struct repeat_rows *rows = &work->node->repeats;
        assert_true(rows->count > 0); /* a key's own row is first */
        size = rows->rows[0].size;
        memcpy(kept[i], rows->rows[0].value, size);
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
    }
    assert_true(size > 8);
    assert_memory_not_equal(kept[0], kept[1], 4);
    assert_memory_not_equal(kept[0] + 4, kept[1] + 4, 4);
    store_memory_snapshot_free(copy);
    federation_free(federation);
}

/* After a loss what is said is known without who said it, but not before it
 * has come back: one key of two programs is two intentions. */
static void a_key_of_another_program_is_another_intention(void **state)
{
    static const struct bench_client other = { 2, UINT32_MAX, 4711 };
    struct federation *federation = two();
    struct call call;
    (void)state;
    lose(federation, 0);
    federation_crash(federation, 0); /* it does not know yet what it lost */
    federation_referral(federation, &call, 0, 1, "first");
    char *id = hand_over(federation, &call);
    const struct local_reply *reply =
        federation_call_as(federation, 0, &other, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_false(record_is(reply_record(reply, "referral", 0), "id", id));
    assert_again(federation, &call, id);
    free(id);
    federation_free(federation);
}

/* ---- What is kept of what was said ---- */

static const struct referral_event said = { .referral = { { 1, 2, 3 } },
    .type = EVENT_OPENED,
    .actor = ACTOR_STAFF,
    .seq = 4,
    .key = { (const uint8_t *)"key", 3 } };

static void a_damaged_row_of_what_was_said_is_found(void **state)
{
    struct federation *federation = two();
    const struct agency_id *to = federation_id(federation, 1);
    struct repeat_other other;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct local_answer answer = { .work = work };
    assert_false(repeat_take_up(work, &said, to, false, &other));
    const struct repeat_rows *rows = &work->node->repeats;
    struct repeat_row row = rows->rows[rows->count - 1];
    repeat_rows_put(work, row.name, slice_of(row.value, row.size - 1u));
    assert_true(repeat_recall_said(work, &said, true, to, &answer));
    assert_int_equal(work->txn->err, ERR_CORRUPT);
    assert_int_equal(federation_end(federation, 0), ERR_CORRUPT);
    federation_free(federation);
}

/* A repair may have taken it out. */
static void the_row_of_a_program_need_not_be_there(void **state)
{
    static const struct repeat gone = { .name = { 9 } };
    struct federation *federation = two();
    const struct agency_id *to = federation_id(federation, 1);
    struct repeat_other other;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    repeat_keep_said(work, &gone, &said, to);
    assert_true(repeat_take_up(work, &said, to, false, &other));
    assert_true(uuid_equal(&other.referral, &said.referral));
    assert_int_equal(other.seq, said.seq);
    assert_null(repeat_rows_get(work, gone.name).bytes);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_is_repeated_later_is_one_step),
        cmocka_unit_test(what_has_an_id_is_handed_over_again_as_the_same),
        cmocka_unit_test(what_was_erased_of_the_other_is_erased_of_it),
        cmocka_unit_test(a_key_of_erased_words_is_known_for_a_day),
        cmocka_unit_test(what_is_kept_of_a_request_does_not_tell_it),
        cmocka_unit_test(a_key_is_known_again_when_the_store_was_lost),
        cmocka_unit_test(a_key_that_came_back_stands_for_nothing_else),
        cmocka_unit_test(what_is_handed_over_again_meanwhile_is_one_referral),
        cmocka_unit_test(what_was_done_to_the_other_is_done_to_it),
        cmocka_unit_test(what_ended_it_meanwhile_is_told),
        cmocka_unit_test(words_of_who_revoked_consent_do_not_come_back),
        cmocka_unit_test(a_step_that_is_repeated_meanwhile_is_one_step),
        cmocka_unit_test(a_key_of_another_program_is_another_intention),
        cmocka_unit_test(a_damaged_row_of_what_was_said_is_found),
        cmocka_unit_test(the_row_of_a_program_need_not_be_there),
    };
    return cmocka_run_group_tests_name("repeat", tests, NULL, NULL);
}
