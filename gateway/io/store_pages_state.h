/* store_pages_state.h - inside store_pages*.c only. */
#ifndef IO_STORE_PAGES_STATE_H
#define IO_STORE_PAGES_STATE_H

#include "io/page_cache.h"
#include "io/row_page.h"
#include "io/store_pages.h"

struct pages_store {
    struct store store; /* first, so that either is the other */
    struct store *inner;
    bool has_pages[256];
    /* of the one writing transaction: */
    struct page_cache cache;
    uint64_t now; /* counts them */
    uint8_t *scratch;
    size_t scratch_capacity;
};

struct pages_txn {
    struct store_txn txn;
    struct pages_store *pages;
    struct store_txn *inner;
    struct page_cache *cache;
    struct page_cache own; /* of a reading one */
    uint64_t now;
    size_t held; /* for pages that were not at hand */
};

/* Where a search is, and what it may end at. */
struct pages_search {
    struct pages_txn *txn;
    struct row_bound bound;
    size_t prefix_size;
    uint8_t prefix[STORE_KEY_SIZE_MAX];
    struct slice *key;
    struct slice *value;
};

/* Whether that key's table is kept in pages. */
bool pages_has(const struct pages_txn *txn, struct slice key);

/* The page that holds that key if any does; NULL when its table is empty, or
 * nothing goes on. */
struct row_page *pages_page_for(struct pages_txn *txn, struct slice key);

bool pages_search_begin(struct pages_search *search,
    struct store_txn *store_txn, size_t prefix_size, struct slice *key,
    struct slice *value);
/* Is that row what was searched for? */
bool pages_found(
    struct pages_search *search, struct slice key, struct slice value);

/* The operation of that name. */
enum err pages_probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back);

#endif
