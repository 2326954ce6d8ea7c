/*
 * peer_close.h - the end of talking to an agency, by an operator: nothing is
 * sent to it or taken from it any more, and what was queued goes back to staff.
 *
 * Back goes what waits for the other agency's decision and has no ledger index:
 * new referrals and steps of the referrer. What is so already (our own
 * decisions as receiver, withdrawal, revoked consent, void) stays queued: the
 * other agency must learn it if it is ever talked to again, or the two would
 * differ for ever. So do answers and agreements, which are the gateways'.
 */
#ifndef CORE_PEER_CLOSE_H
#define CORE_PEER_CLOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/peer.h"
#include "core/register.h"
#include "core/work.h"

/* One queued event about a referral. */
struct untold {
    struct uuid referral;
    enum referral_event_type step;
    enum referral_state state;
    bool outgoing; /* the referral is from us */
    bool is_back;  /* out of the queue: it will never be sent */
};

struct closing {
    const struct untold *events; /* the first CLOSING_LIST_COUNT_MAX */
    size_t event_count;
    uint64_t back_count;    /* handed back to staff, of all */
    uint64_t waiting_count; /* of all, still queued */
};

/* One reply holds so many; the feed has them all. */
#define CLOSING_LIST_COUNT_MAX 1024u

/* Closes an accepted peer. Each event that goes back is told to the feed; its
 * referral stays in its state. */
void peer_close(struct work *work, struct peer *peer, struct closing *closing);

/* The same to that state, CLOSED or REVOKED, without a line in the log. */
void peer_end(struct work *work, struct peer *peer, enum peer_state state,
    struct closing *closing);

/* Talks to a closed or imported peer (again), from a HEAD on. */
void peer_open(struct work *work, struct peer *peer);

/* True for a referral of ours that the other agency never heard of and, since
 * it went back to staff, never will: its steps concern nobody but us. */
bool referral_is_back(const struct referral *referral);

#endif
