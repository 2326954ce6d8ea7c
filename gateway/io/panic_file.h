/*
 * panic_file.h - what `referctl panic` does to a gateway's files: the secrets
 * without which nothing in DATA can be read are overwritten and gone, and
 * DATA/panicked says so, so that an empty slot is no riddle afterwards.
 */
#ifndef IO_PANIC_FILE_H
#define IO_PANIC_FILE_H

#include <stdbool.h>

#include "io/private_file.h"

#define PANIC_FILE_NAME "panicked"

/* It was done here, and nobody has begun again. */
bool panic_file_is_there(const char *data);

/*
 * Destroys the store's key, the vault and the keys of days, in this order, and
 * as much of it as can be: an error names the first that could not. The store
 * itself stays: ciphertext without a key. Done again it does no harm.
 */
MUST_USE enum err panic_file_destroy(
    const char *data, const char *keys_dir, struct keys_problem *problem);

/* The mark goes: somebody begins again. ERR_INVALID, ERR_IO. */
MUST_USE enum err panic_file_clear(
    const char *data, struct keys_problem *problem);

#endif
