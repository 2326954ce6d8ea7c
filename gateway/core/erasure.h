/*
 * erasure.h - entries of the vault that are to be destroyed, and nothing may
 * forget: a row each, from the commit that wants it until a commit after it was
 * done. What they sealed is then unreadable in every copy of the store.
 *
 * A store that lost something does not know which entries its lost life used,
 * beyond those that it knows of. They are used by nobody else then, and all of
 * them go, piece by piece, once every peer has shown what it holds: until then
 * an operator may put the store of that life back.
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
    bool has_rows;  /* of entries that were destroyed after the last commit */
    bool has_spans; /* entries of a life that was lost */
    uint64_t span_first; /* of one; of it was destroyed since... */
    uint64_t span_next;  /* ... what is below; 0: nothing */
};

/* At the start: what an earlier life left to be done. */
void erasure_load(struct work *work);
/* In every other batch, first: forgets what is done. */
void erasure_begin(struct work *work);

/* Destroyed once this batch is committed. */
void erasure_doom(struct work *work, uint64_t entry);

/* The store lost something: entries that it does not know of are never used
 * again, and to be destroyed. */
void erasure_doom_unknown(struct work *work);
/* A piece of them, when that has come; true: more is to be done at once. */
bool erasure_go_on(struct work *work);

/* After the commit, before anything is said of it. ERR_IO: the rows are still
 * there; the process must end. */
MUST_USE enum err erasure_carry_out(
    struct erasure *erasure, struct vault *vault);

#endif
