/*
 * stale.h - the last agency goes on showing cards and key sheets that it has
 * replaced, by the command line (--stale_permille, with --rotate_per_hour): in
 * Head, in Introduce, as an entry. Whoever holds a newer one keeps it.
 *
 *   card.went-back  a card was followed by one that is older
 */
#ifndef SIM_STALE_H
#define SIM_STALE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "core/message.h"
#include "core/node.h"

struct gateway;
struct world;

#define STALE_COUNT 8

/* What it showed, once; all of the run's life. */
struct stale {
    struct slice cards[STALE_COUNT];
    struct slice sheets[STALE_COUNT];
    size_t card_count;
    size_t sheet_count;
};

/* What leaves instead of that request or reply; mostly the same. */
struct slice stale_request(struct world *world, struct gateway *gateway,
    enum request_kind kind, struct slice body);
struct slice stale_reply(struct world *world, struct gateway *gateway,
    enum reply_kind kind, struct slice body);

/* An old card, told in its batch. */
void stale_tell(struct world *world, struct gateway *gateway);

/* A gateway goes by another card of that agency now: before it is noted. */
void stale_directory(struct world *world, size_t at, size_t of,
    const struct node_directory *directory);

#endif
