/*
 * casework.h - what arrives about referrals and agreements, and what it does
 * to them: entries of a peer's parcel are judged and answered one by one.
 *
 * The receiving agency's gateway decides about a referral from the moment it
 * is indexed: it applies or refuses each event of the referrer, and its ledger
 * states the resulting state, which the referrer's gateway follows. Withdrawal
 * and revoked consent are applied by each side the moment it knows, and stay.
 */
#ifndef CORE_CASEWORK_H
#define CORE_CASEWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/entry.h"
#include "core/ledger.h"
#include "core/peer.h"
#include "core/register.h"
#include "core/work.h"

struct casework_parcel {
    uint64_t generation;
    uint64_t first_index;
    const struct entry *entries;
    const struct entry_header *headers;
    struct ledger_entry *stored; /* filled in here */
    size_t count;
};

/* Takes new entries of a peer in: fills what is to be stored of each, applies
 * or refuses it, and queues the answers. */
void casework_take(
    struct work *work, struct peer *peer, const struct casework_parcel *parcel);

/* What an answer of the peer does to our own entries; false: it is none. */
bool casework_answer(
    struct work *work, struct peer *peer, struct slice content);

#endif
