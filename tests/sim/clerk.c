#include "sim/clerk.h"

#include <stdio.h>
#include <string.h>

#include "sim/deed.h"
#include "sim/referral.h"
#include "sim/say.h"
#include "sim/world.h"

#define PATIENCE_MS 15000

static void go_on(struct world *world, void *subject, uint64_t ticket);

static void rest(struct world *world, struct program *program)
{
    /* the hub of a star has as much to do as all of its members */
    bool is_hub = world->options.star != 0 && program->gateway->index == 0;
    int64_t share = is_hub ? (int64_t)world->gateway_count : 1;
    int64_t pause_ms = 1 + world_below(world, STREAM_work,
                               2 * world->options.pause_ms / share);
    if (!world->is_calm)
        program_later(world, program, pause_ms, go_on);
}

static void key_say(struct say *say, struct world *world)
{
    char key[32];
    (void)snprintf(
        key, sizeof key, "key-0%llu", (unsigned long long)world->id_next++);
    say_text(say, "key", key);
}

/* Words that no gateway took must not stay with any; one that lost its store
 * may have taken them before. */
static void words_void(struct world *world, const struct program *program)
{
    const struct clerk *clerk = &program->of.clerk;
    if (gateway_has_lost(world, program->gateway->index))
        return;
    for (size_t i = clerk->canary_first; i < clerk->canary_end; i++)
        world->truth.canaries[i].is_void = true;
}

/* ---- Referring ---------------------------------------------------------- */

void clerk_stored(
    struct world *world, struct program *program, const struct uuid *referral)
{
    struct clerk *clerk = &program->of.clerk;
    if (program->query == NULL || (program->rights & LOCAL_RIGHT_SUBMIT) == 0 ||
        !clerk->is_submitting)
        return;
    truth_name(&world->truth, clerk->affair, referral);
}

/* By a clock that was wrong it was long ago that the words under a key were
 * erased: it stands for another request then. */
static bool may_be_past(
    const struct world *world, const struct local_reply *reply)
{
    return slice_is(reply->clause, "key") && world->options.clock_per_hour > 0;
}

static void on_submitted(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    struct clerk *clerk = &program->of.clerk;
    struct affair *affair = &world->truth.affairs[clerk->affair];
    clerk->is_submitting = false;
    bool was_done = affair->is_named && may_be_past(world, reply);
    affair->outcome =
        reply->err == ERR_NONE || was_done ? OUTCOME_DONE : OUTCOME_REFUSED;
    affair->stored_ms = world->scheduler.now_ms;
    affair->may_be_done =
        affair->outcome == OUTCOME_REFUSED && may_be_past(world, reply);
    if (affair->outcome == OUTCOME_DONE && affair->is_forbidden &&
        !world->unchecked)
        world_fail(world, "policy.passed", program->gateway->index);
    /* a gateway that lost its agreements refuses until they are back */
    if (affair->outcome == OUTCOME_REFUSED && !affair->is_forbidden &&
        !may_be_past(world, reply) &&
        !gateway_has_lost(world, program->gateway->index) &&
        !(slice_is(reply->clause, "peer.state") &&
            closer_was_at(world, affair->from, affair->to))) {
        world_say(world, "refused: %s at %.*s", err_text(reply->err),
            (int)reply->clause.size, (const char *)reply->clause.bytes);
        world_fail(world, "submit.refused", program->gateway->index);
    }
    if (affair->outcome == OUTCOME_REFUSED) {
        TALLY(world, submits_forbidden);
        words_void(world, program);
    } else {
        TALLY(world, submits_allowed);
        truth_said(&world->truth, clerk->canary_first, clerk->canary_end);
    }
    rest(world, program);
}

static void submit_say(struct world *world, struct program *program)
{
    struct clerk *clerk = &program->of.clerk;
    struct say say;
    clerk->canary_first = world->truth.canary_count;
    say_begin(&say, world, "submit");
    key_say(&say, world);
    clerk->affair = referral_say(world, program->gateway, &say);
    clerk->canary_end = world->truth.canary_count;
    clerk->is_submitting = true;
    clerk->has_submitted = true;
    program_call(world, program, &say, PATIENCE_MS, on_submitted);
}

/* ---- Taking a step ------------------------------------------------------ */

static void on_acted(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    struct clerk *clerk = &program->of.clerk;
    struct deed *deed = &world->truth.deeds[clerk->deed];
    deed->outcome = reply->err == ERR_NONE ? OUTCOME_DONE : OUTCOME_REFUSED;
    deed->may_be_done = may_be_past(world, reply);
    deed->stored_ms = world->scheduler.now_ms;
    world_say(world, "agency %zu: %s: %s %.*s", deed->agency,
        event_type_name(deed->step), err_text(reply->err),
        (int)reply->clause.size, (const char *)reply->clause.bytes);
    if (deed->outcome == OUTCOME_DONE) {
        TALLY(world, acts_done);
        truth_said(&world->truth, clerk->canary_first, clerk->canary_end);
    } else {
        TALLY(world, acts_refused);
        words_void(world, program);
    }
    rest(world, program);
}

/* ---- Erasing ------------------------------------------------------------ */

/* Not the one that every request needs. */
#define ELEMENTS_ERASED "needs contact_route outcome_note"

static void on_erased(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    static const char *const elements[] = { "needs", "contact_route",
        "outcome_note" };
    const struct clerk *clerk = &program->of.clerk;
    size_t affair = truth_find(&world->truth, &clerk->referral);
    char id[UUID_URN_SIZE + 1];
    for (size_t i = 0; i < 3 && reply->err == ERR_NONE; i++)
        if (clerk->erases_part)
            truth_erase(&world->truth, affair, elements[i],
                program->gateway->index, world->scheduler.now_ms);
    if (reply->err == ERR_NONE && !clerk->erases_part)
        truth_erase_all(&world->truth, affair, program->gateway->index,
            world->scheduler.now_ms);
    uuid_format(&clerk->referral, id);
    world_say(world, "agency %zu: erase %s %s: %s %.*s",
        program->gateway->index, clerk->erases_part ? "elements of" : "all of",
        id, err_text(reply->err), (int)reply->clause.size,
        (const char *)reply->clause.bytes);
    if (reply->err != ERR_NONE && reply->err != ERR_BUSY &&
        !gateway_has_lost(world, program->gateway->index))
        world_fail(world, "erase.refused", program->gateway->index);
    rest(world, program);
}

static bool erases(const struct world *world, const struct gateway *gateway)
{
    return world->options.erasers == 0 ||
           gateway->index < (size_t)world->options.erasers;
}

static void erase_say(struct world *world, struct program *program)
{
    char id[UUID_URN_SIZE + 1];
    struct say say;
    uuid_format(&program->of.clerk.referral, id);
    say_begin(&say, world, "erase");
    say_text(&say, "id", id);
    say_text(&say, "reason", "person_asked");
    program->of.clerk.erases_part = CHANCE(world, erase_part_permille);
    if (program->of.clerk.erases_part)
        say_text(&say, "elements", ELEMENTS_ERASED);
    program_call(world, program, &say, PATIENCE_MS, on_erased);
}

static void on_shown(struct world *world, struct program *program,
    const struct local_reply *reply)
{
    struct clerk *clerk = &program->of.clerk;
    const struct local_record *referral = heard_record(reply, "referral");
    struct say say;
    bool forgot = gateway_has_lost(world, program->gateway->index);
    if (reply->err == ERR_NOT_FOUND && forgot) {
        rest(world, program);
        return;
    }
    if (reply->err != ERR_NONE || referral == NULL) {
        world_fail(world, "get.refused", program->gateway->index);
        return;
    }
    if (CHANCE(world, erase_permille) && erases(world, program->gateway)) {
        erase_say(world, program);
        return;
    }
    enum referral_event_type step = deed_choose(world, referral);
    if (step == EVENT_NONE) {
        rest(world, program);
        return;
    }
    clerk->affair = truth_find(&world->truth, &clerk->referral);
    clerk->canary_first = world->truth.canary_count;
    clerk->deed = truth_deed(
        &world->truth, program->gateway->index, &clerk->referral, step);
    say_begin(&say, world, "act");
    key_say(&say, world);
    deed_say(world, &say, clerk->affair, referral, step);
    clerk->canary_end = world->truth.canary_count;
    program_call(world, program, &say, PATIENCE_MS, on_acted);
}

/* One that the agency's reader knows of; those that go on before the others. */
static const struct followed *referral_choose(
    struct world *world, const struct program *program)
{
    const struct followed *chosen = NULL;
    const struct reader *reader =
        &world_reader(world, program->gateway->index)->of.reader;
    for (int tries = 0; tries < 4 && reader->followed_count > 0; tries++) {
        chosen = &reader->followed[world_below(
            world, STREAM_work, (int64_t)reader->followed_count)];
        if (!truth_is_final(chosen->state))
            return chosen;
    }
    return chosen;
}

static void look_say(struct world *world, struct program *program,
    const struct followed *followed)
{
    char id[UUID_URN_SIZE + 1];
    struct say say;
    uuid_format(&followed->uuid, id);
    program->of.clerk.referral = followed->uuid;
    say_begin(&say, world, "get");
    say_text(&say, "id", id);
    program_call(world, program, &say, PATIENCE_MS, on_shown);
}

static void go_on(struct world *world, void *subject, uint64_t ticket)
{
    struct program *program = subject;
    if (program->ticket != ticket || world->is_calm)
        return;
    const struct followed *followed = referral_choose(world, program);
    bool refers = followed == NULL || !program->of.clerk.has_submitted ||
                  world_below(world, STREAM_work, SUBMIT_EACH) == 0;
    bool may_refer =
        world->options.referrals_max == 0 ||
        (int64_t)world->truth.affair_count < world->options.referrals_max;
    if (!world->is_agreed || (refers && followed == NULL && !may_refer))
        rest(world, program);
    else if (refers && may_refer)
        submit_say(world, program);
    else
        look_say(world, program, followed);
    arena_reset(&world->talk);
}

void clerk_begin(struct world *world, struct program *program)
{
    rest(world, program);
}
