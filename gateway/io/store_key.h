/*
 * store_key.h - the slot: the one secret without which nothing in DATA can be
 * read. KEYS/store-1.pem, an X25519 key in PKCS#8 of which the private bytes
 * are the secret; so it is made, encrypted and destroyed as all others are.
 * Keep a copy where the other keys are kept, and never with a copy of DATA.
 */
#ifndef IO_STORE_KEY_H
#define IO_STORE_KEY_H

#include <stdint.h>

#include "base/err.h"
#include "core/port.h"
#include "io/private_file.h"

#define STORE_KEY_NAME "store-1.pem"
#define STORE_KEY_ALGORITHM "X25519"

/* What follows from the secret, one key a purpose. The caller wipes. */
struct store_keys {
    uint8_t rows[KEY_SIZE];     /* of store_sealed.h */
    uint8_t contents[KEY_SIZE]; /* of vault_file.h */
};

/* From the directory of keys; `passphrase` may be NULL. Errors as
 * key_file_load(), ERR_NO_MEMORY; *keys is then zeroed. */
MUST_USE enum err store_keys_load(const char *dir, const char *passphrase,
    struct store_keys *keys, struct keys_problem *problem);

void store_keys_wipe(struct store_keys *keys);

#endif
