/*
 * store_lmdb.h - the store on disk: one LMDB environment in DIR/store, one
 * table. A commit that returned ERR_NONE survives a power cut: no flag that
 * trades this away is ever set. Every value carries a checksum over itself
 * and its key, tested whenever it is handed out.
 *
 * Caveats: open after the last fork, at most once for a folder in a process.
 * A transaction belongs to the thread that began it. A reading transaction
 * keeps old pages alive: end it within a tenth of a second. Deleted bytes
 * stay in free pages of the file until these are used again.
 */
#ifndef IO_STORE_LMDB_H
#define IO_STORE_LMDB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/port.h"
#include "io/store_folder.h"

/* Of the layout inside the file; another one is refused. */
#define STORE_LMDB_VERSION 2u

#define STORE_LMDB_MAP_SIZE_MIN (1024u * 1024)

struct store_lmdb_options {
    /* The most the file can grow to, in bytes: address space, not memory.
     * Rounded up to whole pages, and to what the file has already. */
    uint64_t map_size;
    /* Reading transactions open at one time. */
    unsigned max_readers;
    /* Walk every page before use, about a second a gigabyte. Without it only
     * the heads are looked at, and all pages where the file is shorter than
     * they say. */
    bool check_pages;
};

/* 16 GiB, 126 readers, pages checked. */
struct store_lmdb_options store_lmdb_options_default(void);

/*
 * Opens the store in the folder `dir`, and makes it where there never was
 * one. Takes the folder's lock for as long as the store is open. On any error
 * *store is NULL, nothing is held and `problem` names the path, the reason
 * and the remedy:
 *
 * ERR_NOT_FOUND  no folder, or its store is gone
 * ERR_FORBIDDEN  others may write to the folder
 * ERR_BUSY       another process has it
 * ERR_STATE      a store with content but without its marker
 * ERR_CORRUPT    the file is damaged or cut short, or is no store of ours
 * ERR_VERSION    made by another version
 * ERR_INVALID    an option is out of range
 * ERR_LIMIT, ERR_IO, ERR_NO_MEMORY
 *
 * The store: begin fails with ERR_LIMIT when max_readers are reading, and
 * with ERR_IO for ever after a commit failed with ERR_IO. A commit fails with
 * ERR_FULL when the map is full; nothing was touched then. usage() counts the
 * pages in use, and as capacity what the map and the disk have room for.
 */
MUST_USE enum err store_lmdb_open(const char *dir,
    const struct store_lmdb_options *options, struct store **store,
    struct store_problem *problem);

/*
 * The same store, beside the process that works on it or alone, for reading: no
 * lock of the folder is taken and nothing is changed. Begin to write and it
 * fails with ERR_IO. While a transaction is open the pages that it sees are not
 * used again, so the file grows by what is written meanwhile. Errors as above,
 * but ERR_BUSY and ERR_STATE.
 */
MUST_USE enum err store_lmdb_open_beside(
    const char *dir, struct store **store, struct store_problem *problem);

#endif
