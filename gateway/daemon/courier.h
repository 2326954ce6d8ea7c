/*
 * courier.h - the way between the node and the network: what arrives is opened
 * and verified, what leaves is sealed, by worker threads with the same pure
 * functions that the simulator calls. The core thread only hands over and
 * takes in, and never waits for them: they may wait for it (inbox_put). What
 * finds no room is answered "busy", as if the network had lost it, and comes
 * again: the node told of a request of its own, a peer of its request.
 *
 *   network -> on_request -> worker: request_open  -> inbox NODE_PEER_REQUEST
 *   NODE_REPLY             -> worker: reply_seal    -> network
 *   NODE_SEND              -> worker: request_seal  -> network
 *   network -> on_reply   -> worker: reply_open    -> inbox NODE_PEER_REPLY
 */
#ifndef DAEMON_COURIER_H
#define DAEMON_COURIER_H

#include "base/err.h"
#include "core/node.h"
#include "daemon/directory.h"
#include "daemon/inbox.h"
#include "io/keyring.h"
#include "io/peers_nng.h"

struct courier;

struct courier_options {
    struct agency_id self;
    struct keyring *keyring;
    struct directory *directory;
    struct inbox *inbox;
    unsigned worker_count;
};

/* Starts the workers and opens the transport with its own event functions.
 * The peers' options lend what they point to only for the call. */
MUST_USE enum err courier_open(const struct courier_options *options,
    const struct peers_options *peers_options, struct courier **courier,
    struct peers_problem *problem);

/* Takes a copy of a NODE_SEND or NODE_REPLY and seals it, while its batch is
 * committed. False when memory ended: the process must end, since an answer
 * would be owed. */
MUST_USE bool courier_take(
    struct courier *courier, const struct node_output *output);

/* What was taken is committed, and may leave. Without this call it never does:
 * the process ends. */
void courier_release(struct courier *courier);

/* The key sheet that Rekey shows from now on. */
void courier_set_sheet(struct courier *courier, struct slice sheet);

/* The directory changed: tells the transport whose keys are known. */
MUST_USE enum err courier_set_pins(struct courier *courier);

/* What we show in handshakes from now on. Errors of peers_set_own(). */
MUST_USE enum err courier_set_own(struct courier *courier,
    const char *certificate_path, const char *key_path);

void courier_counters(struct courier *courier, struct peers_counters *counters);

uint16_t courier_port(struct courier *courier, size_t listen_index);

#endif
