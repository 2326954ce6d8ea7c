/*
 * row_page.h - rows of a store that lie together, in one run of bytes: what
 * store_pages.h keeps as one value. Sorted, between two bounds.
 *
 * As bytes: each row as key size (u8), value size (u32, big-endian), key,
 * value; then the upper bound, and its size (u8, 0: there is none).
 */
#ifndef IO_ROW_PAGE_H
#define IO_ROW_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"

struct row_bound {
    size_t size;
    uint8_t bytes[STORE_KEY_SIZE_MAX];
};

struct row_place {
    size_t at; /* where the key begins; the value follows it */
    size_t key_size;
    size_t value_size;
};

struct row_page {
    struct row_bound first; /* no key is below it */
    struct row_bound end;   /* all are below it; of no bytes: there is none */
    struct row_place *rows;
    size_t count;
    size_t row_capacity;
    uint8_t *bytes;
    size_t size; /* of the rows */
    size_t capacity;
    bool is_changed;  /* since it was read or written */
    uint64_t touched; /* when it was asked for last: the cache's to say */
};

int row_compare(struct slice one, struct slice other);
void row_bound_set(struct row_bound *bound, struct slice key);
struct slice row_bound_key(const struct row_bound *bound);

/* An empty page from there on; NULL when memory is short. */
struct row_page *row_page_new(struct slice first);
/* Wipes. */
void row_page_free(struct row_page *page);

/* Fills a page that was new. ERR_CORRUPT, ERR_NO_MEMORY. */
MUST_USE enum err row_page_read(struct row_page *page, struct slice bytes);
/* All of it as bytes, borrowed until it changes; bytes NULL when memory is
 * short. */
struct slice row_page_write(struct row_page *page);
size_t row_page_size(const struct row_page *page); /* of these bytes */

bool row_page_covers(const struct row_page *page, struct slice key);
/* *index is that of the first row whose key is not below; true when it is
 * that key. */
bool row_page_find(
    const struct row_page *page, struct slice key, size_t *index);
struct slice row_page_key(const struct row_page *page, size_t index);
struct slice row_page_value(const struct row_page *page, size_t index);

/* Neither may borrow from the page. ERR_NO_MEMORY: nothing has changed. */
MUST_USE enum err row_page_put(
    struct row_page *page, struct slice key, struct slice value);
void row_page_del(struct row_page *page, size_t index);
/* Rows from `index` on go to a new page, which begins with the first of them;
 * 0 < index < count. NULL when memory is short: nothing has changed. */
struct row_page *row_page_split(struct row_page *page, size_t index);

#endif
