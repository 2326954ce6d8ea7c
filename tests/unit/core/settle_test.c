#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/settle.h"
#include "io/store_memory.h"
#include "support/bench_author.h"
#include "support/bench_loss.h"
#include "support/crypto_fake.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Fences ---- */

static struct slice fence_of(uint8_t number)
{
    static uint8_t bytes[16][FENCE_SIZE];
    memset(bytes[number], number, FENCE_SIZE);
    return SLICE_ARRAY(bytes[number]);
}

static void give(struct ledger *ledger, uint8_t number)
{
    memset(ledger->fences[ledger->fence_count++], number, FENCE_SIZE);
}

static void the_first_use_of_a_fence_retires_the_older(void **state)
{
    struct ledger ledger = { .direction = LEDGER_IN };
    (void)state;
    assert_false(settle_fence_admits(&ledger, fence_of(1)));
    for (uint8_t i = 1; i <= 3; i++)
        give(&ledger, i);
    assert_true(settle_fence_admits(&ledger, fence_of(1)));
    assert_false(ledger.changed); /* there was none older */
    assert_true(settle_fence_admits(&ledger, fence_of(2)));
    assert_true(ledger.changed);
    assert_int_equal(ledger.fence_count, 2);
    assert_false(settle_fence_admits(&ledger, fence_of(1)));
    assert_true(settle_fence_admits(&ledger, fence_of(2)));
    assert_true(settle_fence_admits(&ledger, fence_of(3)));
    assert_false(settle_fence_admits(&ledger, fence_of(2)));
    assert_false(settle_fence_admits(&ledger, slice_of("", 0)));
    assert_false(settle_fence_admits(&ledger, slice_of(fence_of(3).bytes, 31)));
}

static void a_head_gives_a_fresh_fence_and_keeps_the_one_in_use(void **state)
{
    struct federation *federation = federation_new(2);
    uint8_t in_use[FENCE_SIZE];
    (void)state;
    federation_connect(federation, 0, 1);
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    memcpy(in_use, in->fences[0], FENCE_SIZE);
    for (int i = 0; i < 10; i++) {
        uint8_t before[FENCE_SIZE];
        memcpy(before, in->fences[in->fence_count - 1], FENCE_SIZE);
        assert_true(settle_head(work, peer, false).size > 0);
        assert_true(in->fence_count <= LEDGER_FENCE_COUNT_MAX);
        assert_memory_not_equal(
            in->fences[in->fence_count - 1], before, FENCE_SIZE);
        assert_memory_equal(in->fences[0], in_use, FENCE_SIZE);
    }
    assert_int_equal(in->fence_count, LEDGER_FENCE_COUNT_MAX);
    assert_true(in->changed);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

/* ---- Two that agree ---- */

static void two_strangers_settle_with_nothing_held(void **state)
{
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    for (size_t i = 0; i < 2; i++) {
        const struct peer *peer = federation_peer(federation, i, 1 - i);
        assert_true(peer->settled_out);
        assert_true(peer->settled_in);
        assert_false(peer->wants_head);
        assert_int_equal(
            federation_logged(federation, i, LOG_LEDGER_SETTLED), 1);
        assert_int_equal(
            federation_logged(federation, i, LOG_LEDGER_TROUBLED), 0);
    }
    federation_free(federation);
}

static void after_any_restart_they_settle_again_and_go_on(void **state)
{
    struct federation *federation = federation_of_two();
    char key[] = "key 0";
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        key[4] = (char)('0' + i);
        const char *id = federation_submit(federation, 0, 1, key);
        if (i % 2 == 0)
            federation_run(federation);
        federation_crash(federation, i % 3 == 2 ? 1 : 0);
        federation_run(federation);
        if (i % 3 == 1)
            federation_crash(federation, 1);
        federation_wait(federation, 600000);
        assert_string_equal(federation_state(federation, 1, id), "delivered");
        assert_true(federation_peer(federation, 0, 1)->settled_out);
        assert_true(federation_peer(federation, 1, 0)->settled_out);
    }
    assert_int_equal(federation_logged(federation, 0, LOG_LEDGER_TROUBLED), 0);
    assert_int_equal(federation_logged(federation, 1, LOG_LEDGER_TROUBLED), 0);
    federation_free(federation);
}

static void a_head_brings_newer_cards_and_sheets(void **state)
{
    struct federation *federation = federation_new(2);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_sheet(federation, 1);
    federation_card_set(federation, 1,
        federation_card_new(federation, 1, 2,
            (struct instant){ FEDERATION_START_MS + 80 * FEDERATION_DAY_MS }));
    federation_crash(federation, 1);
    federation_run(federation);
    federation_crash(federation, 0); /* and asks, when 1 has its new sheet */
    federation_run(federation);
    const struct peer *peer = federation_peer(federation, 0, 1);
    assert_int_equal(peer->card_serial, 2);
    assert_int_equal(peer->sheet_serial, 3);
    assert_true(peer->settled_out && peer->settled_in);
    federation_free(federation);
}

static void what_is_no_head_is_refused(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_reply reply;
    (void)state;
    federation_connect(federation, 0, 1);
    federation_request(
        federation, 0, 1, REQUEST_HEAD, SLICE_LITERAL("no head"), &reply);
    assert_int_equal(reply.kind, REPLY_REFUSED);
    assert_true(federation_peer(federation, 1, 0)->settled_out);
    federation_free(federation);
}

/* ---- One that lost something ---- */

/* Two with entries in both ledgers, and backups from before the last. */
struct desk {
    struct federation *federation;
    struct store_memory_snapshot *backup[2];
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_of_two();
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            store_memory_snapshot_take(
                federation_store(desk->federation, i), &desk->backup[i]),
            ERR_NONE);
    const char *id = federation_submit(desk->federation, 0, 1, "later");
    federation_run(desk->federation);
    assert_string_equal(federation_state(desk->federation, 0, id), "delivered");
}

static void desk_close(struct desk *desk)
{
    for (size_t i = 0; i < 2; i++)
        store_memory_snapshot_free(desk->backup[i]);
    federation_free(desk->federation);
}

static void restore(struct desk *desk, size_t agency)
{
    store_memory_restore(
        federation_store(desk->federation, agency), desk->backup[agency]);
    federation_crash(desk->federation, agency);
    federation_run(desk->federation);
    federation_wait(desk->federation, 600000);
}

static enum ledger_trouble trouble(
    struct desk *desk, size_t agency, enum ledger_direction direction)
{
    struct work *work = federation_begin(desk->federation, agency);
    struct peer *peer = federation_peer(desk->federation, agency, 1 - agency);
    enum ledger_trouble found = peer_ledger(work, peer, direction)->trouble;
    assert_int_equal(federation_end(desk->federation, agency), ERR_NONE);
    return found;
}

/* What the other end holds comes on the line, or does not. */
static void lose_fetches(struct desk *desk)
{
    struct federation *federation = desk->federation;
    while (federation_message_count(federation) > 0) {
        if (federation_message(federation, 0)->kind == REQUEST_FETCH)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
}

static void an_old_backup_is_noticed_and_signs_nothing_before_it_is_whole(
    void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        struct desk desk;
        desk_open(&desk);
        store_memory_restore(
            federation_store(desk.federation, lost), desk.backup[lost]);
        federation_crash(desk.federation, lost);
        lose_fetches(&desk);
        const struct peer *peer =
            federation_peer(desk.federation, lost, 1 - lost);
        assert_true(peer->goals[0].wanted || peer->goals[1].wanted);
        assert_int_equal(
            federation_logged(desk.federation, lost, LOG_STORE_LOST), 1);
        assert_false(peer->settled_out || peer->settled_in);
        assert_string_equal(
            ledger_trouble_name(trouble(&desk, 1 - lost, LEDGER_OUT)),
            "recipient_shorter");
        /* and what is submitted meanwhile waits unsigned */
        const char *id =
            federation_submit(desk.federation, lost, 1 - lost, "meanwhile");
        lose_fetches(&desk);
        assert_string_equal(
            federation_state(desk.federation, lost, id), "sent");
        assert_string_equal(
            federation_state(desk.federation, 1 - lost, id), "none");
        federation_wait(desk.federation, 600000);
        assert_true(peer->settled_out && peer->settled_in);
        assert_string_equal(
            federation_state(desk.federation, 1 - lost, id), "delivered");
        desk_close(&desk);
    }
}

/* It may have retired them since: what came under one was answered. */
static void a_store_that_came_back_takes_nothing_under_its_fences(void **state)
{
    struct federation *federation = federation_of_two();
    struct instance_mark mark = { 0 };
    (void)state;
    federation_keep_mark(federation, 1, &mark);
    federation_crash(federation, 1);
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 1);
    federation_crash(federation, 1); /* a life that the backup knows not of */
    federation_run(federation);
    federation_restore(federation, 1, backup);
    assert_int_equal(federation_logged(federation, 1, LOG_STORE_LOST), 1);
    struct work *work = federation_begin(federation, 1);
    struct peer *peer = federation_peer(federation, 1, 0);
    struct ledger *in = peer_ledger(work, peer, LEDGER_IN);
    assert_true(peer->has_given);
    assert_int_equal(in->fence_count, 1);
    assert_memory_equal(in->fences[0], peer->fence_given, FENCE_SIZE);
    /* of what it gave since, it forgot nothing */
    assert_true(settle_head(work, peer, false).size > 0);
    assert_int_equal(in->fence_count, 2);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    federation_wait(federation, 600000);
    assert_true(peer->settled_out && peer->settled_in);
    store_memory_snapshot_free(backup);
    federation_free(federation);
}

static void a_backup_of_now_is_no_loss(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < 2; i++) {
        store_memory_snapshot_free(desk.backup[i]);
        assert_int_equal(
            store_memory_snapshot_take(
                federation_store(desk.federation, i), &desk.backup[i]),
            ERR_NONE);
        restore(&desk, i);
        assert_int_equal(trouble(&desk, 0, LEDGER_OUT), LEDGER_NONE);
        assert_int_equal(trouble(&desk, 1, LEDGER_OUT), LEDGER_NONE);
        assert_int_equal(trouble(&desk, 0, LEDGER_IN), LEDGER_NONE);
        assert_int_equal(trouble(&desk, 1, LEDGER_IN), LEDGER_NONE);
    }
    desk_close(&desk);
}

/* ---- What a peer may claim about our ledger ---- */

/* The view of 0's ledger that 1 shows in its reply to 0's Head. */
enum claim {
    CLAIM_TRUE,
    CLAIM_NOTHING,
    CLAIM_LESS,
    CLAIM_MORE_UNPROVED,
    CLAIM_UNSIGNED,
    CLAIM_FORGED,
    CLAIM_OTHER_SIZE,
    CLAIM_OTHER_GENERATION, /* in the note alone; and so on */
    CLAIM_OTHER_LANE,
    CLAIM_OTHER_AUTHOR,
    CLAIM_OTHER_RECIPIENT,
    CLAIM_GENERATION,
    CLAIM_OTHER_ROOT,
    CLAIM_MORE,
};

static const struct {
    enum claim claim;
    enum ledger_trouble trouble;
} claims[] = {
    { CLAIM_TRUE, LEDGER_NONE },
    { CLAIM_NOTHING, LEDGER_RECIPIENT_SHORTER },
    { CLAIM_LESS, LEDGER_RECIPIENT_SHORTER },
    { CLAIM_MORE_UNPROVED, LEDGER_UNPROVED },
    { CLAIM_UNSIGNED, LEDGER_NONE }, /* it says what we hold ourselves */
    { CLAIM_FORGED, LEDGER_UNPROVED },
    { CLAIM_OTHER_SIZE, LEDGER_UNPROVED },
    { CLAIM_OTHER_GENERATION, LEDGER_UNPROVED },
    { CLAIM_OTHER_LANE, LEDGER_UNPROVED },
    { CLAIM_OTHER_AUTHOR, LEDGER_UNPROVED },
    { CLAIM_OTHER_RECIPIENT, LEDGER_UNPROVED },
    { CLAIM_GENERATION, LEDGER_AUTHOR_SHORTER },
    { CLAIM_OTHER_ROOT, LEDGER_CONFLICT },
    { CLAIM_MORE, LEDGER_AUTHOR_SHORTER },
};

/* A note of 0's own ledger as 0's log key would sign it. */
static struct slice note_with(
    struct author *author, struct ledger_view *view, enum claim claim)
{
    struct note note = author_checkpoint(author);
    if (claim == CLAIM_LESS)
        note.size = view->size = 1;
    else if (claim == CLAIM_MORE)
        note.size = ++view->size;
    else if (claim == CLAIM_MORE_UNPROVED)
        view->size++;
    else if (claim == CLAIM_OTHER_SIZE)
        note.size--;
    else if (claim == CLAIM_OTHER_GENERATION)
        note.origin.generation++;
    else if (claim == CLAIM_OTHER_LANE)
        note.origin.lane = LANE_BULK;
    else if (claim == CLAIM_OTHER_AUTHOR)
        note.origin.author = note.origin.recipient;
    else if (claim == CLAIM_OTHER_RECIPIENT)
        note.origin.recipient = note.origin.author;
    else if (claim == CLAIM_GENERATION)
        note.origin.generation = ++view->generation;
    else if (claim == CLAIM_OTHER_ROOT || claim == CLAIM_FORGED)
        note.root[0] ^= 1;
    if (claim == CLAIM_FORGED || claim == CLAIM_UNSIGNED) {
        author->self = 1; /* the peer's key instead of ours */
        struct slice forged = author_sign(author, note);
        author->self = 0;
        return forged;
    }
    return author_sign(author, note);
}

static void a_claim_against_us_must_be_proved(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(claims); i++) {
        struct desk desk;
        struct author author;
        struct arena arena;
        desk_open(&desk);
        author_open(&author, desk.federation, 0, 1);
        assert_int_equal(arena_init(&arena, 1u << 16), ERR_NONE);
        uint8_t fence[FENCE_SIZE] = { 5 };
        struct ledger_view view = { .lane = LANE_MAIN,
            .generation = author.generation,
            .size = author.cosigned.size,
            .fence = SLICE_ARRAY(fence) };
        view.note = note_with(&author, &view, claims[i].claim);
        if (claims[i].claim == CLAIM_NOTHING)
            view = (struct ledger_view){ .lane = LANE_MAIN,
                .fence = SLICE_ARRAY(fence) };
        struct peer *peer = federation_peer(desk.federation, 0, 1);
        const struct head head = {
            .ledgers = &view, .ledger_count = 1, .epoch = peer->epoch
        };
        struct slice body = head_write(&head, &arena);
        struct work *work = federation_begin(desk.federation, 0);
        /* as a request it is a hint: it may be old */
        assert_int_equal(settle_with(work, peer, body, false), ERR_NONE);
        struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
        assert_int_equal(out->trouble, LEDGER_NONE);
        assert_int_equal(peer->settled_out, claims[i].trouble == LEDGER_NONE);
        assert_int_equal(peer->wants_head, claims[i].trouble != LEDGER_NONE);
        /* as a reply it is fresh */
        assert_int_equal(settle_with(work, peer, body, true), ERR_NONE);
        /* what we lost is fetched */
        bool is_lost = claims[i].trouble == LEDGER_AUTHOR_SHORTER;
        if (out->trouble != (is_lost ? LEDGER_NONE : claims[i].trouble))
            fail_msg("row %zu: %s", i, ledger_trouble_name(out->trouble));
        assert_int_equal(peer->goals[0].wanted, is_lost);
        assert_int_equal(peer->settled_out, claims[i].trouble == LEDGER_NONE);
        assert_int_equal(
            out->evidence.size > 0, claims[i].trouble == LEDGER_CONFLICT);
        assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
        arena_release(&arena);
        author_close(&author);
        desk_close(&desk);
    }
}

/* ---- Both lost something ---- */

struct place {
    uint64_t generation;
    uint64_t previous;
    uint64_t size;
};

static struct place place_of(struct desk *desk, enum ledger_direction direction)
{
    struct work *work = federation_begin(desk->federation, 0);
    const struct ledger *ledger =
        peer_ledger(work, federation_peer(desk->federation, 0, 1), direction);
    struct place place = { ledger->generation, ledger->previous,
        ledger->cosigned };
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    return place;
}

/* The author does not know it, and nobody can show it any more. */
static void what_both_forgot_is_not_signed_over(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct place before = place_of(&desk, LEDGER_OUT);
    federation_restore(desk.federation, 0, desk.backup[0]);
    while (federation_message_count(desk.federation) > 0)
        federation_lose(desk.federation, 0);
    assert_true(place_of(&desk, LEDGER_OUT).size < before.size);
    const char *id = federation_submit(desk.federation, 0, 1, "another");
    federation_lose_store(desk.federation, 1);
    federation_connect(desk.federation, 0, 1);
    federation_wait(desk.federation, 600000);
    assert_string_equal(federation_state(desk.federation, 1, id), "delivered");
    struct place after = place_of(&desk, LEDGER_OUT);
    assert_true(after.generation != before.generation);
    assert_true(after.previous == before.generation);
    assert_int_equal(federation_logged(desk.federation, 0, LOG_STORE_LOST), 0);
    desk_close(&desk);
}

/* Nobody forgot that one. */
static void a_parcel_in_flight_goes_on_when_its_recipient_lost_something(
    void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct place before = place_of(&desk, LEDGER_OUT);
    const char *id = federation_submit(desk.federation, 0, 1, "in flight");
    federation_lose_store(desk.federation, 1);
    federation_connect(desk.federation, 0, 1);
    federation_wait(desk.federation, 600000);
    assert_string_equal(federation_state(desk.federation, 1, id), "delivered");
    struct place after = place_of(&desk, LEDGER_OUT);
    assert_true(after.previous == before.generation);
    struct work *work = federation_begin(desk.federation, 0);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    const struct ledger *closed =
        ledger_load_closed(work, out->peer, LEDGER_OUT, before.generation);
    assert_int_equal(closed->cosigned, before.size + 1);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(federation_logged(desk.federation, 0, LOG_STORE_LOST), 0);
    desk_close(&desk);
}

/* As a request it may be old: so it is asked, before anything is signed. */
static void another_epoch_in_a_request_is_asked_about(void **state)
{
    struct desk desk;
    uint8_t fence[FENCE_SIZE] = { 5 };
    (void)state;
    desk_open(&desk);
    struct place before = place_of(&desk, LEDGER_OUT);
    struct work *work = federation_begin(desk.federation, 0);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    const struct ledger_view view = { .lane = LANE_MAIN,
        .generation = out->generation,
        .size = out->cosigned,
        .note = out->note,
        .fence = SLICE_ARRAY(fence) };
    struct head head = {
        .ledgers = &view, .ledger_count = 1, .epoch = peer->epoch
    };
    assert_true(peer->settled_out && peer->epoch != 0);
    assert_int_equal(
        settle_with(work, peer, head_write(&head, work->arena), false),
        ERR_NONE);
    assert_true(peer->settled_out);
    head.epoch++;
    assert_int_equal(
        settle_with(work, peer, head_write(&head, work->arena), false),
        ERR_NONE);
    assert_false(peer->settled_out);
    assert_true(peer->wants_head);
    peer->touched = true;
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    federation_run(desk.federation);
    assert_true(peer->settled_out);
    assert_true(place_of(&desk, LEDGER_OUT).generation == before.generation);
    desk_close(&desk);
}

static void a_conflict_stays_whatever_a_head_says(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct work *work = federation_begin(desk.federation, 0);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    settle_trouble(
        work, peer, peer_ledger(work, peer, LEDGER_OUT), LEDGER_CONFLICT);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    federation_crash(desk.federation, 0);
    federation_run(desk.federation);
    federation_wait(desk.federation, 600000);
    assert_int_equal(trouble(&desk, 0, LEDGER_OUT), LEDGER_CONFLICT);
    assert_false(federation_peer(desk.federation, 0, 1)->settled_out);
    desk_close(&desk);
}

static void a_new_log_key_does_not_stop_a_ledger(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    crypto_fake_signer_rotate(
        federation_crypto(desk.federation, 0), CRYPTO_SIGNER_LOG);
    federation_card_set(desk.federation, 0,
        federation_card_new(desk.federation, 0, 2,
            (struct instant){ FEDERATION_START_MS + 60 * FEDERATION_DAY_MS }));
    federation_crash(desk.federation, 0);
    federation_run(desk.federation);
    assert_string_equal(
        ledger_trouble_name(trouble(&desk, 0, LEDGER_OUT)), "none");
    const char *id = federation_submit(desk.federation, 0, 1, "after");
    federation_run(desk.federation);
    assert_string_equal(federation_state(desk.federation, 1, id), "delivered");
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_use_of_a_fence_retires_the_older),
        cmocka_unit_test(a_head_gives_a_fresh_fence_and_keeps_the_one_in_use),
        cmocka_unit_test(two_strangers_settle_with_nothing_held),
        cmocka_unit_test(after_any_restart_they_settle_again_and_go_on),
        cmocka_unit_test(a_head_brings_newer_cards_and_sheets),
        cmocka_unit_test(what_is_no_head_is_refused),
        cmocka_unit_test(
            an_old_backup_is_noticed_and_signs_nothing_before_it_is_whole),
        cmocka_unit_test(a_store_that_came_back_takes_nothing_under_its_fences),
        cmocka_unit_test(a_backup_of_now_is_no_loss),
        cmocka_unit_test(a_claim_against_us_must_be_proved),
        cmocka_unit_test(what_both_forgot_is_not_signed_over),
        cmocka_unit_test(
            a_parcel_in_flight_goes_on_when_its_recipient_lost_something),
        cmocka_unit_test(another_epoch_in_a_request_is_asked_about),
        cmocka_unit_test(a_conflict_stays_whatever_a_head_says),
        cmocka_unit_test(a_new_log_key_does_not_stop_a_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
