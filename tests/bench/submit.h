/*
 * submit.h - the programs that hand referrals over, each a thread with a
 * connection of its own.
 */
#ifndef BENCH_SUBMIT_H
#define BENCH_SUBMIT_H

#include "bench.h"
#include "follow.h"

struct submitters;

/* Connected, and waiting for submitters_go(). */
struct submitters *submitters_new(const struct options *options);
/* Hands over options->count referrals and returns when the last was answered:
 * their ids as the gateway gave them, sorted, with the moment when each began
 * to be handed over, or was due to by options->rate. */
const struct seen *submitters_go(struct submitters *submitters);
void submitters_free(struct submitters *submitters);

#endif
