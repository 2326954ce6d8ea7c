/*
 * fetch.h - giving back: a peer that lost entries of a ledger between us two
 * asks for them, of its own ledger or of ours. It gets parcels as they were
 * cosigned, with contents where they are still held and the other side did not
 * refuse them. Nobody else's ledgers can even be named.
 */
#ifndef CORE_FETCH_H
#define CORE_FETCH_H

#include "core/custody.h"
#include "core/peer.h"
#include "core/work.h"

/* Answers a Fetch; the reply is set unless the store or memory failed. */
void fetch_serve(struct work *work, struct peer *peer, struct slice body,
    struct custody_reply *reply);

#endif
