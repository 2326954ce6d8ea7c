/*
 * usurper.h - the last agency speaks of referrals between two others, by their
 * ids, to both of them, by the command line (--usurp_permille of its batches):
 * it refers again what was referred, withdraws it, opens it, wants it erased.
 * Nothing comes of that; and who asks whether an id is known is not told.
 *
 *   usurper.heeded  words of a referral went from one of the two that its end
 *                   did not take from the other
 */
#ifndef SIM_USURPER_H
#define SIM_USURPER_H

#include <stddef.h>

#define USURPER_COUNT 64

struct gateway;
struct world;

/* Affairs whose erasure was asked for. */
struct usurper {
    size_t affairs[USURPER_COUNT];
    size_t count;
};

/* One of those, told in its batch. */
void usurper_tell(struct world *world, struct gateway *gateway);

/* When all is quiet, and nobody else erases. */
void usurper_check(struct world *world);

#endif
