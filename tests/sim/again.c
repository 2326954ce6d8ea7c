#include "sim/again.h"

#include <string.h>

#include "sim/say.h"
#include "sim/world.h"

/* The id that a remedy, which is for people, names. */
static bool id_find(struct slice remedy, struct uuid *uuid)
{
    static const char urn[] = "urn:uuid:";
    for (size_t at = 0; at + UUID_URN_SIZE <= remedy.size; at++)
        if (memcmp(remedy.bytes + at, urn, sizeof urn - 1) == 0)
            return uuid_parse(slice_of(remedy.bytes + at, UUID_URN_SIZE),
                       uuid) == ERR_NONE;
    return false;
}

/* What a gateway says of one referral. */
struct view {
    bool is_known;
    bool is_outgoing;
    bool is_erased; /* words of it, at least */
    bool is_back;   /* with staff, who are to go on with the first */
    struct uuid first;
};

static void event_hear(struct view *view, const struct local_record *event)
{
    view->is_back |=
        slice_is(heard_text(event, "type"), "referral.returned") &&
        slice_is(heard_text(event, "step"), "send") &&
        slice_is(heard_text(event, "problem"), "REFERRAL_EXISTS") &&
        id_find(heard_text(event, "remedy"), &view->first);
}

static struct view ask(struct world *world, size_t at, const struct uuid *uuid)
{
    struct view view = { 0 };
    struct local_reply reply;
    gateway_get(world, &world->gateways[at], uuid, &reply);
    const struct local_record *referral = heard_record(&reply, "referral");
    if (referral != NULL) {
        view.is_known = true;
        view.is_outgoing = slice_is(heard_text(referral, "direction"), "out");
        view.is_erased = heard_number(referral, "frozen") != 0 ||
                         heard_number(referral, "erased_ms") != 0 ||
                         slice_is(heard_text(referral, "state"), "void");
    }
    for (size_t i = 0; i < reply.record_count; i++)
        if (slice_is(reply.records[i].type, "event"))
            event_hear(&view, &reply.records[i]);
    arena_reset(&world->talk);
    return view;
}

/* The affair goes on as the first, whichever of them its program heard of. */
static void back_note(struct world *world, size_t index,
    const struct uuid *second, const struct uuid *first)
{
    struct truth *truth = &world->truth;
    struct affair *affair = &truth->affairs[index];
    size_t whose = truth_find(truth, first);
    bool is_anothers = whose != truth->affair_count && whose != index;
    if (is_anothers || uuid_equal(first, second) ||
        !ask(world, affair->from, first).is_outgoing)
        world_fail(world, "referral.lost", affair->from);
    if (ask(world, affair->to, second).is_known)
        world_fail(world, "referral.twice", affair->to);
    truth_name(truth, index, first);
    affair->other = *second;
    affair->tries = TRIES_BACK;
}

static void tries_find(struct world *world, size_t index)
{
    struct affair *affair = &world->truth.affairs[index];
    const struct uuid now = affair->uuid;
    const struct uuid before = affair->other;
    struct view view = ask(world, affair->from, &now);
    if (view.is_back)
        back_note(world, index, &now, &view.first);
    if (view.is_back || !affair->was_named)
        return;
    view = ask(world, affair->from, &before);
    if (view.is_back)
        back_note(world, index, &before, &view.first);
    else if (view.is_outgoing && view.is_erased)
        affair->tries = TRIES_BOTH;
}

void again_find(struct world *world)
{
    const struct truth *truth = &world->truth;
    for (size_t i = 0; i < truth->affair_count && !world->failed; i++)
        if (truth->affairs[i].outcome == OUTCOME_DONE &&
            truth->affairs[i].is_named &&
            gateway_has_lost(world, truth->affairs[i].from))
            tries_find(world, i);
}

/* Of which that may be a try: it was refused when it was tried again, or taken
 * as another, since the first had no words left to be known by. */
static size_t tried_find(
    const struct world *world, size_t from, size_t to, bool is_erased)
{
    const struct truth *truth = &world->truth;
    for (size_t i = 0; i < truth->affair_count; i++) {
        const struct affair *affair = &truth->affairs[i];
        bool was_refused =
            affair->outcome == OUTCOME_REFUSED && !affair->is_named;
        bool is_other = is_erased && affair->outcome == OUTCOME_DONE &&
                        affair->is_named && !affair->was_named &&
                        affair->tries == TRIES_ONE;
        if (affair->from == from && affair->to == to &&
            affair->stored_ms > world->gateways[from].lost_ms &&
            (was_refused || is_other))
            return i;
    }
    return truth->affair_count;
}

void again_unheard(
    struct world *world, size_t from, size_t to, const struct uuid *uuid)
{
    struct truth *truth = &world->truth;
    bool may_be = gateway_has_lost(world, from) ||
                  world->options.clock_per_hour > 0; /* clerk.c */
    if (!may_be || truth_find(truth, uuid) != truth->affair_count)
        return;
    for (size_t i = 0; i < truth->affair_count; i++)
        if (truth->affairs[i].tries != TRIES_ONE &&
            uuid_equal(&truth->affairs[i].other, uuid))
            return;
    size_t index =
        tried_find(world, from, to, ask(world, from, uuid).is_erased);
    if (index == truth->affair_count)
        return;
    struct affair *affair = &truth->affairs[index];
    if (affair->outcome == OUTCOME_REFUSED) {
        truth_name(truth, index, uuid);
    } else {
        affair->other = *uuid;
        affair->tries = TRIES_BOTH;
    }
}
