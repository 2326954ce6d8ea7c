/*
 * storage.h - what a gateway has on disk beside its keys: the store, sealed,
 * and the vault of its contents' keys. The three belong together: any one of
 * them without the others is refused, with what to restore.
 */
#ifndef DAEMON_STORAGE_H
#define DAEMON_STORAGE_H

#include <stdint.h>

#include "core/instance.h"
#include "core/port.h"
#include "io/store_folder.h"
#include "io/store_key.h"

/* The vault's file in DATA. */
#define STORAGE_VAULT_NAME "vault"

struct storage {
    struct store *store;
    struct vault *vault;
    struct instance_mark mark; /* that was found beside the keys */
    enum store_slot_kind slot; /* where its key was */
};

/*
 * Opens DATA, or makes what belongs into it where there never was a store.
 * After an end that was not clean every page is looked at. Every error sets
 * *problem: those of store_lmdb_open(), vault_file_open(), store_keys_load(),
 * store_sealed_open() and instance_file_read().
 */
MUST_USE enum err storage_open(const char *data, const struct store_slot *slot,
    uint64_t map_size, struct storage *storage, struct store_problem *problem);

void storage_close(struct storage *storage);

#endif
