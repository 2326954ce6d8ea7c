/* Does the store on disk survive what happens to disks? */
#define _DEFAULT_SOURCE /* syscall() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/store_folder_words.h"

/* ---- The n-th write or flush fails: LMDB's calls end here ------------- */

static unsigned disk_calls_left; /* 0: no limit */
static unsigned disk_flush_count;

static bool disk_fails(void)
{
    if (disk_calls_left == 0 || --disk_calls_left > 0)
        return false;
    disk_calls_left = 1; /* and every later one */
    errno = EIO;
    return true;
}

__attribute__((visibility("default"))) int fdatasync(int fd);
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    disk_flush_count++;
    return disk_fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t pwrite(
    int fd, const void *bytes, size_t size, off_t offset)
{
    return disk_fails()
               ? -1
               : (ssize_t)syscall(SYS_pwrite64, fd, bytes, size, offset);
}

/* ---- Damage ----------------------------------------------------------- */

#define DAMAGE_ROW_COUNT 400u

/* Two levels of pages, values on pages of their own, and free pages. */
static void fill(struct store *store)
{
    static const uint8_t value[6000] = { 1 };
    for (unsigned round = 0; round < 3; round++) {
        struct store_txn *txn = begin(store, true);
        for (unsigned i = 0; i < DAMAGE_ROW_COUNT; i++) {
            char key[16];
            struct slice k = number_key(i, key);
            size_t size = i % 40 == 0 ? sizeof value : 20 + i % 100;
            if (round == 1 && i % 3 == 0)
                store_del(txn, k);
            else
                store_put(txn, k, slice_of(value, size));
        }
        assert_int_equal(store->ops->commit(txn), ERR_NONE);
    }
}

/* How many rows come whole; ERR_CORRUPT once one does not. */
static enum err read_all(struct store *store, unsigned *count)
{
    char next[16] = "n";
    struct store_txn *txn = begin(store, false);
    struct slice key = slice_of(next, 1);
    struct slice value;
    for (*count = 0; store_seek(txn, 1, &key, &value); ++*count) {
        size_t size = key.size < sizeof next - 1 ? key.size : 1;
        memcpy(next, key.bytes, size);
        next[size] = 0;
        key = slice_of(next, size + 1);
    }
    return store->ops->commit(txn);
}

/* Uses the list of free pages as well. */
static void write_some(struct store *store)
{
    static const uint8_t value[20000];
    struct store_txn *txn = begin(store, true);
    store_put(txn, slice_of_text("m"), SLICE_ARRAY(value));
    store->ops->abort(txn);
}

/* Refused, or it says so when read, or all is there. */
static void expect_no_harm(const char *path, bool check_pages, bool *is_whole)
{
    struct store *store = NULL;
    struct store_problem problem;
    struct store_lmdb_options options = store_lmdb_options_default();
    options.map_size = MAP_SIZE;
    options.check_pages = check_pages;
    unsigned count = 0;
    enum err err = store_lmdb_open(path, &options, &store, &problem);
    *is_whole = false;
    if (err != ERR_NONE) {
        assert_true(err == ERR_CORRUPT || err == ERR_VERSION);
        return;
    }
    err = read_all(store, &count);
    if (err == ERR_NONE) {
        assert_int_equal(count, DAMAGE_ROW_COUNT);
        *is_whole = true;
    } else {
        assert_int_equal(err, ERR_CORRUPT);
    }
    write_some(store);
    store->ops->close(store);
}

static int open_data(const char *path)
{
    char text[TEXT_SIZE];
    join_path(text, path, "store/data.mdb");
    int fd = open(text, O_RDWR);
    assert_true(fd >= 0);
    return fd;
}

static void any_byte_may_be_damaged_without_harm(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    unsigned whole_count = 0;
    bool is_whole;
    folder_make(path);
    struct store *store = open_store(path);
    fill(store);
    store->ops->close(store);
    size_t size = (size_t)data_size(path);
    int fd = open_data(path);
    uint64_t seed = 1122;
    for (unsigned i = 0; i < 600; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        /* every third within the heads, which matter most */
        size_t offset = (size_t)(seed >> 20);
        offset =
            i % 3 == 0 ? offset % 160 + offset / 512 % 2 * 4096 : offset % size;
        uint8_t old;
        assert_int_equal(pread(fd, &old, 1, (off_t)offset), 1);
        uint8_t new = (uint8_t)(old ^ 1u << (seed >> 60) % 8);
        assert_int_equal(pwrite(fd, &new, 1, (off_t)offset), 1);
        expect_no_harm(path, true, &is_whole);
        whole_count += is_whole;
        assert_int_equal(pwrite(fd, &old, 1, (off_t)offset), 1);
    }
    /* Free pages and gaps are damaged without loss, the others are not. */
    assert_true(whole_count > 0 && whole_count < 560);
    close(fd);
    expect_no_harm(path, true, &is_whole);
    assert_true(is_whole);
    folder_remove(path);
}

static void a_file_cut_short_is_refused(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    bool is_whole;
    folder_make(path);
    struct store *store = open_store(path);
    fill(store);
    store->ops->close(store);
    off_t whole = data_size(path);
    uint8_t *copy = malloc((size_t)whole);
    assert_non_null(copy);
    int fd = open_data(path);
    assert_int_equal(pread(fd, copy, (size_t)whole, 0), whole);
    for (off_t size = whole - 1; size >= 0;
         size -= size % 4096 == 0 ? 1 : 4095) {
        assert_int_equal(ftruncate(fd, size), 0);
        expect_no_harm(path, size % 4096 == 0, &is_whole);
        assert_false(is_whole && size < whole / 2);
        assert_int_equal(pwrite(fd, copy, (size_t)whole, 0), whole);
    }
    assert_int_equal(ftruncate(fd, whole / 2), 0);
    expect_refused(path, ERR_CORRUPT, "the file ends too early");
    expect_refused(path, ERR_CORRUPT, "backup");
    close(fd);
    free(copy);
    folder_remove(path);
}

/* LMDB never writes pages that it took and gave back in one transaction. */
static void a_file_that_is_short_for_a_good_reason_opens(void **state)
{
    (void)state;
    static const uint8_t value[900000];
    char path[FOLDER_PATH_SIZE];
    char key[16];
    folder_make(path);
    struct store *store = open_store(path);
    fill(store);
    struct store_txn *txn = begin(store, true);
    store_put(txn, slice_of_text("o"), SLICE_ARRAY(value));
    store_del(txn, slice_of_text("o"));
    store_put(txn, number_key(1, key), slice_of_text("here"));
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
    store->ops->close(store);
    bool is_whole;
    int fd = open_data(path);
    uint64_t last_pages[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            pread(fd, &last_pages[i], sizeof *last_pages, 4096 * i + 136),
            sizeof *last_pages);
    close(fd);
    uint64_t last = last_pages[last_pages[1] > last_pages[0]];
    assert_true((uint64_t)data_size(path) < last * 4096);
    expect_no_harm(path, false, &is_whole);
    assert_true(is_whole);
    expect_no_harm(path, true, &is_whole);
    assert_true(is_whole);
    folder_remove(path);
}

/* Replaces text of the same size wherever it stands in the data file. */
static void replace(const char *path, const char *old, const char *new)
{
    size_t size = (size_t)data_size(path);
    size_t word_size = strlen(old);
    char *copy = malloc(size);
    int fd = open_data(path);
    unsigned count = 0;
    assert_non_null(copy);
    assert_int_equal(strlen(new), word_size);
    assert_int_equal(pread(fd, copy, size, 0), (ssize_t)size);
    for (size_t i = 0; i + word_size <= size; i++) {
        if (memcmp(copy + i, old, word_size) == 0) {
            memcpy(copy + i, new, word_size);
            count++;
        }
    }
    assert_true(count > 0);
    assert_int_equal(pwrite(fd, copy, size, 0), (ssize_t)size);
    close(fd);
    free(copy);
}

static void a_damaged_value_is_not_handed_out(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    char key[16];
    struct slice value = SLICE_NONE;
    folder_make(path);
    struct store *store = open_store(path);
    assert_int_equal(put_number(store, 1), ERR_NONE);
    store->ops->close(store);
    replace(path, "here", "hers");
    store = open_store(path);
    struct store_txn *txn = begin(store, false);
    assert_null(store_get(txn, number_key(1, key)).bytes);
    assert_int_equal(txn->err, ERR_CORRUPT);
    assert_int_equal(store->ops->commit(txn), ERR_CORRUPT);
    txn = begin(store, false);
    struct slice found = slice_of_text("n");
    assert_false(store_seek(txn, 1, &found, &value));
    assert_int_equal(txn->err, ERR_CORRUPT);
    store->ops->abort(txn);
    store->ops->close(store);

    /* nor one that stands under another's key */
    replace(path, "n000001", "n000002");
    replace(path, "hers", "here");
    store = open_store(path);
    txn = begin(store, false);
    assert_null(store_get(txn, number_key(2, key)).bytes);
    assert_int_equal(txn->err, ERR_CORRUPT);
    store->ops->abort(txn);
    store->ops->close(store);
    folder_remove(path);
}

static void another_version_is_refused(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    struct store *store = open_store(path);
    store->ops->close(store);
    replace(path, "referd store 2", "referd store 7");
    expect_refused(path, ERR_VERSION, "format 7");
    expect_refused(path, ERR_VERSION, "reads format 2");
    replace(path, "referd store 7", "another's dbs!");
    expect_refused(path, ERR_CORRUPT, "no store of this gateway");
    folder_remove(path);
}

/* ---- A disk that fails ------------------------------------------------ */

static void nothing_is_acknowledged_after_a_failed_commit(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    struct store_txn *txn = NULL;
    unsigned nth = 1;
    enum err err = ERR_IO;
    folder_make(path);
    for (; err != ERR_NONE; nth++) {
        struct store *store = open_store(path);
        assert_int_equal(put_number(store, 2 * nth), ERR_NONE);
        disk_calls_left = nth;
        err = put_number(store, 2 * nth + 1);
        disk_calls_left = 0;
        if (err != ERR_NONE) {
            assert_int_equal(err, ERR_IO);
            assert_int_equal(store->ops->begin(store, true, &txn), ERR_IO);
            assert_int_equal(store->ops->begin(store, false, &txn), ERR_IO);
            assert_null(txn);
        }
        store->ops->close(store);
        /* Whether the one that failed is there only a restart tells. */
        store = open_store(path);
        for (unsigned i = 1; i <= nth; i++)
            assert_true(has_number(store, 2 * i));
        store->ops->close(store);
    }
    assert_true(nth > 3); /* pages, flush, head */
    folder_remove(path);
}

static void every_commit_is_flushed(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    struct store *store = open_store(path);
    for (unsigned i = 1; i <= 10; i++) {
        unsigned before = disk_flush_count;
        assert_int_equal(put_number(store, i), ERR_NONE);
        assert_true(disk_flush_count > before);
    }
    store->ops->close(store);
    folder_remove(path);
}

static void nothing_is_acknowledged_while_it_is_made(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    struct store *store = NULL;
    struct store_problem problem;
    unsigned nth = 1;
    enum err err = ERR_IO;
    for (; err != ERR_NONE; nth++) {
        folder_make(path);
        disk_calls_left = nth;
        err = try_open(path, &store, &problem);
        disk_calls_left = 0;
        if (err != ERR_NONE) {
            assert_int_equal(err, ERR_IO);
            assert_non_null(strstr(problem.text, path));
            assert_false(exists(path, "store.made"));
            store = open_store(path);
        }
        assert_int_equal(put_number(store, 1), ERR_NONE);
        store->ops->close(store);
        folder_remove(path);
    }
    assert_true(nth > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_byte_may_be_damaged_without_harm),
        cmocka_unit_test(a_file_cut_short_is_refused),
        cmocka_unit_test(a_file_that_is_short_for_a_good_reason_opens),
        cmocka_unit_test(a_damaged_value_is_not_handed_out),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(nothing_is_acknowledged_after_a_failed_commit),
        cmocka_unit_test(every_commit_is_flushed),
        cmocka_unit_test(nothing_is_acknowledged_while_it_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
