/*
 * loss.h - this gateway works on a store that lost something: since when, why,
 * and which agencies have yet to show what they hold. Until the last of them
 * has, people are told.
 */
#ifndef CORE_LOSS_H
#define CORE_LOSS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/instance.h"
#include "core/local_reply.h"
#include "core/work.h"

/* The store is not what it was: every ledger of ours gets a new generation, and
 * the feed a new epoch. Once in the life of a process. */
void loss_begin(struct work *work, enum loss_cause cause);

/* Says so in the log while it lasts. Each start does: it may have ended before
 * its log was written, after all was noticed. */
void loss_tell(struct work *work);

/* Whether what was lost may yet come back: what is not known now is not refused
 * for good, but to be tried again. True: the answer is complete then. */
bool loss_puts_off(const struct work *work, const char *clause,
    const char *remedy, struct local_answer *answer);

/* Agencies that can be met and have not shown what they hold since; 0: nothing
 * was lost. */
size_t loss_waiting_count(const struct node *node);

/* Ends it when none is left. */
void loss_review(struct work *work);

/* "recovery": what is to be said about it; nothing when there is none. */
void loss_answer(struct work *work, struct local_answer *answer);

#endif
