/*
 * job_queue.h - what waits for the courier's workers: what we began, in its
 * order, and by turns with it requests that peers want opened. Of those each
 * peer has its turn, and as much room as is still free: one alone half of
 * OPEN_COUNT_MAX, and others find room whatever it does. Who finds none is told
 * to come later. Not locked; allocates and frees nothing.
 */
#ifndef DAEMON_JOB_QUEUE_H
#define DAEMON_JOB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/turns.h"

enum job_type {
    JOB_OPEN_REQUEST,
    JOB_SEAL_REPLY,
    JOB_SEAL_REQUEST,
    JOB_OPEN_REPLY
};

/* The head of a job. */
struct queued {
    struct turns_item turn; /* of a JOB_OPEN_REQUEST: its origin is who asks */
    enum job_type type;
    struct queued *next;
};

struct job_queue {
    struct turns opens; /* each a JOB_OPEN_REQUEST */
    size_t open_count;
    bool open_waited;     /* while another was taken; it is next */
    struct queued *first; /* of all others */
    struct queued **last;
};

void job_queue_init(struct job_queue *queue);

/* False when there is no room for it, of JOB_OPEN_REQUEST only: it stays the
 * caller's. */
bool job_queue_put(struct job_queue *queue, struct queued *job);

/* The next one; NULL when none waits. */
struct queued *job_queue_take(struct job_queue *queue);

#endif
