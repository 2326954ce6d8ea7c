/*
 * store_lmdb_env.h - what store_lmdb.c (transactions) and store_lmdb_open.c
 * (making and opening) share. Not for anyone else.
 */
#ifndef IO_STORE_LMDB_ENV_H
#define IO_STORE_LMDB_ENV_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <lmdb.h>

#include "io/store_lmdb.h"

#define STORE_LMDB_PATH_SIZE                                                   \
    (STORE_FOLDER_PATH_SIZE_MAX + sizeof "/store.tmp/data.mdb")

/*
 * The row that says what the file is. Its key is longer than any of the
 * core's and above them all, so that it is met at the upper end only, where
 * seek and seek_back step over it.
 */
#define STORE_LMDB_FORMAT_KEY_SIZE (STORE_KEY_SIZE_MAX + 1)
#define STORE_LMDB_FORMAT_KEY_BYTE 0xff

struct store_lmdb {
    struct store store;
    struct store_folder folder;
    char path[STORE_LMDB_PATH_SIZE]; /* of the data file */
    MDB_env *env;
    MDB_dbi table;
    size_t page_size;
    bool is_beside; /* another process works on it: only to be read */
    /* A commit failed: what is on the disk is known only after a restart. */
    atomic_bool is_broken;
    /* The writing transaction's: a value with its checksum. */
    uint8_t *scratch;
    size_t scratch_capacity;
};

extern const struct store_env_ops store_lmdb_env_ops;

/* What a result of LMDB or a number of errno means here. */
enum err store_lmdb_err(int result);

#endif
