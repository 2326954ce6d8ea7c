/* Does the memory store fail as a disk does, when and how it is told to? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "io/store_memory.h"

/* ---- The n-th allocation fails: the linker sends malloc here ---------- */

static unsigned allocations_left; /* 0: no limit */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    if (allocations_left > 0 && --allocations_left == 0) {
        allocations_left = 1; /* and every later one */
        return NULL;
    }
    return __real_malloc(size);
}

/* ---- Small words ------------------------------------------------------ */

static struct store *open_store(void)
{
    struct store_memory_options options = { .capacity = 1u << 20 };
    struct store *store = NULL;
    assert_int_equal(store_memory_open(&options, &store), ERR_NONE);
    return store;
}

static struct store_txn *begin(struct store *store, bool writes)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, writes, &txn), ERR_NONE);
    return txn;
}

static enum err put_number(struct store *store, unsigned number)
{
    char key[16];
    struct store_txn *txn = begin(store, true);
    snprintf(key, sizeof key, "%u", number);
    store_put(txn, slice_of_text(key), slice_of_text(key));
    return store->ops->commit(txn);
}

static enum err del_number(struct store *store, unsigned number)
{
    char key[16];
    struct store_txn *txn = begin(store, true);
    snprintf(key, sizeof key, "%u", number);
    store_del(txn, slice_of_text(key));
    return store->ops->commit(txn);
}

static bool has_number(struct store *store, unsigned number)
{
    char key[16];
    struct store_txn *txn = begin(store, false);
    snprintf(key, sizeof key, "%u", number);
    bool is_there = slice_is(store_get(txn, slice_of_text(key)), key);
    store->ops->abort(txn);
    return is_there;
}

/* ---- Faults ----------------------------------------------------------- */

static void a_crash_keeps_what_was_committed_only(void **state)
{
    (void)state;
    struct store *store = open_store();
    assert_int_equal(put_number(store, 1), ERR_NONE);
    uint64_t hash = store_memory_hash(store);
    struct store_txn *writer = begin(store, true);
    store_put(writer, slice_of_text("2"), slice_of_text("2"));
    store_del(writer, slice_of_text("1"));
    struct store_txn *reader = begin(store, false);
    assert_non_null(store_get(reader, slice_of_text("1")).bytes);
    store_memory_crash(store);
    assert_true(has_number(store, 1));
    assert_false(has_number(store, 2));
    assert_int_equal(store_memory_hash(store), hash);
    assert_int_equal(store_memory_commit_count(store), 1);
    store->ops->close(store);
}

static void expect_broken(struct store *store)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_IO);
    assert_int_equal(store->ops->begin(store, false, &txn), ERR_IO);
    assert_null(txn);
}

static void a_commit_fails_before_it_is_durable(void **state)
{
    (void)state;
    struct store *store = open_store();
    store_memory_fail_commit(store, 3, STORE_MEMORY_FAIL_BEFORE);
    assert_int_equal(put_number(store, 1), ERR_NONE);
    assert_int_equal(put_number(store, 2), ERR_NONE);
    assert_int_equal(put_number(store, 3), ERR_IO);
    expect_broken(store);
    store_memory_crash(store);
    assert_true(has_number(store, 2));
    assert_false(has_number(store, 3));
    assert_int_equal(put_number(store, 4), ERR_NONE);
    store->ops->close(store);
}

static void a_commit_fails_after_it_is_durable(void **state)
{
    (void)state;
    struct store *store = open_store();
    store_memory_fail_commit(store, 1, STORE_MEMORY_FAIL_AFTER);
    assert_int_equal(put_number(store, 1), ERR_IO);
    expect_broken(store);
    store_memory_crash(store);
    assert_true(has_number(store, 1));
    assert_int_equal(put_number(store, 2), ERR_NONE);
    store->ops->close(store);
}

static void only_commits_that_write_count_as_the_nth(void **state)
{
    (void)state;
    struct store *store = open_store();
    assert_int_equal(put_number(store, 1), ERR_NONE);
    store_memory_fail_commit(store, 1, STORE_MEMORY_FAIL_BEFORE);
    struct store_txn *txn = begin(store, false);
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
    txn = begin(store, true);
    store->ops->abort(txn);
    assert_int_equal(put_number(store, 2), ERR_IO);
    store_memory_crash(store);
    store_memory_fail_commit(store, 1, STORE_MEMORY_FAIL_BEFORE);
    store_memory_fail_commit(store, 0, STORE_MEMORY_FAIL_BEFORE);
    assert_int_equal(put_number(store, 3), ERR_NONE);
    store_memory_fail_commit(store, 1, STORE_MEMORY_FAIL_BEFORE);
    store_memory_crash(store);
    assert_int_equal(put_number(store, 4), ERR_NONE);
    store->ops->close(store);
}

static void the_capacity_can_shrink_below_what_is_there(void **state)
{
    (void)state;
    struct store *store = open_store();
    assert_int_equal(put_number(store, 1), ERR_NONE);
    store_memory_set_capacity(store, 1);
    assert_int_equal(put_number(store, 2), ERR_FULL);
    assert_true(has_number(store, 1));
    assert_int_equal(del_number(store, 1), ERR_NONE);
    store_memory_set_capacity(store, 2 * (1 + 1 + STORE_MEMORY_ENTRY_SIZE));
    assert_int_equal(put_number(store, 3), ERR_NONE);
    assert_int_equal(put_number(store, 4), ERR_NONE);
    assert_int_equal(put_number(store, 5), ERR_FULL);
    assert_int_equal(put_number(store, 4), ERR_NONE);
    store->ops->close(store);
}

/* ---- Copies and the hash ---------------------------------------------- */

static void an_old_backup_can_be_put_back(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct store *other = open_store();
    struct store_memory_snapshot *snapshot = NULL;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(put_number(store, i), ERR_NONE);
    uint64_t hash = store_memory_hash(store);
    assert_int_equal(store_memory_snapshot_take(store, &snapshot), ERR_NONE);
    for (unsigned i = 50; i < 150; i++)
        assert_int_equal(
            i < 100 ? del_number(store, i) : put_number(store, i), ERR_NONE);
    assert_true(store_memory_hash(store) != hash);

    struct store_txn *open = begin(store, true);
    store_put(open, slice_of_text("500"), slice_of_text("500"));
    store_memory_restore(store, snapshot);
    store_memory_restore(other, snapshot);
    store_memory_snapshot_free(snapshot);
    assert_int_equal(store_memory_hash(store), hash);
    assert_int_equal(store_memory_hash(other), hash);
    store->ops->close(store);
    for (unsigned i = 0; i < 150; i++)
        assert_int_equal(has_number(other, i), i < 100);
    assert_false(has_number(other, 500));
    other->ops->close(other);
}

static void the_hash_knows_the_contents_not_the_history(void **state)
{
    (void)state;
    struct store *up = open_store();
    struct store *down = open_store();
    assert_int_equal(store_memory_hash(up), 0);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(put_number(up, i), ERR_NONE);
        assert_int_equal(put_number(down, 299 - i), ERR_NONE);
    }
    assert_true(store_memory_hash(up) != store_memory_hash(down));
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(del_number(up, i), ERR_NONE);
        assert_int_equal(del_number(down, 299 - i), ERR_NONE);
    }
    assert_int_equal(store_memory_hash(up), store_memory_hash(down));

    /* key and value change places */
    struct store_txn *txn = begin(up, true);
    store_put(txn, slice_of_text("a"), slice_of_text("b"));
    assert_int_equal(up->ops->commit(txn), ERR_NONE);
    txn = begin(down, true);
    store_put(txn, slice_of_text("b"), slice_of_text("a"));
    assert_int_equal(down->ops->commit(txn), ERR_NONE);
    assert_true(store_memory_hash(up) != store_memory_hash(down));
    up->ops->close(up);
    down->ops->close(down);
}

/* ---- Memory ----------------------------------------------------------- */

/* Puts and deletes on a tree that a snapshot shares, so that paths are
 * copied; the result of the commit. */
static enum err work(struct store *store)
{
    struct store_txn *txn = NULL;
    enum err err = store->ops->begin(store, true, &txn);
    if (err != ERR_NONE)
        return err;
    for (unsigned i = 0; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", i * 7 % 40);
        if (i % 2 == 0)
            store_put(txn, slice_of_text(key), slice_of_text("new"));
        else
            store_del(txn, slice_of_text(key));
    }
    return store->ops->commit(txn);
}

static void every_failed_allocation_is_an_error_and_no_loss(void **state)
{
    (void)state;
    struct store *store = open_store();
    struct store_memory_snapshot *snapshot = NULL;
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(put_number(store, i), ERR_NONE);
    uint64_t hash = store_memory_hash(store);
    assert_int_equal(store_memory_snapshot_take(store, &snapshot), ERR_NONE);
    unsigned nth = 1;
    enum err err = ERR_NO_MEMORY;
    for (; err != ERR_NONE; nth++) {
        assert_true(nth < 10000);
        allocations_left = nth;
        err = work(store);
        allocations_left = 0;
        if (err != ERR_NONE) {
            assert_int_equal(err, ERR_NO_MEMORY);
            assert_int_equal(store_memory_hash(store), hash);
            assert_true(has_number(store, 29));
        }
    }
    assert_true(nth > 40);
    assert_true(store_memory_hash(store) != hash);
    store_memory_restore(store, snapshot);
    for (unsigned i = 0; i < 30; i++)
        assert_true(has_number(store, i));
    assert_int_equal(store_memory_hash(store), hash);
    store_memory_snapshot_free(snapshot);

    allocations_left = 1;
    assert_int_equal(
        store_memory_snapshot_take(store, &snapshot), ERR_NO_MEMORY);
    struct store_memory_options options = { .capacity = 1 };
    struct store *none = NULL;
    assert_int_equal(store_memory_open(&options, &none), ERR_NO_MEMORY);
    allocations_left = 0;
    assert_null(none);
    store->ops->close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_keeps_what_was_committed_only),
        cmocka_unit_test(a_commit_fails_before_it_is_durable),
        cmocka_unit_test(a_commit_fails_after_it_is_durable),
        cmocka_unit_test(only_commits_that_write_count_as_the_nth),
        cmocka_unit_test(the_capacity_can_shrink_below_what_is_there),
        cmocka_unit_test(an_old_backup_can_be_put_back),
        cmocka_unit_test(the_hash_knows_the_contents_not_the_history),
        cmocka_unit_test(every_failed_allocation_is_an_error_and_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
