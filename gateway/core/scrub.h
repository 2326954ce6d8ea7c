/*
 * scrub.h - is the store whole? Every row is authenticated and read, and held
 * against those that it speaks of and that speak of it, in pieces: some rows a
 * step, so that nobody waits. A damaged row is told and passed over; nothing of
 * it is believed, and nothing is changed.
 *
 * Between two pieces the gateway goes on. What a row names is looked up in the
 * same transaction, so all that is told is true of one moment.
 */
#ifndef CORE_SCRUB_H
#define CORE_SCRUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/keys.h"
#include "core/ledger.h"
#include "core/merkle.h"
#include "core/work.h"

/* What can be wrong with a row; names are for people and scripts. */
/* clang-format off */
#define SCRUB_FAULT_LIST(X)                                                    \
    X(DAMAGED, "damaged")           /* it does not authenticate */             \
    X(MALFORMED, "malformed")       /* it does, and cannot be read */          \
    X(UNKNOWN, "unknown")           /* no table has such a row */              \
    X(CARD, "card")                 /* a card or sheet does not verify */      \
    X(AGREEMENT, "agreement")       /* its id or a signature does not hold */  \
    X(NOTE, "note")                 /* a note that does not belong there */    \
    X(SIGNATURE, "signature")       /* a note that its signers did not sign */ \
    X(ROOT, "root")                 /* leaves do not make the tree */          \
    X(ENTRIES, "entries")           /* entries are missing, or nobody's */     \
    X(HEADER, "header")             /* an entry's cannot be read */            \
    X(CONTENT, "content")           /* it names a content that is not there */ \
    X(DIGEST, "digest")             /* a content is not the entry's */         \
    X(INTENTS, "intents")           /* not as many as its ledger counts */     \
    X(REFERRAL, "referral")         /* it names one that is not there */       \
    X(EVENT, "event")               /* feed and register do not agree */       \
    X(POSITION, "position")         /* beyond what was ever given */           \
    X(VAULT, "vault")               /* an entry of the vault, not its own */   \
    X(ORPHAN, "orphan")             /* nothing speaks of it */             \
    X(HIDDEN, "hidden")             /* a look-up of it misses it */
/* clang-format on */

enum scrub_fault {
#define X(symbol, name) SCRUB_##symbol,
    SCRUB_FAULT_LIST(X)
#undef X
        SCRUB_FAULT_COUNT
};

const char *scrub_fault_name(enum scrub_fault fault);

struct scrub_finding {
    enum scrub_fault fault;
    struct slice key;  /* of the row */
    bool has_referral; /* that it is about, where that is known */
    struct uuid referral;
    const struct peer *peer; /* that holds the same; NULL: nobody, or not
                                * known */
};

/* Who watches. What is not asked for is NULL. */
struct scrub_watch {
    void *user;
    void (*found)(void *user, const struct scrub_finding *finding);
    /* A content is spoken of; a content is there. */
    void (*refers)(void *user, struct content_ref ref);
    void (*holds)(void *user, struct content_ref ref);
    /* A content is spoken of, and damaged or gone. */
    void (*missed)(void *user, struct content_ref ref);
    /* One of the parcel of that ledger which begins there. */
    void (*lost)(void *user, const struct ledger *ledger, uint64_t first_index);
    /* A referral has this entry of the vault, and the next. */
    void (*owns)(void *user, uint64_t entry, struct slice key);
};

/* Where it is; all zero at the start. */
struct scrub {
    uint32_t table;  /* index of the table */
    struct key from; /* next row; size 0: the table's first */
    uint64_t rows;   /* looked at so far */
    uint64_t findings;
    bool is_over;
    bool has_bad_cards; /* signatures cannot be judged any more */
    /* the shelf that is walked through: its tree so far */
    uint32_t shelf; /* 0: none */
    bool is_known;  /* it is this ledger's: */
    bool has_gap;   /* something was told already */
    uint32_t peer;
    uint8_t direction;
    uint64_t generation; /* 0: the present one */
    struct merkle_frontier frontier;
};

/* Rows and bytes of a piece, about: some milliseconds. */
#define SCRUB_ROW_COUNT 256u
#define SCRUB_SIZE (1024u * 1024)

/* Looks at the next rows. The work fails only when memory or the disk does. */
void scrub_go_on(
    struct work *work, struct scrub *scrub, const struct scrub_watch *watch);

/* A table's letter and its name, in the order of the walk; false past the
 * last. */
bool scrub_table_at(uint32_t index, char *letter, const char **name);

/* As bytes, for who goes on later. SCRUB_STATE_SIZE_MAX bytes at most. */
#define SCRUB_STATE_SIZE_MAX (64 + KEY_BYTES_MAX + MERKLE_FRONTIER_SIZE_MAX)
void scrub_pack(const struct scrub *scrub, struct packer *out);
/* ERR_MALFORMED: they are none of these. */
MUST_USE enum err scrub_unpack(struct slice bytes, struct scrub *scrub);

#endif
