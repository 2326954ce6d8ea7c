/*
 * file_view.h - a file that is looked at where the kernel has it, without a
 * copy. Parts are brought in before they are looked at: a disk that cannot be
 * read is an error then, and no signal.
 *
 * Nobody may write to the file or cut it meanwhile. Threads may share a view:
 * what one brings in is there for all.
 */
#ifndef IO_FILE_VIEW_H
#define IO_FILE_VIEW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct file_view {
    int fd; /* borrowed */
    const uint8_t *bytes;
    size_t size;
    _Atomic uint8_t *present; /* one bit a part */
};

/* The first `size` bytes, which must be there: not 0. ERR_IO, ERR_NO_MEMORY.
 * Closed with file_view_close() in any case. */
MUST_USE enum err file_view_open(int fd, uint64_t size, struct file_view *view);
void file_view_close(struct file_view *view);

/* *bytes: the `size` bytes from `offset` on, which have to be within the view;
 * until it is closed. ERR_IO. */
MUST_USE enum err file_view_at(struct file_view *view, uint64_t offset,
    size_t size, const uint8_t **bytes);

#endif
