/*
 * repeat_filter.h - which runs of repeat_rows.h may hold a name, without a look
 * at the store: a Bloom filter for each run, and those of eight runs side by
 * side, so that one byte says of all eight whether a bit is set.
 *
 * A run whose filter is not here (no memory, or it was made for another size)
 * is always one that may hold it: slower, and never wrong.
 */
#ifndef CORE_REPEAT_FILTER_H
#define CORE_REPEAT_FILTER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "core/limits.h"

#define REPEAT_NAME_SIZE 16u
#define REPEAT_FILTER_RUNS 8u /* of a group: bits of a byte */

struct repeat_filter {
    struct arena *memory;
    unsigned position_bits; /* a run's filter has 2^that bits */
    uint32_t run_count;     /* runs have numbers from 1 */
    uint8_t *groups[REPEAT_FILTER_GROUP_COUNT_MAX]; /* NULL: none */
};

/* For runs of so many names each. `memory` gives groups as runs come. */
void repeat_filter_init(
    struct repeat_filter *filter, struct arena *memory, uint32_t name_count);

/* Bytes of one run's filter, as it is stored. */
size_t repeat_filter_size(const struct repeat_filter *filter);
/* Sets a name's bits among so many bytes. */
void repeat_filter_mark(const struct repeat_filter *filter, uint8_t *bits,
    const uint8_t name[REPEAT_NAME_SIZE]);
/* The next run's filter, as it was stored. */
void repeat_filter_add(struct repeat_filter *filter, struct slice bits);

/* The newest run up to `run` that may hold the name; 0: none does. */
uint32_t repeat_filter_next(const struct repeat_filter *filter, uint32_t run,
    const uint8_t name[REPEAT_NAME_SIZE]);

#endif
