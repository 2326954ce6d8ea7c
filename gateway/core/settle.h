/*
 * settle.h - Head: two gateways compare what they hold of both ledgers before
 * anything is signed. After every start of either end a ledger is unsettled;
 * an author that finds itself shorter than what the other side can prove stays
 * so, and alarms, rather than sign two histories.
 */
#ifndef CORE_SETTLE_H
#define CORE_SETTLE_H

#include "core/message.h"
#include "core/peer.h"
#include "core/work.h"

/*
 * Our side of a Head for this peer, with a fresh fence for its ledger. A reply
 * retires all fences given before: the author signs nothing until it has that
 * reply, so that no parcel of an earlier life of its can be taken in between.
 * Empty when memory or the store failed.
 */
struct slice settle_head(struct work *work, struct peer *peer, bool is_reply);

/*
 * Takes up the other side's Head. A request may be old, from before either
 * side lost something: a difference makes us ask ourselves, and nothing in it
 * lets us sign. What a reply says is fresh, and so is a request that echoes a
 * fence which we gave since we started. ERR_MALFORMED when it does not decode;
 * else ERR_NONE, or the store's error.
 */
MUST_USE enum err settle_with(struct work *work, struct peer *peer,
    struct slice head_bytes, bool is_reply);

/* True when this fence is one that we gave for the peer's ledger; its first
 * use retires the older ones. */
bool settle_fence_admits(struct ledger *ledger, struct slice fence);

/* Stops or marks a ledger, with an entry in the operator's log. */
void settle_trouble(struct work *work, struct peer *peer, struct ledger *ledger,
    enum ledger_trouble trouble);

#endif
