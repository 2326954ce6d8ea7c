#include "sim/keeping.h"

#include <stdlib.h>
#include <string.h>

#include "core/feed.h"
#include "core/node_state.h"
#include "core/peer.h"
#include "core/register.h"
#include "sim/say.h"
#include "sim/world.h"

#define REVIEW_MS (world_hour_ms(world) / 60)

static void review(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    (void)argument;
    gateway_queue(
        world, gateway, letter_new(&world->letters, LETTER_REVIEW, SLICE_NONE));
    scheduler_add(&world->scheduler, REVIEW_MS, review, gateway, 0);
}

void keeping_begin(struct world *world, struct gateway *gateway)
{
    if (world->options.hold_minutes == 0)
        return;
    scheduler_add(&world->scheduler,
        1 + world_below(world, STREAM_hold_minutes, REVIEW_MS), review, gateway,
        0);
}

/* A reading work on what is committed there; the arena is to be rewound. */
static struct work work_open(struct world *world, struct gateway *gateway)
{
    struct store_txn *txn;
    if (gateway->store->ops->begin(gateway->store, false, &txn) != ERR_NONE)
        abort();
    return (struct work){ .node = gateway->node,
        .txn = txn,
        .crypto = gateway->crypto,
        .arena = &world->wire,
        .scratch = &world->wire };
}

/* Since when its program has said that it dealt with that event; -1: it has
 * not. */
static int64_t asked_ms(const struct reader *reader, uint64_t position)
{
    for (size_t i = 0; i < reader->told_count; i++)
        if ((uint64_t)reader->told[i].position >= position)
            return reader->told[i].at_ms;
    return -1;
}

/* All that the other's program was told of it from there, long enough ago. */
static bool is_over(
    struct world *world, size_t reader_at, const struct uuid *uuid)
{
    const struct reader *reader = &world_reader(world, reader_at)->of.reader;
    const int64_t hold_ms = world->options.hold_minutes * 60000;
    struct work work = work_open(world, &world->gateways[reader_at]);
    const struct referral *referral = register_get(&work, uuid);
    bool is_over = true;
    for (uint32_t i = 0; referral != NULL && i < referral->position_count;
         i++) {
        struct feed_event event;
        if (!feed_next(&work, referral->positions[i], &event) || event.by_us ||
            event.step == EVENT_NONE)
            continue;
        int64_t at_ms = asked_ms(reader, event.position);
        is_over &= at_ms >= 0 && at_ms + hold_ms <= world->scheduler.now_ms;
    }
    world->gateways[reader_at].store->ops->abort(work.txn);
    return is_over;
}

/* One of which the words went in this very batch. */
static void gone_check(
    struct world *world, size_t at, const struct referral *referral)
{
    const struct peer *peer =
        peer_numbered(world->gateways[at].node, referral->peer);
    size_t other = gateway_find(world, &peer->agency);
    if (gateway_has_lost(world, other) || rogue_is_at(world, other) ||
        rogue_is_at(world, at))
        return;
    TALLY(world, words_let_go);
    if (!is_over(world, other, &referral->uuid))
        world_fail(world, "hold.early", at);
}

void keeping_seen(struct world *world, size_t at)
{
    struct gateway *gateway = &world->gateways[at];
    struct work work = work_open(world, gateway);
    struct uuid from = { { 0 } };
    const struct referral *referral;
    size_t used = world->wire.used;
    while ((referral = register_next(&work, &from)) != NULL) {
        if (referral->let_go.unix_ms == gateway_now(world, gateway).unix_ms)
            gone_check(world, at, referral);
        from = referral->uuid;
        size_t i = sizeof from.bytes;
        while (i > 0 && ++from.bytes[--i] == 0)
            ;
        arena_rewind(&world->wire, used);
    }
    gateway->store->ops->abort(work.txn);
    arena_rewind(&world->wire, used);
}

/* ---- At the end ---------------------------------------------------------- */

/* What one gateway says of the words of a referral. */
struct words {
    bool are_known;
    bool are_lacking; /* the request cannot be read, and nobody wanted that */
    bool are_let_go;
};

static struct words words_of(
    struct world *world, size_t at, const struct uuid *uuid)
{
    struct local_reply reply;
    struct words words = { false, false, false };
    gateway_get(world, &world->gateways[at], uuid, &reply);
    const struct local_record *referral = heard_record(&reply, "referral");
    if (referral != NULL) {
        enum referral_state state =
            referral_state_named(heard_text(referral, "state"));
        words.are_known = true;
        words.are_let_go = heard_number(referral, "let_go_ms") != 0;
        words.are_lacking = heard_text(referral, "service").size == 0 &&
                            heard_number(referral, "frozen") == 0 &&
                            heard_number(referral, "erased_ms") == 0 &&
                            state != REFERRAL_WITHDRAWN &&
                            state != REFERRAL_VOID &&
                            state != REFERRAL_REFUSED_BY_POLICY;
    }
    arena_reset(&world->talk);
    return words;
}

/* What is left when elements are erased gets another key. A store of before has
 * it under the one that went, and asks for nothing: with it would come what was
 * erased, from an end that keeps it. */
static bool erased_part(
    const struct world *world, size_t at, const struct affair *affair)
{
    const struct truth *truth = &world->truth;
    size_t index = (size_t)(affair - truth->affairs);
    for (size_t i = 0; i < truth->canary_count; i++)
        if (truth->canaries[i].affair == index &&
            (truth->canaries[i].erased_by & truth_bit(at)) != 0 &&
            world->gateways[at].lost_ms >= truth->canaries[i].erased_ms)
            return true;
    return false;
}

/* It erased them before it lost that it did: they stay gone, and where the
 * other end lost them meanwhile, it had none to give back. */
static bool chose_it(
    const struct world *world, size_t at, const struct affair *affair)
{
    const struct truth *truth = &world->truth;
    const struct uuid *uuid = &affair->uuid;
    if ((affair->erased_by & truth_bit(at)) != 0 &&
        world->gateways[at].lost_ms >= affair->erased_ms)
        return true;
    if (erased_part(world, at, affair))
        return true;
    for (size_t i = 0; i < truth->deed_count && gateway_has_lost(world, at);
         i++) {
        const struct deed *deed = &truth->deeds[i];
        if (deed->agency == at && uuid_equal(&deed->referral, uuid) &&
            deed->outcome == OUTCOME_DONE &&
            (deed->step == EVENT_WRONG_PERSON_OR_PLACE ||
                deed->step == EVENT_CONSENT_REVOKED))
            return true;
    }
    return false;
}

/* Neither end had them any more when it lost its store. */
static bool are_lost(const struct world *world, const struct affair *affair)
{
    return world->gateways[affair->from].lost_ms >= affair->stored_ms &&
           world->gateways[affair->to].lost_ms >= affair->stored_ms;
}

void keeping_end(struct world *world)
{
    for (size_t i = 0; i < world->truth.affair_count && !world->failed; i++) {
        const struct affair *affair = &world->truth.affairs[i];
        if (affair->outcome != OUTCOME_DONE || !affair->is_named ||
            rogue_is_for_good(world, affair->from, affair->to))
            continue;
        struct words here = words_of(world, affair->from, &affair->uuid);
        struct words there = words_of(world, affair->to, &affair->uuid);
        /* what waited and was called off was told to nobody */
        if (!here.are_known || !there.are_known)
            continue;
        if (here.are_let_go || (!here.are_lacking && !there.are_lacking) ||
            are_lost(world, affair) || chose_it(world, affair->from, affair) ||
            chose_it(world, affair->to, affair))
            continue;
        char id[UUID_URN_SIZE + 1];
        uuid_format(&affair->uuid, id);
        world_say(world, "nobody wanted the words of %s to go", id);
        world_fail(world, "content.lost",
            here.are_lacking ? affair->from : affair->to);
    }
}
