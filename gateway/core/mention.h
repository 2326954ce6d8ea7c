/*
 * mention.h - what an entry was about whose content does not travel any more:
 * the author's word, or the recipient's when it gives back. The leaf does not
 * cover it. It is taken up after a loss, and else only kept.
 */
#ifndef CORE_MENTION_H
#define CORE_MENTION_H

#include "core/entry.h"
#include "core/ledger.h"
#include "core/work.h"

/* In the batch's arena; NULL when it was no referral event, or the batch
 * failed. */
const struct mention *mention_make(
    struct work *work, uint32_t peer, const struct ledger_entry *entry);

/* Keeps it with the entry; NULL says nothing. */
void mention_keep(const struct mention *mention, struct ledger_entry *entry);

#endif
