#include "core/content_recent.h"

#include <string.h>

/* Half of the last piece of each content is waste, and each link is a cache
 * line that is far away. */
#define PIECE_SIZE 512u
/* Referrals of a few elements take as much; of smaller ones fewer are kept. */
#define PIECES_EACH 2u

/* What was not taken while so many batches kept something is not wanted soon:
 * its recipient is away. Under load that is some seconds. */
#define UNUSED_BATCH_COUNT_MAX 1024u

struct content_recent_item {
    uint64_t segment;
    uint64_t entry;
    uint64_t batch; /* that kept it */
    uint32_t slot;
    uint32_t size;
    uint32_t piece; /* the first; in the list of free ones, the next item */
    uint32_t older;
    uint32_t newer;
    uint32_t next; /* in its bucket */
};

void content_recent_init(
    struct content_recent *recent, struct arena *memory, size_t size)
{
    *recent = (struct content_recent){ 0 };
    size_t item_size = sizeof *recent->items + sizeof *recent->buckets;
    size_t item_count =
        size / (PIECES_EACH * (PIECE_SIZE + sizeof *recent->links) + item_size);
    size_t piece_count = PIECES_EACH * item_count;
    recent->pieces = arena_take_array(memory, piece_count, PIECE_SIZE);
    recent->links =
        arena_take_array(memory, piece_count, sizeof *recent->links);
    recent->items = arena_take_array(memory, item_count, sizeof *recent->items);
    recent->buckets =
        arena_take_array(memory, item_count, sizeof *recent->buckets);
    if (item_count == 0 || recent->pieces == NULL || recent->links == NULL ||
        recent->items == NULL || recent->buckets == NULL)
        return;
    for (uint32_t i = 0; i < piece_count; i++)
        recent->links[i] = i + 1 < piece_count ? i + 2 : 0;
    for (uint32_t i = 0; i < item_count; i++)
        recent->items[i].piece = i + 1 < item_count ? i + 2 : 0;
    recent->piece_count = (uint32_t)piece_count;
    recent->free_count = (uint32_t)piece_count;
    recent->free_piece = 1;
    recent->free_item = 1;
    recent->bucket_count = (uint32_t)item_count;
}

static uint32_t *bucket_of(
    const struct content_recent *recent, uint64_t segment, uint32_t slot)
{
    return &recent->buckets[(segment * 128 + slot) % recent->bucket_count];
}

static struct content_recent_item *item_at(
    const struct content_recent *recent, uint32_t link)
{
    return link == 0 ? NULL : &recent->items[link - 1];
}

/* ---- Letting go --------------------------------------------------------- */

/* The compiler must not drop it. */
static void wipe(uint8_t *bytes, size_t size)
{
    memset(bytes, 0, size);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void pieces_free(
    struct content_recent *recent, const struct content_recent_item *item)
{
    uint32_t link = item->piece;
    for (size_t left = item->size; left > 0;) {
        size_t size = left < PIECE_SIZE ? left : PIECE_SIZE;
        uint32_t next = recent->links[link - 1];
        wipe(recent->pieces + (size_t)(link - 1) * PIECE_SIZE, size);
        recent->links[link - 1] = recent->free_piece;
        recent->free_piece = link;
        recent->free_count++;
        link = next;
        left -= size;
    }
}

static void item_free(
    struct content_recent *recent, struct content_recent_item *item)
{
    uint32_t link = (uint32_t)(item - recent->items) + 1;
    uint32_t *place = bucket_of(recent, item->segment, item->slot);
    while (*place != link)
        place = &recent->items[*place - 1].next;
    *place = item->next;
    *(item->older == 0 ? &recent->oldest
                       : &item_at(recent, item->older)->newer) = item->newer;
    *(item->newer == 0 ? &recent->newest
                       : &item_at(recent, item->newer)->older) = item->older;
    pieces_free(recent, item);
    item->piece = recent->free_item;
    recent->free_item = link;
}

/* ---- Keeping ------------------------------------------------------------ */

void content_recent_batch(struct content_recent *recent)
{
    recent->batch++;
}

static bool has_room(const struct content_recent *recent, uint32_t piece_count)
{
    return recent->free_item != 0 && recent->free_count >= piece_count;
}

static bool make_room(struct content_recent *recent, uint32_t piece_count)
{
    while (!has_room(recent, piece_count)) {
        struct content_recent_item *oldest = item_at(recent, recent->oldest);
        if (oldest == NULL ||
            recent->batch - oldest->batch <= UNUSED_BATCH_COUNT_MAX)
            return false;
        item_free(recent, oldest);
    }
    return true;
}

/* The chain of pieces that holds it. There is room. */
static uint32_t pieces_fill(struct content_recent *recent, struct slice plain)
{
    uint32_t first = recent->free_piece;
    uint32_t *link = &recent->free_piece;
    for (size_t done = 0; done < plain.size; done += PIECE_SIZE) {
        size_t left = plain.size - done;
        memcpy(recent->pieces + (size_t)(*link - 1) * PIECE_SIZE,
            plain.bytes + done, left < PIECE_SIZE ? left : PIECE_SIZE);
        link = &recent->links[*link - 1];
        recent->free_count--;
    }
    recent->free_piece = *link;
    return first;
}

void content_recent_keep(struct content_recent *recent, uint64_t segment,
    uint32_t slot, uint64_t entry, struct slice plain)
{
    size_t piece_count = (plain.size + PIECE_SIZE - 1) / PIECE_SIZE;
    if (piece_count > recent->piece_count / 4 ||
        !make_room(recent, (uint32_t)piece_count))
        return;
    uint32_t link = recent->free_item;
    struct content_recent_item *item = item_at(recent, link);
    uint32_t *bucket = bucket_of(recent, segment, slot);
    recent->free_item = item->piece;
    *item = (struct content_recent_item){ .segment = segment,
        .entry = entry,
        .batch = recent->batch,
        .slot = slot,
        .size = (uint32_t)plain.size,
        .piece = pieces_fill(recent, plain),
        .older = recent->newest,
        .next = *bucket };
    *bucket = link;
    *(recent->newest == 0 ? &recent->oldest
                          : &item_at(recent, recent->newest)->newer) = link;
    recent->newest = link;
}

/* ---- Finding ------------------------------------------------------------ */

struct content_recent_item *content_recent_find(
    struct content_recent *recent, uint64_t segment, uint32_t slot)
{
    if (recent->bucket_count == 0)
        return NULL;
    struct content_recent_item *item =
        item_at(recent, *bucket_of(recent, segment, slot));
    while (item != NULL && (item->segment != segment || item->slot != slot))
        item = item_at(recent, item->next);
    return item;
}

uint64_t content_recent_entry(const struct content_recent_item *item)
{
    return item->entry;
}

struct slice content_recent_take(struct content_recent *recent,
    struct content_recent_item *item, struct arena *arena)
{
    uint8_t *bytes = arena_take(arena, item->size);
    uint32_t link = item->piece;
    for (size_t done = 0; bytes != NULL && done < item->size;
         done += PIECE_SIZE) {
        size_t left = item->size - done;
        memcpy(bytes + done, recent->pieces + (size_t)(link - 1) * PIECE_SIZE,
            left < PIECE_SIZE ? left : PIECE_SIZE);
        link = recent->links[link - 1];
    }
    struct slice plain = slice_of(bytes, bytes == NULL ? 0 : item->size);
    item_free(recent, item);
    return plain;
}

void content_recent_forget(
    struct content_recent *recent, uint64_t segment, uint32_t slot)
{
    struct content_recent_item *item =
        content_recent_find(recent, segment, slot);
    if (item != NULL)
        item_free(recent, item);
}

void content_recent_forget_from(struct content_recent *recent, uint64_t segment)
{
    struct content_recent_item *item;
    while ((item = item_at(recent, recent->newest)) != NULL &&
           item->segment >= segment)
        item_free(recent, item);
}
