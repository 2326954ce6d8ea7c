/*
 * bench_keys.h - other signing keys for an agency of bench_node.h, all at once:
 * none of those before is on the card any more.
 */
#ifndef SUPPORT_BENCH_KEYS_H
#define SUPPORT_BENCH_KEYS_H

#include "support/bench_node.h"

/* Makes them; the card of that serial that shows them, for 60 days. */
struct slice federation_keys_new(
    struct federation *federation, size_t agency, uint64_t serial);

/* The same, and that is its card from now on, with a sheet by its key. */
void federation_keys_change(
    struct federation *federation, size_t agency, uint64_t serial);

#endif
