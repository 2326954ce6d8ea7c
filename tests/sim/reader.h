/*
 * reader.h - a program that follows the feed with a cursor, acknowledges what
 * it has dealt with, and keeps what it knows in a database of its own.
 *
 *   feed.gap        events were skipped, or came out of order
 *   feed.epoch      another one, and nothing was ever lost
 *   feed.again      one handle gave an event twice
 *   feed.changed    an event came again as another one
 *   feed.missed     at the end it has not seen all of them
 *   referral.twice  two receipts of one referral
 *   referral.jump   a step that the state machine does not know
 */
#ifndef SIM_READER_H
#define SIM_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "core/referral.h"

struct world;
struct program;

/* What it knows of a referral. */
struct followed {
    struct uuid uuid;
    bool is_outgoing;
    enum referral_state state;
    size_t received_count;
};

/* When it said how far it has come. */
struct told {
    int64_t at_ms;
    int64_t position;
};

struct reader {
    char cursor[32];
    uint64_t epoch;
    bool begins_anew;     /* that epoch, after a loss */
    int64_t position;     /* handed out last, by this handle */
    int64_t seen;         /* in its database: dealt with */
    int64_t asked;        /* it said that it has dealt with these ... */
    int64_t acknowledged; /* ... and its gateway has heard that */
    uint64_t *digests;    /* of the events, by position */
    size_t digest_capacity;
    struct told *told; /* of this epoch, in order */
    size_t told_count;
    size_t told_capacity;
    struct followed *followed;
    size_t followed_count;
    size_t followed_capacity;
};

void reader_begin(struct program *program);
/* On the program's own stack, until it dies. */
void reader_live(struct world *world, struct program *program);
void reader_release(struct reader *reader);

/* Its gateway has an old copy that nothing shows to be old: it goes on in its
 * epoch until a peer proves it, and gives positions again. */
bool reader_may_be_again(const struct program *program);

#endif
