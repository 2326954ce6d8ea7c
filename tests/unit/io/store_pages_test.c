/*
 * Do rows lie together in pages that are filled, never overlap, are written
 * once a commit, and refused when damaged? That such a store keeps the contract
 * of a store is in store_test.c and store_model_test.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "io/row_page.h"
#include "io/store_memory.h"
#include "io/store_pages.h"

#define ROW_COUNT 2000

struct bench {
    struct store *inner;
    struct store *store;
};

static void bench_open(struct bench *bench)
{
    struct store_memory_options options = { .capacity = UINT64_MAX };
    assert_int_equal(store_memory_open(&options, &bench->inner), ERR_NONE);
    assert_int_equal(
        store_pages_open(bench->inner, "f", &bench->store), ERR_NONE);
}

static struct store_txn *begin(struct store *store, bool writes)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, writes, &txn), ERR_NONE);
    return txn;
}

static void commit(struct store *store, struct store_txn *txn)
{
    assert_int_equal(txn->err, ERR_NONE);
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
}

struct row {
    uint8_t key[3];
    uint8_t value[80];
};

static struct row row_of(unsigned number)
{
    struct row row = { .key = {
                           'f', (uint8_t)(number >> 8), (uint8_t)number } };
    memset(row.value, (int)number, sizeof row.value);
    return row;
}

static void row_put(struct store_txn *txn, unsigned number)
{
    struct row row = row_of(number);
    store_put(txn, SLICE_ARRAY(row.key), SLICE_ARRAY(row.value));
}

static void row_del(struct store_txn *txn, unsigned number)
{
    struct row row = row_of(number);
    store_del(txn, SLICE_ARRAY(row.key));
}

static void assert_row(struct store_txn *txn, unsigned number, bool is_there)
{
    struct row row = row_of(number);
    struct slice value = store_get(txn, SLICE_ARRAY(row.key));
    assert_int_equal(value.bytes != NULL, is_there);
    if (is_there)
        assert_true(slice_equal(value, SLICE_ARRAY(row.value)));
}

/* What the store around which it is holds: how many, and how many bytes. */
static size_t inner_rows(struct bench *bench, size_t *size)
{
    struct store_txn *txn = begin(bench->inner, false);
    uint8_t next[STORE_KEY_SIZE_MAX + 1] = { 0 };
    struct slice key = SLICE_NONE;
    struct slice value;
    size_t count = 0;
    *size = 0;
    while (store_seek(txn, 0, &key, &value)) {
        count++;
        *size += value.size;
        memcpy(next, key.bytes, key.size);
        next[key.size] = 0;
        key = slice_of(next, key.size + 1);
    }
    bench->inner->ops->abort(txn);
    return count;
}

static void rows_in_order_fill_pages(void **state)
{
    struct bench bench;
    size_t size;
    (void)state;
    bench_open(&bench);
    for (unsigned from = 0; from < ROW_COUNT; from += 7) {
        struct store_txn *txn = begin(bench.store, true);
        for (unsigned i = from; i < from + 7 && i < ROW_COUNT; i++)
            row_put(txn, i);
        commit(bench.store, txn);
    }
    size_t count = inner_rows(&bench, &size);
    assert_true(size / count > STORE_PAGE_SIZE_MAX * 9 / 10);
    assert_true(size < ROW_COUNT * (sizeof(struct row) + 8));
    bench.store->ops->close(bench.store);
}

static void close_nothing(struct store *store)
{
    (void)store;
}

/* Closes it, but not the store around which it is. */
static void bench_end(struct bench *bench)
{
    const struct store_env_ops *own = bench->inner->ops;
    struct store_env_ops lent = *own;
    lent.close = close_nothing;
    bench->inner->ops = &lent;
    bench->store->ops->close(bench->store);
    bench->inner->ops = own;
}

static void rows_in_any_order_are_found_after_a_restart(void **state)
{
    struct bench bench;
    size_t size;
    (void)state;
    bench_open(&bench);
    for (unsigned i = 0; i < ROW_COUNT; i++) {
        struct store_txn *txn = begin(bench.store, true);
        row_put(txn, i * 769 % ROW_COUNT);
        commit(bench.store, txn);
    }
    bench_end(&bench);
    assert_int_equal(
        store_pages_open(bench.inner, "f", &bench.store), ERR_NONE);
    for (int writes = 0; writes < 2; writes++) {
        struct store_txn *txn = begin(bench.store, writes != 0);
        for (unsigned i = 0; i < ROW_COUNT; i++)
            assert_row(txn, i, true);
        assert_row(txn, ROW_COUNT, false);
        commit(bench.store, txn);
    }
    assert_true(inner_rows(&bench, &size) <
                ROW_COUNT * sizeof(struct row) / (STORE_PAGE_SIZE_MAX / 2));
    bench.store->ops->close(bench.store);
}

static void what_is_deleted_leaves_no_pages(void **state)
{
    struct bench bench;
    size_t size;
    (void)state;
    bench_open(&bench);
    struct store_txn *txn = begin(bench.store, true);
    for (unsigned i = 0; i < ROW_COUNT; i++)
        row_put(txn, i);
    commit(bench.store, txn);
    for (unsigned round = 0; round < 2; round++) {
        /* from the front as from a queue, then in any order */
        txn = begin(bench.store, true);
        for (unsigned i = 0; i < ROW_COUNT; i++)
            row_del(txn, round == 0 ? i : i * 769 % ROW_COUNT);
        for (unsigned i = 0; i < ROW_COUNT; i++)
            assert_row(txn, i, false);
        commit(bench.store, txn);
        assert_int_equal(inner_rows(&bench, &size), 1);
        assert_int_equal(size, 1);
        txn = begin(bench.store, true);
        for (unsigned i = 0; i < ROW_COUNT; i++)
            row_put(txn, i);
        commit(bench.store, txn);
    }
    bench.store->ops->close(bench.store);
}

static void an_abort_leaves_what_was_committed(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct store_txn *txn = begin(bench.store, true);
    for (unsigned i = 0; i < ROW_COUNT; i += 2)
        row_put(txn, i);
    commit(bench.store, txn);
    txn = begin(bench.store, true);
    for (unsigned i = 0; i < ROW_COUNT; i++)
        if (i % 2 == 0)
            row_del(txn, i);
        else
            row_put(txn, i);
    bench.store->ops->abort(txn);
    txn = begin(bench.store, true);
    for (unsigned i = 0; i < ROW_COUNT; i++)
        assert_row(txn, i, i % 2 == 0);
    commit(bench.store, txn);
    bench.store->ops->close(bench.store);
}

/* More rows in one transaction than stay at hand. */
static void what_does_not_stay_at_hand_is_read_again(void **state)
{
    enum { COUNT = 60000 };
    struct bench bench;
    (void)state;
    bench_open(&bench);
    for (unsigned round = 0; round < 2; round++) {
        struct store_txn *txn = begin(bench.store, true);
        for (unsigned i = 0; i < COUNT; i++)
            row_put(txn, i * 769 % COUNT);
        commit(bench.store, txn);
    }
    struct store_txn *txn = begin(bench.store, true);
    for (unsigned i = 0; i < COUNT; i++)
        assert_row(txn, i, true);
    commit(bench.store, txn);
    bench.store->ops->close(bench.store);
}

/* ---- Damage ------------------------------------------------------------- */

static enum err read_page(struct slice bytes)
{
    struct row_page *page = row_page_new(SLICE_LITERAL("f"));
    assert_non_null(page);
    enum err err = row_page_read(page, bytes);
    row_page_free(page);
    return err;
}

static void only_what_could_have_been_written_is_a_page(void **state)
{
#define ROW(key, value) "\1\0\0\0\1" key value
    const struct {
        struct slice bytes;
        enum err err;
    } cases[] = {
        { SLICE_LITERAL("\0"), ERR_NONE },
        { SLICE_LITERAL("g\1"), ERR_NONE },
        { SLICE_LITERAL(ROW("f", "1") "\0"), ERR_NONE },
        { SLICE_LITERAL("\2\0\0\0\0fa\2\0\0\0\1fb1fc\2"), ERR_NONE },
        { SLICE_LITERAL(""), ERR_CORRUPT },
        { SLICE_LITERAL("\2"), ERR_CORRUPT },
        { SLICE_LITERAL("g\2"), ERR_CORRUPT },
        { SLICE_LITERAL("\0\0\0\0\0\0"), ERR_CORRUPT },  /* no key */
        { SLICE_LITERAL("\1\0\0\0\1f\0"), ERR_CORRUPT }, /* no value */
        { SLICE_LITERAL("\1\0\0\0\0"), ERR_CORRUPT },    /* cut */
        { SLICE_LITERAL("\1\xff\xff\xff\xff"
                        "f\0"),
            ERR_CORRUPT },
        { SLICE_LITERAL(ROW("e", "1") "\0"), ERR_CORRUPT },  /* below */
        { SLICE_LITERAL(ROW("g", "1") "g\1"), ERR_CORRUPT }, /* at the end */
        { SLICE_LITERAL(ROW("f", "1") ROW("f", "1") "\0"), ERR_CORRUPT },
        { SLICE_LITERAL("\2\0\0\0\0fb\2\0\0\0\0fa\0"), ERR_CORRUPT },
    };
#undef ROW
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(read_page(cases[i].bytes), cases[i].err);
}

static void a_damaged_page_is_an_error_of_the_store(void **state)
{
    static const char *const damages[] = { "", "\2", "\1\0\0\0\0" };
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
        for (int writes = 0; writes < 2; writes++) {
            struct bench bench;
            bench_open(&bench);
            struct store_txn *txn = begin(bench.inner, true);
            store_put(txn, SLICE_LITERAL("f"), slice_of_text(damages[i]));
            commit(bench.inner, txn);
            txn = begin(bench.store, writes != 0);
            assert_null(store_get(txn, SLICE_LITERAL("fa")).bytes);
            assert_int_equal(txn->err, ERR_CORRUPT);
            assert_int_equal(bench.store->ops->commit(txn), ERR_CORRUPT);
            bench.store->ops->close(bench.store);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_in_order_fill_pages),
        cmocka_unit_test(rows_in_any_order_are_found_after_a_restart),
        cmocka_unit_test(what_is_deleted_leaves_no_pages),
        cmocka_unit_test(an_abort_leaves_what_was_committed),
        cmocka_unit_test(what_does_not_stay_at_hand_is_read_again),
        cmocka_unit_test(only_what_could_have_been_written_is_a_page),
        cmocka_unit_test(a_damaged_page_is_an_error_of_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
