/*
 * content_recent.h - contents of the last batches as they were before they were
 * sealed: each is wanted once more soon, to be sent or to be read, and to
 * derive its key and open it costs more than all else that is then done with
 * it. What was handed over, or erased, is wiped. Bounded: what waits longest is
 * wanted first, so when all room is taken no more is kept; but what nobody
 * took for long makes room.
 */
#ifndef CORE_CONTENT_RECENT_H
#define CORE_CONTENT_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct content_recent_item;

/* Contents lie in chains of pieces. Links are an index and one more; 0: none.
 * Zero-initialised it keeps nothing. */
struct content_recent {
    uint8_t *pieces;
    uint32_t *links; /* of pieces */
    uint32_t piece_count;
    uint32_t free_piece;
    uint32_t free_count;
    struct content_recent_item *items;
    uint32_t free_item;
    uint32_t oldest;
    uint32_t newest;
    uint32_t *buckets;
    uint32_t bucket_count;
    uint64_t batch; /* batches that kept something */
};

/* Takes so much memory, for good; keeps nothing where there is less. */
void content_recent_init(
    struct content_recent *recent, struct arena *memory, size_t size);

/* A batch is about to keep what it leaves. */
void content_recent_batch(struct content_recent *recent);
/* The next content; places rise. One for which there is no room is not kept. */
void content_recent_keep(struct content_recent *recent, uint64_t segment,
    uint32_t slot, uint64_t entry, struct slice plain);
/* NULL when it is not there. */
struct content_recent_item *content_recent_find(
    struct content_recent *recent, uint64_t segment, uint32_t slot);
/* Of the vault. */
uint64_t content_recent_entry(const struct content_recent_item *item);
/* A copy in the arena, bytes NULL when that is full; it is wiped here. */
struct slice content_recent_take(struct content_recent *recent,
    struct content_recent_item *item, struct arena *arena);
/* Wipes it, where it is there. */
void content_recent_forget(
    struct content_recent *recent, uint64_t segment, uint32_t slot);
/* Wipes what is in that segment and above: a batch is about to write it. */
void content_recent_forget_from(
    struct content_recent *recent, uint64_t segment);

#endif
