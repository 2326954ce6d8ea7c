/*
 * inbox.h - what waits for the core thread: a bounded queue that any thread
 * fills. Who cannot put waits or is told so; nothing is dropped.
 */
#ifndef DAEMON_INBOX_H
#define DAEMON_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/node.h"
#include "daemon/turns.h"

/* An input and the block that owns what it points to. */
struct inbox_item {
    struct turns_item turn;  /* of peers' ones: its origin is who says it */
    struct node_input input; /* without its clocks and entropy */
    struct request request;  /* where input points for NODE_PEER_REQUEST */
    struct reply reply;      /* where input points for NODE_PEER_REPLY */
    uint32_t wait_ms;        /* it can wait so long for what else comes */
    void *block;             /* for free(); or NULL */
    size_t size;             /* bytes that it holds */
    struct inbox_item *next;
};

struct inbox;

MUST_USE enum err inbox_new(struct inbox **inbox);
void inbox_free(struct inbox *inbox);

/* Takes the item over; waits while the inbox is full, unless it was closed. */
void inbox_put(struct inbox *inbox, struct inbox_item *item);
/* Takes the item over unless the inbox is full: false. */
bool inbox_try(struct inbox *inbox, struct inbox_item *item);

/*
 * Waits until something is there that cannot wait, `steady_ms` has come, or
 * inbox_wake. Then takes up to count_max items and size_max bytes (at least one
 * item): peers' in turns, each one's in their order, and all others in theirs,
 * where peers' pass what is large. NULL when nothing was there. *was_full:
 * someone may wait for room.
 */
struct inbox_item *inbox_take(struct inbox *inbox, int64_t until_steady_ms,
    size_t count_max, size_t size_max, bool *was_full);

/* Ends a wait of inbox_take now; used from any thread, not from signals. */
void inbox_wake(struct inbox *inbox);

/* Nobody will take any more: who waits for room is let go, and what is put
 * from now on is freed. */
void inbox_close(struct inbox *inbox);

void inbox_item_free(struct inbox_item *item);

#endif
