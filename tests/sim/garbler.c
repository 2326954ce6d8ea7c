#include "sim/garbler.h"

#include <stdlib.h>

#include "core/mou.h"
#include "sim/smuggler.h"
#include "sim/world.h"

#define NONSENSE_SIZE_MAX 300

enum way {
    WAY_BYTES,
    WAY_CARD,
    WAY_OFFER,
    WAY_SIGNATURE,
    WAY_ANSWER,
    WAY_COUNT
};

static struct slice bytes_draw(struct world *world)
{
    uint8_t bytes[NONSENSE_SIZE_MAX];
    world_fill(world, bytes, sizeof bytes);
    int64_t size =
        world_below(world, STREAM_garble_permille, NONSENSE_SIZE_MAX + 1);
    return arena_copy(&world->wire, slice_of(bytes, (size_t)size));
}

static struct slice with_a_wrong_bit(struct world *world, struct slice sound)
{
    uint8_t *bytes = arena_take(&world->wire, sound.size + 1);
    if (bytes == NULL || sound.size == 0)
        return SLICE_NONE;
    for (size_t i = 0; i < sound.size; i++)
        bytes[i] = sound.bytes[i];
    int64_t at =
        world_below(world, STREAM_garble_permille, (int64_t)sound.size);
    int64_t bit = world_below(world, STREAM_garble_permille, 8);
    bytes[at] ^= (uint8_t)(1 << bit);
    return slice_of(bytes, sound.size);
}

static struct slice offer_make(struct world *world)
{
    const struct mou_bundle bundle = { .mou = world->accords[0].bytes };
    return with_a_wrong_bit(world, mou_offer_write(&bundle, &world->wire));
}

/* Of agency 0, on any agreement. */
static struct slice signature_make(struct world *world)
{
    const struct accord *accord = &world->accords[world_below(
        world, STREAM_garble_permille, (int64_t)world->accord_count)];
    struct mou_signature signature = { .agency = world->gateways[0].agency };
    const struct mou_bundle bundle = {
        .id = accord->id, .signatures = &signature, .signature_count = 1
    };
    world_fill(world, signature.signature, sizeof signature.signature);
    return mou_signatures_write(&bundle, &world->wire);
}

/* To entries beyond all that there can be. */
static struct slice answer_make(
    struct world *world, const struct gateway *gateway, size_t to)
{
    const struct answer_item items[] = {
        { UINT64_C(1) << 40, UINT32_MAX, ANSWER_APPLIED, PROBLEM_NONE,
            SLICE_NONE, SLICE_NONE, 0 },
        { UINT64_MAX - 1, UINT32_MAX, ANSWER_REFUSED, PROBLEM_FORMAT,
            SLICE_LITERAL("nothing"), SLICE_LITERAL("nothing"), 0 },
    };
    const struct answer answer = {
        watched_of(&world->watch, to, gateway->index)->generation, items, 2
    };
    return answer_write(&answer, &world->wire);
}

static struct slice garbled(struct world *world, const struct gateway *gateway,
    size_t to, enum way way, enum entry_kind *kind)
{
    static const enum entry_kind kinds[] = {
        [WAY_CARD] = ENTRY_CARD,
        [WAY_OFFER] = ENTRY_MOU_OFFER,
        [WAY_SIGNATURE] = ENTRY_MOU_SIGNATURES,
        [WAY_ANSWER] = ENTRY_ANSWER,
    };
    if (way != WAY_BYTES)
        *kind = kinds[way];
    switch (way) {
    case WAY_CARD:
        return with_a_wrong_bit(world, gateway->card);
    case WAY_OFFER:
        return offer_make(world);
    case WAY_SIGNATURE:
        return signature_make(world);
    case WAY_ANSWER:
        return answer_make(world, gateway, to);
    case WAY_BYTES:
    case WAY_COUNT:
        break;
    }
    /* a generation begins a ledger: elsewhere nothing of the parcel is taken */
    *kind = (enum entry_kind)(
        1 + world_below(world, STREAM_garble_permille, ENTRY_GENERATION - 1));
    return bytes_draw(world);
}

void garbler_tell(struct world *world, struct gateway *gateway)
{
    size_t used = world->wire.used;
    enum entry_kind kind;
    if (gateway->index + 1 != world->gateway_count ||
        !smuggler_may(world, gateway) || !CHANCE(world, garble_permille))
        return;
    size_t to = smuggler_choose(world, gateway, STREAM_garble_permille);
    enum way way =
        (enum way)world_below(world, STREAM_garble_permille, WAY_COUNT);
    if (to == world->gateway_count)
        return;
    struct slice content = garbled(world, gateway, to, way, &kind);
    if (smuggler_tell(
            world, gateway, to, kind, gateway_now(world, gateway), content))
        TALLY(world, entries_garbled);
    arena_rewind(&world->wire, used);
}
