/*
 * turn.h - whose turn it is: for each state that a referral can stay in, the
 * side that has to do something, and the step that leads on. Other steps may
 * be open to either side; this is the one that somebody waits for.
 */
#ifndef REFERCTL_TURN_H
#define REFERCTL_TURN_H

#include <stdbool.h>
#include <stddef.h>

struct turn {
    const char *state;
    const char *step; /* the usual one */
    bool by_referrer; /* else by the receiver */
    bool by_gateway;  /* nobody has to act: it is on its way */
};

/* NULL for states that end a referral, or are none. */
const struct turn *turn_of(const char *state);
/* The i-th; NULL past the last. */
const struct turn *turn_at(size_t i);

#endif
