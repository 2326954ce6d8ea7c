#include "sim/pause.h"

#include "sim/world.h"

/* All that was due comes at once; and timers of the steady clock are asked for
 * anew. */
static void go_on(struct world *world, void *subject, uint64_t life)
{
    struct gateway *gateway = subject;
    if (gateway->life != life || !gateway->is_up)
        return;
    world_say(world, "agency %zu goes on", gateway->index);
    gateway->steady_base_ms -= gateway->suspended_ms;
    gateway->suspended_ms = 0;
    gateway->wake_steady_ms = INT64_MAX;
    gateway_queue(
        world, gateway, letter_new(&world->letters, LETTER_TIME, SLICE_NONE));
}

static void stop(struct world *world, struct gateway *gateway)
{
    int64_t left_ms = world->options.minutes * 60000 - world->scheduler.now_ms;
    int64_t pause_ms = 1 + world_below(world, STREAM_pause_ms_max,
                               world->options.pause_ms_max);
    if (pause_ms > left_ms)
        pause_ms = left_ms;
    gateway->paused_until_ms = world->scheduler.now_ms + pause_ms;
    gateway->suspended_ms = CHANCE(world, suspend_permille) ? pause_ms : 0;
    TALLY(world, pauses);
    if (gateway->suspended_ms > 0)
        TALLY(world, suspensions);
    world_say(world, "agency %zu stops until %lld", gateway->index,
        (long long)gateway->paused_until_ms);
    scheduler_add(&world->scheduler, pause_ms, go_on, gateway, gateway->life);
}

static void plan(struct world *world, struct gateway *gateway);

static void stop_perhaps(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    (void)argument;
    if (world->is_calm)
        return;
    if (gateway->is_up && world->is_agreed &&
        gateway->paused_until_ms <= world->scheduler.now_ms)
        stop(world, gateway);
    plan(world, gateway);
}

static void plan(struct world *world, struct gateway *gateway)
{
    int64_t each_ms = world_hour_ms(world) / world->options.pause_per_hour;
    scheduler_add(&world->scheduler,
        world_below(world, STREAM_pause_per_hour, 2 * each_ms), stop_perhaps,
        gateway, 0);
}

void pause_begin(struct world *world, struct gateway *gateway)
{
    if (world->options.pause_per_hour > 0)
        plan(world, gateway);
}

bool pause_holds(
    struct world *world, struct gateway *gateway, event_handler *turn)
{
    if (gateway->paused_until_ms <= world->scheduler.now_ms)
        return false;
    scheduler_add(&world->scheduler,
        gateway->paused_until_ms - world->scheduler.now_ms, turn, gateway,
        gateway->life);
    return true;
}
