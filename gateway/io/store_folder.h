/*
 * store_folder.h - the folder a store on disk lives in: who may use it, what a
 * crash while it was made left behind, and when it counts as made. Knows
 * nothing of the files inside the store.
 *
 *   DIR/lock         held for life by the one process that uses DIR
 *   DIR/store/       the store, 0700
 *   DIR/store.tmp/   a store being made; means nothing
 *   DIR/store.made   says that store/ was finished here
 *
 * An empty folder with the marker is a lost store, not a new one: to start
 * over there would forget what was acknowledged to others.
 */
#ifndef IO_STORE_FOLDER_H
#define IO_STORE_FOLDER_H

#include <stdbool.h>

#include "base/err.h"

#define STORE_FOLDER_PATH_SIZE_MAX 1024

/* What an operator reads: the path, what is wrong, what to do. */
struct store_problem {
    char text[STORE_FOLDER_PATH_SIZE_MAX + 512];
};

/* Sets the text and returns `err`, so that a failing step is one line. */
enum err store_problem_set(struct store_problem *problem, enum err err,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

struct store_folder {
    const char *path; /* borrowed from the caller */
    int fd;
    int lock_fd;
    bool has_marker;
    bool has_store;
};

/*
 * Opens and locks DIR, which must exist, and looks at what is in it.
 * ERR_NOT_FOUND (no such folder), ERR_FORBIDDEN (others may write to it),
 * ERR_BUSY (another process has it; the text names its pid), ERR_LIMIT (the
 * path is too long), ERR_IO.
 */
MUST_USE enum err store_folder_open(const char *path,
    struct store_folder *folder, struct store_problem *problem);

/* Makes an empty DIR/store.tmp, removing an older one. ERR_IO. */
MUST_USE enum err store_folder_begin(
    struct store_folder *folder, struct store_problem *problem);

/*
 * Makes what was written to store.tmp durable, renames it to store, and sets
 * the marker. ERR_IO.
 */
MUST_USE enum err store_folder_finish(
    struct store_folder *folder, struct store_problem *problem);

/*
 * Sets the marker beside a store that has none: a crash came between the
 * rename and the marker. ERR_IO.
 */
MUST_USE enum err store_folder_mark(
    struct store_folder *folder, struct store_problem *problem);

/*
 * Removes DIR/`name`, a folder of plain files. ERR_IO, also when it holds a
 * folder: that is none of ours.
 */
MUST_USE enum err store_folder_remove(struct store_folder *folder,
    const char *name, struct store_problem *problem);

/*
 * DIR/`made`/store, durable and closed, takes the place of DIR/store, in one
 * step where the file system can; what was there is then DIR/`kept`/store.
 * ERR_IO.
 */
MUST_USE enum err store_folder_take(struct store_folder *folder,
    const char *made, const char *kept, struct store_problem *problem);

/* Removes DIR/`name` with the store in it. ERR_IO. */
MUST_USE enum err store_folder_discard(struct store_folder *folder,
    const char *name, struct store_problem *problem);

/* Gives the lock back. The files stay. */
void store_folder_close(struct store_folder *folder);

#endif
