/* slice.h - borrowed bytes: an address and a size, nothing owned. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *bytes;
    size_t size;
};

#define SLICE_NONE ((struct slice){ NULL, 0 })

/* The bytes of a string literal, without its terminator. */
#define SLICE_LITERAL(text)                                                    \
    ((struct slice){ (const uint8_t *)("" text), sizeof(text) - 1 })

/* All of an array, not of a pointer. */
#define SLICE_ARRAY(array)                                                     \
    ((struct slice){ (const uint8_t *)(array), sizeof(array) })

static inline struct slice slice_of(const void *bytes, size_t size)
{
    return (struct slice){ bytes, size };
}

/* The characters of a zero-terminated string. */
static inline struct slice slice_of_text(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    /* most that are compared differ in the first already */
    return a.size == b.size &&
           (a.size == 0 || (a.bytes[0] == b.bytes[0] &&
                               memcmp(a.bytes, b.bytes, a.size) == 0));
}

static inline bool slice_is(struct slice a, const char *text)
{
    if (a.size > 0 && a.bytes[0] != (uint8_t)text[0])
        return false;
    return slice_equal(a, slice_of_text(text));
}

#endif
