#include "sim/operator.h"

#include "sim/agency.h"
#include "sim/say.h"
#include "sim/world.h"

#define PATIENCE_MS 60000

static void go_on(struct world *world, void *subject, uint64_t ticket);

static struct accord *accord_of(
    struct world *world, const struct program *program)
{
    return &world->accords[program->of.operator_state.accord];
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

static void accord_next(struct world *world, struct program *program)
{
    struct operator_state *state = &program->of.operator_state;
    state->accord++;
    state->is_offered = false;
    state->is_thought_over = false;
    program_later(world, program, 10, go_on);
}

static void on_signed(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    struct accord *accord = accord_of(world, program);
    if (reply->err == ERR_NOT_FOUND) { /* the offer is on its way */
        program_later(world, program, 2000, go_on);
        return;
    }
    if (!is_well(world, program, reply))
        return;
    accord->is_signed[accord_position(accord, program->gateway->index)] = true;
    if (accord->version > 1)
        TALLY(world, versions_signed);
    accord_next(world, program);
}

/* Whether it is in force at all parties that can tell this agency so. */
static bool is_in_force(struct world *world, const struct program *program,
    const struct local_reply *reply)
{
    size_t position = 0;
    const struct accord *accord =
        &world->accords[program->of.operator_state.shown];
    for (size_t i = 0; i < reply->record_count; i++) {
        if (!slice_is(reply->records[i].type, "signature"))
            continue;
        size_t party = accord->parties[position++];
        if (heard_number(&reply->records[i], "in_force") == 0 &&
            (party == program->gateway->index ||
                agency_is_linked(world, party, program->gateway->index)))
            return false;
    }
    return position == accord->party_count;
}

static void on_shown(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    if (!is_well(world, program, reply))
        return;
    bool is_there = is_in_force(world, program, reply);
    program->of.operator_state.shown += is_there;
    program_later(world, program, is_there ? 10 : 3000, go_on);
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
    program_call(world, program, &say, PATIENCE_MS,
        state->is_imported ? on_accepted : on_imported);
}

/* An offer is made, or signed, when somebody finds the time. */
static void think_over(struct world *world, struct program *program)
{
    int64_t time_ms = world->options.sign_ms_max;
    const struct accord *accord = accord_of(world, program);
    program->of.operator_state.is_thought_over = true;
    if (accord->version == 1)
        time_ms /= 8; /* the work waits for it */
    if (world->is_calm)
        time_ms = 1;
    program_later(world, program,
        1 + world_below(world, STREAM_sign_ms_max, time_ms), go_on);
}

static void signature_say(struct world *world, struct program *program,
    const struct accord *accord, const char *id)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct say say;
    agency_sign(program->gateway, &accord->id, signature);
    say_begin(&say, world, "mou.sign");
    say_text(&say, "id", id);
    say_text(&say, "agency", program->gateway->agency.text);
    say_data(&say, "signature", SLICE_ARRAY(signature));
    program_call(world, program, &say, PATIENCE_MS, on_signed);
}

static void accord_say(struct world *world, struct program *program)
{
    struct operator_state *state = &program->of.operator_state;
    const struct accord *accord = accord_of(world, program);
    size_t self = program->gateway->index;
    char id[MOU_ID_TEXT_SIZE + 1];
    struct say say;
    mou_id_format(&accord->id, id);
    if (accord_position(accord, self) == accord->party_count) {
        accord_next(world, program);
    } else if (!state->is_thought_over) {
        think_over(world, program);
    } else if (accord->offered_by == self && !state->is_offered) {
        say_begin(&say, world, "mou.offer");
        say_data(&say, "data", accord->bytes);
        program_call(world, program, &say, PATIENCE_MS, on_offered);
    } else if (accord->never_by == self) {
        TALLY(world, versions_unsigned);
        accord_next(world, program);
    } else {
        signature_say(world, program, accord, id);
    }
}

/* Looks whether the next first version is in force; false: all are. */
static bool show_say(struct world *world, struct program *program)
{
    size_t *shown = &program->of.operator_state.shown;
    char id[MOU_ID_TEXT_SIZE + 1];
    struct say say;
    while (*shown < world->accord_count &&
           world->accords[*shown].version == 1 &&
           accord_position(&world->accords[*shown], program->gateway->index) ==
               world->accords[*shown].party_count)
        ++*shown;
    if (*shown == world->accord_count || world->accords[*shown].version > 1)
        return false;
    mou_id_format(&world->accords[*shown].id, id);
    say_begin(&say, world, "mou.show");
    say_text(&say, "id", id);
    program_call(world, program, &say, PATIENCE_MS, on_shown);
    return true;
}

static void go_on(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    struct operator_state *state = &program->of.operator_state;
    if (program->ticket != ticket)
        return;
    if (state->begins_again)
        *state = (struct operator_state){ .is_ready = state->is_ready };
    while (state->peer < world->gateway_count &&
           !agency_is_met(world, state->peer, program->gateway->index))
        state->peer++;
    bool is_first = state->accord < world->accord_count &&
                    accord_of(world, program)->version == 1;
    if (state->peer < world->gateway_count) {
        card_say(world, program);
    } else if (is_first || state->is_ready) {
        if (state->accord < world->accord_count)
            accord_say(world, program);
    } else if (!show_say(world, program)) {
        state->is_ready = true;
        program_later(world, program, 10, go_on);
    }
    arena_reset(&world->talk);
}

void operator_begin_again(struct world *world, struct gateway *gateway)
{
    struct program *program = world_operator(world, gateway->index);
    program->of.operator_state.begins_again = true;
    if (program->query == NULL)
        program_later(world, program,
            60000 + world_below(world, STREAM_lose_permille, 60000), go_on);
}

void operator_begin(struct world *world, struct program *program)
{
    program_later(
        world, program, 1 + world_below(world, STREAM_work, 3000), go_on);
}
