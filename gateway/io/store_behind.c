#include "io/store_behind.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "io/changes.h"
#include "io/row_page.h"

/* Where a deferred commit is. */
enum stage {
    STAGE_NONE,   /* there is none, or it was settled */
    STAGE_CLOSED, /* to be carried out */
    STAGE_OVER,   /* carried out, or failed */
};

struct behind_store {
    struct store store; /* first, so that either is the other */
    struct store *inner;
    struct changes behind; /* of the commit on its way, or just settled */
    bool defers;           /* the next commit */
    bool is_read;          /* a transaction sees what is behind */
    enum err err;          /* of the deferred commit that failed */
    void (*done)(void *user);
    void *user;
    pthread_t thread;
    bool has_thread;
    /* shared with it: */
    pthread_mutex_t lock;
    pthread_cond_t turned; /* the stage changed, or all ends */
    enum stage stage;
    enum err said; /* at STAGE_OVER */
    bool ends;
};

struct behind_txn {
    struct store_txn txn;
    struct behind_store *store;
    struct store_txn *inner;      /* a reading one */
    const struct changes *behind; /* what it sees of that; NULL: nothing */
    struct changes own;
};

static struct behind_store *store_of(struct store *store)
{
    return (struct behind_store *)(void *)store;
}

static struct behind_txn *txn_of(struct store_txn *txn)
{
    return (struct behind_txn *)(void *)txn;
}

/* ---- Inside a transaction ----------------------------------------------- */

static void fail(struct behind_txn *txn, enum err err)
{
    if (txn->txn.err == ERR_NONE)
        txn->txn.err = err;
}

static bool may_go_on(struct behind_txn *txn, bool writes, struct slice key)
{
    if ((writes && !txn->txn.writes) || key.size == 0 ||
        key.size > STORE_KEY_SIZE_MAX)
        fail(txn, ERR_INVALID);
    return txn->txn.err == ERR_NONE;
}

/* The newest word about that key that is not in the inner store. */
static const struct change *change_of(
    const struct behind_txn *txn, struct slice key)
{
    const struct change *change = changes_find(&txn->own, key);
    if (change == NULL && txn->behind != NULL)
        change = changes_find(txn->behind, key);
    return change;
}

static struct slice get(struct store_txn *store_txn, struct slice key)
{
    struct behind_txn *txn = txn_of(store_txn);
    if (!may_go_on(txn, false, key))
        return SLICE_NONE;
    const struct change *change = change_of(txn, key);
    if (change != NULL)
        return change->value;
    struct slice value = store_get(txn->inner, key);
    fail(txn, txn->inner->err);
    return value;
}

static void put(
    struct store_txn *store_txn, struct slice key, struct slice value)
{
    struct behind_txn *txn = txn_of(store_txn);
    if (value.bytes == NULL)
        value = SLICE_LITERAL(""); /* empty, not gone */
    if (may_go_on(txn, true, key))
        fail(txn, changes_put(&txn->own, key, value));
}

static void del(struct store_txn *store_txn, struct slice key)
{
    struct behind_txn *txn = txn_of(store_txn);
    if (may_go_on(txn, true, key))
        fail(txn, changes_put(&txn->own, key, SLICE_NONE));
}

/* ---- Searches ----------------------------------------------------------- */

/* The next row that one of them has, in the direction of the search. */
struct candidate {
    struct slice key; /* of no bytes: it has none */
    struct slice value;
    enum err err; /* ERR_CORRUPT: damaged */
};

struct search {
    struct behind_txn *txn;
    size_t prefix_size;
    struct slice prefix;
    struct row_bound bound; /* the next may be there */
    bool back;
};

static struct candidate candidate_of(
    const struct search *search, const struct changes *changes)
{
    struct slice at = row_bound_key(&search->bound);
    const struct change *change = NULL;
    if (changes != NULL)
        change = search->back ? changes_at_or_before(changes, at)
                              : changes_at_or_after(changes, at);
    if (change == NULL || change->key.size < search->prefix_size ||
        (search->prefix_size > 0 &&
            memcmp(change->key.bytes, search->prefix.bytes,
                search->prefix_size) != 0))
        return (struct candidate){ .key = SLICE_NONE };
    return (struct candidate){ change->key, change->value, ERR_NONE };
}

/* Damage under what was changed since is none. */
static struct candidate candidate_inner(const struct search *search)
{
    struct store_txn *inner = search->txn->inner;
    struct candidate found = { .key = row_bound_key(&search->bound) };
    found.err = inner->ops->probe(
        inner, search->prefix_size, &found.key, &found.value, search->back);
    fail(search->txn, inner->err); /* damage of more than that row */
    if (found.err == ERR_NONE || found.err == ERR_CORRUPT)
        return found;
    if (found.err != ERR_NOT_FOUND)
        fail(search->txn, found.err);
    return (struct candidate){ .key = SLICE_NONE };
}

/* The other goes first; of the same row it is the newer word. */
static bool gives_way(const struct search *search,
    const struct candidate *candidate, const struct candidate *other)
{
    if (other->key.bytes == NULL)
        return false;
    if (candidate->key.bytes == NULL)
        return true;
    int order = row_compare(candidate->key, other->key);
    return search->back ? order <= 0 : order >= 0;
}

/* Past that row; false at the end of all keys. */
static bool step_past(struct search *search, struct slice key)
{
    struct row_bound next;
    bool is_there = search->back ? row_bound_before(&next, key)
                                 : row_bound_after(&next, key);
    search->bound = next;
    if (search->prefix_size > next.size ||
        (search->prefix_size > 0 &&
            memcmp(next.bytes, search->prefix.bytes, search->prefix_size) != 0))
        return false;
    return is_there;
}

static enum err nearest(struct search *search, struct candidate *found)
{
    struct candidate inner = candidate_inner(search);
    for (;;) {
        struct candidate own = candidate_of(search, &search->txn->own);
        struct candidate behind = candidate_of(search, search->txn->behind);
        *found = inner;
        if (gives_way(search, found, &behind))
            *found = behind;
        if (gives_way(search, found, &own))
            *found = own;
        if (search->txn->txn.err != ERR_NONE)
            return search->txn->txn.err;
        if (found->key.bytes == NULL)
            return ERR_NOT_FOUND;
        if (found->err != ERR_NONE || found->value.bytes != NULL)
            return found->err;
        bool was_inner =
            inner.key.bytes != NULL && row_compare(found->key, inner.key) == 0;
        if (!step_past(search, found->key))
            return ERR_NOT_FOUND;
        if (was_inner)
            inner = candidate_inner(search);
    }
}

static enum err probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    struct behind_txn *txn = txn_of(store_txn);
    struct candidate found;
    struct search search = {
        .txn = txn, .prefix_size = prefix_size, .back = back
    };
    if (key->size > STORE_KEY_SIZE_MAX || prefix_size > key->size)
        fail(txn, ERR_INVALID);
    if (txn->txn.err != ERR_NONE)
        return txn->txn.err;
    if (back && key->size == 0)
        return ERR_NOT_FOUND;
    /* the bound moves; what it is borrowed from may be the caller's key */
    struct row_bound wanted;
    row_bound_set(&wanted, *key);
    search.prefix = slice_of(wanted.bytes, prefix_size);
    search.bound = wanted;
    enum err err = nearest(&search, &found);
    if (txn->txn.err == ERR_NONE && err != ERR_NOT_FOUND) {
        *key = found.key;
        *value = found.value;
    }
    return err;
}

static bool search_strictly(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    enum err err = probe(store_txn, prefix_size, key, value, back);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        fail(txn_of(store_txn), err);
    return err == ERR_NONE;
}

static bool seek(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    return search_strictly(store_txn, prefix_size, key, value, false);
}

static bool seek_back(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    return search_strictly(store_txn, prefix_size, key, value, true);
}

static size_t held(const struct store_txn *store_txn)
{
    return changes_held(&((const struct behind_txn *)store_txn)->own);
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = probe,
    .held = held };

/* ---- Behind ------------------------------------------------------------- */

static enum err carry_out(struct store *inner, const struct changes *changes)
{
    struct store_txn *txn;
    enum err err = inner->ops->begin(inner, true, &txn);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < changes->count && txn->err == ERR_NONE; i++) {
        const struct change *change = &changes->rows[i];
        if (change->value.bytes != NULL)
            store_put(txn, change->key, change->value);
        else
            store_del(txn, change->key);
    }
    return inner->ops->commit(txn); /* fails with txn->err */
}

static void *work(void *argument)
{
    struct behind_store *store = argument;
    (void)prctl(PR_SET_NAME, "store", 0, 0, 0); /* for top and gdb */
    (void)pthread_mutex_lock(&store->lock);
    for (;;) {
        while (store->stage != STAGE_CLOSED && !store->ends)
            (void)pthread_cond_wait(&store->turned, &store->lock);
        if (store->stage != STAGE_CLOSED)
            break;
        (void)pthread_mutex_unlock(&store->lock);
        /* nobody changes what is behind before it is settled */
        enum err err = carry_out(store->inner, &store->behind);
        (void)pthread_mutex_lock(&store->lock);
        store->said = err;
        store->stage = STAGE_OVER;
        (void)pthread_cond_broadcast(&store->turned);
        (void)pthread_mutex_unlock(&store->lock);
        store->done(store->user);
        (void)pthread_mutex_lock(&store->lock);
    }
    (void)pthread_mutex_unlock(&store->lock);
    return NULL;
}

static void stage_set(struct behind_store *store, enum stage stage)
{
    (void)pthread_mutex_lock(&store->lock);
    store->stage = stage;
    (void)pthread_cond_broadcast(&store->turned);
    (void)pthread_mutex_unlock(&store->lock);
}

enum err store_behind_settle(struct store *any)
{
    struct behind_store *store = store_of(any);
    (void)pthread_mutex_lock(&store->lock);
    while (store->has_thread && store->stage == STAGE_CLOSED)
        (void)pthread_cond_wait(&store->turned, &store->lock);
    enum stage stage = store->stage;
    enum err err = stage == STAGE_OVER ? store->said : ERR_NONE;
    store->stage = STAGE_NONE;
    (void)pthread_mutex_unlock(&store->lock);
    if (stage == STAGE_CLOSED)
        err = carry_out(store->inner, &store->behind);
    if (store->err == ERR_NONE)
        store->err = err;
    if (!store->is_read)
        changes_clear(&store->behind);
    return store->err;
}

bool store_behind_is_idle(struct store *any)
{
    struct behind_store *store = store_of(any);
    (void)pthread_mutex_lock(&store->lock);
    bool is_idle = store->stage != STAGE_CLOSED;
    (void)pthread_mutex_unlock(&store->lock);
    return is_idle;
}

void store_behind_defer(struct store *any)
{
    store_of(any)->defers = true;
}

enum err store_behind_start(
    struct store *any, void (*done)(void *user), void *user)
{
    struct behind_store *store = store_of(any);
    store->done = done;
    store->user = user;
    if (pthread_create(&store->thread, NULL, work, store) != 0)
        return ERR_NO_MEMORY;
    store->has_thread = true;
    return ERR_NONE;
}

/* ---- Transactions ------------------------------------------------------- */

static enum err begin(struct store *any, bool writes, struct store_txn **out)
{
    struct behind_store *store = store_of(any);
    struct store *inner = store->inner;
    *out = NULL;
    if (writes && store->err != ERR_NONE)
        return store->err;
    struct behind_txn *txn = malloc(sizeof *txn);
    if (txn == NULL)
        return ERR_NO_MEMORY;
    *txn = (struct behind_txn){ .txn = { .ops = &txn_ops, .writes = writes },
        .store = store,
        .behind = writes ? &store->behind : NULL };
    /* whether it sees the commit on its way or not, what is behind covers it */
    enum err err = inner->ops->begin(inner, false, &txn->inner);
    if (err != ERR_NONE) {
        free(txn);
        return err;
    }
    if (writes)
        store->is_read = true;
    *out = &txn->txn;
    return ERR_NONE;
}

static void abort_txn(struct store_txn *store_txn)
{
    struct behind_txn *txn = txn_of(store_txn);
    struct behind_store *store = txn->store;
    store->inner->ops->abort(txn->inner);
    changes_clear(&txn->own);
    if (txn->txn.writes)
        store->is_read = false;
    free(txn);
}

static enum err commit(struct store_txn *store_txn)
{
    struct behind_txn *txn = txn_of(store_txn);
    struct behind_store *store = txn->store;
    enum err err = txn->txn.err;
    bool defers = store->defers;
    if (txn->txn.writes)
        store->defers = false;
    if (err == ERR_NONE && txn->txn.writes)
        err = store_behind_settle(&store->store);
    if (err != ERR_NONE || !txn->txn.writes) {
        abort_txn(store_txn);
        return err;
    }
    changes_clear(&store->behind);
    store->behind = txn->own;
    txn->own = (struct changes){ 0 };
    abort_txn(store_txn); /* it has nothing more */
    if (defers) {
        stage_set(store, STAGE_CLOSED);
        return ERR_NONE;
    }
    err = carry_out(store->inner, &store->behind);
    changes_clear(&store->behind);
    return err;
}

static void usage(struct store *any, struct store_usage *out)
{
    struct store *inner = store_of(any)->inner;
    inner->ops->usage(inner, out);
}

static void close_store(struct store *any)
{
    struct behind_store *store = store_of(any);
    if (store->has_thread) {
        (void)pthread_mutex_lock(&store->lock);
        store->ends = true;
        (void)pthread_cond_broadcast(&store->turned);
        (void)pthread_mutex_unlock(&store->lock);
        (void)pthread_join(store->thread, NULL);
    }
    store->inner->ops->close(store->inner);
    changes_clear(&store->behind);
    (void)pthread_cond_destroy(&store->turned);
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}

static const struct store_env_ops env_ops = { .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .usage = usage,
    .close = close_store };

enum err store_behind_open(struct store *inner, struct store **out)
{
    struct behind_store *store = calloc(1, sizeof *store);
    *out = NULL;
    if (store == NULL || pthread_mutex_init(&store->lock, NULL) != 0 ||
        pthread_cond_init(&store->turned, NULL) != 0) {
        free(store);
        return ERR_NO_MEMORY;
    }
    store->store.ops = &env_ops;
    store->inner = inner;
    *out = &store->store;
    return ERR_NONE;
}
