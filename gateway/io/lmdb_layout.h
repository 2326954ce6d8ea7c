/*
 * lmdb_layout.h - how LMDB 0.9 lays out its file, for those who look into it
 * without LMDB: lmdb_file.h.
 */
#ifndef IO_LMDB_LAYOUT_H
#define IO_LMDB_LAYOUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "io/file_read.h"

_Static_assert(sizeof(size_t) == 8, "the layout is that of 64-bit LMDB");

#define MAGIC 0xBEEFC0DEu
#define DATA_VERSION 1u
#define DEPTH_MAX 32
#define PAGE_SIZE_MIN 512u
#define PAGE_SIZE_MAX 32768u
#define KEY_SIZE_LIMIT 511u
/* No store is larger; keeps a damaged head from asking for that much memory. */
#define FILE_SIZE_LIMIT ((uint64_t)1 << 44)
#define META_COUNT 2

/* Page flags. */
#define PAGE_BRANCH 0x01u
#define PAGE_LEAF 0x02u
#define PAGE_OVERFLOW 0x04u
#define PAGE_META 0x08u
#define NODE_BIG 0x01u        /* the value is on overflow pages */
#define FREE_FLAGS_KEPT 0x08u /* MDB_INTEGERKEY */

/* Offsets within a page. */
enum {
    PAGE_NUMBER = 0,
    PAGE_FLAGS = 10,
    PAGE_LOWER = 12,
    PAGE_UPPER = 14,
    PAGE_RUN = 12, /* of an overflow page: how many pages */
    PAGE_HEADER_SIZE = 16,
    META_MAGIC = 16,
    META_VERSION = 20,
    META_MAP_SIZE = 32,
    META_FREE = 40,
    META_DATA = 88,
    META_LAST_PAGE = 136,
    META_TXN_ID = 144,
    META_END = 152,
    TREE_FLAGS = 4,
    TREE_DEPTH = 6,
    TREE_BRANCH_COUNT = 8,
    TREE_LEAF_COUNT = 16,
    TREE_OVERFLOW_COUNT = 24,
    TREE_ENTRY_COUNT = 32,
    TREE_ROOT = 40,
    NODE_FLAGS = 4,
    NODE_KEY_SIZE = 6,
    NODE_HEADER_SIZE = 8
};

static inline uint16_t read_u16(const uint8_t *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint64_t read_u64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline enum err corrupt(const char **reason, const char *text)
{
    *reason = text;
    return ERR_CORRUPT;
}

static inline enum err read_at(
    int fd, uint64_t offset, void *bytes, size_t size, const char **reason)
{
    enum err err = file_read(fd, offset, bytes, size);
    if (err == ERR_CORRUPT)
        return corrupt(reason, "the file ends too early");
    if (err != ERR_NONE)
        *reason = "the disk cannot be read";
    return err;
}

#endif
