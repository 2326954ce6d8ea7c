/*
 * answers.h - what the other side says of what we sent: its cosignature (a
 * referral is in its hands) and its answers (applied, refused, or the content
 * never came), which move our referrals.
 */
#ifndef CORE_ANSWERS_H
#define CORE_ANSWERS_H

#include "core/entry.h"
#include "core/ledger.h"
#include "core/peer.h"
#include "core/work.h"

/* One of our entries was cosigned. */
void answers_cosigned(
    struct work *work, struct peer *peer, const struct ledger_entry *entry);

/* Answers come in order: what is answered is answered once. */
void answers_apply(struct work *work, struct peer *peer, struct ledger *out,
    const struct answer *answer);

/* Nobody answers an answer, or padding: those that come next after what was
 * answered count as answered too. */
void answers_pass_unowed(struct work *work, struct ledger *out);

#endif
