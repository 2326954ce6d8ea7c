/*
 * vault_copy.h - the copy of a vault that a backup keeps: one file, renewed in
 * place each time, never a row of old ones. What was destroyed in the vault is
 * overwritten in its copy, too, the next time; until then, and where the copy
 * was copied again, it is not.
 */
#ifndef IO_VAULT_COPY_H
#define IO_VAULT_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "io/private_file.h"
#include "io/vault_file.h"

/*
 * Makes the file at `to` the same as the vault at `from`, which may be in use:
 * it is made whole or not at all where there is none, else renewed in place.
 *   ERR_EXISTS   `to` is the copy of another vault
 *   ERR_INVALID  the path is too long
 *   ERR_NOT_FOUND, ERR_KEY, ERR_CORRUPT  as vault_file_open(), of either
 *   ERR_IO, ERR_NO_MEMORY
 */
MUST_USE enum err vault_copy_renew(
    const char *from, const char *to, struct keys_problem *problem);

#endif
