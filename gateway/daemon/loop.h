/*
 * loop.h - the core thread: takes all that waits, steps the node in one store
 * transaction, commits, and only then carries the outputs out. Also gives the
 * gateway its sealing keys of the day, and takes its next card.
 */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/erase.h"
#include "core/node.h"
#include "daemon/clock_trust.h"
#include "daemon/courier.h"
#include "daemon/directory.h"
#include "daemon/identity.h"
#include "daemon/inbox.h"
#include "daemon/marker.h"
#include "daemon/metrics_file.h"
#include "daemon/process_metric.h"
#include "io/keyring.h"
#include "io/local_socket.h"

struct loop {
    /* set by the caller before loop_begin; all must outlive the loop */
    struct node *node;
    struct node_options *options; /* the node's; loop_run alone changes them */
    struct store *store;
    struct inbox *inbox;
    struct directory *directory;
    struct keyring *keyring;
    struct identity *identity;
    const struct slice *earlier_cards; /* until loop_begin returns */
    size_t earlier_card_count;
    struct courier *courier;
    struct marker marker; /* its mark as it was found */

    /* set before loop_run */
    struct local_socket *socket;
    struct metrics_file *metrics; /* NULL: none */
    int64_t turn_ms_max; /* a turn at least this often; 0: when there is need */

    /* the loop's own */
    int64_t keys_due_steady_ms;
    int64_t sheet_day; /* that the key sheet begins with */
    int64_t metrics_due_steady_ms;
    int64_t look_due_steady_ms;
    struct clock_trust trust;
    bool clock_in_doubt;
    struct metric_value around[PROCESS_METRIC_COUNT_MAX];
    size_t around_count;

    /* shared */
    _Atomic int64_t turned_steady_ms;
    _Atomic uint64_t retry_wanted;   /* min << 32 | max; 0: nothing new */
    _Atomic unsigned erasure_wanted; /* policy + 1; 0: nothing new */
    _Atomic uint32_t hold_wanted;    /* days; 0: nothing new */
    atomic_bool ended;
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

/* Other delays between attempts to reach a peer, from the next failure on. Any
 * thread. */
void loop_set_retry(
    struct loop *loop, uint32_t delay_ms_min, uint32_t delay_ms_max);

/* What becomes of other agencies' notices of erasure (core/erase.h), from the
 * next batch on. Any thread. */
void loop_set_erasure(struct loop *loop, enum erase_policy policy);

/* How long our words are kept (core/hold.h), from the next batch on. Any
 * thread. */
void loop_set_hold(struct loop *loop, uint32_t days);
int64_t loop_hold_ms(uint32_t days);

/* Another card of ours to be taken, copied. Any thread. False: no memory. */
bool loop_offer_card(struct loop *loop, struct slice signed_card);

/* When the last turn ended: a batch, or a look that found nothing to do. Any
 * thread. */
int64_t loop_turned_steady_ms(const struct loop *loop);

#endif
