/*
 * store_pages.h - a store that keeps small rows of some tables together, by the
 * page, around any other store: what is sealed, checked and looked up there is
 * a page of neighbours and not each row, and a transaction writes each page
 * that it changed once, at its end. What was read or written last stays at
 * hand, opened, for the writing transaction; what is dropped is wiped.
 *
 * A table is what a key's first byte says. In the store around which it is,
 * a page has the key from which on it holds rows; a table's first page has
 * just the table's byte.
 */
#ifndef IO_STORE_PAGES_H
#define IO_STORE_PAGES_H

#include "core/port.h"

/* Sealed, two of them fill a page of LMDB and no byte more. */
#define STORE_PAGE_SIZE_MAX 1920u
/* What stays at hand between transactions. */
#define STORE_PAGES_KEPT_SIZE (4u * 1024 * 1024)

/* Tables of the core whose rows are small and many: see core/keys.h. */
#define STORE_PAGES_TABLES "fkor"

/*
 * Keeps the tables named, by a byte each, in pages. From then on `inner`
 * belongs to the new store: closing that closes both. After ERR_NO_MEMORY it
 * is still the caller's. Which tables are named must not change for a store
 * that was written: rows would not be found.
 *
 * Threads as in `inner`.
 */
MUST_USE enum err store_pages_open(
    struct store *inner, const char *tables, struct store **store);

#endif
