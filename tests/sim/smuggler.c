#include "sim/smuggler.h"

#include "core/delivery.h"
#include "core/node_state.h"
#include "core/peer.h"
#include "sim/agency.h"
#include "sim/world.h"

/* More than an entry takes, with what the end of the batch needs. */
#define ROOM_MIN (12u * 1024 * 1024)
#define PAUSE_MS 3000

bool smuggler_can(const struct world *world, const struct gateway *gateway)
{
    const struct node *node = gateway->node;
    /* who ends a line looks up what waits for it, and has no row for this */
    if (world->options.close_per_hour != 0 || world->options.revoke != 0)
        return false;
    return gateway->index + 1 == world->gateway_count && world->is_agreed &&
           node->work.txn->err == ERR_NONE && work_room(&node->work) > ROOM_MIN;
}

bool smuggler_may(const struct world *world, const struct gateway *gateway)
{
    return smuggler_can(world, gateway) &&
           world->scheduler.now_ms - world->smuggled_ms >= PAUSE_MS;
}

size_t smuggler_choose(
    struct world *world, const struct gateway *gateway, enum sim_stream stream)
{
    size_t count = world->gateway_count;
    size_t first = (size_t)world_below(world, stream, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        if (agency_is_linked(world, gateway->index, (first + i) % count))
            return (first + i) % count;
    return count;
}

bool smuggler_tell(struct world *world, struct gateway *gateway, size_t to,
    enum entry_kind kind, struct instant at, struct slice content)
{
    struct work *work = &gateway->node->work;
    struct peer *peer = peer_find(gateway->node, &world->gateways[to].agency);
    const struct tell tell = { .kind = kind, .content = content };
    struct instant now = work->now;
    if (peer == NULL || peer->state != PEER_ACCEPTED || content.bytes == NULL)
        return false;
    world->smuggled_ms = world->scheduler.now_ms;
    work->now = at;
    bool is_told = delivery_tell(work, peer, &tell);
    work->now = now;
    return is_told;
}
