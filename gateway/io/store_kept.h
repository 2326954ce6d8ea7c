/*
 * store_kept.h - the last large values that a store opened, as they were read.
 * What programs and peers ask for next is mostly the next item of the same
 * blob of contents, and opening that whole blob again for each would cost the
 * square of its size. Belongs to one thread. What is dropped is wiped.
 */
#ifndef IO_STORE_KEPT_H
#define IO_STORE_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/port.h"

/* A smaller one costs little to open again. */
#define STORE_KEPT_SIZE_MIN 4096u
/* A blob with a full parcel's contents, and some more. */
#define STORE_KEPT_SIZE_MAX (2u * 1024 * 1024)
/* A parcel is made of this many small commits, and read twice. */
#define STORE_KEPT_COUNT 8u

struct store_kept_value {
    uint8_t key[STORE_KEY_SIZE_MAX];
    size_t key_size; /* 0: nothing here */
    uint8_t *bytes;
    size_t size;
    unsigned lent_count; /* who may be reading it */
};

struct store_kept {
    struct store_kept_value values[STORE_KEPT_COUNT];
    size_t next; /* to be replaced */
};

/* Lends the value; bytes NULL when it is not kept. */
struct slice store_kept_find(struct store_kept *kept, struct slice key);
/* Room for a value of that key, lent, which the caller fills, or forgets. NULL
 * when all there is is lent, the size is not to be kept, or memory is short. */
uint8_t *store_kept_add(struct store_kept *kept, struct slice key, size_t size);
/* One who was lent it reads it no more. Nothing when it is none of these. */
void store_kept_let_go(struct store_kept *kept, const uint8_t *bytes);
/* The value of that key is about to be another. A key that borrows from the
 * value itself is gone with it. */
void store_kept_forget(struct store_kept *kept, struct slice key);
/* Nobody reads what was lent any more. */
void store_kept_return(struct store_kept *kept);
void store_kept_clear(struct store_kept *kept);

#endif
