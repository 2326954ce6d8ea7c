/*
 * gateway.h - one agency's gateway: a node on a store in memory, and around it
 * what the daemon does: inputs are gathered into a batch, the batch is one
 * transaction, and only after its commit are the outputs carried out. Here it
 * can also die at each of these points and come back.
 */
#ifndef SIM_GATEWAY_H
#define SIM_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/card.h"
#include "core/node.h"
#include "core/request.h"
#include "io/store_memory.h"
#include "sim/options.h"

struct world;
struct letter;
struct local_reply;

/* Commits of any age that a backup may be of. */
#define GATEWAY_PAST_COUNT 16

/* A copy of the store, and what was true outside of it then. */
struct gateway_past {
    struct store_memory_snapshot *store;
    struct instance instance;
    struct instance_mark mark;
    bool is_blank; /* nobody was met yet: its first start, for all it knows */
};

/* Our request to a peer that waits for its reply. */
struct waiting {
    uint64_t id; /* 0: none */
    uint64_t token;
    int64_t asked_ms;
    struct request_secret secret;
};

/* A Collect and one other are under way at once, at most. */
#define WAITING_COUNT_MAX 2

/* What the daemon holds of another agency. */
struct contact {
    bool is_known; /* from NODE_DIRECTORY: */
    uint8_t operation_keys[CARD_KEY_COUNT_MAX][KEY_SIZE];
    size_t operation_key_count;
    uint64_t card_serial;
    bool has_compared; /* a Head of that agency came in this life */
    struct waiting waiting[WAITING_COUNT_MAX];
    uint8_t fence_fed[FENCE_SIZE]; /* of the parcel that a Collect brought */
    uint64_t size_fed;             /* and its size; 0: none */
};

/* A peer's request, opened, that has no reply yet. */
struct served {
    bool is_used;
    bool is_collect; /* may wait beyond its batch */
    size_t from;
    uint64_t id;
    struct request_secret secret;
    uint8_t fence[FENCE_SIZE]; /* of a Deliver */
};

struct gateway {
    size_t index;
    struct agency_id agency;
    struct crypto *crypto;
    struct store *store; /* on the disk, or it itself: disk.h */
    struct store *disk;
    struct flaky *flaky; /* NULL: the disk is sound */
    struct vault *vault;
    struct arena memory; /* of the node's life */
    size_t memory_empty; /* of it, what a node takes that knows nobody */
    struct arena kept;   /* card, agreement: outlive crashes */
    struct slice card;   /* SignedCard */
    struct node_options options;
    struct node *node;
    bool is_up;
    bool is_filled;
    bool knows_revoked;        /* it said that agency 0 ended its card */
    struct instance_mark mark; /* outside of the store */
    uint64_t life_before;      /* of the store, on that mark */
    int64_t marked_ms;
    bool hides_loss;   /* the mark does not show that it lost something */
    size_t rotted;     /* contents of its disk */
    size_t rot_deaths; /* by them */
    bool owes_notice;  /* it is to say so in its next batch */
    struct gateway_past past[GATEWAY_PAST_COUNT]; /* commits */
    uint64_t past_count;
    struct store_memory_snapshot *copy; /* that somebody made: disk.h */
    int64_t copy_ms;                    /* when */
    uint64_t copy_count;
    uint64_t commit_count;                     /* tried */
    struct store_memory_snapshot *unsynced[2]; /* planted: disk.h */
    int64_t loss_count;                        /* restores and lost stores */
    int64_t lost_ms;                           /* the last of them; -1: none */
    bool has_just_lost;                        /* and not started since */
    uint64_t life;
    int64_t paused_until_ms; /* pause.h */
    int64_t suspended_ms;    /* of it the steady clock stands still */
    uint64_t full_count; /* batches lost to a full store, one after another */
    int64_t steady_base_ms;
    int64_t clock_offset_ms; /* when it was set... */
    int64_t clock_set_ms;    /* ... which was then */
    int64_t drift_permille;  /* and by which it has gone wrong since */
    uint32_t sheet_day;
    bool turn_planned;
    int64_t wake_steady_ms; /* that is planned */
    struct letter *first;   /* inputs that wait */
    struct letter *last;
    size_t queue_count;
    struct contact **contacts; /* by agency; NULL: nothing is known */
    struct served *served;
    size_t served_capacity;
    uint64_t asked_count;      /* requests of its own to peers */
    uint64_t asked_before_end; /* of these, before the last minutes */
};

/* Keys, card and an empty store; not yet started. */
void gateway_found(struct world *world, struct gateway *gateway, size_t index);
/* Starts it, now, and its mishaps. */
void gateway_begin(struct world *world, struct gateway *gateway);
void gateway_release(struct world *world, struct gateway *gateway);

/* Whether it keeps what others erase. */
bool gateway_keeps(const struct world *world, size_t at);

/* Takes the letter over; it waits for the next batch. A gateway that is down
 * loses it. */
void gateway_queue(
    struct world *world, struct gateway *gateway, struct letter *letter);

struct instant gateway_now(
    const struct world *world, const struct gateway *gateway);
int64_t gateway_steady_ms(
    const struct world *world, const struct gateway *gateway);

/* A commit was made. */
void gateway_committed(struct world *world, struct gateway *gateway);
/* And the process lived on: its mark is kept, see core/instance.h. */
void gateway_mark(
    struct world *world, struct gateway *gateway, bool ends_clean);

/* Its store has room again. */
void gateway_empty(struct gateway *gateway);
/* Its wall clock shows the right time, and goes at the right pace. */
bool gateway_clock_is_right(const struct gateway *gateway);
/* Its wall clock is that far off from now on; keys follow, as the daemon sees
 * to when a clock jumps. */
void gateway_clock_set(
    struct world *world, struct gateway *gateway, int64_t offset_ms);

/* Its store was another one at some time. */
bool gateway_has_lost(const struct world *world, size_t index);

/* Dies now; programs lose their connections. It starts again by itself. */
void gateway_crash(struct world *world, struct gateway *gateway);

/*
 * For the checkers, when all is calm: one local request with all rights,
 * answered at once, in a batch of its own. The reply's bytes stand in the
 * world's `talk` arena. Empty when there was none, or the gateway is down.
 */
struct slice gateway_ask(
    struct world *world, struct gateway *gateway, struct slice frame);
/* What it says of that referral, in the same arena; no record, and the run has
 * failed, when that was no reply. */
void gateway_get(struct world *world, struct gateway *gateway,
    const struct uuid *uuid, struct local_reply *reply);

/* What it holds of that agency, made at the first time. */
struct contact *gateway_contact(struct gateway *gateway, size_t peer);

/* The index of an agency; gateway_count when it is none. */
size_t gateway_find(const struct world *world, const struct agency_id *agency);

#endif
