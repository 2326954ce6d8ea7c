/*
 * again.h - intentions that were handed over twice, under one key: the answer
 * to the first try never came, its gateway lost its store, and the second try
 * came before the first referral had come back. The second is told to nobody
 * then, and its staff are told which one to go on with. Where the first one's
 * words were erased before it was back, it is not known by them: both stay.
 *
 *   referral.twice  the other agency knows of the one that is back with staff
 *   referral.lost   one went back to staff for none, or another intention's
 */
#ifndef SIM_AGAIN_H
#define SIM_AGAIN_H

#include <stddef.h>

#include "base/id.h"

struct world;

/* When all is at rest: finds what became of their tries. */
void again_find(struct world *world);

/* Then, of a referral that `from` has: where no program was told its id, it may
 * be the first try of an intention, which has both then. */
void again_unheard(
    struct world *world, size_t from, size_t to, const struct uuid *uuid);

#endif
