#include "sim/scheduler.h"

#include <assert.h>
#include <stdlib.h>

void scheduler_release(struct scheduler *scheduler)
{
    free(scheduler->heap);
    *scheduler = (struct scheduler){ 0 };
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms
                                : a->sequence < b->sequence;
}

static void swap(struct event *a, struct event *b)
{
    struct event held = *a;
    *a = *b;
    *b = held;
}

void scheduler_add(struct scheduler *scheduler, int64_t delay_ms,
    event_handler *handle, void *subject, uint64_t argument)
{
    assert(delay_ms >= 0);
    if (scheduler->count == scheduler->capacity) {
        scheduler->capacity =
            scheduler->capacity == 0 ? 256 : scheduler->capacity * 2;
        scheduler->heap = realloc(
            scheduler->heap, scheduler->capacity * sizeof(struct event));
        if (scheduler->heap == NULL)
            abort();
    }
    size_t at = scheduler->count++;
    scheduler->heap[at] = (struct event){ scheduler->now_ms + delay_ms,
        scheduler->sequence_next++, handle, subject, argument };
    while (at > 0) {
        size_t above = (at - 1) / 2;
        if (!is_before(&scheduler->heap[at], &scheduler->heap[above]))
            break;
        swap(&scheduler->heap[at], &scheduler->heap[above]);
        at = above;
    }
}

bool scheduler_take(struct scheduler *scheduler, struct event *event)
{
    if (scheduler->count == 0)
        return false;
    struct event *heap = scheduler->heap;
    *event = heap[0];
    heap[0] = heap[--scheduler->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t below = 2 * at + 1; below <= 2 * at + 2; below++)
            if (below < scheduler->count &&
                is_before(&heap[below], &heap[least]))
                least = below;
        if (least == at)
            break;
        swap(&heap[at], &heap[least]);
        at = least;
    }
    scheduler->now_ms = event->at_ms;
    return true;
}
