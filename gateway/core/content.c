/*
 * A blob is: count u32, then count ends u32 (offset past each item, counted
 * from the first item), then the items. An erased item has no bytes, and a top
 * bit in its end, so that it differs from one that was empty.
 */
#include "core/content.h"

#include "core/keys.h"

#include <string.h>

#define ERASED 0x80000000u

void content_begin(struct content_log *log, uint64_t segment)
{
    *log = (struct content_log){ .segment = segment };
}

static bool grow(struct content_log *log, struct arena *arena)
{
    if (log->count < log->capacity)
        return true;
    size_t capacity = log->capacity == 0 ? 64 : log->capacity * 2;
    struct slice *items = arena_take_array(arena, capacity, sizeof *items);
    if (items == NULL)
        return false;
    if (log->count > 0)
        memcpy(items, log->items, log->count * sizeof *items);
    log->items = items;
    log->capacity = capacity;
    return true;
}

struct content_ref content_put(
    struct content_log *log, struct arena *arena, struct slice bytes)
{
    struct slice copy = arena_copy(arena, bytes);
    if (copy.bytes == NULL || !grow(log, arena))
        return CONTENT_NONE;
    log->items[log->count] = copy;
    log->size += copy.size;
    return (struct content_ref){ log->segment, (uint32_t)log->count++ };
}

static uint32_t u32_at(struct slice bytes, size_t index)
{
    const uint8_t *at = bytes.bytes + 4 * index;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

/* The item in a stored blob; false when the blob is not one of ours. */
static bool blob_item(struct slice blob, uint32_t slot, struct slice *item)
{
    *item = SLICE_NONE;
    uint64_t count = blob.size >= 4 ? u32_at(blob, 0) : 0;
    uint64_t head = 4 + 4 * count;
    if (slot >= count || head > blob.size)
        return false;
    uint32_t end = u32_at(blob, 1 + slot);
    uint64_t start = slot == 0 ? 0 : u32_at(blob, slot) & ~ERASED;
    if ((end & ~ERASED) < start || head + (end & ~ERASED) > blob.size)
        return false;
    if ((end & ERASED) == 0)
        *item = slice_of(blob.bytes + head + start, end - (size_t)start);
    return true;
}

struct slice content_get(const struct content_log *log, struct store_txn *txn,
    struct content_ref ref)
{
    if (content_is_none(ref))
        return SLICE_NONE;
    if (ref.segment == log->segment)
        return ref.slot < log->count ? log->items[ref.slot] : SLICE_NONE;
    struct key key = key_content(ref.segment);
    struct slice item;
    struct slice blob = store_get(txn, key_slice(&key));
    if (txn->err == ERR_NONE && !blob_item(blob, ref.slot, &item))
        txn->err = ERR_CORRUPT;
    return txn->err == ERR_NONE ? item : SLICE_NONE;
}

static bool blob_write(struct store_txn *txn, uint64_t segment,
    const struct slice *items, size_t count, size_t size, struct arena *arena)
{
    size_t total = 4 + 4 * count + size;
    uint8_t *bytes = arena_take(arena, total);
    if (bytes == NULL)
        return false;
    struct packer packer = pack_into(bytes, total);
    size_t end = 0;
    pack_u32(&packer, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        end += items[i].size;
        pack_u32(
            &packer, (uint32_t)end | (items[i].bytes == NULL ? ERASED : 0));
    }
    for (size_t i = 0; i < count; i++)
        pack_fixed(&packer, items[i].bytes, items[i].size);
    struct key key = key_content(segment);
    store_put(txn, key_slice(&key), packed(&packer));
    return true;
}

/* The blob anew, straight from where the store has it: it stays there until
 * the put. */
static bool blob_erase(struct store_txn *txn, struct arena *arena,
    struct content_ref ref, struct slice blob)
{
    uint32_t count = blob.size >= 4 ? u32_at(blob, 0) : 0;
    struct slice held;
    if (blob_item(blob, ref.slot, &held) && held.bytes == NULL)
        return true; /* erased before */
    struct slice *items = arena_take_array(arena, count, sizeof *items);
    if (items == NULL)
        return false;
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!blob_item(blob, i, &items[i])) {
            txn->err = ERR_CORRUPT;
            return true;
        }
        if (i == ref.slot)
            items[i] = SLICE_NONE;
        size += items[i].size;
    }
    return blob_write(txn, ref.segment, items, count, size, arena);
}

void content_erase(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    if (content_is_none(ref) || txn->err != ERR_NONE)
        return;
    if (ref.segment == log->segment) {
        if (ref.slot < log->count) {
            log->size -= log->items[ref.slot].size;
            log->items[ref.slot] = SLICE_NONE;
        }
        return;
    }
    struct key key = key_content(ref.segment);
    struct slice blob = store_get(txn, key_slice(&key));
    size_t used = arena->used;
    if (txn->err == ERR_NONE && !blob_erase(txn, arena, ref, blob))
        txn->err = ERR_NO_MEMORY;
    /* the whole of a referral is erased at once, and blobs are large */
    arena_rewind(arena, used);
}

bool content_flush(
    struct content_log *log, struct store_txn *txn, struct arena *arena)
{
    if (log->count == 0)
        return false;
    if (!blob_write(
            txn, log->segment, log->items, log->count, log->size, arena))
        txn->err = ERR_NO_MEMORY;
    return true;
}

void content_ref_pack(struct packer *packer, struct content_ref ref)
{
    pack_u64(packer, ref.segment);
    pack_u32(packer, ref.slot);
}

struct content_ref content_ref_unpack(struct unpacker *unpacker)
{
    struct content_ref ref;
    ref.segment = unpack_u64(unpacker);
    ref.slot = unpack_u32(unpacker);
    return ref;
}
