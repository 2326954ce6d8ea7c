#include "daemon/job_queue.h"

#include <assert.h>

#include "core/limits.h"

static const struct {
    size_t count_max;
    size_t size_max;
    size_t size_max_each; /* of one origin, of those that wait */
} bounds[JOB_TYPE_COUNT] = {
    /* clang-format off */
    [JOB_OPEN_REQUEST] = { OPEN_COUNT_MAX, OPEN_SIZE_MAX,  OPEN_SIZE_MAX / 4 },
    [JOB_SEAL_REPLY]   = { SIZE_MAX, SEAL_REPLY_SIZE_MAX,
                           SEAL_REPLY_SIZE_MAX / 4 },
    [JOB_SEAL_REQUEST] = { SIZE_MAX, SEAL_REQUEST_SIZE_MAX,         SIZE_MAX },
    [JOB_OPEN_REPLY]   = { SIZE_MAX, OPEN_REPLY_SIZE_MAX,           SIZE_MAX },
    /* clang-format on */
};

/* The largest of each type fits into an empty pool, and into a share. */
_Static_assert(OPEN_SIZE_MAX / 4 >= FRAME_SIZE_MAX &&
                   SEAL_REPLY_SIZE_MAX / 4 >= MESSAGE_SIZE_MAX &&
                   SEAL_REQUEST_SIZE_MAX >= MESSAGE_SIZE_MAX &&
                   OPEN_REPLY_SIZE_MAX >= FRAME_SIZE_MAX,
    "one of the largest is always taken");

void job_queue_init(struct job_queue *queue)
{
    *queue = (struct job_queue){ .last = &queue->first };
}

/* At most OPEN_COUNT_MAX are looked at but for a flood of replies, which are
 * few and large. */
static size_t share_of(const struct job_queue *queue, const struct queued *job)
{
    size_t size = 0;
    for (const struct queued *at = queue->first; at != NULL; at = at->next)
        if (at->type == job->type && at->origin == job->origin)
            size += at->size;
    return size;
}

static bool has_room(const struct job_queue *queue, const struct queued *job)
{
    enum job_type type = job->type;
    size_t each = bounds[type].size_max_each;
    if (queue->counts[type] >= bounds[type].count_max)
        return false;
    if (job->size == 0)
        return true;
    if (queue->sizes[type] + job->size > bounds[type].size_max)
        return false;
    /* as long as the pool has room for all there is no need to count */
    return queue->sizes[type] + job->size <= each ||
           share_of(queue, job) + job->size <= each;
}

bool job_queue_put(struct job_queue *queue, struct queued *job)
{
    if (!has_room(queue, job))
        return false;
    queue->counts[job->type]++;
    queue->sizes[job->type] += job->size;
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
    return true;
}

struct queued *job_queue_take(struct job_queue *queue)
{
    struct queued *job = queue->first;
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    queue->counts[job->type]--;
    return job;
}

void job_queue_done(struct job_queue *queue, const struct queued *job)
{
    assert(queue->sizes[job->type] >= job->size);
    queue->sizes[job->type] -= job->size;
}
