/*
 * node.h - one gateway as a deterministic machine: inputs in, outputs out.
 *
 * A batch is node_begin, node_step for each input, node_finish, all in one
 * store transaction; then a durable commit and node_committed; only then are
 * the outputs carried out, and node_release forgets them. It never blocks,
 * reads no clock, draws no entropy, touches no socket and no file: what it
 * needs to know comes with the input, what it remembers is in the store and
 * the vault, what it wants done leaves as outputs. Same store, same inputs:
 * same outputs, byte for byte. The daemon feeds it from nng, LMDB and timers;
 * tests/sim feeds many of them from one seeded scheduler.
 */
#ifndef CORE_NODE_H
#define CORE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/slice.h"
#include "core/card.h"
#include "core/instance.h"
#include "core/message.h"
#include "core/metric.h"
#include "core/port.h"
#include "core/request.h"

enum node_input_type {
    NODE_START = 1,    /* first step after the store was opened */
    NODE_SHEET,        /* the sealing keys that the gateway has now */
    NODE_CARD,         /* the root key signed us another card */
    NODE_REVIEW,       /* an hour has passed: what began, what ends? */
    NODE_PEER_REQUEST, /* opened and verified by request_open */
    NODE_PEER_REPLY,   /* to a NODE_SEND of ours, opened; or its failure */
    NODE_CLIENT,       /* a request of a local program */
    NODE_CLIENT_GONE,  /* it closed its connection */
    NODE_TIME          /* node_wake has come */
};

/* All pointers are borrowed until node_step returns. */
struct node_input {
    enum node_input_type type;
    struct instant now;         /* wall clock: may jump */
    int64_t steady_ms;          /* never goes back */
    uint8_t entropy[SEED_SIZE]; /* fresh for every step */
    union {
        struct {
            struct slice card;           /* our SignedCard */
            const struct slice *earlier; /* that we had, as far as known */
            size_t earlier_count;
            const struct instance_mark *mark; /* NULL: nobody keeps one */
        } start;
        struct {
            struct slice card; /* a newer one of ours */
        } card;
        struct {
            bool clock_is_trusted; /* enough to erase by it */
        } review;
        struct {
            const struct sealing_key *keys;
            size_t count;
        } sheet;
        struct {
            uint64_t handle; /* names the request to NODE_REPLY */
            const struct request *request;
        } request;
        struct {
            uint64_t token;
            enum err err;              /* why there is no reply */
            const struct reply *reply; /* NULL when err */
        } reply;
        struct {
            uint64_t client; /* connection; also of NODE_CLIENT_GONE */
            uint32_t rights; /* enum local_right */
            uint32_t uid;
            struct slice frame; /* a LocalRequest */
        } client;
    } of;
};

enum node_output_type {
    NODE_SEND = 1,     /* seal this for that peer and send it */
    NODE_REPLY,        /* seal this reply to that request */
    NODE_CLIENT_REPLY, /* these bytes to that local client */
    NODE_RELOAD,       /* take configuration and card from their files anew */
    NODE_DIRECTORY,    /* what transport and openers must know of an agency */
    NODE_LOG           /* to the operator's log */
};

/* How a peer is reached and believed. Slices live as long as the output. */
struct node_directory {
    struct agency_id agency;
    bool accepted; /* false: forget it */
    const struct slice *endpoints;
    size_t endpoint_count;
    const uint8_t (*pins)[HASH_SIZE]; /* SPKI hashes */
    size_t pin_count;
    const uint8_t (*operation_keys)[KEY_SIZE];
    const uint64_t *operation_key_ids; /* of each, by crypto_key_id */
    size_t operation_key_count;
    uint64_t card_serial; /* of the card that all this is on */
};

struct node_output {
    enum node_output_type type;
    union {
        struct {
            uint64_t token;
            struct agency_id agency;
            uint8_t sealing_key[KEY_SIZE];
            enum request_kind kind;
            bool is_all; /* nothing more waits to be told to that agency */
            struct slice body;
        } send;
        struct {
            uint64_t handle;
            enum reply_kind kind;
            struct slice body;
        } reply;
        struct {
            uint64_t client;
            struct slice frame;
        } client;
        struct node_directory directory;
        struct log_entry log;
    } of;
};

/* Counted since the start: name, what it is. Append only. */
/* clang-format off */
#define NODE_COUNTER_LIST(X)                                                   \
    X(referrals_submitted, "referrals that local programs handed over")        \
    X(referrals_received, "referrals that peers sent")                         \
    X(steps_recorded, "steps that local programs took")                        \
    X(steps_received, "steps that peers took")                                 \
    X(events_refused_here, "referrals and steps that this gateway refused")    \
    X(events_refused_there, "referrals and steps that peers refused")          \
    X(parcels_sent, "parcels sent, again or not")                              \
    X(parcels_repeated, "parcels sent again")                                  \
    X(parcels_cosigned, "parcels that peers signed for")                       \
    X(parcels_received, "parcels of peers that were taken")                    \
    X(parcels_again, "parcels of peers that had come before")                  \
    X(entries_sent, "entries numbered for peers")                              \
    X(entries_received, "entries of peers that were taken")                    \
    X(heads_sent, "comparisons of ledgers asked for")                          \
    X(heads_received, "comparisons of ledgers that peers asked for")           \
    X(requests_refused, "requests of peers that were refused")                 \
    X(replies_refused, "replies of peers that were not believed")              \
    X(sends_failed, "attempts to reach a peer that failed")                    \
    X(clients_refused, "requests of local programs that were refused")         \
    X(commits, "transactions of the store")                                    \
    X(inputs, "inputs in them")
/* clang-format on */

struct node_counters {
#define X(name, help) uint64_t name;
    NODE_COUNTER_LIST(X)
#undef X
};

/* What only the process around a node knows, for `health` and `metrics`. */
struct node_surroundings {
    bool clock_in_doubt;
    const struct metric_value *metrics; /* borrowed until the next call */
    size_t metric_count;
};

/* Read when they are needed: may be changed between batches. */
struct node_options {
    uint32_t retry_delay_ms_min;
    uint32_t retry_delay_ms_max;
    const char *version;      /* of the program, for `hello` */
    unsigned erase_policy;    /* enum erase_policy: notices of other agencies */
    uint64_t check_period_ms; /* of looking at the store; 0: never by itself */
    int64_t hold_ms; /* our words are kept after they were taken; 0: ever */
    uint32_t repeat_run_count; /* see repeat_rows.h; for the node's life */
    uint32_t parcel_gap_ms;    /* between new parcels to a peer, if small */
    const char *store_key;     /* where the store's key was; NULL: not told */
};

struct node;

/*
 * A node in `memory` (which must outlive it), with arenas of the caller's for
 * a batch (BATCH_ARENA_SIZE) and a step (DECODE_ARENA_SIZE). NULL when memory
 * is too small. NODE_START must be its first input;
 * ERR_CONFLICT then: the store is another agency's; ERR_STATE: it was sealed
 * with another vault.
 */
struct node *node_new(const struct node_options *options, struct crypto *crypto,
    struct vault *vault, struct arena *memory, struct arena *batch,
    struct arena *scratch);

void node_begin(
    struct node *node, struct store_txn *txn, const struct store_usage *usage);

/*
 * Advances the node by one input and appends to its outputs.
 *   ERR_LIMIT  there is no room for another: nothing happened; finish this
 *              batch and give the input again
 *   other      the store or memory failed: abort; the process must end
 * Bad bytes from outside are not an error here: they become outputs.
 */
MUST_USE enum err node_step(struct node *node, const struct node_input *input);

/* Makes the parcels that are due, writes what the batch changed. Errors as
 * node_step, but never ERR_LIMIT. */
MUST_USE enum err node_finish(struct node *node);

/* After the commit and before the outputs: destroys for good what the batch
 * erased. ERR_IO: the process must end; it is done at the next start. */
MUST_USE enum err node_committed(struct node *node);

/* Valid until node_release. */
const struct node_output *node_outputs(const struct node *node, size_t *count);
void node_release(struct node *node);

/* The last batch had no room left for what the node does by itself: the next is
 * to be one without inputs. */
bool node_leaves_rest(const struct node *node);

/* Steady time at which NODE_TIME should come, INT64_MAX for never. Valid after
 * node_finish. */
int64_t node_wake_steady_ms(const struct node *node);

/* From now on; none of it changes what the node decides. */
void node_set_surroundings(
    struct node *node, const struct node_surroundings *surroundings);

#define NODE_METRIC_COUNT_MAX 64
/* The node's own numbers, as of the last batch; how many. */
size_t node_metrics(const struct node *node, struct instant now,
    struct metric_value values[NODE_METRIC_COUNT_MAX]);

const struct agency_id *node_agency(const struct node *node);
/* The life that the store is in since NODE_START, for the mark. */
uint64_t node_life(const struct node *node);
/* The batch failed because a content that it needs is damaged: to be said to
 * the store by patrol_note_damage, once its transaction is gone. */
bool node_met_damage(const struct node *node);
/* Our newest SignedKeySheet, for Rekey; empty before the first. Until the
 * next. */
struct slice node_sheet(const struct node *node);

#endif
