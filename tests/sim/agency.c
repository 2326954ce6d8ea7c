#include "sim/agency.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/borrower.h"
#include "sim/world.h"

#define DAY_MS INT64_C(86400000)
#define YEAR_MS (365 * DAY_MS)

uint32_t agency_day(struct instant now)
{
    return (uint32_t)(now.unix_ms / DAY_MS);
}

/* ---- Cards -------------------------------------------------------------- */

static void key_add(struct card_key *keys, size_t *count,
    enum key_purpose purpose, const uint8_t key[KEY_SIZE])
{
    keys[*count] = (struct card_key){
        .purpose = purpose,
        .from = { SIM_EPOCH_MS - YEAR_MS },
        .until = { SIM_EPOCH_MS + 3 * YEAR_MS },
    };
    memcpy(keys[(*count)++].key, key, KEY_SIZE);
}

static size_t keys_list(struct crypto *crypto, size_t index,
    struct card_key keys[KEY_PURPOSE_COUNT])
{
    static const enum key_purpose purposes[CRYPTO_SIGNER_COUNT] = {
        [CRYPTO_SIGNER_LOG] = KEY_LOG,
        [CRYPTO_SIGNER_WITNESS] = KEY_WITNESS,
        [CRYPTO_SIGNER_OPERATION] = KEY_OPERATION,
    };
    uint8_t key[KEY_SIZE];
    size_t count = 0;
    for (unsigned i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        if (crypto->ops->signer_public(crypto, (enum crypto_signer)i, key) !=
            ERR_NONE)
            abort();
        key_add(keys, &count, purposes[i], key);
    }
    crypto_fake_last_resort_public(crypto, key);
    key_add(keys, &count, KEY_LAST_RESORT, key);
    memset(key, (int)index + 1, KEY_SIZE);
    key_add(keys, &count, KEY_TLS, key);
    return count;
}

void agency_found(const struct world *world, struct gateway *gateway)
{
    struct arena *arena = &gateway->kept;
    struct card_key keys[CARD_KEY_COUNT_MAX];
    char name[32];
    char endpoint[48];
    (void)snprintf(name, sizeof name, "Agency %zu", gateway->index);
    (void)snprintf(endpoint, sizeof endpoint,
        "tls+tcp://agency%zu.example:7315", gateway->index);
    struct slice endpoints[] = { slice_of_text(endpoint) };
    struct card card = {
        .serial = 1,
        .name = slice_of_text(name),
        .endpoints = endpoints,
        .endpoint_count = agency_dials_only(world, gateway->index) ? 0 : 1,
        .keys = keys,
        .key_count = borrower_card(world, gateway, keys,
            keys_list(gateway->crypto, gateway->index, keys)),
        .issued = { SIM_EPOCH_MS - DAY_MS },
        .valid_until = { SIM_EPOCH_MS + 3 * YEAR_MS },
    };
    uint8_t signature[SIGNATURE_SIZE];
    crypto_fake_root_public(gateway->crypto, card.root_key);
    agency_id_of(gateway->crypto, card.root_key, &gateway->agency);
    struct slice bytes = card_bytes(&card, arena);
    crypto_fake_root_sign(
        gateway->crypto, card_statement(bytes, arena), signature);
    gateway->card = card_assemble(bytes, signature, arena);
    if (gateway->card.bytes == NULL)
        abort();
}

void agency_sheet(struct gateway *gateway, uint32_t day,
    struct sealing_key keys[AGENCY_DAY_COUNT])
{
    uint32_t first = day - AGENCY_DAYS_BACK;
    crypto_fake_days_hold(gateway->crypto, first, AGENCY_DAY_COUNT);
    for (uint32_t i = 0; i < AGENCY_DAY_COUNT; i++) {
        keys[i] = (struct sealing_key){
            .day = first + i,
            .from = { (int64_t)first * DAY_MS },
            .until = { (int64_t)(first + i + 1 + AGENCY_DAYS_BACK) * DAY_MS },
        };
        crypto_fake_day_public(gateway->crypto, first + i, keys[i].key);
    }
}

bool agency_dials_only(const struct world *world, size_t index)
{
    size_t count = world->gateway_count;
    if (world->options.star != 0)
        return index > 0;
    return (index + (size_t)(world->seed % count)) % count <
           (size_t)world->options.dial_only;
}

bool agency_is_met(const struct world *world, size_t a, size_t b)
{
    size_t group = (size_t)world->options.group;
    return a != b && (world->options.star == 0 || a == 0 || b == 0) &&
           (group == 0 || a / group == b / group);
}

bool agency_is_linked(const struct world *world, size_t a, size_t b)
{
    return agency_is_met(world, a, b) &&
           !(agency_dials_only(world, a) && agency_dials_only(world, b));
}

bool agency_may_refer(
    const struct world *world, size_t from, size_t to, const char *purpose)
{
    size_t count = world->gateway_count;
    bool is_cut =
        world->options.star == 0 && from == 0 && to + 1 == count && count > 2;
    return agency_is_linked(world, from, to) && strcmp(purpose, "help") == 0 &&
           !is_cut && accord_is_shared(world, from, to);
}

void agency_sign(struct gateway *gateway, const struct mou_id *id,
    uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t statement[MOU_STATEMENT_SIZE];
    mou_statement(id, statement);
    crypto_fake_root_sign(gateway->crypto, SLICE_ARRAY(statement), signature);
}
