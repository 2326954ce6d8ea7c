#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum err arena_init(struct arena *arena, size_t capacity)
{
    *arena =
        (struct arena){ .block = calloc(1, capacity), .capacity = capacity };
    if (arena->block == NULL) {
        arena->capacity = 0;
        return ERR_NO_MEMORY;
    }
    return ERR_NONE;
}

void arena_release(struct arena *arena)
{
    arena_reset(arena);
    free(arena->block);
    *arena = (struct arena){ 0 };
}

void arena_reset(struct arena *arena)
{
    arena_rewind(arena, 0);
}

void arena_rewind(struct arena *arena, size_t used)
{
    if (arena->used > used) {
        memset(arena->block + used, 0, arena->used - used);
        /* the compiler must not drop the wipe of memory that is freed next */
        __asm__ volatile("" : : "r"(arena->block) : "memory");
    }
    arena->used = used;
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t mask = alignof(max_align_t) - 1;
    size_t start = (arena->used + mask) & ~mask;
    if (start > arena->capacity || size > arena->capacity - start) {
        arena->refused_count++;
        return NULL;
    }
    arena->used = start + size;
    /* zeroed from the start, and again whenever it was given back */
    return arena->block + start;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    bool is_countable = size == 0 || count <= SIZE_MAX / size;
    return arena_take(arena, is_countable ? count * size : SIZE_MAX);
}

struct slice arena_copy(struct arena *arena, struct slice bytes)
{
    if (bytes.size == SIZE_MAX)
        return SLICE_NONE;
    uint8_t *copy = arena_take(arena, bytes.size + 1);
    if (copy == NULL)
        return SLICE_NONE;
    if (bytes.size > 0)
        memcpy(copy, bytes.bytes, bytes.size);
    return slice_of(copy, bytes.size);
}

char *arena_text(struct arena *arena, struct slice text)
{
    /* cast: the copy is ours, slices only lend */
    return (char *)(uintptr_t)arena_copy(arena, text).bytes;
}
