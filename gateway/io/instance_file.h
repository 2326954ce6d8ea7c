/*
 * instance_file.h - the mark of core/instance.h as a file beside the keys:
 * KEYS/instance. It holds nothing secret. A copy of the keys should not hold
 * it: put back with them it makes the store look older than it is, or newer.
 */
#ifndef IO_INSTANCE_FILE_H
#define IO_INSTANCE_FILE_H

#include "core/instance.h"
#include "io/private_file.h"

#define INSTANCE_FILE_NAME "instance"

/* One that is not there, or is no mark, is none. ERR_INVALID, ERR_IO. */
MUST_USE enum err instance_file_read(const char *keys_dir,
    struct instance_mark *mark, struct keys_problem *problem);

/* Durable when it returns ERR_NONE; else the one before is there. ERR_INVALID,
 * ERR_IO. */
MUST_USE enum err instance_file_write(const char *keys_dir,
    const struct instance_mark *mark, struct keys_problem *problem);

#endif
