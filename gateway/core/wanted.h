/*
 * wanted.h - what is to be fetched from a peer: what was lost first
 * (refill.h), then what is damaged (scrub_mend.h).
 */
#ifndef CORE_WANTED_H
#define CORE_WANTED_H

#include "core/peer.h"
#include "core/work.h"

bool wanted_is_any(const struct peer *peer);

/* The next Fetch; empty when memory failed. */
struct slice wanted_ask(struct work *work, struct peer *peer);

/* What came; a problem's code, or NULL when all is well or the store failed. */
const char *wanted_take(
    struct work *work, struct peer *peer, struct slice body);

/* The peer said no. True: what it held before may be gone there, too. */
bool wanted_refused(struct peer *peer);

#endif
