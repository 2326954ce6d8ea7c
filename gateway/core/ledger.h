/*
 * ledger.h - one direction of what two agencies tell each other, as this
 * gateway holds it: its state row and the entries of its parcels.
 *
 * Reads and writes the store and decides nothing: settle.h says when a ledger
 * may be used, delivery.h moves parcels, register.h says what entries mean.
 */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "core/content.h"
#include "core/contradiction.h"
#include "core/entry.h"
#include "core/merkle.h"
#include "core/message.h"
#include "core/note.h"
#include "core/work.h"

enum ledger_direction {
    LEDGER_OUT = 1, /* we are the author */
    LEDGER_IN = 2   /* the peer is */
};

/* Why a ledger stands still; numbers are on disk. */
/* clang-format off */
#define LEDGER_TROUBLE_LIST(X)                                                 \
    X(NONE, 0, "none")                                                         \
    X(CONFLICT, 1, "conflict")                   /* two roots for one size */  \
    X(AUTHOR_SHORTER, 2, "author_shorter")       /* the author lost entries */ \
    X(RECIPIENT_SHORTER, 3, "recipient_shorter") /* the recipient did */       \
    X(GENERATION, 4, "generation")               /* not the one that is held */\
    X(UNPROVED, 5, "unproved")                   /* a size without its note */
/* clang-format on */

enum ledger_trouble {
#define X(symbol, number, text) LEDGER_##symbol = (number),
    LEDGER_TROUBLE_LIST(X)
#undef X
        LEDGER_TROUBLE_COUNT
};

/* Fences given out and not yet retired. Two gateways that greet each other at
 * once need two; the rest is for retries. */
#define LEDGER_FENCE_COUNT_MAX 4

struct ledger {
    uint32_t peer;
    enum ledger_direction direction;
    uint32_t number;     /* names its intents in the store; 0: no row yet */
    uint32_t shelf;      /* names the entries of this generation there */
    uint64_t generation; /* 0: none yet */
    uint64_t previous;   /* the generation before; 0: none */
    bool closed;         /* another followed it; not in the row: by its key */
    struct merkle_frontier frontier; /* of all entries indexed here */
    uint64_t cosigned;               /* entries below have a cosignature */
    struct slice note;               /* the cosigned note at that size */
    struct slice offered; /* OUT: our signed note of the parcel in flight */
    uint8_t fences[LEDGER_FENCE_COUNT_MAX][FENCE_SIZE]; /* oldest first */
    uint8_t fence_count;  /* OUT: 0 or 1, the one to carry */
    uint64_t collected;   /* the recipient's programs took entries below */
    int64_t collected_ms; /* when that rose, by the wall clock; 0: never */
    uint64_t awaited;     /* IN: it rises to this (0: to nothing) ... */
    uint64_t
        awaited_position;  /* ... with that event of the feed: collected.h */
    uint64_t answered;     /* OUT: entries below were answered */
    uint64_t intent_next;  /* OUT: number of the next intent */
    uint64_t intent_count; /* OUT: intents that wait */
    uint64_t unfolded; /* newest entries that referrals do not reflect yet */
    uint32_t refill;   /* OUT: how often this gateway took entries back */
    bool refills;      /* OUT: and does so now, with either ledger */
    bool renews;       /* OUT: nothing more is signed in this generation */
    bool closes;       /* IN: nothing more of this one is taken: conflict.h */
    uint32_t losses;   /* OUT: the gateway's when this generation began */
    uint64_t epoch;    /* OUT: the recipient's then: generation.h */
    int64_t apart_ms;  /* OUT: the two are unsettled since then; 0: not */
    uint8_t alarm;     /* OUT: that was told: alarm.h */
    enum ledger_trouble trouble;
    struct slice evidence; /* of a conflict in this generation: conflict.h */
    int64_t conflict_ms;   /* when that was found, by the wall clock */
    bool changed;          /* to be written at the end of the batch */
    struct ledger *before; /* closed ones that were loaded in this batch */
};

/* One entry as stored. */
struct ledger_entry {
    struct slice header; /* exact bytes */
    bool attached;       /* salt and content are held */
    struct content_ref content;
    bool has_referral; /* what it is about, so that answers and evidence find
                        * it; a content that was refused said so once */
    struct uuid referral;
    uint8_t event_type;     /* EVENT_NONE: a notice of erasure */
    uint32_t seq;           /* of the event */
    uint8_t state;          /* that it states */
    uint64_t feed_position; /* OUT: where the feed tells of it; 0: nowhere */
    bool withheld; /* its content was refused or is to be erased, and does not
                    * travel again */
    struct mou_id mou; /* of a mention that came back; zeros: not known */
};

const char *ledger_trouble_name(enum ledger_trouble trouble);

/* The row, or a new ledger without number and generation. NULL when the arena
 * is full or the store failed. */
struct ledger *ledger_load(
    struct work *work, uint32_t peer, enum ledger_direction direction);
void ledger_save(struct work *work, const struct ledger *ledger);

/* A closed generation; NULL when there is none of that number, or as above. */
struct ledger *ledger_load_closed(struct work *work, uint32_t peer,
    enum ledger_direction direction, uint64_t generation);
void ledger_delete_closed(struct work *work, const struct ledger *ledger);

struct origin ledger_origin(const struct ledger *ledger,
    const struct agency_id *self, const struct agency_id *peer);

/* Size and root of all that is indexed, unsigned. */
void ledger_checkpoint(struct work *work, const struct ledger *ledger,
    const struct origin *origin, struct note *note);

/* Appends the leaf of an entry's header. */
void ledger_append(
    struct work *work, struct ledger *ledger, struct slice header);

/* Writes the entries of one parcel; `note` may be empty. */
void ledger_entries_write(struct work *work, const struct ledger *ledger,
    uint64_t first_index, const struct ledger_entry *entries, size_t count,
    struct slice note);

struct ledger_parcel {
    uint64_t first_index;
    struct ledger_entry *entries;
    size_t count;
    struct slice note;
};

/* The stored parcel that holds the entry at `index`. False: there is none
 * (or the store failed). Copies into the batch's arena. */
bool ledger_parcel_at(struct work *work, const struct ledger *ledger,
    uint64_t index, struct ledger_parcel *parcel);
/* The same into another arena, for walks over many: it may take 256 KiB. */
bool ledger_parcel_load(struct work *work, struct arena *arena,
    const struct ledger *ledger, uint64_t index, struct ledger_parcel *parcel);

/* The tree's edge at a size where a stored parcel ends. False when the entries
 * below are not all there. */
bool ledger_frontier_at(struct work *work, const struct ledger *ledger,
    uint64_t size, struct merkle_frontier *frontier);

/* Forgets the parcel that begins there; contents live on. */
void ledger_parcel_remove(
    struct work *work, const struct ledger *ledger, uint64_t first_index);

/* Erases salt and content of the entry at `index`; its header stays. */
void ledger_detach(
    struct work *work, const struct ledger *ledger, uint64_t index);

/* Root over the stored headers of the first `size` entries. False when they
 * are not all there. */
bool ledger_root_at(struct work *work, const struct ledger *ledger,
    uint64_t size, struct merkle_hash *root);

/* Of an entry that is stored, into that arena. When it cannot be read, the
 * batch has failed, and the header is all zeros. */
void ledger_header(struct work *work, struct arena *arena,
    const struct ledger_entry *entry, struct entry_header *header);

#endif
