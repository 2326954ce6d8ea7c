/*
 * reconsider.h - what programs of this agency submitted before everything was
 * taken back. It waits as intents, decided on what was known then; where a
 * referral has gone on otherwise, each is decided again, as if it were handed
 * over now. What is not possible any more goes back to staff.
 */
#ifndef CORE_RECONSIDER_H
#define CORE_RECONSIDER_H

#include "core/peer.h"
#include "core/work.h"

void reconsider_intents(struct work *work, struct peer *peer);

#endif
