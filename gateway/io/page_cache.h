/*
 * page_cache.h - pages of rows that are at hand, in the order of their keys.
 * No two overlap; there may be others between them that are not at hand.
 */
#ifndef IO_PAGE_CACHE_H
#define IO_PAGE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "io/row_page.h"

/* Most that is asked for is where the one before was, in the same table. */
#define PAGE_CACHE_LAST_COUNT 8u

/* Most keys differ here, and are compared without a look at the page. */
#define PAGE_CACHE_HEAD_SIZE 16u

struct page_cache_slot {
    uint8_t head[PAGE_CACHE_HEAD_SIZE]; /* of the page's first key, or zeroes */
    struct row_page *page;
};

/* Zero-initialised it is empty. */
struct page_cache {
    struct page_cache_slot *slots;
    size_t count;
    size_t capacity;
    struct row_page *last[PAGE_CACHE_LAST_COUNT]; /* found; by table */
};

/* The page for that key; NULL when it is not at hand. Tables are told apart by
 * the first byte of their keys. */
struct row_page *page_cache_find(struct page_cache *cache, struct slice key);
/* Takes the page over. ERR_CORRUPT: one that begins there is at hand.
 * ERR_NO_MEMORY. After an error it is still the caller's. */
MUST_USE enum err page_cache_add(
    struct page_cache *cache, struct row_page *page);
/* Frees it. */
void page_cache_drop(struct page_cache *cache, struct row_page *page);
/* Frees pages that did not change, those first that were touched longest ago
 * (at `now` were the last), until all take no more than `size` bytes. */
void page_cache_trim(struct page_cache *cache, uint64_t now, size_t size);
void page_cache_clear(struct page_cache *cache);

#endif
