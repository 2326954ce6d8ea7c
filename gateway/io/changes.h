/*
 * changes.h - what a transaction changed, in memory, in the order of keys: a
 * row each, with its new value, or none where it is gone.
 */
#ifndef IO_CHANGES_H
#define IO_CHANGES_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct change {
    struct slice key;
    struct slice value; /* bytes NULL: the row is gone */
    size_t room;        /* where the value is */
};

struct changes_block;

/* Zero-initialised it is empty. */
struct changes {
    struct change *rows; /* sorted */
    size_t count;
    size_t capacity;
    struct changes_block *blocks; /* of keys and values */
    size_t size;                  /* of all blocks */
};

/* A copy of both, which may borrow from here; value with bytes NULL: gone. What
 * was borrowed of that row's value is no longer good. ERR_NO_MEMORY: nothing
 * has changed. */
MUST_USE enum err changes_put(
    struct changes *changes, struct slice key, struct slice value);

/* NULL where there is none; until the next put. */
const struct change *changes_find(
    const struct changes *changes, struct slice key);
const struct change *changes_at_or_after(
    const struct changes *changes, struct slice bound);
const struct change *changes_at_or_before(
    const struct changes *changes, struct slice bound);

/* About how much memory it takes, and carrying it out in LMDB. */
size_t changes_held(const struct changes *changes);

void changes_clear(struct changes *changes);

#endif
