/*
 * parcel.h - making a parcel: what waits for a peer gets its index in our
 * ledger, with header, salt and leaf, and the checkpoint over all of it is
 * signed. One of a ledger is in flight at a time.
 */
#ifndef CORE_PARCEL_H
#define CORE_PARCEL_H

#include <stdbool.h>

#include "core/ledger.h"
#include "core/peer.h"
#include "core/work.h"

/* Something has no index yet: intents, or the beginning of a generation. */
bool parcel_is_due(const struct ledger *out);

/*
 * Numbers and signs what waits; the parcel is then in flight. For a settled
 * ledger without one. False when there was nothing, or the store or memory
 * failed.
 */
bool parcel_make(struct work *work, struct peer *peer);

#endif
