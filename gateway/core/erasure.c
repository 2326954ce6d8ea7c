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

/* The next row: an entry, or where a span of them ends; 0: it is one entry. */
static bool row_next(
    struct work *work, uint64_t from, uint64_t *entry, uint64_t *end)
{
    struct key wanted = key_doomed(from);
    struct slice key = key_slice(&wanted);
    struct slice row;
    if (!store_seek(work->txn, KEY_TABLE_SIZE, &key, &row))
        return false;
    struct unpacker in = unpack_from(row);
    *entry = key_number(key);
    *end = row.size > 0 ? unpack_u64(&in) : 0;
    if (row.size > 0 && (unpack_end(&in) != ERR_NONE || *end <= *entry))
        work->txn->err = ERR_CORRUPT;
    return !work_failed(work);
}

static void span_put(struct work *work, uint64_t first, uint64_t end)
{
    uint8_t bytes[8];
    struct packer out = pack_into(bytes, sizeof bytes);
    struct key key = key_doomed(first);
    pack_u64(&out, end);
    store_put(work->txn, key_slice(&key), packed(&out));
    work->node->erasure.has_spans = true;
}

void erasure_load(struct work *work)
{
    uint64_t entry = 0;
    uint64_t end;
    for (; row_next(work, entry, &entry, &end); entry++)
        if (end > 0)
            work->node->erasure.has_spans = true;
        else if (!push(work, entry))
            return;
}

/* What was destroyed of one since the last commit. */
static void span_shorten(struct work *work, uint64_t first, uint64_t next)
{
    uint64_t found;
    uint64_t end;
    struct key key = key_doomed(first);
    if (!row_next(work, first, &found, &end) || found != first)
        return;
    store_del(work->txn, key_slice(&key));
    if (next < end)
        span_put(work, next, end);
}

void erasure_begin(struct work *work)
{
    struct erasure *erasure = &work->node->erasure;
    const struct erasure before = *erasure;
    uint64_t entry = 0;
    uint64_t end;
    *erasure = (struct erasure){ .has_spans = before.has_spans };
    if (!before.has_rows)
        return;
    for (; row_next(work, entry, &entry, &end); entry++) {
        struct key key = key_doomed(entry);
        if (end == 0)
            store_del(work->txn, key_slice(&key));
    }
    if (before.span_next > 0)
        span_shorten(work, before.span_first, before.span_next);
}

/* ---- Of a life that was lost --------------------------------------------- */

void erasure_doom_unknown(struct work *work)
{
    struct node *node = work->node;
    uint64_t end = node->vault->ops->count(node->vault);
    if (end <= node->entry_next)
        return;
    span_put(work, node->entry_next, end);
    node->entry_next = end;
    node->changed = true;
}

bool erasure_go_on(struct work *work)
{
    struct erasure *erasure = &work->node->erasure;
    uint64_t entry = 0;
    uint64_t end = 0;
    if (!erasure->has_spans || erasure->span_next > 0 ||
        work->node->loss != LOSS_NONE)
        return false;
    while (row_next(work, entry, &entry, &end) && end == 0)
        entry++;
    if (end == 0) {
        erasure->has_spans = false;
        return false;
    }
    uint64_t left = end - entry;
    uint64_t count = left < ERASURE_PIECE_COUNT ? left : ERASURE_PIECE_COUNT;
    for (uint64_t i = 0; i < count; i++)
        if (!push(work, entry + i))
            return false;
    erasure->span_first = entry;
    erasure->span_next = entry + count;
    return true;
}

/* ---- One referral's ------------------------------------------------------ */

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
