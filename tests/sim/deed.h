/*
 * deed.h - which step a clerk takes next, and what it says with it.
 */
#ifndef SIM_DEED_H
#define SIM_DEED_H

#include <stddef.h>

#include "core/local.h"
#include "core/referral.h"

struct world;
struct say;

/* One of the steps that the gateway lists for that referral; those that end it
 * are rare. EVENT_NONE: there is nothing to do. */
enum referral_event_type deed_choose(
    struct world *world, const struct local_record *referral);

/* Fields and records of the act. Words about the person only where the affair
 * is known, so that they can be recognised. */
void deed_say(struct world *world, struct say *say, size_t affair,
    const struct local_record *referral, enum referral_event_type step);

#endif
