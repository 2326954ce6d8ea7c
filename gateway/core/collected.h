/*
 * collected.h - how far the programs of a ledger's recipient have taken it: its
 * `collected` mark. The author keeps contents until then, and for a time after.
 *
 * The recipient's gateway knows it from its feed: what entries brought about
 * stands there, and each cursor says what its program has acknowledged. One
 * size of the ledger at a time is awaited, with the newest event of that
 * moment; when the lowest cursor is past it, the mark is that size, and the
 * next is awaited. So entries that bring no event about count with those
 * before them, and nothing is looked through. Without a program's cursor
 * nothing was taken. The mark never falls, whatever becomes of cursors: it was
 * told.
 *
 * It is of one generation. One that is above 0 says that all before that
 * generation was taken, too.
 */
#ifndef CORE_COLLECTED_H
#define CORE_COLLECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/peer.h"
#include "core/work.h"

/* What all programs of this agency have acknowledged; belongs to the node. */
struct reading {
    bool is_known;     /* false: to be looked up in the store */
    bool is_followed;  /* there is a program's cursor */
    uint64_t position; /* the lowest */
};

/* A cursor was made, moved or deleted. */
void collected_cursors_changed(struct node *node);

/* At the end of a batch: peers whose mark rises are touched. */
void collected_begin(struct work *work);

/* The mark of that peer's ledger, as of what this batch wrote. */
void collected_look(struct work *work, struct peer *peer);

/* The author wants to know: it compares, where nothing was heard for
 * MARK_ASK_MS and something is not taken yet. */
void collected_ask(struct work *work, struct peer *peer);

/*
 * As the author: what a peer says of our ledger. Another generation than the
 * present says nothing, nor does less than is known. A mark above what we told
 * it is logged and passed over; one above what it has signed for, because its
 * receipt is on its way, counts as far as that goes.
 */
void collected_take(struct work *work, struct peer *peer, uint64_t generation,
    uint64_t collected);

#endif
