/*
 * backup_file.h - a copy of a store as one stream of bytes: written from top
 * to end while the rows are read, and read the same way. Each part carries a
 * hash over itself and all before it, and the end says how many rows there
 * are, so that a file that was cut short, changed or put together from two is
 * refused.
 *
 *   head    "refer.v1 backup\n"; version, format of the store (4 bytes each);
 *           time it was made (ms), commits, changes of the vault (8 each);
 *           identity of the vault (32)
 *   block   size (4, not 0) of the rows in it; rows: size of the key (2), size
 *           of the value (4), both; in the order of the store
 *   end     0 (4), rows in all (8); nothing follows
 *
 * Behind each of these stand 32 bytes: SHA-256 over the 32 bytes before (none
 * for the head) and the part. Numbers are big-endian. Values are as the disk
 * has them: sealed, so that the file alone shows no more than the disk. No key
 * is in it, of the slot, of a day or of the vault.
 */
#ifndef IO_BACKUP_FILE_H
#define IO_BACKUP_FILE_H

#include <stdint.h>

#include "core/port.h"

#define BACKUP_FILE_VERSION 2u
#define BACKUP_VAULT_IDENTITY_SIZE 32
/* A block is closed when it has so much; a row may be larger, and all of them
 * are smaller than the other. */
#define BACKUP_BLOCK_SIZE_MIN (1024u * 1024)
#define BACKUP_BLOCK_SIZE_MAX (32u * 1024 * 1024)

struct backup_head {
    uint32_t store_format;
    int64_t made_ms;
    uint64_t commits; /* of the store, when it was made */
    uint64_t vault_changes;
    uint8_t vault_identity[BACKUP_VAULT_IDENTITY_SIZE];
};

struct backup_total {
    uint64_t row_count;
    uint64_t size; /* bytes of the stream so far */
};

/* Where the bytes go; any error of its ends the writing. */
struct backup_sink {
    enum err (*put)(void *user, struct slice bytes);
    /* Told now and then, after a block. */
    enum err (*go_on)(void *user, const struct backup_total *total);
    void *user;
};

/*
 * Writes all rows that the transaction sees. ERR_LIMIT: a row is too large;
 * else what the transaction or the sink says.
 */
MUST_USE enum err backup_write(struct store_txn *txn,
    const struct backup_head *head, const struct backup_sink *sink,
    struct backup_total *total);

/* Where they come from, and the rows go. */
struct backup_source {
    /* Exactly `size` bytes. ERR_CORRUPT: there are fewer. */
    enum err (*get)(void *user, uint8_t *bytes, size_t size);
    /* ERR_NONE when nothing is left, ERR_CORRUPT when there is more. */
    enum err (*end)(void *user);
    /* The head, before any row; an error of its ends the reading. */
    enum err (*head)(void *user, const struct backup_head *head);
    /* Borrowed until it returns. */
    enum err (*row)(void *user, struct slice key, struct slice value);
    /* After each block: what was handed over so far is as it was written. */
    enum err (*go_on)(void *user, const struct backup_total *total);
    void *user;
};

/*
 * Reads and checks all of it. Rows are handed over block by block, each block
 * checked before: whoever takes them must throw them away unless this returns
 * ERR_NONE.
 *   ERR_VERSION    of another version
 *   ERR_MALFORMED  no backup at all
 *   ERR_CORRUPT    cut short, damaged, or longer than it should be
 *   ERR_NO_MEMORY, and what the source says
 */
MUST_USE enum err backup_read(
    const struct backup_source *source, struct backup_total *total);

#endif
