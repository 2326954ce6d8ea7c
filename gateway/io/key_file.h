/*
 * key_file.h - one key in one PEM file: private keys as PKCS#8, if wished
 * encrypted under a passphrase (PBES2: PBKDF2-HMAC-SHA256, AES-256-CBC).
 */
#ifndef IO_KEY_FILE_H
#define IO_KEY_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "core/port.h"
#include "io/private_file.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* What anything of ours in PEM takes, with room for people's remarks. */
#define KEY_FILE_SIZE_MAX 16384
#define KEY_PASSPHRASE_SIZE_MAX 1024
/* Rounds of PBKDF2: some tenths of a second, once a signature of the root. */
#define KEY_PASSPHRASE_ROUNDS 600000

/*
 * Reads a private key of that algorithm ("ED25519", "X25519"; NULL for any).
 * The caller frees *key. Beside the errors of private_file_read():
 *   ERR_KEY        the passphrase is wrong or missing; another algorithm
 *   ERR_MALFORMED  no private key in PEM
 */
MUST_USE enum err key_file_load(const char *path, const char *algorithm,
    const char *passphrase, struct evp_pkey_st **key,
    struct keys_problem *problem);

/* The same from what such a file holds; `path` is what it is called. */
MUST_USE enum err key_file_decode(const char *path, struct slice pem,
    const char *algorithm, const char *passphrase, struct evp_pkey_st **key,
    struct keys_problem *problem);

/* Errors of private_file_create(); ERR_INVALID for a passphrase that is empty
 * or too long, ERR_NO_MEMORY. NULL: not encrypted. */
MUST_USE enum err key_file_create(const char *path, struct evp_pkey_st *key,
    const char *passphrase, struct keys_problem *problem);

/* The public half alone, as SubjectPublicKeyInfo in PEM. */
MUST_USE enum err key_file_create_public(
    const char *path, struct evp_pkey_st *key, struct keys_problem *problem);
MUST_USE enum err key_file_load_public(const char *path, const char *algorithm,
    uint8_t public_key[KEY_SIZE], struct keys_problem *problem);
/* The same from what such a file holds. */
MUST_USE enum err key_file_decode_public(const char *path, struct slice pem,
    const char *algorithm, uint8_t public_key[KEY_SIZE],
    struct keys_problem *problem);

#endif
