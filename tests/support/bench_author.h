/*
 * bench_author.h - an agency of bench_node.h whose side of one ledger is
 * written by hand, with its own keys, so that a test can sign what no gateway
 * would. It goes on where that agency's node stands; from then on that node
 * has nothing to say to the other any more.
 */
#ifndef SUPPORT_BENCH_AUTHOR_H
#define SUPPORT_BENCH_AUTHOR_H

#include "core/merkle.h"
#include "core/message.h"
#include "core/note.h"
#include "support/bench_node.h"

#define AUTHOR_ENTRY_COUNT_MAX 32

struct author {
    struct federation *federation;
    size_t self;
    size_t other;
    struct arena arena;
    uint64_t generation;
    uint64_t collected;            /* of the other's ledger, ... */
    uint64_t collected_generation; /* ... of this */
    uint64_t epoch;                /* that its node is in */
    uint8_t fence[FENCE_SIZE];
    struct merkle_frontier cosigned; /* of what the other has cosigned */
    struct slice note;               /* at that size */
    struct entry entries[AUTHOR_ENTRY_COUNT_MAX]; /* of the next parcel */
    size_t entry_count;
    uint8_t salt; /* of the next entry */
};

void author_open(struct author *author, struct federation *federation,
    size_t self, size_t other);
void author_close(struct author *author);

/* A Head, with a view of its ledger as it stands; takes the new fence. */
void author_greet(struct author *author);
/* The same as if it held that many entries; with a parcel in flight, all. */
void author_greet_as(struct author *author, uint64_t size, struct slice note);
/* The Head that it sends. */
struct slice author_head(
    struct author *author, uint64_t size, struct slice note);

/* One more entry for the next parcel, true and whole. */
void author_add(
    struct author *author, enum entry_kind kind, struct slice content);
/* Forgets what was added. */
void author_drop(struct author *author);

/* The parcel of what was added; its note signs what author_checkpoint says. */
struct deliver author_parcel(struct author *author);
/* Size and root with all that was added. */
struct note author_checkpoint(struct author *author);
/* Signed by the agency's log key and printed. */
struct slice author_sign(struct author *author, struct note note);

enum reply_kind author_send(struct author *author,
    const struct deliver *deliver, struct bench_reply *reply);
/* author_parcel, author_send; it must be cosigned, and then stands. */
void author_deliver(struct author *author);

#endif
