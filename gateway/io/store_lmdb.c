#include "io/store_lmdb_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/checksum.h"

#define CHECKSUM_SIZE sizeof(uint64_t)
#define VALUE_SIZE_MAX (UINT32_MAX - CHECKSUM_SIZE)
/* A row that changes makes its leaf anew, and the values that have pages of
 * their own; the leaf's parents are few. LMDB keeps such pages in memory until
 * the commit. */
#define LEAF_SIZE 4096u
#define FREE_TABLE 0 /* LMDB's own table of free pages */

struct lmdb_txn {
    struct store_txn txn;
    struct store_lmdb *lmdb;
    MDB_txn *raw;
    MDB_cursor *cursor; /* NULL until the first seek */
    size_t changed;     /* bytes of pages that it may have made anew */
};

static struct store_lmdb *lmdb_of(struct store *store)
{
    return (struct store_lmdb *)store;
}

static struct lmdb_txn *lmdb_txn_of(struct store_txn *txn)
{
    return (struct lmdb_txn *)txn;
}

enum err store_lmdb_err(int result)
{
    switch (result) {
    case MDB_SUCCESS:
        return ERR_NONE;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return ERR_FULL;
    case MDB_READERS_FULL:
        return ERR_LIMIT;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_CURSOR_FULL:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
        return ERR_CORRUPT;
    case MDB_BAD_VALSIZE:
        return ERR_INVALID;
    case ENOMEM:
        return ERR_NO_MEMORY;
    default:
        return ERR_IO;
    }
}

static MDB_val val_of(struct slice bytes)
{
    /* cast: LMDB does not write to keys and values it is given */
    return (MDB_val){ bytes.size, (void *)(uintptr_t)bytes.bytes };
}

static struct slice slice_of_val(const MDB_val *val)
{
    return slice_of(val->mv_data, val->mv_size);
}

/* ---- Inside a transaction --------------------------------------------- */

static void fail(struct lmdb_txn *txn, enum err err)
{
    if (txn->txn.err == ERR_NONE)
        txn->txn.err = err;
    /* LMDB had to write pages out early and could not. */
    if (err == ERR_IO && txn->txn.writes)
        atomic_store(&txn->lmdb->is_broken, true);
}

static bool may_go_on(struct lmdb_txn *txn, bool writes)
{
    if (txn->txn.err == ERR_NONE && writes && !txn->txn.writes)
        fail(txn, ERR_INVALID);
    return txn->txn.err == ERR_NONE;
}

static bool key_is_sound(struct lmdb_txn *txn, struct slice key)
{
    if (key.size == 0 || key.size > STORE_KEY_SIZE_MAX)
        fail(txn, ERR_INVALID);
    return txn->txn.err == ERR_NONE;
}

static uint64_t row_checksum(struct slice key, struct slice value)
{
    return checksum(checksum(0, key), value);
}

/* The value without its checksum; bytes NULL when damaged. */
static struct slice checked_value(struct slice key, const MDB_val *val)
{
    struct slice value = slice_of_val(val);
    uint64_t stored = 0;
    if (value.size < CHECKSUM_SIZE)
        return SLICE_NONE;
    value.size -= CHECKSUM_SIZE;
    memcpy(&stored, value.bytes + value.size, CHECKSUM_SIZE);
    return stored == row_checksum(key, value) ? value : SLICE_NONE;
}

/* The same; damage is an error of the transaction. */
static struct slice open_value(
    struct lmdb_txn *txn, struct slice key, const MDB_val *val)
{
    struct slice value = checked_value(key, val);
    if (value.bytes == NULL)
        fail(txn, ERR_CORRUPT);
    return value;
}

static struct slice get(struct store_txn *store_txn, struct slice key)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    if (!may_go_on(txn, false) || !key_is_sound(txn, key))
        return SLICE_NONE;
    MDB_val k = val_of(key);
    MDB_val v;
    int result = mdb_get(txn->raw, txn->lmdb->table, &k, &v);
    if (result == MDB_SUCCESS)
        return open_value(txn, key, &v);
    if (result != MDB_NOTFOUND)
        fail(txn, store_lmdb_err(result));
    return SLICE_NONE;
}

/* The value and its checksum side by side; NULL when memory is short. */
static uint8_t *close_value(
    struct store_lmdb *lmdb, struct slice key, struct slice value)
{
    size_t size = value.size + CHECKSUM_SIZE;
    if (size > lmdb->scratch_capacity) {
        size_t capacity = size + size / 2;
        uint8_t *scratch = realloc(lmdb->scratch, capacity);
        if (scratch == NULL)
            return NULL;
        lmdb->scratch = scratch;
        lmdb->scratch_capacity = capacity;
    }
    uint64_t sum = row_checksum(key, value);
    if (value.size > 0)
        memcpy(lmdb->scratch, value.bytes, value.size);
    memcpy(lmdb->scratch + value.size, &sum, CHECKSUM_SIZE);
    return lmdb->scratch;
}

/*
 * Key and value are copied first: they may borrow from the very page that
 * LMDB is going to move.
 */
static void put(
    struct store_txn *store_txn, struct slice key, struct slice value)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    if (!may_go_on(txn, true) || !key_is_sound(txn, key))
        return;
    if (value.size > VALUE_SIZE_MAX) {
        fail(txn, ERR_INVALID);
        return;
    }
    uint8_t key_copy[STORE_KEY_SIZE_MAX];
    memcpy(key_copy, key.bytes, key.size);
    MDB_val k = { key.size, key_copy };
    MDB_val v = { value.size + CHECKSUM_SIZE,
        close_value(txn->lmdb, key, value) };
    int result = v.mv_data == NULL
                     ? ENOMEM
                     : mdb_put(txn->raw, txn->lmdb->table, &k, &v, 0);
    txn->changed += LEAF_SIZE + v.mv_size;
    if (result != MDB_SUCCESS)
        fail(txn, store_lmdb_err(result));
}

static void del(struct store_txn *store_txn, struct slice key)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    if (!may_go_on(txn, true) || !key_is_sound(txn, key))
        return;
    uint8_t key_copy[STORE_KEY_SIZE_MAX];
    memcpy(key_copy, key.bytes, key.size);
    MDB_val k = { key.size, key_copy };
    int result = mdb_del(txn->raw, txn->lmdb->table, &k, NULL);
    txn->changed += LEAF_SIZE;
    if (result != MDB_SUCCESS && result != MDB_NOTFOUND)
        fail(txn, store_lmdb_err(result));
}

/* True when a search from `bound` may begin. */
static bool seek_begin(
    struct lmdb_txn *txn, size_t prefix_size, struct slice bound)
{
    if (!may_go_on(txn, false))
        return false;
    int result = MDB_SUCCESS;
    if (bound.size > STORE_KEY_SIZE_MAX || prefix_size > bound.size)
        fail(txn, ERR_INVALID);
    else if (txn->cursor == NULL)
        result = mdb_cursor_open(txn->raw, txn->lmdb->table, &txn->cursor);
    if (result != MDB_SUCCESS)
        fail(txn, store_lmdb_err(result));
    return txn->txn.err == ERR_NONE;
}

static bool shares_prefix(
    struct slice found, struct slice bound, size_t prefix_size)
{
    return found.size <= STORE_KEY_SIZE_MAX && found.size >= prefix_size &&
           (prefix_size == 0 ||
               memcmp(found.bytes, bound.bytes, prefix_size) == 0);
}

/* What the cursor came to, if it is a row of the core's with that prefix. */
static bool seek_end(struct lmdb_txn *txn, int result, const MDB_val *k,
    const MDB_val *v, size_t prefix_size, struct slice *key,
    struct slice *value)
{
    if (result != MDB_SUCCESS) {
        if (result != MDB_NOTFOUND)
            fail(txn, store_lmdb_err(result));
        return false;
    }
    struct slice found = slice_of_val(k);
    if (!shares_prefix(found, *key, prefix_size))
        return false;
    struct slice content = open_value(txn, found, v);
    if (content.bytes == NULL)
        return false;
    *key = found;
    *value = content;
    return true;
}

static bool seek(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    if (!seek_begin(txn, prefix_size, *key))
        return false;
    MDB_val k = val_of(*key);
    MDB_val v = { 0 };
    int result = mdb_cursor_get(
        txn->cursor, &k, &v, key->size == 0 ? MDB_FIRST : MDB_SET_RANGE);
    return seek_end(txn, result, &k, &v, prefix_size, key, value);
}

static bool seek_back(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    if (!seek_begin(txn, prefix_size, *key) || key->size == 0)
        return false;
    MDB_val k = val_of(*key);
    MDB_val v = { 0 };
    /* Found at least the format row, which is above every key. */
    int result = mdb_cursor_get(txn->cursor, &k, &v, MDB_SET_RANGE);
    if (result == MDB_SUCCESS && !slice_equal(slice_of_val(&k), *key))
        result = mdb_cursor_get(txn->cursor, &k, &v, MDB_PREV);
    return seek_end(txn, result, &k, &v, prefix_size, key, value);
}

static enum err probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    if (!seek_begin(txn, prefix_size, *key))
        return txn->txn.err;
    MDB_val k = val_of(*key);
    MDB_val v = { 0 };
    int result = mdb_cursor_get(
        txn->cursor, &k, &v, key->size == 0 ? MDB_FIRST : MDB_SET_RANGE);
    if (back && result == MDB_SUCCESS && !slice_equal(slice_of_val(&k), *key))
        result = mdb_cursor_get(txn->cursor, &k, &v, MDB_PREV);
    if (result == MDB_NOTFOUND ||
        (result == MDB_SUCCESS &&
            !shares_prefix(slice_of_val(&k), *key, prefix_size)))
        return ERR_NOT_FOUND;
    if (result != MDB_SUCCESS) {
        fail(txn, store_lmdb_err(result));
        return txn->txn.err;
    }
    *key = slice_of_val(&k);
    *value = checked_value(*key, &v);
    return value->bytes == NULL ? ERR_CORRUPT : ERR_NONE;
}

static size_t held(const struct store_txn *store_txn)
{
    return ((const struct lmdb_txn *)store_txn)->changed;
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = probe,
    .held = held };

/* ---- Transactions ----------------------------------------------------- */

static enum err begin_raw(struct store_lmdb *lmdb, bool writes, MDB_txn **raw)
{
    if (atomic_load(&lmdb->is_broken))
        return ERR_IO;
    int result = mdb_txn_begin(lmdb->env, NULL, writes ? 0 : MDB_RDONLY, raw);
    if (result != MDB_SUCCESS)
        return store_lmdb_err(result);
    /* It may have broken while this one waited for its turn. */
    if (atomic_load(&lmdb->is_broken)) {
        mdb_txn_abort(*raw);
        return ERR_IO;
    }
    return ERR_NONE;
}

static enum err begin(struct store *store, bool writes, struct store_txn **out)
{
    struct store_lmdb *lmdb = lmdb_of(store);
    struct lmdb_txn *txn = malloc(sizeof *txn);
    *out = NULL;
    if (txn == NULL)
        return ERR_NO_MEMORY;
    *txn = (struct lmdb_txn){ .txn = { .ops = &txn_ops, .writes = writes },
        .lmdb = lmdb };
    enum err err = begin_raw(lmdb, writes, &txn->raw);
    if (err != ERR_NONE) {
        free(txn);
        return err;
    }
    *out = &txn->txn;
    return ERR_NONE;
}

static void close_cursor(struct lmdb_txn *txn)
{
    if (txn->cursor != NULL)
        mdb_cursor_close(txn->cursor);
    txn->cursor = NULL;
}

static void abort_txn(struct store_txn *store_txn)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    close_cursor(txn);
    mdb_txn_abort(txn->raw);
    free(txn);
}

static enum err commit(struct store_txn *store_txn)
{
    struct lmdb_txn *txn = lmdb_txn_of(store_txn);
    enum err err = txn->txn.err;
    if (err != ERR_NONE || !txn->txn.writes) {
        abort_txn(store_txn);
        return err;
    }
    close_cursor(txn);
    int result = mdb_txn_commit(txn->raw);
    /* Full is noticed before the first byte is written. All else counts as
     * the disk's: after one failed flush the kernel may call the next one
     * good although pages are lost. */
    if (result == MDB_MAP_FULL) {
        err = ERR_FULL;
    } else if (result != MDB_SUCCESS) {
        atomic_store(&txn->lmdb->is_broken, true);
        err = ERR_IO;
    }
    free(txn);
    return err;
}

static uint64_t page_total(const MDB_stat *stat)
{
    return (uint64_t)stat->ms_branch_pages + stat->ms_leaf_pages +
           stat->ms_overflow_pages;
}

/* Pages that hold something, by the trees' own counts. */
static bool count_pages(struct store_lmdb *lmdb, uint64_t *count)
{
    MDB_txn *raw = NULL;
    MDB_stat data;
    MDB_stat unused;
    if (mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &raw) != MDB_SUCCESS)
        return false;
    bool is_known = mdb_stat(raw, lmdb->table, &data) == MDB_SUCCESS &&
                    mdb_stat(raw, FREE_TABLE, &unused) == MDB_SUCCESS;
    mdb_txn_abort(raw);
    if (is_known)
        *count = page_total(&data) + page_total(&unused) + 2;
    return is_known;
}

static void usage(struct store *store, struct store_usage *out)
{
    struct store_lmdb *lmdb = lmdb_of(store);
    MDB_envinfo info;
    struct statvfs disk;
    int dead_reader_count = 0;
    /* a reader that was killed would keep its pages for ever */
    (void)mdb_reader_check(lmdb->env, &dead_reader_count);
    mdb_env_info(lmdb->env, &info); /* fails on NULL only */
    uint64_t file_size = (info.me_last_pgno + 1) * (uint64_t)lmdb->page_size;
    uint64_t count = 0;
    out->used = count_pages(lmdb, &count) ? count * lmdb->page_size : file_size;
    out->capacity = info.me_mapsize;
    out->commit_count = info.me_last_txnid;
    /* A disk that fills up first must be seen coming, too. */
    if (fstatvfs(lmdb->folder.fd, &disk) == 0) {
        uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
        if (room < out->capacity && file_size + room < out->capacity)
            out->capacity = file_size + room;
    }
}

static void close_store(struct store *store)
{
    struct store_lmdb *lmdb = lmdb_of(store);
    if (lmdb->env != NULL)
        mdb_env_close(lmdb->env);
    store_folder_close(&lmdb->folder);
    free(lmdb->scratch);
    free(lmdb);
}

const struct store_env_ops store_lmdb_env_ops = { .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .usage = usage,
    .close = close_store };
