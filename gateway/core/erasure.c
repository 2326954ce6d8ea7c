#include "core/erasure.h"

#include "core/keys.h"
#include "core/node_state.h"

#include <string.h>

static bool push(struct work *work, uint64_t entry)
{
    struct erasure *erasure = &work->node->erasure;
    if (erasure->count == erasure->capacity) {
        size_t capacity = erasure->capacity == 0 ? 16 : erasure->capacity * 2;
        uint64_t *entries =
            arena_take_array(work->arena, capacity, sizeof *entries);
        if (entries == NULL) {
            work_exhausted(work);
            return false;
        }
        if (erasure->count > 0)
            memcpy(entries, erasure->entries, erasure->count * sizeof *entries);
        erasure->entries = entries;
        erasure->capacity = capacity;
    }
    erasure->entries[erasure->count++] = entry;
    return true;
}

static bool row_next(struct work *work, uint64_t from, uint64_t *entry)
{
    struct key wanted = key_doomed(from);
    struct slice key = key_slice(&wanted);
    struct slice row;
    if (!store_seek(work->txn, KEY_TABLE_SIZE, &key, &row))
        return false;
    *entry = key_number(key);
    return true;
}

void erasure_load(struct work *work)
{
    uint64_t entry = 0;
    while (row_next(work, entry, &entry) && push(work, entry))
        entry++;
}

void erasure_begin(struct work *work)
{
    struct erasure *erasure = &work->node->erasure;
    uint64_t entry;
    bool has_rows = erasure->has_rows;
    *erasure = (struct erasure){ 0 };
    while (has_rows && row_next(work, 0, &entry)) {
        struct key key = key_doomed(entry);
        store_del(work->txn, key_slice(&key));
    }
}

void erasure_doom(struct work *work, uint64_t entry)
{
    struct key key = key_doomed(entry);
    store_put(work->txn, key_slice(&key), SLICE_LITERAL(""));
    (void)push(work, entry);
}

enum err erasure_carry_out(struct erasure *erasure, struct vault *vault)
{
    if (erasure->count == 0)
        return ERR_NONE;
    enum err err = vault->ops->destroy(vault, erasure->entries, erasure->count);
    erasure->has_rows = err == ERR_NONE;
    erasure->count = 0;
    return err;
}
