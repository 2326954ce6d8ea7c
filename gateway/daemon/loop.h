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
    /* set by the caller before loop_begin; all must outlive the loop */
    struct node *node;
    struct store *store;
    struct inbox *inbox;
    struct directory *directory;
    struct keyring *keyring;
    struct slice card; /* SignedCard */
    struct courier *courier;

    struct local_socket *socket; /* set before loop_run */

    /* the loop's own */
    int64_t keys_due_steady_ms;
    int64_t start_steady_ms;
    int64_t start_wall_ms;
    uint32_t newest_day; /* that had a key when the process started */
    volatile bool ended;
};

/*
 * Starts the node on its store (NODE_START and the key sheet), so that the
 * socket, opened next, finds it ready. Errors are those of the node, the store
 * and the keyring; problem names the last.
 */
MUST_USE enum err loop_begin(struct loop *loop, struct keys_problem *problem);

/* Runs until loop_end; ERR_NONE then. Any other error means that the process
 * must end at once and be started again. */
MUST_USE enum err loop_run(struct loop *loop);

/* Lets loop_run return after the batch under way. Any thread. */
void loop_end(struct loop *loop);

#endif
