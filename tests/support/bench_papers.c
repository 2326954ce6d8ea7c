#include "support/bench_papers.h"

#include <string.h>

#include "core/card_renew.h"
#include "support/crypto_fake.h"
#include "support/must.h"

#define PARTY_COUNT_MAX 3

static const struct {
    const char *party;
    const char *name;
    const char *service;
    const char *endpoint;
} agencies[PARTY_COUNT_MAX] = {
    { "alpha", "Open Door", "alpha.care", "tls+tcp://192.0.2.1:7443" },
    { "beta", "TB Hospital", "beta.care", "tls+tcp://192.0.2.2:7443" },
    { "gamma", "Night Shelter", "gamma.care", "tls+tcp://192.0.2.3:7443" },
};

const char *papers_party(size_t agency)
{
    return agencies[agency].party;
}

const char *papers_name(size_t agency)
{
    return agencies[agency].name;
}

const char *papers_service(size_t agency)
{
    return agencies[agency].service;
}

static void keys_fill(struct crypto *crypto, size_t agency,
    struct card_key keys[KEY_PURPOSE_COUNT - 1])
{
    static const struct {
        enum key_purpose purpose;
        enum crypto_signer signer;
    } signers[] = {
        { KEY_LOG, CRYPTO_SIGNER_LOG },
        { KEY_WITNESS, CRYPTO_SIGNER_WITNESS },
        { KEY_OPERATION, CRYPTO_SIGNER_OPERATION },
    };
    for (size_t i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        keys[i].purpose = signers[i].purpose;
        MUST(crypto->ops->signer_public(
                 crypto, signers[i].signer, keys[i].key) == ERR_NONE);
    }
    keys[3].purpose = KEY_LAST_RESORT;
    crypto_fake_last_resort_public(crypto, keys[3].key);
    keys[4].purpose = KEY_TLS;
    memset(keys[4].key, (int)agency + 1, KEY_SIZE);
}

struct slice papers_card(struct crypto *crypto, size_t agency, uint64_t serial,
    struct slice previous, struct instant start, struct instant keys_until,
    struct arena *arena)
{
    struct card_key keys[KEY_PURPOSE_COUNT - 1] = { 0 };
    const struct slice endpoint = slice_of_text(agencies[agency].endpoint);
    const struct card_contact contact = {
        .role = SLICE_LITERAL("intake"),
        .name = SLICE_LITERAL("Front desk"),
        .phone = SLICE_LITERAL("+000 555 0101"),
        .hours = SLICE_LITERAL("Mo-Fr 09:00-17:00"),
    };
    struct card card = {
        .serial = serial,
        .name = slice_of_text(agencies[agency].name),
        .endpoints = &endpoint,
        .endpoint_count = 1,
        .keys = keys,
        .key_count = KEY_PURPOSE_COUNT - 1,
        .contacts = &contact,
        .contact_count = 1,
        .issued = { start.unix_ms - 30 * PAPERS_DAY_MS },
        .valid_until = { start.unix_ms + 300 * PAPERS_DAY_MS },
    };
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t before[HASH_SIZE];
    keys_fill(crypto, agency, keys);
    for (size_t i = 0; i < card.key_count; i++) {
        keys[i].from = card.issued;
        keys[i].until = keys_until;
    }
    if (serial > 1) {
        MUST(card_hash(crypto, previous, arena, before) == ERR_NONE);
        card.previous = SLICE_ARRAY(before);
    }
    crypto_fake_root_public(crypto, card.root_key);
    struct slice bytes = card_bytes(&card, arena);
    crypto_fake_root_sign(crypto, card_statement(bytes, arena), signature);
    struct slice signed_card = card_assemble(bytes, signature, arena);
    MUST(signed_card.bytes != NULL);
    return signed_card;
}

void papers_days(struct crypto *crypto, uint32_t first_day, size_t count,
    struct sealing_key *keys)
{
    for (size_t i = 0; i < count; i++) {
        keys[i].day = first_day + (uint32_t)i;
        keys[i].from.unix_ms = keys[i].day * PAPERS_DAY_MS;
        keys[i].until.unix_ms = keys[i].from.unix_ms + 8 * PAPERS_DAY_MS;
        crypto_fake_day_public(crypto, keys[i].day, keys[i].key);
    }
}

struct draft {
    struct mou_party parties[PARTY_COUNT_MAX];
    struct slice party_ids[PARTY_COUNT_MAX];
    struct mou_service services[PARTY_COUNT_MAX];
    struct mou_pathway pathways[PARTY_COUNT_MAX * (PARTY_COUNT_MAX - 1)];
    size_t pathway_count;
};

static void draft_fill(
    struct draft *draft, struct crypto *const *parties, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mou_party *party = &draft->parties[i];
        draft->party_ids[i] = slice_of_text(agencies[i].party);
        *party = (struct mou_party){ .id = draft->party_ids[i],
            .name = slice_of_text(agencies[i].name),
            .refers = true,
            .receives = true };
        crypto_fake_root_public(parties[i], party->root_key);
        agency_id_of(parties[i], party->root_key, &party->agency);
        draft->services[i] = (struct mou_service){
            .id = slice_of_text(agencies[i].service),
            .party = party->id,
            .name = SLICE_LITERAL("Care"),
            .walk_in = true,
            .booked = true,
        };
        for (size_t to = 0; to < count; to++)
            if (to != i)
                draft->pathways[draft->pathway_count++] = (struct mou_pathway){
                    .from = party->id,
                    .to = slice_of_text(agencies[to].service),
                    .purpose = SLICE_LITERAL("care"),
                    .hops_max = 1,
                    .forward = MOU_FORWARD_WITH_CONSENT,
                };
    }
}

struct slice papers_mou(struct crypto *const *parties, size_t count,
    uint32_t version, struct arena *arena)
{
    struct draft draft = { 0 };
    struct mou_problem problem;
    const struct slice required[] = { SLICE_LITERAL("call_name") };
    const struct slice allowed[] = { SLICE_LITERAL("cough_weeks"),
        SLICE_LITERAL("needs") };
    const struct slice never[] = { SLICE_LITERAL("arrest_history") };
    const struct mou_purpose purpose = { SLICE_LITERAL("care"), required, 1,
        allowed, 2 };
    MUST(count <= PARTY_COUNT_MAX);
    draft_fill(&draft, parties, count);
    struct mou mou = {
        .id = SLICE_LITERAL("urn:mou:city:care"),
        .title = SLICE_LITERAL("Referrals between neighbours"),
        .version = version,
        .from = { INT64_C(1767225600000) },  /* 2026-01-01 */
        .until = { INT64_C(1830297600000) }, /* 2028-01-01 */
        .parties = draft.parties,
        .party_count = count,
        .services = draft.services,
        .service_count = count,
        .pathways = draft.pathways,
        .pathway_count = draft.pathway_count,
        .purposes = &purpose,
        .purpose_count = 1,
        .never_share = never,
        .never_share_count = 1,
        .consent_days_max = 365,
        .content_days = PAPERS_CONTENT_DAYS,
        .identifiers_days = PAPERS_IDENTIFIERS_DAYS,
        .signatures_required = draft.party_ids,
        .signature_required_count = count,
    };
    if (mou_check(parties[0], &mou, true, &problem) != ERR_NONE)
        fprintf(stderr, "%s: %s\n", problem.path, problem.reason);
    struct slice bytes = mou_bytes(&mou, arena);
    MUST(bytes.bytes != NULL);
    return bytes;
}

void papers_mou_sign(struct crypto *crypto, const struct mou_id *id,
    struct mou_signature *signature)
{
    uint8_t root[KEY_SIZE];
    uint8_t statement[MOU_STATEMENT_SIZE];
    crypto_fake_root_public(crypto, root);
    agency_id_of(crypto, root, &signature->agency);
    mou_statement(id, statement);
    crypto_fake_root_sign(crypto, SLICE_ARRAY(statement), signature->signature);
}
