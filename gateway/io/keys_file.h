/*
 * keys_file.h - the keys of a gateway on disk: a directory that only its owner
 * may enter.
 *
 *   root.pem          Ed25519, signs cards, agreements, revocations; needed for
 *                     nothing else, so it may live elsewhere, offline
 *   root.pub          its public half, which stays
 *   log-1.pem         Ed25519, one purpose each; the highest number is used
 *   witness-1.pem
 *   operation-1.pem
 *   last-resort-1.pem X25519; all numbers open messages
 *   store-1.pem       X25519, the secret of the store (store_key.h)
 *   tls-1.pem         Ed25519 or P-256, and tls-1.crt, its certificate
 *   day/20779.pem     X25519, one a day, by days since 1970-01-01
 *
 * Private keys are PKCS#8 in PEM, all files 0600; a private key that group or
 * others have any right to is refused. Nothing is ever overwritten. Every error
 * sets *problem. Day keys must not be in backups; the rest must be.
 */
#ifndef IO_KEYS_FILE_H
#define IO_KEYS_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"
#include "io/private_file.h"

#define KEYS_ROOT_NAME "root.pem"
#define KEYS_ROOT_PUBLIC_NAME "root.pub"
#define KEYS_DAY_NAME "day"

/*
 * Makes the directory, which may be there if it is empty, and every key but
 * those of days. `root_passphrase` NULL leaves the root key unencrypted. After
 * an error what was made is destroyed again.
 *   ERR_EXISTS   the directory holds something
 *   ERR_KEY      it is there, and others may enter it
 *   ERR_INVALID  the path is too long, the passphrase empty or too long
 *   ERR_IO, ERR_NO_MEMORY
 */
MUST_USE enum err keys_create(
    const char *dir, const char *root_passphrase, struct keys_problem *problem);

/* The same with the root key in another directory, such as a stick; that is
 * made as well, and may hold other things. */
MUST_USE enum err keys_create_apart(const char *dir, const char *root_dir,
    const char *root_passphrase, struct keys_problem *problem);

/* The root's public key, from DIR/root.pub; needs no passphrase.
 * ERR_NOT_FOUND, ERR_MALFORMED, ERR_KEY, ERR_IO. */
MUST_USE enum err root_public(const char *dir, uint8_t public_key[KEY_SIZE],
    struct keys_problem *problem);

/* The root key at `path` can be used: it is there, and that is its passphrase.
 * Errors of root_sign(). */
MUST_USE enum err root_unlock(const char *path, const char *passphrase,
    uint8_t public_key[KEY_SIZE], struct keys_problem *problem);

/*
 * Reads the root key at `path`, signs exactly `message` (its own prefix
 * included, by the caller), forgets the key. `public_key` is its public half,
 * to be compared with the one expected.
 *   ERR_NOT_FOUND  there is no such file
 *   ERR_KEY        wrong or missing passphrase, loose mode, no Ed25519 key
 *   ERR_MALFORMED, ERR_LIMIT, ERR_IO, ERR_NO_MEMORY
 */
MUST_USE enum err root_sign(const char *path, const char *passphrase,
    struct slice message, uint8_t signature[SIGNATURE_SIZE],
    uint8_t public_key[KEY_SIZE], struct keys_problem *problem);

#endif
