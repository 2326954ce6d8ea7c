/*
 * disk.h - what becomes of a gateway's store, beyond what a crash does. Of each
 * there is an old copy, of a commit like any other: it must not show what was
 * erased since. Where bits can be wrong (--flip_per_hour), it is sealed, and
 * with --pages its small rows lie in pages, as on a real disk.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>

#include "core/port.h"

struct gateway;
struct world;

/* Over gateway->disk, which is there. */
void disk_open(struct world *world, struct gateway *gateway);
/* What was put in its place is on it now. */
void disk_reopen(struct world *world, struct gateway *gateway);
void disk_close(struct gateway *gateway);
/* Its mishaps, from now on. */
void disk_begin(struct world *world, struct gateway *gateway);
/* From now on it is sound. */
void disk_calm(struct gateway *gateway);
/* It handed out a wrong bit in this life of the gateway. */
bool disk_is_wrong(const struct gateway *gateway);

void disk_committed(struct world *world, struct gateway *gateway);
void disk_lost_power(struct world *world, struct gateway *gateway);
void disk_release(struct gateway *gateway);

/* The copy, as a store that the caller closes; NULL when there is none. */
struct store *disk_copy(struct world *world, const struct gateway *gateway);

#endif
