/*
 * When is what a deferred commit changed seen, when is it durable, and what
 * holds when it fails? That such a store keeps the contract of a store is in
 * store_test.c and store_model_test.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "io/store_behind.h"
#include "io/store_lmdb.h"
#include "io/store_memory.h"
#include "support/folder.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- The linker sends these here --------------------------------------- */

static unsigned allocations_left; /* 0: no limit */
static bool has_no_threads;

static bool memory_is_short(void)
{
    return allocations_left > 0 && --allocations_left == 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*work)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*work)(void *), void *argument);

void *__wrap_malloc(size_t size)
{
    return memory_is_short() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_is_short() ? NULL : __real_calloc(count, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*work)(void *), void *argument)
{
    return has_no_threads
               ? EAGAIN
               : __real_pthread_create(thread, attributes, work, argument);
}

/* ---- A store that writes when it may ----------------------------------- */

/* Where who writes to the inner store waits, and how often one was done. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t turned;
    bool is_shut;
    unsigned done_count;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
    .turned = PTHREAD_COND_INITIALIZER };

static void gate_set(bool is_shut)
{
    (void)pthread_mutex_lock(&gate.lock);
    gate.is_shut = is_shut;
    (void)pthread_cond_broadcast(&gate.turned);
    (void)pthread_mutex_unlock(&gate.lock);
}

static void gate_pass(void)
{
    (void)pthread_mutex_lock(&gate.lock);
    while (gate.is_shut)
        (void)pthread_cond_wait(&gate.turned, &gate.lock);
    (void)pthread_mutex_unlock(&gate.lock);
}

static void done(void *user)
{
    assert_ptr_equal(user, &gate);
    (void)pthread_mutex_lock(&gate.lock);
    gate.done_count++;
    (void)pthread_cond_broadcast(&gate.turned);
    (void)pthread_mutex_unlock(&gate.lock);
}

static void wait_until_done(unsigned count)
{
    (void)pthread_mutex_lock(&gate.lock);
    while (gate.done_count < count)
        (void)pthread_cond_wait(&gate.turned, &gate.lock);
    assert_int_equal(gate.done_count, count);
    (void)pthread_mutex_unlock(&gate.lock);
}

/* With its thread around one on disk: a store in memory belongs to one. */
struct bench {
    char path[FOLDER_PATH_SIZE];
    struct store *inner;
    struct store *store;
    const struct store_env_ops *own; /* of the inner one */
    struct store_env_ops lent;
};

static struct bench *lender; /* whose inner store has lent operations */

static enum err begin_at_the_gate(
    struct store *store, bool writes, struct store_txn **txn)
{
    if (writes)
        gate_pass();
    return lender->own->begin(store, writes, txn);
}

static struct store *disk(const char *path)
{
    struct store_lmdb_options options = store_lmdb_options_default();
    struct store_problem problem;
    struct store *store = NULL;
    assert_int_equal(
        store_lmdb_open(path, &options, &store, &problem), ERR_NONE);
    return store;
}

static struct store *memory(void)
{
    const struct store_memory_options options = { .capacity = 1u << 20 };
    struct store *store = NULL;
    assert_int_equal(store_memory_open(&options, &store), ERR_NONE);
    return store;
}

static void bench_open(struct bench *bench, bool has_thread)
{
    *bench = (struct bench){ .path = "" };
    if (has_thread)
        folder_make(bench->path);
    bench->inner = has_thread ? disk(bench->path) : memory();
    assert_int_equal(store_behind_open(bench->inner, &bench->store), ERR_NONE);
    gate.done_count = 0;
    if (!has_thread)
        return;
    bench->own = bench->inner->ops;
    bench->lent = *bench->own;
    bench->lent.begin = begin_at_the_gate;
    bench->inner->ops = &bench->lent;
    lender = bench;
    assert_int_equal(store_behind_start(bench->store, done, &gate), ERR_NONE);
}

static void bench_close(struct bench *bench)
{
    bench->store->ops->close(bench->store);
    if (bench->path[0] != '\0')
        folder_remove(bench->path);
}

/* ---- Small words ------------------------------------------------------- */

static struct slice text(const char *words)
{
    return slice_of_text(words);
}

static struct store_txn *begin(struct store *store, bool writes)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, writes, &txn), ERR_NONE);
    assert_int_equal(txn->writes, writes);
    return txn;
}

static void commit(struct store *store, struct store_txn *txn)
{
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
}

static void put(struct store_txn *txn, const char *key, const char *value)
{
    store_put(txn, text(key), text(value));
}

/* NULL: there is none. */
static void assert_value(
    struct store_txn *txn, const char *key, const char *value)
{
    struct slice found = store_get(txn, text(key));
    assert_int_equal(txn->err, ERR_NONE);
    assert_int_equal(found.bytes != NULL, value != NULL);
    if (value != NULL)
        assert_true(slice_is(found, value));
}

/* As a reading transaction sees it. */
static void assert_durable(
    struct bench *bench, const char *key, const char *value)
{
    struct store_txn *txn = begin(bench->inner, false);
    assert_value(txn, key, value);
    bench->inner->ops->abort(txn);
    txn = begin(bench->store, false);
    assert_value(txn, key, value);
    commit(bench->store, txn);
}

static void write(struct bench *bench, const char *key, const char *value)
{
    struct store_txn *txn = begin(bench->store, true);
    put(txn, key, value);
    commit(bench->store, txn);
}

static void write_deferred(
    struct bench *bench, const char *key, const char *value)
{
    store_behind_defer(bench->store);
    write(bench, key, value);
}

static void settle(struct bench *bench)
{
    assert_int_equal(store_behind_settle(bench->store), ERR_NONE);
    assert_true(store_behind_is_idle(bench->store));
}

/* ---- What is seen, and when it is durable ------------------------------- */

static void the_next_that_writes_sees_it_and_those_that_read_do_not(
    void **state)
{
    (void)state;
    for (int has_thread = 0; has_thread < 2; has_thread++) {
        struct bench bench;
        bench_open(&bench, has_thread != 0);
        write(&bench, "a", "old");
        write(&bench, "b", "old");
        gate_set(true);
        struct store_txn *txn = begin(bench.store, true);
        put(txn, "a", "new");
        store_del(txn, text("b"));
        put(txn, "c", "new");
        store_behind_defer(bench.store);
        commit(bench.store, txn);
        assert_false(store_behind_is_idle(bench.store));
        assert_durable(&bench, "a", "old");
        assert_durable(&bench, "b", "old");
        assert_durable(&bench, "c", NULL);
        txn = begin(bench.store, true);
        for (int round = 0; round < 2; round++) {
            assert_value(txn, "a", "new");
            assert_value(txn, "b", NULL);
            assert_value(txn, "c", "new");
            gate_set(false);
            settle(&bench); /* what this one sees stays */
        }
        assert_durable(&bench, "a", "new");
        assert_durable(&bench, "b", NULL);
        assert_durable(&bench, "c", "new");
        bench.store->ops->abort(txn);
        bench_close(&bench);
    }
}

static void only_the_next_commit_is_deferred(void **state)
{
    (void)state;
    for (int has_thread = 0; has_thread < 2; has_thread++) {
        struct bench bench;
        bench_open(&bench, has_thread != 0);
        store_behind_defer(bench.store);
        struct store_txn *txn = begin(bench.store, false);
        commit(bench.store, txn); /* that is none */
        gate_set(true);
        write(&bench, "a", "1");
        assert_durable(&bench, "a", NULL);
        gate_set(false);
        write(&bench, "b", "2");
        assert_true(store_behind_is_idle(bench.store));
        assert_durable(&bench, "a", "1");
        assert_durable(&bench, "b", "2");
        settle(&bench); /* there is none */
        write(&bench, "c", "3");
        assert_durable(&bench, "c", "3");
        bench_close(&bench);
    }
}

static uint64_t commit_count(struct bench *bench)
{
    struct store_usage usage;
    bench->store->ops->usage(bench->store, &usage);
    return usage.commit_count;
}

static void nothing_is_durable_before_all_of_the_one_before(void **state)
{
    (void)state;
    for (int has_thread = 0; has_thread < 2; has_thread++) {
        struct bench bench;
        char key[] = "0";
        uint64_t count = 0;
        bench_open(&bench, has_thread != 0);
        for (; key[0] <= '9'; key[0]++) {
            struct store_txn *txn = begin(bench.store, true);
            put(txn, key, key);
            put(txn, "last", key);
            store_behind_defer(bench.store);
            commit(bench.store, txn);
            /* its thread may be writing while this looks */
            assert_true(commit_count(&bench) >= count);
            count = commit_count(&bench);
            if (key[0] > '0') {
                char before[] = { (char)(key[0] - 1), '\0' };
                assert_durable(&bench, before, before);
            }
        }
        settle(&bench);
        assert_durable(&bench, "last", "9");
        bench_close(&bench);
    }
}

static void it_is_one_commit_of_the_inner_store(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, false);
    uint64_t count = commit_count(&bench);
    write_deferred(&bench, "a", "1");
    assert_int_equal(commit_count(&bench), count);
    write_deferred(&bench, "b", "2");
    assert_int_equal(commit_count(&bench), count + 1);
    settle(&bench);
    settle(&bench);
    assert_int_equal(commit_count(&bench), count + 2);
    write(&bench, "c", "3");
    assert_int_equal(commit_count(&bench), count + 3);
    bench_close(&bench);
}

static void who_waits_is_told_once_it_is_over(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, true);
    write(&bench, "a", "0"); /* not deferred: nobody is told */
    for (unsigned i = 1; i < 5; i++) {
        gate_set(true);
        write_deferred(&bench, "a", "1");
        assert_false(store_behind_is_idle(bench.store));
        gate_set(false);
        wait_until_done(i);
        assert_true(store_behind_is_idle(bench.store));
        settle(&bench);
    }
    bench_close(&bench);
    assert_int_equal(gate.done_count, 4);
}

static void an_abort_keeps_what_was_committed_before(void **state)
{
    (void)state;
    for (int has_thread = 0; has_thread < 2; has_thread++)
        for (int settles = 0; settles < 2; settles++) {
            struct bench bench;
            bench_open(&bench, has_thread != 0);
            write_deferred(&bench, "a", "kept");
            struct store_txn *txn = begin(bench.store, true);
            put(txn, "a", "changed");
            put(txn, "b", "new");
            if (settles)
                settle(&bench);
            assert_value(txn, "a", "changed");
            bench.store->ops->abort(txn);
            txn = begin(bench.store, true);
            assert_value(txn, "a", "kept");
            assert_value(txn, "b", NULL);
            bench.store->ops->abort(txn);
            settle(&bench);
            assert_durable(&bench, "a", "kept");
            assert_durable(&bench, "b", NULL);
            bench_close(&bench);
        }
}

static void closing_waits_for_the_commit_on_its_way(void **state)
{
    (void)state;
    for (int is_shut = 0; is_shut < 2; is_shut++) {
        struct bench bench;
        bench_open(&bench, true);
        gate_set(is_shut != 0);
        write_deferred(&bench, "a", "1");
        gate_set(false);
        bench.store->ops->close(bench.store);
        assert_int_equal(gate.done_count, 1);
        bench.inner = disk(bench.path);
        assert_int_equal(
            store_behind_open(bench.inner, &bench.store), ERR_NONE);
        assert_durable(&bench, "a", "1");
        bench_close(&bench);
    }
}

/* ---- Failures ---------------------------------------------------------- */

static void assert_all_fails(struct bench *bench, enum err err)
{
    struct store_txn *txn;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_behind_settle(bench->store), err);
        assert_int_equal(
            bench->store->ops->begin(bench->store, true, &txn), err);
        assert_null(txn);
    }
}

static void after_a_deferred_commit_that_failed_all_fail(void **state)
{
    static const enum store_memory_fault faults[] = { STORE_MEMORY_FAIL_BEFORE,
        STORE_MEMORY_FAIL_AFTER };
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct bench bench;
        bench_open(&bench, false);
        store_memory_fail_commit(bench.inner, 1, faults[i]);
        write_deferred(&bench, "a", "1");
        struct store_txn *txn = begin(bench.store, true);
        assert_value(txn, "a", "1");
        put(txn, "b", "2");
        assert_int_equal(bench.store->ops->commit(txn), ERR_IO);
        store_memory_crash(bench.inner); /* that one works again */
        assert_all_fails(&bench, ERR_IO);
        assert_durable(&bench, "a", faults[i] == faults[0] ? NULL : "1");
        assert_durable(&bench, "b", NULL);
        bench_close(&bench);
    }
}

static void the_thread_tells_of_a_failure(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, false);
    assert_int_equal(store_behind_start(bench.store, done, &gate), ERR_NONE);
    store_memory_fail_commit(bench.inner, 1, STORE_MEMORY_FAIL_BEFORE);
    write_deferred(&bench, "a", "1");
    wait_until_done(1); /* it is done with the store in memory */
    assert_true(store_behind_is_idle(bench.store));
    assert_all_fails(&bench, ERR_IO);
    bench_close(&bench);
}

static void a_commit_that_does_not_fit_fails_whole(void **state)
{
    static const uint8_t large[2u << 20];
    struct bench bench;
    (void)state;
    bench_open(&bench, false);
    store_behind_defer(bench.store);
    struct store_txn *txn = begin(bench.store, true);
    put(txn, "a", "fits");
    store_put(txn, text("b"), SLICE_ARRAY(large));
    put(txn, "c", "would fit");
    commit(bench.store, txn);
    assert_int_equal(store_behind_settle(bench.store), ERR_FULL);
    assert_all_fails(&bench, ERR_FULL);
    assert_durable(&bench, "a", NULL);
    assert_durable(&bench, "c", NULL);
    bench_close(&bench);
}

/* What failed when it was committed was told; nothing else depends on it. */
static void a_commit_that_was_not_deferred_fails_alone(void **state)
{
    struct bench bench;
    struct store_txn *txn;
    (void)state;
    bench_open(&bench, false);
    store_memory_fail_commit(bench.inner, 1, STORE_MEMORY_FAIL_BEFORE);
    txn = begin(bench.store, true);
    put(txn, "a", "1");
    assert_int_equal(bench.store->ops->commit(txn), ERR_IO);
    for (int writes = 0; writes < 2; writes++) {
        assert_int_equal(
            bench.store->ops->begin(bench.store, writes != 0, &txn), ERR_IO);
        assert_null(txn);
    }
    store_memory_crash(bench.inner);
    settle(&bench);
    txn = begin(bench.store, true);
    assert_value(txn, "a", NULL);
    commit(bench.store, txn);
    bench_close(&bench);
}

static void a_store_that_broke_meanwhile_fails_the_deferred_commit(void **state)
{
    struct bench bench;
    struct store_txn *txn;
    (void)state;
    bench_open(&bench, false);
    write_deferred(&bench, "a", "1");
    store_memory_fail_commit(bench.inner, 1, STORE_MEMORY_FAIL_BEFORE);
    txn = begin(bench.inner, true);
    assert_int_equal(bench.inner->ops->commit(txn), ERR_IO);
    assert_all_fails(&bench, ERR_IO);
    bench_close(&bench);
}

static void what_was_refused_leaves_the_commit_before(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, false);
    write_deferred(&bench, "a", "1");
    struct store_txn *txn = begin(bench.store, true);
    put(txn, "a", "2");
    store_put(txn, SLICE_NONE, text("no key"));
    store_behind_defer(bench.store);
    assert_int_equal(bench.store->ops->commit(txn), ERR_INVALID);
    assert_durable(&bench, "a", NULL);
    write(&bench, "b", "not deferred");
    assert_durable(&bench, "a", "1");
    assert_durable(&bench, "b", "not deferred");
    bench_close(&bench);
}

static void short_memory_is_told(void **state)
{
    struct bench bench;
    struct store *store = memory();
    struct store *around;
    struct store_txn *txn;
    (void)state;
    allocations_left = 1;
    enum err err = store_behind_open(store, &around);
    allocations_left = 0;
    assert_int_equal(err, ERR_NO_MEMORY);
    assert_null(around);
    store->ops->close(store);
    bench_open(&bench, false);
    for (int writes = 0; writes < 2; writes++) {
        allocations_left = 1;
        err = bench.store->ops->begin(bench.store, writes != 0, &txn);
        allocations_left = 0;
        assert_int_equal(err, ERR_NO_MEMORY);
        assert_null(txn);
    }
    txn = begin(bench.store, true);
    allocations_left = 1;
    put(txn, "a", "1");
    allocations_left = 0;
    assert_int_equal(txn->err, ERR_NO_MEMORY);
    assert_int_equal(bench.store->ops->commit(txn), ERR_NO_MEMORY);
    write(&bench, "a", "1");
    assert_durable(&bench, "a", "1");
    bench_close(&bench);
}

static void without_a_thread_it_is_settled_all_the_same(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, false);
    has_no_threads = true;
    enum err err = store_behind_start(bench.store, done, &gate);
    has_no_threads = false;
    assert_int_equal(err, ERR_NO_MEMORY);
    write_deferred(&bench, "a", "1");
    settle(&bench);
    assert_durable(&bench, "a", "1");
    bench_close(&bench);
    assert_int_equal(gate.done_count, 0);
}

static void what_it_changes_is_counted(void **state)
{
    static const uint8_t value[100000];
    struct bench bench;
    (void)state;
    bench_open(&bench, false);
    struct store_txn *txn = begin(bench.store, true);
    size_t before = store_held(txn);
    store_put(txn, text("a"), SLICE_ARRAY(value));
    assert_true(store_held(txn) >= before + sizeof value);
    commit(bench.store, txn);
    bench_close(&bench);
}

/* ---- Searches ---------------------------------------------------------- */

#define ROW_COUNT 39u /* all keys of one to three of these: */
static const uint8_t letters[] = { 0, 'x', 0xff };

struct row {
    uint8_t key[STORE_KEY_SIZE_MAX];
    size_t key_size;
    uint8_t value; /* 0: there is none */
};

static struct slice row_key(const struct row *row)
{
    return slice_of(row->key, row->key_size);
}

static int row_order(const void *one, const void *other)
{
    const struct row *a = one;
    const struct row *b = other;
    size_t size = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, size);
    return order != 0 ? order : (int)a->key_size - (int)b->key_size;
}

/* Filled up to the greatest size with its last byte, some of those of three. */
static void rows_make(struct row rows[ROW_COUNT])
{
    size_t count = 0;
    for (size_t size = 1, all = 3; size <= 3; size++, all *= 3)
        for (size_t number = 0; number < all; number++) {
            struct row *row = &rows[count++];
            size_t rest = number;
            *row = (struct row){ .key_size = size };
            for (size_t i = 0; i < size; i++, rest /= 3)
                row->key[i] = letters[rest % 3];
            if (size == 3 && number % 2 == 0) {
                memset(row->key + 3, row->key[2], sizeof row->key - 3);
                row->key_size = sizeof row->key;
            }
        }
    assert_int_equal(count, ROW_COUNT);
    qsort(rows, ROW_COUNT, sizeof *rows, row_order);
}

/* Some rows are written, some deleted, most left. */
static void rows_change(
    struct row rows[ROW_COUNT], struct store_txn *txn, struct prng *prng)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        uint64_t way = prng_below(prng, 4);
        if (way == 0) {
            rows[i].value = (uint8_t)(1 + prng_below(prng, 255));
            store_put(txn, row_key(&rows[i]), slice_of(&rows[i].value, 1));
        } else if (way == 1) {
            rows[i].value = 0;
            store_del(txn, row_key(&rows[i]));
        }
    }
}

static bool has_prefix(const struct row *row, struct slice bound, size_t size)
{
    return row->key_size >= size && memcmp(row->key, bound.bytes, size) == 0;
}

static void assert_search(const struct row rows[ROW_COUNT],
    struct store_txn *txn, size_t from, size_t prefix_size, bool back)
{
    const struct row *expected = NULL;
    struct slice key = row_key(&rows[from]);
    struct slice value;
    for (size_t i = from; i < ROW_COUNT && expected == NULL;
         i = back ? i - 1 : i + 1) /* below 0 is beyond the end */
        if (rows[i].value != 0)
            expected = &rows[i];
    if (expected != NULL && !has_prefix(expected, key, prefix_size))
        expected = NULL;
    bool is_found = back ? store_seek_back(txn, prefix_size, &key, &value)
                         : store_seek(txn, prefix_size, &key, &value);
    assert_int_equal(txn->err, ERR_NONE);
    assert_int_equal(is_found, expected != NULL);
    if (!is_found)
        return;
    assert_true(slice_equal(key, row_key(expected)));
    assert_true(slice_equal(value, slice_of(&expected->value, 1)));
}

static void assert_searches(
    const struct row rows[ROW_COUNT], struct store_txn *txn)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        for (size_t size = 0; size <= rows[i].key_size; size++) {
            if (size == 4) /* all bytes are the same from there on */
                size = rows[i].key_size;
            assert_search(rows, txn, i, size, false);
            assert_search(rows, txn, i, size, true);
        }
}

/* What is in the store, what is behind, and what is its own: the newest word
 * about each row counts. */
static void searches_see_the_newest_of_each_row(void **state)
{
    struct prng prng = prng_from_seed(13);
    (void)state;
    for (int round = 0; round < 30; round++) {
        struct bench bench;
        struct row rows[ROW_COUNT];
        rows_make(rows);
        bench_open(&bench, false);
        for (int layer = 0; layer < 3; layer++) {
            struct store_txn *txn = begin(bench.store, true);
            assert_searches(rows, txn);
            rows_change(rows, txn, &prng);
            assert_searches(rows, txn);
            if (layer == 1)
                store_behind_defer(bench.store);
            if (layer < 2)
                commit(bench.store, txn);
            else
                bench.store->ops->abort(txn);
        }
        bench_close(&bench);
    }
}

static void wrong_probes_are_errors(void **state)
{
    struct bench bench;
    struct slice value;
    uint8_t long_key[STORE_KEY_SIZE_MAX + 1] = { 0 };
    (void)state;
    bench_open(&bench, false);
    for (int way = 0; way < 2; way++) {
        struct store_txn *txn = begin(bench.store, true);
        struct slice key = way == 0 ? SLICE_ARRAY(long_key) : text("ab");
        size_t prefix_size = way == 0 ? 0 : 3;
        for (int i = 0; i < 2; i++)
            assert_int_equal(
                txn->ops->probe(txn, prefix_size, &key, &value, false),
                ERR_INVALID);
        assert_int_equal(bench.store->ops->commit(txn), ERR_INVALID);
    }
    bench_close(&bench);
}

/* ---- Damage ------------------------------------------------------------ */

static const struct store_ops *sound; /* operations of the inner store */
static struct store_ops damaged;
static bool all_is_damaged;

static bool is_damaged(struct slice key)
{
    return slice_is(key, "m");
}

static struct slice get_damaged(struct store_txn *txn, struct slice key)
{
    struct slice value = sound->get(txn, key);
    if (!is_damaged(key) && !all_is_damaged)
        return value;
    txn->err = ERR_CORRUPT;
    return SLICE_NONE;
}

static enum err probe_damaged(struct store_txn *txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    if (all_is_damaged) {
        txn->err = ERR_CORRUPT; /* as where a page of LMDB's is */
        return ERR_CORRUPT;
    }
    enum err err = sound->probe(txn, prefix_size, key, value, back);
    return err == ERR_NONE && is_damaged(*key) ? ERR_CORRUPT : err;
}

static enum err begin_damaged(
    struct store *store, bool writes, struct store_txn **txn)
{
    enum err err = lender->own->begin(store, writes, txn);
    if (err != ERR_NONE)
        return err;
    sound = (*txn)->ops;
    damaged = *sound;
    damaged.get = get_damaged;
    damaged.probe = probe_damaged;
    (*txn)->ops = &damaged;
    return err;
}

/* With rows "a", "m" and "z", of which "m" is damaged. */
static void bench_open_damaged(struct bench *bench)
{
    bench_open(bench, false);
    write(bench, "a", "1");
    write(bench, "m", "2");
    write(bench, "z", "3");
    bench->own = bench->inner->ops;
    bench->lent = *bench->own;
    bench->lent.begin = begin_damaged;
    bench->inner->ops = &bench->lent;
    lender = bench;
}

/* value NULL: not given, as it is damaged. */
static void assert_probe(struct store_txn *txn, const char *from, bool back,
    enum err err, const char *key, const char *value)
{
    struct slice found = text(from);
    struct slice content;
    assert_int_equal(txn->ops->probe(txn, 0, &found, &content, back), err);
    assert_int_equal(txn->err, ERR_NONE);
    assert_true(slice_is(found, key));
    if (value != NULL)
        assert_true(slice_is(content, value));
}

static void damage_is_told_and_what_is_beyond_is_found(void **state)
{
    (void)state;
    for (int writes = 0; writes < 2; writes++) {
        struct bench bench;
        bench_open_damaged(&bench);
        struct store_txn *txn = begin(bench.store, writes != 0);
        for (int back = 0; back < 2; back++)
            assert_probe(txn, "m", back != 0, ERR_CORRUPT, "m", NULL);
        assert_probe(txn, "b", false, ERR_CORRUPT, "m", NULL);
        assert_probe(txn, "n", true, ERR_CORRUPT, "m", NULL);
        assert_probe(txn, "a", false, ERR_NONE, "a", "1");
        assert_probe(txn, "ma", false, ERR_NONE, "z", "3");
        assert_probe(txn, "l", true, ERR_NONE, "a", "1");
        commit(bench.store, txn);
        bench_close(&bench);
    }
}

static void damage_sticks_to_who_needs_the_row(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct bench bench;
        struct slice key = text("m");
        struct slice value;
        bench_open_damaged(&bench);
        struct store_txn *txn = begin(bench.store, true);
        if (way == 0)
            assert_null(store_get(txn, key).bytes);
        else
            assert_false(way == 1 ? store_seek(txn, 0, &key, &value)
                                  : store_seek_back(txn, 0, &key, &value));
        assert_int_equal(txn->err, ERR_CORRUPT);
        assert_null(store_get(txn, text("a")).bytes);
        assert_int_equal(bench.store->ops->commit(txn), ERR_CORRUPT);
        bench_close(&bench);
    }
}

static void damage_under_what_was_changed_since_is_none(void **state)
{
    (void)state;
    for (int is_behind = 0; is_behind < 2; is_behind++)
        for (int is_gone = 0; is_gone < 2; is_gone++) {
            struct bench bench;
            bench_open_damaged(&bench);
            struct store_txn *txn = begin(bench.store, true);
            if (is_gone)
                store_del(txn, text("m"));
            else
                put(txn, "m", "new");
            if (is_behind) {
                store_behind_defer(bench.store);
                commit(bench.store, txn);
                txn = begin(bench.store, true);
            }
            assert_value(txn, "m", is_gone ? NULL : "new");
            for (int back = 0; back < 2; back++)
                assert_probe(txn, "m", back != 0, ERR_NONE,
                    !is_gone ? "m" : (back ? "a" : "z"),
                    !is_gone ? "new" : (back ? "1" : "3"));
            bench.store->ops->abort(txn);
            bench_close(&bench);
        }
}

/* Nothing more can be said then of any row of the inner store. */
static void damage_that_ends_the_inner_transaction_ends_this(void **state)
{
    struct bench bench;
    struct slice key = text("b");
    struct slice value;
    (void)state;
    bench_open_damaged(&bench);
    struct store_txn *txn = begin(bench.store, true);
    put(txn, "c", "own");
    all_is_damaged = true;
    assert_int_equal(txn->ops->probe(txn, 0, &key, &value, false), ERR_CORRUPT);
    all_is_damaged = false;
    assert_true(slice_is(key, "b"));
    assert_int_equal(txn->err, ERR_CORRUPT);
    assert_null(store_get(txn, text("c")).bytes);
    assert_int_equal(bench.store->ops->commit(txn), ERR_CORRUPT);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_next_that_writes_sees_it_and_those_that_read_do_not),
        cmocka_unit_test(only_the_next_commit_is_deferred),
        cmocka_unit_test(nothing_is_durable_before_all_of_the_one_before),
        cmocka_unit_test(it_is_one_commit_of_the_inner_store),
        cmocka_unit_test(who_waits_is_told_once_it_is_over),
        cmocka_unit_test(an_abort_keeps_what_was_committed_before),
        cmocka_unit_test(closing_waits_for_the_commit_on_its_way),
        cmocka_unit_test(after_a_deferred_commit_that_failed_all_fail),
        cmocka_unit_test(the_thread_tells_of_a_failure),
        cmocka_unit_test(a_commit_that_does_not_fit_fails_whole),
        cmocka_unit_test(a_commit_that_was_not_deferred_fails_alone),
        cmocka_unit_test(
            a_store_that_broke_meanwhile_fails_the_deferred_commit),
        cmocka_unit_test(what_was_refused_leaves_the_commit_before),
        cmocka_unit_test(short_memory_is_told),
        cmocka_unit_test(without_a_thread_it_is_settled_all_the_same),
        cmocka_unit_test(what_it_changes_is_counted),
        cmocka_unit_test(searches_see_the_newest_of_each_row),
        cmocka_unit_test(wrong_probes_are_errors),
        cmocka_unit_test(damage_is_told_and_what_is_beyond_is_found),
        cmocka_unit_test(damage_sticks_to_who_needs_the_row),
        cmocka_unit_test(damage_under_what_was_changed_since_is_none),
        cmocka_unit_test(damage_that_ends_the_inner_transaction_ends_this),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
