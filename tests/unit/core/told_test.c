#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/feed.h"
#include "core/ledger.h"
#include "core/told.h"
#include "support/bench_node.h"

#define COUNT 40

/* Referrals of 0 to 1, each in a parcel of its own, a minute apart. */
struct desk {
    struct federation *federation;
    uint64_t positions[COUNT];
    struct feed_event events[COUNT];
};

static void desk_open(struct desk *desk, int64_t minute_ms)
{
    char key[16];
    desk->federation = federation_of_two();
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(key, sizeof key, "%zu", i);
        struct work *work = federation_begin(desk->federation, 0);
        struct feed_event event = { .position = 0 };
        uint64_t head = 0;
        while (feed_next(work, head + 1, &event))
            head = event.position;
        assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
        (void)federation_submit(desk->federation, 0, 1, key);
        federation_run(desk->federation);
        desk->positions[i] = head + 1;
        federation_wait(desk->federation, minute_ms);
    }
}

static struct told_entry told_of(struct work *work, uint64_t position)
{
    struct feed_event event;
    assert_true(feed_next(work, position, &event));
    assert_int_equal(event.position, position);
    assert_int_equal(event.step, EVENT_SEND);
    return (struct told_entry){ .position = position,
        .by_us = event.by_us,
        .at = event.at,
        .generation = event.generation,
        .index = event.index };
}

/* As long as nobody has signed for it. */
static struct told_entry told_unplaced(struct work *work, uint64_t position)
{
    struct told_entry told = told_of(work, position);
    told.generation = told.index = 0;
    return told;
}

static size_t attached_count(struct desk *desk)
{
    size_t count = 0;
    struct work *work = federation_begin(desk->federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(desk->federation, 0, 1), LEDGER_OUT);
    for (uint64_t index = 0; index < out->frontier.size;) {
        struct ledger_parcel parcel;
        assert_true(ledger_parcel_at(work, out, index, &parcel));
        for (size_t i = 0; i < parcel.count; i++)
            count += parcel.entries[i].has_referral &&
                     parcel.entries[i].attached && !parcel.entries[i].withheld;
        index = parcel.first_index + parcel.count;
    }
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    return count;
}

/* Each is found, whatever the clock was, and nothing else is touched. */
static void each_is_detached(int64_t minute_ms)
{
    static struct desk desk;
    desk_open(&desk, minute_ms);
    assert_int_equal(attached_count(&desk), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        struct work *work = federation_begin(desk.federation, 0);
        struct told_entry told =
            told_unplaced(work, desk.positions[(i * 7) % COUNT]);
        told_turn(work, federation_peer(desk.federation, 0, 1), &told,
            CONTENT_NONE, CONTENT_NONE, 0);
        assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
        assert_int_equal(attached_count(&desk), COUNT - 1 - i);
    }
    federation_free(desk.federation);
}

static void our_own_words_are_found_by_their_time(void **state)
{
    (void)state;
    each_is_detached(60000);
}

static void words_of_one_moment_are_told_apart(void **state)
{
    (void)state;
    each_is_detached(0);
}

static void a_time_that_is_wrong_is_searched_for(void **state)
{
    static struct desk desk;
    (void)state;
    desk_open(&desk, 60000);
    struct work *work = federation_begin(desk.federation, 0);
    struct told_entry told = told_unplaced(work, desk.positions[3]);
    told.at.unix_ms += 30 * FEDERATION_DAY_MS;
    told_turn(work, federation_peer(desk.federation, 0, 1), &told, CONTENT_NONE,
        CONTENT_NONE, 0);
    told = told_unplaced(work, desk.positions[30]);
    told.at.unix_ms -= 30 * FEDERATION_DAY_MS;
    told_withhold(work, federation_peer(desk.federation, 0, 1), &told);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(attached_count(&desk), COUNT - 2);
    federation_free(desk.federation);
}

/* Once both signed, wherever the clocks were. */
static void words_that_were_signed_for_are_found_by_their_place(void **state)
{
    static struct desk desk;
    (void)state;
    desk_open(&desk, 60000);
    struct work *work = federation_begin(desk.federation, 0);
    struct peer *peer = federation_peer(desk.federation, 0, 1);
    struct told_entry told = told_of(work, desk.positions[3]);
    assert_true(told.generation != 0);
    told.at.unix_ms += 30 * FEDERATION_DAY_MS;
    told_turn(work, peer, &told, CONTENT_NONE, CONTENT_NONE, 0);
    /* a place that is another's by now is none */
    told = told_of(work, desk.positions[5]);
    told.index++;
    told_turn(work, peer, &told, CONTENT_NONE, CONTENT_NONE, 0);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(attached_count(&desk), COUNT - 2);
    work = federation_begin(desk.federation, 0);
    peer = federation_peer(desk.federation, 0, 1);
    told = told_of(work, desk.positions[6]); /* it was not that one */
    told_turn(work, peer, &told, CONTENT_NONE, CONTENT_NONE, 0);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(attached_count(&desk), COUNT - 3);
    federation_free(desk.federation);
}

static void what_was_never_told_is_nowhere(void **state)
{
    static struct desk desk;
    (void)state;
    desk_open(&desk, 0);
    struct work *work = federation_begin(desk.federation, 0);
    struct told_entry told = told_of(work, desk.positions[3]);
    told.position += 100000;
    told_turn(work, federation_peer(desk.federation, 0, 1), &told, CONTENT_NONE,
        CONTENT_NONE, 0);
    told_withhold(work, federation_peer(desk.federation, 0, 1), &told);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(attached_count(&desk), COUNT);
    federation_free(desk.federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_words_are_found_by_their_time),
        cmocka_unit_test(words_of_one_moment_are_told_apart),
        cmocka_unit_test(a_time_that_is_wrong_is_searched_for),
        cmocka_unit_test(words_that_were_signed_for_are_found_by_their_place),
        cmocka_unit_test(what_was_never_told_is_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
