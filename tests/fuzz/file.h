/* file.h - files with what a fuzzer gives, written whole however little a
 * write takes (shortage.h). What must not fail ends the process. */
#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"

#define FILE_PATH_SIZE 256

static inline void file_write(int fd, struct slice bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.bytes, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            abort();
        bytes = slice_of(bytes.bytes + put, bytes.size - (size_t)put);
    }
}

/* The file has these bytes and no others. */
static inline void file_hold(int fd, struct slice bytes)
{
    if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    file_write(fd, bytes);
}

/* A directory for as long as the process runs, in memory where there is such a
 * place: what syncs must not wait. The caller removes it. */
static inline void file_directory(char path[FILE_PATH_SIZE])
{
    const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    const char *base = getenv("TMPDIR");
    int size = snprintf(path, FILE_PATH_SIZE, "%s/refer-fuzz-XXXXXX",
        base != NULL ? base : memory);
    if (size <= 0 || size >= FILE_PATH_SIZE || mkdtemp(path) == NULL)
        abort();
}

#endif
