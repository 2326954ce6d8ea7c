/*
 * A data file of LMDB with any contents: looking into it ends, touches nothing
 * outside of it, and gives a reason when it refuses. Input: the file.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/file.h"
#include "io/lmdb_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

static void look_into(int fd)
{
    struct lmdb_head head;
    const char *reason = NULL;
    enum err err = lmdb_file_read_head(fd, &head, &reason);
    if (err == ERR_NONE)
        err = lmdb_file_check(fd, &head, &reason);
    MUST(err == ERR_NONE || err == ERR_CORRUPT);
    MUST(err == ERR_NONE || reason != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *file;
    if (file == NULL)
        file = tmpfile();
    MUST(file != NULL);
    int fd = fileno(file);
    file_hold(fd, slice_of(data, size));
    look_into(fd);
    return 0;
}
