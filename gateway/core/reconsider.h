/*
 * reconsider.h - what programs of this agency submitted before everything was
 * taken back. It waits as intents, decided on what was known then; where a
 * referral has gone on otherwise, each is decided again, as if it were handed
 * over now. What is not possible any more goes back to staff.
 */
#ifndef CORE_RECONSIDER_H
#define CORE_RECONSIDER_H

#include <stdbool.h>

#include "core/peer.h"
#include "core/register.h"
#include "core/work.h"

void reconsider_intents(struct work *work, struct peer *peer);

/* True when the referral's request still waits: it and all about it is dropped,
 * and the other agency never hears of it. What staff did since then, which can
 * be where a request was on its way and waits again, goes back to them. */
bool reconsider_drop(
    struct work *work, struct peer *peer, struct referral *referral);

#endif
