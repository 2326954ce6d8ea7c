/*
 * vault_file.h - the vault (core/port.h) as one file: a row of random numbers,
 * one an entry, which are overwritten in place when they are destroyed. The
 * key of an entry follows from its number and the secret of the slot together,
 * so that neither the file nor the slot alone opens anything.
 *
 *   identity  32 bytes, random: two vaults of one secret have other keys
 *   count     8 bytes, big-endian: so many entries are there
 *   changes   8 bytes, big-endian: so often some were made or destroyed
 *   check     16 bytes: the beginning of SHA-256 over all before it
 *   entries   32 bytes each; all zero: destroyed
 *
 * Overwriting in place is worth nothing on copy-on-write file systems and
 * little on flash: there, an encrypted disk does what this cannot.
 */
#ifndef IO_VAULT_FILE_H
#define IO_VAULT_FILE_H

#include <stdint.h>

#include "core/port.h"
#include "io/private_file.h"

/* Made at one time: one flush for so many referrals. */
#define VAULT_FILE_STEP 4096u

/*
 * Opens the file, or makes it with no entries where there is none and
 * `may_make`. The secret is copied. Every error sets *problem.
 *   ERR_NOT_FOUND  there is none
 *   ERR_KEY        others may read or change it
 *   ERR_CORRUPT    it is cut short or damaged, or is no vault
 *   ERR_IO, ERR_NO_MEMORY
 * Errors of the vault's own operations leave it as usable as it was.
 */
MUST_USE enum err vault_file_open(const char *path,
    const uint8_t secret[KEY_SIZE], bool may_make, struct vault **vault,
    struct keys_problem *problem);

#define VAULT_FILE_IDENTITY_SIZE 32
#define VAULT_FILE_HEAD_SIZE 64

/* What a vault says of itself, without any secret. */
struct vault_look {
    uint8_t identity[VAULT_FILE_IDENTITY_SIZE];
    uint64_t count; /* entries, destroyed or not */
    uint64_t changes;
    uint64_t size; /* of the file, by the count */
    uint8_t head[VAULT_FILE_HEAD_SIZE];
};

/* Of one that may be in use. Errors as vault_file_open(). */
MUST_USE enum err vault_file_look(
    const char *path, struct vault_look *look, struct keys_problem *problem);

#endif
