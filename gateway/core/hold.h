/*
 * hold.h - how long a gateway keeps what its own agency said in a referral that
 * has ended: until the other agency's programs have taken all of it
 * (collected.h), and for the operator's time of keeping after that. Until then
 * the other can lose its disk and have it back. Then our words go, as by an
 * erasure: headers, hashes and proofs stay, and so do the other's words.
 *
 * A referral that ends waits in the store behind the place in our ledger to
 * which the mark must rise, then in the order of time. Both are looked at with
 * the hourly review, by a clock that is believed, so many at a time; nothing is
 * looked through. What agreements or persons want erased does not wait for it.
 */
#ifndef CORE_HOLD_H
#define CORE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/keys.h"
#include "core/register.h"
#include "core/work.h"

/* Where a review has come to; belongs to the node. */
struct hold {
    bool is_due;      /* something may be, by a clock that is believed: */
    int64_t until_ms; /* what was over then */
    struct key from;  /* of those that wait; size 0: from the first */
    bool has_looked;  /* at all of those */
};

/* A referral has just ended, and its row is being stored. What is said of it in
 * this very step may be queued after. */
void hold_note(struct work *work, const struct referral *referral);

/* Its time of keeping begins: all that we said was taken. */
void hold_begin(
    struct work *work, struct referral *referral, struct instant since);

/* Until when our words of it are kept; 0: that is not known yet, it is never
 * over, or they went. */
int64_t hold_until_ms(const struct node *node, const struct referral *referral);

/* Time went on. By a clock that is not believed nothing is let go. */
void hold_review(struct work *work, bool clock_is_trusted);

/* At the end of a batch: HOLD_LOOK_COUNT at most are looked at, and
 * HOLD_REFERRAL_COUNT let go; more is left for the next when hold_is_due. */
void hold_go_on(struct work *work);
bool hold_is_due(const struct node *node);

#endif
