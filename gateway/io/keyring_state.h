/* keyring_state.h - inside keyring*.c only. */
#ifndef IO_KEYRING_STATE_H
#define IO_KEYRING_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/keyring.h"
#include "io/key_names.h"
#include "io/openssl.h"

/* A private key of ours; of TLS, the hash of its certificate's SPKI, and no
 * key: TLS reads the file itself. */
struct held_key {
    uint32_t number; /* the day, for keys of days */
    uint64_t id;
    EVP_PKEY *key;
    uint8_t public_key[KEY_SIZE];
};

/* Of one purpose, by number, ascending. */
struct held_keys {
    struct held_key items[KEYRING_SIGNER_COUNT_MAX];
    size_t count;
    size_t used; /* index */
};

struct keyring {
    char dir[PRIVATE_PATH_SIZE];
    char day_dir[PRIVATE_PATH_SIZE];
    char tls_key_path[PRIVATE_PATH_SIZE];
    char tls_certificate_path[PRIVATE_PATH_SIZE];
    _Atomic uint64_t version;

    /* Guards what follows; the refreshing thread alone writes, so it reads
     * without. Nothing slow happens under it. */
    pthread_rwlock_t lock;
    struct held_keys purposes[KEY_PURPOSE_COUNT];
    struct held_key days[KEYRING_DAY_COUNT_MAX]; /* by number, ascending */
    size_t day_count;
};

enum key_purpose keyring_purpose(enum crypto_signer signer);

/* Reads one private key file. `algorithm` as key_file_load() has it. */
MUST_USE enum err keyring_load_key(const char *dir, const struct key_name *name,
    uint32_t number, const char *algorithm, struct held_key *held,
    struct keys_problem *problem);

void keyring_lock(struct keyring *keyring);      /* to change */
void keyring_lock_read(struct keyring *keyring); /* to look */
void keyring_unlock(struct keyring *keyring);

/* Sets the paths of the TLS key in use. */
MUST_USE enum err keyring_tls_name(
    struct keyring *keyring, uint32_t number, struct keys_problem *problem);

#endif
