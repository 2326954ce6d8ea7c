/*
 * shipment.h - a parcel on its way out: made from what waits in the outbox, or
 * loaded again as it was stored, then written as the body of a Deliver. Beside
 * what the store keeps of it stand the contents, read once.
 */
#ifndef CORE_SHIPMENT_H
#define CORE_SHIPMENT_H

#include <stdbool.h>

#include "core/ledger.h"
#include "core/message.h"
#include "core/peer.h"
#include "core/work.h"

/* Lives as long as the batch. */
struct shipment {
    struct ledger_parcel stored;
    struct entry *entries; /* as they travel */
    bool is_damaged;       /* what comes next cannot be read */
};

/* Something has no index yet: intents, or the beginning of a generation. */
bool shipment_is_due(const struct ledger *out);

/* Numbers and signs what waits, up to what is damaged; the parcel is then in
 * flight. False when there is nothing, or when memory, a key or the store
 * failed. */
bool shipment_make(struct work *work, struct peer *peer, struct ledger *out,
    struct shipment *shipment);

/* The parcel in flight; what was erased since goes without its content. False
 * when something of it is damaged, or memory or the store failed. */
bool shipment_load(
    struct work *work, struct ledger *out, struct shipment *shipment);

/* As a Deliver, counted as sent; empty when memory or the store failed. */
struct slice shipment_body(struct work *work, struct peer *peer,
    const struct ledger *out, const struct shipment *shipment);

#endif
