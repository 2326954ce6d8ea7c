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
/* From its next start on this is the mark of its store, written with each
 * life; the caller's, to be looked at and changed. */
void federation_keep_mark(
    struct federation *federation, size_t agency, struct instance_mark *mark);
/* What the daemon does after each commit; `mark` may be NULL. */
void federation_mark_write(
    struct instance_mark *mark, const struct node *node, struct store *store);
/* Its whole store is gone. */
void federation_lose_store(struct federation *federation, size_t agency);

#endif
