/* Does the store on disk survive what happens to processes and folders? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/store_folder_words.h"

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

/* As referctl backup has it: another process, while this one works. */
static void who_reads_beside_it_sees_one_moment_and_locks_nobody_out(
    void **state)
{
    (void)state;
    char path[FOLDER_PATH_SIZE];
    int ready[2];
    int go[2];
    char byte = 0;
    folder_make(path);
    struct store *store = open_store(path);
    assert_int_equal(put_number(store, 1), ERR_NONE);
    assert_true(pipe(ready) == 0 && pipe(go) == 0);
    store->ops->close(store); /* no environment outlives a fork */
    pid_t child = fork();
    if (child == 0) {
        struct store *beside = NULL;
        struct store_problem problem;
        struct store_txn *txn = NULL;
        struct store_txn *writing = NULL;
        char key[16];
        bool good =
            read(go[0], &byte, 1) == 1 &&
            store_lmdb_open_beside(path, &beside, &problem) == ERR_NONE &&
            beside->ops->begin(beside, false, &txn) == ERR_NONE &&
            write(ready[1], "r", 1) == 1 && read(go[0], &byte, 1) == 1;
        good = good && store_get(txn, number_key(1, key)).bytes != NULL &&
               store_get(txn, number_key(2, key)).bytes == NULL &&
               txn->err == ERR_NONE &&
               beside->ops->begin(beside, true, &writing) != ERR_NONE;
        _exit(good ? 0 : 1); /* without ending it, as when it is killed */
    }
    store = open_store(path);
    assert_int_equal(write(go[1], "g", 1), 1);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    for (unsigned i = 2; i < 50; i++)
        assert_int_equal(put_number(store, i), ERR_NONE);
    assert_int_equal(write(go[1], "g", 1), 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* what a dead reader saw is used again: the file stops growing */
    for (unsigned i = 50; i < 100; i++)
        assert_int_equal(put_number(store, i % 5), ERR_NONE);
    struct store_usage usage;
    store->ops->usage(store, &usage);
    off_t size = data_size(path);
    for (unsigned i = 0; i < 400; i++) {
        assert_int_equal(put_number(store, i % 5), ERR_NONE);
        store->ops->usage(store, &usage);
    }
    assert_true(data_size(path) <= size + 16 * 4096);
    store->ops->close(store);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(close(ready[i]), 0);
        assert_int_equal(close(go[i]), 0);
    }
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
        bool is_folder;
        mode_t mode;
    } expected[] = {
        { "store", true, 0700 },
        { "store/data.mdb", false, 0600 },
        { "store/lock.mdb", false, 0600 },
        { "store.made", false, 0600 },
        { "lock", false, 0600 },
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
        assert_int_equal(S_ISDIR(status.st_mode) != 0, expected[i].is_folder);
        assert_int_equal(status.st_mode & 07777, expected[i].mode);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_is_there_after_reopening),
        cmocka_unit_test(
            a_process_that_ends_in_mid_transaction_leaves_nothing_of_it),
        cmocka_unit_test(what_was_acknowledged_outlives_kill_9),
        cmocka_unit_test(two_processes_do_not_share_a_folder),
        cmocka_unit_test(a_second_writer_waits_for_the_first),
        cmocka_unit_test(
            who_reads_beside_it_sees_one_moment_and_locks_nobody_out),
        cmocka_unit_test(more_readers_than_agreed_are_refused),
        cmocka_unit_test(only_the_owner_may_read),
        cmocka_unit_test(a_folder_others_may_write_to_is_refused),
        cmocka_unit_test(a_folder_that_is_not_there_is_not_made),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(a_store_half_made_is_made_anew),
        cmocka_unit_test(a_crash_before_the_marker_is_made_good),
        cmocka_unit_test(content_without_the_marker_is_refused_and_kept),
        cmocka_unit_test(a_marker_without_a_store_stops_the_gateway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
