/*
 * generation.h - the generations of a ledger. The present one is the ledger's
 * row; those before it are closed: kept with their entries and notes, to be
 * shown, given back and answered, never to be signed again.
 *
 * An author that lost entries cannot know what it signed: it takes back what
 * its peer holds and goes on in a new generation, whose entry 0 names where the
 * one before ended. So no size is ever signed twice.
 */
#ifndef CORE_GENERATION_H
#define CORE_GENERATION_H

#include "core/ledger.h"
#include "core/work.h"

/* The present one itself, or a closed one loaded; NULL when nothing of that
 * number is held, or the store failed. */
struct ledger *generation_find(
    struct work *work, struct ledger *present, uint64_t generation);

/* The one before that one; NULL: there is none. That it is gone is damage, and
 * the batch has failed. */
struct ledger *generation_before(
    struct work *work, struct ledger *present, const struct ledger *ledger);

/* Writes what was changed in it: the present one with the batch, a closed one
 * now. */
void generation_save(struct work *work, struct ledger *ledger);

/* The present one ends: it is kept as closed, and the ledger is empty with it
 * as the previous. All of it must have been cosigned. */
void generation_close(struct work *work, struct ledger *ledger);

/* A new one of random bits. */
void generation_open(struct work *work, struct ledger *out);

/*
 * Our own ledger, without what nobody cosigned: entries in flight wait again as
 * intents, in their order and before all others. When nothing is left of the
 * present generation, the one before is the present again, if there is one.
 */
void generation_take_back(struct work *work, struct ledger *out);

/* The peer is known to hold exactly what of ours was cosigned: the generation
 * ends there, and a new one begins, in that epoch of the peer's. */
void generation_renew(struct work *work, struct ledger *out, uint64_t epoch);

/* True when our ledger must not be signed in its present generation. */
bool generation_is_spent(const struct work *work, const struct ledger *out);

/* True when the recipient, whose epoch that is now, lost something since this
 * generation began: what would show that we forgot a signature of ours may be
 * gone with it. Then what is in flight is the last that is signed in it. */
bool generation_is_unproved(const struct ledger *out, uint64_t epoch);

#endif
