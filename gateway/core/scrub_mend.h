/*
 * scrub_mend.h - a content that is damaged here comes back in place from the
 * peer that holds the same entry: its parcel is fetched once more, and what is
 * held of it, the headers, says whether what came is it. Ledgers, trees
 * and signatures stay as they are. Where the peer has no words of it any more,
 * as it erased them, nobody has: they count as erased here, too.
 */
#ifndef CORE_SCRUB_MEND_H
#define CORE_SCRUB_MEND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/peer.h"
#include "core/work.h"

/* What is to be mended next with that peer: the parcel that begins there. */
void mend_begin(struct peer *peer, enum ledger_direction direction,
    uint64_t generation, uint64_t first_index);

/* It is to be asked for. */
bool mend_is_wanted(const struct peer *peer);

/* The Fetch; empty when memory failed. */
struct slice mend_ask(struct work *work, struct peer *peer);

/* What came; a problem's code, or NULL when all is well or the store failed. */
const char *mend_take(struct work *work, struct peer *peer, struct slice body);

/* The peer does not hold it, or does not give it. */
void mend_refused(struct peer *peer);

#endif
