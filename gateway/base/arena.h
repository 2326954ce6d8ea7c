/*
 * arena.h - memory for one step: bump allocation from one block, freed all at
 * once, with a hard limit that is the step's memory budget.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* What is not taken is zero: so must be a block that does not come from
 * arena_init(). */
struct arena {
    uint8_t *block;
    size_t capacity;
    size_t used;
    size_t refused_count; /* requests that found no room, since arena_init() */
};

/* Takes `capacity` bytes from the heap. ERR_NO_MEMORY. */
MUST_USE enum err arena_init(struct arena *arena, size_t capacity);

/* Wipes and frees; the arena is then empty with no capacity. */
void arena_release(struct arena *arena);

/* Forgets every allocation and wipes what they held. */
void arena_reset(struct arena *arena);

/* Forgets and wipes what was taken since `used` was the arena's. */
void arena_rewind(struct arena *arena, size_t used);

/* Zeroed memory aligned for any type; NULL when the limit is reached. */
void *arena_take(struct arena *arena, size_t size);

/* `count` items of `size` bytes, checked for overflow; NULL at the limit. */
void *arena_take_array(struct arena *arena, size_t count, size_t size);

/* A copy with a zero byte after its end; bytes NULL at the limit. */
struct slice arena_copy(struct arena *arena, struct slice bytes);

/* A zero-terminated copy; NULL at the limit. */
char *arena_text(struct arena *arena, struct slice text);

#endif
