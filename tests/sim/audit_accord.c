#include "sim/audit_accord.h"

#include "sim/agency.h"
#include "sim/say.h"
#include "sim/world.h"

/* A ledger stands still for good. */
static bool is_stopped(const struct world *world)
{
    return (world->is_forked && world->options.renew == 0) ||
           world->options.withhold_for_ever != 0;
}

/* What one party's gateway says of another: that it signed, and that the
 * agreement is in force there. */
static void party_check(struct world *world, const struct accord *accord,
    size_t at, size_t position, const struct local_record *record)
{
    size_t party = accord->parties[position];
    bool is_signed = heard_number(record, "signed") != 0;
    bool is_in_force = heard_number(record, "in_force") != 0;
    bool all_signed = accord_is_signed(accord);
    /* what is passed on from agency to agency may have met a stopped ledger */
    bool is_cut_off = is_stopped(world);
    if (is_signed != accord->is_signed[position] || is_in_force != all_signed)
        world_say(world,
            "accord %zu: party %zu signed %d, in force %d; of which agency %zu "
            "knows %d and %d",
            (size_t)(accord - world->accords), party,
            accord->is_signed[position], all_signed, at, is_signed,
            is_in_force);
    if (is_signed && !accord->is_signed[position])
        world_fail(world, "agreement.forged", at);
    if (!is_signed && accord->is_signed[position] && !is_cut_off)
        world_fail(world, "agreement.stuck", at);
    bool is_said = accord->is_second && party + 1 == world->gateway_count;
    if (is_in_force && !all_signed && !is_said)
        world_fail(world, "agreement.unsigned", at);
    if (!is_in_force && all_signed && !is_cut_off &&
        (party == at || agency_is_linked(world, party, at)))
        world_fail(world, "agreement.stuck", at);
}

static void accord_check(
    struct world *world, const struct accord *accord, size_t at)
{
    struct say say;
    struct local_reply reply;
    char id[MOU_ID_TEXT_SIZE + 1];
    size_t position = 0;
    mou_id_format(&accord->id, id);
    say_begin(&say, world, "mou.show");
    say_text(&say, "id", id);
    if (local_reply_read(
            gateway_ask(world, &world->gateways[at], say_end(&say)),
            &world->talk, &reply) != ERR_NONE ||
        reply.err != ERR_NONE) {
        if (!is_stopped(world))
            world_fail(world, "agreement.lost", at);
        return;
    }
    for (size_t i = 0; i < reply.record_count; i++)
        if (slice_is(reply.records[i].type, "signature") &&
            position < accord->party_count)
            party_check(world, accord, at, position++, &reply.records[i]);
    if (position != accord->party_count)
        world_fail(world, "local.malformed", at);
    arena_reset(&world->talk);
}

/* An offer reaches all parties once it is made; that is seen by its operator's
 * being past it. */
static bool is_offered(const struct world *world, size_t index)
{
    const struct accord *accord = &world->accords[index];
    for (size_t i = 0; i < world->program_count; i++) {
        const struct program *program = &world->programs[i];
        if (program->gateway->index == accord->offered_by &&
            (program->rights & LOCAL_RIGHT_ADMIN) != 0)
            return program->of.operator_state.accord > index;
    }
    return false;
}

void audit_accords(struct world *world)
{
    for (size_t i = 0; i < world->accord_count && !world->failed; i++) {
        const struct accord *accord = &world->accords[i];
        if (!is_offered(world, i) && !is_stopped(world))
            world_fail(world, "agreement.stuck", accord->offered_by);
        for (size_t k = 0; k < accord->party_count && !world->failed; k++)
            accord_check(world, accord, accord->parties[k]);
    }
}
