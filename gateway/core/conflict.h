/*
 * conflict.h - two histories of one author: the ledger stops, what proves it is
 * kept, and an operator's word leads out. Each end that stopped needs the word
 * of its own operator; the author then never signs in that generation again,
 * and the recipient takes nothing more of it but the next, which begins with
 * what the recipient holds (generation.h).
 */
#ifndef CORE_CONFLICT_H
#define CORE_CONFLICT_H

#include <stdbool.h>

#include "core/contradiction.h"
#include "core/entry.h"
#include "core/message.h"
#include "core/peer.h"
#include "core/work.h"

/*
 * Makes a file for strangers of two notes of this ledger. That of the larger
 * size must be of the tree that is held here, with the entries of `beyond` in
 * place of and after those from its first index on (NULL: none). False: they
 * prove nothing, or the store or memory failed. Hashes every entry.
 */
MUST_USE bool conflict_prove(struct work *work, const struct ledger *ledger,
    const struct parcel *beyond, const struct note *held,
    const struct note *shown, struct contradiction *contradiction);

/* Stops the ledger, once, with what was proved. */
void conflict_stop_proved(struct work *work, struct peer *peer,
    struct ledger *ledger, const struct contradiction *contradiction);
/* The same for two notes as they are carried, with a proof where there is one;
 * else the two are all that is kept. */
void conflict_stop(struct work *work, struct peer *peer, struct ledger *ledger,
    struct slice held, struct slice shown);

/* The two notes; false when there are none. Into the batch's arena. */
bool conflict_notes(
    struct work *work, const struct ledger *ledger, struct conflict *conflict);

/* Signed by us, in the present generation. */
MUST_USE bool conflict_is_ours(struct work *work, const struct peer *peer,
    const struct ledger *out, const struct note *note);
/* The recipient shows two notes of ours: when they prove that our log key
 * signed two histories of the present generation, our ledger stops. */
void conflict_shown(struct work *work, struct peer *peer, struct ledger *out,
    const struct conflict *conflict);

/* It takes no parcel of the generation that it holds. */
static inline bool conflict_is_shut(const struct ledger *in)
{
    return in->trouble == LEDGER_CONFLICT || in->closes;
}

/* An operator's word: this end goes on. False: the ledger is in no conflict. */
bool conflict_renew(
    struct work *work, struct peer *peer, struct ledger *ledger);

#endif
