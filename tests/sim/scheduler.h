/*
 * scheduler.h - virtual time: events in the order of (time, sequence), so that
 * the order of a run is total and follows from its seed alone.
 */
#ifndef SIM_SCHEDULER_H
#define SIM_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

typedef void event_handler(
    struct world *world, void *subject, uint64_t argument);

struct event {
    int64_t at_ms;
    uint64_t sequence;
    event_handler *handle;
    void *subject;     /* borrowed; lives until the event came */
    uint64_t argument; /* what the handler compares to know it is not late */
};

struct scheduler {
    struct event *heap;
    size_t count;
    size_t capacity;
    uint64_t sequence_next;
    int64_t now_ms; /* from 0 */
};

void scheduler_release(struct scheduler *scheduler);

/* At `delay_ms` (not below 0) from now. */
void scheduler_add(struct scheduler *scheduler, int64_t delay_ms,
    event_handler *handle, void *subject, uint64_t argument);

/* Takes the next event and makes its time now. False: there is none. */
bool scheduler_take(struct scheduler *scheduler, struct event *event);

#endif
