/*
 * work.h - what one step works with: the transaction, the clock, entropy,
 * memory, cryptography, and where outputs and log events go. Passed down
 * through the core; nothing in it outlives the batch.
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/instant.h"
#include "base/pack.h"
#include "base/slice.h"
#include "core/content.h"
#include "core/keys.h"
#include "core/limits.h"
#include "core/port.h"

struct node;

struct work {
    struct node *node;
    struct store_txn *txn;
    struct crypto *crypto;
    struct arena *arena;   /* until the batch is carried out */
    struct arena *scratch; /* until the step ends: foreign bytes unfold here */
    struct content_log *contents;
    struct instant now;
    int64_t steady_ms; /* never goes back; from an arbitrary start */
    uint8_t entropy[SEED_SIZE];
    uint32_t draw_count;
};

/* Fresh bytes derived from the input's entropy; no two draws are alike. */
void work_draw(struct work *work, void *bytes, size_t size);

/* A content that this gateway says, with a fresh salt (content_put). When the
 * arena is full, or was before and the content is none, CONTENT_NONE, and the
 * work fails. */
struct content_ref work_say(
    struct work *work, uint64_t entry, struct slice content);

/* True when the store or an arena failed: the batch must be given up. */
static inline bool work_failed(const struct work *work)
{
    return work->txn->err != ERR_NONE;
}

/* What is left of the batch's arena beside what writing its contents takes. */
static inline size_t work_room(const struct work *work)
{
    size_t left = work->arena->capacity - work->arena->used;
    size_t blob = 64 + 4 * work->contents->count + work->contents->size;
    return left > blob ? left - blob : 0;
}

/* The store's transaction takes as much memory as it may, with the contents
 * that are to be written: what can wait for the next batch is left to it. */
static inline bool work_is_heavy(const struct work *work)
{
    return store_held(work->txn) + work->contents->size >= STORE_TXN_SIZE_MAX;
}

/* Stores what was packed, under that key; there was room for it. */
void work_put(struct work *work, struct key key, const struct packer *row);

/* Marks the batch as failed. An error of before stays: after it nothing is
 * found any more, and what looks damaged need not be. */
static inline void work_fail(struct work *work, enum err err)
{
    if (work->txn->err == ERR_NONE)
        work->txn->err = err;
}

/* For want of memory (a bound was miscounted). */
static inline void work_exhausted(struct work *work)
{
    work_fail(work, ERR_NO_MEMORY);
}

/* By what the store holds. */
static inline void work_corrupt(struct work *work)
{
    work_fail(work, ERR_CORRUPT);
}

/* Of what was read before it was stored, and cannot be now, with this error. */
static inline void work_unread(struct work *work, enum err err)
{
    if (err == ERR_LIMIT)
        work_exhausted(work);
    else
        work_corrupt(work);
}

#endif
