/*
 * prng.h - a fast, seeded, repeatable generator: xoshiro256** (Blackman and
 * Vigna, 2018), its state filled by splitmix64. For tests, the simulator and
 * the jitter of retries. Never for keys, salts, ids or anything that must not
 * be guessed.
 */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include <stddef.h>
#include <stdint.h>

struct prng {
    uint64_t state[4]; /* not all zero */
};

/* One step of splitmix64; *state may be anything. */
uint64_t splitmix64_next(uint64_t *state);

/* Any seed is fine, 0 too; equal seeds give equal rows of numbers. */
struct prng prng_from_seed(uint64_t seed);

uint64_t prng_next(struct prng *prng);

/* Uniform over 0 to limit - 1, without bias; 0 when the limit is 0 or 1. */
uint64_t prng_below(struct prng *prng, uint64_t limit);

void prng_fill(struct prng *prng, void *bytes, size_t size);

#endif
