/*
 * foresight.h - while a large parcel is on its way, what the next one will
 * carry is made ready, where the gateway has nothing else to do: contents
 * opened, digests found. Nothing is decided by it and nothing stored; what is
 * dropped or erased meanwhile is forgotten where all such contents are.
 */
#ifndef CORE_FORESIGHT_H
#define CORE_FORESIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ledger.h"
#include "core/peer.h"
#include "core/work.h"

/* Zero-initialised nothing is foreseen. */
struct foresight {
    uint32_t ledger; /* by number, whose parcel is on its way; 0: none */
    uint64_t from;   /* the next intent to look at */
    size_t size;     /* of contents that the next parcel may carry yet */
    size_t count;    /* of entries */
};

/* A parcel of that ledger was made: what waits goes into the next. */
void foresight_begin(
    struct work *work, const struct peer *peer, const struct ledger *out);

bool foresight_is_due(const struct foresight *foresight);

/* Some of it; what came in is not kept waiting for long. Errors are of the
 * store. */
MUST_USE enum err foresight_go_on(struct work *work);

#endif
