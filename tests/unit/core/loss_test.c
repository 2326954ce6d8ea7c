/* Is a store that was put back noticed by its mark, before any peer is heard,
 * and nothing signed twice? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/ledger.h"
#include "core/loss.h"
#include "core/node_state.h"
#include "core/register.h"
#include "support/bench_damage.h"
#include "support/bench_loss.h"

struct bench {
    struct federation *federation;
    struct instance_mark mark;
    struct store_memory_snapshot *backup;
};

static void bench_open(struct bench *bench)
{
    bench->federation = federation_new(2);
    bench->mark = (struct instance_mark){ 0 };
    federation_keep_mark(bench->federation, 0, &bench->mark);
    federation_crash(bench->federation, 0);
    federation_connect(bench->federation, 0, 1);
    federation_agree(bench->federation);
    (void)federation_submit(bench->federation, 0, 1, "first");
    federation_run(bench->federation);
    bench->backup = federation_back_up(bench->federation, 0);
}

static void bench_close(struct bench *bench)
{
    store_memory_snapshot_free(bench->backup);
    federation_free(bench->federation);
}

/* Nothing that it sends arrives. */
static void cut_off(struct bench *bench)
{
    while (federation_message_count(bench->federation) > 0)
        federation_lose(bench->federation, 0);
}

static const struct local_record *loss(struct bench *bench)
{
    struct call call;
    call_begin(&call, "status");
    const struct local_reply *reply =
        federation_call(bench->federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_in_range(reply_count(reply, "recovery"), 0, 1);
    return reply_record(reply, "recovery", 0);
}

static void assert_loss(struct bench *bench, const char *cause)
{
    const struct local_record *record = loss(bench);
    if (cause == NULL) {
        assert_null(record);
        return;
    }
    assert_non_null(record);
    assert_true(slice_is(record_text(record, "cause"), cause));
    assert_int_equal(record_number(record, "waiting"), 1);
    assert_true(record_text(record, "remedy").size > 0);
    assert_true(record_number(record, "at_ms") > 0);
}

static uint64_t generation(struct bench *bench)
{
    struct work *work = federation_begin(bench->federation, 0);
    uint64_t found =
        peer_ledger(work, federation_peer(bench->federation, 0, 1), LEDGER_OUT)
            ->generation;
    assert_int_equal(federation_end(bench->federation, 0), ERR_NONE);
    return found;
}

static void restarts_and_crashes_are_no_loss(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    uint64_t life = bench.mark.life;
    uint64_t before = generation(&bench);
    federation_crash(bench.federation, 0);
    assert_true(bench.mark.life != life && bench.mark.life != 0);
    federation_run(bench.federation);
    assert_loss(&bench, NULL);
    /* between its commit and its mark */
    struct instance_mark was = bench.mark;
    federation_crash(bench.federation, 0);
    bench.mark = was;
    federation_crash(bench.federation, 0);
    bench.mark = was;
    federation_crash(bench.federation, 0);
    federation_run(bench.federation);
    assert_loss(&bench, NULL);
    assert_int_equal(federation_logged(bench.federation, 0, LOG_STORE_LOST), 0);
    assert_true(generation(&bench) == before);
    bench_close(&bench);
}

static void a_copy_of_an_earlier_life_is_noticed_alone(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    uint64_t before = generation(&bench);
    federation_crash(bench.federation, 0);
    federation_run(bench.federation);
    federation_restore(bench.federation, 0, bench.backup);
    cut_off(&bench);
    assert_int_equal(federation_logged(bench.federation, 0, LOG_STORE_LOST), 1);
    assert_loss(&bench, "older");
    /* it is said after a restart, too, in the log as well: the first may have
     * come to an end before that was written; and counted once */
    federation_crash(bench.federation, 0);
    cut_off(&bench);
    assert_loss(&bench, "older");
    assert_int_equal(federation_logged(bench.federation, 0, LOG_STORE_LOST), 2);
    assert_int_equal(federation_node(bench.federation, 0)->losses, 1);
    /* the peer holds no more than it: a new generation all the same */
    federation_wait(bench.federation, 600000);
    assert_loss(&bench, NULL);
    assert_int_equal(
        federation_logged(bench.federation, 0, LOG_STORE_WHOLE), 1);
    assert_true(generation(&bench) != before);
    const char *id = federation_submit(bench.federation, 0, 1, "after");
    federation_run(bench.federation);
    assert_string_equal(federation_state(bench.federation, 1, id), "delivered");
    bench_close(&bench);
}

/* What was signed after the copy and never arrived: the peer cannot show it,
 * and the author must not sign another root for that size. */
static void what_nobody_received_is_not_signed_over(void **state)
{
    struct bench bench;
    struct store_usage usage;
    (void)state;
    bench_open(&bench);
    uint64_t before = generation(&bench);
    (void)federation_submit(bench.federation, 0, 1, "lost on the way");
    cut_off(&bench);
    struct store *store = federation_store(bench.federation, 0);
    store->ops->usage(store, &usage);
    bench.mark.commits = usage.commit_count; /* written now and then */
    federation_restore(bench.federation, 0, bench.backup);
    assert_loss(&bench, "older");
    (void)federation_submit(bench.federation, 0, 1, "another");
    federation_wait(bench.federation, 600000);
    assert_true(generation(&bench) != before);
    bench_close(&bench);
}

static void a_store_put_back_on_purpose_or_without_a_mark_is_one(void **state)
{
    static const char *const causes[] = { "restored", "unmarked" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        bench_open(&bench);
        uint64_t before = generation(&bench);
        bench.mark = (struct instance_mark){ .is_there = i == 0 };
        federation_crash(bench.federation, 0);
        assert_loss(&bench, causes[i]);
        federation_wait(bench.federation, 600000);
        assert_loss(&bench, NULL);
        assert_true(generation(&bench) != before);
        bench_close(&bench);
    }
}

/* The keys of days may be gone with the store: what peers hold of them must be
 * followed by what there is now. */
static void the_sheet_of_after_a_loss_is_taken(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    for (int i = 0; i < 5; i++)
        federation_sheet(bench.federation, 0);
    federation_crash(bench.federation, 1); /* it asks how all stands */
    federation_run(bench.federation);
    uint64_t before = federation_peer(bench.federation, 1, 0)->sheet_serial;
    assert_true(before > 2);
    federation_lose_store(bench.federation, 0);
    federation_connect(bench.federation, 0, 1);
    federation_wait(bench.federation, 600000);
    assert_true(federation_peer(bench.federation, 1, 0)->sheet_serial > before);
    bench_close(&bench);
}

static void a_new_store_in_the_place_of_another_is_one(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    federation_lose_store(bench.federation, 0);
    const struct local_record *record = loss(&bench);
    assert_non_null(record);
    assert_true(slice_is(record_text(record, "cause"), "gone"));
    federation_connect(bench.federation, 0, 1);
    federation_wait(bench.federation, 600000);
    assert_loss(&bench, NULL);
    bench_close(&bench);
}

/* Of two agencies one shows what it holds, and the other after the gateway has
 * started anew: it is still the same loss. */
static void a_loss_that_is_known_is_not_another(void **state)
{
    struct federation *federation = federation_new(3);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_connect(federation, 0, 2);
    federation_agree(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    (void)federation_submit(federation, 0, 1, "first");
    (void)federation_submit(federation, 0, 2, "other");
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    while (federation_message_count(federation) > 0) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message->from == 2 || message->to == 2)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_RECOVERED), 1);
    struct work *work = federation_begin(federation, 0);
    assert_int_equal(work->node->losses, 1);
    assert_int_equal(work->node->loss, LOSS_SHOWN);
    uint64_t epoch = work->node->feed_epoch;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_crash(federation, 0);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_RECOVERED), 2);
    work = federation_begin(federation, 0);
    assert_int_equal(work->node->losses, 1);
    assert_true(work->node->feed_epoch == epoch);
    assert_int_equal(work->node->loss, LOSS_NONE);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

/* What is not known now may come back: nothing is refused for good. */
static void what_is_not_known_is_to_be_tried_again(void **state)
{
    struct bench bench;
    struct call call;
    (void)state;
    bench_open(&bench);
    char *id = strdup(federation_submit(bench.federation, 0, 1, "first"));
    federation_run(bench.federation);
    federation_referral(bench.federation, &call, 0, 1, "second");
    federation_lose_store(bench.federation, 0);
    const struct local_reply *reply =
        federation_call(bench.federation, 0, &call);
    assert_int_equal(reply->err, ERR_BUSY);
    assert_true(slice_is(reply->clause, "referral.to"));
    reply = federation_act(bench.federation, 0, id, "withdraw", "w", NULL);
    assert_int_equal(reply->err, ERR_BUSY);
    assert_true(slice_is(reply->clause, "act.id"));
    federation_connect(bench.federation, 0, 1);
    federation_wait(bench.federation, 600000);
    assert_loss(&bench, NULL);
    federation_referral(bench.federation, &call, 0, 1, "second");
    assert_int_equal(
        federation_call(bench.federation, 0, &call)->err, ERR_NONE);
    free(id);
    bench_close(&bench);
}

/* Its words were fetched, and what became of it was not: there is a row for
 * their keys alone, of which nothing is known. */
static char *begun_with(struct federation *federation, const char *const *words)
{
    unsigned fetches = 0;
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    if (words != NULL) {
        (void)federation_act(federation, 1, id, "opened", "o", NULL);
        (void)federation_act(federation, 1, id, "decline", "d", words);
        federation_run(federation);
    }
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    while (federation_message_count(federation) > 0) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message->kind == REQUEST_FETCH && !message->is_reply &&
            ++fetches == 2)
            break;
        federation_deliver(federation, 0);
    }
    assert_string_equal(federation_state(federation, 0, id), "none");
    return id;
}

static char *begun(struct federation *federation)
{
    return begun_with(federation, NULL);
}

static const struct local_reply *erase(struct federation *federation,
    const char *id, const char *elements, bool is_asked)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    if (elements != NULL)
        call_text(&call, "elements", elements);
    if (is_asked)
        call_flag(&call, "dry_run", true);
    return federation_call(federation, 0, &call);
}

static const struct local_reply *withdraw(
    struct federation *federation, const char *id)
{
    return federation_act_by(
        federation, 0, id, "withdraw", "w", "person", NULL);
}

static void what_is_being_taken_back_takes_no_step(void **state)
{
    struct federation *federation = federation_of_two();
    struct call call;
    (void)state;
    char *id = begun(federation);
    const struct local_reply *reply = withdraw(federation, id);
    assert_int_equal(reply->err, ERR_BUSY);
    assert_true(slice_is(reply->clause, "act.id"));
    for (int is_asked = 0; is_asked < 2; is_asked++) {
        reply = erase(federation, id, is_asked ? NULL : "needs", is_asked);
        assert_int_equal(reply->err, ERR_BUSY);
        assert_true(slice_is(reply->clause, "erase.id"));
    }
    call_begin(&call, "disclosures");
    call_text(&call, "id", id);
    reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply->record_count, 0);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_int_equal(withdraw(federation, id)->err, ERR_NONE);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "withdrawn");
    free(id);
    federation_free(federation);
}

/* Nobody has to wait for an agency that may never be there again. */
static void what_is_being_taken_back_can_be_erased(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    char *id = begun(federation);
    for (int i = 0; i < 2; i++) { /* once more is as good as once */
        const struct local_reply *reply = erase(federation, id, NULL, false);
        assert_int_equal(reply->err, ERR_NONE);
        const struct local_record *record = reply_record(reply, "erasure", 0);
        assert_true(record_is(record, "state", ""));
        assert_true(record_is(record, "notice", "waiting"));
    }
    federation_run(federation);
    federation_wait(federation, 600000);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(federation_state(federation, i, id), "delivered");
        assert_int_equal(
            reply_count(federation_get(federation, i, id), "element"), 0);
    }
    const struct local_reply *reply = erase(federation, id, NULL, false);
    assert_true(
        record_is(reply_record(reply, "erasure", 0), "notice", "erased"));
    free(id);
    federation_free(federation);
}

/* What the other said of it comes after. */
static void what_comes_of_what_was_erased_is_not_stored(void **state)
{
    static const char *const words[] = { "reason", "NO_CAPACITY", "next_option",
        "Canary street", NULL };
    struct federation *federation = federation_of_two();
    (void)state;
    char *id = begun_with(federation, words);
    assert_int_equal(erase(federation, id, NULL, false)->err, ERR_NONE);
    /* the notice waits: nothing is heard of it yet */
    while (federation_state(federation, 0, id)[0] == 'n' &&
           federation_message_count(federation) > 0)
        federation_deliver(federation, 0);
    assert_string_equal(federation_state(federation, 0, id), "declined");
    assert_false(damage_has_words(federation, 0, "Canary street"));
    assert_true(damage_has_words(federation, 1, "Canary street"));
    federation_run(federation);
    assert_false(damage_has_words(federation, 1, "Canary street"));
    free(id);
    federation_free(federation);
}

/* The talking ends before the rest has come: it is not to be waited for. */
static void what_was_begun_waits_for_no_closed_agency(void **state)
{
    struct federation *federation = federation_of_two();
    struct call call;
    (void)state;
    char *id = begun(federation);
    call_begin(&call, "peer.close");
    call_text(&call, "agency", federation_id(federation, 1)->text);
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    const struct local_reply *reply = withdraw(federation, id);
    assert_int_equal(reply->err, ERR_STATE);
    assert_true(slice_is(reply->clause, "peer.state"));
    assert_int_equal(erase(federation, id, NULL, false)->err, ERR_NONE);
    free(id);
    federation_free(federation);
}

/* All is back, and nothing of it was taken up. */
static void what_was_begun_and_is_nothing_is_not_waited_for(void **state)
{
    struct federation *federation = federation_of_two();
    struct uuid uuid;
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    struct referral *referral = register_get(work, &uuid);
    referral->state = REFERRAL_DRAFT;
    register_put(work, referral);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(withdraw(federation, id)->err, ERR_NOT_FOUND);
    assert_int_equal(erase(federation, id, NULL, false)->err, ERR_NOT_FOUND);
    free(id);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarts_and_crashes_are_no_loss),
        cmocka_unit_test(a_copy_of_an_earlier_life_is_noticed_alone),
        cmocka_unit_test(what_nobody_received_is_not_signed_over),
        cmocka_unit_test(a_store_put_back_on_purpose_or_without_a_mark_is_one),
        cmocka_unit_test(a_new_store_in_the_place_of_another_is_one),
        cmocka_unit_test(a_loss_that_is_known_is_not_another),
        cmocka_unit_test(what_is_not_known_is_to_be_tried_again),
        cmocka_unit_test(what_is_being_taken_back_takes_no_step),
        cmocka_unit_test(what_is_being_taken_back_can_be_erased),
        cmocka_unit_test(what_comes_of_what_was_erased_is_not_stored),
        cmocka_unit_test(what_was_begun_waits_for_no_closed_agency),
        cmocka_unit_test(what_was_begun_and_is_nothing_is_not_waited_for),
        cmocka_unit_test(the_sheet_of_after_a_loss_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
