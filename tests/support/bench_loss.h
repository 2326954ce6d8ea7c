/*
 * bench_loss.h - disks that forget, for agencies of bench_node.h: a backup put
 * back, or a store that is gone. Keys, card and vault are left.
 */
#ifndef SUPPORT_BENCH_LOSS_H
#define SUPPORT_BENCH_LOSS_H

#include "io/store_memory.h"
#include "support/bench_node.h"

/* Of the store as it is now; to be freed by store_memory_snapshot_free. */
struct store_memory_snapshot *federation_back_up(
    struct federation *federation, size_t agency);
/* The gateway dies and starts again on that. */
void federation_restore(struct federation *federation, size_t agency,
    const struct store_memory_snapshot *backup);
/* Its whole store is gone. */
void federation_lose_store(struct federation *federation, size_t agency);

#endif
