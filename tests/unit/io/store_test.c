/*
 * Do the stores keep the contract of core/port.h? Every case runs on each, and
 * on a sealed one around LMDB, without
 * and with pages for all tables, some, or none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/port.h"
#include "io/store_lmdb.h"
#include "io/store_memory.h"
#include "io/store_pages.h"
#include "io/store_sealed.h"
#include "support/folder.h"

#define CAPACITY (8u * 1024 * 1024)
#define BIG_SIZE (1024u * 1024)

enum kind { KIND_LMDB, KIND_MEMORY, KIND_SEALED, KIND_PAGES, KIND_SOME_PAGES };

struct fixture {
    enum kind kind;
    char path[FOLDER_PATH_SIZE];
    struct store *store;
};

static char all_tables[256]; /* filled in main() */
static const char some_tables[] = "abfkr\x80";

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    static const uint8_t key[KEY_SIZE] = { 7 };
    fixture->kind = **(enum kind **)*state;
    if (fixture->kind == KIND_MEMORY) {
        struct store_memory_options options = { .capacity = CAPACITY };
        assert_int_equal(
            store_memory_open(&options, &fixture->store), ERR_NONE);
    } else {
        struct store_lmdb_options options = store_lmdb_options_default();
        struct store_problem problem;
        options.map_size = CAPACITY;
        folder_make(fixture->path);
        assert_int_equal(
            store_lmdb_open(fixture->path, &options, &fixture->store, &problem),
            ERR_NONE);
    }
    if (fixture->kind >= KIND_SEALED)
        assert_int_equal(
            store_sealed_open(fixture->store, key, &fixture->store), ERR_NONE);
    if (fixture->kind >= KIND_PAGES)
        assert_int_equal(
            store_pages_open(fixture->store,
                fixture->kind == KIND_PAGES ? all_tables : some_tables,
                &fixture->store),
            ERR_NONE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fixture->store->ops->close(fixture->store);
    if (fixture->kind != KIND_MEMORY)
        folder_remove(fixture->path);
    free(fixture);
    return 0;
}

static struct store *store_of(void **state)
{
    return ((struct fixture *)*state)->store;
}

/* ---- Small words ------------------------------------------------------ */

static struct store_txn *begin(struct store *store, bool writes)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, writes, &txn), ERR_NONE);
    assert_non_null(txn);
    assert_int_equal(txn->err, ERR_NONE);
    assert_int_equal(txn->writes, writes);
    return txn;
}

static void commit(struct store *store, struct store_txn *txn)
{
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
}

static struct slice text(const char *words)
{
    return slice_of_text(words);
}

static void put(struct store_txn *txn, const char *key, const char *value)
{
    store_put(txn, text(key), text(value));
}

static void assert_value(
    struct store_txn *txn, const char *key, const char *value)
{
    struct slice found = store_get(txn, text(key));
    if (value == NULL) {
        assert_null(found.bytes);
        assert_int_equal(found.size, 0);
    } else {
        assert_non_null(found.bytes);
        assert_true(slice_is(found, value));
    }
}

/* One row for each character. */
static void put_rows(struct store *store, const char *keys)
{
    struct store_txn *txn = begin(store, true);
    for (; *keys != 0; keys++)
        store_put(txn, slice_of(keys, 1), slice_of(keys, 1));
    commit(store, txn);
}

/* ---- Rows ------------------------------------------------------------- */

static void what_was_put_is_there(void **state)
{
    struct store *store = store_of(state);
    struct store_txn *txn = begin(store, true);
    assert_value(txn, "a", NULL);
    put(txn, "a", "1");
    put(txn, "b", "2");
    assert_value(txn, "a", "1");
    put(txn, "a", "other");
    assert_value(txn, "a", "other");
    commit(store, txn);
    txn = begin(store, false);
    assert_value(txn, "a", "other");
    assert_value(txn, "b", "2");
    assert_value(txn, "ab", NULL);
    commit(store, txn);
}

static void what_was_deleted_is_gone(void **state)
{
    struct store *store = store_of(state);
    put_rows(store, "abc");
    struct store_txn *txn = begin(store, true);
    store_del(txn, text("b"));
    store_del(txn, text("absent"));
    assert_int_equal(txn->err, ERR_NONE);
    assert_value(txn, "b", NULL);
    commit(store, txn);
    txn = begin(store, false);
    assert_value(txn, "a", "a");
    assert_value(txn, "b", NULL);
    assert_value(txn, "c", "c");
    store->ops->abort(txn);
}

static void an_empty_value_is_not_absent(void **state)
{
    struct store *store = store_of(state);
    struct store_txn *txn = begin(store, true);
    store_put(txn, text("e"), SLICE_NONE);
    assert_value(txn, "e", "");
    commit(store, txn);
    txn = begin(store, false);
    assert_value(txn, "e", "");
    struct slice key = text("e");
    struct slice value = SLICE_NONE;
    assert_true(store_seek(txn, 1, &key, &value));
    assert_non_null(value.bytes);
    assert_int_equal(value.size, 0);
    store->ops->abort(txn);
}

static void keys_are_any_bytes_up_to_the_limit(void **state)
{
    struct store *store = store_of(state);
    uint8_t lowest[1] = { 0 };
    uint8_t highest[STORE_KEY_SIZE_MAX];
    memset(highest, 0xff, sizeof highest);
    struct store_txn *txn = begin(store, true);
    store_put(txn, SLICE_ARRAY(lowest), text("low"));
    store_put(txn, SLICE_ARRAY(highest), text("high"));
    assert_true(slice_is(store_get(txn, SLICE_ARRAY(lowest)), "low"));
    assert_true(slice_is(store_get(txn, SLICE_ARRAY(highest)), "high"));

    struct slice value;
    struct slice key = SLICE_ARRAY(highest);
    assert_true(store_seek(txn, sizeof highest, &key, &value));
    assert_true(slice_is(value, "high"));
    assert_true(store_seek_back(txn, 0, &key, &value));
    assert_true(slice_is(value, "high"));
    store_del(txn, SLICE_ARRAY(highest));
    key = SLICE_ARRAY(highest);
    assert_false(store_seek(txn, 0, &key, &value));
    assert_true(store_seek_back(txn, 0, &key, &value));
    assert_true(slice_is(value, "low"));
    commit(store, txn);
}

static void values_of_a_mebibyte_come_back_whole(void **state)
{
    struct store *store = store_of(state);
    uint8_t *big = malloc(BIG_SIZE);
    assert_non_null(big);
    for (size_t i = 0; i < BIG_SIZE; i++)
        big[i] = (uint8_t)(i * i >> 3);
    struct store_txn *txn = begin(store, true);
    for (size_t cut = 0; cut < 3; cut++) {
        uint8_t key = (uint8_t)cut;
        store_put(txn, slice_of(&key, 1), slice_of(big, BIG_SIZE - cut));
    }
    commit(store, txn);
    txn = begin(store, false);
    for (size_t cut = 0; cut < 3; cut++) {
        uint8_t key = (uint8_t)cut;
        assert_true(slice_equal(
            store_get(txn, slice_of(&key, 1)), slice_of(big, BIG_SIZE - cut)));
    }
    store->ops->abort(txn);
    free(big);
}

/* Rows are copied from key to key without a buffer between. */
static void key_and_value_may_borrow_from_the_store(void **state)
{
    struct store *store = store_of(state);
    char row[1500];
    memset(row, 'r', sizeof row);
    struct store_txn *txn = begin(store, true);
    store_put(txn, text("k00"), slice_of(row, sizeof row));
    char last[4] = "k00";
    for (int i = 1; i < 60; i++) {
        char next[4];
        snprintf(next, sizeof next, "k%02d", i);
        store_put(txn, text(next), store_get(txn, text(last)));
        memcpy(last, next, sizeof last);
    }
    for (int i = 0; i < 60; i++) {
        char key[4];
        snprintf(key, sizeof key, "k%02d", i);
        assert_true(
            slice_equal(store_get(txn, text(key)), slice_of(row, sizeof row)));
    }
    struct slice key = text("k30");
    struct slice value;
    assert_true(store_seek(txn, 3, &key, &value));
    store_put(txn, key, key);
    assert_value(txn, "k30", "k30");
    key = text("k30");
    assert_true(store_seek(txn, 3, &key, &value));
    store_del(txn, key);
    assert_value(txn, "k30", NULL);
    assert_int_equal(txn->err, ERR_NONE);
    commit(store, txn);
}

/* ---- Searches --------------------------------------------------------- */

/* In a store of "b" "ba" "bb" "d" "dz": NULL where nothing is found. */
/* clang-format off */
static const struct {
    const char *bound;
    size_t prefix_size;
    const char *after;
    const char *before;
} searches[] = {
    { "",    0, "b",  NULL },
    { "a",   0, "b",  NULL },
    { "a",   1, NULL, NULL },
    { "b",   0, "b",  "b"  },
    { "b",   1, "b",  "b"  },
    { "ba",  1, "ba", "ba" },
    { "baa", 0, "bb", "ba" },
    { "baa", 1, "bb", "ba" },
    { "baa", 2, NULL, "ba" },
    { "baa", 3, NULL, NULL },
    { "bc",  0, "d",  "bb" },
    { "bc",  1, NULL, "bb" },
    { "bc",  2, NULL, NULL },
    { "c",   0, "d",  "bb" },
    { "c",   1, NULL, NULL },
    { "d",   1, "d",  "d"  },
    { "dz",  2, "dz", "dz" },
    { "dzz", 0, NULL, "dz" },
    { "dzz", 3, NULL, NULL },
    { "e",   0, NULL, "dz" },
    { "\xff\xff", 0, NULL, "dz" },
};
/* clang-format on */

static void assert_found(bool is_found, struct slice key, struct slice value,
    const char *bound, const char *expected)
{
    if (is_found != (expected != NULL))
        print_error("search from \"%s\"\n", bound);
    assert_int_equal(is_found, expected != NULL);
    assert_true(slice_is(key, expected == NULL ? bound : expected));
    if (expected != NULL)
        assert_true(slice_is(value, expected));
}

static void searches_find_the_neighbour_with_the_prefix(void **state)
{
    struct store *store = store_of(state);
    struct store_txn *txn = begin(store, true);
    put(txn, "d", "d");
    put(txn, "b", "b");
    put(txn, "dz", "dz");
    put(txn, "bb", "bb");
    put(txn, "ba", "ba");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
            const char *bound = searches[i].bound;
            struct slice value = SLICE_NONE;
            struct slice key = text(bound);
            bool is_found =
                store_seek(txn, searches[i].prefix_size, &key, &value);
            assert_found(is_found, key, value, bound, searches[i].after);
            key = text(bound);
            is_found =
                store_seek_back(txn, searches[i].prefix_size, &key, &value);
            assert_found(is_found, key, value, bound, searches[i].before);
        }
        commit(store, txn);
        txn = begin(store, false);
    }
    assert_int_equal(txn->err, ERR_NONE);
    store->ops->abort(txn);
}

static void an_empty_store_has_nothing_to_find(void **state)
{
    struct store *store = store_of(state);
    for (int writes = 0; writes < 2; writes++) {
        struct store_txn *txn = begin(store, writes != 0);
        struct slice value;
        struct slice key = SLICE_NONE;
        assert_false(store_seek(txn, 0, &key, &value));
        assert_false(store_seek_back(txn, 0, &key, &value));
        key = text("\xff");
        assert_false(store_seek(txn, 0, &key, &value));
        assert_false(store_seek_back(txn, 0, &key, &value));
        assert_int_equal(txn->err, ERR_NONE);
        store->ops->abort(txn);
    }
}

/* The core's way to walk a table: next is the last key and a zero byte. */
static size_t walk(struct store_txn *txn, char first, bool deletes)
{
    uint8_t next[STORE_KEY_SIZE_MAX] = { (uint8_t)first };
    size_t next_size = 1;
    size_t count = 0;
    for (;;) {
        struct slice key = slice_of(next, next_size);
        struct slice value;
        if (!store_seek(txn, 1, &key, &value))
            return count;
        memcpy(next, key.bytes, key.size);
        next[key.size] = 0;
        next_size = key.size + 1;
        if (deletes)
            store_del(txn, key);
        count++;
    }
}

static void rows_may_be_deleted_on_the_way(void **state)
{
    struct store *store = store_of(state);
    struct store_txn *txn = begin(store, true);
    for (int i = 0; i < 1000; i++) {
        char key[8];
        snprintf(key, sizeof key, "%c%04d", 'a' + i % 2, i);
        put(txn, key, "value that takes some room, as rows do");
    }
    assert_int_equal(walk(txn, 'a', false), 500);
    assert_int_equal(walk(txn, 'a', true), 500);
    assert_int_equal(walk(txn, 'a', false), 0);
    assert_int_equal(walk(txn, 'b', false), 500);
    commit(store, txn);
    txn = begin(store, true);
    assert_int_equal(walk(txn, 'b', true), 500);
    assert_int_equal(walk(txn, 'b', false), 0);
    commit(store, txn);
}

/* ---- Transactions ----------------------------------------------------- */

static void an_aborted_transaction_leaves_nothing(void **state)
{
    struct store *store = store_of(state);
    put_rows(store, "ab");
    struct store_txn *txn = begin(store, true);
    put(txn, "a", "changed");
    put(txn, "c", "new");
    store_del(txn, text("b"));
    store->ops->abort(txn);
    txn = begin(store, false);
    assert_value(txn, "a", "a");
    assert_value(txn, "b", "b");
    assert_value(txn, "c", NULL);
    store->ops->abort(txn);
}

static void a_reader_sees_the_last_commit_before_it_began(void **state)
{
    struct store *store = store_of(state);
    put_rows(store, "ab");
    struct store_txn *writer = begin(store, true);
    put(writer, "a", "2");
    store_del(writer, text("b"));
    struct store_txn *before = begin(store, false);
    put(writer, "c", "2");
    assert_value(before, "a", "a");
    assert_value(before, "b", "b");
    assert_value(before, "c", NULL);
    commit(store, writer);
    struct store_txn *after = begin(store, false);
    writer = begin(store, true);
    put(writer, "a", "3");
    commit(store, writer);

    assert_value(before, "a", "a");
    assert_value(before, "b", "b");
    assert_value(before, "c", NULL);
    assert_value(after, "a", "2");
    assert_value(after, "b", NULL);
    assert_value(after, "c", "2");
    struct slice key = text("b");
    struct slice value;
    assert_true(store_seek(before, 1, &key, &value));
    assert_true(store_seek_back(after, 0, &key, &value));
    assert_true(slice_is(key, "a"));
    store->ops->abort(before);
    commit(store, after);
}

static void the_first_error_sticks(void **state)
{
    struct store *store = store_of(state);
    put_rows(store, "a");
    struct store_txn *txn = begin(store, true);
    put(txn, "b", "b");
    store_put(txn, SLICE_NONE, text("no key"));
    assert_int_equal(txn->err, ERR_INVALID);
    put(txn, "c", "c");
    assert_value(txn, "a", NULL);
    assert_value(txn, "b", NULL);
    struct slice key = text("a");
    struct slice value;
    assert_false(store_seek(txn, 0, &key, &value));
    assert_false(store_seek_back(txn, 0, &key, &value));
    assert_int_equal(store->ops->commit(txn), ERR_INVALID);
    txn = begin(store, true);
    assert_value(txn, "a", "a");
    assert_value(txn, "b", NULL);
    store->ops->abort(txn);
}

static void expect_invalid(struct store *store, struct store_txn *txn)
{
    assert_int_equal(txn->err, ERR_INVALID);
    assert_int_equal(store->ops->commit(txn), ERR_INVALID);
}

static void wrong_arguments_are_errors(void **state)
{
    struct store *store = store_of(state);
    uint8_t bytes[STORE_KEY_SIZE_MAX + 1] = { 0 };
    struct slice too_long = SLICE_ARRAY(bytes);
    struct slice value = SLICE_NONE;
    struct store_txn *txn = begin(store, true);
    store_put(txn, too_long, text("v"));
    expect_invalid(store, txn);
    txn = begin(store, true);
    store_del(txn, too_long);
    expect_invalid(store, txn);
    txn = begin(store, false);
    assert_null(store_get(txn, too_long).bytes);
    expect_invalid(store, txn);
    txn = begin(store, false);
    assert_null(store_get(txn, SLICE_NONE).bytes);
    expect_invalid(store, txn);
    txn = begin(store, false);
    struct slice key = text("abc");
    assert_false(store_seek(txn, 4, &key, &value));
    expect_invalid(store, txn);
    txn = begin(store, false);
    key = text("abc");
    assert_false(store_seek_back(txn, 4, &key, &value));
    expect_invalid(store, txn);
    txn = begin(store, false);
    key = too_long;
    assert_false(store_seek(txn, 0, &key, &value));
    expect_invalid(store, txn);
}

static void reading_transactions_do_not_write(void **state)
{
    struct store *store = store_of(state);
    put_rows(store, "a");
    struct store_txn *txn = begin(store, false);
    put(txn, "b", "b");
    expect_invalid(store, txn);
    txn = begin(store, false);
    store_del(txn, text("a"));
    expect_invalid(store, txn);
    txn = begin(store, false);
    assert_value(txn, "a", "a");
    assert_value(txn, "b", NULL);
    commit(store, txn);
}

/* ---- Room ------------------------------------------------------------- */

static uint64_t used(struct store *store)
{
    struct store_usage usage = { 0 };
    store->ops->usage(store, &usage);
    assert_int_equal(usage.capacity, CAPACITY);
    return usage.used;
}

static void usage_follows_what_is_stored(void **state)
{
    struct store *store = store_of(state);
    static const uint8_t value[64 * 1024];
    uint64_t empty = used(store);
    assert_true(empty < CAPACITY / 100);
    struct store_txn *txn = begin(store, true);
    for (uint8_t i = 0; i < 32; i++)
        store_put(txn, slice_of(&i, 1), SLICE_ARRAY(value));
    assert_int_equal(used(store), empty);
    commit(store, txn);
    uint64_t full = used(store);
    assert_true(full >= empty + 32 * sizeof value);
    assert_true(full < empty + 2 * 32 * sizeof value);
    txn = begin(store, true);
    for (uint8_t i = 0; i < 32; i++)
        store_del(txn, slice_of(&i, 1));
    commit(store, txn);
    assert_true(used(store) < empty + 65536);
}

static void a_full_store_refuses_and_keeps_what_it_has(void **state)
{
    struct store *store = store_of(state);
    static const uint8_t value[100 * 1024];
    uint8_t count = 0;
    enum err err = ERR_NONE;
    for (; err == ERR_NONE; count++) {
        assert_true(count < CAPACITY / sizeof value + 1);
        struct store_txn *txn = begin(store, true);
        store_put(txn, slice_of(&count, 1), SLICE_ARRAY(value));
        err = store->ops->commit(txn);
    }
    assert_int_equal(err, ERR_FULL);
    assert_true(count > 60);
    count--; /* the one that did not fit */

    struct store_txn *txn = begin(store, true);
    for (uint8_t i = 0; i < count; i++)
        assert_int_equal(store_get(txn, slice_of(&i, 1)).size, sizeof value);
    assert_null(store_get(txn, slice_of(&count, 1)).bytes);
    for (uint8_t i = 0; i < 10; i++)
        store_del(txn, slice_of(&i, 1));
    commit(store, txn);
    /* LMDB uses freed pages from the second commit after. */
    put_rows(store, "y");
    put_rows(store, "z");
    txn = begin(store, true);
    store_put(txn, slice_of(&count, 1), SLICE_ARRAY(value));
    commit(store, txn);
}

/* ---- All ------------------------------------------------------------- */

/* clang-format off */
#define CASE(name)                                                             \
    { "lmdb: " #name, name, set_up, tear_down, &lmdb },                        \
    { "memory: " #name, name, set_up, tear_down, &memory },                    \
    { "sealed: " #name, name, set_up, tear_down, &sealed },                    \
    { "pages: " #name, name, set_up, tear_down, &pages },                      \
    { "some pages: " #name, name, set_up, tear_down, &some_pages }
/* clang-format on */

int main(void)
{
    enum kind kinds[] = { KIND_LMDB, KIND_MEMORY, KIND_SEALED, KIND_PAGES,
        KIND_SOME_PAGES };
    enum kind *lmdb = &kinds[0];
    enum kind *memory = &kinds[1];
    enum kind *sealed = &kinds[2];
    enum kind *pages = &kinds[3];
    enum kind *some_pages = &kinds[4];
    for (int table = 1; table < 256; table++)
        all_tables[table - 1] = (char)table;
    const struct CMUnitTest tests[] = {
        CASE(what_was_put_is_there),
        CASE(what_was_deleted_is_gone),
        CASE(an_empty_value_is_not_absent),
        CASE(keys_are_any_bytes_up_to_the_limit),
        CASE(values_of_a_mebibyte_come_back_whole),
        CASE(key_and_value_may_borrow_from_the_store),
        CASE(searches_find_the_neighbour_with_the_prefix),
        CASE(an_empty_store_has_nothing_to_find),
        CASE(rows_may_be_deleted_on_the_way),
        CASE(an_aborted_transaction_leaves_nothing),
        CASE(a_reader_sees_the_last_commit_before_it_began),
        CASE(the_first_error_sticks),
        CASE(wrong_arguments_are_errors),
        CASE(reading_transactions_do_not_write),
        CASE(usage_follows_what_is_stored),
        CASE(a_full_store_refuses_and_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
