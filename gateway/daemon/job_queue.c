#include "daemon/job_queue.h"

#include <assert.h>
#include <string.h>

#include "core/limits.h"

static const struct {
    size_t size_max;
    size_t size_max_each; /* of one origin, of those that wait */
} bounds[JOB_TYPE_COUNT] = {
    [JOB_OPEN_REQUEST] = { OPEN_SIZE_MAX, OPEN_SIZE_MAX / 4 },
    [JOB_SEAL_REPLY] = { SEAL_REPLY_SIZE_MAX, SEAL_REPLY_SIZE_MAX / 4 },
    [JOB_SEAL_REQUEST] = { SEAL_REQUEST_SIZE_MAX, SIZE_MAX },
    [JOB_OPEN_REPLY] = { OPEN_REPLY_SIZE_MAX, SIZE_MAX },
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

/* ---- Room --------------------------------------------------------------- */

static struct queued *of_turn(struct turns_item *item)
{
    return (struct queued *)(void *)item; /* which it begins with */
}

static size_t open_share(
    const struct job_queue *queue, const struct queued *job)
{
    size_t size = 0;
    struct turns_item *at = turns_first(&queue->opens, job->turn.origin);
    for (; at != NULL; at = at->next)
        size += of_turn(at)->size;
    return size;
}

/* But for a flood few are looked at: replies are few, or small. */
static size_t own_share(const struct job_queue *queue, const struct queued *job)
{
    size_t size = 0;
    for (const struct queued *at = queue->first; at != NULL; at = at->next)
        if (at->type == job->type &&
            memcmp(at->turn.origin, job->turn.origin, TURNS_ORIGIN_SIZE) == 0)
            size += at->size;
    return size;
}

static bool has_place(const struct job_queue *queue, const struct queued *job)
{
    return job->type != JOB_OPEN_REQUEST ||
           turns_count(&queue->opens, job->turn.origin) <
               OPEN_COUNT_MAX - queue->open_count;
}

static bool has_room(const struct job_queue *queue, const struct queued *job)
{
    size_t each = bounds[job->type].size_max_each;
    size_t size = queue->sizes[job->type] + job->size;
    if (job->size == 0)
        return true;
    if (size > bounds[job->type].size_max)
        return false;
    if (size <= each) /* there is no need to count */
        return true;
    size_t share = job->type == JOB_OPEN_REQUEST ? open_share(queue, job)
                                                 : own_share(queue, job);
    return share + job->size <= each;
}

/* ---- Jobs --------------------------------------------------------------- */

bool job_queue_put(struct job_queue *queue, struct queued *job)
{
    if (!has_place(queue, job) || !has_room(queue, job))
        return false;
    queue->sizes[job->type] += job->size;
    if (job->type == JOB_OPEN_REQUEST) {
        turns_put(&queue->opens, &job->turn);
        queue->open_count++;
        return true;
    }
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
    return true;
}

static struct queued *open_take(struct job_queue *queue)
{
    queue->open_count--;
    return of_turn(turns_take(&queue->opens));
}

struct queued *job_queue_take(struct job_queue *queue)
{
    struct queued *job = queue->first;
    bool opens = queue->open_count > 0 && (job == NULL || queue->open_waited);
    queue->open_waited = !opens;
    if (opens)
        return open_take(queue);
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return job;
}

void job_queue_done(struct job_queue *queue, const struct queued *job)
{
    assert(queue->sizes[job->type] >= job->size);
    queue->sizes[job->type] -= job->size;
}
