#include "sim/operator.h"

#include "sim/agency.h"
#include "sim/say.h"
#include "sim/world.h"

#define PATIENCE_MS 60000

static void go_on(struct world *world, void *subject, uint64_t ticket);

static void agreement_id(struct world *world, struct mou_id *id)
{
    struct gateway *first = &world->gateways[0];
    mou_id_of(first->crypto, world->agreement, id);
}

/* ---- Replies ------------------------------------------------------------ */

static bool is_well(struct world *world, const struct program *program,
    const struct local_reply *reply)
{
    if (reply->err == ERR_NONE)
        return true;
    world_say(world, "operator %zu: %s at %.*s", program->gateway->index,
        err_text(reply->err), (int)reply->clause.size,
        (const char *)reply->clause.bytes);
    world_fail(world, "operator.refused", program->gateway->index);
    return false;
}

static void on_imported(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    program->of.operator_state.is_imported = true;
    if (is_well(world, program, reply))
        program_later(world, program, 10, go_on);
}

static void on_accepted(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    program->of.operator_state.is_imported = false;
    program->of.operator_state.peer++;
    if (is_well(world, program, reply))
        program_later(world, program, 10, go_on);
}

static void on_offered(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    program->of.operator_state.is_offered = true;
    if (is_well(world, program, reply))
        program_later(world, program, 10, go_on);
}

static void on_signed(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    if (reply->err == ERR_NOT_FOUND) { /* the offer is on its way */
        program_later(world, program, 2000, go_on);
        return;
    }
    program->of.operator_state.is_signed = true;
    if (is_well(world, program, reply))
        program_later(world, program, 1000, go_on);
}

static void on_shown(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    size_t in_force = 0;
    if (!is_well(world, program, reply))
        return;
    for (size_t i = 0; i < reply->record_count; i++)
        in_force += heard_number(&reply->records[i], "in_force") != 0;
    program->of.operator_state.is_done = in_force == world->gateway_count;
    if (!program->of.operator_state.is_done)
        program_later(world, program, 3000, go_on);
    else
        world_say(world, "operator %zu is done", program->gateway->index);
}

/* ---- Requests ----------------------------------------------------------- */

static void card_say(struct world *world, struct program *program)
{
    struct operator_state *state = &program->of.operator_state;
    const struct gateway *peer = &world->gateways[state->peer];
    struct say say;
    if (state->is_imported) {
        say_begin(&say, world, "card.accept");
        say_text(&say, "agency", peer->agency.text);
    } else {
        say_begin(&say, world, "card.import");
        say_data(&say, "data", peer->card);
    }
    program_call(world, program, say_end(&say), PATIENCE_MS,
        state->is_imported ? on_accepted : on_imported);
}

static void agreement_say(struct world *world, struct program *program)
{
    struct operator_state *state = &program->of.operator_state;
    char id[MOU_ID_TEXT_SIZE + 1];
    uint8_t signature[SIGNATURE_SIZE];
    struct mou_id mou;
    struct say say;
    agreement_id(world, &mou);
    mou_id_format(&mou, id);
    if (program->gateway->index == 0 && !state->is_offered) {
        say_begin(&say, world, "mou.offer");
        say_data(&say, "data", world->agreement);
        program_call(world, program, say_end(&say), PATIENCE_MS, on_offered);
    } else if (!state->is_signed) {
        agency_sign(program->gateway, &mou, signature);
        say_begin(&say, world, "mou.sign");
        say_text(&say, "id", id);
        say_text(&say, "agency", program->gateway->agency.text);
        say_data(&say, "signature", SLICE_ARRAY(signature));
        program_call(world, program, say_end(&say), PATIENCE_MS, on_signed);
    } else {
        say_begin(&say, world, "mou.show");
        say_text(&say, "id", id);
        program_call(world, program, say_end(&say), PATIENCE_MS, on_shown);
    }
}

static void go_on(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    struct operator_state *state = &program->of.operator_state;
    if (program->ticket != ticket)
        return;
    if (state->peer == program->gateway->index)
        state->peer++;
    if (state->peer < world->gateway_count)
        card_say(world, program);
    else
        agreement_say(world, program);
    arena_reset(&world->talk);
}

void operator_begin(struct world *world, struct program *program)
{
    program_later(world, program, 1 + world_below(world, 3000), go_on);
}
