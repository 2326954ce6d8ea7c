/*
 * elsewhere.h - the same run in a process of its own: there memory lies at
 * other addresses, and holds nothing of the runs before.
 */
#ifndef SIM_ELSEWHERE_H
#define SIM_ELSEWHERE_H

#include <stdbool.h>
#include <stdint.h>

/* The hash of the run of that seed and those words of a command line, each
 * after a space. False: no process, or it said no hash. */
bool elsewhere_run(const char *words, uint64_t seed, uint64_t *hash);

#endif
