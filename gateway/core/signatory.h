/*
 * signatory.h - whose signature stands under a checkpoint. What is new must be
 * signed by a key of the newest card; what was signed once stays signed under
 * every card that was held, whatever came after it.
 */
#ifndef CORE_SIGNATORY_H
#define CORE_SIGNATORY_H

#include <stdbool.h>

#include "core/note.h"
#include "core/peer.h"
#include "core/work.h"

/* A checkpoint of ours, by the log key in use or one of an earlier card. */
MUST_USE bool signatory_is_us(struct work *work, const struct note *note);
/* Our cosignature, in the same way. */
MUST_USE bool signatory_is_our_witness(
    struct work *work, const struct note *note);

/* And by a witness key of our newest card: who has no other can verify it. */
MUST_USE bool signatory_is_shown_witness(
    struct work *work, const struct note *note);

/* The peer's, by a log key of its newest card that is not over: a checkpoint
 * to be cosigned. */
MUST_USE bool signatory_is_author(
    struct work *work, struct peer *peer, const struct note *note);
/* The peer's, by a log key of any card held of it, over or not. */
MUST_USE bool signatory_was_author(
    struct work *work, struct peer *peer, const struct note *note);
/* The peer's cosignature, by a witness key of any card held of it. */
MUST_USE bool signatory_is_witness(
    struct work *work, struct peer *peer, const struct note *note);

/* The parcel in flight, when it was signed under a key that another followed
 * since, is signed again: the same size and root, but the peer may not know the
 * earlier key any more. False: the store or memory failed. */
MUST_USE bool signatory_renew(struct work *work, struct ledger *out);

#endif
