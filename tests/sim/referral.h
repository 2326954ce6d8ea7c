/*
 * referral.h - a referral as a clerk writes one, with words that can be
 * recognised; some break the agreement or go beyond the person's consent, each
 * in one way, and are known as forbidden without asking the core.
 */
#ifndef SIM_REFERRAL_H
#define SIM_REFERRAL_H

#include <stddef.h>

struct world;
struct gateway;
struct say;

/* Adds the records of a new referral to a submit; returns its affair. */
size_t referral_say(
    struct world *world, struct gateway *gateway, struct say *say);

#endif
