/*
 * custody.h - the recipient's side: a parcel is checked whole before any of it
 * is believed, its entries are stored and answered, and the author's
 * checkpoint is cosigned, all in one transaction. The reply leaves only after
 * the commit: custody before receipt.
 */
#ifndef CORE_CUSTODY_H
#define CORE_CUSTODY_H

#include "core/message.h"
#include "core/peer.h"
#include "core/work.h"

struct custody_reply {
    enum reply_kind kind;
    struct slice body;   /* in the batch's arena */
    const char *refused; /* a code for the log when kind is REPLY_REFUSED */
    bool is_again;       /* COSIGNED, and was before */
};

/* Takes in one Deliver of that peer. The reply is always set unless the store
 * or memory failed. */
void custody_take(struct work *work, struct peer *peer, struct slice body,
    struct custody_reply *reply);

#endif
