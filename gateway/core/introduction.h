/*
 * introduction.h - agencies that do not know each other: one leaves its card
 * at the other's gateway, where it waits for an operator. With a code of ours
 * it is invited; without, it takes one of few places.
 */
#ifndef CORE_INTRODUCTION_H
#define CORE_INTRODUCTION_H

#include "core/peer.h"
#include "core/request.h"
#include "core/work.h"

/* An Introduce of anyone; answers it. */
void introduction_take(
    struct work *work, const struct request *request, uint64_t handle);

/* Our own, for that peer. Empty when memory or the store failed. */
struct slice introduction_body(struct work *work, const struct peer *peer);

/* Its reply: the peer's newest card and key sheet. A problem's code or NULL. */
const char *introduction_done(
    struct work *work, struct peer *peer, struct slice body);

/* Waiting for the other side's operator: the code, and a short backoff. */
const char *introduction_pending(struct peer *peer);

#endif
