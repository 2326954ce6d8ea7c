/*
 * job_queue.h - what waits for the courier's workers: what we began, in its
 * order, and by turns with it requests that peers want opened, of which each
 * peer has its turn.
 *
 * Each type of job has a pool of bytes of its own, from its being put to its
 * end, so that none takes another's room; and where one other end could fill
 * the pool, a share of it. Of requests each peer has as many places as are
 * still free: one alone half of OPEN_COUNT_MAX, and others find room whatever
 * it does. Nobody waits for room: what finds none is answered with "busy", and
 * asked again by who asked. Not locked; allocates and frees nothing.
 */
#ifndef DAEMON_JOB_QUEUE_H
#define DAEMON_JOB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/turns.h"

enum job_type {
    JOB_OPEN_REQUEST,
    JOB_SEAL_REPLY,
    JOB_SEAL_REQUEST,
    JOB_OPEN_REPLY,
    JOB_TYPE_COUNT
};

/* The head of a job. One of no bytes says only that there was no room: of such
 * ones there are as many as exchanges and flights. */
struct queued {
    struct turns_item turn; /* its origin: who may fill a pool */
    struct queued *next;
    enum job_type type;
    size_t size; /* of its bytes */
};

struct job_queue {
    struct turns opens; /* each a JOB_OPEN_REQUEST */
    size_t open_count;
    bool open_waited;     /* while another was taken; it is next */
    struct queued *first; /* of all others */
    struct queued **last;
    size_t sizes[JOB_TYPE_COUNT]; /* of those that wait or are worked on */
};

void job_queue_init(struct job_queue *queue);

/* False when there is no room for it: it stays the caller's. */
bool job_queue_put(struct job_queue *queue, struct queued *job);

/* The next one; NULL when none waits. Its bytes still count. */
struct queued *job_queue_take(struct job_queue *queue);

/* It was taken, and its bytes are about to be freed. */
void job_queue_done(struct job_queue *queue, const struct queued *job);

#endif
