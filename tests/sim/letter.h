/*
 * letter.h - bytes on their way: a frame between gateways, an input that waits
 * in a gateway's queue, a reply to a local program. The world knows all of
 * them, so that none is lost when a run ends early.
 */
#ifndef SIM_LETTER_H
#define SIM_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum letter_kind {
    LETTER_REQUEST = 1, /* of a peer, sealed */
    LETTER_REPLY,       /* to a request of ours, sealed */
    LETTER_FAILURE,     /* there will be no reply */
    LETTER_CLIENT,      /* of a local program, or the reply to it */
    LETTER_GONE,        /* a local program closed its connection */
    LETTER_SHEET,       /* the sealing keys changed */
    LETTER_CARD,        /* the root key signed new keys */
    LETTER_TIME,        /* the node asked to be woken */
    LETTER_REVIEW, /* time went on: what agreements let be held no longer */
};

struct program;

struct letter {
    enum letter_kind kind;
    size_t from;     /* gateway */
    size_t to;       /* gateway */
    uint64_t id;     /* of the request between gateways; of the client */
    enum err err;    /* LETTER_FAILURE */
    uint32_t rights; /* LETTER_CLIENT */
    uint32_t uid;    /* LETTER_CLIENT */
    struct letter *next_queued;
    struct letter *previous; /* of all letters */
    struct letter *next;
    size_t size;
    uint8_t bytes[];
};

struct letters {
    struct letter *all;
};

struct letter *letter_new(
    struct letters *letters, enum letter_kind kind, struct slice bytes);
void letter_free(struct letters *letters, struct letter *letter);
void letters_release(struct letters *letters);

static inline struct slice letter_slice(const struct letter *letter)
{
    return slice_of(letter->bytes, letter->size);
}

#endif
