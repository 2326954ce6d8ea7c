/*
 * file_read.h - bytes of an open file, all that were asked for, however few
 * come at once and whatever signals come between.
 */
#ifndef IO_FILE_READ_H
#define IO_FILE_READ_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "base/err.h"

/* ERR_CORRUPT: the file ends before; ERR_IO, with errno. */
MUST_USE static inline enum err file_read(
    int fd, uint64_t offset, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            return ERR_CORRUPT;
        if (got < 0)
            return ERR_IO;
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return ERR_NONE;
}

#endif
