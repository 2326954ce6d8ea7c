/*
 * line_keys.h - keys of the lines of a file, and which line had one first. A
 * line without a key of its own has one made from what it says, so that the
 * same file, sent again after an interruption, sends nobody twice.
 */
#ifndef REFERCTL_LINE_KEYS_H
#define REFERCTL_LINE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/port.h"
#include "referctl/pool.h"

/* An empty one is all zero but for the pool. */
struct line_keys {
    struct pool *pool;
    struct line_key {
        uint64_t hash; /* of the key */
        size_t line;   /* 0: a free place */
    } * places;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
};

#define LINE_KEY_SIZE 61 /* "line-" and 28 bytes in hexadecimal */

/* The key of a line that says this, sent to whom --to says ("": the line). */
void line_key_make(struct crypto *crypto, struct slice said, const char *to,
    char key[LINE_KEY_SIZE + 1]);

/* Notes the key of a line; 0, or else the line that had it before. */
size_t line_keys_put(struct line_keys *keys, struct crypto *crypto,
    const char *key, size_t line);

#endif
