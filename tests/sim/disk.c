#include "sim/disk.h"

#include <stdlib.h>

#include "io/store_pages.h"
#include "io/store_sealed.h"
#include "sim/flaky.h"
#include "sim/world.h"

#define READ_COUNT 300 /* until the wrong one */

/* ---- Layers ------------------------------------------------------------- */

static struct store *sealed(const struct world *world, struct store *inner)
{
    static const uint8_t key[KEY_SIZE] = { 1 };
    struct store *store;
    if (world->plant.flips_unseen)
        return inner;
    if (store_sealed_open(inner, key, &store) != ERR_NONE)
        abort();
    return store;
}

static struct store *paged(const struct world *world, struct store *inner)
{
    struct store *store;
    if (world->options.pages == 0)
        return inner;
    if (store_pages_open(inner, STORE_PAGES_TABLES, &store) != ERR_NONE)
        abort();
    return store;
}

static bool is_flaky(const struct world *world)
{
    return world->options.flip_per_hour > 0;
}

/* As a disk that has no layers, where a layer's closing would close it. */
static struct store *bare(const struct world *world, struct gateway *gateway)
{
    return is_flaky(world) || world->options.pages > 0
               ? flaky_new(gateway->disk, &gateway->flaky)
               : gateway->disk;
}

void disk_open(struct world *world, struct gateway *gateway)
{
    struct store *store = bare(world, gateway);
    gateway->store =
        paged(world, is_flaky(world) ? sealed(world, store) : store);
}

static void layers_close(struct gateway *gateway)
{
    if (gateway->flaky != NULL)
        gateway->store->ops->close(gateway->store);
    gateway->flaky = NULL;
}

void disk_reopen(struct world *world, struct gateway *gateway)
{
    layers_close(gateway);
    disk_open(world, gateway);
}

void disk_close(struct gateway *gateway)
{
    layers_close(gateway);
    gateway->disk->ops->close(gateway->disk);
}

/* ---- Wrong bits, wrong rows ---------------------------------------------- */

static void flip(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    int64_t each_ms = world_hour_ms(world) / world->options.flip_per_hour;
    if (world->is_calm)
        return;
    if (argument > 0) {
        uint64_t nth =
            1 + (uint64_t)world_below(world, STREAM_flip_per_hour, READ_COUNT);
        uint64_t bit =
            (uint64_t)world_below(world, STREAM_flip_per_hour, INT64_MAX);
        if (CHANCE(world, stray_permille)) {
            TALLY(world, strays);
            flaky_arm_stray(gateway->flaky, nth);
        } else {
            flaky_arm(gateway->flaky, nth, bit);
        }
    }
    scheduler_add(&world->scheduler,
        world_below(world, STREAM_flip_per_hour, 2 * each_ms), flip, gateway,
        1);
}

void disk_begin(struct world *world, struct gateway *gateway)
{
    if (world->options.flip_per_hour > 0)
        flip(world, gateway, 0);
}

void disk_calm(struct gateway *gateway)
{
    if (gateway->flaky != NULL)
        flaky_calm(gateway->flaky);
}

bool disk_is_wrong(const struct gateway *gateway)
{
    return gateway->flaky != NULL && flaky_count(gateway->flaky) > 0;
}

static void take(
    const struct gateway *gateway, struct store_memory_snapshot **snapshot)
{
    store_memory_snapshot_free(*snapshot);
    if (store_memory_snapshot_take(gateway->disk, snapshot) != ERR_NONE)
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

struct store *disk_copy(struct world *world, const struct gateway *gateway)
{
    const struct store_memory_options options = { .capacity = UINT64_MAX };
    struct store *store;
    if (gateway->copy == NULL)
        return NULL;
    if (store_memory_open(&options, &store) != ERR_NONE)
        abort();
    store_memory_restore(store, gateway->copy);
    return paged(world, is_flaky(world) ? sealed(world, store) : store);
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
    if (disk_is_wrong(gateway))
        TALLY(world, flips_found);
    if (gateway->flaky != NULL)
        disk_reopen(world, gateway);
    if (world->plant.sync_skipped && gateway->unsynced[0] != NULL)
        store_memory_restore(gateway->disk, gateway->unsynced[0]);
}

void disk_release(struct gateway *gateway)
{
    store_memory_snapshot_free(gateway->copy);
    for (size_t i = 0; i < 2; i++)
        store_memory_snapshot_free(gateway->unsynced[i]);
}
