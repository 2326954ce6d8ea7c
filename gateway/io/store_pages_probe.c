/* Looking for damage: a page at a time, as it is on the disk. */
#include "io/store_pages_state.h"

/* Past the table of the bound; false: there is nothing more to look at. */
static bool table_past(struct pages_search *search)
{
    uint8_t table = search->bound.bytes[0];
    if (search->prefix_size > 0 || table == UINT8_MAX)
        return false;
    table++;
    row_bound_set(&search->bound, slice_of(&table, 1));
    return true;
}

/* The page of the bound is damaged. True: that is the answer; else the search
 * goes on at the next page, or *is_over. */
static bool damage_tell(struct pages_search *search, struct slice page,
    bool is_exact, bool *is_over)
{
    struct pages_txn *txn = search->txn;
    struct slice bound = row_bound_key(&search->bound);
    struct row_bound next;
    struct slice value;
    if (is_exact)
        return true; /* whether that row is there is not known */
    if (slice_equal(page, bound)) {
        *search->key = page;
        return true;
    }
    row_bound_set(&next, page);
    next.bytes[next.size++] = 0;
    struct slice at = row_bound_key(&next);
    enum err err = txn->inner->ops->probe(txn->inner, 1, &at, &value, false);
    if (err == ERR_NONE || err == ERR_CORRUPT)
        row_bound_set(&search->bound, at);
    else
        *is_over = !table_past(search);
    return false;
}

/* A step in the pages of a table. True: *err is the answer. */
static bool probe_page(
    struct pages_search *search, bool is_exact, enum err *err)
{
    struct pages_txn *txn = search->txn;
    struct slice bound = row_bound_key(&search->bound);
    struct slice at = bound;
    struct slice bytes;
    size_t index;
    bool is_over = false;
    *err = txn->inner->ops->probe(txn->inner, 1, &at, &bytes, true);
    if (*err == ERR_CORRUPT) {
        if (damage_tell(search, at, is_exact, &is_over))
            return true;
        *err = ERR_NOT_FOUND;
        return is_over;
    }
    struct row_page *page =
        *err == ERR_NONE ? pages_page_for(txn, bound) : NULL;
    if (txn->txn.err != ERR_NONE) {
        *err = txn->txn.err;
        return true;
    }
    if (page != NULL) {
        (void)row_page_find(page, bound, &index);
        if (index < page->count) {
            *err = pages_found(search, row_page_key(page, index),
                       row_page_value(page, index))
                       ? ERR_NONE
                       : ERR_NOT_FOUND;
            return true;
        }
        if (page->end.size > 0) {
            search->bound = page->end;
            return false;
        }
    }
    *err = ERR_NOT_FOUND;
    return !table_past(search);
}

/* As probe_page(), in the store around which this is. */
static bool probe_inner(struct pages_search *search, enum err *err)
{
    struct pages_txn *txn = search->txn;
    struct slice at = row_bound_key(&search->bound);
    *err = txn->inner->ops->probe(
        txn->inner, search->prefix_size, &at, search->value, false);
    if (*err != ERR_NONE && *err != ERR_CORRUPT)
        return true;
    if (!pages_has(txn, at)) {
        *search->key = at;
        return true;
    }
    row_bound_set(&search->bound, slice_of(at.bytes, 1));
    return false;
}

enum err pages_probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    struct pages_search search;
    enum err err = ERR_NOT_FOUND;
    bool is_exact = prefix_size == key->size && key->size > 1;
    if (back)
        return ERR_INVALID; /* nobody looks so */
    if (!pages_search_begin(&search, store_txn, prefix_size, key, value))
        return store_txn->err;
    while (pages_has(search.txn, row_bound_key(&search.bound))
               ? !probe_page(&search, is_exact, &err)
               : !probe_inner(&search, &err))
        ;
    return err;
}
