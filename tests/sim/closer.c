#include "sim/closer.h"

#include "sim/agency.h"
#include "sim/say.h"
#include "sim/world.h"

#define PATIENCE_MS 60000
/* Until somebody notices. */
#define CLOSED_MS_MAX 120000

static void go_on(struct world *world, void *subject, uint64_t ticket);

static void later(struct world *world, struct program *program, int64_t most_ms)
{
    program_later(world, program,
        1 + world_below(world, STREAM_close_per_hour, most_ms), go_on);
}

static void on_reply(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    struct closer *closer = &program->of.closer;
    bool is_lost = gateway_has_lost(world, program->gateway->index);
    if (reply->err != ERR_NONE && !is_lost) {
        world_say(world, "closer %zu: %s", program->gateway->index,
            err_text(reply->err));
        world_fail(world, "operator.refused", program->gateway->index);
    }
    /* refused after a loss: the line is not what it was */
    closer->is_closed = !closer->is_closed && reply->err == ERR_NONE;
    if (closer->is_closed)
        TALLY(world, lines_closed);
    later(world, program,
        closer->is_closed
            ? CLOSED_MS_MAX
            : 2 * world_hour_ms(world) / world->options.close_per_hour);
}

static bool is_ready(const struct world *world, const struct closer *closer)
{
    return closer->is_closed || (world->is_agreed && !world->is_calm);
}

/* A store that was put back may have a line closed that was opened since: who
 * restores looks at each, once all is calm. False when none is left. */
static bool look_again(struct world *world, struct closer *closer, size_t here)
{
    while (gateway_has_lost(world, here) &&
           closer->looked_at < world->gateway_count) {
        closer->peer = closer->looked_at++;
        closer->is_closed = closer_was_at(world, here, closer->peer);
        if (closer->is_closed)
            return true;
    }
    return false;
}

static void go_on(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    struct closer *closer = &program->of.closer;
    size_t here = program->gateway->index;
    struct say say;
    if (program->ticket != ticket)
        return;
    if (!closer->is_closed && world->is_calm &&
        !look_again(world, closer, here))
        return;
    if (!closer->is_closed)
        closer->peer = (size_t)world_below(
            world, STREAM_close_per_hour, (int64_t)world->gateway_count);
    if (!is_ready(world, closer) ||
        !agency_is_linked(world, closer->peer, here)) {
        later(world, program,
            2 * world_hour_ms(world) / world->options.close_per_hour);
        return;
    }
    world->was_closed[here * world->gateway_count + closer->peer] = true;
    say_begin(&say, world, "peer.close");
    say_text(&say, "agency", world->gateways[closer->peer].agency.text);
    say_flag(&say, "reopen", closer->is_closed);
    program_call(world, program, &say, PATIENCE_MS, on_reply);
    arena_reset(&world->talk);
}

void closer_begin(struct world *world, struct program *program)
{
    later(world, program,
        2 * world_hour_ms(world) / world->options.close_per_hour);
}

bool closer_was_at(const struct world *world, size_t here, size_t there)
{
    return world->was_closed[here * world->gateway_count + there];
}
