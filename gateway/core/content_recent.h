/*
 * content_recent.h - contents of the last batches as they were before they were
 * sealed: each is wanted once more soon, to be sent or to be read, and to
 * derive its key and open it costs more than all else that is then done with
 * it. What was handed over, or erased, is wiped. Bounded: when one half is
 * full, the other is wiped and filled.
 */
#ifndef CORE_CONTENT_RECENT_H
#define CORE_CONTENT_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct content_recent_item {
    uint64_t segment;
    uint32_t slot;
    uint32_t size;
    uint64_t entry; /* of the vault */
    uint8_t *bytes; /* of its half */
    bool is_there;
};

struct content_recent_half {
    uint8_t *bytes;
    size_t size;
    struct content_recent_item *items; /* in the order of segment and slot */
    size_t count;
};

/* Zero-initialised it keeps nothing. */
struct content_recent {
    struct content_recent_half halves[2];
    size_t current; /* the half that is being filled */
    size_t half_size;
    size_t half_count;
};

/* Takes so much memory, for good; keeps nothing where there is less. */
void content_recent_init(
    struct content_recent *recent, struct arena *memory, size_t size);

/* The next content; places rise. One that is too large is not kept. */
void content_recent_keep(struct content_recent *recent, uint64_t segment,
    uint32_t slot, uint64_t entry, struct slice plain);
/* NULL when it is not there. */
struct content_recent_item *content_recent_find(
    struct content_recent *recent, uint64_t segment, uint32_t slot);
/* A copy in the arena, bytes NULL when that is full; it is wiped here. */
struct slice content_recent_take(
    struct content_recent_item *item, struct arena *arena);
/* Wipes it, where it is there. */
void content_recent_forget(
    struct content_recent *recent, uint64_t segment, uint32_t slot);
/* Wipes what is in that segment and above: a batch is about to write it. */
void content_recent_forget_from(
    struct content_recent *recent, uint64_t segment);

#endif
