/*
 * node_state.h - what a node keeps in memory between steps. All of it can be
 * rebuilt from the store (and is, at start), but for what a restart is meant
 * to forget: settled ledgers, requests on their way, backoff.
 */
#ifndef CORE_NODE_STATE_H
#define CORE_NODE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "core/agreement.h"
#include "core/collected.h"
#include "core/content.h"
#include "core/erasure.h"
#include "core/hold.h"
#include "core/instance.h"
#include "core/ledger.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/peer_index.h"
#include "core/referral_erase.h"
#include "core/repeat_rows.h"
#include "core/scrub_patrol.h"
#include "core/work.h"

struct output_list {
    struct node_output *items;
    size_t count;
    size_t capacity;
};

/* A local client that waits for the next event. */
struct waiter {
    uint64_t client;
    uint32_t number; /* of the request */
    char cursor[CODE_SIZE_MAX + 1];
    uint32_t count;
    int64_t until_steady_ms;
};

/* A cursor that a client holds open. */
struct open_cursor {
    char name[CODE_SIZE_MAX + 1];
    uint64_t client;
    uint64_t handed_out; /* newest position given since it was opened */
    uint64_t handed_max; /* newest ever given by this process */
    uint32_t passes;     /* how often it began again below handed_max */
};

struct node {
    const struct node_options *options;
    struct crypto *crypto;
    struct vault *vault;
    struct arena *memory;        /* for the life of the node */
    struct arena *arena;         /* for the batch */
    struct arena *scratch;       /* for the step */
    struct ledger no_ledgers[2]; /* of a batch that failed: peer_ledger() */

    /* the node's row; `changed` writes it at the end of the batch */
    struct agency_id self;
    uint64_t feed_epoch; /* drawn anew with each loss; peers hear of it */
    uint64_t feed_position_next;
    uint64_t segment_next;
    uint64_t entry_next;       /* of the vault; referrals take two */
    uint64_t vault_changes;    /* that it had, at least */
    uint8_t secret[HASH_SIZE]; /* before what programs chose is hashed */
    uint32_t ledger_next;
    uint32_t peer_next;
    bool changed;
    bool started;

    struct slice own_card;  /* SignedCard */
    struct slice own_sheet; /* SignedKeySheet */
    uint8_t *own_card_room; /* where they are: own_card.h */
    uint8_t *own_sheet_room;
    char own_name[NAME_SIZE_MAX + 1];
    bool dials_only;              /* our card names no endpoint: we collect */
    struct instant own_days_from; /* of the days that have sealing keys */
    struct instant own_days_until;
    struct instant own_card_until;
    uint64_t own_card_serial;
    bool own_card_is_new;        /* since the start before */
    struct instant reviewed;     /* what begins and ends; until a restart */
    struct slice own_revocation; /* SignedRevocation; empty: none */
    uint64_t own_sheet_serial;
    uint32_t losses; /* how often the store was found to have lost something */
    enum loss_cause loss;   /* the last time; NONE: all have shown what they
                               hold since */
    struct instant lost_at; /* when that was noticed */
    bool has_lost;          /* since the start */
    uint64_t life;          /* see instance.h */
    uint64_t life_before;
    bool folds; /* old entries are taken up: told on where nothing follows */

    struct peer **peers;
    size_t peer_count;
    size_t peer_capacity;
    struct peer_index peer_index;

    struct waiter waiters[LOCAL_CLIENT_COUNT_MAX];
    size_t waiter_count;
    struct open_cursor cursors[CURSOR_COUNT_MAX];
    size_t cursor_count;
    struct reading reading;

    struct patrol patrol;
    uint64_t token_next;
    struct store_usage usage; /* when the batch began */
    unsigned store_percent;   /* of the store in use, then */
    struct node_surroundings surroundings;
    size_t input_count; /* of the batch */
    bool leaves_rest;   /* see node_leaves_rest() */
    struct node_counters counters;

    /* the batch under way */
    bool in_batch;
    bool feed_grew;
    struct work work;
    struct content_log contents;
    struct content_recent recent;
    struct repeat_rows repeats;
    struct erasure erasure;
    struct hold hold;
    bool retention_is_due; /* something may be, by a clock that is believed: */
    int64_t retention_until_ms; /* what was due then */
    struct erase_list erases;
    struct output_list outputs;
    struct agreement_choice choice;
    struct agreement *agreements; /* that were read */
    size_t agreements_size;       /* of the batch's arena */
    struct instant wake_at;
    int64_t wake_steady_ms;
};

#endif
