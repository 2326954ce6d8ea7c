#include "io/store_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/treap.h"

#define VALUE_SIZE_MAX (UINT32_MAX - sizeof(uint64_t)) /* as store_lmdb.c */

struct memory_txn {
    struct store_txn txn;
    struct store_memory *memory;
    struct treap view; /* what was committed when it began, and its changes */
    struct memory_txn *next;
    size_t changed; /* bytes that were put */
};

struct store_memory {
    struct store store;
    struct treap committed;
    uint64_t capacity;
    uint64_t commit_count;
    uint64_t age; /* commits that led to what is there: usage.commit_count */
    struct memory_txn *open; /* all of them, newest first */
    struct memory_txn *writer;
    uint64_t fault_countdown; /* 0: none planned */
    enum store_memory_fault fault;
    bool is_broken;
};

struct store_memory_snapshot {
    struct treap content;
    uint64_t age;
};

static struct store_memory *memory_of(struct store *store)
{
    return (struct store_memory *)store;
}

static struct memory_txn *memory_txn_of(struct store_txn *txn)
{
    return (struct memory_txn *)txn;
}

static uint64_t used_by(const struct treap *treap)
{
    return treap->size + treap->count * STORE_MEMORY_ENTRY_SIZE;
}

/* ---- Inside a transaction --------------------------------------------- */

static void fail(struct memory_txn *txn, enum err err)
{
    if (txn->txn.err == ERR_NONE)
        txn->txn.err = err;
}

static bool may_go_on(struct memory_txn *txn, bool writes, struct slice key)
{
    if (txn->txn.err == ERR_NONE &&
        ((writes && !txn->txn.writes) || key.size == 0 ||
            key.size > STORE_KEY_SIZE_MAX))
        fail(txn, ERR_INVALID);
    return txn->txn.err == ERR_NONE;
}

static struct slice get(struct store_txn *store_txn, struct slice key)
{
    struct memory_txn *txn = memory_txn_of(store_txn);
    struct slice value;
    if (!may_go_on(txn, false, key) || !treap_get(&txn->view, key, &value))
        return SLICE_NONE;
    return value;
}

static void put(
    struct store_txn *store_txn, struct slice key, struct slice value)
{
    struct memory_txn *txn = memory_txn_of(store_txn);
    struct slice old = SLICE_NONE;
    if (!may_go_on(txn, true, key))
        return;
    if (value.size > VALUE_SIZE_MAX) {
        fail(txn, ERR_INVALID);
        return;
    }
    txn->changed += key.size + value.size;
    uint64_t used = used_by(&txn->view);
    if (treap_get(&txn->view, key, &old))
        used -= old.size;
    else
        used += key.size + STORE_MEMORY_ENTRY_SIZE;
    if (used + value.size > txn->memory->capacity)
        fail(txn, ERR_FULL);
    else
        fail(txn, treap_put(&txn->view, key, value));
}

static void del(struct store_txn *store_txn, struct slice key)
{
    struct memory_txn *txn = memory_txn_of(store_txn);
    uint8_t key_copy[STORE_KEY_SIZE_MAX];
    if (!may_go_on(txn, true, key))
        return;
    /* It may borrow from the entry that goes. */
    memcpy(key_copy, key.bytes, key.size);
    fail(txn, treap_del(&txn->view, slice_of(key_copy, key.size)));
}

static bool may_seek(
    struct memory_txn *txn, size_t prefix_size, struct slice bound)
{
    if (bound.size > STORE_KEY_SIZE_MAX || prefix_size > bound.size)
        fail(txn, ERR_INVALID);
    return txn->txn.err == ERR_NONE;
}

static bool shares_prefix(struct slice a, struct slice b, size_t prefix_size)
{
    return a.size >= prefix_size &&
           (prefix_size == 0 || memcmp(a.bytes, b.bytes, prefix_size) == 0);
}

static bool seek(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct memory_txn *txn = memory_txn_of(store_txn);
    struct slice found;
    struct slice content;
    if (!may_seek(txn, prefix_size, *key) ||
        !treap_at_or_after(&txn->view, *key, &found, &content) ||
        !shares_prefix(found, *key, prefix_size))
        return false;
    *key = found;
    *value = content;
    return true;
}

static bool seek_back(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value)
{
    struct memory_txn *txn = memory_txn_of(store_txn);
    struct slice found;
    struct slice content;
    if (!may_seek(txn, prefix_size, *key) ||
        !treap_at_or_before(&txn->view, *key, &found, &content) ||
        !shares_prefix(found, *key, prefix_size))
        return false;
    *key = found;
    *value = content;
    return true;
}

/* Memory keeps what it is given. */
static enum err probe(struct store_txn *store_txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    bool is_there = back ? seek_back(store_txn, prefix_size, key, value)
                         : seek(store_txn, prefix_size, key, value);
    return store_txn->err != ERR_NONE ? store_txn->err
           : is_there                 ? ERR_NONE
                                      : ERR_NOT_FOUND;
}

static size_t held(const struct store_txn *store_txn)
{
    return ((const struct memory_txn *)store_txn)->changed;
}

static const struct store_ops txn_ops = { .get = get,
    .put = put,
    .del = del,
    .seek = seek,
    .seek_back = seek_back,
    .probe = probe,
    .held = held };

/* ---- Transactions ----------------------------------------------------- */

static enum err begin(struct store *store, bool writes, struct store_txn **out)
{
    struct store_memory *memory = memory_of(store);
    *out = NULL;
    if (memory->is_broken)
        return ERR_IO;
    assert(!writes || memory->writer == NULL);
    struct memory_txn *txn = malloc(sizeof *txn);
    if (txn == NULL)
        return ERR_NO_MEMORY;
    *txn = (struct memory_txn){ .txn = { .ops = &txn_ops, .writes = writes },
        .memory = memory,
        .view = treap_share(&memory->committed),
        .next = memory->open };
    memory->open = txn;
    if (writes)
        memory->writer = txn;
    *out = &txn->txn;
    return ERR_NONE;
}

static void abort_txn(struct store_txn *store_txn)
{
    struct memory_txn *txn = memory_txn_of(store_txn);
    struct memory_txn **link = &txn->memory->open;
    while (*link != txn)
        link = &(*link)->next;
    *link = txn->next;
    if (txn->memory->writer == txn)
        txn->memory->writer = NULL;
    treap_release(&txn->view);
    free(txn);
}

/* True when this commit is the one that was to fail. */
static bool fault_is_due(struct store_memory *memory)
{
    if (memory->fault_countdown == 0)
        return false;
    memory->fault_countdown--;
    return memory->fault_countdown == 0;
}

static enum err commit(struct store_txn *store_txn)
{
    struct memory_txn *txn = memory_txn_of(store_txn);
    struct store_memory *memory = txn->memory;
    enum err err = txn->txn.err;
    bool becomes_durable = txn->txn.writes && err == ERR_NONE;
    if (becomes_durable && fault_is_due(memory)) {
        memory->is_broken = true;
        err = ERR_IO;
        becomes_durable = memory->fault == STORE_MEMORY_FAIL_AFTER;
    }
    if (becomes_durable) {
        treap_release(&memory->committed);
        memory->committed = txn->view;
        txn->view = (struct treap){ 0 };
        memory->commit_count++;
        memory->age++;
    }
    abort_txn(store_txn);
    return err;
}

static void usage(struct store *store, struct store_usage *out)
{
    const struct store_memory *memory = memory_of(store);
    *out = (struct store_usage){ .used = used_by(&memory->committed),
        .capacity = memory->capacity,
        .commit_count = memory->age };
}

static void close_store(struct store *store)
{
    struct store_memory *memory = memory_of(store);
    store_memory_crash(store);
    treap_release(&memory->committed);
    free(memory);
}

static const struct store_env_ops env_ops = { .begin = begin,
    .commit = commit,
    .abort = abort_txn,
    .usage = usage,
    .close = close_store };

/* ---- Beside the port -------------------------------------------------- */

enum err store_memory_open(
    const struct store_memory_options *options, struct store **store)
{
    struct store_memory *memory = malloc(sizeof *memory);
    *store = NULL;
    if (memory == NULL)
        return ERR_NO_MEMORY;
    *memory = (struct store_memory){ .store = { .ops = &env_ops },
        .capacity = options->capacity };
    *store = &memory->store;
    return ERR_NONE;
}

void store_memory_crash(struct store *store)
{
    struct store_memory *memory = memory_of(store);
    while (memory->open != NULL)
        abort_txn(&memory->open->txn);
    memory->fault_countdown = 0;
    memory->is_broken = false;
}

void store_memory_fail_commit(
    struct store *store, uint64_t nth, enum store_memory_fault fault)
{
    struct store_memory *memory = memory_of(store);
    memory->fault_countdown = nth;
    memory->fault = fault;
}

void store_memory_set_capacity(struct store *store, uint64_t capacity)
{
    memory_of(store)->capacity = capacity;
}

uint64_t store_memory_commit_count(const struct store *store)
{
    return ((const struct store_memory *)store)->commit_count;
}

uint64_t store_memory_hash(const struct store *store)
{
    return ((const struct store_memory *)store)->committed.hash;
}

enum err store_memory_snapshot_take(
    const struct store *store, struct store_memory_snapshot **snapshot)
{
    const struct store_memory *memory = (const struct store_memory *)store;
    *snapshot = malloc(sizeof **snapshot);
    if (*snapshot == NULL)
        return ERR_NO_MEMORY;
    (*snapshot)->content = treap_share(&memory->committed);
    (*snapshot)->age = memory->age;
    return ERR_NONE;
}

void store_memory_restore(
    struct store *store, const struct store_memory_snapshot *snapshot)
{
    struct store_memory *memory = memory_of(store);
    struct treap content = treap_share(&snapshot->content);
    store_memory_crash(store);
    treap_release(&memory->committed);
    memory->committed = content;
    memory->age = snapshot->age;
}

void store_memory_snapshot_free(struct store_memory_snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    treap_release(&snapshot->content);
    free(snapshot);
}
