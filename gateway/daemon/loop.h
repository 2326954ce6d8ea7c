/*
 * loop.h - the core thread: takes all that waits, steps the node in one store
 * transaction, commits, and only then carries the outputs out. Also gives the
 * gateway its sealing keys of the day.
 */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include "base/arena.h"
#include "base/err.h"
#include "core/node.h"
#include "daemon/courier.h"
#include "daemon/directory.h"
#include "daemon/inbox.h"
#include "io/keyring.h"
#include "io/local_socket.h"

struct loop {
    /* set by the caller; all must outlive the loop */
    struct node *node;
    struct store *store;
    struct inbox *inbox;
    struct directory *directory;
    struct keyring *keyring;
    struct slice card; /* SignedCard */

    /* set between loop_begin and loop_run */
    struct courier *courier;
    struct local_socket *socket;

    /* the loop's own */
    int64_t keys_due_steady_ms;
    int64_t start_steady_ms;
    int64_t start_wall_ms;
    uint32_t newest_day; /* that had a key when the process started */
    volatile bool ended;
};

/*
 * Starts the node on its store (NODE_START and the key sheet), so that the
 * courier and the socket, opened next, find it ready. What it wants sent waits
 * until they are. Errors are those of the node, the store and the keyring;
 * problem names the last two.
 */
MUST_USE enum err loop_begin(struct loop *loop, struct keys_problem *problem);

/* Runs until loop_end; ERR_NONE then. Any other error means that the process
 * must end at once and be started again. */
MUST_USE enum err loop_run(struct loop *loop);

/* Lets loop_run return after the batch under way. Any thread. */
void loop_end(struct loop *loop);

#endif
