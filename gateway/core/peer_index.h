/*
 * peer_index.h - agencies by their ids: a table of places in a list that only
 * grows, so that among thousands one is found at once. Zero-initialised it
 * finds none. Whose memory it is makes a larger one in time.
 */
#ifndef CORE_PEER_INDEX_H
#define CORE_PEER_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct peer;

struct peer_index {
    uint32_t *slots; /* lent; of each a place in the list, and 1; 0: free */
    size_t count;    /* a power of two; most slots stay free */
};

/* Which is not in it yet. */
void peer_index_add(
    struct peer_index *index, const struct agency_id *agency, uint32_t place);

/* NULL when none of them is that agency. */
struct peer *peer_index_find(const struct peer_index *index,
    struct peer *const *peers, const struct agency_id *agency);

#endif
