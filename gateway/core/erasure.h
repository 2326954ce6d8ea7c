/*
 * erasure.h - entries of the vault that are to be destroyed, and nothing may
 * forget: a row each, from the commit that wants it until a commit after it was
 * done. What they sealed is then unreadable in every copy of the store.
 */
#ifndef CORE_ERASURE_H
#define CORE_ERASURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/work.h"

/* Of the batch under way; belongs to the node. */
struct erasure {
    uint64_t *entries;
    size_t count;
    size_t capacity;
    bool has_rows; /* of entries that were destroyed after the last commit */
};

/* At the start: what an earlier life left to be done. */
void erasure_load(struct work *work);
/* In every other batch, first: forgets what is done. */
void erasure_begin(struct work *work);

/* Destroyed once this batch is committed. */
void erasure_doom(struct work *work, uint64_t entry);

/* After the commit, before anything is said of it. ERR_IO: the rows are still
 * there; the process must end. */
MUST_USE enum err erasure_carry_out(
    struct erasure *erasure, struct vault *vault);

#endif
