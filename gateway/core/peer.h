/*
 * peer.h - the agencies that this gateway knows: their cards and key sheets in
 * the store, and what is remembered of talking to them until a restart.
 */
#ifndef CORE_PEER_H
#define CORE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "core/card.h"
#include "core/ledger.h"
#include "core/message.h"
#include "core/pace.h"
#include "core/work.h"

enum peer_state {      /* on disk */
    PEER_IMPORTED = 1, /* its card waits for an operator, who brought it */
    PEER_ACCEPTED = 2,
    PEER_CLOSED = 3,     /* by an operator: nothing is sent or taken */
    PEER_INTRODUCED = 4, /* the same, but it came by itself */
    PEER_INVITED = 5,    /* it came with a code of ours */
    PEER_REVOKED = 6,    /* by its own root key, for ever */
    PEER_STATE_COUNT
};

/* A place in a ledger, with the root there. */
struct refill_point {
    uint64_t generation;
    uint64_t size;
    uint8_t root[HASH_SIZE];
};

/* What is missing of one ledger: see refill.h. */
struct refill_goal {
    bool wanted;
    struct note proof;        /* that we signed it */
    struct refill_point last; /* where that is */
    struct refill_point next; /* that, or the end of a generation before it */
};

/* A parcel with a damaged content: see scrub_mend.h. */
struct mend {
    bool is_wanted;
    uint8_t try_count;
    uint8_t direction; /* enum ledger_direction */
    uint64_t generation;
    uint64_t first_index;
};

struct peer {
    uint32_t number;
    struct agency_id agency;
    enum peer_state state;
    uint64_t card_serial;
    uint64_t sheet_serial;

    /* forgotten by a restart */
    bool settled_out;         /* our ledger may be signed */
    bool settled_in;          /* its parcels may be cosigned */
    bool is_whole;            /* it cannot show that we lost anything */
    uint64_t epoch;           /* of what it holds, when ours was settled... */
    uint64_t held_generation; /* ... and what it held of it then */
    uint64_t held_size;
    bool wants_head;          /* compare before anything else */
    bool head_is_old;         /* the one that is asked: we have more to say */
    bool head_failed;         /* our last one brought nothing */
    uint32_t head_vain_count; /* of ours that left our ledger in trouble */
    int64_t head_rest_steady_ms; /* the next of them: delivery.h */
    bool has_echoed;         /* it cannot ask us, and knows that we heard it */
    bool introduces;         /* it does not know us: leave our card first */
    bool is_rekeyed;         /* our sheet of it is old, the next unproved */
    bool has_given;          /* a fence, since we started: */
    uint64_t given_out_size; /* that was cosigned of ours then */
    uint8_t fence_given[FENCE_SIZE]; /* the newest */
    uint64_t token;                  /* of the request on its way; 0: none */
    enum request_kind token_kind;
    bool reachable;          /* its card names an endpoint */
    uint64_t collect_token;  /* of our Collect on its way; 0: none */
    uint64_t collect_handle; /* of its Collect that waits here */
    bool collect_waits;
    bool collect_due; /* we want to ask at next_try_steady_ms... */
    int64_t collect_rest_steady_ms; /* ... and then; what came had no room */
    int64_t collect_asked_steady_ms;
    int64_t collect_until_steady_ms;
    uint32_t failure_count;
    uint32_t stumble_count;       /* Behind without progress since */
    uint32_t rekey_count;         /* Rekey, and nothing was opened since */
    enum request_kind declined;   /* by its last reply; 0: it was not reached */
    int64_t compared_steady_ms;   /* what both hold, the last time */
    uint64_t asked_in_size;       /* that we held when our Head left... */
    uint64_t asked_in_generation; /* ... of this */
    struct refill_goal goals[2];  /* of our ledger, of its ledger */
    bool refill_ready;            /* nothing is missing: to be taken up */
    int64_t refill_rest_steady_ms; /* but not before */
    bool awaits;                   /* but for a parcel on its way: refill.h */
    uint64_t coming_generation;    /* of its newest note, by its last word... */
    uint64_t coming_size;          /* ... on its way or cosigned */
    struct mend mend;
    uint64_t fetch_credit;   /* bytes that it may fetch... */
    int64_t fetch_steady_ms; /* ... as of then */
    bool has_due;            /* something may wait for next_try_steady_ms */
    bool rests;              /* or, with this, for head_rest_steady_ms, */
    bool gathers;            /* or, with this, for parcel_due_steady_ms: */
    int64_t parcel_due_steady_ms; /* the next new parcel, if it is small */
    size_t parcel_size;           /* of the one in flight */
    struct pace parcel_pace;
    struct pace refill_pace; /* of what is taken back from it */
    int64_t next_try_steady_ms;
    int64_t next_try_wall_ms;      /* for people */
    int64_t failing_since_wall_ms; /* 0: it is not */
    int64_t last_heard_wall_ms;    /* 0: never */
    const char *problem;           /* last failure, a code; "" */
    uint8_t alarm;                 /* of alarm.h, at last look; 0: none */
    int64_t alarm_since_ms;        /* by the wall clock, like these two: */
    int64_t apart_ms;              /* unsettled; 0: it is settled */
    int64_t conflict_ms;           /* a ledger is in conflict; 0: none */
    int64_t alarm_due_steady_ms;   /* when to look again */
    uint64_t queued_count;         /* entries not cosigned, at last look */
    uint64_t waiting_index;        /* of the first of them; ... */
    struct instant waiting_since;  /* ... when it was made, if there is one */
    uint64_t taken_count[2];       /* OUT, IN: entries that programs of who */
    uint64_t untaken_count[2];     /* received them took, or not; as above */
    uint64_t
        awaited_position; /* of its ledger; UINT64_MAX: none. At last look */

    /* loaded when first asked for in a batch */
    struct ledger *out;
    struct ledger *in;
    struct card *card;
    struct key_sheet *sheet;
    bool touched; /* in this batch: look at it in node_finish */
};

const char *peer_state_name(enum peer_state state);
/* An operator compared its safety number once: accepted or closed. */
bool peer_is_pinned(const struct peer *peer);

/* Nothing is sent to it or taken from it any more. */
bool peer_is_over(const struct peer *peer);

/* Loads all peers at start. */
void peers_load(struct work *work);

/* NULL when there is none. */
struct peer *peer_find(struct node *node, const struct agency_id *agency);
struct peer *peer_numbered(struct node *node, uint32_t number);

/* A new row with this (verified) card. NULL at PEER_COUNT_MAX. */
struct peer *peer_add(struct work *work, const struct card *card,
    struct slice signed_card, enum peer_state state);

/* The code to show when we introduce ourselves; empty when there is none. */
struct slice peer_invitation(struct work *work, const struct peer *peer);
void peer_set_invitation(
    struct work *work, struct peer *peer, struct slice code);

/* Replaces what the row holds; empty slices keep what is there. */
void peer_store(struct work *work, struct peer *peer, struct slice signed_card,
    struct slice signed_sheet);

/* The card as structure; NULL only when the store failed. */
const struct card *peer_card(struct work *work, struct peer *peer);
/* NULL also when none has come yet. */
const struct key_sheet *peer_sheet(struct work *work, struct peer *peer);
/* The stored bytes. */
struct slice peer_card_bytes(struct work *work, const struct peer *peer);
struct slice peer_sheet_bytes(struct work *work, const struct peer *peer);

/* A foreign card or sheet: stored when it is newer and verifies. */
enum err peer_offer_card(
    struct work *work, struct peer *peer, struct slice signed_card);
enum err peer_offer_sheet(
    struct work *work, struct peer *peer, struct slice signed_sheet);

/* Cached for the batch. Never NULL: where the store or memory failed, it is an
 * empty one that nobody keeps. */
struct ledger *peer_ledger(
    struct work *work, struct peer *peer, enum ledger_direction direction);

/* Emits NODE_DIRECTORY for the peer as its card stands. */
void peer_announce(struct work *work, struct peer *peer);

/* Beyond so many the peer is left alone for a while. */
#define PEER_STUMBLE_COUNT_MAX 2u
/* Failures in a row that take minutes: if it cannot be reached then, it is
 * away, and begins anew when it returns. */
#define PEER_AWAY_FAILURE_COUNT 8u

/* A message of the peer was believed: any backoff ends. */
void peer_heard(struct work *work, struct peer *peer);
/* A request of ours did what it was to do; but a peer that stumbles keeps its
 * place in the backoff. */
void peer_progressed(struct work *work, struct peer *peer);
/* What a greeting of ours says has changed: one more, whatever is asked now. */
void peer_tell_head(struct peer *peer);
/* It says that things have changed: they are compared at once. */
void peer_ask_anew(struct peer *peer);
/* Something has come up for which a greeting is wanted: it is not one more in
 * vain. */
void peer_wants_head(struct peer *peer);
/* A greeting left our ledger in trouble: the next rests, each time longer. */
void peer_head_rests(struct work *work, struct peer *peer);
/* A request could not be carried through; `problem` is a code. */
void peer_failed(struct work *work, struct peer *peer, const char *problem);

/* What the peer has not signed for: how much, and since when. */
void peer_note_waiting(struct work *work, struct peer *peer);

/* Writes changed ledgers and forgets the batch's caches. */
void peer_flush(struct work *work, struct peer *peer);

#endif
