/*
 * revoke.h - what a revocation does here. Another agency's: nothing of its keys
 * is believed any more, what was queued for it goes back to staff, and no card
 * of it is ever taken again; its ledgers stay, and stay verifiable. Our own:
 * this gateway tells all it knows, again and again, and does nothing else: who
 * loses its store and takes the card from paper is told by nobody else. There
 * is no way back.
 */
#ifndef CORE_REVOKE_H
#define CORE_REVOKE_H

#include "core/peer.h"
#include "core/peer_close.h"
#include "core/revocation.h"
#include "core/work.h"

/* At the start: is our own card revoked? */
void revoke_load(struct work *work);
bool revoke_is_own(const struct node *node);

/* The peer's own, as it came. ERR_EXISTS: it was revoked before; errors of
 * revocation_read(). */
MUST_USE enum err revoke_peer(struct work *work, struct peer *peer,
    struct slice signed_revocation, struct closing *closing);

/* Ours. Errors as above. */
MUST_USE enum err revoke_self(
    struct work *work, struct slice signed_revocation);

/* The stored bytes, of a peer's number or CARD_BOOK_SELF; empty: none. */
struct slice revoke_held(struct work *work, uint32_t peer);

#endif
