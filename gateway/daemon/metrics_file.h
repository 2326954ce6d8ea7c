/*
 * metrics_file.h - the file that monitoring reads: replaced whole, by a thread
 * of its own, so that a disk that hangs holds up nobody. Its mode is 0644;
 * who reaches it is up to its folder.
 */
#ifndef DAEMON_METRICS_FILE_H
#define DAEMON_METRICS_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "core/metric.h"

#define METRICS_FILE_MS 15000
#define METRICS_FILE_COUNT_MAX 128
/* Longest path: it gets a suffix while it is written. */
#define METRICS_FILE_PATH_SIZE 4096

struct metrics_file;

/* Starts the thread; the path is copied. ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err metrics_file_open(
    const char *path, struct metrics_file **file);

/* These numbers, at most METRICS_FILE_COUNT_MAX, are to be written; those that
 * were not yet are forgotten. Never waits for the disk. Any thread. */
void metrics_file_offer(
    struct metrics_file *file, const struct metric_value *values, size_t count);

/* Writes what was offered, ends the thread and removes the file: numbers of a
 * gateway that has ended must not look like those of one that runs. Accepts
 * NULL. */
void metrics_file_close(struct metrics_file *file);

/* Replaces a file by these bytes, or leaves it as it is. ERR_IO, with errno;
 * ERR_LIMIT when the path is too long. */
MUST_USE enum err metrics_file_replace(const char *path, struct slice text);

#endif
