/*
 * retell.h - what an agency wrote, and was erased while it was on its way. It
 * arrives as absent, and the other does not know what it was. Where nothing
 * that came later says as much, it is told again with what is left: a decision
 * of the receiving agency without a word, so that the referring one knows where
 * the referral is; a withdrawal, which needs no words; what lost some elements,
 * with the others.
 */
#ifndef CORE_RETELL_H
#define CORE_RETELL_H

#include <stdbool.h>

#include "core/entry.h"
#include "core/feed.h"
#include "core/ledger.h"
#include "core/outbox.h"
#include "core/peer.h"
#include "core/register.h"
#include "core/verdict.h"
#include "core/work.h"

/*
 * The peer's answer to an entry of ours that was about that referral. True:
 * there is nothing to be noted of it. Either it was absent and is told again,
 * or what it asks for are words that are gone. The entry then has no place in
 * the feed any more: that is the later one's.
 */
bool retell_answered(struct work *work, struct peer *peer,
    struct referral *referral, struct ledger_entry *entry,
    const struct answer_item *item);

/* A step of ours of that type, with a counter of `from` to `to`, as the feed
 * tells of it. Lives in scratch. */
bool retell_find(struct work *work, const struct referral *referral,
    uint8_t step, uint32_t from, uint32_t to, struct feed_event *told);

/* The feed tells that the other agency signed for its request. */
bool retell_is_delivered(struct work *work, const struct referral *referral);

/* Where the receiver states that it is elsewhere, and nothing of ours is on its
 * way: that it is withdrawn, for want of words, was told to nobody, and is told
 * now. Staff know: nothing is noted. */
void retell_withdrawn(struct work *work, struct peer *peer,
    struct referral *referral, const struct referral_event *theirs);

/* After a loss: one of the receiver's that waits, and says where the referral
 * is as it is known now, is told under a new counter; another is dropped, and
 * false. */
bool retell_again(struct work *work, struct ledger *out,
    struct referral *referral, struct intent *intent);

/* What staff are told of a step whose words were gone before anybody had them,
 * where it is not told again. */
void retell_why(struct verdict *why);

#endif
