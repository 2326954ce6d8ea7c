#include "referctl/store_here.h"

#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/node.h"
#include "core/node_state.h"
#include "core/scrub_again.h"
#include "io/card_file.h"
#include "io/crypto_openssl.h"
#include "io/instance_file.h"
#include "io/keyring.h"
#include "io/random_openssl.h"
#include "io/store_key.h"
#include "io/store_lmdb.h"
#include "io/store_pages.h"
#include "io/store_sealed.h"
#include "io/vault_file.h"

#define MEMORY_SIZE (64u * 1024 * 1024)
#define VAULT_NAME "vault"
#define ENTRY_CHUNK 1024u

struct store_here {
    const char *data;
    const char *keys_dir;
    char vault_path[PRIVATE_PATH_SIZE];
    struct store_slot slot;
    struct store *store; /* as the gateway has it */
    struct store *rows;  /* beneath its pages: what is sealed, row by row */
    struct vault *vault;
    struct keyring *keyring;
    struct crypto *crypto;
    struct arena memory;
    struct arena batch;
    struct arena scratch;
    struct arena papers;
    struct slice card;
    struct node_options options;
    struct node *node;
    int64_t now_ms;
    bool is_started;
};

/* ---- Opening ------------------------------------------------------------- */

static enum err arenas_open(struct store_here *here)
{
    enum err err = arena_init(&here->memory, MEMORY_SIZE);
    if (err == ERR_NONE)
        err = arena_init(&here->batch, BATCH_ARENA_SIZE);
    if (err == ERR_NONE)
        err = arena_init(&here->scratch, DECODE_ARENA_SIZE);
    return err == ERR_NONE ? arena_init(&here->papers, 1u << 20) : err;
}

static enum err keys_open(struct store_here *here, struct keys_problem *problem)
{
    enum err err = keyring_open(here->keys_dir, &here->keyring, problem);
    if (err == ERR_NONE)
        err = crypto_openssl_new(here->keyring, &here->crypto);
    if (err == ERR_NONE)
        err = card_file_read(here->data, &here->papers, &here->card, problem);
    return err;
}

static enum err sealed_open(struct store_here *here,
    const struct store_keys *keys, struct store_problem *problem)
{
    struct keys_problem said = { .text = "" };
    struct store *sealed = NULL;
    struct store_lmdb_options options = store_lmdb_options_default();
    enum err err = store_lmdb_open(here->data, &options, &here->store, problem);
    if (err != ERR_NONE)
        return err;
    err = private_path(here->data, VAULT_NAME, here->vault_path, &said);
    if (err == ERR_NONE)
        err = vault_file_open(
            here->vault_path, keys->contents, false, &here->vault, &said);
    if (err != ERR_NONE)
        return store_problem_set(problem, err, "%s", said.text);
    err = store_sealed_open(here->store, keys->rows, &sealed);
    if (err == ERR_NONE) {
        here->store = sealed;
        here->rows = sealed;
        err = store_pages_open(sealed, STORE_PAGES_TABLES, &here->store);
    } else
        (void)store_problem_set(problem, err,
            "%s: the store cannot be opened with the key of %s: %s; its first "
            "row is damaged, or the key is another's",
            here->data, here->keys_dir, err_text(err));
    return err;
}

static enum err open_all(struct store_here *here, struct store_problem *problem)
{
    struct store_keys keys;
    struct keys_problem said = { .text = "out of memory" };
    enum err err = arenas_open(here);
    if (err == ERR_NONE)
        err = keys_open(here, &said);
    if (err == ERR_NONE)
        err = store_keys_load(&here->slot, &keys, &said);
    if (err != ERR_NONE)
        return store_problem_set(problem, err, "%s", said.text);
    err = sealed_open(here, &keys, problem);
    store_keys_wipe(&keys);
    return err;
}

enum err store_here_open(const char *data, const struct store_slot *slot,
    int64_t now_ms, struct store_here **out, struct store_problem *problem)
{
    *out = NULL;
    struct store_here *here = calloc(1, sizeof *here);
    if (here == NULL)
        return store_problem_set(
            problem, ERR_NO_MEMORY, "%s: out of memory", data);
    here->data = data;
    here->keys_dir = slot->keys;
    here->slot = *slot;
    here->now_ms = now_ms;
    enum err err = open_all(here, problem);
    if (err == ERR_NONE)
        *out = here;
    else
        store_here_close(here);
    return err;
}

void store_here_close(struct store_here *here)
{
    if (here == NULL)
        return;
    if (here->store != NULL)
        here->store->ops->close(here->store);
    if (here->vault != NULL)
        here->vault->ops->close(here->vault);
    if (here->crypto != NULL)
        crypto_openssl_free(here->crypto);
    keyring_close(here->keyring);
    arena_release(&here->memory);
    arena_release(&here->batch);
    arena_release(&here->scratch);
    arena_release(&here->papers);
    free(here);
}

const char *store_here_vault(const struct store_here *here)
{
    return here->vault_path;
}

bool store_here_vault_is_old(const struct store_here *here)
{
    return here->is_started &&
           here->vault->ops->changes(here->vault) < here->node->vault_changes;
}

/* ---- Looking ------------------------------------------------------------- */

static enum err batch_begin(struct store_here *here, struct store_txn **txn)
{
    struct store_usage usage;
    here->store->ops->usage(here->store, &usage);
    enum err err = here->store->ops->begin(here->store, true, txn);
    if (err == ERR_NONE)
        node_begin(here->node, *txn, &usage);
    return err;
}

/* As node_finish() would: what was read lies in the batch's arena. */
static void batch_forget(struct store_here *here)
{
    for (size_t i = 0; i < here->node->peer_count; i++) {
        struct peer *peer = here->node->peers[i];
        peer->out = NULL;
        peer->in = NULL;
        peer->card = NULL;
        peer->sheet = NULL;
    }
    node_release(here->node);
}

/* Nothing of it is kept. */
static void batch_end(struct store_here *here, struct store_txn *txn)
{
    here->store->ops->abort(txn);
    batch_forget(here);
}

static enum err start(struct store_here *here)
{
    struct store_txn *txn;
    struct node_input input = {
        .type = NODE_START, .now = { here->now_ms }, .of.start.card = here->card
    };
    here->node = node_new(&here->options, here->crypto, here->vault,
        &here->memory, &here->batch, &here->scratch);
    if (here->node == NULL ||
        random_fill(input.entropy, sizeof input.entropy) != ERR_NONE)
        return ERR_NO_MEMORY;
    enum err err = batch_begin(here, &txn);
    if (err != ERR_NONE)
        return err;
    err = node_step(here->node, &input);
    batch_end(here, txn);
    here->is_started = err == ERR_NONE;
    return err;
}

/* A batch of a gateway that has begun, at this time. */
static enum err begin(struct store_here *here, struct store_txn **txn)
{
    enum err err = here->is_started ? ERR_NONE : start(here);
    if (err == ERR_NONE)
        err = batch_begin(here, txn);
    if (err == ERR_NONE)
        here->node->work.now.unix_ms = here->now_ms;
    return err;
}

enum err store_here_check(struct store_here *here, struct scrub *scrub,
    const struct scrub_watch *watch)
{
    struct store_txn *txn;
    enum err err = begin(here, &txn);
    if (err != ERR_NONE)
        return err;
    scrub_go_on(&here->node->work, scrub, watch);
    err = txn->err;
    batch_end(here, txn);
    return err;
}

/* A piece of the rows from there on; *is_over after the last. */
static enum err rows_piece(struct store_here *here, struct key *from,
    void (*damaged)(void *user, struct slice key), void *user,
    uint64_t *row_count, bool *is_over)
{
    struct store_txn *txn;
    enum err err = here->rows->ops->begin(here->rows, false, &txn);
    for (int i = 0; err == ERR_NONE && i < 256 && !*is_over; i++) {
        struct slice key = key_slice(from);
        struct slice value;
        err = txn->ops->probe(txn, 0, &key, &value, false);
        *is_over = err == ERR_NOT_FOUND;
        if (err == ERR_CORRUPT)
            damaged(user, key);
        if (err == ERR_CORRUPT || err == ERR_NONE) {
            (*row_count)++;
            from->size = key.size < KEY_BYTES_MAX ? key.size + 1 : 0;
            if (from->size == 0)
                *is_over = true;
            else
                memcpy(from->bytes, key.bytes, key.size);
            if (from->size > 0)
                from->bytes[key.size] = 0;
            err = ERR_NONE;
        }
    }
    if (err == ERR_NOT_FOUND)
        err = ERR_NONE;
    here->rows->ops->abort(txn);
    return err;
}

enum err store_here_rows(struct store_here *here,
    void (*damaged)(void *user, struct slice key), void *user,
    uint64_t *row_count)
{
    struct key from = { .bytes = { 1 }, .size = 1 };
    bool is_over = false;
    enum err err = ERR_NONE;
    *row_count = 0;
    while (err == ERR_NONE && !is_over)
        err = rows_piece(here, &from, damaged, user, row_count, &is_over);
    return err;
}

/* ---- Changing ------------------------------------------------------------ */

enum err store_here_again(struct store_here *here, const struct key *keys,
    size_t count, size_t *written)
{
    struct store_txn *txn;
    *written = 0;
    enum err err = begin(here, &txn);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < count && txn->err == ERR_NONE; i++)
        *written += again_write(&here->node->work, &keys[i]);
    err = here->store->ops->commit(txn);
    batch_forget(here);
    return err;
}

enum err store_here_drop(
    struct store_here *here, const struct key *keys, size_t count)
{
    struct store_txn *txn;
    enum err err = here->rows->ops->begin(here->rows, true, &txn);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < count; i++)
        store_del(txn, key_slice(&keys[i]));
    return here->rows->ops->commit(txn);
}

/* Nobody is to read with them what is left in free pages. */
static enum err entries_destroy(struct store_here *here)
{
    uint64_t entries[ENTRY_CHUNK];
    enum err err = ERR_NONE;
    uint64_t next = VAULT_ENTRY_COMMON + 1;
    while (err == ERR_NONE && next < here->node->entry_next) {
        size_t count = 0;
        while (count < ENTRY_CHUNK && next < here->node->entry_next)
            entries[count++] = next++;
        err = here->vault->ops->destroy(here->vault, entries, count);
    }
    return err;
}

static enum err table_drop(struct store_txn *txn, char letter)
{
    struct key from = { .bytes = { (uint8_t)letter }, .size = 1 };
    for (;;) {
        struct slice key = key_slice(&from);
        struct slice value;
        enum err err =
            txn->ops->probe(txn, KEY_TABLE_SIZE, &key, &value, false);
        if (err == ERR_NOT_FOUND)
            return ERR_NONE;
        if (err != ERR_NONE && err != ERR_CORRUPT)
            return err;
        struct key row = { .size = key.size };
        memcpy(row.bytes, key.bytes, key.size);
        store_del(txn, key_slice(&row));
        if (txn->err != ERR_NONE)
            return txn->err;
    }
}

enum err store_here_drop_table(struct store_here *here, char letter)
{
    struct store_txn *txn;
    enum err err = here->rows->ops->begin(here->rows, true, &txn);
    if (err != ERR_NONE)
        return err;
    err = table_drop(txn, letter);
    if (err == ERR_NONE)
        return here->rows->ops->commit(txn);
    here->rows->ops->abort(txn);
    return err;
}

enum err store_here_rebuild(struct store_here *here)
{
    static const char letters[] = "lgeorfcd";
    const struct instance_mark mark = { .is_there = true };
    struct keys_problem problem;
    struct store_txn *txn;
    enum err err = here->is_started ? ERR_NONE : start(here);
    /* in this order: ended in between, it can be done again */
    if (err == ERR_NONE)
        err = instance_file_write(here->keys_dir, &mark, &problem);
    if (err == ERR_NONE)
        err = entries_destroy(here);
    if (err == ERR_NONE)
        err = here->rows->ops->begin(here->rows, true, &txn);
    if (err != ERR_NONE)
        return err;
    for (const char *at = letters; *at != '\0' && err == ERR_NONE; at++)
        err = table_drop(txn, *at);
    if (err == ERR_NONE)
        return here->rows->ops->commit(txn);
    here->rows->ops->abort(txn);
    return err;
}
