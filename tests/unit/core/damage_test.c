/* Programs, operators and another agency ask while contents are damaged: they
 * are told to ask later, and the gateway goes on. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "core/scrub_patrol.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

struct desk {
    struct federation *federation;
    char id[64];
};

/* All that was said of a referral is gone from the disk of its receiver. */
static void desk_open(struct desk *desk)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    desk->federation = federation_of_two();
    (void)snprintf(desk->id, sizeof desk->id, "%s",
        federation_submit(desk->federation, 0, 1, "first"));
    federation_run(desk->federation);
    (void)federation_act(
        desk->federation, 1, desk->id, "opened", "opened", NULL);
    federation_run(desk->federation);
    size_t count = damage_rows(desk->federation, 1, 'c', rows);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        damage_row(desk->federation, 1, rows[i], true);
    federation_crash(desk->federation, 1); /* nothing is in its memory */
}

static void assert_later(const struct local_reply *reply)
{
    assert_non_null(reply);
    assert_int_equal(reply->err, ERR_BUSY);
    assert_int_equal(reply->problem, PROBLEM_TRY_LATER);
    assert_int_equal(reply->record_count, 0);
}

static void who_reads_is_told_to_ask_later(void **state)
{
    static const struct {
        const char *operation;
        bool names_ledger;
        bool names_referral;
        const char *pairwise_id;
    } asked[] = {
        { "ledger.show", true, false, NULL },
        { "evidence.read", true, true, NULL },
        { "disclosures", false, true, NULL },
        { "erase.find", false, false, "a17" },
        { "get", false, true, NULL },
    };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct call call;
        call_begin(&call, asked[i].operation);
        if (asked[i].names_ledger) {
            call_text(&call, "peer", federation_id(desk.federation, 0)->text);
            call_text(&call, "direction", "in");
        }
        if (asked[i].names_referral)
            call_text(
                &call, asked[i].names_ledger ? "referral" : "id", desk.id);
        if (asked[i].pairwise_id != NULL)
            call_text(&call, "pairwise_id", asked[i].pairwise_id);
        assert_later(federation_call(desk.federation, 1, &call));
    }
    federation_free(desk.federation);
}

/* Once it is back, so is the step. */
static void who_acts_is_told_to_ask_later(void **state)
{
    static const char *const why[] = { "reason", "NO_CAPACITY", "next_option",
        "try the clinic next door", NULL };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_later(
        federation_act(desk.federation, 1, desk.id, "decline", "d", why));
    federation_run(desk.federation);
    damage_patrol(desk.federation, 1);
    assert_int_equal(
        federation_act(desk.federation, 1, desk.id, "decline", "d", why)->err,
        ERR_NONE);
    federation_run(desk.federation);
    assert_string_equal(
        federation_state(desk.federation, 0, desk.id), "declined");
    federation_free(desk.federation);
}

/* Whether it is the same cannot be told. */
static void who_repeats_is_told_to_ask_later(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_later(
        federation_act(desk.federation, 1, desk.id, "opened", "opened", NULL));
    federation_free(desk.federation);
}

/* ---- The other agency ---- */

static void amend(struct desk *desk)
{
    struct call call;
    call_begin(&call, "act");
    call_text(&call, "key", "amend");
    call_text(&call, "id", desk->id);
    call_text(&call, "step", "amend");
    call_text(&call, "actor", "staff");
    call_record(&call, "element");
    call_text(&call, "code", "needs");
    call_text(&call, "value", "a ramp");
    assert_int_equal(
        federation_call(desk->federation, 0, &call)->err, ERR_NONE);
}

/* It died of it once; where damage is known, the parcel waits. */
static void a_step_that_needs_damaged_words_waits_for_them(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    patrol_note_damage(federation_store(desk.federation, 1));
    federation_crash(desk.federation, 1);
    assert_int_equal(federation_node(desk.federation, 1)->patrol.damage, 1);
    amend(&desk);
    federation_run(desk.federation);
    assert_string_equal(
        federation_peer(desk.federation, 0, 1)->problem, "busy");
    damage_patrol(desk.federation, 1);
    federation_wait(desk.federation, RETRY_DELAY_MS_MAX);
    assert_int_equal(federation_peer(desk.federation, 0, 1)->queued_count, 0);
    federation_free(desk.federation);
}

/* Consent that is taken back waits for nothing. */
static void a_withdrawal_needs_no_words(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    assert_int_equal(federation_act_by(desk.federation, 0, desk.id, "withdraw",
                         "w", "person", NULL)
                         ->err,
        ERR_NONE);
    federation_run(desk.federation);
    damage_patrol(desk.federation, 1); /* to be read at all */
    assert_string_equal(
        federation_state(desk.federation, 1, desk.id), "withdrawn");
    federation_free(desk.federation);
}

/* An agency's answer to an erasure speaks of the notice: more may go by it. */
static void an_answer_about_damaged_words_waits_for_them(void **state)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    struct federation *federation = federation_of_two();
    struct bench_message said = { 0 };
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    federation_erase(federation, 1, id);
    /* until the answer is on its way, and the notice cosigned */
    for (int i = 0; federation_message_count(federation) > 0 && i < 100; i++) {
        said = *federation_message(federation, 0);
        if (said.from == 0 && !said.is_reply && said.kind == REQUEST_DELIVER)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    size_t count = damage_rows(federation, 1, 'c', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, 1, rows[i], true);
    patrol_note_damage(federation_store(federation, 1));
    federation_crash(federation, 1);
    federation_run(federation);
    assert_int_equal(federation_logged(federation, 1, LOG_PEER_REFUSED), 1);
    assert_string_equal(federation_peer(federation, 0, 1)->problem, "busy");
    assert_int_equal(federation_peer(federation, 0, 1)->queued_count, 1);
    damage_patrol(federation, 1);
    federation_wait(federation, RETRY_DELAY_MS_MAX);
    assert_int_equal(federation_peer(federation, 0, 1)->queued_count, 0);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_reads_is_told_to_ask_later),
        cmocka_unit_test(who_acts_is_told_to_ask_later),
        cmocka_unit_test(who_repeats_is_told_to_ask_later),
        cmocka_unit_test(a_step_that_needs_damaged_words_waits_for_them),
        cmocka_unit_test(a_withdrawal_needs_no_words),
        cmocka_unit_test(an_answer_about_damaged_words_waits_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
