#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "core/register.h"
#include "core/scrub_mend.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"
#include "support/bench_router.h"

static struct key rows[DAMAGE_ROW_COUNT_MAX];
static uint64_t faults[SCRUB_FAULT_COUNT];

static void expect_whole(struct federation *federation, size_t agency)
{
    if (damage_found(federation, agency, faults) > 0)
        for (int i = 0; i < SCRUB_FAULT_COUNT; i++)
            if (faults[i] > 0)
                fail_msg("%s: %u", scrub_fault_name((enum scrub_fault)i),
                    (unsigned)faults[i]);
}

/* In several states, in both directions; all is said and answered. */
static struct federation *busy(void)
{
    struct federation *federation = federation_of_two();
    const char *first = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act(federation, 1, first, "accept", "a", NULL);
    federation_run(federation);
    (void)federation_submit(federation, 0, 1, "second");
    (void)federation_submit(federation, 1, 0, "back");
    federation_run(federation);
    return federation;
}

static uint64_t mended(struct federation *federation, size_t agency)
{
    return federation_node(federation, agency)->patrol.mended;
}

/* Each segment that is gone, or of which a bit has turned, comes back, and
 * what programs read is what it was. */
static void a_damaged_content_comes_back_in_place(void **state)
{
    (void)state;
    for (size_t agency = 0; agency < 2; agency++)
        for (int all = 0; all < 2; all++) {
            struct federation *federation = busy();
            size_t count = damage_rows(federation, agency, 'c', rows);
            assert_true(count > 3);
            for (size_t i = 0; i < count; i++) {
                federation_mark(federation);
                damage_row(federation, agency, rows[i], all != 0);
                assert_true(damage_found(federation, agency, faults) > 0);
                damage_patrol(federation, agency);
                assert_true(mended(federation, agency) > 0);
                federation_wait(federation, PATROL_AGAIN_MS);
                expect_whole(federation, agency);
                federation_return(federation);
            }
            federation_free(federation);
        }
}

static void a_program_reads_what_was_said_before(void **state)
{
    struct federation *federation = busy();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "told");
    federation_run(federation);
    size_t count = damage_rows(federation, 1, 'c', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, 1, rows[i], true);
    federation_crash(federation, 1); /* nothing is in its memory */
    federation_run(federation);
    damage_patrol(federation, 1);
    expect_whole(federation, 1);
    const struct local_reply *reply = federation_get(federation, 1, id);
    assert_non_null(reply);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *element = reply_record(reply, "element", 0);
    assert_non_null(element);
    assert_true(record_text(element, "value").size > 0);
    federation_free(federation);
}

static const struct local_reply *ask(
    struct federation *federation, const char *operation, const char *id)
{
    struct call call;
    call_begin(&call, operation);
    if (id != NULL)
        call_text(&call, "id", id);
    const struct local_reply *reply = federation_call(federation, 1, &call);
    assert_non_null(reply);
    return reply;
}

static const struct local_reply *ask_cursor(
    struct federation *federation, const char *operation)
{
    struct call call;
    call_begin(&call, operation);
    call_text(&call, "name", "ward");
    if (strcmp(operation, "cursor.next") == 0)
        call_number(&call, "count", LOCAL_PAGE_COUNT_MAX);
    const struct local_reply *reply = federation_call(federation, 1, &call);
    assert_non_null(reply);
    return reply;
}

static void expect_later(const struct local_reply *reply)
{
    assert_int_equal(reply->err, ERR_BUSY);
    assert_int_equal(reply->problem, PROBLEM_TRY_LATER);
    assert_int_equal(reply->record_count, 0);
}

/* By itself, as somebody asked for it. */
static void patrol_ends(struct federation *federation)
{
    const struct patrol *patrol = &federation_node(federation, 1)->patrol;
    for (int i = 0; patrol->checks == 0; i++) {
        assert_true(i < 1000);
        federation_wait(federation, PATROL_PAUSE_MS);
    }
    federation_run(federation);
}

/* The first content of that blob: see content.c for its form. */
static void damage_first(struct federation *federation, struct key key)
{
    struct work *work = federation_begin(federation, 1);
    struct slice blob = store_get(work->txn, key_slice(&key));
    uint8_t *copy = arena_take(work->scratch, blob.size);
    assert_non_null(copy);
    memcpy(copy, blob.bytes, blob.size);
    size_t first = 4 + 4 * (size_t)copy[3];
    copy[first + ((size_t)copy[6] << 8 | copy[7]) - 1] ^= 1;
    store_put(work->txn, key_slice(&key), slice_of(copy, blob.size));
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
}

/* Nothing else stops: what is whole is told, the rest is asked for at once. */
static void who_asks_for_damaged_words_is_told_to_ask_later(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct federation *federation = busy();
        size_t before = damage_rows(federation, 1, 'c', rows);
        const char *id = federation_submit(federation, 0, 1, "told");
        federation_run(federation);
        assert_true(damage_rows(federation, 1, 'c', rows) > before);
        if (all != 0)
            damage_row(federation, 1, rows[before], true);
        else
            damage_first(federation, rows[before]);
        federation_crash(federation, 1); /* nothing is in its memory */
        federation_run(federation);
        size_t listed = ask(federation, "list", NULL)->record_count;
        assert_int_equal(listed, 4);
        expect_later(ask(federation, "get", id));
        assert_int_equal(ask_cursor(federation, "cursor.open")->err, ERR_NONE);
        const struct local_reply *reply = ask_cursor(federation, "cursor.next");
        assert_int_equal(reply->err, ERR_NONE); /* those before it */
        assert_true(reply_count(reply, "event") > 1);
        expect_later(ask_cursor(federation, "cursor.next"));
        patrol_ends(federation);
        expect_whole(federation, 1);
        reply = ask(federation, "get", id);
        assert_int_equal(reply->err, ERR_NONE);
        assert_true(
            record_text(reply_record(reply, "element", 0), "value").size > 0);
        reply = ask_cursor(federation, "cursor.next");
        assert_int_equal(reply->err, ERR_NONE);
        assert_int_equal(reply_count(reply, "event"), 1);
        federation_free(federation);
    }
}

/* It cannot be dialled: it brings the parcel when it collects. */
static void who_only_dials_out_brings_it(void **state)
{
    struct arena arena;
    struct federation *federation = router_federation(&arena);
    (void)state;
    federation_agree(federation);
    (void)federation_submit(federation, 0, 1, "first");
    (void)federation_submit(federation, 1, 0, "back");
    for (int i = 0; i < 4; i++)
        federation_wait(federation, RETRY_DELAY_MS_MAX);
    for (size_t agency = 0; agency < 2; agency++) {
        size_t count = damage_rows(federation, agency, 'c', rows);
        for (size_t i = 0; i < count; i++)
            damage_row(federation, agency, rows[i], true);
        damage_patrol(federation, agency);
        for (int i = 0; i < 6; i++)
            federation_wait(federation, RETRY_DELAY_MS_MAX);
        assert_true(mended(federation, agency) > 0);
        expect_whole(federation, agency);
    }
    federation_free(federation);
    arena_release(&arena);
}

/* ---- What is not mended -------------------------------------------------- */

/* It says no, or has nothing: it is asked once, and the line goes on. */
static void a_peer_that_does_not_hold_it_is_asked_once(void **state)
{
    struct federation *federation = busy();
    (void)state;
    for (size_t agency = 0; agency < 2; agency++) {
        size_t count = damage_rows(federation, agency, 'c', rows);
        for (size_t i = 0; i < count; i++)
            damage_row(federation, agency, rows[i], true);
    }
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    mend_begin(peer, LEDGER_OUT, 1, 0); /* no such generation */
    peer->touched = true;
    assert_false(work_failed(work));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_run(federation);
    assert_false(mend_is_wanted(federation_peer(federation, 0, 1)));
    assert_int_equal(mended(federation, 0), 0);
    federation_free(federation);
}

/* It is damaged there as well: the line goes on, and asks again later. */
static void what_is_damaged_at_both_ends_holds_up_nothing(void **state)
{
    struct federation *federation = busy();
    (void)state;
    for (size_t agency = 0; agency < 2; agency++) {
        size_t count = damage_rows(federation, agency, 'c', rows);
        for (size_t i = 0; i < count; i++)
            damage_row(federation, agency, rows[i], true);
        federation_crash(federation, agency); /* nothing is in its memory */
    }
    federation_run(federation);
    damage_patrol(federation, 0);
    assert_true(federation_logged(federation, 1, LOG_PEER_REFUSED) > 1);
    assert_false(mend_is_wanted(federation_peer(federation, 0, 1)));
    assert_int_equal(federation_peer(federation, 0, 1)->failure_count, 0);
    assert_int_equal(mended(federation, 0), 0);
    const char *id = federation_submit(federation, 0, 1, "next");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

static struct bench_message fetch_of(struct federation *federation)
{
    for (size_t i = 0; i < federation_message_count(federation); i++)
        if (federation_message(federation, i)->kind == REQUEST_FETCH)
            return *federation_message(federation, i);
    return (struct bench_message){ 0 };
}

/* Another content, another salt, another header, or none any more: nothing of
 * it is taken. What is taken is not taken twice. */
static void what_is_not_the_entrys_is_not_taken(void **state)
{
    (void)state;
    for (int part = 0; part < 5; part++) {
        struct federation *federation = busy();
        struct arena arena;
        struct fetched fetched;
        struct bench_reply reply;
        assert_int_equal(arena_init(&arena, 4u << 20), ERR_NONE);
        size_t count = damage_rows(federation, 0, 'c', rows);
        for (size_t i = 0; i < count; i++)
            damage_row(federation, 0, rows[i], true);
        struct patrol *patrol = &federation_node(federation, 0)->patrol;
        patrol->due_steady_ms = 0;
        federation_node(federation, 0)->wake_steady_ms = 0;
        while (fetch_of(federation).body.bytes == NULL) {
            struct work *work = federation_begin(federation, 0);
            work->steady_ms = patrol->due_steady_ms;
            assert_int_equal(federation_end(federation, 0), ERR_NONE);
        }
        federation_request(
            federation, 0, 1, REQUEST_FETCH, fetch_of(federation).body, &reply);
        assert_int_equal(reply.kind, REPLY_FETCHED);
        assert_int_equal(fetched_read(reply.body, &arena, &fetched), ERR_NONE);
        struct entry *entry =
            (struct entry *)(uintptr_t)&fetched.parcels[0].entries[0];
        struct slice *parts[] = { &entry->content, &entry->salt,
            &entry->header };
        if (part < 3)
            ((uint8_t *)(uintptr_t)parts[part]->bytes)[0] ^= 1;
        if (part == 4) /* erased over there */
            entry->content = entry->salt = SLICE_NONE;
        struct work *work = federation_begin(federation, 0);
        struct peer *peer = federation_peer(federation, 0, 1);
        const struct mend wanted = peer->mend;
        struct slice body = fetched_write(&fetched, &arena);
        const char *problem = mend_take(work, peer, body);
        uint64_t once = mended(federation, 0);
        peer->mend = wanted;
        assert_true((mend_take(work, peer, body) != NULL) == (part == 2));
        assert_int_equal(mended(federation, 0), once);
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        if (part == 2)
            assert_string_equal(problem, "fetched_other");
        else
            assert_null(problem);
        bool was_first_alone = fetched.parcels[0].entry_count == 1;
        if (part == 3)
            assert_true(mended(federation, 0) > 0);
        else if (part == 2 || was_first_alone)
            assert_int_equal(mended(federation, 0), 0);
        federation_free(federation);
        arena_release(&arena);
    }
}

/* 1 looks at its store and asks for what it lacks; what 0 has to say is lost */
static void look_without_parcels(struct federation *federation)
{
    struct patrol *patrol = &federation_node(federation, 1)->patrol;
    uint64_t checks = patrol->checks;
    patrol->due_steady_ms = 0;
    while (patrol->checks == checks) {
        struct work *work = federation_begin(federation, 1);
        work->steady_ms = patrol->due_steady_ms;
        assert_int_equal(federation_end(federation, 1), ERR_NONE);
    }
    while (federation_message_count(federation) > 0) {
        const struct bench_message *message = federation_message(federation, 0);
        if (message->from == 0 && !message->is_reply)
            federation_lose(federation, 0);
        else
            federation_deliver(federation, 0);
    }
}

static uint64_t vault_entry(struct federation *federation, const char *id)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 1);
    uint64_t entry = register_get(work, &uuid)->entry;
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    return entry;
}

static void erase_element(struct federation *federation, const char *id)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "person_asked");
    call_text(&call, "elements", "call_name");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
}

/* It was erased where it came from, and that has not been heard here yet:
 * nobody has the words, and nothing waits for them any more. */
static void what_nobody_has_any_more_counts_as_erased(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct federation *federation = busy();
        size_t before = damage_rows(federation, 1, 'c', rows);
        const char *id = federation_submit(federation, 0, 1, "told");
        federation_run(federation);
        assert_true(damage_rows(federation, 1, 'c', rows) > before);
        if (all != 0)
            damage_row(federation, 1, rows[before], true);
        else
            damage_first(federation, rows[before]);
        federation_crash(federation, 1); /* nothing is in its memory */
        federation_run(federation);
        uint64_t entry = vault_entry(federation, id);
        erase_element(federation, id);
        for (int i = 0; i < 2; i++) /* a parcel at a time */
            look_without_parcels(federation);
        assert_int_equal(federation_logged(federation, 1, LOG_WORDS_GONE), 1);
        for (int i = 0; i < 3; i++)
            federation_wait(federation, PATROL_AGAIN_MS);
        expect_whole(federation, 1);
        /* and no old copy opens them */
        struct vault *vault = federation_node(federation, 1)->vault;
        assert_true(vault->ops->is_destroyed(vault, entry));
        assert_string_equal(federation_state(federation, 1, id),
            federation_state(federation, 0, id));
        federation_free(federation);
    }
}

/* On its way, and the other has it: only its receipt was lost. */
static void what_arrived_without_a_receipt_comes_back(void **state)
{
    struct federation *federation = busy();
    (void)state;
    size_t before = damage_rows(federation, 0, 'c', rows);
    const char *id = federation_submit(federation, 0, 1, "told");
    size_t count = damage_rows(federation, 0, 'c', rows);
    federation_deliver(federation, 0);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    for (size_t i = before; i < count; i++)
        damage_row(federation, 0, rows[i], true);
    federation_crash(federation, 0); /* nothing is in its memory */
    for (int i = 0; i < 3; i++)
        federation_wait(federation, PATROL_AGAIN_MS);
    assert_true(mended(federation, 0) > 0);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_int_equal(federation_peer(federation, 0, 1)->queued_count, 0);
    expect_whole(federation, 0);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_content_comes_back_in_place),
        cmocka_unit_test(a_program_reads_what_was_said_before),
        cmocka_unit_test(who_asks_for_damaged_words_is_told_to_ask_later),
        cmocka_unit_test(who_only_dials_out_brings_it),
        cmocka_unit_test(a_peer_that_does_not_hold_it_is_asked_once),
        cmocka_unit_test(what_is_damaged_at_both_ends_holds_up_nothing),
        cmocka_unit_test(what_is_not_the_entrys_is_not_taken),
        cmocka_unit_test(what_nobody_has_any_more_counts_as_erased),
        cmocka_unit_test(what_arrived_without_a_receipt_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
