#include "sim/network.h"

#include "sim/world.h"

#define HOUR_MS INT64_C(3600000)

static bool is_down(const struct world *world, size_t from, size_t to)
{
    return !world->is_calm &&
           world->scheduler.now_ms < world->network.down_until_ms[from][to];
}

static void arrive(struct world *world, void *subject, uint64_t argument)
{
    struct letter *letter = subject;
    (void)argument;
    if (is_down(world, letter->from, letter->to) ||
        !world->gateways[letter->to].is_up) {
        TALLY(world, frames_lost);
        letter_free(&world->letters, letter);
        return;
    }
    gateway_queue(world, &world->gateways[letter->to], letter);
}

static int64_t delay_draw(struct world *world)
{
    int64_t delay_ms = 1 + world_below(world, 40);
    if (world_chance(world, world->options.late_permille)) {
        TALLY(world, frames_late);
        delay_ms += world_below(world, world->options.late_ms_max);
    }
    return delay_ms;
}

static struct letter *damaged(struct world *world, struct letter *letter)
{
    if (letter->size == 0 ||
        !world_chance(world, world->options.corrupt_permille))
        return letter;
    TALLY(world, frames_damaged);
    if (world_below(world, 4) == 0)
        letter->size = (size_t)world_below(world, (int64_t)letter->size);
    else
        letter->bytes[world_below(world, (int64_t)letter->size)] ^=
            (uint8_t)(1 << world_below(world, 8));
    return letter;
}

static void send_one(struct world *world, enum letter_kind kind, size_t from,
    size_t to, uint64_t id, struct slice frame)
{
    struct letter *letter = letter_new(&world->letters, kind, frame);
    letter->from = from;
    letter->to = to;
    letter->id = id;
    scheduler_add(&world->scheduler, delay_draw(world), arrive,
        damaged(world, letter), 0);
}

static void send(struct world *world, enum letter_kind kind, size_t from,
    size_t to, uint64_t id, struct slice frame)
{
    TALLY(world, frames_sent);
    if (world_chance(world, world->options.loss_permille)) {
        TALLY(world, frames_lost);
        return;
    }
    send_one(world, kind, from, to, id, frame);
    while (world_chance(world, world->options.duplicate_permille)) {
        TALLY(world, frames_repeated);
        send_one(world, kind, from, to, id, frame);
    }
}

/* Keeps some requests and lets one of them come again, much later. */
static void replay(struct world *world, const struct letter *fresh)
{
    struct network *network = &world->network;
    if (!world_chance(world, world->options.replay_permille))
        return;
    size_t slot = network->old_next++ % NETWORK_OLD_COUNT;
    if (network->old[slot] != NULL)
        letter_free(&world->letters, network->old[slot]);
    network->old[slot] =
        letter_new(&world->letters, LETTER_REQUEST, letter_slice(fresh));
    network->old[slot]->from = fresh->from;
    network->old[slot]->to = fresh->to;
    const struct letter *old =
        network->old[world_below(world, NETWORK_OLD_COUNT)];
    if (old == NULL)
        return;
    TALLY(world, frames_replayed);
    send_one(world, LETTER_REQUEST, old->from, old->to, 0, letter_slice(old));
}

bool network_request(struct world *world, size_t from, size_t to, uint64_t id,
    struct slice frame)
{
    if (is_down(world, from, to) || is_down(world, to, from) ||
        !world->gateways[to].is_up) {
        TALLY(world, dials_failed);
        return false;
    }
    struct letter *letter = letter_new(&world->letters, LETTER_REQUEST, frame);
    letter->from = from;
    letter->to = to;
    replay(world, letter);
    letter_free(&world->letters, letter);
    send(world, LETTER_REQUEST, from, to, id, frame);
    return true;
}

void network_reply(struct world *world, size_t from, size_t to, uint64_t id,
    struct slice frame)
{
    send(world, LETTER_REPLY, from, to, id, frame);
}

static void plan(struct world *world);

static void break_link(struct world *world, void *subject, uint64_t argument)
{
    struct network *network = &world->network;
    int64_t count = (int64_t)world->gateway_count;
    int64_t from = world_below(world, count);
    int64_t to = (from + 1 + world_below(world, count - 1)) % count;
    int64_t until_ms = world->scheduler.now_ms +
                       world_below(world, world->options.down_ms_max);
    (void)subject;
    (void)argument;
    if (world->is_calm)
        return;
    TALLY(world, links_broken);
    network->down_until_ms[from][to] = until_ms;
    if (!world_chance(world, world->options.one_way_permille))
        network->down_until_ms[to][from] = until_ms;
    world_say(world, "link %d-%d is down until %lld", (int)from, (int)to,
        (long long)until_ms);
    plan(world);
}

static void plan(struct world *world)
{
    int64_t each_ms = HOUR_MS / (world->options.down_per_hour *
                                    (int64_t)world->gateway_count);
    scheduler_add(&world->scheduler, world_below(world, 2 * each_ms),
        break_link, NULL, 0);
}

void network_begin(struct world *world)
{
    if (world->options.down_per_hour > 0)
        plan(world);
}
