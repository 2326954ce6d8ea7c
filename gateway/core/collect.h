/*
 * collect.h - the way to agencies that only dial out. They ask for our next
 * parcel and wait; the cosignature of one comes with the request for the next.
 * Both sides of that: asking, when our own card names no endpoint, and being
 * asked.
 */
#ifndef CORE_COLLECT_H
#define CORE_COLLECT_H

#include "core/custody.h"
#include "core/peer.h"
#include "core/request.h"
#include "core/work.h"

/* Asks the peer for its next parcel when that is our way with it and nothing
 * is asked yet. */
void collect_go_on(struct work *work, struct peer *peer);

/* The reply to what collect_go_on asked, or its failure. */
void collect_reply(struct work *work, struct peer *peer, enum err err,
    const struct reply *reply);

/* A Collect of the peer; it is answered by collect_serve. False when it is
 * malformed, and then the caller refuses it. */
bool collect_take(
    struct work *work, struct peer *peer, struct slice body, uint64_t handle);

/* Answers the Collect that waits, if there is something to say. */
void collect_serve(struct work *work, struct peer *peer);

/* What the peer brings because a Collect of it was answered with what is
 * wanted; the reply is set unless the store or memory failed. */
void collect_fetched(struct work *work, struct peer *peer, struct slice body,
    struct custody_reply *reply);

/* Steady time when collect_serve or collect_go_on has something to do. */
int64_t collect_due_steady_ms(const struct peer *peer);

#endif
