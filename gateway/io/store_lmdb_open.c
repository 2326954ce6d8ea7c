#include "io/store_lmdb_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/lmdb_file.h"

#define FILE_MODE 0600
/* More than the first commit leaves. */
#define CREATED_PAGE_COUNT 8u

static const char format_text[] = "referd store";

struct store_lmdb_options store_lmdb_options_default(void)
{
    return (struct store_lmdb_options){
        .map_size = (uint64_t)16 << 30,
        .max_readers = 126,
        .check_pages = true,
    };
}

static void set_path(struct store_lmdb *lmdb, const char *name)
{
    snprintf(lmdb->path, sizeof lmdb->path, "%s/%s", lmdb->folder.path, name);
}

static enum err set_failed(const struct store_lmdb *lmdb, enum err err,
    const char *reason, struct store_problem *problem)
{
    static const char restore[] =
        "restore the whole folder from a backup, and keep this one aside";
    static const char inspect[] =
        "check the disk, its free space and the owner of the files";
    return store_problem_set(problem, err, "%s: %s; %s", lmdb->path, reason,
        err == ERR_CORRUPT ? restore : inspect);
}

static enum err open_env(struct store_lmdb *lmdb, const char *name,
    const struct store_lmdb_options *options, struct store_problem *problem)
{
    MDB_env *env = NULL;
    set_path(lmdb, name);
    int result = mdb_env_create(&env);
    if (result == MDB_SUCCESS && options->map_size > 0)
        result = mdb_env_set_mapsize(env, options->map_size);
    if (result == MDB_SUCCESS)
        result = mdb_env_set_maxreaders(env, options->max_readers);
    if (result == MDB_SUCCESS)
        result = mdb_env_open(env, lmdb->path,
            lmdb->is_beside ? MDB_NOTLS | MDB_RDONLY : MDB_NOTLS, FILE_MODE);
    if (result != MDB_SUCCESS) {
        if (env != NULL)
            mdb_env_close(env);
        return set_failed(
            lmdb, store_lmdb_err(result), mdb_strerror(result), problem);
    }
    lmdb->env = env;
    return ERR_NONE;
}

/* The row's key and value; the value's size. */
static size_t format_row(
    uint8_t key[STORE_LMDB_FORMAT_KEY_SIZE], char *value, size_t size)
{
    memset(key, STORE_LMDB_FORMAT_KEY_BYTE, STORE_LMDB_FORMAT_KEY_SIZE);
    return (size_t)snprintf(
        value, size, "%s %u", format_text, STORE_LMDB_VERSION);
}

static int write_format(MDB_env *env)
{
    MDB_txn *raw = NULL;
    MDB_dbi table;
    uint8_t key[STORE_LMDB_FORMAT_KEY_SIZE];
    char value[sizeof format_text + 16];
    MDB_val v = { format_row(key, value, sizeof value), value };
    MDB_val k = { sizeof key, key };
    int result = mdb_txn_begin(env, NULL, 0, &raw);
    if (result != MDB_SUCCESS)
        return result;
    result = mdb_dbi_open(raw, NULL, 0, &table);
    if (result == MDB_SUCCESS)
        result = mdb_put(raw, table, &k, &v, 0);
    if (result == MDB_SUCCESS)
        return mdb_txn_commit(raw);
    mdb_txn_abort(raw);
    return result;
}

static enum err make(struct store_lmdb *lmdb,
    const struct store_lmdb_options *options, struct store_problem *problem)
{
    enum err err = store_folder_begin(&lmdb->folder, problem);
    if (err == ERR_NONE)
        err = open_env(lmdb, "store.tmp", options, problem);
    if (err != ERR_NONE)
        return err;
    int result = write_format(lmdb->env);
    mdb_env_close(lmdb->env);
    lmdb->env = NULL;
    if (result != MDB_SUCCESS)
        return set_failed(
            lmdb, store_lmdb_err(result), mdb_strerror(result), problem);
    return store_folder_finish(&lmdb->folder, problem);
}

static bool has_to_walk(
    const struct store_lmdb_options *options, const struct lmdb_head *head)
{
    return options->check_pages ||
           head->page_count > head->file_size / head->page_size;
}

static enum err check_file(struct store_lmdb *lmdb,
    const struct store_lmdb_options *options, struct lmdb_head *head,
    struct store_problem *problem)
{
    const char *reason = "the file is not there";
    set_path(lmdb, "store/data.mdb");
    int fd = open(lmdb->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return set_failed(lmdb, errno == ENOENT ? ERR_CORRUPT : ERR_IO,
            errno == ENOENT ? reason : "the file cannot be opened", problem);
    enum err err = lmdb_file_read_head(fd, head, &reason);
    if (err == ERR_NONE && has_to_walk(options, head))
        err = lmdb_file_check(fd, head, &reason);
    close(fd);
    return err == ERR_NONE ? err : set_failed(lmdb, err, reason, problem);
}

/*
 * A store without its marker. A crash while it was made leaves at most the
 * first commit, or less; with the first commit it only lacks the marker.
 * Whatever is more was put here by someone.
 */
static enum err adopt(struct store_lmdb *lmdb, struct store_problem *problem)
{
    struct lmdb_head head = { 0 };
    const struct store_lmdb_options all = { .check_pages = true };
    enum err err = check_file(lmdb, &all, &head, problem);
    if (err == ERR_NONE && head.txn_id == 1)
        return store_folder_mark(&lmdb->folder, problem);
    if (err != ERR_NONE && err != ERR_CORRUPT)
        return err;
    if (err == ERR_CORRUPT || head.txn_id == 0) {
        struct stat status;
        bool is_there = stat(lmdb->path, &status) == 0;
        if (!is_there ||
            (uint64_t)status.st_size <=
                CREATED_PAGE_COUNT * (uint64_t)sysconf(_SC_PAGESIZE)) {
            err = store_folder_remove(&lmdb->folder, "store", problem);
            lmdb->folder.has_store = err != ERR_NONE;
            return err;
        }
    }
    return store_problem_set(problem, ERR_STATE,
        "%s: this store was not made here: %s/store.made is missing; if it "
        "was restored from a backup, restore that file as well, otherwise "
        "move the store away",
        lmdb->path, lmdb->folder.path);
}

static enum err prepare(struct store_lmdb *lmdb,
    const struct store_lmdb_options *options, struct store_problem *problem)
{
    enum err err = ERR_NONE;
    if (lmdb->folder.has_marker && !lmdb->folder.has_store)
        return store_problem_set(problem, ERR_NOT_FOUND,
            "%s/store: the store that was made here is gone; mount the disk "
            "that holds it or restore the folder from a backup. To begin "
            "with nothing, after telling every peer, remove %s/store.made",
            lmdb->folder.path, lmdb->folder.path);
    if (!lmdb->folder.has_marker && lmdb->folder.has_store)
        err = adopt(lmdb, problem);
    if (err == ERR_NONE && !lmdb->folder.has_store)
        err = make(lmdb, options, problem);
    return err;
}

static enum err check_format(
    struct store_lmdb *lmdb, const MDB_val *v, struct store_problem *problem)
{
    uint8_t key[STORE_LMDB_FORMAT_KEY_SIZE];
    char value[sizeof format_text + 16];
    size_t text_size = sizeof format_text - 1;
    struct slice ours = slice_of(value, format_row(key, value, sizeof value));
    struct slice theirs = slice_of(v->mv_data, v->mv_size);
    if (slice_equal(ours, theirs))
        return ERR_NONE;
    if (theirs.size <= text_size + 1 || theirs.size > text_size + 16 ||
        memcmp(theirs.bytes, format_text, text_size) != 0)
        return set_failed(
            lmdb, ERR_CORRUPT, "this is no store of this gateway", problem);
    return store_problem_set(problem, ERR_VERSION,
        "%s: the store has format%.*s, this program reads format %u; use the "
        "program that made it, or follow the upgrade steps in CHANGELOG.md",
        lmdb->path, (int)(theirs.size - text_size),
        (const char *)theirs.bytes + text_size, STORE_LMDB_VERSION);
}

/* Opens the table and reads what the file says it is. */
static enum err open_table(
    struct store_lmdb *lmdb, struct store_problem *problem)
{
    MDB_txn *raw = NULL;
    uint8_t key[STORE_LMDB_FORMAT_KEY_SIZE];
    MDB_val k = { sizeof key, key };
    MDB_val v = { 0 };
    MDB_stat stat;
    memset(key, STORE_LMDB_FORMAT_KEY_BYTE, sizeof key);
    int result = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &raw);
    if (result == MDB_SUCCESS)
        result = mdb_dbi_open(raw, NULL, 0, &lmdb->table);
    if (result == MDB_SUCCESS)
        result = mdb_stat(raw, lmdb->table, &stat);
    if (result == MDB_SUCCESS) {
        lmdb->page_size = stat.ms_psize;
        result = mdb_get(raw, lmdb->table, &k, &v);
    }
    enum err err = ERR_NONE;
    if (result == MDB_SUCCESS || result == MDB_NOTFOUND)
        err = check_format(lmdb, &v, problem);
    else
        err = set_failed(
            lmdb, store_lmdb_err(result), mdb_strerror(result), problem);
    if (raw != NULL)
        mdb_txn_abort(raw);
    return err;
}

static enum err open_made(struct store_lmdb *lmdb,
    const struct store_lmdb_options *options, struct store_problem *problem)
{
    struct lmdb_head head;
    int dead_reader_count = 0;
    enum err err = check_file(lmdb, options, &head, problem);
    if (err == ERR_NONE)
        err = open_env(lmdb, "store", options, problem);
    if (err != ERR_NONE)
        return err;
    int result = mdb_reader_check(lmdb->env, &dead_reader_count);
    if (result != MDB_SUCCESS)
        return set_failed(
            lmdb, store_lmdb_err(result), mdb_strerror(result), problem);
    return open_table(lmdb, problem);
}

static struct store_lmdb *env_new(
    const char *dir, struct store_problem *problem)
{
    struct store_lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL) {
        (void)store_problem_set(
            problem, ERR_NO_MEMORY, "%s: out of memory", dir);
        return NULL;
    }
    lmdb->store.ops = &store_lmdb_env_ops;
    lmdb->folder =
        (struct store_folder){ .path = dir, .fd = -1, .lock_fd = -1 };
    atomic_init(&lmdb->is_broken, false);
    return lmdb;
}

enum err store_lmdb_open_beside(
    const char *dir, struct store **store, struct store_problem *problem)
{
    const struct store_lmdb_options options = { .max_readers = 126 };
    *store = NULL;
    problem->text[0] = 0;
    if (strlen(dir) > STORE_FOLDER_PATH_SIZE_MAX)
        return store_problem_set(
            problem, ERR_LIMIT, "the path of the store is too long");
    struct store_lmdb *lmdb = env_new(dir, problem);
    if (lmdb == NULL)
        return ERR_NO_MEMORY;
    lmdb->is_beside = true;
    enum err err = open_made(lmdb, &options, problem);
    if (err != ERR_NONE) {
        lmdb->store.ops->close(&lmdb->store);
        return err;
    }
    *store = &lmdb->store;
    return ERR_NONE;
}

enum err store_lmdb_open(const char *dir,
    const struct store_lmdb_options *options, struct store **store,
    struct store_problem *problem)
{
    *store = NULL;
    problem->text[0] = 0;
    if (options->map_size < STORE_LMDB_MAP_SIZE_MIN ||
        options->map_size > INT64_MAX || options->max_readers == 0)
        return store_problem_set(problem, ERR_INVALID,
            "%s: the store needs room for %u bytes or more, and a reader", dir,
            STORE_LMDB_MAP_SIZE_MIN);
    struct store_lmdb *lmdb = env_new(dir, problem);
    if (lmdb == NULL)
        return ERR_NO_MEMORY;
    struct store_lmdb_options rounded = *options;
    uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    rounded.map_size = (rounded.map_size + page_size - 1) & ~(page_size - 1);

    enum err err = store_folder_open(dir, &lmdb->folder, problem);
    if (err == ERR_NONE)
        err = prepare(lmdb, &rounded, problem);
    if (err == ERR_NONE)
        err = open_made(lmdb, &rounded, problem);
    if (err != ERR_NONE) {
        lmdb->store.ops->close(&lmdb->store);
        return err;
    }
    *store = &lmdb->store;
    return ERR_NONE;
}
