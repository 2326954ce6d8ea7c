#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "core/limits.h"
#include "daemon/clock.h"
#include "daemon/inbox.h"

#define COUNT_MAX INBOX_COUNT_MAX
#define BYTES_MAX INBOX_SIZE_MAX

static struct inbox_item *item_new(uint64_t number, size_t size)
{
    struct inbox_item *item = calloc(1, sizeof *item);
    assert_non_null(item);
    item->input.of.client.client = number;
    item->size = size;
    return item;
}

static uint64_t number_of(const struct inbox_item *item)
{
    return item->input.of.client.client;
}

static size_t free_all(struct inbox_item *items)
{
    size_t count = 0;
    while (items != NULL) {
        struct inbox_item *next = items->next;
        inbox_item_free(items);
        items = next;
        count++;
    }
    return count;
}

static struct inbox *open_inbox(void)
{
    struct inbox *inbox;
    assert_int_equal(inbox_new(&inbox), ERR_NONE);
    return inbox;
}

static struct inbox_item *take(
    struct inbox *inbox, size_t count_max, size_t size_max)
{
    bool was_full;
    return inbox_take(inbox, clock_steady_ms(), count_max, size_max, &was_full);
}

static void items_come_out_in_the_order_they_went_in(void **state)
{
    struct inbox *inbox = open_inbox();
    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        inbox_put(inbox, item_new(i, 10));
    struct inbox_item *items = take(inbox, 3, 1000);
    uint64_t expected = 0;
    for (struct inbox_item *item = items; item != NULL; item = item->next)
        assert_int_equal(number_of(item), expected++);
    assert_int_equal(free_all(items), 3);
    inbox_put(inbox, item_new(5, 10));
    items = take(inbox, 100, 1000);
    for (struct inbox_item *item = items; item != NULL; item = item->next)
        assert_int_equal(number_of(item), expected++);
    assert_int_equal(free_all(items), 3);
    assert_null(take(inbox, 100, 1000));
    inbox_free(inbox);
}

static void size_bounds_what_is_taken_but_for_the_first(void **state)
{
    struct inbox *inbox = open_inbox();
    (void)state;
    inbox_put(inbox, item_new(0, 500));
    inbox_put(inbox, item_new(1, 60));
    inbox_put(inbox, item_new(2, 40));
    inbox_put(inbox, item_new(3, 1));
    assert_int_equal(free_all(take(inbox, 10, 100)), 1);
    assert_int_equal(free_all(take(inbox, 10, 100)), 2);
    assert_int_equal(free_all(take(inbox, 10, 100)), 1);
    inbox_free(inbox);
}

static struct inbox_item *peers_item_new(
    enum node_input_type type, uint64_t number, size_t size)
{
    struct inbox_item *item = item_new(number, size);
    item->input.type = type;
    return item;
}

static void expect_numbers(
    struct inbox_item *items, const uint64_t *numbers, size_t count)
{
    size_t i = 0;
    for (struct inbox_item *item = items; item != NULL; item = item->next) {
        assert_true(i < count);
        assert_int_equal(number_of(item), numbers[i++]);
    }
    assert_int_equal(i, count);
    (void)free_all(items);
}

/* Takes what there is: numbers of its items, in their order. */
static void expect_taken(
    struct inbox *inbox, const uint64_t *numbers, size_t count)
{
    expect_numbers(take(inbox, 256, 4u << 20), numbers, count);
}

/* However long it takes until there is something. */
static void expect_next(
    struct inbox *inbox, const uint64_t *numbers, size_t count)
{
    bool was_full;
    expect_numbers(
        inbox_take(inbox, INT64_MAX, 256, 4u << 20, &was_full), numbers, count);
}

static void what_a_peer_says_passes_what_is_handed_over_in_bulk(void **state)
{
    struct inbox *inbox = open_inbox();
    (void)state;
    inbox_put(inbox, item_new(1, 1u << 20));
    inbox_put(inbox, item_new(2, 10));
    inbox_put(inbox, peers_item_new(NODE_PEER_REPLY, 3, 100));
    inbox_put(inbox, peers_item_new(NODE_PEER_REQUEST, 4, 1u << 20));
    expect_taken(inbox, (const uint64_t[]){ 3, 4 }, 2);
    /* but not twice in a row */
    inbox_put(inbox, peers_item_new(NODE_PEER_REPLY, 5, 100));
    expect_taken(inbox, (const uint64_t[]){ 1, 2, 5 }, 3);
    expect_taken(inbox, NULL, 0);
    inbox_free(inbox);
}

static void what_is_small_is_taken_with_what_a_peer_says(void **state)
{
    struct inbox *inbox = open_inbox();
    (void)state;
    inbox_put(inbox, item_new(1, 2000));
    inbox_put(inbox, item_new(2, 2000));
    inbox_put(inbox, peers_item_new(NODE_PEER_REPLY, 3, 1u << 20));
    expect_taken(inbox, (const uint64_t[]){ 3, 1, 2 }, 3);
    inbox_put(inbox, peers_item_new(NODE_PEER_REPLY, 4, 10));
    inbox_put(inbox, item_new(5, 10));
    expect_taken(inbox, (const uint64_t[]){ 4, 5 }, 2);
    inbox_free(inbox);
}

#define HOUR_MS (60u * 60 * 1000)

static struct inbox_item *patient_new(uint64_t number, uint32_t wait_ms)
{
    struct inbox_item *item = item_new(number, 1);
    item->wait_ms = wait_ms;
    return item;
}

static void *put_second(void *inbox)
{
    inbox_put(inbox, item_new(2, 1));
    return NULL;
}

static void what_can_wait_is_taken_with_what_comes_next(void **state)
{
    struct inbox *inbox = open_inbox();
    pthread_t thread;
    (void)state;
    inbox_put(inbox, patient_new(1, HOUR_MS));
    assert_int_equal(pthread_create(&thread, NULL, put_second, inbox), 0);
    expect_next(inbox, (const uint64_t[]){ 1, 2 }, 2);
    assert_int_equal(pthread_join(thread, NULL), 0);
    inbox_free(inbox);
}

static void what_can_wait_does_not_wait_for_ever(void **state)
{
    struct inbox *inbox = open_inbox();
    (void)state;
    inbox_put(inbox, patient_new(1, HOUR_MS));
    inbox_put(inbox, patient_new(2, 1));
    /* the least patient is waited for */
    expect_next(inbox, (const uint64_t[]){ 1, 2 }, 2);
    /* and nobody longer than the taker has time */
    inbox_put(inbox, patient_new(3, HOUR_MS));
    expect_taken(inbox, (const uint64_t[]){ 3 }, 1);
    inbox_put(inbox, patient_new(4, HOUR_MS));
    inbox_wake(inbox);
    expect_next(inbox, (const uint64_t[]){ 4 }, 1);
    inbox_free(inbox);
}

/* What that one says, of 40,000 bytes. */
static struct inbox_item *said_new(uint8_t origin, uint64_t number)
{
    struct inbox_item *item = peers_item_new(NODE_PEER_REQUEST, number, 40000);
    item->turn.origin[0] = origin;
    return item;
}

static void who_says_a_hundred_things_takes_no_other_ones_turn(void **state)
{
    enum { FLOOD = 1, OTHER, BATCH_COUNT = 4, SAID_COUNT = 100 };
    struct inbox *inbox = open_inbox();
    (void)state;
    for (uint64_t i = 0; i < SAID_COUNT; i++)
        inbox_put(inbox, said_new(FLOOD, i));
    inbox_put(inbox, said_new(OTHER, SAID_COUNT));
    inbox_put(inbox, said_new(OTHER, SAID_COUNT + 1));
    /* with the first batch, as if there were nothing else, in its order */
    expect_numbers(take(inbox, BATCH_COUNT, 4u << 20),
        (const uint64_t[]){ 0, SAID_COUNT, 1, SAID_COUNT + 1 }, BATCH_COUNT);
    /* and where bytes are what bounds it */
    inbox_put(inbox, said_new(OTHER, SAID_COUNT + 2));
    expect_numbers(take(inbox, BATCH_COUNT, 80000),
        (const uint64_t[]){ 2, SAID_COUNT + 2 }, 2);
    expect_numbers(take(inbox, BATCH_COUNT, 80000), (const uint64_t[]){ 3, 4 },
        2);            /* none of the others is there */
    inbox_free(inbox); /* frees what is left */
}

static void who_finds_it_full_is_told_and_called_back(void **state)
{
    struct inbox *inbox = open_inbox();
    bool was_full;
    (void)state;
    for (uint64_t i = 0; i < COUNT_MAX; i++)
        assert_true(inbox_try(inbox, item_new(i, 1)));
    struct inbox_item *refused = item_new(9, 1);
    assert_false(inbox_try(inbox, refused));
    struct inbox_item *items =
        inbox_take(inbox, clock_steady_ms(), 1, 100, &was_full);
    assert_true(was_full);
    assert_int_equal(free_all(items), 1);
    assert_true(inbox_try(inbox, refused));
    items = inbox_take(inbox, clock_steady_ms(), 1, 100, &was_full);
    assert_false(was_full);
    assert_int_equal(free_all(items), 1);
    inbox_free(inbox); /* frees what is left */
}

static void bytes_fill_it_as_well(void **state)
{
    struct inbox *inbox = open_inbox();
    struct inbox_item *last = item_new(1, 1);
    (void)state;
    assert_true(inbox_try(inbox, item_new(0, BYTES_MAX)));
    assert_false(inbox_try(inbox, last));
    assert_int_equal(free_all(take(inbox, 1, 1)), 1);
    assert_true(inbox_try(inbox, last));
    inbox_free(inbox);
}

static void *put_one(void *inbox)
{
    inbox_put(inbox, item_new(COUNT_MAX, 1));
    return NULL;
}

static void putting_waits_for_room(void **state)
{
    struct inbox *inbox = open_inbox();
    pthread_t thread;
    size_t count = 0;
    (void)state;
    for (uint64_t i = 0; i < COUNT_MAX; i++)
        inbox_put(inbox, item_new(i, 1));
    assert_int_equal(pthread_create(&thread, NULL, put_one, inbox), 0);
    while (count < COUNT_MAX + 1) {
        bool was_full;
        struct inbox_item *items =
            inbox_take(inbox, INT64_MAX, 1, 100, &was_full);
        assert_int_equal(number_of(items), count);
        count += free_all(items);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    inbox_free(inbox);
}

static void *wake(void *inbox)
{
    inbox_wake(inbox);
    return NULL;
}

static void a_wake_ends_one_wait_even_if_it_came_before(void **state)
{
    struct inbox *inbox = open_inbox();
    pthread_t thread;
    bool was_full;
    (void)state;
    inbox_wake(inbox);
    assert_null(inbox_take(inbox, INT64_MAX, 1, 1, &was_full));
    assert_int_equal(pthread_create(&thread, NULL, wake, inbox), 0);
    assert_null(inbox_take(inbox, INT64_MAX, 1, 1, &was_full));
    assert_int_equal(pthread_join(thread, NULL), 0);
    inbox_free(inbox);
}

static void a_time_that_has_come_ends_the_wait(void **state)
{
    struct inbox *inbox = open_inbox();
    bool was_full;
    (void)state;
    int64_t until = clock_steady_ms() + 2;
    assert_null(inbox_take(inbox, until, 1, 1, &was_full));
    assert_true(clock_steady_ms() >= until);
    assert_null(inbox_take(inbox, 0, 1, 1, &was_full));
    inbox_free(inbox);
}

/* The core thread ended, for whatever reason: the process must end too. */
static void a_closed_inbox_lets_go_who_waits_for_room(void **state)
{
    struct inbox *inbox = open_inbox();
    pthread_t thread;
    (void)state;
    for (uint64_t i = 0; i < COUNT_MAX; i++)
        inbox_put(inbox, item_new(i, 1));
    assert_int_equal(pthread_create(&thread, NULL, put_one, inbox), 0);
    inbox_close(inbox);
    assert_int_equal(pthread_join(thread, NULL), 0);
    struct inbox_item *item = item_new(1, 1);
    assert_false(inbox_try(inbox, item));
    inbox_put(inbox, item); /* frees it */
    inbox_free(inbox);
}

static void nothing_may_be_freed(void **state)
{
    (void)state;
    inbox_item_free(NULL);
    inbox_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_the_order_they_went_in),
        cmocka_unit_test(size_bounds_what_is_taken_but_for_the_first),
        cmocka_unit_test(what_a_peer_says_passes_what_is_handed_over_in_bulk),
        cmocka_unit_test(what_is_small_is_taken_with_what_a_peer_says),
        cmocka_unit_test(what_can_wait_is_taken_with_what_comes_next),
        cmocka_unit_test(what_can_wait_does_not_wait_for_ever),
        cmocka_unit_test(who_says_a_hundred_things_takes_no_other_ones_turn),
        cmocka_unit_test(who_finds_it_full_is_told_and_called_back),
        cmocka_unit_test(bytes_fill_it_as_well),
        cmocka_unit_test(putting_waits_for_room),
        cmocka_unit_test(a_wake_ends_one_wait_even_if_it_came_before),
        cmocka_unit_test(a_time_that_has_come_ends_the_wait),
        cmocka_unit_test(a_closed_inbox_lets_go_who_waits_for_room),
        cmocka_unit_test(nothing_may_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
