/*
 * patience.h - what of a peer's may wait some milliseconds before it is dealt
 * with, to share the commit of what comes next: receipts that nothing is sent
 * upon, and answers. Both say what became of something; nobody's staff waits
 * for them, and two agencies that exchange much would pay two commits more for
 * each parcel. Who has little to do has time for them at once: later they would
 * be in the way.
 */
#ifndef CORE_PATIENCE_H
#define CORE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/request.h"

/* Milliseconds; 0: none. `is_all` as the request that it replies to was sent
 * (node.h). */
uint32_t patience_with_reply(const struct reply *reply, bool is_all);

/* What it brings is decoded into the arena, where it may be answers alone. */
uint32_t patience_with_request(
    const struct request *request, struct arena *arena);

/* How long the core thread was idle between batches, lately. Zero-initialised
 * it was never idle. */
struct patience {
    uint32_t idle_sixteenths_ms;
};

/* Before the next batch it was idle for so long. */
void patience_idle(struct patience *patience, int64_t idle_ms);
/* Something else is likely to come in that time. */
bool patience_pays(const struct patience *patience, uint32_t wait_ms);

#endif
