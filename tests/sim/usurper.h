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

#include <stdbool.h>
#include <stddef.h>

#define USURPER_COUNT 64

struct gateway;
struct uuid;
struct world;

/* Affairs whose erasure was asked for. */
struct usurper {
    size_t affairs[USURPER_COUNT];
    size_t count;
};

/* One of those, told in its batch. */
void usurper_tell(struct world *world, struct gateway *gateway);

/* A referral between two others, and that agency is the one that tells of them:
 * it may have taken back what it said. */
bool usurper_took(
    const struct world *world, size_t at, const struct uuid *referral);

/* When all is quiet, and nobody else erases. */
void usurper_check(struct world *world);

#endif
