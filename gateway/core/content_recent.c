#include "core/content_recent.h"

#include <string.h>

/* A half has an item for so many bytes. */
#define BYTES_EACH 512u

void content_recent_init(
    struct content_recent *recent, struct arena *memory, size_t size)
{
    *recent = (struct content_recent){ 0 };
    size_t half_size = size / 2;
    size_t half_count = half_size / BYTES_EACH;
    for (size_t i = 0; i < 2; i++) {
        struct content_recent_half *half = &recent->halves[i];
        half->bytes = arena_take(memory, half_size);
        half->items = arena_take_array(memory, half_count, sizeof *half->items);
        if (half->bytes == NULL || half->items == NULL)
            return;
    }
    recent->half_size = half_size;
    recent->half_count = half_count;
}

/* The compiler must not drop it. */
static void wipe(uint8_t *bytes, size_t size)
{
    memset(bytes, 0, size);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void half_clear(struct content_recent_half *half)
{
    if (half->size > 0)
        wipe(half->bytes, half->size);
    half->size = 0;
    half->count = 0;
}

void content_recent_keep(struct content_recent *recent, uint64_t segment,
    uint32_t slot, uint64_t entry, struct slice plain)
{
    struct content_recent_half *half = &recent->halves[recent->current];
    if (recent->half_count == 0 || plain.size > recent->half_size / 4)
        return;
    if (half->count == recent->half_count ||
        plain.size > recent->half_size - half->size) {
        recent->current ^= 1;
        half = &recent->halves[recent->current];
        half_clear(half);
    }
    half->items[half->count++] =
        (struct content_recent_item){ .segment = segment,
            .slot = slot,
            .size = (uint32_t)plain.size,
            .entry = entry,
            .bytes = half->bytes + half->size,
            .is_there = true };
    if (plain.size > 0)
        memcpy(half->bytes + half->size, plain.bytes, plain.size);
    half->size += plain.size;
}

static bool is_below(
    const struct content_recent_item *item, uint64_t segment, uint32_t slot)
{
    return item->segment < segment ||
           (item->segment == segment && item->slot < slot);
}

static size_t count_below(
    const struct content_recent_half *half, uint64_t segment, uint32_t slot)
{
    size_t low = 0;
    size_t high = half->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_below(&half->items[middle], segment, slot))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* NULL when it is not in that half. */
static struct content_recent_item *half_find(
    const struct content_recent_half *half, uint64_t segment, uint32_t slot)
{
    size_t index = count_below(half, segment, slot);
    if (index == half->count)
        return NULL;
    struct content_recent_item *item = &half->items[index];
    return item->is_there && item->segment == segment && item->slot == slot
               ? item
               : NULL;
}

struct content_recent_item *content_recent_find(
    struct content_recent *recent, uint64_t segment, uint32_t slot)
{
    struct content_recent_item *item =
        half_find(&recent->halves[0], segment, slot);
    return item != NULL ? item : half_find(&recent->halves[1], segment, slot);
}

static void item_wipe(struct content_recent_item *item)
{
    wipe(item->bytes, item->size);
    item->is_there = false;
}

struct slice content_recent_take(
    struct content_recent_item *item, struct arena *arena)
{
    struct slice plain = arena_copy(arena, slice_of(item->bytes, item->size));
    item_wipe(item);
    return plain;
}

void content_recent_forget(
    struct content_recent *recent, uint64_t segment, uint32_t slot)
{
    struct content_recent_item *item =
        content_recent_find(recent, segment, slot);
    if (item != NULL)
        item_wipe(item);
}

void content_recent_forget_from(struct content_recent *recent, uint64_t segment)
{
    for (size_t i = 0; i < 2; i++) {
        struct content_recent_half *half = &recent->halves[i];
        size_t count = count_below(half, segment, 0);
        if (count == half->count)
            continue;
        size_t size = (size_t)(half->items[count].bytes - half->bytes);
        wipe(half->bytes + size, half->size - size);
        half->size = size;
        half->count = count;
    }
}
