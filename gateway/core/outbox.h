/*
 * outbox.h - intents: what is to be told to a peer and has no ledger index
 * yet. Until a parcel takes it up, an intent can still be dropped.
 */
#ifndef CORE_OUTBOX_H
#define CORE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/content.h"
#include "core/entry.h"
#include "core/ledger.h"
#include "core/work.h"

struct intent {
    uint64_t number;
    enum entry_kind kind;
    struct instant at;
    struct content_ref content;
    uint32_t content_size;
    bool has_referral;
    struct uuid referral;
    uint8_t event_type;     /* EVENT_NONE: none, or a notice of erasure */
    uint32_t seq;           /* of the event */
    uint8_t state;          /* that it states */
    uint64_t feed_position; /* 0: none */
    bool is_again;          /* told before, and arrived as absent: retell.h */
};

/* Appends to the queue of an outgoing ledger that has a number. */
void outbox_put(
    struct work *work, struct ledger *ledger, const struct intent *intent);

/* Writes a waiting intent anew, under its number. */
void outbox_replace(struct work *work, const struct ledger *ledger,
    const struct intent *intent);

/* The same behind all others: it is to be told after what was queued since. */
void outbox_requeue(
    struct work *work, struct ledger *ledger, const struct intent *intent);

/* Puts intents that a parcel had taken up back before all others, in their
 * order; their numbers are given here. */
void outbox_return(struct work *work, struct ledger *ledger,
    struct intent *intents, size_t count);

/* The first waiting intent with a number of at least `from`. */
bool outbox_next(struct work *work, const struct ledger *ledger, uint64_t from,
    struct intent *intent);

/* The oldest, at most that many and in a parcel no more than `size_max` bytes,
 * but one at least where there is one; how many. */
size_t outbox_oldest(struct work *work, const struct ledger *ledger,
    size_t size_max, struct intent *intents, size_t capacity);

/* Removes an intent that a parcel has taken up; its content lives on. */
void outbox_take(
    struct work *work, struct ledger *ledger, const struct intent *intent);

/* The SEND of that referral, where it still waits. */
bool outbox_find_send(struct work *work, const struct ledger *ledger,
    const struct uuid *referral, struct intent *intent);

/* When the referral's first event still waits: drops everything about it,
 * erases what was said, and is true: the other agency never hears of it. Else
 * nothing happens. While all is taken back, notices of erasure stay: they are
 * carried out when it is (erase.h), and then told. */
bool outbox_drop_referral(struct work *work, struct ledger *ledger,
    const struct uuid *referral, bool keeps_notices);

#endif
