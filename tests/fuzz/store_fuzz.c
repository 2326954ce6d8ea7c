/*
 * The store's folder with a data file of any contents, opened as the gateway
 * does it, with LMDB itself: it is refused with a reason, or every row is read
 * or called damaged, in order, and what is written then is there. Whatever the
 * look at the pages lets pass must not hurt LMDB, and nothing outside of the
 * file is touched. Input: the file.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/file.h"
#include "io/store_lmdb.h"
#include "support/folder.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_SIZE_MAX (256u * 1024)
#define ROW_COUNT_MAX 100000u

static struct {
    char folder[FILE_PATH_SIZE];
    char path[FILE_PATH_SIZE + 32]; /* of the data file */
} desk;

static void desk_end(void)
{
    folder_remove(desk.folder);
}

static enum err open_it(struct store **store, struct store_problem *problem)
{
    struct store_lmdb_options options = store_lmdb_options_default();
    options.map_size = STORE_LMDB_MAP_SIZE_MIN;
    return store_lmdb_open(desk.folder, &options, store, problem);
}

static void desk_init(void)
{
    struct store *store = NULL;
    struct store_problem problem;
    file_directory(desk.folder);
    (void)snprintf(
        desk.path, sizeof desk.path, "%s/store/data.mdb", desk.folder);
    MUST(open_it(&store, &problem) == ERR_NONE);
    store->ops->close(store);
    MUST(atexit(desk_end) == 0);
}

/* How many rows there are; they rise. */
static enum err read_all(struct store *store, size_t *count)
{
    struct store_txn *txn = NULL;
    uint8_t last[STORE_KEY_SIZE_MAX + 1] = { 0 };
    struct slice key = slice_of(last, 0);
    struct slice value;
    MUST(store->ops->begin(store, false, &txn) == ERR_NONE);
    for (*count = 0; store_seek(txn, 0, &key, &value); ++*count) {
        MUST(*count < ROW_COUNT_MAX);
        MUST(key.size > 0 && key.size <= STORE_KEY_SIZE_MAX);
        if (key.size == STORE_KEY_SIZE_MAX)
            return store->ops->commit(txn); /* behind it no key can be asked */
        memcpy(last, key.bytes, key.size);
        last[key.size] = 0;
        key = slice_of(last, key.size + 1);
    }
    return store->ops->commit(txn);
}

static void write_one(struct store *store)
{
    static const uint8_t bytes[6000] = { 7 };
    struct store_txn *txn = NULL;
    if (store->ops->begin(store, true, &txn) != ERR_NONE)
        return;
    store_put(txn, SLICE_LITERAL("m"), SLICE_ARRAY(bytes));
    enum err err = store->ops->commit(txn);
    MUST(err == ERR_NONE || err == ERR_FULL || err == ERR_CORRUPT ||
         err == ERR_IO);
    if (err != ERR_NONE)
        return;
    MUST(store->ops->begin(store, false, &txn) == ERR_NONE);
    MUST(slice_equal(store_get(txn, SLICE_LITERAL("m")), SLICE_ARRAY(bytes)));
    MUST(store->ops->commit(txn) == ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store *store = NULL;
    struct store_problem problem;
    size_t count;
    if (desk.folder[0] == '\0')
        desk_init();
    if (size > FILE_SIZE_MAX)
        return 0;
    int file = open(desk.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    MUST(file >= 0);
    file_hold(file, slice_of(data, size));
    MUST(close(file) == 0);
    enum err err = open_it(&store, &problem);
    MUST((err == ERR_NONE) == (store != NULL));
    if (err != ERR_NONE) {
        MUST(err == ERR_CORRUPT || err == ERR_VERSION || err == ERR_LIMIT);
        MUST(strstr(problem.text, desk.folder) != NULL);
        return 0;
    }
    err = read_all(store, &count);
    MUST(err == ERR_NONE || err == ERR_CORRUPT);
    write_one(store);
    store->ops->close(store);
    return 0;
}
