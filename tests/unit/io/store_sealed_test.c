/*
 * What does a sealed store show without its key, and what does it say of a
 * store that is damaged or another's? That it keeps the contract of a store is
 * in store_test.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "io/store_kept.h"
#include "io/store_memory.h"
#include "io/store_pages.h"
#include "io/store_sealed.h"

static const uint8_t own_key[KEY_SIZE] = { 1 };
static const uint8_t other_key[KEY_SIZE] = { 2 };
static const struct slice canary = {
    (const uint8_t *)"CANARY of a person 0123456789", 29
};

/* An inner store, and a copy of it to look into and to break. */
struct bench {
    struct store *inner;
    struct store *sealed;
};

static struct store *memory(void)
{
    struct store *store;
    struct store_memory_options options = { .capacity = 1024 * 1024 };
    assert_int_equal(store_memory_open(&options, &store), ERR_NONE);
    return store;
}

static void bench_open(struct bench *bench)
{
    bench->inner = memory();
    assert_int_equal(
        store_sealed_open(bench->inner, own_key, &bench->sealed), ERR_NONE);
}

static void write(struct store *store, const char *key, struct slice value)
{
    struct store_txn *txn;
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    store_put(txn, slice_of_text(key), value);
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
}

/* Copies the value; its size. */
static size_t read(
    struct store *store, const char *key, uint8_t *bytes, enum err *err)
{
    struct store_txn *txn;
    assert_int_equal(store->ops->begin(store, false, &txn), ERR_NONE);
    struct slice value = store_get(txn, slice_of_text(key));
    *err = txn->err;
    if (value.size > 0)
        memcpy(bytes, value.bytes, value.size);
    store->ops->abort(txn);
    return value.size;
}

static void nothing_of_a_value_is_readable_without_the_key(void **state)
{
    struct bench bench;
    uint8_t first[256];
    uint8_t second[256];
    enum err err;
    (void)state;
    bench_open(&bench);
    write(bench.sealed, "a", canary);
    size_t size = read(bench.inner, "a", first, &err);
    assert_int_equal(size, canary.size + STORE_SEALED_OVERHEAD);
    for (size_t i = 0; i + 4 <= size; i++)
        for (size_t k = 0; k + 4 <= canary.size; k++)
            assert_memory_not_equal(first + i, canary.bytes + k, 4);
    /* the same again is not the same */
    write(bench.sealed, "a", canary);
    assert_int_equal(read(bench.inner, "a", second, &err), size);
    assert_memory_not_equal(first, second, size);
    bench.sealed->ops->close(bench.sealed);
}

/* Two texts under one key and nonce would show what they have in common. */
static void no_two_rows_have_one_nonce(void **state)
{
    enum { COUNT = 600, TXN_COUNT = 3 };
    static uint8_t nonces[COUNT * TXN_COUNT][24];
    struct bench bench;
    struct store_txn *txn;
    uint8_t sealed[256];
    enum err err;
    size_t seen = 0;
    (void)state;
    bench_open(&bench);
    for (int round = 0; round < TXN_COUNT; round++) {
        assert_int_equal(
            bench.sealed->ops->begin(bench.sealed, true, &txn), ERR_NONE);
        for (int i = 0; i < COUNT; i++) {
            uint8_t key[] = { 'a', (uint8_t)(i >> 8), (uint8_t)i };
            store_put(txn, SLICE_ARRAY(key), canary);
        }
        assert_int_equal(bench.sealed->ops->commit(txn), ERR_NONE);
        for (int i = 0; i < COUNT; i++, seen++) {
            uint8_t key[] = { 'a', (uint8_t)(i >> 8), (uint8_t)i };
            assert_int_equal(
                bench.inner->ops->begin(bench.inner, false, &txn), ERR_NONE);
            memcpy(sealed, store_get(txn, SLICE_ARRAY(key)).bytes, 24);
            bench.inner->ops->abort(txn);
            memcpy(nonces[seen], sealed, 24);
            for (size_t k = 0; k < seen; k++)
                assert_memory_not_equal(nonces[k], nonces[seen], 24);
        }
    }
    write(bench.sealed, "z", canary);
    assert_int_equal(read(bench.sealed, "z", sealed, &err), canary.size);
    bench.sealed->ops->close(bench.sealed);
}

static void every_flipped_bit_is_found(void **state)
{
    struct bench bench;
    uint8_t sealed[256];
    uint8_t plain[256];
    enum err err;
    (void)state;
    bench_open(&bench);
    write(bench.sealed, "a", canary);
    size_t size = read(bench.inner, "a", sealed, &err);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write(bench.inner, "a", slice_of(sealed, size));
        assert_int_equal(read(bench.sealed, "a", plain, &err), 0);
        assert_int_equal(err, ERR_CORRUPT);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        write(bench.inner, "a", slice_of(sealed, cut));
        assert_int_equal(read(bench.sealed, "a", plain, &err), 0);
        assert_int_equal(err, ERR_CORRUPT);
    }
    write(bench.inner, "a", slice_of(sealed, size));
    assert_int_equal(read(bench.sealed, "a", plain, &err), canary.size);
    assert_memory_equal(plain, canary.bytes, canary.size);
    bench.sealed->ops->close(bench.sealed);
}

static void a_value_under_another_key_is_found(void **state)
{
    struct bench bench;
    uint8_t sealed[256];
    uint8_t plain[256];
    enum err err;
    struct store_txn *txn;
    (void)state;
    bench_open(&bench);
    write(bench.sealed, "a", canary);
    size_t size = read(bench.inner, "a", sealed, &err);
    write(bench.inner, "b", slice_of(sealed, size));
    assert_int_equal(read(bench.sealed, "b", plain, &err), 0);
    assert_int_equal(err, ERR_CORRUPT);
    /* a search finds it as well, in both directions */
    for (int back = 0; back < 2; back++) {
        struct slice key = SLICE_LITERAL("b");
        struct slice value;
        assert_int_equal(
            bench.sealed->ops->begin(bench.sealed, false, &txn), ERR_NONE);
        assert_false(back ? store_seek_back(txn, 0, &key, &value)
                          : store_seek(txn, 0, &key, &value));
        assert_int_equal(txn->err, ERR_CORRUPT);
        assert_int_equal(bench.sealed->ops->commit(txn), ERR_CORRUPT);
    }
    bench.sealed->ops->close(bench.sealed);
}

static void another_key_or_an_unsealed_store_is_refused(void **state)
{
    struct bench bench;
    struct store *again;
    uint8_t plain[256];
    enum err err;
    (void)state;
    bench_open(&bench);
    write(bench.sealed, "a", canary);
    assert_int_equal(
        store_sealed_open(bench.inner, other_key, &again), ERR_KEY);
    assert_null(again);
    /* the right one still opens it */
    assert_int_equal(read(bench.sealed, "a", plain, &err), canary.size);
    bench.sealed->ops->close(bench.sealed);

    bench.inner = memory();
    write(bench.inner, "a", canary);
    assert_int_equal(store_sealed_open(bench.inner, own_key, &again), ERR_KEY);
    bench.inner->ops->close(bench.inner);
}

static void values_stay_until_the_next_change(void **state)
{
    struct bench bench;
    struct store_txn *txn;
    static uint8_t large[200 * 1024];
    (void)state;
    bench_open(&bench);
    memset(large, 7, sizeof large);
    write(bench.sealed, "large", SLICE_ARRAY(large));
    write(bench.sealed, "small", canary);
    write(bench.sealed, "empty", SLICE_LITERAL(""));
    assert_int_equal(
        bench.sealed->ops->begin(bench.sealed, true, &txn), ERR_NONE);
    struct slice small = store_get(txn, SLICE_LITERAL("small"));
    struct slice first = store_get(txn, SLICE_LITERAL("large"));
    struct slice empty = store_get(txn, SLICE_LITERAL("empty"));
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            store_get(txn, SLICE_LITERAL("large")).size, sizeof large);
    assert_true(slice_equal(small, canary));
    assert_true(slice_equal(first, SLICE_ARRAY(large)));
    assert_non_null(empty.bytes);
    assert_int_equal(empty.size, 0);
    /* what is written may be what was read */
    store_put(txn, SLICE_LITERAL("copy"), first);
    assert_true(
        slice_equal(store_get(txn, SLICE_LITERAL("copy")), SLICE_ARRAY(large)));
    assert_int_equal(bench.sealed->ops->commit(txn), ERR_NONE);
    bench.sealed->ops->close(bench.sealed);
}

/* ---- Large values are kept open between reads --------------------------- */

#define LARGE_SIZE 8192

static void large_put(struct store_txn *txn, const char *key, int with)
{
    uint8_t large[LARGE_SIZE];
    memset(large, with, sizeof large);
    store_put(txn, slice_of_text(key), SLICE_ARRAY(large));
}

static void assert_large(struct store_txn *txn, const char *key, int with)
{
    uint8_t large[LARGE_SIZE];
    memset(large, with, sizeof large);
    for (int i = 0; i < 2; i++) {
        struct slice at = slice_of_text(key);
        struct slice value;
        assert_true(slice_equal(store_get(txn, at), SLICE_ARRAY(large)));
        assert_true(store_seek(txn, at.size, &at, &value));
        assert_true(slice_equal(value, SLICE_ARRAY(large)));
    }
}

static struct store_txn *begun(struct bench *bench)
{
    struct store_txn *txn;
    assert_int_equal(
        bench->sealed->ops->begin(bench->sealed, true, &txn), ERR_NONE);
    return txn;
}

static void what_was_kept_is_never_what_was_before_a_change(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct store_txn *txn = begun(&bench);
    large_put(txn, "a", 1);
    assert_large(txn, "a", 1);
    large_put(txn, "a", 2);
    assert_large(txn, "a", 2);
    assert_int_equal(bench.sealed->ops->commit(txn), ERR_NONE);

    txn = begun(&bench);
    assert_large(txn, "a", 2);
    large_put(txn, "a", 3);
    assert_large(txn, "a", 3);
    bench.sealed->ops->abort(txn);

    txn = begun(&bench);
    assert_large(txn, "a", 2);
    store_del(txn, SLICE_LITERAL("a"));
    assert_null(store_get(txn, SLICE_LITERAL("a")).bytes);
    assert_int_equal(bench.sealed->ops->commit(txn), ERR_NONE);
    bench.sealed->ops->close(bench.sealed);
}

static void more_than_is_kept_stays_until_the_next_change(void **state)
{
    enum { COUNT = 3 * STORE_KEPT_COUNT };
    struct bench bench;
    struct slice values[COUNT];
    char key[] = "k?";
    (void)state;
    bench_open(&bench);
    struct store_txn *txn = begun(&bench);
    for (int i = 0; i < COUNT; i++) {
        key[1] = (char)('a' + i);
        large_put(txn, key, i);
    }
    for (int i = 0; i < COUNT; i++) {
        key[1] = (char)('a' + i);
        values[i] = store_get(txn, slice_of_text(key));
        assert_large(txn, key, i);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(values[i].size, LARGE_SIZE);
        assert_int_equal(values[i].bytes[LARGE_SIZE - 1], i);
    }
    assert_int_equal(bench.sealed->ops->commit(txn), ERR_NONE);
    bench.sealed->ops->close(bench.sealed);
}

/* ---- What was read is let go --------------------------------------------- */

#define LARGE_COUNT (3 * STORE_KEPT_COUNT)

static void larges_put(struct store *store)
{
    struct store_txn *txn;
    char key[] = "k?";
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    for (int i = 0; i < (int)LARGE_COUNT; i++) {
        key[1] = (char)('a' + i);
        large_put(txn, key, i);
    }
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
}

/* Each of them once; what the transaction holds at most. */
static size_t larges_read(struct store *store, bool writes, bool lets_go)
{
    struct store_txn *txn;
    char key[] = "k?";
    size_t most = 0;
    assert_int_equal(store->ops->begin(store, writes, &txn), ERR_NONE);
    for (int i = 0; i < (int)LARGE_COUNT; i++) {
        key[1] = (char)('a' + i);
        struct slice value = store_get(txn, slice_of_text(key));
        assert_int_equal(value.size, LARGE_SIZE);
        assert_int_equal(value.bytes[0], i);
        assert_int_equal(value.bytes[LARGE_SIZE - 1], i);
        if (lets_go)
            store_let_go(txn, value);
        if (store_held(txn) > most)
            most = store_held(txn);
    }
    store->ops->abort(txn);
    return most;
}

static void what_is_let_go_takes_no_room(void **state)
{
    (void)state;
    for (int has_pages = 0; has_pages < 2; has_pages++) {
        struct bench bench;
        bench_open(&bench);
        struct store *store = bench.sealed;
        if (has_pages)
            assert_int_equal(
                store_pages_open(bench.sealed, "f", &store), ERR_NONE);
        larges_put(store);
        for (int writes = 0; writes < 2; writes++) {
            size_t kept = larges_read(store, writes == 1, false);
            size_t let_go = larges_read(store, writes == 1, true);

            assert_true(let_go <= kept / 2);
        }
        store->ops->close(store);
    }
}

/* Whoever looks for damage goes on after it, through all stores that lie one
 * around the other; who does not is stopped. */
static void damage_that_was_looked_for_is_forgiven(void **state)
{
    (void)state;
    for (int has_pages = 0; has_pages < 2; has_pages++) {
        struct bench bench;
        struct store_txn *txn;
        bench_open(&bench);
        struct store *store = bench.sealed;
        if (has_pages)
            assert_int_equal(
                store_pages_open(bench.sealed, "f", &store), ERR_NONE);
        write(store, "a", canary);
        write(store, "b", canary);
        write(bench.inner, "a", canary); /* which nobody sealed */
        assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
        for (int is_forgiven = 0; is_forgiven < 2; is_forgiven++) {
            assert_null(store_get(txn, SLICE_LITERAL("a")).bytes);
            assert_int_equal(txn->err, ERR_CORRUPT);
            assert_null(store_get(txn, SLICE_LITERAL("b")).bytes);
            store_forgive(txn);
            assert_int_equal(txn->err, ERR_NONE);
            assert_true(
                slice_equal(store_get(txn, SLICE_LITERAL("b")), canary));
        }
        store_put(txn, SLICE_LITERAL("c"), canary);
        assert_int_equal(store->ops->commit(txn), ERR_NONE);
        store->ops->close(store);
    }
}

/* Only damage is. */
static void no_other_error_is_forgiven(void **state)
{
    struct bench bench;
    struct store *store;
    struct store_txn *txn;
    (void)state;
    bench_open(&bench);
    assert_int_equal(store_pages_open(bench.sealed, "f", &store), ERR_NONE);
    assert_int_equal(store->ops->begin(store, false, &txn), ERR_NONE);
    store_put(txn, SLICE_LITERAL("a"), canary);
    store_forgive(txn);
    assert_int_equal(txn->err, ERR_INVALID);
    store->ops->abort(txn);
    store->ops->close(store);
}

/* Who reads it still has it, whoever else lets it go; and what was never lent
 * is let go without harm. */
static void what_another_reads_stays(void **state)
{
    struct store_kept kept = { .next = 0 };
    const struct slice key = SLICE_LITERAL("a");
    uint8_t *bytes = store_kept_add(&kept, key, LARGE_SIZE);
    (void)state;
    assert_non_null(bytes);
    memset(bytes, 7, LARGE_SIZE);
    assert_ptr_equal(store_kept_find(&kept, key).bytes, bytes);
    store_kept_let_go(&kept, bytes);
    store_kept_let_go(&kept, NULL);
    store_kept_let_go(&kept, bytes + 1);
    char other[] = "o?";
    for (unsigned i = 0; i < STORE_KEPT_COUNT - 1; i++) {
        other[1] = (char)('a' + i);
        assert_non_null(
            store_kept_add(&kept, slice_of_text(other), LARGE_SIZE));
    }
    assert_null(store_kept_add(&kept, SLICE_LITERAL("b"), LARGE_SIZE));
    assert_int_equal(bytes[LARGE_SIZE - 1], 7);
    store_kept_let_go(&kept, bytes);
    store_kept_let_go(&kept, bytes); /* more often than it was lent */
    assert_non_null(store_kept_add(&kept, SLICE_LITERAL("b"), LARGE_SIZE));
    assert_null(store_kept_find(&kept, key).bytes);
    store_kept_clear(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_value_is_readable_without_the_key),
        cmocka_unit_test(no_two_rows_have_one_nonce),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(a_value_under_another_key_is_found),
        cmocka_unit_test(another_key_or_an_unsealed_store_is_refused),
        cmocka_unit_test(values_stay_until_the_next_change),
        cmocka_unit_test(what_was_kept_is_never_what_was_before_a_change),
        cmocka_unit_test(more_than_is_kept_stays_until_the_next_change),
        cmocka_unit_test(what_is_let_go_takes_no_room),
        cmocka_unit_test(damage_that_was_looked_for_is_forgiven),
        cmocka_unit_test(no_other_error_is_forgiven),
        cmocka_unit_test(what_another_reads_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
