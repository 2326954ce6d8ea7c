#include "io/changes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/row_page.h"

#define BLOCK_SIZE_MIN (64u * 1024)
#define ROWS_MIN 64u

/* A row that changes makes its leaf anew; LMDB keeps such pages, and what has
 * pages of its own, in memory until the commit. */
#define LEAF_SIZE 4096u

struct changes_block {
    struct changes_block *before;
    size_t capacity;
    size_t used;
    uint8_t bytes[];
};

static uint8_t *block_take(struct changes *changes, size_t size)
{
    struct changes_block *block = changes->blocks;
    if (block == NULL || block->capacity - block->used < size) {
        size_t capacity = size > BLOCK_SIZE_MIN ? size : BLOCK_SIZE_MIN;
        block = malloc(sizeof *block + capacity);
        if (block == NULL)
            return NULL;
        *block = (struct changes_block){ .before = changes->blocks,
            .capacity = capacity };
        changes->blocks = block;
        changes->size += capacity;
    }
    uint8_t *bytes = block->bytes + block->used;
    block->used += size;
    return bytes;
}

/* The index of the first row whose key is not below; true: it is that key. */
static bool find(const struct changes *changes, struct slice key, size_t *index)
{
    size_t low = 0;
    size_t high = changes->count;
    /* most come in order */
    if (high > 0 && row_compare(changes->rows[high - 1].key, key) < 0)
        low = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = row_compare(changes->rows[middle].key, key);
        if (order == 0) {
            *index = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    return false;
}

static bool has_row_room(struct changes *changes)
{
    if (changes->count < changes->capacity)
        return true;
    size_t capacity = changes->capacity == 0 ? ROWS_MIN : 2 * changes->capacity;
    struct change *rows =
        realloc(changes->rows, capacity * sizeof *changes->rows);
    if (rows == NULL)
        return false;
    changes->rows = rows;
    changes->capacity = capacity;
    return true;
}

/* The value where there was one, or in new memory. */
static enum err value_set(
    struct changes *changes, struct change *row, struct slice value)
{
    uint8_t *at = (uint8_t *)(uintptr_t)row->value.bytes;
    if (value.bytes == NULL) {
        row->value = SLICE_NONE;
        row->room = 0; /* what is there may be borrowed for a while */
        return ERR_NONE;
    }
    if (at == NULL || value.size > row->room) {
        at = block_take(changes, value.size + 1);
        if (at == NULL)
            return ERR_NO_MEMORY;
        row->room = value.size;
    }
    if (value.size > 0)
        memmove(at, value.bytes, value.size);
    row->value = slice_of(at, value.size);
    return ERR_NONE;
}

static enum err insert(
    struct changes *changes, size_t index, struct slice key, struct slice value)
{
    uint8_t *copy = block_take(changes, key.size + 1);
    struct change row = { .value = SLICE_NONE };
    if (copy == NULL || !has_row_room(changes) ||
        value_set(changes, &row, value) != ERR_NONE)
        return ERR_NO_MEMORY;
    memcpy(copy, key.bytes, key.size);
    row.key = slice_of(copy, key.size);
    struct change *at = changes->rows + index;
    memmove(at + 1, at, (changes->count - index) * sizeof *at);
    *at = row;
    changes->count++;
    return ERR_NONE;
}

enum err changes_put(
    struct changes *changes, struct slice key, struct slice value)
{
    size_t index;
    return find(changes, key, &index)
               ? value_set(changes, &changes->rows[index], value)
               : insert(changes, index, key, value);
}

const struct change *changes_find(
    const struct changes *changes, struct slice key)
{
    size_t index;
    return find(changes, key, &index) ? &changes->rows[index] : NULL;
}

const struct change *changes_at_or_after(
    const struct changes *changes, struct slice bound)
{
    size_t index;
    (void)find(changes, bound, &index);
    return index < changes->count ? &changes->rows[index] : NULL;
}

const struct change *changes_at_or_before(
    const struct changes *changes, struct slice bound)
{
    size_t index;
    if (find(changes, bound, &index))
        return &changes->rows[index];
    return index > 0 ? &changes->rows[index - 1] : NULL;
}

size_t changes_held(const struct changes *changes)
{
    return 2 * changes->size + changes->count * LEAF_SIZE;
}

void changes_clear(struct changes *changes)
{
    while (changes->blocks != NULL) {
        struct changes_block *block = changes->blocks;
        changes->blocks = block->before;
        free(block);
    }
    free(changes->rows);
    *changes = (struct changes){ 0 };
}
