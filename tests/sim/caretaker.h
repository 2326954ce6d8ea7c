/*
 * caretaker.h - an operator who does what referd(8) says of damaged words:
 * looks at the store, waits whether they come back, and erases the referral of
 * those that stay damaged, which nobody else has.
 */
#ifndef SIM_CARETAKER_H
#define SIM_CARETAKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/scrub.h"

struct program;
struct world;

#define CARETAKER_COUNT_MAX 8

/* Referrals with words that are damaged, by one check. */
struct caretaker_list {
    struct uuid items[CARETAKER_COUNT_MAX];
    size_t count;
};

struct caretaker {
    uint8_t state[SCRUB_STATE_SIZE_MAX]; /* of the check under way */
    size_t state_size;
    struct caretaker_list found;
    struct caretaker_list before; /* by the check before */
    struct uuid erased;           /* the one that is being */
};

void caretaker_begin(struct world *world, struct program *program);

#endif
