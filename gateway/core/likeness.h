/* likeness.h - which name someone may have meant by another one. */
#ifndef CORE_LIKENESS_H
#define CORE_LIKENESS_H

#include <stddef.h>

#include "base/slice.h"

/* Levenshtein's distance of two names; SIZE_MAX when one is longer than
 * CODE_SIZE_MAX. */
size_t likeness_distance(struct slice a, struct slice b);

/* The distance from `wanted` above which a name is no likely meaning. */
static inline size_t likeness_distance_max(struct slice wanted)
{
    return wanted.size / 3 + 1;
}

#endif
