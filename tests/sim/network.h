/*
 * network.h - what lies between gateways. Requests and replies may be lost,
 * late, repeated, out of order or damaged; old ones come again, replies as the
 * answer to another request. Links break, some in one direction only, and
 * agencies part in two groups. A frame to a broken link fails at
 * once, as a dial does; a mute one swallows it, as an old connection does.
 */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "sim/options.h"

struct world;
struct letter;

#define NETWORK_OLD_COUNT 24

/* One direction between two agencies. */
struct link {
    int64_t down_until_ms;
    bool is_mute; /* while it is down: no dial fails */
};

struct network {
    struct link *links;                    /* from * gateway_count + to */
    struct letter *old[NETWORK_OLD_COUNT]; /* requests, to be replayed */
    uint64_t old_next;
    struct letter *said[NETWORK_OLD_COUNT]; /* replies, likewise */
    uint64_t said_next;
};

/* False: the peer cannot be reached (the link or the peer is down). */
bool network_request(struct world *world, size_t from, size_t to, uint64_t id,
    struct slice frame);
void network_reply(struct world *world, size_t from, size_t to, uint64_t id,
    struct slice frame);

/* Breaks links from time to time. */
void network_begin(struct world *world);
void network_release(struct network *network);

#endif
