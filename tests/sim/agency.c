#include "sim/agency.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void agency_found(struct gateway *gateway)
{
    struct arena *arena = &gateway->kept;
    struct card_key keys[KEY_PURPOSE_COUNT];
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
        .endpoint_count = 1,
        .keys = keys,
        .key_count = keys_list(gateway->crypto, gateway->index, keys),
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

/* ---- The agreement ------------------------------------------------------ */

bool agency_may_refer(
    const struct world *world, size_t from, size_t to, const char *purpose)
{
    bool is_cut =
        from == 0 && to + 1 == world->gateway_count && world->gateway_count > 2;
    return from != to && strcmp(purpose, "help") == 0 && !is_cut;
}

struct draft {
    char ids[AGENCY_COUNT_MAX][32];
    char services[AGENCY_COUNT_MAX][32];
    struct mou_party parties[AGENCY_COUNT_MAX];
    struct mou_service offers[AGENCY_COUNT_MAX];
    struct mou_pathway pathways[AGENCY_COUNT_MAX * AGENCY_COUNT_MAX];
    struct slice required[AGENCY_COUNT_MAX];
};

static void party_fill(
    const struct world *world, struct draft *draft, size_t index)
{
    struct mou_party *party = &draft->parties[index];
    struct mou_service *service = &draft->offers[index];
    (void)snprintf(draft->ids[index], sizeof *draft->ids, "party%zu", index);
    (void)snprintf(
        draft->services[index], sizeof *draft->services, "service.%zu", index);
    *party = (struct mou_party){
        .id = slice_of_text(draft->ids[index]),
        .name = SLICE_LITERAL("An agency"),
        .agency = world->gateways[index].agency,
        .refers = true,
        .receives = true,
    };
    crypto_fake_root_public(world->gateways[index].crypto, party->root_key);
    *service = (struct mou_service){
        .id = slice_of_text(draft->services[index]),
        .party = party->id,
        .name = SLICE_LITERAL("A service"),
        .walk_in = index % 2 == 0,
        .booked = true,
    };
    draft->required[index] = party->id;
}

static size_t pathways_fill(const struct world *world, struct draft *draft)
{
    size_t count = 0;
    for (size_t from = 0; from < world->gateway_count; from++)
        for (size_t to = 0; to < world->gateway_count; to++)
            if (agency_may_refer(world, from, to, "help"))
                draft->pathways[count++] = (struct mou_pathway){
                    .from = draft->parties[from].id,
                    .to = draft->offers[to].id,
                    .purpose = SLICE_LITERAL("help"),
                    .hops_max = 1,
                    .forward = MOU_FORWARD_WITH_CONSENT,
                };
    return count;
}

struct slice agency_agreement(struct world *world)
{
    const struct slice help_required[] = { SLICE_LITERAL("call_name") };
    const struct slice help_allowed[] = { SLICE_LITERAL("contact_route"),
        SLICE_LITERAL("needs"), SLICE_LITERAL("outcome_note") };
    const struct mou_purpose purposes[] = {
        { SLICE_LITERAL("help"), help_required, 1, help_allowed, 3 },
        { SLICE_LITERAL("gossip"), help_required, 1, help_allowed, 3 },
    };
    const struct slice never[] = { SLICE_LITERAL("arrest_history"),
        SLICE_LITERAL("photo") };
    struct arena *arena = &world->gateways[0].kept;
    struct draft *draft = arena_take(arena, sizeof *draft);
    for (size_t i = 0; i < world->gateway_count; i++)
        party_fill(world, draft, i);
    struct mou mou = {
        .id = SLICE_LITERAL("urn:mou:sim"),
        .title = SLICE_LITERAL("Referrals between simulated agencies"),
        .version = 1,
        .from = { SIM_EPOCH_MS - 100 * DAY_MS },
        .until = { SIM_EPOCH_MS + YEAR_MS },
        .parties = draft->parties,
        .party_count = world->gateway_count,
        .services = draft->offers,
        .service_count = world->gateway_count,
        .pathways = draft->pathways,
        .pathway_count = pathways_fill(world, draft),
        .purposes = purposes,
        .purpose_count = 2,
        .never_share = never,
        .never_share_count = 2,
        .consent_days_max = 365,
        .signatures_required = draft->required,
        .signature_required_count = world->gateway_count,
    };
    struct mou_problem problem;
    if (mou_check(world->gateways[0].crypto, &mou, true, &problem) !=
        ERR_NONE) {
        printf("sim: the agreement is no good: %s %s\n", problem.path,
            problem.reason);
        abort();
    }
    return mou_bytes(&mou, arena);
}

void agency_sign(struct gateway *gateway, const struct mou_id *id,
    uint8_t signature[SIGNATURE_SIZE])
{
    size_t used = gateway->kept.used;
    struct slice statement = mou_statement(id, &gateway->kept);
    crypto_fake_root_sign(gateway->crypto, statement, signature);
    arena_rewind(&gateway->kept, used);
}
