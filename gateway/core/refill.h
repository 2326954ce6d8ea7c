/*
 * refill.h - taking back: this gateway lost entries of a ledger, which its peer
 * can prove, with a signature of ours under a size that we do not hold. They
 * are fetched parcel by parcel, each believed when the tree with it has the
 * root that both sides signed; first our own ledger, then the peer's, then both
 * are taken up (fold.h). Until then neither is signed.
 *
 * Where an answer of ours came back, and the parcel that it speaks of is still
 * on its way (its author never got our receipt), that parcel is taken before
 * the rest is: kept as it came, and taken up with the answer that it got.
 *
 * A walk back through generations needs no list: entry 0 of one names the one
 * before, which is filled first when it is not held in full.
 */
#ifndef CORE_REFILL_H
#define CORE_REFILL_H

#include <stdbool.h>

#include "core/note.h"
#include "core/peer.h"
#include "core/register.h"
#include "core/work.h"

/* The peer showed this note, which we signed (or cosigned) and do not hold. */
void refill_begin(struct work *work, struct peer *peer,
    enum ledger_direction direction, const struct note *proof);

/* The peer does not show any more that anything of that ledger is missing: it
 * lost it too. */
void refill_end(struct peer *peer, enum ledger_direction direction);

/* Something is to be fetched. */
bool refill_is_wanted(const struct peer *peer);

/* Of a row that was begun (register.h): it may still be taken up. Else nothing
 * of it was, and nothing more comes. */
bool refill_takes_up(struct work *work, const struct referral *begun);

/* The next Fetch; empty when memory failed. */
struct slice refill_ask(struct work *work, struct peer *peer);

/* What came; a problem's code, or NULL when all is well or the store failed. */
const char *refill_take(
    struct work *work, struct peer *peer, struct slice body);

/* Takes up a piece of what was fetched, when all of it was. */
void refill_go_on(struct work *work, struct peer *peer);

/* Entries of a parcel that came while all is taken back, to be taken up. What
 * is stored of them goes where `stored` is. */
void refill_keep(struct work *work, struct peer *peer,
    const struct entry *entries, const struct entry_header *headers,
    struct ledger_entry *stored, size_t count);

/* For people: entries of the ledger here and where it goes; false when nothing
 * is taken back. */
bool refill_progress(struct work *work, struct peer *peer,
    enum ledger_direction direction, uint64_t *held, uint64_t *goal);

#endif
