/*
 * flaky.h - a store that is sound, on a disk that is not: once armed, what the
 * next writing transactions read comes with a bit changed, or is another row's,
 * now and then, until the machine starts again. Above it stands what must
 * notice: store_sealed.
 */
#ifndef SIM_FLAKY_H
#define SIM_FLAKY_H

#include "core/port.h"

struct flaky;

/* Does not own the inner store: that outlives it. */
struct store *flaky_new(struct store *inner, struct flaky **flaky);

/* The `nth` read from now on is wrong in that bit, counted around the value. */
void flaky_arm(struct flaky *flaky, uint64_t nth, uint64_t bit);
/* Or hands out what is another row's: a write that went astray. */
void flaky_arm_stray(struct flaky *flaky, uint64_t nth);
void flaky_calm(struct flaky *flaky);
/* Wrong values that were handed out since it was made. */
uint64_t flaky_count(const struct flaky *flaky);

#endif
