/*
 * delivery.h - the author's side: parcels of what waits, one of a ledger in
 * flight, repeated until it is cosigned; one request at a time to each peer;
 * one backoff for each peer, and one for greetings that bring nothing while a
 * ledger of ours is in trouble.
 */
#ifndef CORE_DELIVERY_H
#define CORE_DELIVERY_H

#include "core/node.h"
#include "core/peer.h"
#include "core/work.h"

/*
 * Sends the peer what is due, if anything is and nothing is on its way: Head
 * while unsettled, else the parcel in flight, else a parcel of what waits.
 */
void delivery_go_on(struct work *work, struct peer *peer);

/*
 * A request of the peer, of that kind, was dealt with. It is there, so any
 * backoff ends, but not while parcels cannot be delivered anyway, nor when the
 * peer has said no to what would come: two gateways that both do would call
 * each other without end.
 */
void delivery_heard(
    struct work *work, struct peer *peer, enum request_kind heard);

/* Steady time of its next try; INT64_MAX when it waits for nothing. */
int64_t delivery_due_steady_ms(const struct peer *peer);

/* Words were erased: what stood still for words that are damaged here may go on
 * without them, at once. */
void delivery_unblock(struct peer *peer);

/* The reply to the request on its way, or its failure. */
void delivery_reply(struct work *work, struct peer *peer, enum err err,
    const struct reply *reply);

/* ---- Shared with collect.h ---- */

/* A settled ledger of ours has something to hand over. */
bool delivery_has_parcel(const struct peer *peer, const struct ledger *out);
/* There is memory in this batch to load or make a parcel. */
bool delivery_has_room(const struct work *work);
/* The parcel in flight, made from what waits when there is none: a Deliver.
 * Empty when something of it is damaged here, which is a failure with the peer,
 * or when the store or memory failed. */
struct slice delivery_parcel(struct work *work, struct peer *peer);
/* Sends a request; its token, or 0 when there is no key to seal it with. */
uint64_t delivery_send(struct work *work, struct peer *peer,
    enum request_kind kind, struct slice body);
/* Records the cosignature of the parcel in flight. A problem's code, or NULL
 * when all is well (or the store failed). */
const char *delivery_cosigned(
    struct work *work, struct peer *peer, const struct cosigned *cosigned);
const char *delivery_plain(
    struct work *work, struct peer *peer, const struct reply *reply);
/* The code of a request that could not be carried through. How the peer made
 * us stumble is forgotten once it was away for minutes. */
const char *delivery_failure(struct peer *peer, enum err err);

/* Queues something for a peer; content is written once, here. Returns false
 * when it is over CONTENT_SIZE_MAX or memory ended. */
struct tell {
    enum entry_kind kind;
    struct slice content;
    bool has_referral;
    struct uuid referral;
    uint8_t event_type;
    uint32_t seq;
    uint8_t state;
    struct content_ref held; /* where the content is already, or none */
    uint64_t feed_position;
};
bool delivery_tell(
    struct work *work, struct peer *peer, const struct tell *tell);

#endif
