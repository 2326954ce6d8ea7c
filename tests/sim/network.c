#include "sim/network.h"

#include <stdlib.h>

#include "sim/world.h"

static struct link *link_of(const struct world *world, size_t from, size_t to)
{
    return &world->network.links[from * world->gateway_count + to];
}

static bool is_down(const struct world *world, size_t from, size_t to)
{
    return apart_cuts(world, from, to) ||
           (!world->is_calm && world->scheduler.now_ms <
                                   link_of(world, from, to)->down_until_ms);
}

/* Who dials is told that nobody is there. */
static bool is_closed(const struct world *world, size_t from, size_t to)
{
    bool is_mute = apart_cuts(world, from, to)
                       ? world->apart.is_mute
                       : link_of(world, from, to)->is_mute;
    return is_down(world, from, to) && !is_mute;
}

static void arrive(struct world *world, void *subject, uint64_t argument)
{
    struct letter *letter = subject;
    (void)argument;
    if (is_down(world, letter->from, letter->to) ||
        !world->gateways[letter->to].is_up) {
        TALLY(world, frames_lost);
        watch_disturbed(world, letter->from, letter->to);
        letter_free(&world->letters, letter);
        return;
    }
    gateway_queue(world, &world->gateways[letter->to], letter);
}

static int64_t delay_draw(struct world *world, size_t size)
{
    int64_t delay_ms = 1 + world_below(world, STREAM_delay, 40);
    if (world->options.line_bytes_per_s > 0)
        delay_ms += (int64_t)size * 1000 / world->options.line_bytes_per_s;
    if (CHANCE(world, late_permille)) {
        TALLY(world, frames_late);
        delay_ms +=
            world_below(world, STREAM_late_ms_max, world->options.late_ms_max);
    }
    return delay_ms;
}

/* One draw a statement: compilers differ in which of two comes first. */
static void bit_flip(struct world *world, struct letter *letter)
{
    int64_t at =
        world_below(world, STREAM_corrupt_permille, (int64_t)letter->size);
    int64_t bit = world_below(world, STREAM_corrupt_permille, 8);
    letter->bytes[at] ^= (uint8_t)(1 << bit);
}

static struct letter *damaged(struct world *world, struct letter *letter)
{
    if (letter->size == 0 || !CHANCE(world, corrupt_permille))
        return letter;
    TALLY(world, frames_damaged);
    watch_disturbed(world, letter->from, letter->to);
    if (world_below(world, STREAM_corrupt_permille, 4) == 0)
        letter->size = (size_t)world_below(
            world, STREAM_corrupt_permille, (int64_t)letter->size);
    else
        bit_flip(world, letter);
    return letter;
}

static void send_one(struct world *world, enum letter_kind kind, size_t from,
    size_t to, uint64_t id, struct slice frame)
{
    struct letter *letter = letter_new(&world->letters, kind, frame);
    letter->from = from;
    letter->to = to;
    letter->id = id;
    letter = damaged(world, letter);
    int64_t delay_ms = delay_draw(world, letter->size);
    scheduler_add(&world->scheduler, delay_ms, arrive, letter, 0);
}

static void send(struct world *world, enum letter_kind kind, size_t from,
    size_t to, uint64_t id, struct slice frame)
{
    TALLY(world, frames_sent);
    if (CHANCE(world, loss_permille)) {
        TALLY(world, frames_lost);
        watch_disturbed(world, from, to);
        return;
    }
    send_one(world, kind, from, to, id, frame);
    while (CHANCE(world, duplicate_permille)) {
        TALLY(world, frames_repeated);
        watch_disturbed(world, from, to);
        send_one(world, kind, from, to, id, frame);
    }
}

/* In place of what was kept there. */
static void keep(struct world *world, struct letter **place,
    enum letter_kind kind, const struct letter *fresh)
{
    if (*place != NULL)
        letter_free(&world->letters, *place);
    *place = letter_new(&world->letters, kind, letter_slice(fresh));
    (*place)->from = fresh->from;
    (*place)->to = fresh->to;
}

/* Keeps some requests and lets one of them come again, much later. */
static void replay(struct world *world, const struct letter *fresh)
{
    struct network *network = &world->network;
    if (!CHANCE(world, replay_permille))
        return;
    size_t slot = network->old_next++ % NETWORK_OLD_COUNT;
    keep(world, &network->old[slot], LETTER_REQUEST, fresh);
    const struct letter *old = network->old[world_below(
        world, STREAM_replay_permille, NETWORK_OLD_COUNT)];
    if (old == NULL)
        return;
    TALLY(world, frames_replayed);
    watch_disturbed(world, old->from, old->to);
    send_one(world, LETTER_REQUEST, old->from, old->to, 0, letter_slice(old));
}

bool network_request(struct world *world, size_t from, size_t to, uint64_t id,
    struct slice frame)
{
    if (is_closed(world, from, to) || is_closed(world, to, from) ||
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

/* A reply of before, from the same to the same, is there first. */
static void echo(struct world *world, const struct letter *fresh)
{
    struct network *network = &world->network;
    if (!CHANCE(world, echo_permille))
        return;
    uint64_t first =
        (uint64_t)world_below(world, STREAM_echo_permille, NETWORK_OLD_COUNT);
    for (uint64_t i = 0; i < NETWORK_OLD_COUNT; i++) {
        const struct letter *old =
            network->said[(first + i) % NETWORK_OLD_COUNT];
        if (old == NULL || old->from != fresh->from || old->to != fresh->to)
            continue;
        TALLY(world, replies_replayed);
        watch_disturbed(world, fresh->from, fresh->to);
        send_one(world, LETTER_REPLY, fresh->from, fresh->to, fresh->id,
            letter_slice(old));
        return;
    }
}

/* Any of them may be kept for long. */
static void said_keep(struct world *world, const struct letter *fresh)
{
    struct network *network = &world->network;
    uint64_t slot = network->said_next++;
    if (slot >= NETWORK_OLD_COUNT)
        slot = (uint64_t)world_below(
            world, STREAM_echo_permille, 4 * NETWORK_OLD_COUNT);
    if (slot >= NETWORK_OLD_COUNT)
        return;
    keep(world, &network->said[slot], LETTER_REPLY, fresh);
}

void network_reply(struct world *world, size_t from, size_t to, uint64_t id,
    struct slice frame)
{
    if (world->options.echo_permille > 0 && !world->is_calm) {
        struct letter *fresh = letter_new(&world->letters, LETTER_REPLY, frame);
        fresh->from = from;
        fresh->to = to;
        fresh->id = id;
        echo(world, fresh);
        said_keep(world, fresh);
        letter_free(&world->letters, fresh);
    }
    send(world, LETTER_REPLY, from, to, id, frame);
}

/* ---- Links that break --------------------------------------------------- */

static void link_break(
    struct world *world, size_t from, size_t to, int64_t until_ms, bool is_mute)
{
    *link_of(world, from, to) = (struct link){ until_ms, is_mute };
    if (is_mute)
        TALLY(world, links_muted);
}

static void plan(struct world *world, enum sim_stream stream, int64_t per_hour,
    event_handler *handle)
{
    int64_t each_ms = world_hour_ms(world) / per_hour;
    scheduler_add(&world->scheduler, world_below(world, stream, 2 * each_ms),
        handle, NULL, 0);
}

static void break_one(struct world *world, void *subject, uint64_t argument)
{
    int64_t count = (int64_t)world->gateway_count;
    int64_t from = world_below(world, STREAM_down_per_hour, count);
    int64_t to =
        (from + 1 + world_below(world, STREAM_down_per_hour, count - 1)) %
        count;
    int64_t until_ms =
        world->scheduler.now_ms +
        world_below(world, STREAM_down_ms_max, world->options.down_ms_max);
    bool is_mute = CHANCE(world, mute_permille);
    (void)subject;
    (void)argument;
    if (world->is_calm)
        return;
    TALLY(world, links_broken);
    link_break(world, (size_t)from, (size_t)to, until_ms, is_mute);
    if (CHANCE(world, one_way_permille))
        TALLY(world, links_one_way);
    else
        link_break(world, (size_t)to, (size_t)from, until_ms, is_mute);
    world_say(world, "link %d-%d is down until %lld%s", (int)from, (int)to,
        (long long)until_ms, is_mute ? ", mute" : "");
    plan(world, STREAM_down_per_hour, world->options.down_per_hour * count,
        break_one);
}

/* More agencies than bits share them. */
#define GROUP_BITS 16

/* Two groups that hear nothing of each other, or only one of the other. */
static void split(struct world *world, void *subject, uint64_t argument)
{
    int64_t until_ms =
        world->scheduler.now_ms +
        world_below(world, STREAM_split_ms_max, world->options.split_ms_max);
    bool is_one_way = CHANCE(world, one_way_permille);
    bool is_mute = CHANCE(world, mute_permille);
    uint64_t group = (uint64_t)world_below(
        world, STREAM_split_per_hour, INT64_C(1) << GROUP_BITS);
    (void)subject;
    (void)argument;
    if (world->is_calm)
        return;
    TALLY(world, splits);
    world_say(world, "group %llx is apart until %lld%s%s",
        (unsigned long long)group, (long long)until_ms,
        is_one_way ? ", one way" : "", is_mute ? ", mute" : "");
    for (size_t i = 0; i < world->gateway_count; i++)
        for (size_t k = 0; k < world->gateway_count; k++)
            if ((group >> i % GROUP_BITS & 1) > (group >> k % GROUP_BITS & 1)) {
                link_break(world, i, k, until_ms, is_mute);
                if (!is_one_way)
                    link_break(world, k, i, until_ms, is_mute);
            }
    plan(world, STREAM_split_per_hour, world->options.split_per_hour, split);
}

void network_begin(struct world *world)
{
    if (world->options.down_per_hour > 0)
        plan(world, STREAM_down_per_hour,
            world->options.down_per_hour * (int64_t)world->gateway_count,
            break_one);
    if (world->options.split_per_hour > 0)
        plan(
            world, STREAM_split_per_hour, world->options.split_per_hour, split);
}

void network_release(struct network *network)
{
    free(network->links);
}
