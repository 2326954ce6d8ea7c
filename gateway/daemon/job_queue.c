#include "daemon/job_queue.h"

#include "core/limits.h"

void job_queue_init(struct job_queue *queue)
{
    *queue = (struct job_queue){ .last = &queue->first };
}

static bool open_put(struct job_queue *queue, struct queued *job)
{
    size_t free_count = OPEN_COUNT_MAX - queue->open_count;
    if (turns_count(&queue->opens, job->turn.origin) >= free_count)
        return false;
    turns_put(&queue->opens, &job->turn);
    queue->open_count++;
    return true;
}

bool job_queue_put(struct job_queue *queue, struct queued *job)
{
    if (job->type == JOB_OPEN_REQUEST)
        return open_put(queue, job);
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
    return true;
}

static struct queued *open_take(struct job_queue *queue)
{
    queue->open_count--;
    return (struct queued *)(void *)turns_take(&queue->opens);
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
