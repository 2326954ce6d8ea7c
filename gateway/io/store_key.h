/*
 * store_key.h - the slot: the one secret without which nothing in DATA can be
 * read. An X25519 key in PKCS#8 of which the private bytes are the secret; so
 * it is made, encrypted and destroyed as all others are. It is in one of
 * these places, and found by what is there:
 *
 *   credential   CREDENTIALS/store-key, which systemd decrypts for the gateway
 *   file         KEYS/store-1.pem
 *   passphrase   the same, encrypted; the passphrase is the first line of a
 *                file that is named, or of CREDENTIALS/store-passphrase
 *   token        KEYS/store-1.token: the secret, for a key that a PKCS#11 token
 *                holds (store_token.h)
 *
 * In this order: where a file opens the store, it must not look as if only the
 * token did.
 *
 * Keep a copy where the other keys are kept, and never with a copy of DATA.
 */
#ifndef IO_STORE_KEY_H
#define IO_STORE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/port.h"
#include "io/private_file.h"
#include "io/store_slot.h"

#define STORE_KEY_NAME "store-1.pem"
#define STORE_KEY_ALGORITHM "X25519"
/* Half made, or half destroyed. */
#define STORE_KEY_NEXT_NAME "store-1.pem.next"
#define STORE_TOKEN_NAME "store-1.token"
#define STORE_TOKEN_NEXT_NAME "store-1.token.next"
#define STORE_KEY_CREDENTIAL "store-key"
#define STORE_KEY_PASSPHRASE_CREDENTIAL "store-passphrase"

enum store_slot_kind {
    STORE_SLOT_NONE,
    STORE_SLOT_FILE,
    STORE_SLOT_PASSPHRASE,
    STORE_SLOT_CREDENTIAL,
    STORE_SLOT_TOKEN
};

const char *store_slot_kind_name(enum store_slot_kind kind);

/* Where the key is. */
enum store_slot_kind store_slot_find(const struct store_slot *slot);

/* The file that is then looked at, "" for none. */
void store_slot_place(const struct store_slot *slot, enum store_slot_kind kind,
    char path[PRIVATE_PATH_SIZE]);

/* What follows from the secret, one key a purpose. The caller wipes. */
struct store_keys {
    uint8_t rows[KEY_SIZE];     /* of store_sealed.h */
    uint8_t contents[KEY_SIZE]; /* of vault_file.h */
};

/* Errors as key_file_load() and store_token_read(), ERR_NO_MEMORY; *keys is
 * then zeroed. */
MUST_USE enum err store_keys_load(const struct store_slot *slot,
    struct store_keys *keys, struct keys_problem *problem);

void store_keys_wipe(struct store_keys *keys);

/*
 * The key as it is found, written to KEYS/store-1.pem under another passphrase,
 * or none, in one step; what was in KEYS before is destroyed. Errors as
 * store_keys_load() and key_file_create().
 */
MUST_USE enum err store_key_reseal(const struct store_slot *slot,
    const char *passphrase_path, struct keys_problem *problem);

/* The same to KEYS/store-1.token, for the token of the slot. Errors as
 * store_keys_load() and store_token_create(). */
MUST_USE enum err store_key_to_token(
    const struct store_slot *slot, struct keys_problem *problem);

/* The key as it is found, not encrypted, in a new file: for systemd-creds.
 * Errors as store_key_reseal(), ERR_EXISTS. */
MUST_USE enum err store_key_export(const struct store_slot *slot,
    const char *path, struct keys_problem *problem);

/* A new one: for the token, where the slot names one, and then in no file as it
 * is; else in KEYS/store-1.pem. ERR_EXISTS, ERR_IO, ERR_NO_MEMORY; errors of
 * store_token_create(). */
MUST_USE enum err store_key_make(
    const struct store_slot *slot, struct keys_problem *problem);

/* KEYS/store-1.pem and store-1.token are overwritten and gone, and what is left
 * of making or destroying them. ERR_IO: some of it may still be there. */
MUST_USE enum err store_key_destroy(
    const char *keys_dir, struct keys_problem *problem);

#endif
