#include "sim/mender.h"

#include "sim/agency.h"
#include "sim/say.h"
#include "sim/world.h"

#define PATIENCE_MS 60000
#define ROUND_MS 5000
#define ROUND_MS_MAX 60000 /* what comes to light then still has time to rest */

static void go_on(struct world *world, void *subject, uint64_t ticket);

/* That there is no conflict is no reason to stop: one may come to light. */
static void on_renewed(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    program->of.mender.has_ended |= reply->err == ERR_NONE;
    if (reply->err == ERR_NONE)
        TALLY(world, conflicts_ended);
    else if (reply->err != ERR_CONFLICT && reply->err != ERR_NOT_FOUND) {
        world_say(world, "mender %zu: %s", program->gateway->index,
            err_text(reply->err));
        world_fail(world, "operator.refused", program->gateway->index);
    }
    program->of.mender.peer++;
    program_later(world, program, 10, go_on);
}

/* A federation of many days at rest is not asked every few seconds of all. */
static void round_end(struct world *world, struct program *program)
{
    struct mender *mender = &program->of.mender;
    bool grows = world->is_calm && !mender->has_ended;
    int64_t longer_ms = 2 * mender->pause_ms < ROUND_MS_MAX
                            ? 2 * mender->pause_ms
                            : ROUND_MS_MAX;
    *mender = (struct mender){ .pause_ms = grows ? longer_ms : ROUND_MS };
    program_later(world, program,
        mender->pause_ms + world_below(world, STREAM_fork_per_hour, ROUND_MS),
        go_on);
}

static void go_on(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    size_t *peer = &program->of.mender.peer;
    struct say say;
    if (program->ticket != ticket)
        return;
    while (*peer < world->gateway_count &&
           !agency_is_met(world, *peer, program->gateway->index))
        ++*peer;
    if (!world->is_calm || *peer == world->gateway_count) {
        round_end(world, program);
        return;
    }
    say_begin(&say, world, "ledger.renew");
    say_text(&say, "peer", world->gateways[*peer].agency.text);
    program_call(world, program, &say, PATIENCE_MS, on_renewed);
    arena_reset(&world->talk);
}

void mender_begin(struct world *world, struct program *program)
{
    program->of.mender.pause_ms = ROUND_MS;
    program_later(world, program, ROUND_MS, go_on);
}
