#include "sim/disk.h"

#include <stdlib.h>

#include "sim/world.h"

static void take(
    const struct gateway *gateway, struct store_memory_snapshot **snapshot)
{
    store_memory_snapshot_free(*snapshot);
    if (store_memory_snapshot_take(gateway->store, snapshot) != ERR_NONE)
        abort();
}

/* ---- Copies ------------------------------------------------------------- */

/* Each commit has the same chance to be the one that is kept. */
static void copy_perhaps(struct world *world, struct gateway *gateway)
{
    if (world->is_agreed && !world->is_calm &&
        world_below(world, STREAM_copy, (int64_t)++gateway->copy_count) == 0) {
        take(gateway, &gateway->copy);
        gateway->copy_ms = world->scheduler.now_ms;
    }
}

struct store *disk_copy(const struct gateway *gateway)
{
    const struct store_memory_options options = { .capacity = UINT64_MAX };
    struct store *store;
    if (gateway->copy == NULL)
        return NULL;
    if (store_memory_open(&options, &store) != ERR_NONE)
        abort();
    store_memory_restore(store, gateway->copy);
    return store;
}

/* ---- Planted: commits that nobody flushed ------------------------------- */

static void unsynced_note(struct gateway *gateway)
{
    struct store_memory_snapshot *older = gateway->unsynced[0];
    gateway->unsynced[0] = gateway->unsynced[1];
    gateway->unsynced[1] = older;
    take(gateway, &gateway->unsynced[1]);
}

/* ---- A store's life ----------------------------------------------------- */

void disk_committed(struct world *world, struct gateway *gateway)
{
    copy_perhaps(world, gateway);
    if (world->plant.sync_skipped)
        unsynced_note(gateway);
}

void disk_lost_power(struct world *world, struct gateway *gateway)
{
    if (world->plant.sync_skipped && gateway->unsynced[0] != NULL)
        store_memory_restore(gateway->store, gateway->unsynced[0]);
}

void disk_release(struct gateway *gateway)
{
    store_memory_snapshot_free(gateway->copy);
    for (size_t i = 0; i < 2; i++)
        store_memory_snapshot_free(gateway->unsynced[i]);
}
