#include "sim/rotation.h"

#include <stdlib.h>
#include <string.h>

#include "core/card_renew.h"
#include "sim/letter.h"
#include "sim/world.h"
#include "support/crypto_fake.h"

#define HOUR_MS INT64_C(3600000)
#define YEAR_MS (INT64_C(365) * 24 * HOUR_MS)
/* Keys that were followed by others: over long before the run is. */
#define OVERLAP_MS (HOUR_MS / 12)

/* Which, without the keys themselves. */
static void fresh_plan(struct card_key *keys)
{
    static const enum key_purpose purposes[CRYPTO_SIGNER_COUNT] = {
        [CRYPTO_SIGNER_LOG] = KEY_LOG,
        [CRYPTO_SIGNER_WITNESS] = KEY_WITNESS,
        [CRYPTO_SIGNER_OPERATION] = KEY_OPERATION,
    };
    for (unsigned i = 0; i < CRYPTO_SIGNER_COUNT; i++)
        keys[i] = (struct card_key){ .purpose = purposes[i],
            .from = { SIM_EPOCH_MS - YEAR_MS },
            .until = { SIM_EPOCH_MS + 3 * YEAR_MS } };
}

static void fresh_make(struct gateway *gateway, struct card_key *keys)
{
    for (unsigned i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        enum crypto_signer signer = (enum crypto_signer)i;
        crypto_fake_signer_rotate(gateway->crypto, signer);
        if (gateway->crypto->ops->signer_public(
                gateway->crypto, signer, keys[i].key) != ERR_NONE)
            abort();
    }
}

/* Signed, into the memory that outlives crashes. */
static void card_sign(
    struct world *world, struct gateway *gateway, const struct card *card)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct slice bytes = card_bytes(card, &world->wire);
    crypto_fake_root_sign(
        gateway->crypto, card_statement(bytes, &world->wire), signature);
    gateway->card = card_assemble(bytes, signature, &gateway->kept);
    if (gateway->card.bytes == NULL)
        abort();
}

/* The keys before end soon; TLS and last resort stay as they are. */
static void earlier_end(
    struct card_key *keys, size_t count, struct instant until)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].purpose != KEY_TLS && keys[i].purpose != KEY_LAST_RESORT &&
            instant_before(until, keys[i].until))
            keys[i].until = until;
}

void rotation_make(struct world *world, struct gateway *gateway)
{
    struct card held;
    struct card next;
    struct card_problem problem;
    struct card_key fresh[CRYPTO_SIGNER_COUNT];
    struct card_key keys[CARD_KEY_COUNT_MAX];
    struct instant now = gateway_now(world, gateway);
    size_t used = world->wire.used;
    struct card_renewal renewal = { .now = now,
        .valid_until = { SIM_EPOCH_MS + 3 * YEAR_MS },
        .fresh = fresh,
        .fresh_count = CRYPTO_SIGNER_COUNT,
        .at_once = world_below(world, STREAM_rotate_per_hour, 2) == 0 };
    fresh_plan(fresh);
    if (card_read(gateway->crypto, gateway->card, &world->wire, &held,
            &problem) != ERR_NONE)
        abort();
    enum err err = card_renew(
        gateway->crypto, &held, gateway->card, &renewal, &world->wire, &next);
    if (err == ERR_LIMIT) { /* too many are not over, by a clock that is slow */
        arena_rewind(&world->wire, used);
        return;
    }
    fresh_make(gateway, fresh);
    if (err != ERR_NONE || card_renew(gateway->crypto, &held, gateway->card,
                               &renewal, &world->wire, &next) != ERR_NONE)
        abort();
    memcpy(keys, next.keys, next.key_count * sizeof *keys);
    earlier_end(keys, next.key_count - CRYPTO_SIGNER_COUNT,
        (struct instant){ now.unix_ms + OVERLAP_MS });
    next.keys = keys;
    card_sign(world, gateway, &next);
    arena_rewind(&world->wire, used);
    world_say(world, "agency %zu has card %llu, %s", gateway->index,
        (unsigned long long)next.serial,
        renewal.at_once ? "new keys alone" : "new keys beside the others");
}

static void rotate(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    (void)argument;
    if (world->is_calm)
        return;
    gateway_queue(
        world, gateway, letter_new(&world->letters, LETTER_CARD, SLICE_NONE));
    rotation_begin(world, gateway);
}

void rotation_begin(struct world *world, struct gateway *gateway)
{
    if (world->options.rotate_per_hour == 0)
        return;
    int64_t delay_ms = world_below(world, STREAM_rotate_per_hour,
        2 * world_hour_ms(world) / world->options.rotate_per_hour);
    scheduler_add(&world->scheduler, delay_ms, rotate, gateway, 0);
}
