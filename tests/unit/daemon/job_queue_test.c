#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/limits.h"
#include "daemon/job_queue.h"

#define COUNT 2048u

static struct queued jobs[COUNT];

static struct queued *job(
    size_t index, enum job_type type, size_t size, uint64_t origin)
{
    jobs[index] =
        (struct queued){ .type = type, .size = size, .origin = origin };
    return &jobs[index];
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

static void jobs_come_out_in_the_order_they_went_in(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    assert_null(job_queue_take(&queue));
    for (size_t i = 0; i < JOB_TYPE_COUNT; i++)
        assert_true(job_queue_put(&queue, job(i, (enum job_type)i, 10 * i, 0)));
    for (size_t i = 0; i < JOB_TYPE_COUNT; i++)
        assert_ptr_equal(job_queue_take(&queue), &jobs[i]);
    assert_null(job_queue_take(&queue));
}

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

static void small_requests_are_counted(void **state)
{
    struct job_queue queue;
    (void)state;
    job_queue_init(&queue);
    assert_int_equal(
        put_all(&queue, JOB_OPEN_REQUEST, 1, false), OPEN_COUNT_MAX);
    assert_non_null(job_queue_take(&queue));
    assert_true(job_queue_put(&queue, job(COUNT - 1, JOB_OPEN_REQUEST, 1, 0)));
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
        cmocka_unit_test(jobs_come_out_in_the_order_they_went_in),
        cmocka_unit_test(each_type_has_a_pool_of_its_own),
        cmocka_unit_test(one_that_is_worked_on_still_counts),
        cmocka_unit_test(one_other_end_has_but_a_share),
        cmocka_unit_test(small_requests_are_counted),
        cmocka_unit_test(that_there_was_no_room_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
