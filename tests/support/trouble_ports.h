/*
 * trouble_ports.h - store, vault, keys and arenas between a node and the real
 * ones, for trouble.c: they note what is asked of them, and one request of
 * those fails. One rehearsal at a time in a process.
 */
#ifndef SUPPORT_TROUBLE_PORTS_H
#define SUPPORT_TROUBLE_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/port.h"

enum trouble_request {
    TROUBLE_READ,    /* a row, or the next one */
    TROUBLE_WRITE,   /* put or del */
    TROUBLE_PROBE,   /* as read, where damage is an answer */
    TROUBLE_RESERVE, /* of the vault */
    TROUBLE_SEAL,
    TROUBLE_OPEN,
    TROUBLE_DESTROY,
    TROUBLE_SIGN,   /* and signer_public */
    TROUBLE_VERIFY, /* that was true */
    TROUBLE_MEMORY,
    TROUBLE_REQUEST_COUNT
};

enum trouble_fault {
    TROUBLE_NONE,
    TROUBLE_IO,
    TROUBLE_GONE,        /* as if there were no such row or entry */
    TROUBLE_CUT,         /* the value's last byte is missing */
    TROUBLE_GROWN,       /* there is one more */
    TROUBLE_TURNED,      /* its first byte is another */
    TROUBLE_TURNED_LAST, /* its last */
    TROUBLE_TURNED_MIDDLE,
    TROUBLE_ZERO,    /* all of them are 0 */
    TROUBLE_CORRUPT, /* seen to be damaged */
    TROUBLE_NO_KEY,
    TROUBLE_FALSE,
    TROUBLE_NO_MEMORY,
    TROUBLE_FAULT_COUNT
};

struct trouble_asked {
    enum trouble_request request;
    uint64_t place; /* a hash of who asked */
};

/* From here on requests are noted, from 0; the one of that index fails so. */
void trouble_ports_arm(size_t index, enum trouble_fault fault);
/* No request is noted any more; those that were, valid until armed again. */
const struct trouble_asked *trouble_ports_calm(size_t *count);

/* Until it goes on, what is asked does not count. */
void trouble_ports_hold(bool holds);
/* Rows that are others than before, since it was armed or they were settled:
 * what a batch begins with is no step's doing. */
size_t trouble_ports_change_count(void);
void trouble_ports_settle(void);

/* Who asked for what failed, to stderr: objects with offsets, for addr2line. */
void trouble_ports_show(void);

/* In place of these, until calm. */
struct crypto *trouble_crypto(struct crypto *inner);
struct vault *trouble_vault(struct vault *inner);
struct store_txn *trouble_txn(struct store_txn *inner);

#endif
