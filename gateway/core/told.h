/*
 * told.h - where a word of the feed stands among what agencies tell each other:
 * as an entry of a ledger, or as an intent that waits. The feed knows the place
 * of what came from a peer, or back from one, and of our own words once they
 * were signed for; before, it knows when they were said, and ledgers are in the
 * order of time but for clocks that went back.
 */
#ifndef CORE_TOLD_H
#define CORE_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/content.h"
#include "core/peer.h"
#include "core/work.h"

struct told_entry {
    uint64_t position; /* of the feed */
    bool by_us;
    struct instant at;
    uint64_t generation; /* where it is; 0: not known */
    uint64_t index;
};

/* Whether it waits, among the intents for that peer. */
bool told_waits(
    struct work *work, struct peer *peer, const struct told_entry *told);

/* How far a word of ours has come. */
enum told_reach {
    TOLD_NEVER,      /* it was dropped, or what tells is gone */
    TOLD_ON_ITS_WAY, /* it waits, or is in flight */
    TOLD_ARRIVED     /* the other end signed for it */
};

enum told_reach told_reached(
    struct work *work, struct peer *peer, const struct told_entry *told);

/*
 * Its content is another now. The ledger's entry refers to `entry`; where that
 * is none it is detached for good: no salt is left. An intent that waits says
 * `intent`, of so many bytes. What is found nowhere was never told.
 */
void told_turn(struct work *work, struct peer *peer,
    const struct told_entry *told, struct content_ref entry,
    struct content_ref intent, size_t intent_size);

/* The ledger's entry does not give its content back any more. */
void told_withhold(
    struct work *work, struct peer *peer, const struct told_entry *told);

#endif
