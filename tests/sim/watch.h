/*
 * watch.h - the checkers that look at everything that leaves a gateway.
 *
 *   ledger.fork       two roots for one ledger and size, by anyone
 *   ledger.conflict   one was shown to a gateway that holds the other
 *   receipt.differs   two cosigned notes for one checkpoint
 *   receipt.early     a receipt for what the recipient's store does not hold
 *   fence.retired     a receipt for a parcel with a fence that was retired
 *   reply.early       a local OK for what the store does not hold
 *   frame.readable    a person's words in a frame between gateways
 *   delivery.storm    Head after Head, with no pause between them
 *   collect.storm     Collect after Collect that brought nothing
 *   parcel.storm      the same parcel, again and again
 *   loss.invented     a gateway thinks that it lost something, and never did
 *   generation.reopened  an author signs in one that it had left
 *   ledger.troubled   a ledger stopped, where no store ever lost anything
 *   ledger.unsettled  a parcel leaves an author that did not compare first
 *   generation.reused an author that lost receipts signs where it lost them
 *
 * And in batch.c:
 *
 *   intake.full       a new referral is taken where the store is nearly full
 *   feed.survived     the store was lost, and the feed is as if it was not
 */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/slice.h"
#include "core/message.h"
#include "core/note.h"
#include "core/port.h"
#include "core/request.h"
#include "sim/options.h"

struct world;
struct served;

/* A checkpoint that was seen, and the receipt for it. */
struct sighting {
    uint64_t generation;
    uint64_t size;
    uint8_t root[HASH_SIZE];
    uint64_t receipt; /* checksum of the cosigned note; 0: none yet */
    uint8_t receipt_root[HASH_SIZE];
    uint8_t receipt_key[NOTE_KEY_ID_SIZE];
    bool is_left; /* parcels of another generation left after one of this */
};

/* How often something happened lately that brought nothing new; what did; what
 * became of frames between the two that may have been the reason; and how often
 * one of them started. */
struct storm {
    int64_t since_ms;
    unsigned count;
    unsigned news;
    unsigned disturbances;
    unsigned starts;
};

/* One ledger, from outside. */
struct watched {
    struct sighting *sightings;
    size_t count;
    size_t capacity;
    uint8_t (*fences)[FENCE_SIZE]; /* given by the recipient, in order */
    size_t fence_count;
    size_t fence_capacity;
    size_t fence_used; /* one past the newest that brought a receipt */
    struct storm heads;
    struct storm empties; /* Collects that brought nothing */
    struct storm parcels; /* that one came before */
    uint64_t retired;     /* generation of which the author lost receipts */
    bool is_forked;       /* its author made a second history of it */
    uint64_t parcel_size; /* of the last that left... */
    uint64_t generation;  /* ... and its generation */
};

struct watch {
    struct watched **ledgers; /* author * gateway_count + recipient */
    size_t gateway_count;
};

/* Made when something of it is first seen. */
struct watched *watched_of(
    struct watch *watch, size_t author, size_t recipient);

void watch_begin(struct watch *watch, size_t gateway_count);
void watch_release(struct watch *watch);

/* A gateway starts: it and its peers have reason to ask. */
void watch_start(struct world *world, size_t at);

/* A frame between these two was lost, damaged, or came once more; or is not
 * what its node said. */
void watch_disturbed(struct world *world, size_t from, size_t to);

/* It has started with another store than it had. */
void watch_lost(struct world *world, size_t at);

/* A request leaves, before it is sealed. */
void watch_request(struct world *world, size_t from, size_t to,
    enum request_kind kind, struct slice body);
/* A reply leaves, before it is sealed. */
void watch_reply(struct world *world, size_t from, const struct served *served,
    enum reply_kind kind, struct slice body);
/* What a relay would see. */
void watch_frame(struct world *world, size_t from, struct slice frame);
void watch_log(struct world *world, size_t at, const struct log_entry *entry);
/* A local program is told that this referral is stored. */
void watch_stored(struct world *world, size_t at, const struct uuid *referral);

#endif
