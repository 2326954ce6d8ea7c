/*
 * identity.h - our card and the keys that belong to it, while the gateway runs:
 * which keys sign now, which are over, and the next card in time. Used by the
 * core thread alone, but for what another thread leaves by identity_offer().
 */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/card.h"
#include "io/keyring.h"

struct identity_rules {
    int64_t key_life_ms;
    int64_t overlap_ms; /* before the end the next card is due */
    int64_t card_life_ms;
};

struct identity {
    /* set by the caller; all must outlive it */
    const char *data;
    const char *keys_dir;
    struct keyring *keyring;
    struct crypto *crypto; /* the core thread's */
    struct identity_rules rules;

    struct arena arenas[2]; /* of the card that is held, and of the next */
    unsigned held;
    struct card card;
    struct slice card_bytes;
    int64_t told_day;        /* the last day on which it was told to be due */
    _Atomic(void *) offered; /* struct offer */
};

/* Takes the (valid) card of the start. ERR_NO_MEMORY, errors of card_read. */
MUST_USE enum err identity_open(
    struct identity *identity, struct slice signed_card);

/* What a turn changed. */
struct identity_change {
    bool card; /* another card is held */
    bool keys; /* other keys are used: keyring, and `crypto` follows */
};

/* Leaves a card to be taken by the next identity_step(). Any thread. False:
 * there is no memory. */
MUST_USE bool identity_offer(struct identity *identity, struct slice card);

/* Something was offered. */
bool identity_has_offer(struct identity *identity);

/*
 * Takes what was offered, if it is a newer card of ours whose keys are here;
 * uses the keys that the card says; destroys those that are over, when
 * `clock_holds`; makes and installs the next card when it is due and the root
 * key is here without a passphrase, else warns once a day. Problems go to the
 * journal. ERR_NO_MEMORY: nothing can be signed any more.
 */
MUST_USE enum err identity_step(struct identity *identity, struct instant now,
    bool clock_holds, struct identity_change *change);

#endif
