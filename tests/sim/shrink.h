/*
 * shrink.h - a smaller run that breaks the same promise: less time, fewer
 * faults, fewer agencies, fewer referrals, shorter delays, as long as the same
 * checker speaks. What is tried is tried with the same seed, whose streams of
 * chance are apart: a fault less leaves the others where they are.
 */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include <stddef.h>

#include "sim/options.h"

/* Runs with those options: the checker that spoke, or NULL. */
typedef const char *shrink_run(void *user, const struct sim_options *options);

/* Makes *options smaller; returns how many runs that took. */
unsigned shrink(struct sim_options *options, const char *checker,
    shrink_run *run, void *user);

/* Options in which the two differ, as "--NAME N" each, behind a space. */
void shrink_print(
    const struct sim_options *options, const struct sim_options *base);

#endif
