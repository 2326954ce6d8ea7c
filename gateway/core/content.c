/*
 * A blob is: count u32, then count ends u32 (offset past each item, counted
 * from the first item), then the items: entry u64 and what the vault made of
 * salt and content, one after the other. An erased item has no bytes.
 */
#include "core/content.h"

#include "core/keys.h"
#include "core/limits.h"

#include <assert.h>
#include <string.h>

#define ITEM_OVERHEAD (8 + VAULT_OVERHEAD)

void content_begin(struct content_log *log, struct vault *vault,
    struct content_recent *recent, uint64_t segment)
{
    content_recent_forget_from(recent, segment);
    *log = (struct content_log){
        .vault = vault,
        .recent = recent,
        .segment = segment,
        .sound_segment = log->sound_segment,
    };
}

/* Room for one more item of an array, doubled when it is full; false when the
 * arena is. */
static bool grow(struct arena *arena, void **items, size_t size, size_t count,
    size_t *capacity)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity == 0 ? 64 : *capacity * 2;
    void *copy = arena_take_array(arena, larger, size);
    if (copy == NULL)
        return false;
    if (count > 0)
        memcpy(copy, *items, count * size);
    *items = copy;
    *capacity = larger;
    return true;
}

/* The segment that the next item of that size goes into; NULL when the arena is
 * full. */
static struct content_segment *segment_open(
    struct content_log *log, struct arena *arena, size_t size)
{
    struct content_segment *last =
        log->segment_count == 0 ? NULL : &log->segments[log->segment_count - 1];
    if (last != NULL && last->size + size <= CONTENT_BLOB_SIZE_MAX)
        return last;
    void *segments = log->segments;
    if (!grow(arena, &segments, sizeof *log->segments, log->segment_count,
            &log->segment_capacity))
        return NULL;
    log->segments = segments;
    log->segments[log->segment_count] =
        (struct content_segment){ .first = log->count };
    return &log->segments[log->segment_count++];
}

/* One after the other; bytes NULL when the arena is full. */
static struct slice joined(
    struct arena *arena, struct slice salt, struct slice bytes)
{
    size_t size = salt.size + bytes.size;
    uint8_t *copy = arena_take(arena, size);
    if (copy == NULL)
        return SLICE_NONE;
    struct packer out = pack_into(copy, size);
    pack_fixed(&out, salt.bytes, salt.size);
    if (bytes.size > 0)
        pack_fixed(&out, bytes.bytes, bytes.size);
    return packed(&out);
}

struct content_ref content_put(struct content_log *log, struct arena *arena,
    uint64_t entry, struct slice salt, struct slice bytes)
{
    assert(salt.size == SALT_SIZE);
    struct slice copy = joined(arena, salt, bytes);
    struct content_segment *segment =
        segment_open(log, arena, copy.size + ITEM_OVERHEAD);
    void *items = log->items;
    if (copy.bytes == NULL || segment == NULL ||
        !grow(arena, &items, sizeof *log->items, log->count, &log->capacity))
        return CONTENT_NONE;
    log->items = items;
    log->items[log->count] =
        (struct content_item){ .entry = entry, .plain = copy };
    log->size += copy.size + ITEM_OVERHEAD;
    segment->size += copy.size + ITEM_OVERHEAD;
    return (struct content_ref){ log->segment + log->segment_count - 1,
        (uint32_t)(log->count++ - segment->first) };
}

/* Items of one of the batch's segments. */
static size_t segment_item_count(const struct content_log *log, size_t index)
{
    size_t end = index + 1 < log->segment_count ? log->segments[index + 1].first
                                                : log->count;
    return end - log->segments[index].first;
}

bool content_is_new(const struct content_log *log, struct content_ref ref)
{
    uint64_t last = log->segment_count == 0 ? 0 : log->segment_count - 1;
    return ref.segment >= log->segment && ref.segment - log->segment <= last;
}

/* NULL for a slot that there is not. */
static struct content_item *added(
    const struct content_log *log, struct content_ref ref)
{
    size_t index = (size_t)(ref.segment - log->segment);
    if (index >= log->segment_count ||
        ref.slot >= segment_item_count(log, index))
        return NULL;
    return &log->items[log->segments[index].first + ref.slot];
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
    return item->size == 0 || item->size >= ITEM_OVERHEAD + SALT_SIZE;
}

size_t content_slot_count(struct slice blob)
{
    return blob.size >= 4 ? u32_at(blob, 0) : 0;
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
    uint8_t *bytes = arena_take(arena, size);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    *plain = slice_of(bytes, size);
    return log->vault->ops->open(
        log->vault, entry, SLICE_ARRAY(place.bytes), in.rest, bytes);
}

/* What a batch before kept, unless its entry was destroyed since. */
static bool recent_take(struct content_log *log, struct arena *arena,
    struct content_ref ref, struct slice *plain, enum err *err)
{
    struct content_recent_item *item =
        log->recent == NULL
            ? NULL
            : content_recent_find(log->recent, ref.segment, ref.slot);
    if (item == NULL ||
        log->vault->ops->is_destroyed(log->vault, content_recent_entry(item)))
        return false;
    *plain = content_recent_take(log->recent, item, arena);
    *err = plain->bytes == NULL ? ERR_NO_MEMORY : ERR_NONE;
    return true;
}

/* Damage of it is an answer, and not the end of the transaction. */
static enum err blob_probe(struct content_log *log, struct store_txn *txn,
    uint64_t segment, struct slice *blob)
{
    struct key wanted = key_content(segment);
    struct slice key = key_slice(&wanted);
    enum err err = txn->ops->probe(txn, wanted.size, &key, blob, false);
    if (err == ERR_NONE)
        log->sound_segment = segment;
    return err;
}

/* Salt and content, one after the other. `is_tried`: what is damaged is to be
 * told, and is not to stick. */
static enum err take(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, bool is_tried,
    struct slice *plain)
{
    *plain = SLICE_NONE;
    if (content_is_none(ref) || txn->err != ERR_NONE)
        return txn->err;
    if (content_is_new(log, ref)) {
        struct content_item *item = added(log, ref);
        if (item != NULL) {
            *plain = item->plain;
            item->was_read = true;
        }
        return ERR_NONE;
    }
    enum err err;
    if (recent_take(log, arena, ref, plain, &err))
        return err;
    struct slice item;
    struct slice blob;
    struct key key = key_content(ref.segment);
    if (is_tried && ref.segment != log->sound_segment) {
        err = blob_probe(log, txn, ref.segment, &blob);
        if (err != ERR_NONE) /* something speaks of what is not there */
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        store_let_go(txn, blob);
    }
    blob = store_get(txn, key_slice(&key)); /* kept opened there */
    if (txn->err != ERR_NONE)
        return txn->err;
    err = blob_item(blob, ref.slot, &item) ? ERR_NONE : ERR_CORRUPT;
    if (err == ERR_NONE && item.size > 0)
        err = item_open(log, ref, item, arena, plain);
    store_let_go(txn, blob); /* a page of events is in as many blobs */
    if (err != ERR_NONE)
        *plain = SLICE_NONE;
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static void part(struct slice both, struct slice *salt, struct slice *plain)
{
    bool is_there = both.bytes != NULL;
    *salt = is_there ? slice_of(both.bytes, SALT_SIZE) : SLICE_NONE;
    *plain = is_there ? slice_of(both.bytes + SALT_SIZE, both.size - SALT_SIZE)
                      : SLICE_NONE;
}

enum err content_try_salted(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, struct slice *salt,
    struct slice *plain)
{
    struct slice both;
    enum err err = take(log, txn, arena, ref, true, &both);
    part(both, salt, plain);
    if (err != ERR_NONE && err != ERR_CORRUPT)
        txn->err = err;
    return err;
}

enum err content_try(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, struct slice *plain)
{
    struct slice salt;
    return content_try_salted(log, txn, arena, ref, &salt, plain);
}

struct slice content_get_salted(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, struct slice *salt)
{
    struct slice both;
    struct slice plain;
    bool was_well = txn->err == ERR_NONE;
    enum err err = take(log, txn, arena, ref, false, &both);
    part(both, salt, &plain);
    if (txn->err == ERR_NONE)
        txn->err = err;
    log->is_damaged |= was_well && err == ERR_CORRUPT;
    return plain;
}

static enum err look(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, bool *is_there)
{
    struct slice plain;
    size_t used = arena->used;
    enum err err = content_try(log, txn, arena, ref, &plain);
    arena_rewind(arena, used);
    *is_there = plain.bytes != NULL;
    return err;
}

bool content_is_gone(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    bool is_there;
    return look(log, txn, arena, ref, &is_there) == ERR_NONE && !is_there;
}

bool content_is_damaged(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    bool is_there;
    return look(log, txn, arena, ref, &is_there) == ERR_CORRUPT &&
           txn->err == ERR_NONE;
}

bool content_takes_damage(struct content_log *log, struct store_txn *txn)
{
    if (!log->is_damaged || txn->err != ERR_CORRUPT)
        return false;
    store_forgive(txn);
    log->is_damaged = false;
    return true;
}

struct slice content_get(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    struct slice salt;
    return content_get_salted(log, txn, arena, ref, &salt);
}

/* The newest blobs; some may hold nothing any more, or be gone. */
#define FIT_BLOB_COUNT 32u

/* Of one blob: true when something opens; else what was refused is counted. */
static bool blob_opens(struct content_log *log, struct store_txn *txn,
    struct arena *arena, uint64_t segment, uint64_t *refused_count)
{
    struct slice blob;
    if (blob_probe(log, txn, segment, &blob) != ERR_NONE)
        return false; /* a damaged row is for who needs it */
    uint32_t count = (uint32_t)content_slot_count(blob);
    for (uint32_t slot = 0; slot < count; slot++) {
        struct content_ref ref = { segment, slot };
        struct slice plain;
        size_t used = arena->used;
        enum err err = content_try(log, txn, arena, ref, &plain);
        arena_rewind(arena, used);
        if (err == ERR_NONE && plain.bytes != NULL)
            return true;
        *refused_count += err == ERR_CORRUPT;
    }
    return false;
}

bool content_vault_fits(
    struct content_log *log, struct store_txn *txn, struct arena *arena)
{
    uint64_t refused_count = 0;
    uint64_t segment = log->segment;
    for (unsigned i = 0; i < FIT_BLOB_COUNT && segment > 1; i++)
        if (blob_opens(log, txn, arena, --segment, &refused_count))
            return true;
    return refused_count == 0;
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

/* An item of that segment of the batch is not written. */
static void item_drop(
    struct content_log *log, size_t index, struct content_item *item)
{
    size_t size = item->plain.size + ITEM_OVERHEAD;
    log->size -= size;
    log->segments[index].size -= size;
    item->plain = SLICE_NONE;
}

/* A damaged one is nobody's soon: its keys end with the referrals in it. */
static bool blob_is_sound(
    struct content_log *log, struct store_txn *txn, uint64_t segment)
{
    struct slice blob;
    if (segment == log->sound_segment)
        return true;
    enum err err = blob_probe(log, txn, segment, &blob);
    if (err == ERR_NONE)
        store_let_go(txn, blob);
    else if (err != ERR_CORRUPT && err != ERR_NOT_FOUND)
        txn->err = err;
    return err == ERR_NONE;
}

void content_erase(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref)
{
    if (content_is_none(ref) || txn->err != ERR_NONE)
        return;
    if (content_is_new(log, ref)) {
        struct content_item *item = added(log, ref);
        if (item != NULL && item->plain.bytes != NULL)
            item_drop(log, (size_t)(ref.segment - log->segment), item);
        return;
    }
    content_recent_forget(log->recent, ref.segment, ref.slot);
    struct key key = key_content(ref.segment);
    if (!blob_is_sound(log, txn, ref.segment))
        return;
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

static enum err item_seal(const struct content_log *log,
    const struct content_item *item, struct content_ref ref, struct packer *out)
{
    struct place place = place_of(ref);
    uint8_t *sealed = out->bytes + out->size + 8;
    pack_u64(out, item->entry);
    out->size += item->plain.size + VAULT_OVERHEAD;
    return log->vault->ops->seal(
        log->vault, item->entry, SLICE_ARRAY(place.bytes), item->plain, sealed);
}

static enum err blob_seal(
    const struct content_log *log, size_t index, struct packer *out)
{
    const struct content_item *items = &log->items[log->segments[index].first];
    size_t count = segment_item_count(log, index);
    enum err err = ERR_NONE;
    size_t end = 0;
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        if (items[i].plain.bytes != NULL)
            end += items[i].plain.size + ITEM_OVERHEAD;
        pack_u32(out, (uint32_t)end);
    }
    for (uint32_t i = 0; i < count && err == ERR_NONE; i++)
        if (items[i].plain.bytes != NULL)
            err = item_seal(log, &items[i],
                (struct content_ref){ log->segment + index, i }, out);
    return err;
}

/* Its memory is free again after the put. */
static enum err blob_write(const struct content_log *log, size_t index,
    struct store_txn *txn, struct arena *arena)
{
    size_t used = arena->used;
    size_t size =
        4 + 4 * segment_item_count(log, index) + log->segments[index].size;
    uint8_t *bytes = arena_take(arena, size);
    struct packer out = pack_into(bytes, size);
    struct key key = key_content(log->segment + index);
    enum err err = bytes == NULL ? ERR_NO_MEMORY : blob_seal(log, index, &out);
    if (err == ERR_NONE)
        store_put(txn, key_slice(&key), packed(&out));
    arena_rewind(arena, used);
    return err;
}

/* A store put back from an old copy may count a referral as there whose entry
 * is destroyed: what was erased stays so, and what is said of it since too. */
static void destroyed_drop(struct content_log *log)
{
    for (size_t i = 0; i < log->segment_count; i++)
        for (size_t k = 0; k < segment_item_count(log, i); k++) {
            struct content_item *item = &log->items[log->segments[i].first + k];
            if (item->plain.bytes != NULL &&
                log->vault->ops->is_destroyed(log->vault, item->entry))
                item_drop(log, i, item);
        }
}

/* What nobody has read yet is likely to be wanted next. */
static void keep_unread(const struct content_log *log)
{
    content_recent_batch(log->recent);
    for (size_t i = 0; i < log->segment_count; i++)
        for (uint32_t k = 0; k < segment_item_count(log, i); k++) {
            const struct content_item *item =
                &log->items[log->segments[i].first + k];
            if (item->plain.bytes != NULL && !item->was_read)
                content_recent_keep(
                    log->recent, log->segment + i, k, item->entry, item->plain);
        }
}

size_t content_flush(
    struct content_log *log, struct store_txn *txn, struct arena *arena)
{
    if (log->count == 0 || txn->err != ERR_NONE)
        return 0;
    destroyed_drop(log);
    enum err err = entries_reserve(log);
    for (size_t i = 0; i < log->segment_count && err == ERR_NONE; i++)
        err = blob_write(log, i, txn, arena);
    if (err != ERR_NONE)
        txn->err = err;
    else
        keep_unread(log);
    return log->segment_count;
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
