#include "sim/usurper.h"

#include <stdlib.h>

#include "core/erasure_notice.h"
#include "core/keys.h"
#include "core/referral.h"
#include "sim/agency.h"
#include "sim/say.h"
#include "sim/smuggler.h"
#include "sim/world.h"

/* Looks for one that will do. */
#define TRY_COUNT 8

/* Whoever knows an id before its referral comes can take it: it is a secret of
 * two until then. */
static bool is_held(
    const struct world *world, size_t at, const struct uuid *uuid)
{
    struct store_txn *txn;
    struct key key = key_referral(uuid);
    const struct gateway *gateway = &world->gateways[at];
    if (gateway->store->ops->begin(gateway->store, false, &txn) != ERR_NONE)
        abort();
    bool is = store_get(txn, key_slice(&key)).bytes != NULL;
    gateway->store->ops->abort(txn);
    return is;
}

/* One between two others; affair_count when none was found. */
static size_t affair_choose(struct world *world)
{
    const struct truth *truth = &world->truth;
    size_t last = world->gateway_count - 1;
    for (int i = 0; i < TRY_COUNT && truth->affair_count > 0; i++) {
        size_t at = (size_t)world_below(
            world, STREAM_usurp_permille, (int64_t)truth->affair_count);
        const struct affair *affair = &truth->affairs[at];
        if (affair->is_named && affair->from != last && affair->to != last &&
            is_held(world, affair->from, &affair->uuid) &&
            is_held(world, affair->to, &affair->uuid))
            return at;
    }
    return truth->affair_count;
}

static struct slice step_of(
    struct world *world, const struct uuid *uuid, enum referral_event_type type)
{
    const struct referral_request request = {
        .service = SLICE_LITERAL("service.0"),
        .purpose = SLICE_LITERAL("help"),
        .urgency = URGENCY_SOON,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_FULL,
        .reason_plain = SLICE_LITERAL("as if it was ours"),
        .thread = *uuid,
        .consent_at = { SIM_EPOCH_MS - 86400000 },
    };
    const struct referral_event event = {
        .referral = *uuid,
        .mou = world->accords[0].id,
        .type = type,
        .seq = 1 + (uint32_t)world_below(world, STREAM_usurp_permille, 9),
        .actor = type == EVENT_WITHDRAW || type == EVENT_CONSENT_REVOKED
                     ? ACTOR_PERSON
                     : ACTOR_STAFF,
        .role = SLICE_LITERAL("worker"),
        .at = { SIM_EPOCH_MS },
        .request = type == EVENT_SEND ? &request : NULL,
        .state = type == EVENT_OPENED ? REFERRAL_SEEN : REFERRAL_UNKNOWN,
    };
    return referral_event_write(&event, &world->wire);
}

static struct slice erasure_of(struct world *world, const struct uuid *uuid)
{
    const struct erasure_notice notice = { .referral = *uuid,
        .reason = ERASURE_PERSON_ASKED,
        .actor = ACTOR_PERSON,
        .at = { SIM_EPOCH_MS } };
    return erasure_notice_write(&notice, &world->wire);
}

static void note_asked(struct world *world, size_t affair)
{
    struct usurper *usurper = &world->usurper;
    usurper->affairs[usurper->count++ % USURPER_COUNT] = affair;
}

void usurper_tell(struct world *world, struct gateway *gateway)
{
    static const enum referral_event_type types[] = { EVENT_NONE, EVENT_SEND,
        EVENT_WITHDRAW, EVENT_CONSENT_REVOKED, EVENT_OPENED,
        EVENT_WRONG_PERSON_OR_PLACE };
    size_t used = world->wire.used;
    if (gateway->index + 1 != world->gateway_count ||
        !smuggler_may(world, gateway) || !CHANCE(world, usurp_permille))
        return;
    size_t at = affair_choose(world);
    enum referral_event_type type = types[world_below(
        world, STREAM_usurp_permille, (int64_t)(sizeof types / sizeof *types))];
    bool to_first = world_below(world, STREAM_usurp_permille, 2) == 0;
    if (at == world->truth.affair_count)
        return;
    const struct affair *affair = &world->truth.affairs[at];
    size_t to = to_first ? affair->from : affair->to;
    struct slice content = type == EVENT_NONE
                               ? erasure_of(world, &affair->uuid)
                               : step_of(world, &affair->uuid, type);
    if (agency_is_linked(world, gateway->index, to) &&
        smuggler_tell(world, gateway, to,
            type == EVENT_NONE ? ENTRY_ERASURE_NOTICE : ENTRY_REFERRAL_EVENT,
            gateway_now(world, gateway), content)) {
        TALLY(world, referrals_usurped);
        if (type == EVENT_NONE)
            note_asked(world, at);
    }
    arena_rewind(&world->wire, used);
}

bool usurper_took(
    const struct world *world, size_t at, const struct uuid *referral)
{
    const struct truth *truth = &world->truth;
    size_t index = truth_find(truth, referral);
    return world->options.usurp_permille > 0 &&
           at + 1 == world->gateway_count && index != truth->affair_count &&
           truth->affairs[index].from != at && truth->affairs[index].to != at;
}

/* ---- Checkers ------------------------------------------------------------ */

static bool is_erased(
    struct world *world, size_t at, const struct uuid *uuid, bool *is_known)
{
    struct local_reply reply;
    gateway_get(world, &world->gateways[at], uuid, &reply);
    const struct local_record *row = heard_record(&reply, "referral");
    bool is = row != NULL && (heard_number(row, "erased_ms") != 0 ||
                                 heard_number(row, "frozen") != 0);
    *is_known = row != NULL;
    arena_reset(&world->talk);
    return is;
}

void usurper_check(struct world *world)
{
    const struct usurper *usurper = &world->usurper;
    bool others_erase = world->options.erase_permille > 0 ||
                        world->options.retention_days > 0 ||
                        world->options.hold_minutes > 0;
    for (size_t i = 0; !others_erase && i < usurper->count &&
                       i < USURPER_COUNT && !world->failed;
         i++) {
        const struct affair *affair =
            &world->truth.affairs[usurper->affairs[i]];
        bool is_known[2];
        bool from = is_erased(world, affair->from, &affair->uuid, &is_known[0]);
        bool to = is_erased(world, affair->to, &affair->uuid, &is_known[1]);
        if (is_known[0] && is_known[1] && from != to)
            world_fail(
                world, "usurper.heeded", from ? affair->from : affair->to);
    }
}
