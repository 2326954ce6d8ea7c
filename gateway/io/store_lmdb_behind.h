/*
 * store_lmdb_behind.h - the kernel's copy of what was written to the store goes
 * when it has been on the disk for a while. Nearly all of it is contents: they
 * are written once, read soon, when the core has them in memory still, and
 * seldom after that. Left to itself the kernel keeps all of them, and looks for
 * a new page for each: other programs lose theirs, and on a virtual machine
 * whose host gives it memory when that is first touched, this costs several
 * times what the writing does. Who asks for it later gets it from the disk.
 *
 * Only an advice to the kernel: what LMDB has mapped stays valid.
 */
#ifndef IO_STORE_LMDB_BEHIND_H
#define IO_STORE_LMDB_BEHIND_H

#include <stddef.h>
#include <stdint.h>

/* The end of the file stays: programs that read on are seldom so far back. */
#define LMDB_BEHIND_KEPT_SIZE (64u * 1024 * 1024)
/* What goes at once. */
#define LMDB_BEHIND_STEP_SIZE (4u * 1024 * 1024)
/* Steps that were read again, and go again with the next. */
#define LMDB_BEHIND_AGAIN_COUNT 16u
/* Reading a smaller value again brings little back. */
#define LMDB_BEHIND_VALUE_SIZE_MIN (64u * 1024)

struct lmdb_behind {
    int fd;
    uint8_t *map;
    uint64_t end;                            /* of what went, in the file */
    uint64_t again[LMDB_BEHIND_AGAIN_COUNT]; /* where these begin */
    size_t again_count;
};

/* `mapped`: anything on a page of a tree, in the map. Of what the file has now
 * nothing goes but what is read again. */
void lmdb_behind_begin(struct lmdb_behind *behind, int fd, const void *mapped,
    size_t page_size, uint64_t file_size);
/* That value in the map is about to be read. */
void lmdb_behind_read(struct lmdb_behind *behind, const void *value);
/* All up to that size is on the disk. */
void lmdb_behind_trim(struct lmdb_behind *behind, uint64_t file_size);

#endif
