#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/feed.h"
#include "core/fold.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/scrub_patrol.h"
#include "support/bench_damage.h"
#include "support/bench_loss.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct federation *two(void)
{
    return federation_of_two();
}

/* The words of a feed, one letter an event. */
static void feed_read(
    struct federation *federation, size_t at, char *words, size_t capacity)
{
    struct feed_event event;
    uint64_t position = 1;
    size_t count = 0;
    struct work *work = federation_begin(federation, at);
    while (feed_next(work, position, &event)) {
        static const char letters[] = "?RSDAXEB";
        assert_true(count + 2 < capacity);
        words[count++] = letters[event.type];
        words[count++] = event.by_us ? 'u' : 't';
        position = event.position + 1;
    }
    words[count] = '\0';
    assert_int_equal(federation_end(federation, at), ERR_NONE);
}

static void the_feed_tells_it_again_in_the_order_in_which_it_was(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        char before[64];
        char after[64];
        struct federation *federation = two();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        (void)federation_act(federation, 1, id, "opened", "o", NULL);
        federation_run(federation);
        static const char *const ask[] = { "question", "since when?", NULL };
        (void)federation_act(federation, 1, id, "ask", "a", ask);
        federation_run(federation);
        static const char *const answer[] = { "answer", "last week", NULL };
        (void)federation_act(federation, 0, id, "answer", "b", answer);
        federation_run(federation);
        feed_read(federation, lost, before, sizeof before);
        assert_true(strlen(before) >= 6);
        uint64_t epoch = federation_node(federation, lost)->feed_epoch;
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        feed_read(federation, lost, after, sizeof after);
        assert_string_equal(after, before);
        assert_int_not_equal(
            federation_node(federation, lost)->feed_epoch, epoch);
        federation_free(federation);
    }
}

static void what_was_signed_for_and_not_answered_is_answered_once(void **state)
{
    struct federation *federation = two();
    (void)state;
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    const char *id = federation_submit(federation, 0, 1, "first");
    /* its answer never leaves */
    federation_deliver(federation, 0);
    while (federation_message_count(federation) > 0) {
        if (federation_message(federation, 0)->kind == REQUEST_DELIVER &&
            !federation_message(federation, 0)->is_reply)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    assert_int_equal(
        federation_logged(federation, 1, LOG_REFERRAL_RECEIVED), 2);
    struct work *work = federation_begin(federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    assert_int_equal(out->answered, out->cosigned);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

/* The receiver had answered it, and lost that; its author never got the
 * receipt, and erased it meanwhile. What is said again is without a word. */
static void what_was_erased_on_its_way_is_known_by_its_mention(void **state)
{
    static const char *const why[] = { "reason", "NEED_CHANGED", "person_told",
        "yes", NULL };
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 0, id, "cancel", "c", why)->err, ERR_NONE);
    while (federation_message_count(federation) > 0) {
        if (federation_message(federation, 0)->is_reply &&
            federation_message(federation, 0)->reply == REPLY_COSIGNED &&
            federation_message(federation, 0)->to == 0)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    assert_string_equal(federation_state(federation, 1, id), "cancelled");
    assert_string_equal(federation_state(federation, 0, id), "cancelled");
    (void)federation_act_by(
        federation, 0, id, "consent_revoked", "r", "person", NULL);
    federation_lose_store(federation, 1);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 1, id), "cancelled");
    assert_string_equal(federation_state(federation, 0, id), "cancelled");
    federation_free(federation);
}

static void many_are_taken_up_piece_by_piece(void **state)
{
    struct federation *federation = two();
    char key[8] = "k0000";
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        key[1] = (char)('0' + i / 100);
        key[2] = (char)('0' + i / 10 % 10);
        key[3] = (char)('0' + i % 10);
        (void)federation_submit(federation, 0, 1, key);
        if (i % 10 == 9)
            federation_run(federation);
    }
    federation_run(federation);
    char *last = strdup(federation_submit(federation, 0, 1, "last"));
    federation_run(federation);
    for (size_t lost = 0; lost < 2; lost++) {
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        assert_string_equal(
            federation_state(federation, lost, last), "delivered");
        assert_int_equal(
            federation_logged(federation, lost, LOG_LEDGER_RECOVERED), 1);
    }
    free(last);
    federation_free(federation);
}

/* Carries what is on the line and what follows, but receipts to that agency. */
static void run_without_receipts_to(struct federation *federation, size_t at)
{
    while (federation_message_count(federation) > 0) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message->is_reply && message->to == at &&
            message->reply == REPLY_COSIGNED)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
}

static struct store_memory_snapshot *accepted(
    struct federation *federation, char **id)
{
    static const char *const offer[] = { "offer", "any morning", NULL };
    *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, *id, "opened", "o", NULL);
    (void)federation_act(federation, 1, *id, "accept", "a", offer);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, *id), "accepted");
    return federation_back_up(federation, 1);
}

/* The receiver applied a step and said so; its receipt was lost on the way, so
 * that the parcel is still offered; then it lost its store. Its answer comes
 * back at once, the parcel only with the author's next try, when the referral
 * stands where the step leads nowhere: it must not be judged again. */
static void what_was_answered_and_not_received_gets_no_second_verdict(
    void **state)
{
    static const char *const choice[] = { "walk_in", "yes", NULL };
    struct federation *federation = two();
    char *id;
    char words[64];
    (void)state;
    struct store_memory_snapshot *backup = accepted(federation, &id);
    assert_int_equal(
        federation_act(federation, 0, id, "choose_time", "c", choice)->err,
        ERR_NONE);
    run_without_receipts_to(federation, 0);
    assert_string_equal(federation_state(federation, 0, id), "scheduled");
    assert_int_equal(
        federation_act(federation, 1, id, "arrive", "w", NULL)->err, ERR_NONE);
    run_without_receipts_to(federation, 0);
    assert_string_equal(federation_state(federation, 0, id), "arrived");
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_AWAITS), 1);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
    for (size_t at = 0; at < 2; at++) {
        assert_string_equal(federation_state(federation, at, id), "arrived");
        assert_int_equal(
            federation_logged(federation, at, LOG_REFERRAL_REFUSED), 0);
    }
    /* came, opened, accepted, time chosen, walked in: each once, in order */
    feed_read(federation, 1, words, sizeof words);
    assert_string_equal(words, "RtSuSuStSu");
    free(id);
    federation_free(federation);
}

/* The same, and the gateway starts again while it waits. */
static void what_is_waited_for_outlives_a_restart(void **state)
{
    static const char *const choice[] = { "walk_in", "yes", NULL };
    struct federation *federation = two();
    char *id;
    (void)state;
    struct store_memory_snapshot *backup = accepted(federation, &id);
    (void)federation_act(federation, 0, id, "choose_time", "c", choice);
    run_without_receipts_to(federation, 0);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    for (unsigned i = 0; i < 1000 && federation_message_count(federation) > 0;
         i++) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message->kind == REQUEST_DELIVER && !message->is_reply &&
            message->from == 0)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_AWAITS), 1);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 0);
    federation_crash(federation, 1);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
    assert_string_equal(federation_state(federation, 0, id), "scheduled");
    assert_string_equal(federation_state(federation, 1, id), "scheduled");
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
    free(id);
    federation_free(federation);
}

/* A step was on its way when the store was copied; since then it was received,
 * and its words were erased, by which the vault has no key to them any more. */
static void a_step_without_its_words_is_taken_up_once(void **state)
{
    static const char *const what[] = { "what", "person", NULL };
    struct federation *federation = two();
    char words[64];
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 0, id, "wrong_person_or_place", "w", what)
            ->err,
        ERR_NONE);
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "void");
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "void");
    assert_string_equal(federation_state(federation, 1, id), "void");
    /* sent, delivered, answered, the step, answered */
    feed_read(federation, 0, words, sizeof words);
    assert_string_equal(words, "SuDuAuSuAu");
    free(id);
    federation_free(federation);
}

/* They hear of the agreement from a third party, and of each other's word on
 * it from each other. */
static void what_two_lost_is_in_force_between_them_again(void **state)
{
    struct federation *federation = federation_new(3);
    (void)state;
    for (size_t i = 0; i < 3; i++)
        federation_connect(federation, i, (i + 1) % 3);
    federation_agree(federation);
    (void)federation_submit(federation, 0, 1, "first");
    (void)federation_submit(federation, 0, 2, "other");
    federation_run(federation);
    federation_lose_store(federation, 0);
    federation_lose_store(federation, 1);
    for (size_t i = 0; i < 3; i++)
        federation_connect(federation, i, (i + 1) % 3);
    federation_wait(federation, 600000);
    for (size_t i = 0; i < 2; i++) {
        char *id = strdup(federation_submit(federation, i, 1 - i, "again"));
        federation_run(federation);
        assert_string_equal(federation_state(federation, i, id), "delivered");
        free(id);
    }
    federation_free(federation);
}

/* It was an entry of its agency's ledger, as all that it said. */
static void a_card_comes_back_with_the_ledger_that_brought_it(void **state)
{
    struct federation *federation = two();
    (void)state;
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    struct instant until = { FEDERATION_START_MS + 60 * FEDERATION_DAY_MS };
    assert_int_equal(federation_card_change(federation, 0,
                         federation_card_new(federation, 0, 2, until)),
        ERR_NONE);
    federation_run(federation);
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    assert_int_equal(federation_peer(federation, 1, 0)->card_serial, 1);
    federation_wait(federation, 600000);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
    assert_int_equal(federation_peer(federation, 1, 0)->card_serial, 2);
    assert_int_equal(federation_logged(federation, 1, LOG_CARD_REFUSED), 0);
    federation_free(federation);
}

/* As if the last that was received had been taken back, and not answered. */
static void what_cannot_be_read_is_not_judged(void **state)
{
    struct federation *federation = two();
    struct ledger_parcel parcel;
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    federation_crash(federation, 1); /* what was read is in its memory */
    struct work *work = federation_begin(federation, 1);
    struct peer *peer = federation_peer(federation, 1, 0);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    uint64_t last = in->frontier.size - 1;
    assert_true(ledger_parcel_at(work, in, last, &parcel));
    const struct ledger_entry *entry =
        &parcel.entries[last - parcel.first_index];
    assert_int_equal(entry->event_type, EVENT_SEND);
    const struct key key = key_content(entry->content.segment);
    struct store_txn *sound = work->txn;
    work->txn = damage_txn(sound, &key);
    in->unfolded = 1;
    assert_int_equal(fold_piece(work, peer), FOLD_DAMAGED);
    assert_int_equal(work->txn->err, ERR_NONE);
    assert_int_equal(in->unfolded, 1);
    assert_int_equal(peer_ledger(work, peer, LEDGER_OUT)->intent_count, 0);
    work->txn = sound;
    sound->err = ERR_CORRUPT;
    assert_int_equal(federation_end(federation, 1), ERR_CORRUPT);
    federation_crash(federation, 1);
    federation_free(federation);
}

/* An older copy, of which what it holds is damaged; where the gateway had died
 * of it once. */
static void restore_damaged(struct federation *federation, size_t agency,
    const struct store_memory_snapshot *backup)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    federation_restore(federation, agency, backup);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    size_t count = damage_rows(federation, agency, 'c', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, agency, rows[i], true);
    patrol_note_damage(federation_store(federation, agency));
    federation_crash(federation, agency); /* nothing is in its memory */
}

/* Judged by the request, and by nothing else. */
static void a_step_is_judged_when_the_words_are_back(void **state)
{
    struct federation *federation = two();
    struct call call;
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    federation_step_call(&call, id, "amend", "m", "staff", NULL);
    call_record(&call, "element");
    call_text(&call, "code", "call_name");
    call_text(&call, "value", "Canary");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    /* its answer never leaves */
    while (federation_message_count(federation) > 0) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message->is_reply || message->from == 0)
            federation_deliver(federation, 0);
        else
            federation_lose(federation, 0);
    }
    restore_damaged(federation, 1, backup);
    store_memory_snapshot_free(backup);
    for (int i = 0; i < 6; i++)
        federation_wait(federation, PATROL_AGAIN_MS);
    assert_true(federation_logged(federation, 1, LOG_LEDGER_RESTS) > 0);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_RECOVERED), 1);
    struct work *work = federation_begin(federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    assert_int_equal(out->answered, out->cosigned);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
    const struct local_reply *reply = federation_get(federation, 1, id);
    assert_int_equal(reply->err, ERR_NONE);
    free(id);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_feed_tells_it_again_in_the_order_in_which_it_was),
        cmocka_unit_test(what_was_signed_for_and_not_answered_is_answered_once),
        cmocka_unit_test(what_was_erased_on_its_way_is_known_by_its_mention),
        cmocka_unit_test(many_are_taken_up_piece_by_piece),
        cmocka_unit_test(
            what_was_answered_and_not_received_gets_no_second_verdict),
        cmocka_unit_test(what_is_waited_for_outlives_a_restart),
        cmocka_unit_test(a_step_without_its_words_is_taken_up_once),
        cmocka_unit_test(what_two_lost_is_in_force_between_them_again),
        cmocka_unit_test(a_card_comes_back_with_the_ledger_that_brought_it),
        cmocka_unit_test(what_cannot_be_read_is_not_judged),
        cmocka_unit_test(a_step_is_judged_when_the_words_are_back),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
