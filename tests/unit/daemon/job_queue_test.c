#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "daemon/job_queue.h"

enum { FLOOD_COUNT = 100, COUNT = 2048 };

static struct queued jobs[COUNT];

static struct queued *job(
    size_t index, enum job_type type, size_t size, size_t origin)
{
    jobs[index] = (struct queued){ .type = type, .size = size };
    memcpy(jobs[index].turn.origin, &origin, sizeof origin);
    return &jobs[index];
}

static struct queued *asked(size_t index, size_t origin)
{
    return job(index, JOB_OPEN_REQUEST, 1, origin);
}

/* How many of that size are taken, each of another origin, or all of one. */
static size_t put_all(
    struct job_queue *queue, enum job_type type, size_t size, bool is_one)
{
    size_t count = 0;
    while (count < COUNT &&
           job_queue_put(queue, job(count, type, size, is_one ? 1 : count + 2)))
        count++;
    return count;
}

/* Of that origin, from jobs[first]: how many find room. */
static size_t flood(struct job_queue *queue, size_t first, size_t origin)
{
    size_t count = 0;
    while (job_queue_put(queue, asked(first + count, origin)))
        count++;
    return count;
}

/* ---- Turns -------------------------------------------------------------- */

static void what_we_began_comes_in_its_order(void **state)
{
    static const enum job_type types[] = { JOB_SEAL_REPLY, JOB_SEAL_REQUEST,
        JOB_OPEN_REPLY, JOB_SEAL_REPLY };
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    assert_null(job_queue_take(&queue));
    for (size_t i = 0; i < 4; i++)
        assert_true(job_queue_put(&queue, job(i, types[i], 1, 0)));
    for (size_t i = 0; i < 4; i++)
        assert_ptr_equal(job_queue_take(&queue), &jobs[i]);
    assert_null(job_queue_take(&queue));
    assert_true(job_queue_put(&queue, job(0, JOB_SEAL_REPLY, 1, 0)));
    assert_ptr_equal(job_queue_take(&queue), &jobs[0]);
}

static void what_we_began_and_what_is_asked_come_by_turns(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    for (size_t i = 0; i < 3; i++)
        assert_true(job_queue_put(&queue, asked(i, 1)));
    for (size_t i = 3; i < 5; i++)
        assert_true(job_queue_put(&queue, job(i, JOB_SEAL_REPLY, 1, 0)));
    static const size_t expected[] = { 3, 0, 4, 1, 2 };
    for (size_t i = 0; i < 5; i++)
        assert_ptr_equal(job_queue_take(&queue), &jobs[expected[i]]);
    assert_null(job_queue_take(&queue));
}

static void who_asks_a_hundred_times_takes_no_other_ones_turn(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    for (size_t i = 0; i < FLOOD_COUNT; i++)
        assert_true(job_queue_put(&queue, asked(i, 1)));
    assert_true(job_queue_put(&queue, asked(FLOOD_COUNT, 2)));
    assert_ptr_equal(job_queue_take(&queue), &jobs[0]);
    assert_ptr_equal(job_queue_take(&queue), &jobs[FLOOD_COUNT]);
    for (size_t i = 1; i < FLOOD_COUNT; i++)
        assert_ptr_equal(job_queue_take(&queue), &jobs[i]);
    assert_null(job_queue_take(&queue));
}

/* One alone gets half, two a third each, and so on. */
static void who_floods_leaves_room(void **state)
{
    struct job_queue queue;
    size_t first = 0;
    (void)state;
    job_queue_init(&queue);
    assert_int_equal(flood(&queue, 0, 0), OPEN_COUNT_MAX / 2);
    first = OPEN_COUNT_MAX / 2;
    for (size_t origin = 1; origin < 8; origin++) {
        size_t count = flood(&queue, first, origin);
        assert_true(count > 0);
        first += count;
    }
    assert_true(first < OPEN_COUNT_MAX);
    assert_true(job_queue_put(&queue, asked(first, 8)));
    /* what waited in another's place is not lost */
    for (size_t i = 0; i <= first; i++)
        assert_non_null(job_queue_take(&queue));
    assert_null(job_queue_take(&queue));
    assert_int_equal(flood(&queue, 0, 0), OPEN_COUNT_MAX / 2);
}

static void all_together_have_no_more_than_its_room(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    for (size_t i = 0; i < OPEN_COUNT_MAX; i++)
        assert_true(job_queue_put(&queue, asked(i, i)));
    struct queued *late = asked(OPEN_COUNT_MAX, OPEN_COUNT_MAX);
    assert_false(job_queue_put(&queue, late));
    /* what we began has room always */
    assert_true(
        job_queue_put(&queue, job(OPEN_COUNT_MAX + 1, JOB_SEAL_REPLY, 1, 0)));
    assert_ptr_equal(job_queue_take(&queue), &jobs[OPEN_COUNT_MAX + 1]);
    assert_ptr_equal(job_queue_take(&queue), &jobs[0]);
    assert_true(job_queue_put(&queue, late));
}

/* ---- Room ---------------------------------------------------------------- */

static void each_type_has_a_pool_of_its_own(void **state)
{
    static const struct {
        enum job_type type;
        size_t size_max;
    } cases[] = {
        { JOB_OPEN_REQUEST, OPEN_SIZE_MAX },
        { JOB_OPEN_REPLY, OPEN_REPLY_SIZE_MAX },
        { JOB_SEAL_REPLY, SEAL_REPLY_SIZE_MAX },
        { JOB_SEAL_REQUEST, SEAL_REQUEST_SIZE_MAX },
    };
    struct job_queue queue;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct queued other = { .type = (cases[i].type + 1) % JOB_TYPE_COUNT,
            .size = FRAME_SIZE_MAX };
        job_queue_init(&queue);
        size_t count = put_all(&queue, cases[i].type, FRAME_SIZE_MAX, false);
        assert_int_equal(count, cases[i].size_max / FRAME_SIZE_MAX);
        assert_true(job_queue_put(&queue, &other));
    }
}

static void one_that_is_worked_on_still_counts(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    size_t count = put_all(&queue, JOB_SEAL_REQUEST, MESSAGE_SIZE_MAX, false);
    struct queued *taken = job_queue_take(&queue);
    struct queued *next = job(count, JOB_SEAL_REQUEST, MESSAGE_SIZE_MAX, 0);
    assert_false(job_queue_put(&queue, next));
    job_queue_done(&queue, taken);
    assert_true(job_queue_put(&queue, next));
}

static void one_other_end_has_but_a_share(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    assert_int_equal(put_all(&queue, JOB_OPEN_REQUEST, FRAME_SIZE_MAX, true),
        OPEN_SIZE_MAX / 4 / FRAME_SIZE_MAX);
    assert_true(job_queue_put(
        &queue, job(COUNT - 1, JOB_OPEN_REQUEST, FRAME_SIZE_MAX, 2)));
    job_queue_init(&queue);
    assert_int_equal(put_all(&queue, JOB_SEAL_REPLY, MESSAGE_SIZE_MAX, true),
        SEAL_REPLY_SIZE_MAX / 4 / MESSAGE_SIZE_MAX);
    assert_true(job_queue_put(
        &queue, job(COUNT - 1, JOB_SEAL_REPLY, MESSAGE_SIZE_MAX, 2)));
}

static void that_there_was_no_room_has_room(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    size_t count = put_all(&queue, JOB_SEAL_REPLY, MESSAGE_SIZE_MAX, false);
    for (; count < COUNT; count++)
        assert_true(job_queue_put(&queue, job(count, JOB_SEAL_REPLY, 0, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_began_comes_in_its_order),
        cmocka_unit_test(what_we_began_and_what_is_asked_come_by_turns),
        cmocka_unit_test(who_asks_a_hundred_times_takes_no_other_ones_turn),
        cmocka_unit_test(who_floods_leaves_room),
        cmocka_unit_test(all_together_have_no_more_than_its_room),
        cmocka_unit_test(each_type_has_a_pool_of_its_own),
        cmocka_unit_test(one_that_is_worked_on_still_counts),
        cmocka_unit_test(one_other_end_has_but_a_share),
        cmocka_unit_test(that_there_was_no_room_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
