#include "support/store_locked.h"

#include <pthread.h>
#include <stdlib.h>

#include "support/must.h"

struct locked_store {
    struct store store; /* first, so that either is the other */
    struct store *inner;
    void (*commits)(void *user);
    void *user;
    pthread_mutex_t lock;
};

struct locked_txn {
    struct store_txn txn;
    struct locked_store *store;
    struct store_txn *inner;
};

static struct locked_store *store_of(struct store *store)
{
    return (struct locked_store *)(void *)store;
}

static struct locked_txn *txn_of(struct store_txn *txn)
{
    return (struct locked_txn *)(void *)txn;
}

static struct locked_txn *enter(struct store_txn *store_txn)
{
    struct locked_txn *txn = txn_of(store_txn);
    MUST(pthread_mutex_lock(&txn->store->lock) == 0);
    if (txn->inner->err == ERR_NONE)
        txn->inner->err = txn->txn.err;
    return txn;
}

static void leave(struct locked_txn *txn)
{
    txn->txn.err = txn->inner->err;
    MUST(pthread_mutex_unlock(&txn->store->lock) == 0);
}

static struct slice get(struct store_txn *store_txn, struct slice key)
{
    struct locked_txn *txn = enter(store_txn);
    struct slice value = store_get(txn->inner, key);
    leave(txn);
    return value;
}

static void put(
    struct store_txn *store_txn, struct slice key, struct slice value)
{
    struct locked_txn *txn = enter(store_txn);
    store_put(txn->inner, key, value);
    leave(txn);
}

static void del(struct store_txn *store_txn, struct slice key)
{
    struct locked_txn *txn = enter(store_txn);
    store_del(txn->inner, key);
    leave(txn);
}

static bool seek(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct locked_txn *txn = enter(store_txn);
    bool is_found = store_seek(txn->inner, prefix_size, key, value);
    leave(txn);
    return is_found;
}

static bool seek_back(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct locked_txn *txn = enter(store_txn);
    bool is_found = store_seek_back(txn->inner, prefix_size, key, value);
    leave(txn);
    return is_found;
}

static enum err probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    struct locked_txn *txn = enter(store_txn);
    enum err err =
        txn->inner->ops->probe(txn->inner, prefix_size, key, value, back);
    leave(txn);
    return err;
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = probe };

static enum err begin(struct store *any, bool writes, struct store_txn **out)
{
    struct locked_store *store = store_of(any);
    struct locked_txn *txn = malloc(sizeof *txn);
    MUST(txn != NULL);
    *txn = (struct locked_txn){ .txn = { .ops = &txn_ops, .writes = writes },
        .store = store };
    MUST(pthread_mutex_lock(&store->lock) == 0);
    enum err err = store->inner->ops->begin(store->inner, writes, &txn->inner);
    MUST(pthread_mutex_unlock(&store->lock) == 0);
    *out = err == ERR_NONE ? &txn->txn : NULL;
    if (err != ERR_NONE)
        free(txn);
    return err;
}

static enum err commit(struct store_txn *store_txn)
{
    if (store_txn->writes && txn_of(store_txn)->store->commits != NULL)
        txn_of(store_txn)->store->commits(txn_of(store_txn)->store->user);
    struct locked_txn *txn = enter(store_txn);
    struct locked_store *store = txn->store;
    enum err err = store->inner->ops->commit(txn->inner);
    MUST(pthread_mutex_unlock(&store->lock) == 0);
    free(txn);
    return err;
}

static void abort_txn(struct store_txn *store_txn)
{
    struct locked_txn *txn = enter(store_txn);
    struct locked_store *store = txn->store;
    store->inner->ops->abort(txn->inner);
    MUST(pthread_mutex_unlock(&store->lock) == 0);
    free(txn);
}

static void usage(struct store *any, struct store_usage *out)
{
    struct locked_store *store = store_of(any);
    MUST(pthread_mutex_lock(&store->lock) == 0);
    store->inner->ops->usage(store->inner, out);
    MUST(pthread_mutex_unlock(&store->lock) == 0);
}

static void close_store(struct store *any)
{
    struct locked_store *store = store_of(any);
    store->inner->ops->close(store->inner);
    MUST(pthread_mutex_destroy(&store->lock) == 0);
    free(store);
}

static const struct store_env_ops env_ops = { .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .usage = usage,
    .close = close_store };

struct store *store_locked_new(
    struct store *inner, void (*commits)(void *user), void *user)
{
    struct locked_store *store = calloc(1, sizeof *store);
    MUST(store != NULL && pthread_mutex_init(&store->lock, NULL) == 0);
    store->store.ops = &env_ops;
    store->inner = inner;
    store->commits = commits;
    store->user = user;
    return &store->store;
}
