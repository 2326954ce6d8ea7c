#include "daemon/marker.h"

#include "daemon/journal.h"
#include "io/instance_file.h"

static void put(struct marker *marker, const struct instance_mark *mark)
{
    struct keys_problem problem;
    enum err err = instance_file_write(marker->keys_dir, mark, &problem);
    if (err == ERR_NONE)
        marker->mark = *mark;
    else
        JOURNAL(LOG_INSTANCE_FAILED, log_code("code", err_name(err)));
}

void marker_keep(struct marker *marker, struct store *store, uint64_t life,
    int64_t steady_ms)
{
    struct store_usage usage;
    if (marker->keys_dir == NULL ||
        (steady_ms < marker->due_steady_ms && marker->life == life))
        return;
    store->ops->usage(store, &usage);
    marker->life = life;
    marker->due_steady_ms = steady_ms + MARKER_MS;
    if (marker->mark.life != life || marker->mark.commits != usage.commit_count)
        put(marker, &(struct instance_mark){ .is_there = true,
                        .life = life,
                        .commits = usage.commit_count });
}

void marker_end(struct marker *marker, struct store *store)
{
    struct store_usage usage;
    if (marker->keys_dir == NULL || marker->life == 0)
        return;
    store->ops->usage(store, &usage);
    put(marker, &(struct instance_mark){ .is_there = true,
                    .life = marker->life,
                    .commits = usage.commit_count });
}
