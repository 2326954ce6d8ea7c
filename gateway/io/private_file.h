/*
 * private_file.h - small files that only their owner may read: made whole or
 * not at all, never overwritten, destroyed as well as a file system allows.
 *
 * Overwriting before unlinking is worth nothing on copy-on-write file systems
 * and little on flash: put key directories on an encrypted disk. Files need
 * hard links, so no FAT.
 */
#ifndef IO_PRIVATE_FILE_H
#define IO_PRIVATE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Longest path, with its terminator; ERR_INVALID beyond. */
#define PRIVATE_PATH_SIZE 1024

/* A file is made under its name and this, then linked to its name. */
#define PRIVATE_SCRATCH_SUFFIX ".new"

/* What went wrong, for the operator: path, reason, remedy, in one line. It
 * holds names of files, never what is in them. Set on every error. */
struct keys_problem {
    char text[512];
};

/* Cuts what does not fit. */
__attribute__((format(printf, 2, 3))) void keys_problem_set(
    struct keys_problem *problem, const char *format, ...);

/* "DIR/NAME"; ERR_INVALID when it is longer than a path may be. */
MUST_USE enum err private_path(const char *dir, const char *name,
    char path[PRIVATE_PATH_SIZE], struct keys_problem *problem);

/* ERR_NOT_FOUND, ERR_KEY when others may enter it, ERR_IO. */
MUST_USE enum err private_dir_check(
    const char *path, struct keys_problem *problem);

/* Makes it with mode 0700 and durably; one that is there is checked instead.
 * ERR_KEY, ERR_IO. */
MUST_USE enum err private_dir_make(
    const char *path, struct keys_problem *problem);

enum private_file_kind {
    PRIVATE_FILE_SECRET, /* refused when group or others have any right */
    PRIVATE_FILE_PUBLIC  /* a certificate, a public key */
};

/*
 * Reads a regular file of at most `capacity` bytes. The caller wipes.
 *   ERR_NOT_FOUND  there is none
 *   ERR_KEY        others may read or change this secret
 *   ERR_LIMIT      it is larger
 *   ERR_IO         the system refused
 */
MUST_USE enum err private_file_read(const char *path,
    enum private_file_kind kind, uint8_t *bytes, size_t capacity, size_t *size,
    struct keys_problem *problem);

/* Durable with mode 0600 when this returns ERR_NONE; after any error the name
 * is as it was. ERR_EXISTS, ERR_INVALID, ERR_IO. */
MUST_USE enum err private_file_create(
    const char *path, struct slice bytes, struct keys_problem *problem);

/* The same, in the place of what is there: at every moment the name is that of
 * the old file or of the new one, whole. ERR_INVALID, ERR_IO. */
MUST_USE enum err private_file_replace(
    const char *path, struct slice bytes, struct keys_problem *problem);

/* Overwritten, unlinked, and that durable. One that is gone is no error.
 * ERR_IO: it may still be there. */
MUST_USE enum err private_file_destroy(
    const char *path, struct keys_problem *problem);

#endif
