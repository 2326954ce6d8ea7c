#include "daemon/storage.h"

#include "io/instance_file.h"
#include "io/panic_file.h"
#include "io/store_key.h"
#include "io/store_lmdb.h"
#include "io/store_pages.h"
#include "io/store_sealed.h"
#include "io/vault_file.h"

/* As it is on disk: nothing needs to be read. */
static enum err has_rows(struct store *store, bool *is_there)
{
    struct store_txn *txn;
    struct slice key = SLICE_NONE;
    struct slice value;
    enum err err = store->ops->begin(store, false, &txn);
    if (err != ERR_NONE)
        return err;
    *is_there = store_seek(txn, 0, &key, &value);
    err = txn->err;
    store->ops->abort(txn);
    return err;
}

/* A store without its vault is a loss, not a new gateway. */
static enum err vault_open(const char *data, const struct store_keys *keys,
    struct storage *storage, struct store_problem *problem)
{
    struct keys_problem said;
    char path[PRIVATE_PATH_SIZE];
    bool is_old = true;
    enum err err = has_rows(storage->store, &is_old);
    if (err != ERR_NONE)
        return store_problem_set(problem, err,
            "%s: the store cannot be read: %s", data, err_text(err));
    err = private_path(data, STORAGE_VAULT_NAME, path, &said);
    if (err == ERR_NONE)
        err = vault_file_open(
            path, keys->contents, !is_old, &storage->vault, &said);
    return err == ERR_NONE ? ERR_NONE
                           : store_problem_set(problem, err, "%s", said.text);
}

static enum err seal(const char *data, const struct store_slot *slot,
    const struct store_keys *keys, struct storage *storage,
    struct store_problem *problem)
{
    struct store *sealed;
    struct store *paged = NULL;
    char place[PRIVATE_PATH_SIZE];
    enum err err = store_sealed_open(storage->store, keys->rows, &sealed);
    store_slot_place(slot, storage->slot, place);
    if (err == ERR_KEY)
        return store_problem_set(problem, err,
            "%s: the store was sealed with another key than %s; restore the "
            "key that belongs to it",
            data, place);
    if (err != ERR_NONE)
        return store_problem_set(problem, err,
            "%s: the store cannot be opened: %s", data, err_text(err));
    storage->store = sealed;
    err = store_pages_open(sealed, STORE_PAGES_TABLES, &paged);
    if (err != ERR_NONE)
        return store_problem_set(problem, err, "%s: out of memory", data);
    storage->store = paged;
    return ERR_NONE;
}

enum err storage_open(const char *data, const struct store_slot *slot,
    uint64_t map_size, struct storage *storage, struct store_problem *problem)
{
    struct store_keys derived;
    struct keys_problem said;
    struct store_lmdb_options options = store_lmdb_options_default();
    options.map_size = map_size;
    *storage = (struct storage){ .slot = store_slot_find(slot) };
    if (panic_file_is_there(data))
        return store_problem_set(problem, ERR_STATE,
            "%s/" PANIC_FILE_NAME ": referctl panic destroyed the keys of this "
            "store, and nothing in it can be read any more. To begin again "
            "with what other agencies hold: referctl key slot new",
            data);
    enum err err = instance_file_read(slot->keys, &storage->mark, &said);
    if (err == ERR_NONE)
        err = store_keys_load(slot, &derived, &said);
    if (err != ERR_NONE)
        return store_problem_set(problem, err, "%s", said.text);
    err = store_lmdb_open(data, &options, &storage->store, problem);
    if (err == ERR_NONE)
        err = vault_open(data, &derived, storage, problem);
    if (err == ERR_NONE)
        err = seal(data, slot, &derived, storage, problem);
    store_keys_wipe(&derived);
    if (err != ERR_NONE)
        storage_close(storage);
    return err;
}

void storage_close(struct storage *storage)
{
    if (storage->store != NULL)
        storage->store->ops->close(storage->store);
    if (storage->vault != NULL)
        storage->vault->ops->close(storage->vault);
    *storage = (struct storage){ 0 };
}
