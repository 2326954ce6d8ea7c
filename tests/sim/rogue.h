/*
 * rogue.h - agencies that do not play by the rules, by script: an author with a
 * second history of its ledger (somebody has a copy of its keys and its store),
 * a peer that makes up sizes, a peer that passes parcels on. The last agency is
 * the one that lies and passes on; any may have a second history. Only by the
 * command line.
 *
 *   receipt.foreign  a receipt for a parcel that was for somebody else
 */
#ifndef SIM_ROGUE_H
#define SIM_ROGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "core/message.h"

struct gateway;
struct request;
struct world;

void rogue_begin(struct world *world);

/* A request that no node made, sealed as by whoever holds the keys of `signer`,
 * in the name of `sender`, whose key it names: everybody knows which that is.
 * Nobody waits for the reply. */
void rogue_send(struct world *world, const struct gateway *signer,
    size_t sender, size_t to, enum request_kind kind, struct slice body);

/* What it says instead of that Head; mostly the same. */
struct slice rogue_head(struct world *world, const struct gateway *gateway,
    size_t to, struct slice head);

/* A Deliver came; perhaps it goes on to others. */
void rogue_pass_on(struct world *world, struct gateway *gateway,
    const struct request *request);

/* The two have a ledger with two histories between them. */
bool rogue_is_between(const struct world *world, size_t a, size_t b);
/* And no operator has a word to say. */
bool rogue_is_for_good(const struct world *world, size_t a, size_t b);
/* This one of the two is such, and stands still: the other goes on. */
bool rogue_is_stopped(
    const struct world *world, size_t author, size_t recipient);
/* It is one of two such. */
bool rogue_is_at(const struct world *world, size_t at);

#endif
