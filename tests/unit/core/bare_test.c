#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/bare.h"
#include "core/generation.h"
#include "core/node_state.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

static const char *const cancel[] = { "reason", "NEED_CHANGED", "person_told",
    "yes", NULL };
static const char *const offer[] = { "offer", "any morning", NULL };

static char *delivered(struct federation *federation)
{
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    return id;
}

static void lose_all(struct federation *federation)
{
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
}

/* The peer holds what it has a cosignature for; all else goes anew. */
static void renew(struct federation *federation, size_t at)
{
    struct work *work = federation_begin(federation, at);
    struct peer *peer = federation_peer(federation, at, 1 - at);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    generation_renew(work, out, out->epoch);
    peer->settled_out = false;
    peer->wants_head = true;
    peer->touched = true;
    assert_int_equal(federation_end(federation, at), ERR_NONE);
}

static struct uuid uuid_of(const char *id)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    return uuid;
}

static uint32_t pending(
    struct federation *federation, size_t at, const char *id)
{
    struct uuid uuid = uuid_of(id);
    struct work *work = federation_begin(federation, at);
    uint32_t count = register_get(work, &uuid)->pending;
    assert_int_equal(federation_end(federation, at), ERR_NONE);
    return count;
}

static void what_was_erased_on_its_way_is_answered_in_the_next_generation(
    void **state)
{
    struct federation *federation = federation_new(2);
    char *id = delivered(federation);
    (void)state;
    assert_int_equal(
        federation_act(federation, 0, id, "cancel", "c", cancel)->err,
        ERR_NONE);
    lose_all(federation);
    (void)federation_act_by(
        federation, 0, id, "consent_revoked", "r", "person", NULL);
    lose_all(federation);
    assert_int_equal(pending(federation, 0, id), 2);
    renew(federation, 0);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    assert_int_equal(pending(federation, 0, id), 0);
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
    assert_int_equal(
        federation_logged(federation, 0, LOG_REFERRAL_RETURNED), 1);
    assert_non_null(
        strstr(federation_log_line(federation, 0, LOG_REFERRAL_RETURNED),
            "step=cancel"));
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    free(id);
    federation_free(federation);
}

static void what_the_receiver_decided_is_told_without_its_words(void **state)
{
    struct federation *federation = federation_new(2);
    char *id = delivered(federation);
    (void)state;
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 1, id, "accept", "a", offer)->err, ERR_NONE);
    lose_all(federation);
    (void)federation_act_by(
        federation, 1, id, "consent_revoked", "r", "person", NULL);
    lose_all(federation);
    renew(federation, 1);
    federation_wait(federation, 600000);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 1, id), "accepted");
    assert_string_equal(federation_state(federation, 0, id), "accepted");
    free(id);
    federation_free(federation);
}

static void who_decides_or_ends_is_heard_without_words(void **state)
{
    static const struct referral ours = { .outgoing = true };
    static const struct referral theirs = { .outgoing = false };
    (void)state;
    for (unsigned type = EVENT_SEND; type < EVENT_TYPE_COUNT; type++) {
        enum referral_event_type step = (enum referral_event_type)type;
        assert_true(bare_is_told(&theirs, step));
        assert_int_equal(bare_is_told(&ours, step),
            step == EVENT_WITHDRAW || step == EVENT_CONSENT_REVOKED);
    }
}

/* A way that the table does not have: nobody else is made to say it. */
static void what_nobody_may_say_stays_whose_it_was(void **state)
{
    static const struct referral ours = { .outgoing = true };
    const struct feed_event told = {
        .step = EVENT_SEND, .actor = ACTOR_COMPANION, .state = REFERRAL_ACCEPTED
    };
    (void)state;
    assert_int_equal(bare_event(&ours, &told, 1).actor, ACTOR_COMPANION);
}

/* What waits says who did what, also where the feed does not know any more. */
static void an_intent_is_written_without_words(void **state)
{
    struct federation *federation = federation_new(2);
    char *id = delivered(federation);
    struct uuid uuid = uuid_of(id);
    size_t size;
    (void)state;
    struct work *work = federation_begin(federation, 1);
    struct referral *referral = register_get(work, &uuid);
    struct intent intent = { .kind = ENTRY_REFERRAL_EVENT,
        .at = { 12345 },
        .has_referral = true,
        .referral = uuid,
        .event_type = EVENT_OPENED,
        .seq = 7,
        .state = REFERRAL_SEEN };
    struct referral_event event = bare_intent(work, referral, &intent);
    assert_int_equal(event.type, EVENT_OPENED);
    assert_int_equal(event.seq, 7);
    assert_int_equal(event.state, REFERRAL_SEEN);
    assert_int_equal(event.actor, ACTOR_STAFF); /* no gateway may open it */
    assert_int_equal(event.at.unix_ms, 12345);
    assert_true(mou_id_equal(&event.mou, &referral->mou));
    assert_int_equal(event.detail_count + event.element_count, 0);
    struct content_ref content = bare_put(
        work, register_entry(work, referral, event.type), &event, &size);
    struct referral_event read;
    assert_true(register_event(work, content, &read));
    assert_int_equal(read.type, EVENT_OPENED);
    assert_true(size > 0);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    free(id);
    federation_free(federation);
}

/* Consent that is taken back waits for nothing: not for words that are damaged
 * here, of itself; in flight, or behind what is. */
static void what_needs_no_word_goes_without_damaged_ones(void **state)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    static const char *const steps[] = { "withdraw", "consent_revoked" };
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct federation *federation = federation_of_two();
        char *id = strdup(federation_submit(federation, 0, 1, "first"));
        char *other = NULL;
        federation_run(federation);
        if (i / 2 == 1)
            other = strdup(federation_submit(federation, 0, 1, "other"));
        size_t before = damage_rows(federation, 0, 'c', rows);
        assert_int_equal(federation_act_by(federation, 0, id, steps[i % 2], "w",
                             "person", NULL)
                             ->err,
            ERR_NONE);
        size_t count = damage_rows(federation, 0, 'c', rows);
        assert_true(count > before);
        lose_all(federation);
        for (size_t k = before; k < count; k++)
            damage_row(federation, 0, rows[k], true);
        federation_crash(federation, 0); /* nothing is in its memory */
        federation_run(federation);
        federation_wait(federation, RETRY_DELAY_MS_MIN);
        assert_int_equal(federation_peer(federation, 0, 1)->queued_count, 0);
        assert_string_equal(federation_state(federation, 1, id),
            federation_state(federation, 0, id));
        assert_int_equal(federation_event_count(
                             federation, 1, id, "referral.step", steps[i % 2]),
            1);
        if (other != NULL)
            assert_string_equal(
                federation_state(federation, 1, other), "delivered");
        free(other);
        free(id);
        federation_free(federation);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_was_erased_on_its_way_is_answered_in_the_next_generation),
        cmocka_unit_test(what_the_receiver_decided_is_told_without_its_words),
        cmocka_unit_test(who_decides_or_ends_is_heard_without_words),
        cmocka_unit_test(what_nobody_may_say_stays_whose_it_was),
        cmocka_unit_test(an_intent_is_written_without_words),
        cmocka_unit_test(what_needs_no_word_goes_without_damaged_ones),
    };
    return cmocka_run_group_tests_name("bare", tests, NULL, NULL);
}
