/* Is every kind of damage to an LMDB file called by its name? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/lmdb_file.h"
#include "io/store_lmdb.h"
#include "support/folder.h"

#define PAGE_SIZE 4096u
#define ROW_COUNT 300u
#define DEEP_ROW_COUNT 2000u

static bool reads_are_short;
static unsigned short_read_count;

ssize_t __real_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset)
{
    if (!reads_are_short)
        return __real_pread(fd, bytes, size, offset);
    if (++short_read_count % 2 == 1) {
        errno = EINTR;
        return -1;
    }
    return __real_pread(fd, bytes, size < 7 ? size : 7, offset);
}

struct file {
    char path[FOLDER_PATH_SIZE];
    int fd;
    struct lmdb_head head;
};

/* A tree of two levels, one row on pages of its own, and free pages. */
static void file_make(struct file *file)
{
    static const uint8_t value[5000];
    struct store_lmdb_options options = store_lmdb_options_default();
    struct store_problem problem;
    struct store *store = NULL;
    char text[FOLDER_PATH_SIZE + 32];
    folder_make(file->path);
    assert_int_equal(
        store_lmdb_open(file->path, &options, &store, &problem), ERR_NONE);
    for (unsigned round = 0; round < 3; round++) {
        struct store_txn *txn = NULL;
        assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
        for (unsigned i = 0; i < ROW_COUNT; i++) {
            char key[16];
            snprintf(key, sizeof key, "%04u", i);
            store_put(txn, slice_of_text(key),
                slice_of(value, i == 0 ? sizeof value : 40 + round));
        }
        assert_int_equal(store->ops->commit(txn), ERR_NONE);
    }
    store->ops->close(store);
    snprintf(text, sizeof text, "%s/store/data.mdb", file->path);
    file->fd = open(text, O_RDWR);
    assert_true(file->fd >= 0);
    const char *reason = NULL;
    assert_int_equal(
        lmdb_file_read_head(file->fd, &file->head, &reason), ERR_NONE);
    assert_int_equal(file->head.page_size, PAGE_SIZE);
}

static void file_remove(struct file *file)
{
    close(file->fd);
    folder_remove(file->path);
}

static enum err check(struct file *file, const char **reason)
{
    struct lmdb_head head;
    enum err err = lmdb_file_read_head(file->fd, &head, reason);
    return err == ERR_NONE ? lmdb_file_check(file->fd, &head, reason) : err;
}

static void read_bytes(struct file *file, uint64_t at, void *out, size_t size)
{
    assert_int_equal(pread(file->fd, out, size, (off_t)at), (ssize_t)size);
}

static uint16_t read_u16(struct file *file, uint64_t at)
{
    uint16_t value;
    read_bytes(file, at, &value, sizeof value);
    return value;
}

static uint64_t read_u64(struct file *file, uint64_t at)
{
    uint64_t value;
    read_bytes(file, at, &value, sizeof value);
    return value;
}

/* ---- Where things are ------------------------------------------------- */

static uint64_t meta(struct file *file)
{
    return file->head.txn_id % 2 * PAGE_SIZE;
}

static uint64_t root(struct file *file)
{
    return file->head.data.root * PAGE_SIZE;
}

static uint64_t free_root(struct file *file)
{
    return file->head.free.root * PAGE_SIZE;
}

static uint64_t node(struct file *file, uint64_t page, unsigned index)
{
    return page + read_u16(file, page + 16 + 2 * index);
}

static uint64_t first_leaf(struct file *file)
{
    uint64_t child = read_u64(file, node(file, root(file), 0));
    return (child & 0xffffffffffffu) * PAGE_SIZE;
}

/* The first row's value is elsewhere; its node ends with where. */
static uint64_t overflow(struct file *file)
{
    return read_u64(file, node(file, first_leaf(file), 0) + 8 + 4) * PAGE_SIZE;
}

static uint64_t magic_at(struct file *f)
{
    return meta(f) + 16;
}
static uint64_t version_at(struct file *f)
{
    return meta(f) + 20;
}
static uint64_t page_size_at(struct file *f)
{
    return meta(f) + 40;
}
static uint64_t txn_id_at(struct file *f)
{
    return meta(f) + 144;
}
static uint64_t entry_count_at(struct file *f)
{
    return meta(f) + 88 + 32;
}
static uint64_t root_number_at(struct file *f)
{
    return root(f);
}
static uint64_t root_flags_at(struct file *f)
{
    return root(f) + 10;
}
static uint64_t root_lower_at(struct file *f)
{
    return root(f) + 12;
}
static uint64_t leaf_flags_at(struct file *f)
{
    return first_leaf(f) + 10;
}
static uint64_t leaf_offset_at(struct file *f)
{
    return first_leaf(f) + 16;
}
static uint64_t second_child_at(struct file *f)
{
    return node(f, root(f), 1);
}
static uint64_t branch_key_at(struct file *f)
{
    return node(f, root(f), 1) + 8;
}
static uint64_t leaf_key_at(struct file *f)
{
    return node(f, first_leaf(f), 1) + 8;
}
static uint64_t leaf_key_size_at(struct file *f)
{
    return node(f, first_leaf(f), 1) + 6;
}
static uint64_t value_size_at(struct file *f)
{
    return node(f, first_leaf(f), 1) + 2;
}
static uint64_t overflow_run_at(struct file *f)
{
    return overflow(f) + 12;
}
static uint64_t free_count_at(struct file *f)
{
    return node(f, free_root(f), 0) + 16;
}
static uint64_t free_page_at(struct file *f)
{
    return free_count_at(f) + 8;
}

/* ---- The table -------------------------------------------------------- */

/* clang-format off */
static const struct {
    uint64_t (*at)(struct file *file);
    uint64_t value;
    size_t size;
    const char *reason;
} damages[] = {
    { magic_at,         1,          4, "the head of the file is not one of LMDB" },
    { version_at,       999,        4, "the file is of another version of LMDB" },
    { page_size_at,     0,          4, "the head of the file is damaged" },
    { page_size_at,     4095,       4, "the head of the file is damaged" },
    { page_size_at,     8192,       4, "the head of the file is not one of LMDB" },
    { txn_id_at,        99,         8, "the two heads of the file contradict" },
    { entry_count_at,   7,          8, "entries or pages are missing" },
    { root_number_at,   1,          8, "a page is not in its place" },
    { root_flags_at,    2,          2, "a page is damaged inside" },
    { root_lower_at,    5000,       2, "a page is damaged inside" },
    { leaf_flags_at,    1,          2, "a page is damaged inside" },
    { leaf_offset_at,   4094,       2, "a page is damaged inside" },
    { second_child_at,  0xffffff,   4, "a page number is out of range" },
    { second_child_at,  1,          4, "a page number is out of range" },
    { branch_key_at,    0,          1, "the keys are out of order" },
    { branch_key_at,    0xff,       1, "the keys are out of order" },
    { leaf_key_at,      0,          1, "the keys are out of order" },
    { leaf_key_at,      0xff,       1, "the keys are out of order" },
    { leaf_key_size_at, 5000,       2, "a page is damaged inside" },
    { value_size_at,    1,          2, "a page is damaged inside" },
    { overflow_run_at,  1,          4, "a page is not in its place" },
    { free_count_at,    5000,       8, "a list of free pages is damaged" },
    { free_page_at,     0,          8, "a page number is out of range" },
};
/* clang-format on */

static void expect_reason(struct file *file, uint64_t at, uint64_t value,
    size_t size, const char *expected)
{
    uint64_t old = 0;
    const char *reason = "none";
    read_bytes(file, at, &old, size);
    assert_int_equal(pwrite(file->fd, &value, size, (off_t)at), (ssize_t)size);
    assert_int_equal(check(file, &reason), ERR_CORRUPT);
    assert_string_equal(reason, expected);
    assert_int_equal(pwrite(file->fd, &old, size, (off_t)at), (ssize_t)size);
    assert_int_equal(check(file, &reason), ERR_NONE);
}

static void every_damage_has_its_name(void **state)
{
    (void)state;
    struct file file;
    file_make(&file);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
        expect_reason(&file, damages[i].at(&file), damages[i].value,
            damages[i].size, damages[i].reason);
    file_remove(&file);
}

/* The next commit would write over what is stored there. */
static void a_page_is_not_free_and_in_use(void **state)
{
    (void)state;
    struct file file;
    file_make(&file);
    expect_reason(&file, free_page_at(&file), file.head.data.root, 8,
        "a page is used twice");
    expect_reason(&file, second_child_at(&file), first_leaf(&file) / PAGE_SIZE,
        4, "a page is used twice");
    file_remove(&file);
}

/* ---- Many pages --------------------------------------------------------- */

/* A tree of four levels or so, which two threads walk. */
static void deep_make(struct file *file)
{
    struct store_lmdb_options options = store_lmdb_options_default();
    struct store_problem problem;
    struct store *store = NULL;
    struct store_txn *txn = NULL;
    const char *reason = NULL;
    char text[FOLDER_PATH_SIZE + 32];
    folder_make(file->path);
    assert_int_equal(
        store_lmdb_open(file->path, &options, &store, &problem), ERR_NONE);
    assert_int_equal(store->ops->begin(store, true, &txn), ERR_NONE);
    for (unsigned i = 0; i < DEEP_ROW_COUNT; i++) {
        char key[STORE_KEY_SIZE_MAX + 1];
        snprintf(key, sizeof key, "%04u%*s", i, STORE_KEY_SIZE_MAX - 4, "");
        store_put(txn, slice_of_text(key), slice_of_text("value"));
    }
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
    store->ops->close(store);
    snprintf(text, sizeof text, "%s/store/data.mdb", file->path);
    file->fd = open(text, O_RDWR);
    assert_true(file->fd >= 0);
    assert_int_equal(
        lmdb_file_read_head(file->fd, &file->head, &reason), ERR_NONE);
    assert_true(file->head.data.depth >= 3);
    assert_int_equal(check(file, &reason), ERR_NONE);
}

struct leaves {
    uint64_t at[DEEP_ROW_COUNT];      /* in the order of their keys */
    uint64_t pointer[DEEP_ROW_COUNT]; /* to each */
    size_t count;
};

static void leaves_find(
    struct file *file, uint64_t page, unsigned level, struct leaves *leaves)
{
    unsigned count = (read_u16(file, page + 12) - 16u) / 2;
    for (unsigned i = 0; i < count; i++) {
        uint64_t pointer = node(file, page, i);
        uint64_t child =
            (read_u64(file, pointer) & 0xffffffffffffu) * PAGE_SIZE;
        if (level > 1) {
            leaves_find(file, child, level - 1, leaves);
            continue;
        }
        leaves->pointer[leaves->count] = pointer;
        leaves->at[leaves->count++] = child;
    }
}

static void expect_refused(struct file *file, uint64_t at, uint32_t value,
    size_t size, const char *expected)
{
    uint32_t old = 0;
    const char *reason = "none";
    read_bytes(file, at, &old, size);
    assert_int_equal(pwrite(file->fd, &value, size, (off_t)at), (ssize_t)size);
    assert_int_equal(check(file, &reason), ERR_CORRUPT);
    if (expected != NULL)
        assert_string_equal(reason, expected);
    assert_int_equal(pwrite(file->fd, &old, size, (off_t)at), (ssize_t)size);
}

static void where_a_tree_is_divided_makes_no_difference(void **state)
{
    static struct leaves leaves;
    struct file file;
    const char *reason = NULL;
    (void)state;
    deep_make(&file);
    leaves_find(&file, root(&file), file.head.data.depth - 1u, &leaves);
    assert_int_equal(leaves.count, file.head.data.leaf_count);
    for (size_t i = 0; i < leaves.count; i++) {
        uint64_t key = node(&file, leaves.at[i], 0) + 8;
        uint64_t other = leaves.at[leaves.count - 1 - i] / PAGE_SIZE;
        expect_refused(
            &file, leaves.pointer[i], 0, 4, "a page number is out of range");
        expect_refused(&file, leaves.at[i], 1, 4, "a page is not in its place");
        if (other != leaves.at[i] / PAGE_SIZE)
            expect_refused(&file, leaves.pointer[i], (uint32_t)other, 4, NULL);
        if (i > 0)
            expect_refused(&file, key, 0, 1, "the keys are out of order");
        if (i + 1 < leaves.count)
            expect_refused(&file, key, 0xff, 1, "the keys are out of order");
    }
    assert_int_equal(check(&file, &reason), ERR_NONE);
    file_remove(&file);
}

static void the_end_may_not_be_missing(void **state)
{
    (void)state;
    struct file file;
    const char *reason = NULL;
    file_make(&file);
    uint64_t last = overflow(&file);
    if (root(&file) > last)
        last = root(&file);
    assert_int_equal(ftruncate(file.fd, (off_t)last + 100), 0);
    assert_int_equal(check(&file, &reason), ERR_CORRUPT);
    assert_string_equal(reason, "the file ends too early");
    assert_int_equal(ftruncate(file.fd, PAGE_SIZE + 20), 0);
    assert_int_equal(check(&file, &reason), ERR_CORRUPT);
    assert_string_equal(reason, "the file ends too early");
    assert_int_equal(ftruncate(file.fd, 0), 0);
    assert_int_equal(check(&file, &reason), ERR_CORRUPT);
    file_remove(&file);
}

static void what_cannot_be_read_is_not_called_corrupt(void **state)
{
    (void)state;
    struct lmdb_head head;
    const char *reason = NULL;
    assert_int_equal(lmdb_file_read_head(-1, &head, &reason), ERR_IO);
    assert_string_equal(reason, "the disk cannot be read");
}

static void what_a_signal_cut_short_is_not_called_corrupt(void **state)
{
    struct file file;
    const char *reason = NULL;
    (void)state;
    file_make(&file);
    reads_are_short = true;
    assert_int_equal(check(&file, &reason), ERR_NONE);
    assert_true(short_read_count > 40);
    reads_are_short = false;
    file_remove(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damage_has_its_name),
        cmocka_unit_test(a_page_is_not_free_and_in_use),
        cmocka_unit_test(where_a_tree_is_divided_makes_no_difference),
        cmocka_unit_test(the_end_may_not_be_missing),
        cmocka_unit_test(what_cannot_be_read_is_not_called_corrupt),
        cmocka_unit_test(what_a_signal_cut_short_is_not_called_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
