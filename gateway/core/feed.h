/*
 * feed.h - the gateway's own event log, which its agency's programs follow:
 * events at rising positions, and durable cursors over them.
 *
 * A cursor is (epoch, position): a store that was restored starts a new epoch,
 * so that programs learn that positions they know may mean something else.
 */
#ifndef CORE_FEED_H
#define CORE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "core/content.h"
#include "core/problem.h"
#include "core/referral.h"
#include "core/work.h"

/* What kind of thing happened; numbers are on disk. */
/* clang-format off */
#define FEED_TYPE_LIST(X)                                                      \
    X(RECEIVED, 1, "referral.received")     /* someone is referred to us */    \
    X(STEP, 2, "referral.step")             /* a step, ours or theirs */       \
    X(DELIVERED, 3, "referral.delivered")   /* ours is in the other's hands */ \
    X(ANSWERED, 4, "referral.answered")     /* our step was applied there */   \
    X(REFUSED, 5, "referral.refused")       /* it was not: see problem */      \
    X(ERASED, 6, "referral.erased")         /* its contents are gone */        \
    X(RETURNED, 7, "referral.returned")     /* unsent, back with staff */

#define FEED_STATUS_LIST(X)                                                    \
    X(APPLIED, 1, "applied")                                                   \
    X(PENDING, 2, "pending")                /* the other agency decides */     \
    X(TURNED_DOWN, 3, "refused")
/* clang-format on */

enum feed_type {
#define X(symbol, number, text) FEED_##symbol = (number),
    FEED_TYPE_LIST(X)
#undef X
        FEED_TYPE_COUNT
};

enum feed_status {
#define X(symbol, number, text) FEED_STATUS_##symbol = (number),
    FEED_STATUS_LIST(X)
#undef X
        FEED_STATUS_COUNT
};

struct feed_event {
    uint64_t position; /* set by feed_append */
    struct instant at; /* recorded here */
    enum feed_type type;
    enum feed_status status;
    struct uuid referral;
    uint32_t peer;
    bool outgoing; /* the referral is from us */
    bool by_us;    /* the step is */
    enum referral_event_type step;
    enum actor_kind actor;
    struct slice role;
    enum referral_state state; /* after it */
    enum problem problem;
    struct slice clause;
    struct slice remedy;
    struct content_ref content; /* the ReferralEvent; or none */
    uint32_t seq;               /* of its author in this referral; 0: none */
    uint64_t generation; /* where it is in its author's ledger; 0: unknown, or
                          * nobody signed for it yet */
    uint64_t index;
};

const char *feed_type_name(enum feed_type type);
const char *feed_status_name(enum feed_status status);

/* Writes the event at the next position, which is returned. */
uint64_t feed_append(struct work *work, const struct feed_event *event);

/* Writes it anew at its position. */
void feed_rewrite(struct work *work, const struct feed_event *event);
/* Its author's ledger has it there, and the other end signed for that. */
void feed_place(
    struct work *work, uint64_t position, uint64_t generation, uint64_t index);

/* First event at or above `position`; copies into the scratch arena. */
bool feed_next(struct work *work, uint64_t position, struct feed_event *event);
/* The event at just that position; false when there is none, as at 0. */
bool feed_at(struct work *work, uint64_t position, struct feed_event *event);

/* Somebody who looks, with `referctl feed follow` or `show`, has cursors of
 * this name or of more behind it: they take nothing for their agency. */
#define CURSOR_LOOK_NAME "referctl"

struct cursor {
    uint64_t acknowledged; /* events at or below are dealt with */
};

/* False when there is none of that name. */
bool cursor_get(struct work *work, struct slice name, struct cursor *cursor);
void cursor_put(
    struct work *work, struct slice name, const struct cursor *cursor);
void cursor_delete(struct work *work, struct slice name);
/* Of a program, whose acknowledgements count for its agency: collected.h. */
bool cursor_is_program(struct slice name);
/* The next cursor by name after `name`; copies the name to scratch. */
bool cursor_next(struct work *work, struct slice *name, struct cursor *cursor);

#endif
