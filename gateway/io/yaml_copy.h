/* yaml_copy.h - from libcyaml's structures into an arena. False when full. */
#ifndef IO_YAML_COPY_H
#define IO_YAML_COPY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* NULL gives an empty slice. */
static inline bool yaml_copy_text(
    const char *from, struct arena *arena, struct slice *to)
{
    *to = SLICE_NONE;
    if (from == NULL)
        return true;
    *to = arena_copy(arena, slice_of_text(from));
    return to->bytes != NULL;
}

static inline bool yaml_copy_list(char *const *from, unsigned count,
    struct arena *arena, const struct slice **to, size_t *to_count)
{
    struct slice *list = arena_take_array(arena, count, sizeof *list);
    *to = list;
    *to_count = count;
    for (unsigned i = 0; list != NULL && i < count; i++)
        if (!yaml_copy_text(from[i], arena, &list[i]))
            return false;
    return list != NULL;
}

#endif
