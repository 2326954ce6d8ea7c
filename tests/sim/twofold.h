/*
 * twofold.h - the last agency offers two texts of each later version of an
 * agreement, of one URN, and signs both, by the command line (--twofold 1): of
 * the others each signs the one or the other, so that the second never has all
 * signatures. It has a pathway that no other text has, and the last agency
 * refers by it all the same.
 *
 *   agreement.unseen  a party that holds both texts does not say so
 *   agreement.double  a referral was taken by a text that is not in force
 */
#ifndef SIM_TWOFOLD_H
#define SIM_TWOFOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct accord;
struct gateway;
struct world;

#define TWOFOLD_COUNT 64

/* What was referred by a second text, and to whom. */
struct twofold {
    struct uuid referrals[TWOFOLD_COUNT];
    size_t to[TWOFOLD_COUNT];
    size_t count;
};

/* How many texts that version has. */
size_t twofold_text_count(const struct world *world, uint32_t version);
/* Who offers it, and who never signs. */
void twofold_arrange(struct world *world, struct accord *accord);

/* A referral by a second text, told in its batch. */
void twofold_tell(struct world *world, struct gateway *gateway);

/* It is one of those. */
bool twofold_has(const struct world *world, const struct uuid *referral);

/* When all is quiet. */
void twofold_check(struct world *world);

#endif
