/*
 * fold.h - taking up what was taken back: the entries of both ledgers become
 * referrals, agreements, cards and feed again, in the order in which it all
 * happened. That order needs no clock: an entry that answers others comes after
 * them, in whichever ledger.
 *
 * Folding judges nothing that was judged: what we answered then is so. What we
 * had signed for and not answered is judged now, and answered, once. An answer
 * may come back before the parcel that it speaks of, whose receipt never came
 * to its author: that one is waited for, so that nothing gets two verdicts.
 */
#ifndef CORE_FOLD_H
#define CORE_FOLD_H

#include <stdbool.h>

#include "core/entry.h"
#include "core/outbox.h"
#include "core/peer.h"
#include "core/register.h"
#include "core/repeat.h"
#include "core/work.h"

enum fold_left {
    FOLD_NOTHING, /* or the store failed */
    FOLD_MORE,
    FOLD_AWAITS, /* a parcel that we answered, and that is still on its way */
    FOLD_DAMAGED /* what comes next needs words that are damaged here */
};

/* FOLD_ENTRY_COUNT entries or fewer; what is left. */
MUST_USE enum fold_left fold_piece(struct work *work, struct peer *peer);

/* ---- Its parts ---- */

/* An entry under its place, with its content where that is held. */
struct folded {
    struct work *work;
    struct peer *peer;
    uint64_t generation;
    uint64_t index;
    enum entry_kind kind;
    struct instant at;
    struct slice content;       /* bytes NULL: none */
    struct slice salt;          /* there with it */
    struct ledger_entry *entry; /* as stored; may be changed */
    bool changed;               /* it was */
};

/* Its content where that is held. */
static inline struct content_ref folded_kept(const struct folded *folded)
{
    return folded->entry->attached ? folded->entry->content : CONTENT_NONE;
}

/* Its content is not kept here, wherever it came from. */
void fold_let_go(struct folded *folded);

/* An entry of ours that waits in `out` as an intent: it was told after all.
 * Referrals reflect it since it was submitted. False: there is none. */
bool fold_known(struct folded *folded, struct ledger *out);

/* A referral event of ours. */
void fold_own_event(struct folded *folded);
/* One that waited without its words: where they came back and may stay, feed
 * and row have them again. */
void fold_own_words(struct folded *folded, const struct intent *intent);
/* Whether an entry of ours tells again what came as absent, as the peer says
 * in its ledger `in`, at `from` or later: where that stands behind what waits
 * for our own answers, it was heard before them. Then it is heard now, and what
 * is told again waits as an intent. */
bool fold_heard(
    const struct folded *folded, const struct ledger *in, uint64_t from);
/* A SEND that the feed has at that position already. */
void fold_send_place(struct folded *folded, uint64_t position);
/* One of the peer's that is judged now: a step of the receiver about a referral
 * of ours that both ends lost but for such steps. It is known again by them. */
void fold_found_event(struct folded *folded);
/* What the intent said lies twice, under another salt each, or cannot be read
 * where it waits: feed and row have what the entry commits to. */
void fold_own_salt(struct folded *folded, const struct intent *intent);
/* One of the peer's, with what we answered. */
void fold_their_event(struct folded *folded, const struct answer_item *answer);

/*
 * What a program said again before anybody knew that it had been said: a
 * referral of ours, which came back, and the other that was made of the same
 * key meanwhile. All that was done to that one is done to the first, and it is
 * given back to staff: it was told to nobody.
 */
void fold_again_send(const struct folded *folded, struct referral *referral,
    const struct repeat_other *other);
/* The same referral, ended before it was known that it had been sent: it is as
 * sent, and what was done to it goes after it. False when nothing ended it. */
bool fold_again_ended(struct folded *folded, struct referral *referral);
/* A step; false when the other one does not wait to be told. */
bool fold_again_step(struct folded *folded, const struct repeat_other *other);

#endif
