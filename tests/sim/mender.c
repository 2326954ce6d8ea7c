#include "sim/mender.h"

#include "sim/agency.h"
#include "sim/say.h"
#include "sim/world.h"

#define PATIENCE_MS 60000
#define ROUND_MS 5000

static void go_on(struct world *world, void *subject, uint64_t ticket);

/* That there is no conflict is no reason to stop: one may come to light. */
static void on_renewed(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    if (reply->err == ERR_NONE)
        TALLY(world, conflicts_ended);
    else if (reply->err != ERR_CONFLICT && reply->err != ERR_NOT_FOUND) {
        world_say(world, "mender %zu: %s", program->gateway->index,
            err_text(reply->err));
        world_fail(world, "operator.refused", program->gateway->index);
    }
    program->of.mender_peer++;
    program_later(world, program, 10, go_on);
}

static void go_on(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    size_t *peer = &program->of.mender_peer;
    struct say say;
    if (program->ticket != ticket)
        return;
    while (*peer < world->gateway_count &&
           !agency_is_met(world, *peer, program->gateway->index))
        ++*peer;
    if (!world->is_calm || *peer == world->gateway_count) {
        *peer = 0;
        program_later(world, program,
            ROUND_MS + world_below(world, STREAM_fork_per_hour, ROUND_MS),
            go_on);
        return;
    }
    say_begin(&say, world, "ledger.renew");
    say_text(&say, "peer", world->gateways[*peer].agency.text);
    program_call(world, program, &say, PATIENCE_MS, on_renewed);
    arena_reset(&world->talk);
}

void mender_begin(struct world *world, struct program *program)
{
    program_later(world, program, ROUND_MS, go_on);
}
