#include "sim/revocation.h"

#include <stdlib.h>
#include <string.h>

#include "core/local.h"
#include "core/peer.h"
#include "core/revocation.h"
#include "sim/agency.h"
#include "sim/letter.h"
#include "sim/say.h"
#include "sim/world.h"
#include "support/crypto_fake.h"

/* Until its operator has looked what is left. */
#define AGAIN_MS 60000
#define AGAIN_COUNT 5
#define OPERATOR_CLIENT UINT64_C(0xffffff) /* who waits for no reply */

static struct slice last_word(struct gateway *gateway)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct revocation revocation = { .agency = gateway->agency,
        .issued = { SIM_EPOCH_MS } };
    struct slice bytes = revocation_bytes(&revocation, &gateway->kept);
    crypto_fake_root_sign(gateway->crypto,
        revocation_statement(bytes, &gateway->kept), signature);
    struct slice whole = revocation_assemble(bytes, signature, &gateway->kept);
    if (whole.bytes == NULL)
        abort();
    return whole;
}

static void revoke(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    struct say say;
    if (gateway->knows_revoked)
        return;
    if (!gateway->is_up) {
        scheduler_add(&world->scheduler, 1000, revoke, gateway, argument);
        return;
    }
    world->is_revoked = true;
    say_begin(&say, world, "revocation.import");
    say_data(&say, "data", last_word(gateway));
    struct letter *letter =
        letter_new(&world->letters, LETTER_CLIENT, say_end(&say));
    letter->id = OPERATOR_CLIENT;
    letter->rights = UINT32_MAX;
    gateway_queue(world, gateway, letter);
    /* a crash takes with it what was not committed */
    if (argument + 1 < AGAIN_COUNT)
        scheduler_add(
            &world->scheduler, AGAIN_MS, revoke, gateway, argument + 1);
}

void revocation_begin(struct world *world)
{
    if (world->options.revoke == 0)
        return;
    int64_t span_ms = world->options.minutes * 60000 / 2;
    scheduler_add(&world->scheduler,
        span_ms / 2 + world_below(world, STREAM_revoke, span_ms), revoke,
        &world->gateways[0], 0);
}

void revocation_lost(struct world *world, struct gateway *gateway)
{
    gateway->knows_revoked = false;
    if (world->is_revoked && gateway->index == 0)
        scheduler_add(&world->scheduler, AGAIN_MS, revoke, gateway, 0);
}

static bool is_about_the_revoked(
    const struct world *world, const struct log_entry *entry)
{
    return entry->fields[0].type == LOG_FIELD_AGENCY &&
           agency_id_equal(
               &entry->fields[0].value.agency, &world->gateways[0].agency);
}

/* Who stopped as it heard, before that was logged, shows it by what it does. */
static bool says_revoked(const struct log_entry *entry)
{
    for (size_t i = 0; i < LOG_FIELD_COUNT_MAX; i++)
        if (entry->fields[i].type == LOG_FIELD_CODE &&
            strcmp(entry->fields[i].value.code, "revoked") == 0)
            return true;
    return false;
}

void revocation_log(
    struct world *world, size_t at, const struct log_entry *entry)
{
    struct gateway *gateway = &world->gateways[at];
    if (!world->is_revoked || !is_about_the_revoked(world, entry))
        return;
    if (entry->event == LOG_PEER_REVOKED || entry->event == LOG_CARD_REVOKED ||
        (entry->event == LOG_PEER_REFUSED && says_revoked(entry)))
        gateway->knows_revoked = true;
    if (entry->event == LOG_PARCEL_RECEIVED && gateway->knows_revoked)
        world_fail(world, "revoked.believed", at);
}

/* One that lost commits after it heard of it has no reason to say so again. */
static bool is_known(const struct world *world, const struct gateway *gateway)
{
    if (gateway->knows_revoked || !gateway->is_up)
        return gateway->knows_revoked;
    const struct peer *peer =
        peer_find(gateway->node, &world->gateways[0].agency);
    return peer != NULL && peer->state == PEER_REVOKED;
}

void revocation_check(struct world *world)
{
    for (size_t i = 1; world->is_revoked && i < world->gateway_count; i++)
        if (agency_is_linked(world, 0, i) &&
            !is_known(world, &world->gateways[i]))
            world_fail(world, "revoked.unheard", i);
}
