/*
 * disk.h - what becomes of a gateway's store, beyond what a crash does. Of each
 * there is an old copy, of a commit like any other: it must not show what was
 * erased since.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "core/port.h"

struct gateway;
struct world;

void disk_committed(struct world *world, struct gateway *gateway);
void disk_lost_power(struct world *world, struct gateway *gateway);
void disk_release(struct gateway *gateway);

/* The copy, as a store that the caller closes; NULL when there is none. */
struct store *disk_copy(const struct gateway *gateway);

#endif
