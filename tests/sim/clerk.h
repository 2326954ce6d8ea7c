/*
 * clerk.h - a program that refers people and takes steps, at random among
 * those that the gateway says are possible; what it sends may be forbidden,
 * and is remembered by the simulator either way.
 *
 *   policy.passed     the gateway took what the agreement forbids
 *   submit.refused    it refused what is allowed
 */
#ifndef SIM_CLERK_H
#define SIM_CLERK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"

struct world;
struct program;

/* Of so many deeds one is a new referral. */
#define SUBMIT_EACH 5

struct clerk {
    bool is_submitting;
    bool has_submitted;  /* each begins with that */
    bool erases_part;    /* elements alone, in the erasure under way */
    size_t affair;       /* of the submission under way */
    size_t deed;         /* of the step under way */
    size_t canary_first; /* words of the request under way */
    size_t canary_end;
    struct uuid referral;
};

void clerk_begin(struct world *world, struct program *program);

/* Seen at the gateway's door, whether the clerk lives to read it or not. */
void clerk_stored(
    struct world *world, struct program *program, const struct uuid *referral);

#endif
