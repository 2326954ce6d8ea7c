/* passphrase.h - a secret that people type: the first line of a file. */
#ifndef IO_PASSPHRASE_H
#define IO_PASSPHRASE_H

#include "base/err.h"
#include "io/key_file.h"
#include "io/private_file.h"

/*
 * `path` "-" is standard input. The caller wipes. Errors as
 * private_file_read(), ERR_IO for standard input.
 */
MUST_USE enum err passphrase_read(const char *path, enum private_file_kind kind,
    char text[KEY_PASSPHRASE_SIZE_MAX + 1], struct keys_problem *problem);

#endif
