/*
 * store_memory.h - the store without a disk, for tests, the simulator and a
 * trial run: the same behaviour, and faults on request. What was committed is
 * "durable" until the store is closed; store_memory_crash() is the power cut.
 *
 * Caveats: belongs to one thread. Beginning to write while a writing
 * transaction is open is a programmer's mistake (it would wait for ever).
 * Behaviour depends on nothing but the calls: no address, time or random
 * number enters.
 */
#ifndef IO_STORE_MEMORY_H
#define IO_STORE_MEMORY_H

#include <stdint.h>

#include "core/port.h"

/* What an entry counts for beside its key and value. */
#define STORE_MEMORY_ENTRY_SIZE 64

struct store_memory_options {
    uint64_t capacity; /* bytes as usage() counts them; beyond: ERR_FULL */
};

/* ERR_NO_MEMORY. */
MUST_USE enum err store_memory_open(
    const struct store_memory_options *options, struct store **store);

/*
 * The process dies and starts again: open transactions are gone (their
 * pointers are dead), what was committed stays, a planned fault is forgotten,
 * a broken store works again.
 */
void store_memory_crash(struct store *store);

enum store_memory_fault {
    STORE_MEMORY_FAIL_BEFORE, /* nothing of the transaction became durable */
    STORE_MEMORY_FAIL_AFTER   /* all of it did, only nobody was told */
};

/*
 * Lets the `nth` commit of a writing transaction from now (1 is the next)
 * fail with ERR_IO; the store is then broken, begin fails with ERR_IO, until
 * store_memory_crash(). Replaces an earlier plan; nth 0 takes it back.
 */
void store_memory_fail_commit(
    struct store *store, uint64_t nth, enum store_memory_fault fault);

/* Another capacity from now on; what is there stays. */
void store_memory_set_capacity(struct store *store, uint64_t capacity);

/* Commits of writing transactions that became durable. */
uint64_t store_memory_commit_count(const struct store *store);

/*
 * A number for what is committed: equal contents, equal numbers, whatever
 * history led there. Costs nothing.
 */
uint64_t store_memory_hash(const struct store *store);

struct store_memory_snapshot;

/* All that is committed, to be put back later: an old backup. Shares memory
 * with the store, outlives it, and is freed by the caller. ERR_NO_MEMORY. */
MUST_USE enum err store_memory_snapshot_take(
    const struct store *store, struct store_memory_snapshot **snapshot);

/* The store crashes and starts with the snapshot's contents, also with those
 * of another store. */
void store_memory_restore(
    struct store *store, const struct store_memory_snapshot *snapshot);

void store_memory_snapshot_free(struct store_memory_snapshot *snapshot);

#endif
