/* Does the store on disk survive what happens to disks and processes? */
#define _DEFAULT_SOURCE /* syscall() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <errno.h>
#include <cmocka.h>

#include "core/port.h"
#include "io/store_lmdb.h"
#include "support/folder.h"

#define MAP_SIZE (8u * 1024 * 1024)
#define TEXT_SIZE (FOLDER_PATH_SIZE + 64)

/* ---- The n-th write or flush fails: LMDB's calls end here ------------- */

static unsigned disk_calls_left; /* 0: no limit */

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
    return disk_fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t pwrite(
    int fd, const void *bytes, size_t size, off_t offset)
{
    return disk_fails()
               ? -1
               : (ssize_t)syscall(SYS_pwrite64, fd, bytes, size, offset);
}

/* ---- Small words ------------------------------------------------------ */

static enum err try_open(
    const char *path, struct store **store, struct store_problem *problem)
{
    struct store_lmdb_options options = store_lmdb_options_default();
    options.map_size = MAP_SIZE;
    return store_lmdb_open(path, &options, store, problem);
}

static struct store *open_store(const char *path)
{
    struct store *store = NULL;
    struct store_problem problem;
    if (try_open(path, &store, &problem) != ERR_NONE)
        fail_msg("%s", problem.text);
    assert_non_null(store);
    return store;
}

/* Refused, with a text that names the folder and holds these words. */
static void expect_refused(
    const char *path, enum err expected, const char *words)
{
    struct store *store = NULL;
    struct store_problem problem;
    assert_int_equal(try_open(path, &store, &problem), expected);
    assert_null(store);
    assert_non_null(strstr(problem.text, path));
    if (strstr(problem.text, words) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", problem.text, words);
}

static struct store_txn *begin(struct store *store, bool writes)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, writes, &txn), ERR_NONE);
    return txn;
}

static struct slice number_key(unsigned number, char key[16])
{
    return slice_of(key, (size_t)snprintf(key, 16, "n%06u", number));
}

static enum err put_number(struct store *store, unsigned number)
{
    char key[16];
    struct store_txn *txn = begin(store, true);
    store_put(txn, number_key(number, key), slice_of_text("here"));
    return store->ops->commit(txn);
}

static bool has_number(struct store *store, unsigned number)
{
    char key[16];
    struct store_txn *txn = begin(store, false);
    struct slice value = store_get(txn, number_key(number, key));
    assert_int_equal(txn->err, ERR_NONE);
    store->ops->abort(txn);
    return slice_is(value, "here");
}

static void join_path(char text[TEXT_SIZE], const char *path, const char *name)
{
    snprintf(text, TEXT_SIZE, "%s/%s", path, name);
}

static void write_file(const char *path, const char *name, const char *words)
{
    char text[TEXT_SIZE];
    join_path(text, path, name);
    FILE *file = fopen(text, "w");
    assert_non_null(file);
    assert_true(fputs(words, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *path, const char *name)
{
    char text[TEXT_SIZE];
    join_path(text, path, name);
    assert_int_equal(mkdir(text, 0700), 0);
}

static bool exists(const char *path, const char *name)
{
    char text[TEXT_SIZE];
    struct stat status;
    join_path(text, path, name);
    return stat(text, &status) == 0;
}

static off_t data_size(const char *path)
{
    char text[TEXT_SIZE];
    struct stat status;
    join_path(text, path, "store/data.mdb");
    assert_int_equal(stat(text, &status), 0);
    return status.st_size;
}

static void remove_file(const char *path, const char *name)
{
    char text[TEXT_SIZE];
    join_path(text, path, name);
    assert_int_equal(unlink(text), 0);
}

/* ---- Processes that end ----------------------------------------------- */

static void what_was_committed_is_there_after_reopening(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    struct store *store = open_store(path);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(put_number(store, i), ERR_NONE);
    store->ops->close(store);
    store = open_store(path);
    for (unsigned i = 0; i < 10; i++)
        assert_true(has_number(store, i));
    assert_false(has_number(store, 10));
    store->ops->close(store);
    folder_remove(path);
}

static void leave_in_mid_transaction(const char *path)
{
    struct store *store = NULL;
    struct store_problem problem;
    struct store_txn *txn = NULL;
    char key[16];
    if (try_open(path, &store, &problem) != ERR_NONE ||
        put_number(store, 1) != ERR_NONE ||
        store->ops->begin(store, true, &txn) != ERR_NONE)
        _exit(1);
    store_put(txn, number_key(2, key), slice_of_text("here"));
    store_del(txn, number_key(1, key));
    _exit(txn->err == ERR_NONE ? 0 : 1);
}

static void a_process_that_ends_in_mid_transaction_leaves_nothing_of_it(
    void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    pid_t child = fork();
    if (child == 0)
        leave_in_mid_transaction(path);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct store *store = open_store(path);
    assert_true(has_number(store, 1));
    assert_false(has_number(store, 2));
    assert_int_equal(put_number(store, 2), ERR_NONE);
    store->ops->close(store);
    folder_remove(path);
}

/* Commits and tells, until it is killed. */
static void commit_for_ever(const char *path, int told_fd)
{
    struct store *store = NULL;
    struct store_problem problem;
    if (try_open(path, &store, &problem) != ERR_NONE)
        _exit(1);
    for (unsigned i = 0;; i++)
        if (put_number(store, i) != ERR_NONE ||
            write(told_fd, &i, sizeof i) != sizeof i)
            _exit(1);
}

static void what_was_acknowledged_outlives_kill_9(void **state)
{
    (void)state;
    static const unsigned enough = 40;
    char path[FOLDER_PATH_SIZE];
    int pipe_fds[2];
    unsigned told = 0;
    unsigned number = 0;
    folder_make(path);
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0)
        commit_for_ever(path, pipe_fds[1]);
    close(pipe_fds[1]);
    while (read(pipe_fds[0], &number, sizeof number) == sizeof number)
        if (++told == enough)
            assert_int_equal(kill(child, SIGKILL), 0);
    close(pipe_fds[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(told >= enough);

    struct store *store = open_store(path);
    for (unsigned i = 0; i < told; i++)
        assert_true(has_number(store, i));
    assert_false(has_number(store, told + 1));
    store->ops->close(store);
    folder_remove(path);
}

/* ---- Two of them ------------------------------------------------------ */

static void hold_until_told(const char *path, int told_fd, int wait_fd)
{
    struct store *store = NULL;
    struct store_problem problem;
    char byte = 0;
    if (try_open(path, &store, &problem) != ERR_NONE ||
        write(told_fd, &byte, 1) != 1 || read(wait_fd, &byte, 1) != 0)
        _exit(1);
    _exit(0);
}

static void two_processes_do_not_share_a_folder(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    char pid[32];
    int told[2];
    int go[2];
    char byte;
    folder_make(path);
    assert_int_equal(pipe(told), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        hold_until_told(path, told[1], go[0]);
    }
    close(told[1]);
    close(go[0]);
    assert_int_equal(read(told[0], &byte, 1), 1);
    snprintf(pid, sizeof pid, "pid %ld", (long)child);
    expect_refused(path, ERR_BUSY, pid);
    close(go[1]);
    close(told[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct store *store = open_store(path);
    expect_refused(path, ERR_BUSY, "another process");
    assert_int_equal(put_number(store, 1), ERR_NONE);
    store->ops->close(store);
    folder_remove(path);
}

struct second_writer {
    struct store *store;
    int told_fd;
    bool saw_first;
};

static void *write_second(void *argument)
{
    struct second_writer *second = argument;
    char key[16];
    struct store_txn *txn = NULL;
    if (write(second->told_fd, "", 1) != 1 ||
        second->store->ops->begin(second->store, true, &txn) != ERR_NONE)
        return NULL;
    second->saw_first = store_get(txn, number_key(1, key)).size == 4;
    second->store->ops->abort(txn);
    return NULL;
}

static void a_second_writer_waits_for_the_first(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    char key[16];
    char byte;
    int told[2];
    pthread_t thread;
    folder_make(path);
    assert_int_equal(pipe(told), 0);
    struct store *store = open_store(path);
    struct second_writer second = { .store = store, .told_fd = told[1] };
    struct store_txn *txn = begin(store, true);
    assert_int_equal(pthread_create(&thread, NULL, write_second, &second), 0);
    assert_int_equal(read(told[0], &byte, 1), 1);
    store_put(txn, number_key(1, key), slice_of_text("here"));
    assert_int_equal(store->ops->commit(txn), ERR_NONE);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(second.saw_first);
    close(told[0]);
    close(told[1]);
    store->ops->close(store);
    folder_remove(path);
}

static void more_readers_than_agreed_are_refused(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    struct store_problem problem;
    struct store *store = NULL;
    struct store_txn *readers[2];
    struct store_txn *refused = NULL;
    struct store_usage usage = { 0 };
    struct store_lmdb_options options = store_lmdb_options_default();
    options.max_readers = 2;
    folder_make(path);
    assert_int_equal(
        store_lmdb_open(path, &options, &store, &problem), ERR_NONE);
    assert_int_equal(put_number(store, 1), ERR_NONE);
    readers[0] = begin(store, false);
    readers[1] = begin(store, false);
    assert_int_equal(store->ops->begin(store, false, &refused), ERR_LIMIT);
    assert_null(refused);
    store->ops->usage(store, &usage);
    assert_true(usage.used > 0 && usage.used < usage.capacity);
    assert_int_equal(put_number(store, 2), ERR_NONE);
    store->ops->abort(readers[0]);
    assert_true(has_number(store, 2));
    store->ops->abort(readers[1]);
    store->ops->close(store);
    folder_remove(path);
}

/* ---- Making ----------------------------------------------------------- */

static void only_the_owner_may_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        mode_t mode;
    } expected[] = {
        { "store", S_IFDIR | 0700 },
        { "store/data.mdb", S_IFREG | 0600 },
        { "store/lock.mdb", S_IFREG | 0600 },
        { "store.made", S_IFREG | 0600 },
        { "lock", S_IFREG | 0600 },
    };
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    mode_t mask = umask(0);
    struct store *store = open_store(path);
    umask(mask);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char text[TEXT_SIZE];
        struct stat status;
        join_path(text, path, expected[i].name);
        assert_int_equal(stat(text, &status), 0);
        assert_int_equal(status.st_mode, expected[i].mode);
    }
    assert_false(exists(path, "store.tmp"));
    store->ops->close(store);
    folder_remove(path);
}

static void a_folder_others_may_write_to_is_refused(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    assert_int_equal(chmod(path, 0720), 0);
    expect_refused(path, ERR_FORBIDDEN, "chmod");
    assert_int_equal(chmod(path, 0702), 0);
    expect_refused(path, ERR_FORBIDDEN, "chmod");
    assert_false(exists(path, "store"));
    folder_remove(path);
}

static void a_folder_that_is_not_there_is_not_made(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    folder_remove(path);
    expect_refused(path, ERR_NOT_FOUND, "no such folder");
    assert_false(exists(path, "."));
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct store_problem problem;
    struct store_lmdb_options options = store_lmdb_options_default();
    options.map_size = STORE_LMDB_MAP_SIZE_MIN - 1;
    assert_int_equal(
        store_lmdb_open("/nowhere", &options, &store, &problem), ERR_INVALID);
    options = store_lmdb_options_default();
    options.max_readers = 0;
    assert_int_equal(
        store_lmdb_open("/nowhere", &options, &store, &problem), ERR_INVALID);
    char path[STORE_FOLDER_PATH_SIZE_MAX + 2];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = 0;
    options = store_lmdb_options_default();
    assert_int_equal(
        store_lmdb_open(path, &options, &store, &problem), ERR_LIMIT);
}

static void a_store_half_made_is_made_anew(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    make_folder(path, "store.tmp");
    write_file(path, "store.tmp/data.mdb", "torn");
    write_file(path, "store.tmp/lock.mdb", "");
    struct store *store = open_store(path);
    store->ops->close(store);
    folder_remove(path);

    folder_make(path);
    make_folder(path, "store");
    write_file(path, "store/data.mdb", "torn");
    store = open_store(path);
    assert_int_equal(put_number(store, 1), ERR_NONE);
    store->ops->close(store);
    store = open_store(path);
    assert_true(has_number(store, 1));
    store->ops->close(store);
    folder_remove(path);

    folder_make(path);
    make_folder(path, "store");
    store = open_store(path);
    store->ops->close(store);
    folder_remove(path);
}

static void a_crash_before_the_marker_is_made_good(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    struct store *store = open_store(path);
    store->ops->close(store);
    remove_file(path, "store.made");
    store = open_store(path);
    assert_true(exists(path, "store.made"));
    store->ops->close(store);
    folder_remove(path);
}

/* Somebody restored it and forgot the marker: no reason to remove it. */
static void content_without_the_marker_is_refused_and_kept(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    struct store *store = open_store(path);
    assert_int_equal(put_number(store, 1), ERR_NONE);
    store->ops->close(store);
    remove_file(path, "store.made");
    expect_refused(path, ERR_STATE, "store.made");
    expect_refused(path, ERR_STATE, "backup");
    write_file(path, "store.made", "");
    store = open_store(path);
    assert_true(has_number(store, 1));
    store->ops->close(store);
    folder_remove(path);
}

static void a_marker_without_a_store_stops_the_gateway(void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    folder_make(path);
    write_file(path, "store.made", "");
    expect_refused(path, ERR_NOT_FOUND, "gone");
    assert_false(exists(path, "store"));
    make_folder(path, "store");
    expect_refused(path, ERR_CORRUPT, "not there");
    folder_remove(path);
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
    for (unsigned i = 0; i < 1500; i++) {
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
    assert_true(whole_count > 0 && whole_count < 1400);
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
    replace(path, "referd store 1", "referd store 7");
    expect_refused(path, ERR_VERSION, "format 7");
    expect_refused(path, ERR_VERSION, "format 1");
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
        cmocka_unit_test(what_was_committed_is_there_after_reopening),
        cmocka_unit_test(
            a_process_that_ends_in_mid_transaction_leaves_nothing_of_it),
        cmocka_unit_test(what_was_acknowledged_outlives_kill_9),
        cmocka_unit_test(two_processes_do_not_share_a_folder),
        cmocka_unit_test(a_second_writer_waits_for_the_first),
        cmocka_unit_test(more_readers_than_agreed_are_refused),
        cmocka_unit_test(only_the_owner_may_read),
        cmocka_unit_test(a_folder_others_may_write_to_is_refused),
        cmocka_unit_test(a_folder_that_is_not_there_is_not_made),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(a_store_half_made_is_made_anew),
        cmocka_unit_test(a_crash_before_the_marker_is_made_good),
        cmocka_unit_test(content_without_the_marker_is_refused_and_kept),
        cmocka_unit_test(a_marker_without_a_store_stops_the_gateway),
        cmocka_unit_test(any_byte_may_be_damaged_without_harm),
        cmocka_unit_test(a_file_cut_short_is_refused),
        cmocka_unit_test(a_file_that_is_short_for_a_good_reason_opens),
        cmocka_unit_test(a_damaged_value_is_not_handed_out),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(nothing_is_acknowledged_after_a_failed_commit),
        cmocka_unit_test(nothing_is_acknowledged_while_it_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
