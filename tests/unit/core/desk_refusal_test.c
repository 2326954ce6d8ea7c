/* What a program asks for and does not get, each with where and why. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/feed.h"
#include "core/limits.h"
#include "core/loss.h"
#include "core/node_state.h"
#include "core/register.h"
#include "support/bench_loss.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOBODY "urn:uuid:01900000-0000-7000-8000-00000000abcd"
#define LAST "urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff"
#define WORDS_9 "needs needs needs needs needs needs needs needs needs "
#define WORDS_81                                                               \
    WORDS_9 WORDS_9 WORDS_9 WORDS_9 WORDS_9 WORDS_9 WORDS_9 WORDS_9 WORDS_9

/* A referral of agency 0 that the other one has; its id. */
static struct federation *two(char id[UUID_URN_SIZE + 1])
{
    struct federation *federation = federation_of_two();
    (void)snprintf(id, UUID_URN_SIZE + 1, "%s",
        federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    return federation;
}

struct refusal {
    const char *operation;
    const char *fields[6]; /* name, text; "ID": of the referral, "PEER" */
    const char *number;    /* NULL: none */
    int64_t value;
    enum err err;
    const char *clause;
};

static const struct refusal refusals[] = {
    { "card.accept", { "agency", "PEER", "invitation", "short" }, NULL, 0,
        ERR_INVALID, "card.invitation" },
    { "peer.invite", { NULL }, "hours", 0, ERR_INVALID, "peer.hours" },
    { "peer.invite", { NULL }, "hours", INVITATION_HOURS_MAX + 1, ERR_INVALID,
        "peer.hours" },
    { "store.check", { "state", "?" }, NULL, 0, ERR_INVALID, "store.state" },
    { "erase", { "id", "nobody", "reason", "law" }, NULL, 0, ERR_NOT_FOUND,
        "erase.id" },
    { "erase", { "id", NOBODY, "reason", "law" }, NULL, 0, ERR_NOT_FOUND,
        "erase.id" },
    { "erase", { "id", "ID", "reason", "whim" }, NULL, 0, ERR_INVALID,
        "erase.reason" },
    { "erase", { "id", "ID" }, NULL, 0, ERR_INVALID, "erase.reason" },
    { "erase", { "id", "ID", "reason", "law", "actor", "gateway" }, NULL, 0,
        ERR_INVALID, "erase.actor" },
    { "erase", { "id", "ID", "reason", "law", "actor", "nobody" }, NULL, 0,
        ERR_INVALID, "erase.actor" },
    { "erase", { "id", "ID", "reason", "law", "elements", "shoe_size" }, NULL,
        0, ERR_INVALID, "erase.elements" },
    { "erase", { "id", "ID", "reason", "law", "elements", WORDS_81 }, NULL, 0,
        ERR_INVALID, "erase.elements" },
    { "erase", { "id", "ID", "reason", "law", "elements", "needs needs" }, NULL,
        0, ERR_INVALID, "erasure.elements[1]" },
    { "erase.find", { "pairwise_id", "two words" }, NULL, 0, ERR_INVALID,
        "erase.pairwise_id" },
    { "erase.find", { "pairwise_id", "p-1", "after", "nobody" }, NULL, 0,
        ERR_INVALID, "erase.after" },
    { "erase.find", { "pairwise_id", "p-1", "after", LAST }, NULL, 0,
        ERR_INVALID, "erase.after" },
    { "disclosures", { "id", "nobody" }, NULL, 0, ERR_NOT_FOUND,
        "disclosures.id" },
    { "disclosures", { "id", NOBODY }, NULL, 0, ERR_NOT_FOUND,
        "disclosures.id" },
    { "disclosures", { "id", "ID", "after", NOBODY }, NULL, 0, ERR_INVALID,
        "disclosures.after" },
    { "disclosures", { "after", LAST }, NULL, 0, ERR_INVALID,
        "disclosures.after" },
    { "list", { "after", LAST }, NULL, 0, ERR_INVALID, "list.count" },
    { "list", { NULL }, "count", 0, ERR_INVALID, "list.count" },
    { "reload", { "now", "yes" }, NULL, 0, ERR_INVALID, NULL },
    { "disclosures", { "id", "ID", "id", "ID" }, NULL, 0, ERR_MALFORMED,
        "operation" },
};

static void each_refusal_says_where(void **state)
{
    char id[UUID_URN_SIZE + 1];
    struct federation *federation = two(id);
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct refusal *row = &refusals[i];
        struct call call;
        call_begin(&call, row->operation);
        for (size_t k = 0; k < COUNT(row->fields) && row->fields[k] != NULL;
             k += 2) {
            const char *text = row->fields[k + 1];
            if (strcmp(text, "ID") == 0)
                text = id;
            else if (strcmp(text, "PEER") == 0)
                text = federation_id(federation, 1)->text;
            if (strcmp(row->operation, "store.check") == 0)
                call_data(&call, row->fields[k], slice_of_text(text));
            else
                call_text(&call, row->fields[k], text);
        }
        if (row->number != NULL)
            call_number(&call, row->number, row->value);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        if (reply->err != row->err ||
            (row->clause != NULL && !slice_is(reply->clause, row->clause)))
            fail_msg("row %zu, %s: %s at %.*s", i, row->operation,
                err_name(reply->err), (int)reply->clause.size,
                (const char *)reply->clause.bytes);
        assert_true(reply->remedy.size > 0);
    }
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    federation_free(federation);
}

static void an_agreement_that_is_too_large_is_refused_unread(void **state)
{
    static const uint8_t large[MOU_SIZE_MAX + 1];
    char id[UUID_URN_SIZE + 1];
    struct federation *federation = two(id);
    struct call call;
    (void)state;
    call_begin(&call, "mou.offer");
    call_data(&call, "data", slice_of(large, sizeof large));
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_LIMIT);
    assert_true(slice_is(reply->clause, "mou.data"));
    federation_free(federation);
}

static void so_many_invitations_are_open_and_no_more(void **state)
{
    char id[UUID_URN_SIZE + 1];
    struct federation *federation = two(id);
    struct call call;
    (void)state;
    call_begin(&call, "peer.invite");
    for (unsigned i = 0; i < INVITATION_COUNT_MAX; i++) {
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
        assert_int_equal(
            record_text(reply_record(reply, "invitation", 0), "code").size,
            INVITATION_SIZE);
    }
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_LIMIT);
    assert_true(slice_is(reply->clause, "peer.invite"));
    federation_wait_until(federation, INT64_C(73) * 3600000);
    reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE); /* the others are over */
    federation_free(federation);
}

static void invite(struct federation *federation, size_t agency,
    char code[INVITATION_SIZE + 1])
{
    struct call call;
    call_begin(&call, "peer.invite");
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    struct slice given =
        record_text(reply_record(reply, "invitation", 0), "code");
    assert_int_equal(given.size, INVITATION_SIZE);
    memcpy(code, given.bytes, INVITATION_SIZE);
    code[INVITATION_SIZE] = '\0';
}

static void accept(struct federation *federation, const char *code)
{
    struct call call;
    call_begin(&call, "card.accept");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    call_text(&call, "invitation", code);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    federation_wait(federation, 600000);
}

/* With the code that the other agency gave: at once, or when that came after
 * a first greeting with a wrong one. */
static void a_code_is_handed_on_when_its_card_is_accepted(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct federation *federation = federation_new(2);
        char code[INVITATION_SIZE + 1];
        struct call call;
        invite(federation, 1, code);
        call_begin(&call, "card.import");
        call_data(&call, "data", federation_card(federation, 1));
        assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
        if (late > 0) {
            accept(federation, "aaaaaaaaaaaaaaaaaaaa");
            assert_int_equal(
                federation_peer(federation, 1, 0)->state, PEER_INTRODUCED);
        }
        accept(federation, code);
        assert_int_equal(
            federation_peer(federation, 1, 0)->state, PEER_INVITED);
        federation_free(federation);
    }
}

static void reload_is_told_to_the_daemon(void **state)
{
    struct federation *federation = federation_new(2);
    struct call call;
    (void)state;
    call_begin(&call, "reload");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    federation_free(federation);
}

/* ---- Too many steps ------------------------------------------------------ */

/* As if that many events had been told of it. */
static void fill(struct federation *federation, size_t agency, const char *id)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, agency);
    struct referral *referral = register_get(work, &uuid);
    assert_non_null(referral);
    while (referral->position_count < REFERRAL_EVENT_COUNT_MAX) {
        referral->positions[referral->position_count] =
            referral->positions[referral->position_count - 1];
        referral->position_count++;
    }
    register_put(work, referral);
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
}

static void a_referral_with_too_many_steps_can_only_end(void **state)
{
    static const char *const ask[] = { "question", "since when?", NULL };
    (void)state;
    for (size_t full = 0; full < 2; full++) {
        char id[UUID_URN_SIZE + 1];
        struct federation *federation = two(id);
        (void)federation_act(federation, 1, id, "opened", "o", NULL);
        federation_run(federation);
        fill(federation, full, id);
        const struct local_reply *reply =
            federation_act(federation, 1, id, "ask", "q", ask);
        assert_int_equal(reply->err, full == 1 ? ERR_LIMIT : ERR_NONE);
        if (full == 1)
            assert_true(slice_is(reply->clause, "act"));
        federation_run(federation);
        assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_REFUSED),
            full == 0 ? 1 : 0);
        (void)federation_act_by(
            federation, 0, id, "withdraw", "w", "person", NULL);
        federation_run(federation);
        for (size_t at = 0; at < 2; at++)
            assert_string_equal(
                federation_state(federation, at, id), "withdrawn");
        federation_free(federation);
    }
}

static void who_has_no_room_for_a_step_refuses_it(void **state)
{
    static const char *const ask[] = { "question", "since when?", NULL };
    static const char *const answer[] = { "answer", "last week", NULL };
    char id[UUID_URN_SIZE + 1];
    struct federation *federation = two(id);
    (void)state;
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    (void)federation_act(federation, 1, id, "ask", "q", ask);
    federation_run(federation);
    fill(federation, 1, id);
    (void)federation_act(federation, 0, id, "answer", "a", answer);
    federation_run(federation);
    const struct local_reply *reply = federation_get(federation, 0, id);
    assert_non_null(reply_find(reply, "event", "problem", "RATE_LIMIT"));
    assert_true(
        record_is(reply_record(reply, "referral", 0), "state", "info_needed"));
    federation_free(federation);
}

/* What was said counts as said, though it was not kept. */
static void what_was_refused_was_told_all_the_same(void **state)
{
    static const char *const ask[] = { "question", "since when?", NULL };
    static const char *const answer[] = { "answer", "last week", NULL };
    char id[UUID_URN_SIZE + 1];
    struct federation *federation = two(id);
    struct call call;
    (void)state;
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    (void)federation_act(federation, 1, id, "ask", "q", ask);
    federation_run(federation);
    fill(federation, 1, id);
    (void)federation_act(federation, 0, id, "answer", "a", answer);
    federation_run(federation);
    call_begin(&call, "disclosures");
    call_text(&call, "id", id);
    const struct local_reply *reply = federation_call(federation, 0, &call);
    const struct local_record *said =
        reply_find(reply, "disclosure", "step", "answer");
    assert_non_null(said);
    assert_true(record_is(said, "outcome", "refused"));
    assert_true(record_is(
        reply_find(reply, "disclosure", "step", "send"), "outcome", "given"));
    federation_free(federation);
}

/* ---- By a person's pairwise id ------------------------------------------- */

/* As if the request of that referral had named the person so. */
static void name(struct federation *federation, const char *id)
{
    struct uuid uuid;
    struct feed_event told;
    struct referral_event said;
    struct named_value values[8];
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    const struct referral *referral = register_get(work, &uuid);
    assert_non_null(referral);
    assert_true(feed_at(work, referral->positions[0], &told));
    assert_true(register_event(work, told.content, &said));
    assert_true(said.element_count < COUNT(values));
    memcpy(values, said.elements, said.element_count * sizeof *values);
    values[said.element_count++] =
        (struct named_value){ SLICE_LITERAL("pairwise_id"),
            SLICE_LITERAL("p-1") };
    said.elements = values;
    told.content = work_say(
        work, referral->entry, referral_event_write(&said, work->scratch));
    feed_rewrite(work, &told);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void a_person_is_found_by_the_pairwise_id(void **state)
{
    char id[UUID_URN_SIZE + 1];
    struct federation *federation = two(id);
    struct call call;
    (void)state;
    (void)federation_submit(federation, 0, 1, "another");
    federation_run(federation);
    name(federation, id);
    for (int i = 0; i < 2; i++) {
        call_begin(&call, i == 0 ? "erase.find" : "disclosures.find");
        call_text(&call, "pairwise_id", "p-1");
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
        assert_int_equal(reply_count(reply, "referral"), 1);
        const struct local_record *found = reply_record(reply, "referral", 0);
        assert_true(record_is(found, "id", id));
        assert_true(record_is(found, "direction", "out"));
        assert_true(record_flag(reply_record(reply, "search", 0), "done"));
        call_begin(&call, "erase.find");
        call_text(&call, "pairwise_id", "p-2");
        reply = federation_call(federation, 0, &call);
        assert_int_equal(reply_count(reply, "referral"), 0);
        assert_int_equal(
            record_number(reply_record(reply, "search", 0), "referrals"), 2);
    }
    federation_free(federation);
}

/* ---- While a store is taken back ----------------------------------------- */

static void who_asks_meanwhile_is_told_of_the_loss(void **state)
{
    char id[UUID_URN_SIZE + 1];
    struct federation *federation = two(id);
    struct call call;
    (void)state;
    call_begin(&call, "status");
    assert_null(
        reply_record(federation_call(federation, 0, &call), "recovery", 0));
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    (void)federation_submit(federation, 0, 1, "second");
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    const struct node *node = federation_node(federation, 0);
    while (node->loss == LOSS_NONE) {
        assert_int_not_equal(federation_message_count(federation), 0);
        federation_deliver(federation, 0);
    }
    const struct local_record *recovery =
        reply_record(federation_call(federation, 0, &call), "recovery", 0);
    assert_non_null(recovery);
    assert_true(record_is(recovery, "cause", loss_cause_name(node->loss)));
    assert_true(record_text(recovery, "remedy").size > 0);
    assert_int_equal(record_number(recovery, "waiting"), 1);
    federation_wait(federation, 600000);
    assert_null(
        reply_record(federation_call(federation, 0, &call), "recovery", 0));
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_says_where),
        cmocka_unit_test(an_agreement_that_is_too_large_is_refused_unread),
        cmocka_unit_test(so_many_invitations_are_open_and_no_more),
        cmocka_unit_test(a_code_is_handed_on_when_its_card_is_accepted),
        cmocka_unit_test(reload_is_told_to_the_daemon),
        cmocka_unit_test(a_referral_with_too_many_steps_can_only_end),
        cmocka_unit_test(who_has_no_room_for_a_step_refuses_it),
        cmocka_unit_test(what_was_refused_was_told_all_the_same),
        cmocka_unit_test(a_person_is_found_by_the_pairwise_id),
        cmocka_unit_test(who_asks_meanwhile_is_told_of_the_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
