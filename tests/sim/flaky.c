#include "sim/flaky.h"

#include <stdlib.h>
#include <string.h>

struct flaky {
    struct store store; /* first, so that either is the other */
    struct store *inner;
    uint64_t reads_left; /* until the one that is wrong; 0: none is */
    uint64_t bit;
    uint64_t count;
    bool is_stray; /* not a bit, but the row that was read before: */
    uint8_t *before;
    size_t before_size;
    uint8_t key[STORE_KEY_SIZE_MAX];
    size_t key_size;
};

struct flaky_txn {
    struct store_txn txn;
    struct flaky *flaky;
    struct store_txn *inner;
    uint8_t *wrong; /* the value that was handed out last */
};

static struct flaky_txn *txn_of(struct store_txn *txn)
{
    return (struct flaky_txn *)(void *)txn;
}

/* For the caller to change; it stays until the next. */
static uint8_t *wrong_take(struct flaky_txn *txn, struct slice value)
{
    free(txn->wrong);
    txn->wrong = malloc(value.size);
    if (txn->wrong == NULL)
        abort();
    memcpy(txn->wrong, value.bytes, value.size);
    txn->flaky->count++;
    txn->flaky->reads_left = 0;
    return txn->wrong;
}

/* The row that was read before; false when it is the same. */
static bool stray_find(
    struct flaky_txn *txn, struct slice key, struct slice *value)
{
    struct flaky *flaky = txn->flaky;
    struct slice before = slice_of(flaky->before, flaky->before_size);
    bool is_other = before.size > 0 &&
                    !slice_equal(slice_of(flaky->key, flaky->key_size), key);
    if (is_other)
        *value = slice_of(wrong_take(txn, before), before.size);
    return is_other;
}

static void before_keep(
    struct flaky *flaky, struct slice key, struct slice value)
{
    free(flaky->before);
    flaky->before = malloc(value.size);
    if (flaky->before == NULL || key.size > sizeof flaky->key)
        abort();
    memcpy(flaky->before, value.bytes, value.size);
    memcpy(flaky->key, key.bytes, key.size);
    flaky->before_size = value.size;
    flaky->key_size = key.size;
}

static struct slice handed_out(
    struct flaky_txn *txn, struct slice key, struct slice value)
{
    struct flaky *flaky = txn->flaky;
    txn->txn.err = txn->inner->err;
    if (!txn->txn.writes || value.size == 0 || flaky->reads_left == 0)
        return value;
    if (flaky->reads_left > 1)
        flaky->reads_left--;
    else if (!flaky->is_stray) {
        size_t bit = (size_t)(flaky->bit % (value.size * 8));
        uint8_t *wrong = wrong_take(txn, value);
        wrong[bit / 8] ^= (uint8_t)(1u << bit % 8);
        return slice_of(wrong, value.size);
    } else if (stray_find(txn, key, &value)) {
        return value;
    }
    if (flaky->is_stray)
        before_keep(flaky, key, value);
    return value;
}

static struct slice get(struct store_txn *store_txn, struct slice key)
{
    struct flaky_txn *txn = txn_of(store_txn);
    return handed_out(txn, key, store_get(txn->inner, key));
}

static void put(
    struct store_txn *store_txn, struct slice key, struct slice value)
{
    struct flaky_txn *txn = txn_of(store_txn);
    store_put(txn->inner, key, value);
    txn->txn.err = txn->inner->err;
}

static void del(struct store_txn *store_txn, struct slice key)
{
    struct flaky_txn *txn = txn_of(store_txn);
    store_del(txn->inner, key);
    txn->txn.err = txn->inner->err;
}

static bool seek(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct flaky_txn *txn = txn_of(store_txn);
    bool found = store_seek(txn->inner, prefix_size, key, value);
    *value = handed_out(txn, *key, found ? *value : SLICE_NONE);
    return found;
}

static bool seek_back(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct flaky_txn *txn = txn_of(store_txn);
    bool found = store_seek_back(txn->inner, prefix_size, key, value);
    *value = handed_out(txn, *key, found ? *value : SLICE_NONE);
    return found;
}

static enum err probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    struct flaky_txn *txn = txn_of(store_txn);
    enum err err =
        txn->inner->ops->probe(txn->inner, prefix_size, key, value, back);
    *value = handed_out(txn, *key, err == ERR_NONE ? *value : SLICE_NONE);
    return err;
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = probe };

/* ---- Transactions ------------------------------------------------------- */

static enum err begin(struct store *store, bool writes, struct store_txn **out)
{
    struct flaky *flaky = (struct flaky *)(void *)store;
    struct flaky_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL)
        abort();
    enum err err = flaky->inner->ops->begin(flaky->inner, writes, &txn->inner);
    if (err != ERR_NONE) {
        free(txn);
        return err;
    }
    txn->txn = (struct store_txn){ .ops = &txn_ops, .writes = writes };
    txn->flaky = flaky;
    *out = &txn->txn;
    return ERR_NONE;
}

static void txn_free(struct flaky_txn *txn)
{
    free(txn->wrong);
    free(txn);
}

static enum err commit(struct store_txn *store_txn)
{
    struct flaky_txn *txn = txn_of(store_txn);
    enum err err = txn->flaky->inner->ops->commit(txn->inner);
    txn_free(txn);
    return err;
}

static void abort_txn(struct store_txn *store_txn)
{
    struct flaky_txn *txn = txn_of(store_txn);
    txn->flaky->inner->ops->abort(txn->inner);
    txn_free(txn);
}

static void usage(struct store *store, struct store_usage *out)
{
    struct store *inner = ((struct flaky *)(void *)store)->inner;
    inner->ops->usage(inner, out);
}

static void close_store(struct store *store)
{
    free(((struct flaky *)(void *)store)->before);
    free(store);
}

static const struct store_env_ops env_ops = { .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .usage = usage,
    .close = close_store };

struct store *flaky_new(struct store *inner, struct flaky **flaky)
{
    *flaky = calloc(1, sizeof **flaky);
    if (*flaky == NULL)
        abort();
    (*flaky)->store.ops = &env_ops;
    (*flaky)->inner = inner;
    return &(*flaky)->store;
}

void flaky_arm(struct flaky *flaky, uint64_t nth, uint64_t bit)
{
    flaky->reads_left = nth;
    flaky->bit = bit;
    flaky->is_stray = false;
}

void flaky_arm_stray(struct flaky *flaky, uint64_t nth)
{
    flaky->reads_left = nth;
    flaky->is_stray = true;
    flaky->before_size = 0;
}

void flaky_calm(struct flaky *flaky)
{
    flaky->reads_left = 0;
}

uint64_t flaky_count(const struct flaky *flaky)
{
    return flaky->count;
}
