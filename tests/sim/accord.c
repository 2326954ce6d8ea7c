#include "sim/accord.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/agency.h"
#include "sim/twofold.h"
#include "sim/world.h"

#define DAY_MS INT64_C(86400000)
#define YEAR_MS (365 * DAY_MS)

size_t accord_position(const struct accord *accord, size_t agency)
{
    size_t position = 0;
    while (
        position < accord->party_count && accord->parties[position] != agency)
        position++;
    return position;
}

bool accord_is_signed(const struct accord *accord)
{
    for (size_t i = 0; i < accord->party_count; i++)
        if (!accord->is_signed[i])
            return false;
    return true;
}

/* ---- Drafting ----------------------------------------------------------- */

struct draft {
    char urn[32];
    char ids[MOU_PARTY_COUNT_MAX][32];
    char services[MOU_PARTY_COUNT_MAX][32];
    struct mou_party parties[MOU_PARTY_COUNT_MAX];
    struct mou_service offers[MOU_PARTY_COUNT_MAX];
    struct mou_pathway pathways[MOU_PATHWAY_COUNT_MAX];
    struct slice required[MOU_PARTY_COUNT_MAX];
};

static void party_fill(
    struct world *world, struct draft *draft, size_t position, size_t agency)
{
    struct mou_party *party = &draft->parties[position];
    (void)snprintf(draft->ids[position], 32, "party%zu", agency);
    (void)snprintf(draft->services[position], 32, "service.%zu", agency);
    *party = (struct mou_party){
        .id = slice_of_text(draft->ids[position]),
        .name = SLICE_LITERAL("An agency"),
        .agency = world->gateways[agency].agency,
        .refers = true,
        .receives = true,
    };
    crypto_fake_root_public(world->gateways[agency].crypto, party->root_key);
    draft->offers[position] = (struct mou_service){
        .id = slice_of_text(draft->services[position]),
        .party = party->id,
        .name = SLICE_LITERAL("A service"),
        .walk_in = agency % 2 == 0,
        .booked = true,
    };
    draft->required[position] = party->id;
}

static size_t pathways_add(const struct world *world,
    const struct accord *accord, const char *purpose, struct draft *draft,
    size_t count)
{
    for (size_t i = 0; i < accord->party_count; i++)
        for (size_t k = 0; k < accord->party_count; k++)
            if (agency_may_refer(
                    world, accord->parties[i], accord->parties[k], "help"))
                draft->pathways[count++] = (struct mou_pathway){
                    .from = draft->parties[i].id,
                    .to = draft->offers[k].id,
                    .purpose = slice_of_text(purpose),
                    .hops_max = 1,
                    .forward = MOU_FORWARD_WITH_CONSENT,
                };
    return count;
}

/* For gossip by a second text only. */
static size_t pathways_fill(
    const struct world *world, const struct accord *accord, struct draft *draft)
{
    size_t count = pathways_add(world, accord, "help", draft, 0);
    return accord->is_second
               ? pathways_add(world, accord, "gossip", draft, count)
               : count;
}

static void text_make(
    struct world *world, struct accord *accord, struct draft *draft)
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
    struct crypto *crypto = world->gateways[0].crypto;
    for (size_t i = 0; i < accord->party_count; i++)
        party_fill(world, draft, i, accord->parties[i]);
    (void)snprintf(
        draft->urn, sizeof draft->urn, "urn:mou:sim:%zu", accord->parties[1]);
    struct mou mou = {
        .id = slice_of_text(draft->urn),
        .title = accord->is_second
                     ? SLICE_LITERAL("Referrals, in other words")
                     : SLICE_LITERAL("Referrals between simulated agencies"),
        .version = accord->version,
        .from = { SIM_EPOCH_MS - 100 * DAY_MS },
        .until = { SIM_EPOCH_MS + YEAR_MS },
        .parties = draft->parties,
        .party_count = accord->party_count,
        .services = draft->offers,
        .service_count = accord->party_count,
        .pathways = draft->pathways,
        .pathway_count = pathways_fill(world, accord, draft),
        .purposes = purposes,
        .purpose_count = 2,
        .never_share = never,
        .never_share_count = 2,
        .consent_days_max = 365,
        .content_days = (uint32_t)world->options.retention_days,
        .signatures_required = draft->required,
        .signature_required_count = accord->party_count,
    };
    struct mou_problem problem;
    if (mou_check(crypto, &mou, true, &problem) != ERR_NONE) {
        printf("refer-sim: the agreement is no good: %s %s\n", problem.path,
            problem.reason);
        abort();
    }
    accord->bytes = mou_bytes(&mou, &world->gateways[accord->parties[0]].kept);
    if (accord->bytes.bytes == NULL)
        abort();
    mou_id_of(crypto, accord->bytes, &accord->id);
}

/* ---- All of a run ------------------------------------------------------- */

/* How many agencies share one agreement; the hub of a star beside them. */
static size_t group_size(const struct world *world)
{
    if (world->options.star != 0)
        return ACCORD_STAR_MEMBERS;
    if (world->options.group > 0)
        return (size_t)world->options.group;
    return accord_is_ring(world) ? ACCORD_RING_MEMBERS : world->gateway_count;
}

static size_t group_count(const struct world *world)
{
    bool is_star = world->options.star != 0;
    if (accord_is_ring(world))
        return (world->gateway_count - 1) / ACCORD_RING_STEP + 1;
    return (world->gateway_count - is_star - 1) / group_size(world) + 1;
}

bool accord_is_ring(const struct world *world)
{
    return world->options.star == 0 && world->options.group == 0 &&
           world->gateway_count > ACCORD_RING_MEMBERS;
}

static bool is_in_ring_group(
    const struct world *world, size_t group, size_t agency)
{
    size_t count = world->gateway_count;
    return (agency + count - group * ACCORD_RING_STEP) % count <
           ACCORD_RING_MEMBERS;
}

bool accord_is_shared(const struct world *world, size_t a, size_t b)
{
    bool is_shared = !accord_is_ring(world);
    for (size_t i = 0; i < group_count(world) && !is_shared; i++)
        is_shared =
            is_in_ring_group(world, i, a) && is_in_ring_group(world, i, b);
    return is_shared;
}

static void parties_choose(
    const struct world *world, size_t group, struct accord *accord)
{
    bool is_star = world->options.star != 0;
    bool is_ring = accord_is_ring(world);
    size_t step = is_ring ? ACCORD_RING_STEP : group_size(world);
    size_t first = group * step + is_star;
    size_t last = first + group_size(world);
    if (is_star)
        accord->parties[accord->party_count++] = 0;
    for (size_t i = first; i < last; i++)
        if (is_ring || i < world->gateway_count)
            accord->parties[accord->party_count++] = i % world->gateway_count;
}

static void accord_make(struct world *world, size_t group, uint32_t version,
    bool is_second, struct accord *accord)
{
    struct draft *draft = calloc(1, sizeof *draft);
    if (draft == NULL)
        abort();
    *accord = (struct accord){
        .version = version, .never_by = ACCORD_NOBODY, .is_second = is_second
    };
    parties_choose(world, group, accord);
    size_t count = accord->party_count;
    accord->offered_by = accord->parties[(version - 1) % count];
    if (version > 1 && CHANCE(world, unsigned_permille))
        accord->never_by = accord->parties[world_below(
            world, STREAM_unsigned_permille, (int64_t)count)];
    twofold_arrange(world, accord);
    text_make(world, accord, draft);
    free(draft);
}

void accords_begin(struct world *world)
{
    size_t count = group_count(world);
    uint32_t version_count = 1 + (uint32_t)world->options.versions;
    world->accords = calloc(2 * count * version_count, sizeof *world->accords);
    if (world->accords == NULL)
        abort();
    for (uint32_t version = 1; version <= version_count; version++)
        for (size_t group = 0; group < count; group++)
            for (size_t i = 0; i < twofold_text_count(world, version); i++)
                accord_make(world, group, version, i > 0,
                    &world->accords[world->accord_count++]);
}

void accords_release(struct world *world)
{
    free(world->accords);
}
