/*
 * content.h - the log of contents. Everything that ledgers and the feed carry
 * is written once, in a few blobs per commit with rising keys, and is referred
 * to by (segment, slot). Each is sealed with an entry of the vault (port.h),
 * most with its referral's, so that destroying the entry makes them unreadable
 * in every copy. Erasing empties the slot.
 *
 * With each content lies the salt under which its entry of a ledger commits to
 * it: sealed as one they go as one, and who has the header alone, with whatever
 * old copy, cannot test a guess.
 */
#ifndef CORE_CONTENT_H
#define CORE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/pack.h"
#include "base/slice.h"
#include "core/content_recent.h"
#include "core/entry.h"
#include "core/port.h"

struct content_ref {
    uint64_t segment; /* from 1; 0 is "no content" */
    uint32_t slot;
};

#define CONTENT_NONE ((struct content_ref){ 0, 0 })

struct content_item {
    uint64_t entry;
    struct slice plain; /* salt and content; NULL: erased in the same batch */
    bool was_read;      /* in the same batch */
};

/* A blob to be: items from `first` on, up to where the next begins. */
struct content_segment {
    size_t first;
    size_t size; /* of its items, sealed */
};

/* What the running batch has added; belongs to the node. */
struct content_log {
    struct vault *vault;
    struct content_recent *recent; /* of batches before; NULL: the disk tells */
    uint64_t sound_segment;        /* was whole when it was tried last; or 0 */
    bool is_damaged;  /* one that had to be read is, and it sticks */
    uint64_t segment; /* the first that the batch will write */
    struct content_segment *segments;
    size_t segment_count;
    size_t segment_capacity;
    struct content_item *items;
    size_t count;
    size_t capacity;
    size_t size; /* bytes of all items, sealed */
};

static inline bool content_is_none(struct content_ref ref)
{
    return ref.segment == 0;
}

static inline bool content_equal(struct content_ref a, struct content_ref b)
{
    return a.segment == b.segment && a.slot == b.slot;
}

/* A log of zeros, or that of the batch before. */
void content_begin(struct content_log *log, struct vault *vault,
    struct content_recent *recent, uint64_t segment);

/* Of the running batch: no blob has it yet. */
bool content_is_new(const struct content_log *log, struct content_ref ref);

/* Slots of a stored blob, by its own word. */
size_t content_slot_count(struct slice blob);

/* Copies salt (SALT_SIZE bytes) and content into the arena and remembers them
 * for content_flush, which seals them with that entry. CONTENT_NONE when the
 * arena is full. What is said here for the first time: work_say(). */
struct content_ref content_put(struct content_log *log, struct arena *arena,
    uint64_t entry, struct slice salt, struct slice bytes);

/* Empty with bytes NULL when erased or absent. What was stored is opened into
 * the arena, what this batch added is borrowed from it. */
struct slice content_get(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref);

/* With its salt: bytes NULL, or SALT_SIZE bytes that lie as the content
 * does. */
struct slice content_get_salted(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, struct slice *salt);

/* The same, but a content that does not open, or whose blob is damaged, is an
 * ERR_CORRUPT to be told, and the store goes on; all other errors stick as
 * ever. */
MUST_USE enum err content_try(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref, struct slice *plain);
MUST_USE enum err content_try_salted(struct content_log *log,
    struct store_txn *txn, struct arena *arena, struct content_ref ref,
    struct slice *salt, struct slice *plain);

/* Nothing is there: it is erased or absent. What is damaged is there. */
bool content_is_gone(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref);
bool content_is_damaged(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref);

/* Takes away the error that content_get has set for a damaged content: nothing
 * else is the worse for it. True: there was one. */
bool content_takes_damage(struct content_log *log, struct store_txn *txn);

/* False: the newest contents of the store were sealed with another vault. One
 * that is damaged, or erased, says nothing. */
MUST_USE bool content_vault_fits(
    struct content_log *log, struct store_txn *txn, struct arena *arena);

/* Empties the slot; what is there already is written anew without it. */
void content_erase(struct content_log *log, struct store_txn *txn,
    struct arena *arena, struct content_ref ref);

/* Seals and writes the batch's blobs; how many. Entries that they need are
 * there when it returns. */
size_t content_flush(
    struct content_log *log, struct store_txn *txn, struct arena *arena);

void content_ref_pack(struct packer *packer, struct content_ref ref);
struct content_ref content_ref_unpack(struct unpacker *unpacker);

#endif
