/*
 * key_renewal.h - new keys for a gateway: makes their files and drafts the card
 * that shows them. Nothing uses them before the root key has signed that card
 * and it is installed; whatever ends the process before leaves a gateway that
 * goes on with what it has, and the next try takes up the same files.
 */
#ifndef IO_KEY_RENEWAL_H
#define IO_KEY_RENEWAL_H

#include "base/arena.h"
#include "core/card.h"
#include "core/card_renew.h"
#include "io/private_file.h"

/* Peers whose clock is behind ours must not find keys from the future. */
#define KEY_EARLY_MS (60 * 60 * 1000)

struct key_renewal {
    bool purposes[KEY_PURPOSE_COUNT]; /* which get a new key */
    struct instant now;
    struct instant from;  /* when new keys begin to be used */
    int64_t key_life_ms;  /* from then on; TLS keys live as long as the card */
    int64_t card_life_ms; /* from now on */
    bool at_once;         /* what they follow goes from the card */
};

/*
 * Makes a key of each purpose in KEYS, unless one is there that the card does
 * not show yet, and drafts the card. `draft` borrows from the arena and `held`.
 * Errors of key files; ERR_LIMIT: the card is full; ERR_NO_MEMORY.
 */
MUST_USE enum err key_renewal_draft(struct crypto *crypto, const char *keys_dir,
    const struct card *held, struct slice held_bytes,
    const struct key_renewal *renewal, struct arena *arena, struct card *draft,
    struct keys_problem *problem);

#endif
