#include "io/store_pages.h"

#include <stdlib.h>
#include <string.h>

#include "io/openssl.h"
#include "io/store_pages_state.h"

/* Once for itself, with room for rows to come and where they are; once for what
 * the store is given of it in the end. */
#define PAGE_FACTOR 3u

static struct pages_store *store_of(struct store *store)
{
    return (struct pages_store *)(void *)store;
}

static struct pages_txn *txn_of(struct store_txn *txn)
{
    return (struct pages_txn *)(void *)txn;
}

/* ---- Pages -------------------------------------------------------------- */

static void fail(struct pages_txn *txn, enum err err)
{
    if (txn->txn.err == ERR_NONE)
        txn->txn.err = err;
}

bool pages_has(const struct pages_txn *txn, struct slice key)
{
    return key.size > 0 && txn->pages->has_pages[key.bytes[0]];
}

/* Takes the page over, whatever comes of it. */
static struct row_page *keep(struct pages_txn *txn, struct row_page *page)
{
    enum err err =
        page == NULL ? ERR_NO_MEMORY : page_cache_add(txn->cache, page);
    if (err == ERR_NONE) {
        page->touched = txn->now;
        txn->held += PAGE_FACTOR * (sizeof *page + row_page_size(page));
        return page;
    }
    row_page_free(page);
    fail(txn, err);
    return NULL;
}

static struct row_page *load(struct pages_txn *txn, struct slice key)
{
    struct slice at = key;
    struct slice bytes;
    if (!store_seek_back(txn->inner, 1, &at, &bytes)) {
        fail(txn, txn->inner->err);
        return NULL;
    }
    struct row_page *page = row_page_new(at);
    enum err err = page == NULL ? ERR_NO_MEMORY : row_page_read(page, bytes);
    if (err == ERR_NONE && !row_page_covers(page, key))
        err = ERR_CORRUPT;
    if (err == ERR_NONE)
        return keep(txn, page);
    row_page_free(page);
    fail(txn, err);
    return NULL;
}

/* The page that holds that key if any does; NULL when its table is empty, or
 * nothing goes on. */
struct row_page *pages_page_for(struct pages_txn *txn, struct slice key)
{
    struct row_page *page = page_cache_find(txn->cache, key);
    if (page == NULL)
        return load(txn, key);
    page->touched = txn->now;
    return page;
}

/* A table's first page: searches in the store around which this is come to
 * know by it that there is the table. */
static struct row_page *table_begin(struct pages_txn *txn, uint8_t table)
{
    struct slice first = slice_of(&table, 1);
    struct row_page *page = row_page_new(first);
    struct slice bytes = page == NULL ? SLICE_NONE : row_page_write(page);
    if (bytes.bytes == NULL) {
        row_page_free(page);
        fail(txn, ERR_NO_MEMORY);
        return NULL;
    }
    store_put(txn->inner, first, bytes);
    fail(txn, txn->inner->err);
    return keep(txn, page);
}

/* All rows in pages that are small enough, or of one row. */
static void divide(struct pages_txn *txn, struct row_page *page, size_t added)
{
    while (row_page_size(page) > STORE_PAGE_SIZE_MAX && page->count > 1) {
        /* what comes in order fills pages up; else both have room */
        size_t at = page->count - 1;
        if (added != at)
            at = page->count / 2;
        struct row_page *right = keep(txn, row_page_split(page, at));
        if (right == NULL)
            return;
        added = SIZE_MAX;
        divide(txn, right, SIZE_MAX);
    }
}

/* The greatest bound below that key, which is not the least of all. */
static struct row_bound before(struct slice key)
{
    struct row_bound bound;
    row_bound_set(&bound, slice_of(key.bytes, key.size - 1));
    uint8_t last = key.bytes[key.size - 1];
    if (last > 0) {
        memset(bound.bytes + bound.size, 0xff, sizeof bound.bytes - bound.size);
        bound.bytes[bound.size] = (uint8_t)(last - 1);
        bound.size = sizeof bound.bytes;
    }
    return bound;
}

/* An empty page goes, and the one before it takes over what would be there. A
 * table's first page stays. */
static void unlink_page(struct pages_txn *txn, struct row_page *page)
{
    struct row_bound end = page->end;
    struct row_bound first = page->first;
    store_del(txn->inner, row_bound_key(&first));
    fail(txn, txn->inner->err);
    page_cache_drop(txn->cache, page);
    struct row_bound below = before(row_bound_key(&first));
    struct row_page *left = pages_page_for(txn, row_bound_key(&below));
    if (left == NULL) {
        fail(txn, ERR_CORRUPT);
        return;
    }
    left->end = end;
    left->is_changed = true;
}

/* ---- Inside a transaction ----------------------------------------------- */

static bool may_go_on(struct pages_txn *txn, bool writes, struct slice key)
{
    if (txn->txn.err == ERR_NONE &&
        ((writes && !txn->txn.writes) || key.size == 0 ||
            key.size > STORE_KEY_SIZE_MAX))
        fail(txn, ERR_INVALID);
    return txn->txn.err == ERR_NONE;
}

static struct slice get(struct store_txn *store_txn, struct slice key)
{
    struct pages_txn *txn = txn_of(store_txn);
    size_t index;
    if (!may_go_on(txn, false, key))
        return SLICE_NONE;
    if (!pages_has(txn, key)) {
        struct slice value = store_get(txn->inner, key);
        fail(txn, txn->inner->err);
        return value;
    }
    struct row_page *page = pages_page_for(txn, key);
    return page != NULL && row_page_find(page, key, &index)
               ? row_page_value(page, index)
               : SLICE_NONE;
}

static void scratch_free(struct pages_store *pages)
{
    if (pages->scratch != NULL)
        OPENSSL_cleanse(pages->scratch, pages->scratch_capacity);
    free(pages->scratch);
    pages->scratch = NULL;
    pages->scratch_capacity = 0;
}

/* A copy of both, one after the other: they may borrow from a page. */
static bool copy(
    struct pages_store *pages, struct slice *key, struct slice *value)
{
    size_t size = key->size + value->size;
    if (size > pages->scratch_capacity) {
        scratch_free(pages);
        pages->scratch = malloc(2 * size);
        if (pages->scratch == NULL)
            return false;
        pages->scratch_capacity = 2 * size;
    }
    memcpy(pages->scratch, key->bytes, key->size);
    if (value->size > 0)
        memcpy(pages->scratch + key->size, value->bytes, value->size);
    *key = slice_of(pages->scratch, key->size);
    *value = slice_of(pages->scratch + key->size, value->size);
    return true;
}

static void put(
    struct store_txn *store_txn, struct slice key, struct slice value)
{
    struct pages_txn *txn = txn_of(store_txn);
    size_t index;
    if (!may_go_on(txn, true, key))
        return;
    if (!pages_has(txn, key)) {
        store_put(txn->inner, key, value);
        fail(txn, txn->inner->err);
        return;
    }
    if (value.size > UINT32_MAX / 4) {
        fail(txn, ERR_INVALID);
        return;
    }
    if (!copy(txn->pages, &key, &value)) {
        fail(txn, ERR_NO_MEMORY);
        return;
    }
    struct row_page *page = pages_page_for(txn, key);
    if (page == NULL && txn->txn.err == ERR_NONE)
        page = table_begin(txn, key.bytes[0]);
    if (page == NULL)
        return;
    fail(txn, row_page_put(page, key, value));
    if (txn->txn.err == ERR_NONE && row_page_find(page, key, &index))
        divide(txn, page, index);
}

static void del(struct store_txn *store_txn, struct slice key)
{
    struct pages_txn *txn = txn_of(store_txn);
    size_t index;
    if (!may_go_on(txn, true, key))
        return;
    if (!pages_has(txn, key)) {
        store_del(txn->inner, key);
        fail(txn, txn->inner->err);
        return;
    }
    struct row_page *page = pages_page_for(txn, key);
    if (page == NULL || !row_page_find(page, key, &index))
        return;
    row_page_del(page, index);
    if (page->count == 0 && page->first.size > 1)
        unlink_page(txn, page);
}

/* ---- Searches ----------------------------------------------------------- */

bool pages_search_begin(struct pages_search *search,
    struct store_txn *store_txn, size_t prefix_size, struct slice *key,
    struct slice *value)
{
    struct pages_txn *txn = txn_of(store_txn);
    if (txn->txn.err == ERR_NONE &&
        (key->size > STORE_KEY_SIZE_MAX || prefix_size > key->size))
        fail(txn, ERR_INVALID);
    if (txn->txn.err != ERR_NONE)
        return false;
    search->txn = txn;
    search->prefix_size = prefix_size;
    if (prefix_size > 0)
        memcpy(search->prefix, key->bytes, prefix_size);
    row_bound_set(&search->bound, *key);
    search->key = key;
    search->value = value;
    return true;
}

bool pages_found(
    struct pages_search *search, struct slice key, struct slice value)
{
    size_t size = search->prefix_size;
    if (key.size < size ||
        (size > 0 && memcmp(key.bytes, search->prefix, size) != 0))
        return false;
    *search->key = key;
    *search->value = value;
    return true;
}

/* A step in the store around which this is. True when the search is over, with
 * *is_found; else it goes on at the bound, in a table of pages. */
static bool step_inner(struct pages_search *search, bool back, bool *is_found)
{
    struct pages_txn *txn = search->txn;
    struct slice at = row_bound_key(&search->bound);
    struct slice value;
    *is_found =
        back ? store_seek_back(txn->inner, search->prefix_size, &at, &value)
             : store_seek(txn->inner, search->prefix_size, &at, &value);
    fail(txn, txn->inner->err);
    if (!*is_found)
        return true;
    if (!pages_has(txn, at)) {
        *is_found = pages_found(search, at, value);
        return true;
    }
    uint8_t table = at.bytes[0];
    row_bound_set(&search->bound, slice_of(&table, 1));
    if (back) {
        memset(search->bound.bytes + 1, 0xff, STORE_KEY_SIZE_MAX - 1);
        search->bound.size = STORE_KEY_SIZE_MAX;
    }
    return false;
}

/* As step_inner(), in the pages of one table: upwards. */
static bool step_up(struct pages_search *search, bool *is_found)
{
    struct row_page *page;
    size_t index;
    uint8_t table = search->bound.bytes[0];
    while ((page = pages_page_for(
                search->txn, row_bound_key(&search->bound))) != NULL) {
        (void)row_page_find(page, row_bound_key(&search->bound), &index);
        if (index < page->count) {
            *is_found = pages_found(
                search, row_page_key(page, index), row_page_value(page, index));
            return true;
        }
        if (page->end.size == 0)
            break;
        search->bound = page->end;
    }
    *is_found = false;
    if (search->txn->txn.err != ERR_NONE || search->prefix_size > 0 ||
        table == UINT8_MAX)
        return true;
    table++;
    row_bound_set(&search->bound, slice_of(&table, 1));
    return false;
}

static bool step_down(struct pages_search *search, bool *is_found)
{
    struct row_page *page;
    size_t index;
    uint8_t table = search->bound.bytes[0];
    while ((page = pages_page_for(
                search->txn, row_bound_key(&search->bound))) != NULL) {
        if (row_page_find(page, row_bound_key(&search->bound), &index))
            index++;
        if (index > 0) {
            *is_found = pages_found(search, row_page_key(page, index - 1),
                row_page_value(page, index - 1));
            return true;
        }
        if (page->first.size == 1)
            break;
        search->bound = before(row_bound_key(&page->first));
    }
    *is_found = false;
    if (search->txn->txn.err != ERR_NONE || search->prefix_size > 0 ||
        table == 0)
        return true;
    search->bound = before(slice_of(&table, 1));
    return false;
}

static bool seek(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct pages_search search;
    bool is_found = false;
    if (!pages_search_begin(&search, store_txn, prefix_size, key, value))
        return false;
    while (pages_has(search.txn, row_bound_key(&search.bound))
               ? !step_up(&search, &is_found)
               : !step_inner(&search, false, &is_found))
        ;
    return is_found;
}

static bool seek_back(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct pages_search search;
    bool is_found = false;
    if (!pages_search_begin(&search, store_txn, prefix_size, key, value) ||
        key->size == 0)
        return false;
    while (pages_has(search.txn, row_bound_key(&search.bound))
               ? !step_down(&search, &is_found)
               : !step_inner(&search, true, &is_found))
        ;
    return is_found;
}

/* What is in a page is none of theirs. */
static void let_go(struct store_txn *store_txn, struct slice value)
{
    store_let_go(txn_of(store_txn)->inner, value);
}

/* Damage that does not go beneath stays, and ends the transaction. */
static void forgive(struct store_txn *store_txn)
{
    struct pages_txn *txn = txn_of(store_txn);
    store_forgive(txn->inner);
    if (txn->txn.err == ERR_CORRUPT)
        txn->txn.err = txn->inner->err;
}

static size_t held(const struct store_txn *store_txn)
{
    const struct pages_txn *txn = (const void *)store_txn;
    return txn->held + store_held(txn->inner);
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = pages_probe,
    .let_go = let_go,
    .forgive = forgive,
    .held = held };

/* ---- Transactions ------------------------------------------------------- */

static enum err begin(struct store *store, bool writes, struct store_txn **out)
{
    struct pages_store *pages = store_of(store);
    struct pages_txn *txn = malloc(sizeof *txn);
    *out = NULL;
    if (txn == NULL)
        return ERR_NO_MEMORY;
    *txn = (struct pages_txn){ .txn = { .ops = &txn_ops, .writes = writes },
        .pages = pages };
    txn->cache = writes ? &pages->cache : &txn->own;
    enum err err = pages->inner->ops->begin(pages->inner, writes, &txn->inner);
    if (err != ERR_NONE) {
        free(txn);
        return err;
    }
    if (writes)
        txn->now = ++pages->now;
    *out = &txn->txn;
    return ERR_NONE;
}

static void abort_txn(struct store_txn *store_txn)
{
    struct pages_txn *txn = txn_of(store_txn);
    page_cache_clear(txn->cache); /* some of it is what was not to be */
    txn->pages->inner->ops->abort(txn->inner);
    free(txn);
}

static void write_changed(struct pages_txn *txn)
{
    for (size_t i = 0; i < txn->cache->count; i++) {
        struct row_page *page = txn->cache->slots[i].page;
        if (!page->is_changed)
            continue;
        struct slice bytes = row_page_write(page);
        if (bytes.bytes == NULL) {
            fail(txn, ERR_NO_MEMORY);
            return;
        }
        store_put(txn->inner, row_bound_key(&page->first), bytes);
        page->is_changed = false;
    }
    fail(txn, txn->inner->err);
}

static enum err commit(struct store_txn *store_txn)
{
    struct pages_txn *txn = txn_of(store_txn);
    struct pages_store *pages = txn->pages;
    if (txn->txn.err == ERR_NONE && txn->txn.writes)
        write_changed(txn);
    enum err err = txn->txn.err;
    if (err != ERR_NONE) {
        abort_txn(store_txn);
        return err;
    }
    if (txn->txn.writes) /* before another may begin */
        page_cache_trim(txn->cache, txn->now, STORE_PAGES_KEPT_SIZE);
    err = pages->inner->ops->commit(txn->inner);
    if (err != ERR_NONE || !txn->txn.writes)
        page_cache_clear(txn->cache);
    free(txn);
    return err;
}

static void usage(struct store *store, struct store_usage *out)
{
    struct store *inner = store_of(store)->inner;
    inner->ops->usage(inner, out);
}

static void close_store(struct store *store)
{
    struct pages_store *pages = store_of(store);
    pages->inner->ops->close(pages->inner);
    page_cache_clear(&pages->cache);
    scratch_free(pages);
    free(pages);
}

static const struct store_env_ops env_ops = { .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .usage = usage,
    .close = close_store };

enum err store_pages_open(
    struct store *inner, const char *tables, struct store **store)
{
    struct pages_store *pages = calloc(1, sizeof *pages);
    *store = NULL;
    if (pages == NULL)
        return ERR_NO_MEMORY;
    pages->store.ops = &env_ops;
    pages->inner = inner;
    for (const char *table = tables; *table != '\0'; table++)
        pages->has_pages[(uint8_t)*table] = true;
    *store = &pages->store;
    return ERR_NONE;
}
