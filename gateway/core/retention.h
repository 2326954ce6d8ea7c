/*
 * retention.h - agreements say how long what was said is held once a referral
 * has ended, and each end erases by itself when that is over: first what says
 * who the person is, then all of it. By the wall clock, when it is believed.
 *
 * What is due stands in the store in the order of time, so that nothing is
 * looked through for it. Looked at with the hourly review, no clock of its own.
 */
#ifndef CORE_RETENTION_H
#define CORE_RETENTION_H

#include <stdbool.h>

#include "core/register.h"
#include "core/work.h"

/* A referral has just ended, and its row is being stored. */
void retention_note(struct work *work, const struct referral *referral);

/* Whether something of it goes at that very time. */
bool retention_is_at(
    struct work *work, const struct referral *referral, int64_t due_ms);

/* Time went on. With a clock that is not believed nothing is erased. */
void retention_review(struct work *work, bool clock_is_trusted);

/* At the end of a batch: RETENTION_REFERRAL_COUNT at most; more is left for the
 * next when retention_is_due. */
void retention_go_on(struct work *work);
bool retention_is_due(const struct node *node);

#endif
