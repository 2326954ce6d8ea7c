#include "support/bench_loss.h"

#include "support/must.h"

struct store_memory_snapshot *federation_back_up(
    struct federation *federation, size_t agency)
{
    struct store_memory_snapshot *backup;
    MUST(store_memory_snapshot_take(
             federation_store(federation, agency), &backup) == ERR_NONE);
    return backup;
}

void federation_restore(struct federation *federation, size_t agency,
    const struct store_memory_snapshot *backup)
{
    store_memory_restore(federation_store(federation, agency), backup);
    federation_crash(federation, agency);
}

void federation_mark_write(
    struct instance_mark *mark, const struct node *node, struct store *store)
{
    struct store_usage usage;
    if (mark == NULL || mark->life == node_life(node))
        return;
    store->ops->usage(store, &usage);
    *mark = (struct instance_mark){
        .is_there = true, .life = node_life(node), .commits = usage.commit_count
    };
}

void federation_lose_store(struct federation *federation, size_t agency)
{
    const struct store_memory_options options = { .capacity = 1u << 20 };
    struct store *empty;
    struct store_memory_snapshot *nothing;
    MUST(store_memory_open(&options, &empty) == ERR_NONE);
    MUST(store_memory_snapshot_take(empty, &nothing) == ERR_NONE);
    federation_restore(federation, agency, nothing);
    store_memory_snapshot_free(nothing);
    empty->ops->close(empty);
}
