#include "sim/twofold.h"

#include <stdio.h>

#include "core/referral.h"
#include "sim/agency.h"
#include "sim/say.h"
#include "sim/smuggler.h"
#include "sim/world.h"

#define DAY_MS INT64_C(86400000)

static bool is_twofold(const struct world *world, uint32_t version)
{
    return world->options.twofold != 0 && version > 1;
}

size_t twofold_text_count(const struct world *world, uint32_t version)
{
    return is_twofold(world, version) ? 2 : 1;
}

/* The first text may have all signatures; who has to choose signs one. */
void twofold_arrange(struct world *world, struct accord *accord)
{
    size_t last = accord->party_count - 1;
    if (!is_twofold(world, accord->version))
        return;
    size_t honest = (size_t)world_below(world, STREAM_twofold, (int64_t)last);
    bool is_whole = last == 1 || world_below(world, STREAM_twofold, 2) == 0;
    accord->offered_by = accord->parties[last];
    accord->never_by = accord->is_second || !is_whole ? accord->parties[honest]
                                                      : ACCORD_NOBODY;
}

/* ---- A referral by the second text --------------------------------------- */

static const struct accord *second_of(
    const struct world *world, size_t a, size_t b)
{
    for (size_t i = 0; i < world->accord_count; i++) {
        const struct accord *accord = &world->accords[i];
        size_t count = accord->party_count;
        if (accord->is_second && accord_position(accord, a) < count &&
            accord_position(accord, b) < count)
            return accord;
    }
    return NULL;
}

static struct slice send_by(struct world *world, const struct accord *accord,
    size_t to, const struct uuid *uuid)
{
    const struct slice codes[] = { SLICE_LITERAL("call_name") };
    const struct named_value elements[] = { { codes[0],
        SLICE_LITERAL("Somebody") } };
    const struct grant grants[] = { { world->gateways[to].agency,
        SLICE_LITERAL("gossip"), codes, 1, { SIM_EPOCH_MS + 200 * DAY_MS } } };
    char service[32];
    (void)snprintf(service, sizeof service, "service.%zu", to);
    const struct referral_request request = {
        .service = slice_of_text(service),
        .purpose = SLICE_LITERAL("gossip"),
        .urgency = URGENCY_SOON,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_NONE,
        .reason_plain = SLICE_LITERAL("as the second text has it"),
        .thread = *uuid,
        .consent_at = { SIM_EPOCH_MS - 30 * DAY_MS },
        .grants = grants,
        .grant_count = 1,
    };
    const struct referral_event event = {
        .referral = *uuid,
        .mou = accord->id,
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("worker"),
        .at = { SIM_EPOCH_MS },
        .request = &request,
        .elements = elements,
        .element_count = 1,
    };
    return referral_event_write(&event, &world->wire);
}

void twofold_tell(struct world *world, struct gateway *gateway)
{
    struct twofold *twofold = &world->twofold;
    size_t used = world->wire.used;
    struct uuid uuid;
    if (world->options.twofold == 0 || world->is_calm ||
        twofold->count == TWOFOLD_COUNT || !smuggler_may(world, gateway))
        return;
    size_t to = smuggler_choose(world, gateway, STREAM_twofold);
    const struct accord *accord = to == world->gateway_count
                                      ? NULL
                                      : second_of(world, gateway->index, to);
    if (accord == NULL)
        return;
    /* it says so, again and again: no signature makes it true */
    (void)smuggler_tell(world, gateway, to, ENTRY_MOU_IN_FORCE,
        gateway_now(world, gateway),
        mou_in_force_write(&accord->id, &world->wire));
    world_fill(world, uuid.bytes, sizeof uuid.bytes);
    struct slice content = send_by(world, accord, to, &uuid);
    if (smuggler_tell(world, gateway, to, ENTRY_REFERRAL_EVENT,
            gateway_now(world, gateway), content)) {
        twofold->referrals[twofold->count] = uuid;
        twofold->to[twofold->count++] = to;
        TALLY(world, referrals_twofold);
    }
    arena_rewind(&world->wire, used);
}

bool twofold_has(const struct world *world, const struct uuid *referral)
{
    for (size_t i = 0; i < world->twofold.count; i++)
        if (uuid_equal(&world->twofold.referrals[i], referral))
            return true;
    return false;
}

/* ---- Checkers ------------------------------------------------------------ */

static void seen_check(
    struct world *world, const struct accord *accord, size_t at)
{
    struct say say;
    struct local_reply reply;
    char id[MOU_ID_TEXT_SIZE + 1];
    mou_id_format(&accord->id, id);
    say_begin(&say, world, "mou.show");
    say_text(&say, "id", id);
    const struct local_record *mou = NULL;
    if (local_reply_read(
            gateway_ask(world, &world->gateways[at], say_end(&say)),
            &world->talk, &reply) == ERR_NONE)
        mou = heard_record(&reply, "mou");
    if (mou != NULL && heard_number(mou, "rivals") != 1)
        world_fail(world, "agreement.unseen", at);
    else if (mou != NULL)
        TALLY(world, texts_seen);
    arena_reset(&world->talk);
}

void twofold_check(struct world *world)
{
    const struct twofold *twofold = &world->twofold;
    for (size_t i = 0; i < world->accord_count && !world->failed; i++) {
        const struct accord *accord = &world->accords[i];
        if (!is_twofold(world, accord->version))
            continue;
        for (size_t k = 0; k < accord->party_count; k++)
            seen_check(world, accord, accord->parties[k]);
    }
    for (size_t i = 0; i < twofold->count && !world->failed; i++) {
        struct local_reply reply;
        size_t to = twofold->to[i];
        gateway_get(
            world, &world->gateways[to], &twofold->referrals[i], &reply);
        const struct local_record *row = heard_record(&reply, "referral");
        if (row != NULL &&
            !slice_is(heard_text(row, "state"), "refused_by_policy"))
            world_fail(world, "agreement.double", to);
        arena_reset(&world->talk);
    }
}
