/*
 * forger.h - the last agency spoils what it sends, by the command line
 * (--forge_permille): a parcel under a signature that is none, one of a ledger
 * that is for somebody else, one with a content that its header does not
 * promise, a receipt that nobody signed. Honest gateways take none of it.
 *
 *   note.forged        a receipt for a parcel that its author did not sign
 *   note.misaddressed  a receipt for a parcel of somebody else's ledger
 *   content.altered    a receipt for contents that were never promised
 *   receipt.forged     a receipt is shown that its recipient did not sign
 *   request.forged     a request was believed in another agency's name
 */
#ifndef SIM_FORGER_H
#define SIM_FORGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/message.h"
#include "core/note.h"
#include "core/port.h"

struct gateway;
struct request;
struct served;
struct world;

#define FORGER_REQUEST_COUNT 256
#define FORGER_RECEIPT_COUNT 256

/* What was spoiled, the newest of it; zeros stand for none. */
struct forger {
    uint64_t requests[FORGER_REQUEST_COUNT];
    uint8_t ways[FORGER_REQUEST_COUNT];
    size_t request_next;
    uint8_t receipts[FORGER_RECEIPT_COUNT][SIGNATURE_SIZE];
    size_t receipt_next;
};

/* What leaves instead of that Deliver; mostly the same. */
struct slice forger_deliver(struct world *world, const struct gateway *gateway,
    size_t to, uint64_t id, struct slice body);
/* What leaves instead of that Cosigned. */
struct slice forger_cosigned(
    struct world *world, const struct gateway *gateway, struct slice body);

/* ---- Checkers: before watch.h has seen the same ---- */

void forger_reply_seen(struct world *world, size_t from,
    const struct served *served, enum reply_kind kind, struct slice body);
void forger_note_seen(
    struct world *world, size_t from, const struct note *note);
/* It came from that agency's machine, and was believed. */
void forger_request_believed(
    struct world *world, size_t at, size_t from, const struct request *request);

#endif
