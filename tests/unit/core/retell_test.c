#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/bare.h"
#include "core/feed.h"
#include "core/outbox.h"
#include "core/reconsider.h"
#include "core/register.h"
#include "core/retell.h"
#include "support/bench_loss.h"

static const char *const offer[] = { "offer", "Canary Monday", NULL };

/* Two agencies, and a referral that the receiver's staff have seen. */
struct affair {
    struct federation *federation;
    char id[64];
};

static void affair_open(struct affair *affair)
{
    affair->federation = federation_of_two();
    (void)snprintf(affair->id, sizeof affair->id, "%s",
        federation_submit(affair->federation, 0, 1, "first"));
    federation_run(affair->federation);
    (void)federation_act(
        affair->federation, 1, affair->id, "opened", "o", NULL);
    federation_run(affair->federation);
}

static const struct local_reply *shown(struct affair *affair, size_t agency)
{
    return federation_get(affair->federation, agency, affair->id);
}

/* A referral that 0 sent; the request that had it never came. */
static struct affair lost_on_its_way(void)
{
    struct affair affair = { .federation = federation_new(2) };
    federation_connect(affair.federation, 0, 1);
    federation_agree(affair.federation);
    (void)snprintf(affair.id, sizeof affair.id, "%s",
        federation_submit(affair.federation, 0, 1, "first"));
    federation_lose(affair.federation, 0);
    return affair;
}

static void erase(struct affair *affair, size_t agency, const char *elements)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", affair->id);
    call_text(&call, "reason", "person_asked");
    if (elements != NULL)
        call_text(&call, "elements", elements);
    assert_int_equal(
        federation_call(affair->federation, agency, &call)->err, ERR_NONE);
}

/* The receiver accepts with words, and nobody hears them. */
static void accept_unheard(struct affair *affair)
{
    (void)federation_act(
        affair->federation, 1, affair->id, "accept", "a", offer);
    assert_int_equal(federation_message_count(affair->federation), 1);
    federation_lose(affair->federation, 0);
}

static void assert_both(struct affair *affair, const char *state)
{
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(
            federation_state(affair->federation, i, affair->id), state);
}

static size_t refused_count(struct affair *affair, size_t agency)
{
    const struct local_reply *reply = shown(affair, agency);
    size_t count = 0;
    for (size_t i = 0; i < reply_count(reply, "event"); i++)
        count += record_is(
            reply_record(reply, "event", i), "type", "referral.refused");
    return count;
}

static void a_decision_that_lost_its_words_is_followed(void **state)
{
    struct affair affair;
    (void)state;
    affair_open(&affair);
    accept_unheard(&affair);
    erase(&affair, 1, NULL);
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "accepted");
    assert_int_equal(
        federation_logged(affair.federation, 1, LOG_REFERRAL_RETOLD), 1);
    assert_int_equal(refused_count(&affair, 1), 0);
    assert_int_equal(reply_count(shown(&affair, 0), "detail"), 1);
    federation_free(affair.federation);
}

static void consent_that_ends_meanwhile_hides_no_decision(void **state)
{
    struct affair affair;
    (void)state;
    affair_open(&affair);
    accept_unheard(&affair);
    (void)federation_act_by(affair.federation, 0, affair.id, "consent_revoked",
        "c", "person", NULL);
    federation_run(affair.federation); /* what was lost is not sent yet */
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "accepted");
    assert_int_equal(
        federation_logged(affair.federation, 1, LOG_REFERRAL_RETOLD), 1);
    federation_free(affair.federation);
}

static void what_a_later_step_says_is_not_said_again(void **state)
{
    struct affair affair;
    (void)state;
    affair_open(&affair);
    accept_unheard(&affair);
    (void)federation_act(affair.federation, 1, affair.id, "walk_in", "w", NULL);
    erase(&affair, 1, NULL);
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "arrived");
    assert_int_equal(
        federation_logged(affair.federation, 1, LOG_REFERRAL_RETOLD), 0);
    federation_free(affair.federation);
}

static void a_withdrawal_that_crosses_it_stands(void **state)
{
    struct affair affair;
    (void)state;
    affair_open(&affair);
    accept_unheard(&affair);
    erase(&affair, 1, NULL);
    (void)federation_act_by(
        affair.federation, 0, affair.id, "withdraw", "w", "person", NULL);
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "withdrawn");
    federation_free(affair.federation);
}

/* It was in flight when the store was copied. Since then it was erased here, or
 * the other end voided it, and the vault has no key to what it said: it arrives
 * as absent. */
static void a_withdrawal_that_lost_its_words_is_told_without(void **state)
{
    static const char *const place[] = { "what", "place", NULL };
    (void)state;
    for (int voids = 0; voids < 2; voids++) {
        struct affair affair = lost_on_its_way();
        struct federation *federation = affair.federation;
        federation_wait(federation, 600000);
        (void)federation_act_by(
            federation, 0, affair.id, "withdraw", "w", "person", NULL);
        federation_lose(federation, 0);
        struct store_memory_snapshot *backup =
            federation_back_up(federation, 0);
        if (voids) {
            (void)federation_act(
                federation, 1, affair.id, "wrong_person_or_place", "v", place);
            federation_deliver(federation, 0);
        } else
            erase(&affair, 0, NULL);
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        federation_restore(federation, 0, backup);
        store_memory_snapshot_free(backup);
        federation_wait(federation, 600000);
        assert_both(&affair, "withdrawn");
        federation_free(federation);
    }
}

/* It was withdrawn while its request was on its way, so that nothing but its
 * place in the feed says that the request arrived. */
static void a_withdrawal_before_the_receipt_is_told_without_words_too(
    void **state)
{
    struct affair affair = { .federation = federation_of_two() };
    struct federation *federation = affair.federation;
    (void)state;
    (void)snprintf(affair.id, sizeof affair.id, "%s",
        federation_submit(federation, 0, 1, "first"));
    (void)federation_act_by(
        federation, 0, affair.id, "withdraw", "w", "person", NULL);
    federation_deliver(federation, 0); /* the request */
    federation_deliver(federation, 0); /* its receipt */
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    erase(&affair, 0, NULL);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    federation_wait(federation, 600000);
    assert_both(&affair, "withdrawn");
    federation_free(federation);
}

static void a_request_that_lost_an_element_still_arrives(void **state)
{
    struct affair affair = lost_on_its_way();
    (void)state;
    erase(&affair, 0, "needs");
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "delivered");
    const struct local_reply *reply = shown(&affair, 1);
    assert_null(reply_find(reply, "element", "code", "needs"));
    assert_non_null(reply_find(reply, "element", "code", "call_name"));
    assert_int_equal(refused_count(&affair, 0), 0);
    /* and what was left goes like everything else */
    erase(&affair, 0, NULL);
    federation_wait(affair.federation, 600000);
    assert_int_equal(reply_count(shown(&affair, 0), "element"), 0);
    assert_int_equal(reply_count(shown(&affair, 1), "element"), 0);
    federation_free(affair.federation);
}

/* Its author loses its store: the entry without words comes back first, and
 * then the one in which it was told again. */
static void a_request_that_was_told_again_comes_back_as_one(void **state)
{
    static const char *const place[] = { "what", "place", NULL };
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        struct affair affair = lost_on_its_way();
        struct federation *federation = affair.federation;
        erase(&affair, 0, "needs");
        federation_wait(federation, 600000);
        assert_both(&affair, "delivered");
        if (ends == 1)
            (void)federation_act(
                federation, 1, affair.id, "wrong_person_or_place", "w", place);
        else
            (void)federation_act(federation, 1, affair.id, "opened", "o", NULL);
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        federation_lose_store(federation, 0);
        federation_connect(federation, 0, 1);
        federation_wait(federation, 600000);
        assert_both(&affair, ends == 1 ? "void" : "seen");
        assert_int_equal(
            federation_logged(federation, 0, LOG_REFERRAL_RETURNED), 0);
        if (ends == 0) {
            const struct local_reply *reply = shown(&affair, 0);
            assert_non_null(reply_find(reply, "element", "code", "call_name"));
            size_t count = 0;
            for (size_t i = 0; i < reply_count(reply, "event"); i++) {
                const struct local_record *event =
                    reply_record(reply, "event", i);
                count += record_is(event, "type", "referral.step") &&
                         record_is(event, "step", "send");
            }
            assert_int_equal(count, 1);
        }
        federation_free(federation);
    }
}

/* Its recipient does: the notice of what was erased comes back before there is
 * a referral. The rest of it is taken as before. */
static void a_part_that_was_erased_before_it_came_freezes_nothing(void **state)
{
    struct affair affair = lost_on_its_way();
    struct federation *federation = affair.federation;
    (void)state;
    erase(&affair, 0, "needs");
    federation_wait(federation, 600000);
    federation_lose_store(federation, 1);
    federation_connect(federation, 1, 0);
    federation_wait(federation, 600000);
    assert_both(&affair, "delivered");
    for (size_t i = 0; i < 2; i++) {
        const struct local_record *referral =
            reply_record(shown(&affair, i), "referral", 0);
        assert_false(record_flag(referral, "frozen"));
        assert_non_null(
            reply_find(shown(&affair, i), "element", "code", "call_name"));
    }
    federation_free(federation);
}

/* It never was: it ends where it was left. */
static void a_request_that_nobody_told_again_comes_back_as_withdrawn(
    void **state)
{
    struct affair affair = lost_on_its_way();
    struct federation *federation = affair.federation;
    (void)state;
    (void)federation_act_by(
        federation, 0, affair.id, "withdraw", "w", "person", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(
        federation_state(federation, 0, affair.id), "withdrawn");
    uint64_t returned = federation_logged(federation, 0, LOG_REFERRAL_RETURNED);
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_string_equal(
        federation_state(federation, 0, affair.id), "withdrawn");
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_RETURNED), 2 * returned);
    federation_free(federation);
}

static void a_request_without_what_it_needs_is_refused(void **state)
{
    struct affair affair = lost_on_its_way();
    (void)state;
    erase(&affair, 0, "call_name");
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "refused_by_policy");
    assert_non_null(
        reply_find(shown(&affair, 0), "event", "problem", "ELEMENT_MISSING"));
    federation_free(affair.federation);
}

/* Nobody refused it: staff have their step back. */
static void a_step_that_needs_its_words_is_given_back(void **state)
{
    static const char *const time[] = { "walk_in", "yes", NULL };
    struct affair affair;
    (void)state;
    affair_open(&affair);
    (void)federation_act(affair.federation, 1, affair.id, "accept", "a", offer);
    federation_run(affair.federation);
    (void)federation_act_by(
        affair.federation, 0, affair.id, "choose_time", "c", "person", time);
    assert_int_equal(federation_message_count(affair.federation), 1);
    federation_lose(affair.federation, 0);
    erase(&affair, 0, NULL);
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "accepted");
    assert_int_equal(refused_count(&affair, 0), 0);
    const struct local_record *back =
        reply_find(shown(&affair, 0), "event", "type", "referral.returned");
    assert_non_null(back);
    assert_true(record_is(back, "step", "choose_time"));
    federation_free(affair.federation);
}

/* What arrived as absent is known to a copy of the store as on its way. */
static void an_old_copy_tells_it_once(void **state)
{
    (void)state;
    for (int is_told = 0; is_told < 2; is_told++) {
        struct affair affair;
        affair_open(&affair);
        accept_unheard(&affair);
        struct store_memory_snapshot *backup =
            federation_back_up(affair.federation, 1);
        erase(&affair, 1, NULL);
        if (is_told)
            federation_wait(affair.federation, 600000);
        federation_restore(affair.federation, 1, backup);
        store_memory_snapshot_free(backup);
        federation_wait(affair.federation, 600000);
        assert_both(&affair, "accepted");
        assert_int_equal(refused_count(&affair, 1), 0);
        federation_free(affair.federation);
    }
}

/* The answer ABSENT was given and heard, what follows it was not. */
static void heard_lost(struct affair *affair, size_t lost)
{
    struct federation *federation = affair->federation;
    struct store_memory_snapshot *backup = federation_back_up(federation, lost);
    accept_unheard(affair);
    erase(affair, 1, NULL);
    while (federation_logged(federation, 1, LOG_REFERRAL_RETOLD) == 0) {
        federation_wait_until(federation,
            federation_now(federation).unix_ms - FEDERATION_START_MS + 1000);
        if (federation_message_count(federation) > 0)
            federation_deliver(federation, 0);
        else
            federation_wait(federation, 0);
    }
    federation_restore(federation, lost, backup);
    store_memory_snapshot_free(backup);
    federation_wait(federation, 600000);
}

static void who_lost_that_it_was_absent_follows_it(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        struct affair affair;
        affair_open(&affair);
        heard_lost(&affair, lost);
        const char *there = federation_state(affair.federation, 1, affair.id);
        assert_string_equal(
            federation_state(affair.federation, 0, affair.id), there);
        federation_free(affair.federation);
    }
}

static bool is_parcel(const struct bench_message *message)
{
    return message->from == 1 && !message->is_reply &&
           message->kind == REQUEST_DELIVER;
}

/* Everything but the second parcel of 1, until it tells its step again. */
static void until_retold(struct affair *affair)
{
    struct federation *federation = affair->federation;
    struct node_input time = { .type = NODE_TIME };
    int64_t now_ms = 0;
    size_t parcel_count = 0;
    for (int i = 0; i < 2000; i++) {
        size_t at = 0;
        const struct bench_message *message;
        if (federation_logged(federation, 1, LOG_REFERRAL_RETOLD) > 0)
            return;
        while ((message = federation_message(federation, at)) != NULL &&
               is_parcel(message) && parcel_count > 0)
            at++;
        if (message != NULL) {
            parcel_count += is_parcel(message);
            federation_deliver(federation, at);
            continue;
        }
        federation_wait_until(federation, now_ms += 1000);
        for (size_t agency = 0; agency < 2; agency++)
            if (node_wake_steady_ms(federation_node(federation, agency)) <=
                now_ms)
                assert_int_equal(
                    federation_step(federation, agency, &time), ERR_NONE);
    }
    fail_msg("nothing was told again");
}

/* All that travels, but nothing that 1 sends of its ledger. */
static void without_parcels(struct federation *federation)
{
    for (size_t at = 0; federation_message(federation, at) != NULL;) {
        if (is_parcel(federation_message(federation, at))) {
            at++;
        } else {
            federation_deliver(federation, at);
            at = 0;
        }
    }
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
}

/* Told again, and waiting: so it is in the copy that is put back. */
static void what_waits_to_be_told_again_outlives_a_restore(void **state)
{
    struct affair affair;
    (void)state;
    affair_open(&affair);
    accept_unheard(&affair);
    erase(&affair, 1, NULL);
    federation_wait(affair.federation, 1);
    (void)federation_submit(affair.federation, 1, 0, "back");
    until_retold(&affair);
    struct store_memory_snapshot *backup =
        federation_back_up(affair.federation, 1);
    /* what it takes now is lost, so that it has something to take back */
    (void)federation_submit(affair.federation, 0, 1, "forth");
    without_parcels(affair.federation);
    federation_restore(affair.federation, 1, backup);
    store_memory_snapshot_free(backup);
    federation_wait(affair.federation, 600000);
    assert_both(&affair, "accepted");
    federation_free(affair.federation);
}

/* What waits to be told again when a store was taken back: it is so still, or
 * the referral has gone on; with words of its own, or without any. */
static void what_waits_to_be_told_again_is_decided_again(void **state)
{
    static const struct {
        bool is_so;
        bool is_wordless;
    } rows[] = { { true, false }, { false, false }, { true, true },
        { false, true } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct affair affair;
        struct uuid uuid;
        affair_open(&affair);
        (void)federation_act(
            affair.federation, 1, affair.id, "accept", "a", offer);
        federation_run(affair.federation);
        if (rows[i].is_wordless)
            erase(&affair, 1, NULL);
        federation_run(affair.federation);
        assert_int_equal(uuid_parse(slice_of_text(affair.id), &uuid), ERR_NONE);
        struct work *work = federation_begin(affair.federation, 1);
        struct peer *peer = federation_peer(affair.federation, 1, 0);
        struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
        struct referral *referral = register_get(work, &uuid);
        struct feed_event told = { .step = EVENT_NONE };
        for (uint32_t at = 0; told.step != EVENT_ACCEPT; at++)
            assert_true(feed_at(work, referral->positions[at], &told));
        const struct referral_event bare =
            bare_event(referral, &told, referral->own_seq);
        struct intent intent = { .kind = ENTRY_REFERRAL_EVENT,
            .at = work->now,
            .content = work_say(work, VAULT_ENTRY_COMMON,
                referral_event_write(&bare, work->scratch)),
            .has_referral = true,
            .referral = uuid,
            .event_type = EVENT_ACCEPT,
            .seq = referral->own_seq,
            .state =
                (uint8_t)(rows[i].is_so ? referral->state : REFERRAL_SCHEDULED),
            .feed_position = told.position,
            .is_again = true };
        outbox_put(work, out, &intent);
        reconsider_intents(work, peer);
        struct intent after;
        bool waits = outbox_next(work, out, 0, &after);
        assert_int_equal(waits, rows[i].is_so);
        if (waits) {
            assert_true(after.is_again);
            assert_int_equal(after.state, REFERRAL_ACCEPTED);
        }
        work->txn->err = ERR_FULL; /* as if it had not been */
        assert_int_equal(federation_end(affair.federation, 1), ERR_FULL);
        federation_crash(affair.federation, 1);
        federation_free(affair.federation);
    }
}

/* Its answer came before what the receiver said later: it was told again, and
 * is not, when all is back. */
static void what_is_not_told_again_after_a_loss_goes_back_to_staff(void **state)
{
    struct affair affair;
    (void)state;
    affair_open(&affair);
    struct federation *federation = affair.federation;
    accept_unheard(&affair);
    static const char *const place[] = { "what", "place", NULL };
    (void)federation_act(
        federation, 1, affair.id, "wrong_person_or_place", "w", place);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, affair.id), "void");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RETURNED), 1);
    federation_lose_store(federation, 1);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(federation_state(federation, i, affair.id), "void");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RETURNED), 2);
    federation_free(federation);
}

/* Nobody was told of it: that is made up for, or the batch is undone. */
static void a_withdrawal_that_nobody_heard_is_told_when_they_go_on(void **state)
{
    static const struct referral_event theirs = { .state = REFERRAL_SEEN };
    (void)state;
    for (int is_full = 0; is_full < 2; is_full++) {
        struct affair affair;
        struct uuid uuid;
        struct intent intent;
        affair_open(&affair);
        assert_int_equal(uuid_parse(slice_of_text(affair.id), &uuid), ERR_NONE);
        struct work *work = federation_begin(affair.federation, 0);
        struct peer *peer = federation_peer(affair.federation, 0, 1);
        struct referral *referral = register_get(work, &uuid);
        referral->state = REFERRAL_WITHDRAWN;
        while (is_full && arena_take(work->scratch, 64) != NULL)
            ;
        retell_withdrawn(work, peer, referral, &theirs);
        enum err err = is_full ? ERR_NO_MEMORY : ERR_NONE;
        assert_int_equal(work->txn->err, err);
        assert_int_equal(
            outbox_next(work, peer_ledger(work, peer, LEDGER_OUT), 0, &intent),
            !is_full);
        assert_int_equal(federation_end(affair.federation, 0), err);
        if (is_full) {
            federation_crash(affair.federation, 0);
        } else {
            assert_int_equal(intent.event_type, EVENT_WITHDRAW);
            federation_wait(affair.federation, 600000);
            assert_both(&affair, "withdrawn");
        }
        federation_free(affair.federation);
    }
}

/* Nor was this one: nobody has a word of it, and nothing is left to go on
 * with. */
static void a_request_that_was_erased_on_its_way_comes_back_as_withdrawn(
    void **state)
{
    struct affair affair = lost_on_its_way();
    struct federation *federation = affair.federation;
    (void)state;
    erase(&affair, 0, NULL);
    federation_wait(federation, 600000);
    assert_string_equal(
        federation_state(federation, 0, affair.id), "withdrawn");
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_string_equal(
        federation_state(federation, 0, affair.id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, affair.id), "none");
    federation_free(federation);
}

/* An amendment by 0 with one element. */
static void amend(
    struct affair *affair, const char *key, const char *code, const char *value)
{
    struct call call;
    federation_step_call(&call, affair->id, "amend", key, "staff", NULL);
    call_record(&call, "element");
    call_text(&call, "code", code);
    call_text(&call, "value", value);
    assert_int_equal(
        federation_call(affair->federation, 0, &call)->err, ERR_NONE);
}

/* The first lost its words on its way, and was not told again, as the next was
 * said by then; its author loses both, with all else or alone. */
static void two_amendments_of_which_one_lost_its_words_come_back_as_two(
    void **state)
{
    (void)state;
    for (int is_all = 0; is_all < 2; is_all++) {
        struct affair affair;
        affair_open(&affair);
        struct federation *federation = affair.federation;
        struct store_memory_snapshot *backup =
            federation_back_up(federation, 0);
        amend(&affair, "a1", "needs", "company");
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        erase(&affair, 0, "needs");
        while (federation_message_count(federation) > 0)
            federation_lose(federation, 0);
        federation_wait_until(federation,
            federation_now(federation).unix_ms - FEDERATION_START_MS + 1);
        amend(&affair, "a2", "call_name", "Canary Friday");
        federation_wait(federation, 600000);
        assert_non_null(
            reply_find(shown(&affair, 1), "element", "value", "Canary Friday"));
        size_t returned = federation_event_count(
            federation, 0, affair.id, "referral.returned", "amend");
        if (is_all) {
            federation_lose_store(federation, 0);
            federation_connect(federation, 0, 1);
        } else
            federation_restore(federation, 0, backup);
        store_memory_snapshot_free(backup);
        federation_wait(federation, 600000);
        /* a copy that is older than an erasure gets no words back */
        if (is_all)
            assert_non_null(reply_find(
                shown(&affair, 0), "element", "value", "Canary Friday"));
        assert_int_equal(federation_event_count(federation, 0, affair.id,
                             "referral.step", "amend"),
            2);
        assert_int_equal(federation_event_count(federation, 0, affair.id,
                             "referral.answered", "amend"),
            1);
        assert_int_equal(federation_event_count(federation, 0, affair.id,
                             "referral.returned", "amend"),
            returned);
        federation_free(federation);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_is_not_told_again_after_a_loss_goes_back_to_staff),
        cmocka_unit_test(what_waits_to_be_told_again_outlives_a_restore),
        cmocka_unit_test(a_decision_that_lost_its_words_is_followed),
        cmocka_unit_test(consent_that_ends_meanwhile_hides_no_decision),
        cmocka_unit_test(what_a_later_step_says_is_not_said_again),
        cmocka_unit_test(a_withdrawal_that_crosses_it_stands),
        cmocka_unit_test(a_withdrawal_that_lost_its_words_is_told_without),
        cmocka_unit_test(
            a_withdrawal_before_the_receipt_is_told_without_words_too),
        cmocka_unit_test(a_request_that_lost_an_element_still_arrives),
        cmocka_unit_test(a_request_that_was_told_again_comes_back_as_one),
        cmocka_unit_test(a_part_that_was_erased_before_it_came_freezes_nothing),
        cmocka_unit_test(
            a_request_that_nobody_told_again_comes_back_as_withdrawn),
        cmocka_unit_test(
            a_request_that_was_erased_on_its_way_comes_back_as_withdrawn),
        cmocka_unit_test(a_request_without_what_it_needs_is_refused),
        cmocka_unit_test(a_step_that_needs_its_words_is_given_back),
        cmocka_unit_test(an_old_copy_tells_it_once),
        cmocka_unit_test(who_lost_that_it_was_absent_follows_it),
        cmocka_unit_test(what_waits_to_be_told_again_is_decided_again),
        cmocka_unit_test(
            two_amendments_of_which_one_lost_its_words_come_back_as_two),
        cmocka_unit_test(
            a_withdrawal_that_nobody_heard_is_told_when_they_go_on),
    };
    return cmocka_run_group_tests_name("retell", tests, NULL, NULL);
}
