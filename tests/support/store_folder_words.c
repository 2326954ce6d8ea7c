#include "support/store_folder_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum err try_open(
    const char *path, struct store **store, struct store_problem *problem)
{
    struct store_lmdb_options options = store_lmdb_options_default();
    options.map_size = MAP_SIZE;
    return store_lmdb_open(path, &options, store, problem);
}

struct store *open_store(const char *path)
{
    struct store *store = NULL;
    struct store_problem problem;
    if (try_open(path, &store, &problem) != ERR_NONE)
        fail_msg("%s", problem.text);
    assert_non_null(store);
    return store;
}

void expect_refused(const char *path, enum err expected, const char *words)
{
    struct store *store = NULL;
    struct store_problem problem;
    assert_int_equal(try_open(path, &store, &problem), expected);
    assert_null(store);
    assert_non_null(strstr(problem.text, path));
    if (strstr(problem.text, words) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", problem.text, words);
}

struct store_txn *begin(struct store *store, bool writes)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store->ops->begin(store, writes, &txn), ERR_NONE);
    return txn;
}

struct slice number_key(unsigned number, char key[16])
{
    return slice_of(key, (size_t)snprintf(key, 16, "n%06u", number));
}

enum err put_number(struct store *store, unsigned number)
{
    char key[16];
    struct store_txn *txn = begin(store, true);
    store_put(txn, number_key(number, key), slice_of_text("here"));
    return store->ops->commit(txn);
}

bool has_number(struct store *store, unsigned number)
{
    char key[16];
    struct store_txn *txn = begin(store, false);
    struct slice value = store_get(txn, number_key(number, key));
    assert_int_equal(txn->err, ERR_NONE);
    store->ops->abort(txn);
    return slice_is(value, "here");
}

void join_path(char text[TEXT_SIZE], const char *path, const char *name)
{
    snprintf(text, TEXT_SIZE, "%s/%s", path, name);
}

void write_file(const char *path, const char *name, const char *words)
{
    char text[TEXT_SIZE];
    join_path(text, path, name);
    FILE *file = fopen(text, "w");
    assert_non_null(file);
    assert_true(fputs(words, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void make_folder(const char *path, const char *name)
{
    char text[TEXT_SIZE];
    join_path(text, path, name);
    assert_int_equal(mkdir(text, 0700), 0);
}

bool exists(const char *path, const char *name)
{
    char text[TEXT_SIZE];
    struct stat status;
    join_path(text, path, name);
    return stat(text, &status) == 0;
}

off_t data_size(const char *path)
{
    char text[TEXT_SIZE];
    struct stat status;
    join_path(text, path, "store/data.mdb");
    assert_int_equal(stat(text, &status), 0);
    return status.st_size;
}

void remove_file(const char *path, const char *name)
{
    char text[TEXT_SIZE];
    join_path(text, path, name);
    assert_int_equal(unlink(text), 0);
}
