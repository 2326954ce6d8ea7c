/*
 * bench_damage.h - rows of a node on the bench that were changed or are gone
 * beneath it, and a look at all of its store.
 */
#ifndef SUPPORT_BENCH_DAMAGE_H
#define SUPPORT_BENCH_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/keys.h"
#include "core/scrub.h"
#include "support/bench_node.h"

#define DAMAGE_ROW_COUNT_MAX 512

/* Keys of that table, in their order; how many. */
size_t damage_rows(struct federation *federation, size_t agency, char table,
    struct key rows[DAMAGE_ROW_COUNT_MAX]);

/* Some row has these bytes. */
bool damage_has_words(
    struct federation *federation, size_t agency, const char *words);

/* Its last byte is another; or all of it is gone. */
void damage_row(
    struct federation *federation, size_t agency, struct key key, bool all);

/* Findings of a check of all of it, of each fault; their sum. */
uint64_t damage_found(struct federation *federation, size_t agency,
    uint64_t faults[SCRUB_FAULT_COUNT]);

/* The node looks at all of its store by itself, now, and what comes of it
 * travels. */
void damage_patrol(struct federation *federation, size_t agency);

#endif
