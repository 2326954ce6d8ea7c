#include "io/store_sealed.h"

#include <stdlib.h>
#include <string.h>

#include "io/openssl.h"
#include "io/random_openssl.h"
#include "io/store_kept.h"
#include "io/xaes_openssl.h"

_Static_assert(
    STORE_SEALED_OVERHEAD == XAES_NONCE_SIZE + XAES_TAG_SIZE, "overhead");

/* Damaged rows in a row, before the key is taken for another. */
#define KEY_CHECK_COUNT 64
#define BLOCK_SIZE_MIN (64u * 1024)

/* Rows of a transaction share the first 20 bytes of their nonces, drawn anew
 * for each, and so one derived key; the rest counts them. */
#define NONCE_DRAWN_SIZE 20

/* Plaintexts that were handed out, until the next change. */
struct block {
    struct block *before;
    size_t capacity;
    size_t used;
    uint8_t bytes[];
};

struct sealed_store {
    struct store store; /* first, so that either is the other */
    struct store *inner;
    uint8_t key[KEY_SIZE];
    /* of the one writing transaction: */
    struct xaes writer;
    uint8_t nonce[XAES_NONCE_SIZE]; /* of the next row */
    bool has_nonce;
    uint8_t *scratch;
    size_t scratch_capacity;
    struct store_kept kept;
};

struct sealed_txn {
    struct store_txn txn;
    struct sealed_store *sealed;
    struct store_txn *inner;
    struct xaes *xaes;
    struct xaes reader; /* of a reading one */
    struct block *blocks;
    size_t block_size; /* of all of them */
};

static struct sealed_store *store_of(struct store *store)
{
    return (struct sealed_store *)(void *)store;
}

static struct sealed_txn *txn_of(struct store_txn *txn)
{
    return (struct sealed_txn *)(void *)txn;
}

/* ---- Values handed out -------------------------------------------------- */

static uint8_t *block_take(struct sealed_txn *txn, size_t size)
{
    struct block *block = txn->blocks;
    if (block == NULL || block->capacity - block->used < size) {
        size_t capacity = size > BLOCK_SIZE_MIN ? size : BLOCK_SIZE_MIN;
        block = malloc(sizeof *block + capacity);
        if (block == NULL)
            return NULL;
        *block = (struct block){ .before = txn->blocks, .capacity = capacity };
        txn->blocks = block;
        txn->block_size += capacity;
    }
    uint8_t *bytes = block->bytes + block->used;
    block->used += size;
    return bytes;
}

static void block_free(struct sealed_txn *txn)
{
    struct block *block = txn->blocks;
    txn->block_size -= block->capacity;
    txn->blocks = block->before;
    free(block);
}

/* Only what was handed out last: nothing is behind it. */
static void block_return(struct sealed_txn *txn, struct slice value)
{
    struct block *block = txn->blocks;
    if (block == NULL || value.bytes == NULL ||
        value.bytes + value.size + 1 != block->bytes + block->used)
        return;
    OPENSSL_cleanse(block->bytes + block->used - value.size - 1, value.size);
    block->used -= value.size + 1;
    if (block->used == 0 && block->before != NULL)
        block_free(txn);
}

static void blocks_wipe(struct sealed_txn *txn)
{
    while (txn->blocks != NULL) {
        struct block *block = txn->blocks;
        OPENSSL_cleanse(block->bytes, block->used);
        block->used = 0;
        if (block->before == NULL && block->capacity == BLOCK_SIZE_MIN)
            return; /* the next values go there */
        block_free(txn);
    }
}

static void blocks_free(struct sealed_txn *txn)
{
    blocks_wipe(txn);
    free(txn->blocks);
    txn->blocks = NULL;
}

/* ---- Inside a transaction ----------------------------------------------- */

static void fail(struct sealed_txn *txn, enum err err)
{
    if (txn->txn.err == ERR_NONE)
        txn->txn.err = err;
}

/* Only the writing transaction knows that nobody changes them. */
static struct slice kept_find(struct sealed_txn *txn, struct slice key)
{
    return txn->txn.writes ? store_kept_find(&txn->sealed->kept, key)
                           : SLICE_NONE;
}

/* Where a value is opened: kept for the next who asks, or until a change. */
static uint8_t *plain_take(
    struct sealed_txn *txn, struct slice key, size_t size)
{
    uint8_t *plain = NULL;
    if (txn->txn.writes)
        plain = store_kept_add(&txn->sealed->kept, key, size);
    return plain != NULL ? plain : block_take(txn, size + 1);
}

/* The plaintext of a row; bytes NULL when it is none, or damaged. */
static struct slice value_open(
    struct sealed_txn *txn, struct slice key, struct slice sealed)
{
    if (txn->inner->err != ERR_NONE)
        fail(txn, txn->inner->err);
    if (txn->txn.err != ERR_NONE || sealed.bytes == NULL)
        return SLICE_NONE;
    if (sealed.size < STORE_SEALED_OVERHEAD) {
        fail(txn, ERR_CORRUPT);
        return SLICE_NONE;
    }
    struct slice kept = kept_find(txn, key);
    if (kept.bytes != NULL)
        return kept;
    size_t size = sealed.size - STORE_SEALED_OVERHEAD;
    uint8_t *plain = plain_take(txn, key, size); /* an empty one, too */
    if (plain == NULL) {
        fail(txn, ERR_NO_MEMORY);
        return SLICE_NONE;
    }
    if (xaes_open(txn->xaes, sealed.bytes, key,
            slice_of(sealed.bytes + XAES_NONCE_SIZE, size + XAES_TAG_SIZE),
            plain) == ERR_NONE)
        return slice_of(plain, size);
    if (txn->txn.writes)
        store_kept_forget(&txn->sealed->kept, key);
    fail(txn, ERR_CORRUPT);
    return SLICE_NONE;
}

static struct slice get(struct store_txn *store_txn, struct slice key)
{
    struct sealed_txn *txn = txn_of(store_txn);
    if (txn->txn.err != ERR_NONE)
        return SLICE_NONE;
    struct slice kept = kept_find(txn, key);
    return kept.bytes != NULL
               ? kept
               : value_open(txn, key, store_get(txn->inner, key));
}

/* The row is about to be another; nothing that was kept may be read on. */
static void change(struct sealed_txn *txn, struct slice key)
{
    if (!txn->txn.writes)
        return;
    store_kept_forget(&txn->sealed->kept, key);
    store_kept_return(&txn->sealed->kept);
}

static enum err nonce_take(struct sealed_store *sealed, uint8_t *nonce)
{
    if (!sealed->has_nonce) {
        enum err err = random_fill(sealed->nonce, NONCE_DRAWN_SIZE);
        if (err != ERR_NONE)
            return err;
        memset(sealed->nonce + NONCE_DRAWN_SIZE, 0,
            XAES_NONCE_SIZE - NONCE_DRAWN_SIZE);
        sealed->has_nonce = true;
    }
    memcpy(nonce, sealed->nonce, XAES_NONCE_SIZE);
    size_t i = XAES_NONCE_SIZE;
    while (i > NONCE_DRAWN_SIZE && ++sealed->nonce[i - 1] == 0)
        i--;
    sealed->has_nonce = i > NONCE_DRAWN_SIZE; /* else all were used */
    return ERR_NONE;
}

static enum err value_seal(struct sealed_txn *txn, struct slice key,
    struct slice value, struct slice *out)
{
    struct sealed_store *sealed = txn->sealed;
    if (value.size > SIZE_MAX / 2)
        return ERR_INVALID;
    size_t size = value.size + STORE_SEALED_OVERHEAD;
    if (size > sealed->scratch_capacity) {
        /* what is there is ciphertext: it may stay in freed memory */
        uint8_t *scratch = realloc(sealed->scratch, size + size / 2);
        if (scratch == NULL)
            return ERR_NO_MEMORY;
        sealed->scratch = scratch;
        sealed->scratch_capacity = size + size / 2;
    }
    enum err err = nonce_take(sealed, sealed->scratch);
    if (err == ERR_NONE)
        err = xaes_seal(txn->xaes, sealed->scratch, key, value,
            sealed->scratch + XAES_NONCE_SIZE);
    *out = slice_of(sealed->scratch, size);
    return err;
}

static void put(
    struct store_txn *store_txn, struct slice key, struct slice value)
{
    struct sealed_txn *txn = txn_of(store_txn);
    struct slice sealed = SLICE_NONE;
    if (txn->txn.err != ERR_NONE)
        return;
    if (txn->txn.writes && key.size > 0 && key.size <= STORE_KEY_SIZE_MAX) {
        enum err err = value_seal(txn, key, value, &sealed);
        if (err != ERR_NONE) {
            fail(txn, err);
            return;
        }
    }
    change(txn, key);
    store_put(txn->inner, key, sealed); /* says what is wrong with the key */
    blocks_wipe(txn);
    fail(txn, txn->inner->err);
}

static void del(struct store_txn *store_txn, struct slice key)
{
    struct sealed_txn *txn = txn_of(store_txn);
    if (txn->txn.err != ERR_NONE)
        return;
    change(txn, key);
    store_del(txn->inner, key);
    blocks_wipe(txn);
    fail(txn, txn->inner->err);
}

/* What the inner store came to. */
static bool found(struct sealed_txn *txn, bool is_there, struct slice at,
    struct slice sealed, struct slice *key, struct slice *value)
{
    if (!is_there) {
        fail(txn, txn->inner->err);
        return false;
    }
    struct slice plain = value_open(txn, at, sealed);
    if (plain.bytes == NULL)
        return false;
    *key = at;
    *value = plain;
    return true;
}

static bool seek(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct sealed_txn *txn = txn_of(store_txn);
    struct slice at = *key;
    struct slice sealed;
    if (txn->txn.err != ERR_NONE)
        return false;
    bool is_there = store_seek(txn->inner, prefix_size, &at, &sealed);
    return found(txn, is_there, at, sealed, key, value);
}

static bool seek_back(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct sealed_txn *txn = txn_of(store_txn);
    struct slice at = *key;
    struct slice sealed;
    if (txn->txn.err != ERR_NONE)
        return false;
    bool is_there = store_seek_back(txn->inner, prefix_size, &at, &sealed);
    return found(txn, is_there, at, sealed, key, value);
}

/* What is on the disk, never what is kept of it in memory. */
static enum err probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    struct sealed_txn *txn = txn_of(store_txn);
    struct slice sealed;
    if (txn->txn.err != ERR_NONE)
        return txn->txn.err;
    enum err err =
        txn->inner->ops->probe(txn->inner, prefix_size, key, &sealed, back);
    fail(txn, txn->inner->err);
    if (err != ERR_NONE)
        return err;
    if (sealed.size < STORE_SEALED_OVERHEAD)
        return ERR_CORRUPT;
    size_t size = sealed.size - STORE_SEALED_OVERHEAD;
    uint8_t *plain = block_take(txn, size + 1);
    if (plain == NULL) {
        fail(txn, ERR_NO_MEMORY);
        return ERR_NO_MEMORY;
    }
    *value = slice_of(plain, size);
    err = xaes_open(txn->xaes, sealed.bytes, *key,
        slice_of(sealed.bytes + XAES_NONCE_SIZE, size + XAES_TAG_SIZE), plain);
    return err == ERR_NONE ? ERR_NONE : ERR_CORRUPT;
}

static void let_go(struct store_txn *store_txn, struct slice value)
{
    struct sealed_txn *txn = txn_of(store_txn);
    if (txn->txn.writes)
        store_kept_let_go(&txn->sealed->kept, value.bytes);
    block_return(txn, value);
}

/* Damage that does not go beneath stays, and ends the transaction. */
static void forgive(struct store_txn *store_txn)
{
    struct sealed_txn *txn = txn_of(store_txn);
    store_forgive(txn->inner);
    if (txn->txn.err == ERR_CORRUPT)
        txn->txn.err = txn->inner->err;
}

static size_t held(const struct store_txn *store_txn)
{
    const struct sealed_txn *txn = (const void *)store_txn;
    return txn->block_size + store_held(txn->inner);
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = probe,
    .let_go = let_go,
    .forgive = forgive,
    .held = held };

/* ---- Transactions ------------------------------------------------------- */

static void txn_free(struct sealed_txn *txn)
{
    if (txn->txn.writes)
        store_kept_return(&txn->sealed->kept);
    blocks_free(txn);
    xaes_release(&txn->reader);
    free(txn);
}

static enum err begin(struct store *store, bool writes, struct store_txn **out)
{
    struct sealed_store *sealed = store_of(store);
    struct sealed_txn *txn = malloc(sizeof *txn);
    *out = NULL;
    if (txn == NULL)
        return ERR_NO_MEMORY;
    *txn = (struct sealed_txn){ .txn = { .ops = &txn_ops, .writes = writes },
        .sealed = sealed };
    if (writes)
        sealed->has_nonce = false;
    txn->xaes = writes ? &sealed->writer : &txn->reader;
    enum err err = writes ? ERR_NONE : xaes_init(&txn->reader, sealed->key);
    if (err == ERR_NONE)
        err = sealed->inner->ops->begin(sealed->inner, writes, &txn->inner);
    if (err != ERR_NONE) {
        txn_free(txn);
        return err;
    }
    *out = &txn->txn;
    return ERR_NONE;
}

static void abort_txn(struct store_txn *store_txn)
{
    struct sealed_txn *txn = txn_of(store_txn);
    /* some of it may be what this transaction wrote */
    if (txn->txn.writes)
        store_kept_clear(&txn->sealed->kept);
    txn->sealed->inner->ops->abort(txn->inner);
    txn_free(txn);
}

static enum err commit(struct store_txn *store_txn)
{
    struct sealed_txn *txn = txn_of(store_txn);
    enum err err = txn->txn.err;
    if (err != ERR_NONE) {
        abort_txn(store_txn);
        return err;
    }
    err = txn->sealed->inner->ops->commit(txn->inner);
    if (err != ERR_NONE && txn->txn.writes)
        store_kept_clear(&txn->sealed->kept);
    txn_free(txn);
    return err;
}

static void usage(struct store *store, struct store_usage *out)
{
    struct store *inner = store_of(store)->inner;
    inner->ops->usage(inner, out);
}

static void release(struct sealed_store *sealed)
{
    store_kept_clear(&sealed->kept);
    xaes_release(&sealed->writer);
    free(sealed->scratch);
    OPENSSL_cleanse(sealed, sizeof *sealed);
    free(sealed);
}

static void close_store(struct store *store)
{
    struct sealed_store *sealed = store_of(store);
    sealed->inner->ops->close(sealed->inner);
    release(sealed);
}

static const struct store_env_ops env_ops = { .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .usage = usage,
    .close = close_store };

/* All are sealed with the one key: a row that opens shows that it is this one,
 * also where the first of them are damaged. */
static enum err key_check(struct store *store)
{
    struct store_txn *txn;
    struct slice value;
    uint8_t from[STORE_KEY_SIZE_MAX + 1] = { 1 };
    struct slice key = slice_of(from, 1);
    enum err err = store->ops->begin(store, false, &txn);
    if (err != ERR_NONE)
        return err;
    for (int i = 0; i < KEY_CHECK_COUNT; i++) {
        err = txn->ops->probe(txn, 0, &key, &value, false);
        if (err != ERR_CORRUPT || key.size >= STORE_KEY_SIZE_MAX)
            break;
        memcpy(from, key.bytes, key.size);
        from[key.size] = 0;
        key = slice_of(from, key.size + 1);
    }
    store->ops->abort(txn);
    if (err == ERR_NOT_FOUND) /* an empty store, or one with damage alone */
        return key.size == 1 ? ERR_NONE : ERR_KEY;
    return err == ERR_CORRUPT ? ERR_KEY : err;
}

enum err store_sealed_open(
    struct store *inner, const uint8_t key[KEY_SIZE], struct store **store)
{
    *store = NULL;
    struct sealed_store *sealed = calloc(1, sizeof *sealed);
    if (sealed == NULL)
        return ERR_NO_MEMORY;
    sealed->store.ops = &env_ops;
    sealed->inner = inner;
    memcpy(sealed->key, key, sizeof sealed->key);
    enum err err = xaes_init(&sealed->writer, key);
    if (err == ERR_NONE)
        err = key_check(&sealed->store);
    if (err != ERR_NONE) {
        release(sealed);
        return err;
    }
    *store = &sealed->store;
    return ERR_NONE;
}
