/*
 * lmdb_file.h - looks into an LMDB 0.9 data file without LMDB, which believes
 * every byte of it: a torn head ends in a division by zero, a lost tail in a
 * bus error, a wrong page number in whatever is mapped there. What passes
 * here LMDB can read to the end. Values themselves are not looked at.
 *
 * Format: 64-bit, the machine's own byte order, as lmdb 0.9.24's mdb.c lays
 * it out (MDB_meta, MDB_page, MDB_node).
 */
#ifndef IO_LMDB_FILE_H
#define IO_LMDB_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* One B-tree as the head describes it. */
struct lmdb_tree {
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_count; /* pages */
    uint64_t leaf_count;
    uint64_t overflow_count;
    uint64_t entry_count;
    uint64_t root; /* page, or LMDB_NO_PAGE */
};

#define LMDB_NO_PAGE UINT64_MAX

struct lmdb_head {
    uint64_t txn_id; /* of the last commit; 0 before the first */
    uint64_t page_count;
    uint64_t file_size;
    uint32_t page_size;
    struct lmdb_tree free; /* pages to be used again */
    struct lmdb_tree data;
};

/*
 * Reads both meta pages and hands out the newer. ERR_CORRUPT with one line of
 * static text in *reason when either is not sound; ERR_IO. At sizes below
 * page_count pages the file may still be whole: LMDB never writes pages that
 * were taken and given back within one transaction.
 */
MUST_USE enum err lmdb_file_read_head(
    int fd, struct lmdb_head *head, const char **reason);

/*
 * Walks every page of both trees: each is there, is what it should be, holds
 * nodes within its bounds in rising order, is reached once, and is not free
 * as well; the counts are those of the head. Reads all branch and leaf pages
 * and takes a bit of memory a page. ERR_CORRUPT with *reason, ERR_IO,
 * ERR_NO_MEMORY.
 */
MUST_USE enum err lmdb_file_check(
    int fd, const struct lmdb_head *head, const char **reason);

#endif
