#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/collect.h"
#include "core/message.h"
#include "core/peer_close.h"
#include "support/bench_node.h"

static const struct local_reply *ask_close(
    struct federation *federation, size_t agency, size_t other, bool reopen)
{
    struct call call;
    call_begin(&call, "peer.close");
    call_text(&call, "agency", federation_id(federation, other)->text);
    if (reopen)
        call_flag(&call, "reopen", true);
    return federation_call(federation, agency, &call);
}

/* What it answered, which must be a success. */
static const struct local_record *close_line(struct federation *federation,
    size_t agency, size_t other, const struct local_reply **reply)
{
    *reply = ask_close(federation, agency, other, false);
    assert_non_null(*reply);
    assert_int_equal((*reply)->err, ERR_NONE);
    const struct local_record *peer = reply_record(*reply, "peer", 0);
    assert_non_null(peer);
    assert_true(record_is(peer, "state", "closed"));
    return peer;
}

static const struct local_record *peer_record(
    struct federation *federation, size_t agency)
{
    struct call call;
    call_begin(&call, "peer.list");
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    assert_int_equal(reply->err, ERR_NONE);
    return reply_record(reply, "peer", 0);
}

static const char *const cancel_details[] = { "reason", "NEED_MET_ELSEWHERE",
    "person_told", "yes", NULL };

/* The newest event of the referral at that agency. */
static const struct local_record *last_event(
    struct federation *federation, size_t agency, const char *id)
{
    const struct local_reply *reply = federation_get(federation, agency, id);
    size_t count = reply_count(reply, "event");
    assert_true(count > 0);
    return reply_record(reply, "event", count - 1);
}

static struct federation *two_with_an_agreement(void)
{
    return federation_of_two();
}

static void queued_referrals_go_back_to_staff(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    (void)state;
    const char *flying = federation_submit(federation, 0, 1, "first");
    const char *queued = federation_submit(federation, 0, 1, "second");
    const struct local_record *peer = close_line(federation, 0, 1, &reply);
    assert_int_equal(record_number(peer, "returned"), 1);
    assert_int_equal(record_number(peer, "waiting"), 0);
    assert_int_equal(reply_count(reply, "referral"), 1);
    const struct local_record *back = reply_record(reply, "referral", 0);
    assert_true(record_is(back, "id", queued));
    assert_true(record_is(back, "step", "send"));
    assert_true(record_is(back, "state", "sent"));
    assert_true(record_is(back, "direction", "out"));
    assert_true(record_flag(back, "returned"));

    assert_string_equal(federation_state(federation, 0, queued), "sent");
    const struct local_record *event = last_event(federation, 0, queued);
    assert_true(record_is(event, "type", "referral.returned"));
    assert_true(record_is(event, "step", "send"));
    assert_true(record_is(event, "status", "refused"));
    assert_true(record_is(event, "problem", "STATE"));
    assert_true(record_is(event, "clause", "peer.state"));
    assert_true(federation_logged(federation, 0, LOG_PEER_CLOSED) == 1);

    /* what is on its way is received, and its receipt is kept */
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, flying), "delivered");
    assert_string_equal(federation_state(federation, 1, flying), "delivered");
    assert_string_equal(federation_state(federation, 1, queued), "none");
    federation_free(federation);
}

static void nothing_is_sent_to_or_taken_from_a_closed_agency(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    struct call call;
    (void)state;
    (void)close_line(federation, 0, 1, &reply);
    const char *theirs = federation_submit(federation, 1, 0, "theirs");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, theirs), "none");
    assert_string_equal(federation_state(federation, 1, theirs), "sent");
    assert_true(record_is(peer_record(federation, 1), "problem", "closed"));
    /* for ever, whatever it tries */
    federation_wait(federation, FEDERATION_DAY_MS);
    assert_string_equal(federation_state(federation, 0, theirs), "none");
    assert_int_equal(federation_message_count(federation), 0);

    static const char *const operations[] = { "submit", "explain" };
    for (size_t i = 0; i < 2; i++) {
        federation_referral(federation, &call, 0, 1, "ours");
        call.request.type = operations[i];
        if (i == 1)
            call_remove(&call, NULL, "key");
        reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_STATE);
        assert_int_equal(reply->problem, PROBLEM_STATE);
        assert_true(slice_is(reply->clause, "peer.state"));
    }
    assert_int_equal(federation_message_count(federation), 0);
    federation_free(federation);
}

static void every_request_of_a_closed_agency_is_refused_as_such(void **state)
{
    static const enum request_kind kinds[] = { REQUEST_HEAD, REQUEST_DELIVER,
        REQUEST_COLLECT, REQUEST_FETCH };
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *local;
    struct bench_reply reply;
    enum refusal_code code;
    struct arena arena;
    (void)state;
    assert_int_equal(arena_init(&arena, 4096), ERR_NONE);
    (void)close_line(federation, 0, 1, &local);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        federation_request(federation, 1, 0, kinds[i], SLICE_NONE, &reply);
        assert_int_equal(reply.kind, REPLY_REFUSED);
        assert_int_equal(refusal_read(reply.body, &arena, &code), ERR_NONE);
        assert_int_equal(code, REFUSAL_CLOSED);
    }
    arena_release(&arena);
    federation_free(federation);
}

static void a_closed_agency_stays_closed_over_a_restart(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    (void)state;
    (void)close_line(federation, 0, 1, &reply);
    federation_crash(federation, 0);
    federation_run(federation);
    assert_true(record_is(peer_record(federation, 0), "state", "closed"));
    /* still known to the transport, so that it is told why */
    assert_true(federation_is_announced(federation, 0, 1));
    const char *theirs = federation_submit(federation, 1, 0, "theirs");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, theirs), "none");
    assert_true(record_is(peer_record(federation, 1), "problem", "closed"));
    federation_free(federation);
}

static void a_line_opens_again_where_it_was_closed(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    struct call call;
    (void)state;
    for (int by_accept = 0; by_accept < 2; by_accept++) {
        (void)close_line(federation, 0, 1, &reply);
        const char *theirs =
            federation_submit(federation, 1, 0, by_accept ? "second" : "first");
        federation_run(federation);
        if (by_accept) {
            call_begin(&call, "card.accept");
            call_text(&call, "agency", federation_id(federation, 1)->text);
            reply = federation_call(federation, 0, &call);
        } else {
            reply = ask_close(federation, 0, 1, true);
        }
        assert_int_equal(reply->err, ERR_NONE);
        federation_wait(federation, FEDERATION_DAY_MS);
        assert_true(
            record_is(peer_record(federation, 0), "state", "connected"));
        assert_string_equal(
            federation_state(federation, 0, theirs), "delivered");
        assert_string_equal(
            federation_state(federation, 1, theirs), "delivered");
    }
    federation_free(federation);
}

static void what_is_so_already_waits_and_is_told_after_all(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    const char *other = federation_submit(federation, 0, 1, "second");
    federation_run(federation);
    /* one step flies, the withdrawal waits behind it */
    reply = federation_act(
        federation, 0, other, "cancel", "flying", cancel_details);
    assert_int_equal(reply->err, ERR_NONE);
    reply = federation_act_by(
        federation, 0, id, "withdraw", "before", "person", NULL);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *peer = close_line(federation, 0, 1, &reply);
    assert_int_equal(record_number(peer, "returned"), 0);
    assert_int_equal(record_number(peer, "waiting"), 1);
    const struct local_record *waits = reply_record(reply, "referral", 0);
    assert_true(record_is(waits, "step", "withdraw"));
    assert_false(record_flag(waits, "returned"));
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    reply = ask_close(federation, 0, 1, true);
    assert_int_equal(reply->err, ERR_NONE);
    federation_wait(federation, FEDERATION_DAY_MS);
    assert_string_equal(federation_state(federation, 1, id), "withdrawn");
    federation_free(federation);
}

static void steps_that_the_closed_agency_would_decide_are_refused(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)close_line(federation, 0, 1, &reply);
    reply =
        federation_act(federation, 0, id, "cancel", "cancel", cancel_details);
    assert_int_equal(reply->err, ERR_STATE);
    assert_true(slice_is(reply->clause, "peer.state"));
    /* but nothing refuses a withdrawal */
    reply = federation_act_by(
        federation, 0, id, "withdraw", "withdraw", "person", NULL);
    assert_int_equal(reply->err, ERR_NONE);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    federation_free(federation);
}

static void a_step_that_waited_for_a_decision_goes_back(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    const char *flying = federation_submit(federation, 0, 1, "flying");
    reply =
        federation_act(federation, 0, id, "cancel", "cancel", cancel_details);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *peer = close_line(federation, 0, 1, &reply);
    assert_int_equal(record_number(peer, "returned"), 1);
    assert_true(
        record_is(reply_record(reply, "referral", 0), "step", "cancel"));
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    reply = ask_close(federation, 0, 1, true);
    assert_int_equal(reply->err, ERR_NONE);
    federation_wait(federation, FEDERATION_DAY_MS);
    /* it was not kept in secret, and can be taken again */
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    assert_string_equal(federation_state(federation, 1, flying), "delivered");
    reply =
        federation_act(federation, 0, id, "cancel", "again", cancel_details);
    assert_int_equal(reply->err, ERR_NONE);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "cancelled");
    assert_string_equal(federation_state(federation, 0, id), "cancelled");
    federation_free(federation);
}

static void returned_referrals_end_here_and_are_never_told(void **state)
{
    struct federation *federation = two_with_an_agreement();
    const struct local_reply *reply;
    (void)state;
    (void)federation_submit(federation, 0, 1, "flying");
    const char *called_off = federation_submit(federation, 0, 1, "second");
    const char *withdrawn = federation_submit(federation, 0, 1, "third");
    const char *left = federation_submit(federation, 0, 1, "fourth");
    const struct local_record *peer = close_line(federation, 0, 1, &reply);
    assert_int_equal(record_number(peer, "returned"), 3);
    reply = federation_act(
        federation, 0, called_off, "cancel", "cancel", cancel_details);
    assert_int_equal(reply->err, ERR_NONE);
    reply = federation_act_by(
        federation, 0, withdrawn, "withdraw", "withdraw", "person", NULL);
    assert_int_equal(reply->err, ERR_NONE);
    assert_string_equal(
        federation_state(federation, 0, called_off), "cancelled");
    assert_string_equal(
        federation_state(federation, 0, withdrawn), "withdrawn");
    (void)ask_close(federation, 0, 1, true);
    federation_wait(federation, FEDERATION_DAY_MS);
    assert_string_equal(federation_state(federation, 1, called_off), "none");
    assert_string_equal(federation_state(federation, 1, withdrawn), "none");
    assert_string_equal(federation_state(federation, 1, left), "none");
    /* also after the line is open again */
    reply =
        federation_act(federation, 0, left, "cancel", "late", cancel_details);
    assert_int_equal(reply->err, ERR_NONE);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, left), "cancelled");
    assert_string_equal(federation_state(federation, 1, left), "none");
    federation_free(federation);
}

static void one_that_collects_is_told_at_once(void **state)
{
    struct federation *federation = two_with_an_agreement();
    struct closing closing;
    struct arena arena;
    enum refusal_code code = 0;
    size_t count = 0;
    bool told = false;
    (void)state;
    assert_int_equal(arena_init(&arena, 4096), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct collect collect = { .wait_ms = 60000 };
    assert_true(
        collect_take(work, peer, collect_write(&collect, work->arena), 7));
    collect_serve(work, peer);
    assert_true(peer->collect_waits);
    peer_close(work, peer, &closing);
    collect_serve(work, peer);
    assert_false(peer->collect_waits);
    const struct node_output *outputs =
        node_outputs(federation_node(federation, 0), &count);
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].type != NODE_REPLY)
            continue;
        told =
            outputs[i].of.reply.handle == 7 &&
            outputs[i].of.reply.kind == REPLY_REFUSED &&
            refusal_read(outputs[i].of.reply.body, &arena, &code) == ERR_NONE;
    }
    assert_true(told);
    assert_int_equal(code, REFUSAL_CLOSED);
    arena_release(&arena);
    work->txn->err = ERR_FULL; /* nobody waits for handle 7 */
    assert_int_equal(federation_end(federation, 0), ERR_FULL);
    federation_crash(federation, 0);
    federation_free(federation);
}

static void only_what_was_accepted_is_closed_or_opened(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_client reader = { 2, LOCAL_RIGHT_READ, 1000 };
    struct call call;
    (void)state;
    const struct local_reply *reply = ask_close(federation, 0, 1, false);
    assert_int_equal(reply->err, ERR_NOT_FOUND);
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(federation, 1));
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    /* opening it would be trust without a safety number */
    for (int reopen = 0; reopen < 2; reopen++) {
        reply = ask_close(federation, 0, 1, reopen != 0);
        assert_int_equal(reply->err, ERR_STATE);
        assert_true(record_is(peer_record(federation, 0), "state", "imported"));
    }
    federation_connect(federation, 0, 1);
    call_begin(&call, "peer.close");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    reply = federation_call_as(federation, 0, &reader, &call);
    assert_int_equal(reply->err, ERR_FORBIDDEN);
    /* what is open stays so, what is closed too */
    reply = ask_close(federation, 0, 1, true);
    assert_int_equal(reply->err, ERR_NONE);
    assert_true(record_is(peer_record(federation, 0), "state", "connected"));
    (void)close_line(federation, 0, 1, &reply);
    (void)close_line(federation, 0, 1, &reply);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queued_referrals_go_back_to_staff),
        cmocka_unit_test(nothing_is_sent_to_or_taken_from_a_closed_agency),
        cmocka_unit_test(every_request_of_a_closed_agency_is_refused_as_such),
        cmocka_unit_test(a_closed_agency_stays_closed_over_a_restart),
        cmocka_unit_test(a_line_opens_again_where_it_was_closed),
        cmocka_unit_test(what_is_so_already_waits_and_is_told_after_all),
        cmocka_unit_test(steps_that_the_closed_agency_would_decide_are_refused),
        cmocka_unit_test(a_step_that_waited_for_a_decision_goes_back),
        cmocka_unit_test(returned_referrals_end_here_and_are_never_told),
        cmocka_unit_test(one_that_collects_is_told_at_once),
        cmocka_unit_test(only_what_was_accepted_is_closed_or_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
