/*
 * renewal.h - our next card, with new keys: drafted where the gateway's folder
 * is, signed where the root key is, installed where the gateway is again.
 */
#ifndef REFERCTL_RENEWAL_H
#define REFERCTL_RENEWAL_H

#include "core/card.h"
#include "core/card_renew.h"
#include "referctl/arguments.h"
#include "referctl/offline.h"
#include "referctl/session.h"

/* The folders of our gateway and the card in it. */
struct renewal_home {
    const char *data;
    const char *keys;
    int64_t key_ms;
    int64_t overlap_ms;
    int64_t card_ms;
    struct slice held_bytes;
    struct card held;
};

/* By --dir, else by --config. Refuses a user that the files do not belong to:
 * what it makes the gateway could not read. */
enum exit_code renewal_find(struct session *session, struct offline *offline,
    const struct arguments *arguments, struct renewal_home *home);

/* Makes keys of the purposes named from the `first`-th argument on, and drafts
 * the card; without a name those that are due. */
enum exit_code renewal_draft(struct session *session, struct offline *offline,
    const struct arguments *arguments, struct renewal_home *home,
    struct slice *draft_bytes);

/* Prints what a card changes against the one before. */
void renewal_print(struct session *session, struct crypto *crypto,
    const struct card *held, const struct card *next);

/* Asks on a terminal unless --yes. */
enum exit_code renewal_confirm(
    struct session *session, const struct arguments *arguments);

/* Signs a Card with the root key in `keys_dir`, which must be that of `held`,
 * and reads the result as everybody will. */
enum exit_code renewal_sign(struct session *session, struct offline *offline,
    const struct arguments *arguments, const char *keys_dir,
    const struct card *held, struct slice draft_bytes,
    struct slice *signed_card, struct card *next);

/* Puts the signed card into its place, and has a running gateway take it. */
enum exit_code renewal_install(struct session *session, struct offline *offline,
    const struct renewal_home *home, struct slice signed_card,
    const struct card *next);

#endif
