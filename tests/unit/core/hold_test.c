#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/hold.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/policy.h"
#include "support/bench_damage.h"
#include "support/bench_long.h"
#include "support/bench_loss.h"
#include "support/bench_papers.h"
#include "support/bench_reader.h"

#define HOLD 20 /* days; agreements here erase names after 30 */
#define ID_SIZE 64

static const struct node_options options = {
    .retry_delay_ms_min = RETRY_DELAY_MS_MIN,
    .retry_delay_ms_max = RETRY_DELAY_MS_MAX,
    .version = "test",
    .repeat_run_count = 8,
    .hold_ms = HOLD * FEDERATION_DAY_MS,
};

static void keep_for(
    struct federation *federation, const struct node_options *how)
{
    for (size_t i = 0; i < 2; i++)
        federation_node(federation, i)->options = how;
}

/* Agencies whose programs follow. */
static struct federation *two(void)
{
    struct federation *federation = federation_of_two();
    keep_for(federation, &options);
    for (size_t i = 0; i < 2; i++)
        reader_follow(federation, i, "ward");
    return federation;
}

static void review_at(struct federation *federation, size_t agency)
{
    struct node_input input = { .type = NODE_REVIEW,
        .of.review.clock_is_trusted = true };
    assert_int_equal(federation_step(federation, agency, &input), ERR_NONE);
}

static void review(struct federation *federation, int64_t day)
{
    federation_wait_until(federation, day * FEDERATION_DAY_MS);
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        review_at(federation, i);
    federation_run(federation);
}

static void take_all(struct federation *federation)
{
    for (size_t i = 0; i < 2; i++)
        reader_take_all(federation, i, "ward");
}

/* Something is said both ways, so that marks are told. */
static void talk(struct federation *federation, const char *key)
{
    char back[32];
    (void)snprintf(back, sizeof back, "%s-back", key);
    (void)federation_submit(federation, 0, 1, key);
    (void)federation_submit(federation, 1, 0, back);
    federation_run(federation);
}

static const char *const why[] = { "reason", "NO_CAPACITY", "next_option",
    "try the clinic next door", NULL };

/* From 0 to 1, who declines: both have said something. */
static void ended(
    struct federation *federation, const char *key, char id[ID_SIZE])
{
    char step[32];
    (void)snprintf(id, ID_SIZE, "%s", federation_submit(federation, 0, 1, key));
    federation_run(federation);
    (void)snprintf(step, sizeof step, "open-%s", key);
    assert_int_equal(
        federation_act(federation, 1, id, "opened", step, NULL)->err, ERR_NONE);
    (void)snprintf(step, sizeof step, "decline-%s", key);
    assert_int_equal(
        federation_act(federation, 1, id, "decline", step, why)->err, ERR_NONE);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "declined");
}

/* What 0 said (the request), and what 1 did (its next option). */
static void assert_held(struct federation *federation, size_t agency,
    const char *id, bool request, bool option)
{
    const struct local_reply *reply = federation_get(federation, agency, id);
    assert_int_equal(
        reply_find(reply, "element", "code", "call_name") != NULL, request);
    assert_int_equal(
        reply_find(reply, "detail", "name", "next_option") != NULL, option);
}

static int64_t said(struct federation *federation, size_t agency,
    const char *id, const char *field)
{
    const struct local_record *record =
        reply_record(federation_get(federation, agency, id), "referral", 0);
    for (size_t i = 0; i < record->field_count; i++)
        if (slice_is(record->fields[i].name, field))
            return record->fields[i].number;
    return -1;
}

static void assert_ledgers_hold(struct federation *federation)
{
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(federation_whole_count(federation, i), 2);
}

/* ---- Kept, and let go ---- */

static void our_words_go_so_long_after_they_were_taken(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    assert_true(said(federation, 0, id, "taken_ms") > 0);
    assert_int_equal(said(federation, 0, id, "kept_until_ms"),
        said(federation, 0, id, "taken_ms") + options.hold_ms);
    assert_int_equal(said(federation, 0, id, "let_go_ms"), -1);
    review(federation, HOLD);
    assert_held(federation, 0, id, true, true);
    assert_held(federation, 1, id, true, true);
    take_all(federation);
    review(federation, HOLD + 2);
    /* each has the other's words, and no more its own */
    assert_held(federation, 0, id, false, true);
    assert_held(federation, 1, id, true, false);
    assert_int_equal(said(federation, 0, id, "kept_until_ms"), -1);
    assert_int_equal(said(federation, 0, id, "let_go_ms"),
        federation_now(federation).unix_ms);
    assert_int_equal(said(federation, 0, id, "erased_ms"), -1);
    assert_string_equal(federation_state(federation, 0, id), "declined");
    assert_int_equal(federation_logged(federation, 0, LOG_HOLD_ENDED), 1);
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_ERASED), 0);
    assert_ledgers_hold(federation);
    federation_free(federation);
}

static uint64_t waiting_count(struct federation *federation, size_t agency)
{
    struct work *work = federation_begin(federation, agency);
    struct peer *peer = federation_peer(federation, agency, 1 - agency);
    uint64_t count = peer_ledger(work, peer, LEDGER_OUT)->intent_count;
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
    return count;
}

/* The keys of their cards are over by now, and nothing travels: others take
 * their place. */
static void keys_renew(struct federation *federation)
{
    struct instant until = { federation_now(federation).unix_ms +
                             60 * FEDERATION_DAY_MS };
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(federation_card_change(federation, i,
                             federation_card_new(federation, i, 2, until)),
            ERR_NONE);
    for (size_t i = 0; i < 2; i++)
        federation_sheet(federation, i);
    federation_wait(federation, 600000);
    federation_wait(federation, 3600000);
}

/* All that we said went, and of it nothing is left here to erase. */
static void the_end_of_retention_is_told_where_our_words_went_before(
    void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    (void)snprintf(
        id, sizeof id, "%s", federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act_by(federation, 0, id, "withdraw", "w", "person", NULL);
    federation_run(federation);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    review(federation, HOLD);
    take_all(federation);
    review(federation, HOLD + 2);
    federation_wait_until(
        federation, (PAPERS_CONTENT_DAYS + 1) * FEDERATION_DAY_MS);
    federation_run(federation);
    assert_null(reply_find(
        federation_get(federation, 0, id), "element", "code", "needs"));
    assert_non_null(reply_find(
        federation_get(federation, 1, id), "element", "code", "needs"));
    review_at(federation, 0);
    assert_true(said(federation, 0, id, "erased_ms") > 0);
    assert_int_equal(waiting_count(federation, 0), 1);
    keys_renew(federation);
    assert_int_equal(waiting_count(federation, 0), 0);
    assert_null(reply_find(
        federation_get(federation, 1, id), "element", "code", "needs"));
    federation_free(federation);
}

/* So do the keys that our words were sealed with. */
static void no_copy_of_the_store_opens_what_went(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    struct uuid uuid;
    (void)state;
    ended(federation, "first", id);
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    uint64_t entry = register_get(work, &uuid)->entry;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    take_all(federation);
    review(federation, HOLD + 2);
    work = federation_begin(federation, 0);
    struct vault *vault = work->node->vault;
    assert_true(vault->ops->is_destroyed(vault, entry));
    assert_true(vault->ops->is_destroyed(vault, entry + 1));
    const struct referral *referral = register_get(work, &uuid);
    assert_false(vault->ops->is_destroyed(vault, referral->entry));
    assert_false(referral->erased);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void nothing_goes_before_it_was_taken(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    reader_take_all(federation, 0, "ward");
    talk(federation, "later");
    review(federation, 1);
    assert_int_equal(said(federation, 0, id, "taken_ms"), -1);
    assert_int_equal(said(federation, 0, id, "kept_until_ms"), -1);
    review(federation, HOLD + 2);
    reader_take_all(federation, 0, "ward");
    review(federation, HOLD + 8);
    assert_held(federation, 0, id, true, true);
    assert_int_equal(federation_logged(federation, 0, LOG_HOLD_ENDED), 0);
    federation_free(federation);
}

static void what_has_not_ended_is_kept(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    (void)snprintf(
        id, sizeof id, "%s", federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    take_all(federation);
    review(federation, HOLD + 2);
    take_all(federation);
    review(federation, 29);
    assert_held(federation, 0, id, true, false);
    federation_free(federation);
}

static void a_clock_that_is_not_believed_lets_nothing_go(void **state)
{
    struct federation *federation = two();
    struct node_input input = { .type = NODE_REVIEW };
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    take_all(federation);
    federation_wait_until(federation, (HOLD + 2) * FEDERATION_DAY_MS);
    assert_int_equal(federation_step(federation, 0, &input), ERR_NONE);
    assert_held(federation, 0, id, true, true);
    review_at(federation, 0);
    assert_held(federation, 0, id, false, true);
    federation_free(federation);
}

static void without_a_time_of_keeping_it_is_kept_for_ever(void **state)
{
    static const struct node_options ever = { .retry_delay_ms_min = 1000,
        .retry_delay_ms_max = 300000,
        .version = "test",
        .repeat_run_count = 8 };
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    keep_for(federation, &ever);
    ended(federation, "first", id);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    take_all(federation);
    review(federation, 29);
    assert_true(said(federation, 0, id, "taken_ms") > 0);
    assert_int_equal(said(federation, 0, id, "kept_until_ms"), -1);
    assert_held(federation, 0, id, true, true);
    federation_free(federation);
}

/* A program of this agency that is far behind has not heard it yet. */
static void our_own_programs_hear_it_first(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    take_all(federation);
    reader_follow(federation, 0, "archive"); /* from the first event on */
    talk(federation, "later");
    review(federation, 1);
    review(federation, 2);
    assert_true(said(federation, 0, id, "taken_ms") > 0);
    reader_take_all(federation, 1, "ward");
    review(federation, HOLD + 3);
    assert_held(federation, 0, id, true, true);
    assert_int_equal(said(federation, 0, id, "taken_ms"),
        federation_now(federation).unix_ms);
    federation_free(federation);
}

static void many_go_in_turns(void **state)
{
    struct federation *federation = two();
    char key[16];
    char id[ID_SIZE];
    char first[ID_SIZE];
    char late[ID_SIZE];
    const size_t count = HOLD_REFERRAL_COUNT + 9;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(key, sizeof key, "%zu", i);
        ended(federation, key, i == 0 ? first : id);
    }
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    reader_take_all(federation, 0, "ward");
    federation_wait_until(federation, 5 * FEDERATION_DAY_MS);
    ended(federation, "late", late);
    take_all(federation);
    talk(federation, "later still");
    review(federation, 6);
    reader_take_all(federation, 0, "ward");
    federation_wait_until(federation, (HOLD + 2) * FEDERATION_DAY_MS);
    review_at(federation, 0);
    assert_int_equal(federation_logged(federation, 0, LOG_HOLD_ENDED), 1);
    /* it wants another turn, and then no more */
    assert_int_equal(node_wake_steady_ms(federation_node(federation, 0)), 0);
    /* by the clock of the review: it may have jumped since */
    federation_wait_until(federation, (HOLD + 100) * FEDERATION_DAY_MS);
    for (int i = 0; i < 4; i++) {
        struct node_input time = { .type = NODE_TIME };
        assert_int_equal(federation_step(federation, 0, &time), ERR_NONE);
    }
    assert_int_not_equal(
        node_wake_steady_ms(federation_node(federation, 0)), 0);
    assert_int_equal(federation_logged(federation, 0, LOG_HOLD_ENDED), 2);
    assert_held(federation, 0, first, false, true);
    assert_held(federation, 0, id, false, true);
    assert_held(federation, 0, late, true, true);
    federation_free(federation);
}

static size_t full(const struct store_txn *txn)
{
    (void)txn;
    return STORE_TXN_SIZE_MAX;
}

static void what_a_full_transaction_cannot_take_goes_in_the_next(void **state)
{
    struct federation *federation = two();
    struct node *node = federation_node(federation, 0);
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    reader_take_all(federation, 0, "ward");
    federation_wait_until(federation, (HOLD + 2) * FEDERATION_DAY_MS);
    struct work *work = federation_begin(federation, 0);
    struct store_ops ops = *work->txn->ops;
    ops.held = full;
    work->txn->ops = &ops;
    hold_review(work, true);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_true(hold_is_due(node));
    /* it is looked at before the rest of its batch */
    assert_held(federation, 0, id, true, true);
    assert_false(hold_is_due(node));
    assert_held(federation, 0, id, false, true);
    federation_free(federation);
}

/* ---- Disks that are lost ---- */

static struct moving moving_of(
    struct federation *federation, const char *id, uint64_t *entry)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 1);
    const struct referral *referral = register_get(work, &uuid);
    assert_non_null(referral);
    struct moving moving = referral->moving;
    *entry = referral->entry;
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    return moving;
}

static void nothing_found(void *user, const struct scrub_finding *finding)
{
    (void)user;
    fail_msg("%s", scrub_fault_name(finding->fault));
}

/* As damage_found, but before the batch ends, which goes on with it. */
static bool is_whole_now(struct federation *federation, size_t agency)
{
    struct scrub scrub = { 0 };
    const struct scrub_watch watch = { .found = nothing_found };
    struct work *work = federation_begin(federation, agency);
    while (!scrub.is_over)
        scrub_go_on(work, &scrub, &watch);
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
    return scrub.findings == 0;
}

static bool is_destroyed(struct federation *federation, uint64_t entry)
{
    struct vault *vault = federation_node(federation, 1)->vault;
    bool one = vault->ops->is_destroyed(vault, entry);
    assert_int_equal(vault->ops->is_destroyed(vault, entry + 1), one);
    return one;
}

/* One that the hospital opened and declined, with much said by the other. */
static void declined_long(struct federation *federation, char id[ID_SIZE])
{
    (void)snprintf(
        id, ID_SIZE, "%s", federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    assert_int_equal(
        federation_act(federation, 1, id, "opened", "o", NULL)->err, ERR_NONE);
    federation_run(federation);
    talk_long(federation, id, "call_name", true);
    assert_int_equal(
        federation_act(federation, 1, id, "decline", "d", why)->err, ERR_NONE);
    federation_run(federation);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    take_all(federation);
}

/* Its first part alone was sealed anew; from which entry of the vault on. */
static uint64_t moved_in_part(struct federation *federation, char id[ID_SIZE])
{
    uint64_t before;
    declined_long(federation, id);
    (void)moving_of(federation, id, &before);
    federation_wait_until(federation, (HOLD + 2) * FEDERATION_DAY_MS);
    for (size_t i = 0; i < 2; i++)
        federation_sheet(federation, i);
    federation_run(federation);
    review_at(federation, 1);
    return before;
}

static void what_is_too_much_to_seal_anew_at_once_is_in_parts(void **state)
{
    struct federation *federation = two();
    uint64_t faults[SCRUB_FAULT_COUNT];
    uint64_t before;
    uint64_t entry;
    char id[ID_SIZE];
    (void)state;
    before = moved_in_part(federation, id);
    struct moving moving = moving_of(federation, id, &entry);
    assert_int_equal(moving.from, before);
    assert_true(moving.at > 0 && moving.at < moving.count);
    assert_false(is_destroyed(federation, before));
    assert_true(is_whole_now(federation, 1));
    /* it is all there in between, and a power cut does not matter */
    federation_crash(federation, 1);
    keep_for(federation, &options);
    assert_held(federation, 1, id, true, false);
    federation_run(federation);
    review(federation, HOLD + 3);
    assert_int_equal(moving_of(federation, id, &entry).from, 0);
    assert_int_not_equal(entry, before);
    assert_true(is_destroyed(federation, before));
    assert_int_equal(federation_logged(federation, 1, LOG_HOLD_ENDED), 1);
    assert_held(federation, 1, id, true, false);
    assert_held(federation, 0, id, false, true);
    assert_int_equal(damage_found(federation, 1, faults), 0);
    assert_ledgers_hold(federation);
    federation_free(federation);
}

static void what_is_erased_while_it_moves_goes_with_all_its_keys(void **state)
{
    struct federation *federation = two();
    uint64_t before;
    uint64_t between;
    uint64_t after;
    char id[ID_SIZE];
    (void)state;
    before = moved_in_part(federation, id);
    assert_int_equal(moving_of(federation, id, &between).from, before);
    federation_erase(federation, 1, id);
    assert_int_equal(moving_of(federation, id, &after).from, 0);
    assert_int_not_equal(after, between);
    assert_true(is_destroyed(federation, before));
    assert_true(is_destroyed(federation, between));
    review(federation, HOLD + 3);
    assert_held(federation, 1, id, false, false);
    assert_ledgers_hold(federation);
    federation_free(federation);
}

static bool takes_back(struct federation *federation)
{
    struct work *work = federation_begin(federation, 1);
    struct peer *peer = federation_peer(federation, 1, 0);
    bool refills = peer_ledger(work, peer, LEDGER_OUT)->refills;
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    return refills;
}

/* What is taken back is sealed with the keys that there are: they go, and what
 * moves on later finds nothing. */
static void what_is_erased_while_it_moves_and_comes_back_goes_too(void **state)
{
    struct federation *federation = two();
    uint64_t before;
    uint64_t between;
    uint64_t after;
    char id[ID_SIZE];
    (void)state;
    before = moved_in_part(federation, id);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    talk(federation, "lost");
    federation_restore(federation, 1, backup);
    store_memory_snapshot_free(backup);
    keep_for(federation, &options);
    while (!takes_back(federation))
        federation_deliver(federation, 0);
    assert_int_equal(moving_of(federation, id, &between).from, before);
    federation_erase(federation, 1, id);
    struct vault *vault = federation_node(federation, 1)->vault;
    assert_true(vault->ops->is_destroyed(vault, before));
    assert_true(vault->ops->is_destroyed(vault, between));
    assert_false(vault->ops->is_destroyed(vault, between + 1));
    federation_wait(federation, 600000);
    assert_held(federation, 1, id, false, false);
    take_all(federation);
    review(federation, HOLD + 3);
    assert_int_equal(moving_of(federation, id, &after).from, 0);
    assert_int_equal(after, between);
    assert_true(is_destroyed(federation, before));
    assert_held(federation, 1, id, false, false);
    assert_ledgers_hold(federation);
    federation_free(federation);
}

static void come_back(struct federation *federation, size_t agency)
{
    federation_lose_store(federation, agency);
    keep_for(federation, &options);
    federation_connect(federation, 0, 1);
    federation_run(federation);
}

static void who_lost_its_disk_meanwhile_gets_all_back(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    come_back(federation, 1);
    assert_string_equal(federation_state(federation, 1, id), "declined");
    assert_held(federation, 1, id, true, true);
    federation_free(federation);
}

static void who_lost_it_after_gets_all_but_the_words(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    reader_take_all(federation, 0, "ward");
    review(federation, HOLD + 2);
    assert_held(federation, 0, id, false, true);
    federation_sheet(federation, 0);
    come_back(federation, 1);
    assert_string_equal(federation_state(federation, 1, id), "declined");
    assert_held(federation, 1, id, false, true);
    assert_ledgers_hold(federation);
    federation_free(federation);
}

/* The author lost its disk, what waited with it: it waits again, for a mark of
 * the new generation. */
static void a_new_generation_waits_for_its_own_mark(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    reader_take_all(federation, 1, "ward");
    talk(federation, "untaken");
    come_back(federation, 0);
    reader_follow(federation, 0, "ward");
    reader_take_all(federation, 0, "ward");
    review(federation, 1);
    assert_held(federation, 0, id, true, true);
    assert_int_equal(said(federation, 0, id, "taken_ms"), -1);
    take_all(federation);
    talk(federation, "later");
    review(federation, 2);
    take_all(federation);
    review(federation, 3); /* it asks */
    review(federation, 4);
    assert_true(said(federation, 0, id, "taken_ms") > 0);
    federation_free(federation);
}

/* ---- Asking ---- */

static size_t head_count(const struct federation *federation)
{
    size_t count = 0;
    for (size_t i = 0; i < federation_message_count(federation); i++) {
        const struct bench_message *message = federation_message(federation, i);
        count += !message->is_reply && message->kind == REQUEST_HEAD &&
                 message->from == 0;
    }
    return count;
}

/* Nobody says anything any more, and the mark comes all the same. */
static void a_mark_that_is_wanted_is_asked_for_once_a_day(void **state)
{
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    review_at(federation, 0);
    assert_int_equal(head_count(federation), 0); /* heard not long ago */
    federation_wait(federation, MARK_ASK_MS);
    review_at(federation, 0);
    assert_int_equal(head_count(federation), 1);
    federation_run(federation);
    review_at(federation, 0);
    assert_int_equal(head_count(federation), 0); /* nobody took it: later */
    take_all(federation);
    federation_wait(federation, MARK_ASK_MS);
    review_at(federation, 0);
    federation_run(federation);
    review_at(federation, 0);
    assert_true(said(federation, 0, id, "taken_ms") > 0);
    federation_wait(federation, MARK_ASK_MS);
    review_at(federation, 0);
    assert_int_equal(head_count(federation), 0); /* there is nothing to ask */
    federation_free(federation);
}

/* Numbers of peers are never given up. */
/* What is damaged when ours goes: of ours nothing comes back, and the other's
 * words do. */
static void what_is_damaged_goes_or_comes_back(void **state)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    struct federation *federation = two();
    char id[ID_SIZE];
    (void)state;
    ended(federation, "first", id);
    take_all(federation);
    talk(federation, "later");
    review(federation, 1);
    take_all(federation);
    size_t count = damage_rows(federation, 0, 'c', rows);
    assert_true(count > 3);
    for (size_t i = 0; i < count; i++) {
        federation_mark(federation);
        damage_row(federation, 0, rows[i], false);
        review(federation, HOLD + 2);
        assert_int_equal(federation_logged(federation, 0, LOG_HOLD_ENDED), 1);
        federation_sheet(federation, 1); /* it is asked for what it holds */
        for (int k = 0; k < 3; k++)      /* found; nobody's; whole */
            damage_patrol(federation, 0);
        assert_held(federation, 0, id, false, true);
        assert_int_equal(federation_node(federation, 0)->patrol.damage, 0);
        federation_return(federation);
    }
    federation_free(federation);
}

static void words_that_wait_for_nobody_are_damage(void **state)
{
    struct federation *federation = two();
    static const struct uuid none;
    uint8_t ended_ms[8] = { 0 };
    (void)state;
    talk(federation, "first");
    struct work *work = federation_begin(federation, 1);
    struct key key = key_waiting(99, 1, 0, &none);
    store_put(work->txn, key_slice(&key), SLICE_ARRAY(ended_ms));
    hold_review(work, true);
    hold_go_on(work);
    assert_int_equal(work->txn->err, ERR_CORRUPT);
    assert_int_equal(federation_end(federation, 1), ERR_CORRUPT);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_words_go_so_long_after_they_were_taken),
        cmocka_unit_test(
            the_end_of_retention_is_told_where_our_words_went_before),
        cmocka_unit_test(no_copy_of_the_store_opens_what_went),
        cmocka_unit_test(nothing_goes_before_it_was_taken),
        cmocka_unit_test(what_has_not_ended_is_kept),
        cmocka_unit_test(what_is_damaged_goes_or_comes_back),
        cmocka_unit_test(words_that_wait_for_nobody_are_damage),
        cmocka_unit_test(a_clock_that_is_not_believed_lets_nothing_go),
        cmocka_unit_test(without_a_time_of_keeping_it_is_kept_for_ever),
        cmocka_unit_test(our_own_programs_hear_it_first),
        cmocka_unit_test(many_go_in_turns),
        cmocka_unit_test(what_a_full_transaction_cannot_take_goes_in_the_next),
        cmocka_unit_test(what_is_too_much_to_seal_anew_at_once_is_in_parts),
        cmocka_unit_test(what_is_erased_while_it_moves_goes_with_all_its_keys),
        cmocka_unit_test(what_is_erased_while_it_moves_and_comes_back_goes_too),
        cmocka_unit_test(who_lost_its_disk_meanwhile_gets_all_back),
        cmocka_unit_test(who_lost_it_after_gets_all_but_the_words),
        cmocka_unit_test(a_new_generation_waits_for_its_own_mark),
        cmocka_unit_test(a_mark_that_is_wanted_is_asked_for_once_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
