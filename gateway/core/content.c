/*
 * A blob is: count u32, then count ends u32 (offset past each item, counted
 * from the first item), then the items: entry u64 and what the vault made of
 * the content. An erased item has no bytes.
 */
#include "core/content.h"

#include "core/keys.h"

#include <string.h>

#define ITEM_OVERHEAD (8 + VAULT_OVERHEAD)

void content_begin(
    struct content_log *log, struct vault *vault, uint64_t segment)
{
    *log = (struct content_log){ .vault = vault, .segment = segment };
}

static bool grow(struct content_log *log, struct arena *arena)
{
    if (log->count < log->capacity)
        return true;
    size_t capacity = log->capacity == 0 ? 64 : log->capacity * 2;
    struct content_item *items =
        arena_take_array(arena, capacity, sizeof *items);
    if (items == NULL)
        return false;
    if (log->count > 0)
        memcpy(items, log->items, log->count * sizeof *items);
    log->items = items;
    log->capacity = capacity;
    return true;
}

struct content_ref content_put(struct content_log *log, struct arena *arena,
    uint64_t entry, struct slice bytes)
{
    struct slice copy = arena_copy(arena, bytes);
    if (copy.bytes == NULL || !grow(log, arena))
        return CONTENT_NONE;
    log->items[log->count] = (struct content_item){ entry, copy };
    log->size += copy.size + ITEM_OVERHEAD;
    return (struct content_ref){ log->segment, (uint32_t)log->count++ };
}

static uint32_t u32_at(struct slice bytes, size_t index)
{
    const uint8_t *at = bytes.bytes + 4 * index;
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

/* The item in a stored blob, empty when erased; false when the blob is not one
 * of ours. */
static bool blob_item(struct slice blob, uint32_t slot, struct slice *item)
{
    *item = SLICE_NONE;
    uint64_t count = blob.size >= 4 ? u32_at(blob, 0) : 0;
    uint64_t head = 4 + 4 * count;
    if (slot >= count || head > blob.size)
        return false;
    uint64_t end = u32_at(blob, 1 + slot);
    uint64_t start = slot == 0 ? 0 : u32_at(blob, slot);
    if (end < start || head + end > blob.size)
        return false;
    *item = slice_of(blob.bytes + head + start, (size_t)(end - start));
    return item->size == 0 || item->size >= ITEM_OVERHEAD;
}

/* What an item is bound to: it opens nowhere else. */
struct place {
    uint8_t bytes[12];
};

static struct place place_of(struct content_ref ref)
{
    struct place place;
    struct packer out = pack_into(place.bytes, sizeof place.bytes);
    content_ref_pack(&out, ref);
    return place;
}

/* ERR_NOT_FOUND: its entry was destroyed. */
static enum err item_open(const struct content_log *log, struct content_ref ref,
    struct slice item, struct arena *arena, struct slice *plain)
{
    struct place place = place_of(ref);
    struct unpacker in = unpack_from(item);
    uint64_t entry = unpack_u64(&in);
    size_t size = item.size - ITEM_OVERHEAD;
    uint8_t *bytes = arena_take(arena, size + 1); /* an empty one too */
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    *plain = slice_of(bytes, size);
    return log->vault->ops->open(
        log->vault, entry, SLICE_ARRAY(place.bytes), in.rest, bytes);
}

/* What lies together is asked for together: a blob is read, and its seal
 * tested, once for all its items. */
static struct slice blob_get(
    struct content_log *log, struct store_txn *txn, uint64_t segment)
{
    if (log->near_segment != segment || log->near_changes != txn->changes) {
        struct key key = key_content(segment);
        log->near = store_get(txn, key_slice(&key));
        log->near_segment = segment;
        log->near_changes = txn->changes;
    }
    return log->near;
}

enum err content_try(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, struct slice *plain)
{
    *plain = SLICE_NONE;
    if (content_is_none(ref))
        return txn->err;
    if (ref.segment == log->segment) {
        if (ref.slot < log->count)
            *plain = log->items[ref.slot].plain;
        return txn->err;
    }
    struct slice item;
    struct slice blob = blob_get(log, txn, ref.segment);
    if (txn->err != ERR_NONE)
        return txn->err;
    if (!blob_item(blob, ref.slot, &item))
        return ERR_CORRUPT;
    if (item.size == 0)
        return ERR_NONE;
    enum err err = item_open(log, ref, item, arena, plain);
    if (err != ERR_NONE)
        *plain = SLICE_NONE;
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

struct slice content_get(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    struct slice plain;
    enum err err = content_try(log, txn, arena, ref, &plain);
    if (txn->err == ERR_NONE)
        txn->err = err;
    return plain;
}

/* The blob anew without one item, straight from where the store has it: it
 * stays there until the put. */
static bool blob_erase(struct store_txn *txn, struct arena *arena,
    struct content_ref ref, struct slice blob)
{
    struct slice gone;
    struct slice item;
    uint32_t count = blob.size >= 4 ? u32_at(blob, 0) : 0;
    if (!blob_item(blob, ref.slot, &gone)) {
        txn->err = ERR_CORRUPT;
        return true;
    }
    if (gone.size == 0)
        return true; /* erased before */
    uint8_t *bytes = arena_take(arena, blob.size - gone.size);
    if (bytes == NULL)
        return false;
    struct packer out = pack_into(bytes, blob.size - gone.size);
    pack_u32(&out, count);
    for (uint32_t i = 0; i < count; i++)
        pack_u32(&out,
            u32_at(blob, 1 + i) - (i >= ref.slot ? (uint32_t)gone.size : 0));
    for (uint32_t i = 0; i < count; i++) {
        if (!blob_item(blob, i, &item)) {
            txn->err = ERR_CORRUPT;
            return true;
        }
        if (i != ref.slot)
            pack_fixed(&out, item.bytes, item.size);
    }
    struct key key = key_content(ref.segment);
    store_put(txn, key_slice(&key), packed(&out));
    return true;
}

void content_erase(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    if (content_is_none(ref) || txn->err != ERR_NONE)
        return;
    if (ref.segment == log->segment) {
        if (ref.slot < log->count && log->items[ref.slot].plain.bytes != NULL) {
            log->size -= log->items[ref.slot].plain.size + ITEM_OVERHEAD;
            log->items[ref.slot].plain = SLICE_NONE;
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

/* Entries up to the highest that the batch used. */
static enum err entries_reserve(const struct content_log *log)
{
    uint64_t count = 0;
    for (size_t i = 0; i < log->count; i++)
        if (log->items[i].entry >= count)
            count = log->items[i].entry + 1;
    return log->vault->ops->reserve(log->vault, count);
}

static enum err item_seal(
    const struct content_log *log, uint32_t slot, struct packer *out)
{
    const struct content_item *item = &log->items[slot];
    struct place place = place_of((struct content_ref){ log->segment, slot });
    uint8_t *sealed = out->bytes + out->size + 8;
    pack_u64(out, item->entry);
    out->size += item->plain.size + VAULT_OVERHEAD;
    return log->vault->ops->seal(
        log->vault, item->entry, SLICE_ARRAY(place.bytes), item->plain, sealed);
}

static enum err blob_seal(const struct content_log *log, struct packer *out)
{
    enum err err = entries_reserve(log);
    size_t end = 0;
    pack_u32(out, (uint32_t)log->count);
    for (size_t i = 0; i < log->count; i++) {
        if (log->items[i].plain.bytes != NULL)
            end += log->items[i].plain.size + ITEM_OVERHEAD;
        pack_u32(out, (uint32_t)end);
    }
    for (uint32_t i = 0; i < log->count && err == ERR_NONE; i++)
        if (log->items[i].plain.bytes != NULL)
            err = item_seal(log, i, out);
    return err;
}

/* A store put back from an old copy may count a referral as there whose entry
 * is destroyed: what was erased stays so, and what is said of it since too. */
static void destroyed_drop(struct content_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        struct content_item *item = &log->items[i];
        if (item->plain.bytes == NULL ||
            !log->vault->ops->is_destroyed(log->vault, item->entry))
            continue;
        log->size -= item->plain.size + ITEM_OVERHEAD;
        item->plain = SLICE_NONE;
    }
}

bool content_flush(
    struct content_log *log, struct store_txn *txn, struct arena *arena)
{
    if (log->count == 0 || txn->err != ERR_NONE)
        return false;
    destroyed_drop(log);
    size_t size = 4 + 4 * log->count + log->size;
    uint8_t *bytes = arena_take(arena, size);
    struct packer out = pack_into(bytes, size);
    enum err err = bytes == NULL ? ERR_NO_MEMORY : blob_seal(log, &out);
    struct key key = key_content(log->segment);
    if (err == ERR_NONE)
        store_put(txn, key_slice(&key), packed(&out));
    else
        txn->err = err;
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
