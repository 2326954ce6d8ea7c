/*
 * register.h - the register of referrals: one row each, as this gateway knows
 * it. Reads and writes; what moves a referral is casework.h.
 */
#ifndef CORE_REGISTER_H
#define CORE_REGISTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/instant.h"
#include "core/content.h"
#include "core/erasure_notice.h"
#include "core/limits.h"
#include "core/referral.h"
#include "core/work.h"

/* What became of an erasure at the other end; of one that the other end wanted,
 * here. Numbers are on disk. */
/* clang-format off */
#define ERASURE_OUTCOME_LIST(X)                                                \
    X(UNTOLD, 0, "")          /* the other never heard of the referral */      \
    X(WAITING, 1, "waiting")  /* for its answer */                             \
    X(DONE, 2, "erased")                                                       \
    X(REFUSED, 3, "kept")
/* clang-format on */

enum erasure_outcome {
#define X(symbol, number, text) ERASURE_OUTCOME_##symbol = (number),
    ERASURE_OUTCOME_LIST(X)
#undef X
        ERASURE_OUTCOME_COUNT
};

/* Static storage; "?" out of range. */
const char *erasure_outcome_name(enum erasure_outcome outcome);

/* The newest that somebody decided or the agreement wanted. */
struct referral_erasure {
    enum erasure_reason reason; /* ERASURE_NONE: there was none */
    enum actor_kind actor;
    bool by_us;
    bool is_whole; /* not of some elements only */
    enum erasure_outcome outcome;
    struct instant at;
};

/* Its contents go from one pair of the vault's entries to another, a part at a
 * time (referral_erase.h). */
struct moving {
    uint64_t from;  /* the entry that is being left; 0: none is */
    uint32_t at;    /* of its events: those below have moved */
    uint32_t count; /* those that are to */
};

struct referral {
    struct uuid uuid;
    uint32_t peer;
    bool outgoing; /* we are the referring agency */
    struct mou_id mou;
    enum referral_state state;
    bool frozen;       /* consent was revoked: nothing about the person */
    bool erased;       /* what was said about the person is gone */
    uint32_t own_seq;  /* of our newest event */
    uint32_t peer_seq; /* of the peer's newest event taken in */
    uint32_t pending;  /* our events that the peer has not answered */
    uint32_t refill;   /* the peer's ledger->refill that took it up; or 0 */
    /* where that left it, one of the peer's, without our steps that wait; or
     * UNKNOWN: `state` is that, or decided on it since */
    enum referral_state taken_up;
    struct instant created;
    struct instant updated;
    struct instant ended; /* came to its terminal state; 0: it has not */
    /* by hold.h, 0: it has not: */
    struct instant taken;  /* the other's programs had taken our words */
    struct instant let_go; /* our words went */
    struct referral_erasure erasure;
    uint64_t entry; /* of the vault; see register_entry */
    struct moving moving;
    struct content_ref request; /* the event SEND */
    struct content_ref offer;   /* the newest event with an offer */
    uint32_t position_count;    /* of its events in the feed, in order */
    uint64_t positions[REFERRAL_EVENT_COUNT_MAX];
};

/* Into the scratch arena; NULL when there is none (or the store failed). */
struct referral *register_get(struct work *work, const struct uuid *uuid);
/* The first at or after that id. */
struct referral *register_next(struct work *work, const struct uuid *from);
void register_put(struct work *work, const struct referral *referral);

/*
 * The vault's entry to seal an event of that type with. A referral has two: one
 * for what is said about the person, destroyed when that is erased; the next
 * for steps that end or erase, which may still wait to be told, and for what
 * comes after an erasure. Where both are destroyed, in a store that was put
 * back from a copy, it is given two others: the row is to be stored then.
 */
uint64_t register_entry(struct work *work, struct referral *referral,
    enum referral_event_type type);
/* Gives a new referral its two. */
void register_entries_take(struct work *work, struct referral *referral);

/* A row that is there for its entries alone, while contents of a referral that
 * was lost are taken back: nothing of it is known yet. */
bool register_is_begun(const struct referral *referral);
void register_delete(struct work *work, const struct referral *referral);

/* Decodes the event that a reference leads to, into scratch. False when its
 * content was erased. */
bool register_event(
    struct work *work, struct content_ref ref, struct referral_event *event);
/* The same for who can go on without it; its texts are in `words`.
 * ERR_NOT_FOUND: its content was erased. ERR_CORRUPT: it is damaged here.
 * Others: the store failed. */
MUST_USE enum err register_event_try(struct work *work, struct content_ref ref,
    struct arena *words, struct referral_event *event);

#endif
