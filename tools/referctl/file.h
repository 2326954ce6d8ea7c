/* file.h - whole small files of the operator. */
#ifndef REFERCTL_FILE_H
#define REFERCTL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "referctl/session.h"

/*
 * Reads a file of at most size_max bytes ("-": standard input), with a zero
 * byte after it that *size does not count. EXIT_CODE_LOCAL after printing why.
 */
enum exit_code file_read(struct session *session, const char *path,
    size_t size_max, const char **bytes, size_t *size);

/*
 * Writes it whole or not at all: a temporary file beside it, fsync, rename.
 * With `replace` false an existing one is refused. EXIT_CODE_LOCAL after
 * printing why.
 */
enum exit_code file_write(struct session *session, const char *path,
    const void *bytes, size_t size, unsigned mode, bool replace);

/* Makes the folder's new name for the file survive a power cut; false with
 * errno. */
bool file_sync_folder_of(struct session *session, const char *path);

bool file_exists(const char *path);
/* Something to read is there: no folder. */
bool file_is_document(const char *path);

/* The first line of a file without its end, such as a passphrase. */
enum exit_code file_read_line(
    struct session *session, const char *path, const char **line);

#endif
