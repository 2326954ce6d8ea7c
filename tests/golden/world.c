#include "golden/world.h"

#include "base/text.h"
#include "core/card.h"
#include "core/merkle.h"
#include "core/request.h"
#include "io/crypto_openssl.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "support/crypto_repeat.h"
#include "support/must.h"

#include <fcntl.h>

/* ---- Keys ---------------------------------------------------------------- */

/* RFC 8410: PKCS#8 of a raw private key; byte 11 says which curve. */
#define PREFIX_SIZE 16
static const uint8_t pkcs8[PREFIX_SIZE] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30,
    0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
#define CURVE_AT 11
#define CURVE_ED25519 0x70
#define CURVE_X25519 0x6e

static void key_write(
    const struct place *place, const char *name, uint8_t curve, uint8_t byte)
{
    uint8_t der[PREFIX_SIZE + KEY_SIZE];
    char base64[TEXT_BASE64_SIZE(sizeof der) + 1];
    char path[512];
    memcpy(der, pkcs8, PREFIX_SIZE);
    der[CURVE_AT] = curve;
    memset(der + PREFIX_SIZE, byte, KEY_SIZE);
    (void)text_base64_encode(SLICE_ARRAY(der), base64, sizeof base64);
    MUST((size_t)snprintf(path, sizeof path, "%s/keys/%s", place->scratch.path,
             name) < sizeof path);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MUST(file >= 0);
    MUST(dprintf(file,
             "-----BEGIN PRIVATE KEY-----\n%s\n"
             "-----END PRIVATE KEY-----\n",
             base64) > 0);
    MUST(close(file) == 0);
}

/* A directory as `referctl init` makes it, then with these keys in it. */
static void place_open(struct place *place, uint8_t byte, const char *name)
{
    struct keys_problem problem;
    char path[512];
    *place = (struct place){ .byte = byte, .name = name };
    scratch_open(&place->scratch);
    MUST((size_t)snprintf(path, sizeof path, "%s/keys", place->scratch.path) <
         sizeof path);
    MUST(keys_create(path, NULL, &problem) == ERR_NONE);
    char day[512];
    MUST((size_t)snprintf(day, sizeof day, "%s/day", path) < sizeof day);
    (void)mkdir(day, 0700);
    key_write(place, "log-1.pem", CURVE_ED25519, (uint8_t)(byte + 1));
    key_write(place, "witness-1.pem", CURVE_ED25519, (uint8_t)(byte + 2));
    key_write(place, "operation-1.pem", CURVE_ED25519, (uint8_t)(byte + 3));
    key_write(place, "last-resort-1.pem", CURVE_X25519, (uint8_t)(byte + 4));
    key_write(place, "day/20454.pem", CURVE_X25519, (uint8_t)(byte + 5));
    if (keyring_open(path, &place->keyring, &problem) != ERR_NONE)
        fprintf(stderr, "%s\n", problem.text);
    MUST(place->keyring != NULL);
    MUST(crypto_openssl_new(place->keyring, &place->crypto) == ERR_NONE);
    crypto_repeat_ed25519(byte, place->root);
    agency_id_of(place->crypto, place->root, &place->id);
}

static void place_close(struct place *place)
{
    crypto_openssl_free(place->crypto);
    keyring_close(place->keyring);
    scratch_close(&place->scratch);
}

void world_open(struct world *world)
{
    MUST(arena_init(&world->arena, 8u << 20) == ERR_NONE);
    place_open(&world->opendoor, 0xa0, "Open Door");
    place_open(&world->hospital, 0xb0, "TB Hospital");
}

void world_close(struct world *world)
{
    place_close(&world->opendoor);
    place_close(&world->hospital);
    arena_release(&world->arena);
}

struct slice world_bytes(struct world *world, uint8_t byte, size_t size)
{
    uint8_t *bytes = arena_take(&world->arena, size + 1);
    MUST(bytes != NULL);
    memset(bytes, byte, size);
    return slice_of(bytes, size);
}

void world_root_sign(const struct place *place, struct slice message,
    uint8_t signature[SIGNATURE_SIZE])
{
    crypto_repeat_sign(place->byte, message, signature);
}

/* ---- Who they are -------------------------------------------------------- */

static struct card_key card_key_of(enum key_purpose purpose, uint8_t byte)
{
    struct card_key key = { .purpose = purpose,
        .from = { START_MS },
        .until = { START_MS + 90 * INT64_C(86400000) } };
    if (purpose == KEY_LAST_RESORT)
        crypto_repeat_x25519(byte, key.key);
    else if (purpose == KEY_TLS)
        memset(key.key, byte, KEY_SIZE);
    else
        crypto_repeat_ed25519(byte, key.key);
    return key;
}

struct slice make_card(struct world *world, const struct place *place)
{
    const uint8_t byte = place->byte;
    const struct card_key keys[] = {
        card_key_of(KEY_LOG, (uint8_t)(byte + 1)),
        card_key_of(KEY_WITNESS, (uint8_t)(byte + 2)),
        card_key_of(KEY_OPERATION, (uint8_t)(byte + 3)),
        card_key_of(KEY_LAST_RESORT, (uint8_t)(byte + 4)),
        card_key_of(KEY_TLS, (uint8_t)(byte + 6)),
    };
    const struct slice endpoint =
        SLICE_LITERAL("tls+tcp://gateway.example:7443");
    const struct card_contact contact = {
        .role = SLICE_LITERAL("referral_lead"),
        .name = SLICE_LITERAL("Front desk"),
        .phone = SLICE_LITERAL("+000 555 0101"),
        .hours = SLICE_LITERAL("Mo-Fr 09:00-17:00"),
    };
    struct card card = {
        .serial = 2,
        .previous = world_bytes(world, 0x77, HASH_SIZE),
        .name = slice_of_text(place->name),
        .endpoints = &endpoint,
        .endpoint_count = 1,
        .keys = keys,
        .key_count = 5,
        .contacts = &contact,
        .contact_count = 1,
        .issued = { START_MS },
        .valid_until = { END_MS },
    };
    uint8_t signature[SIGNATURE_SIZE];
    memcpy(card.root_key, place->root, KEY_SIZE);
    struct slice bytes = card_bytes(&card, &world->arena);
    world_root_sign(place, card_statement(bytes, &world->arena), signature);
    return card_assemble(bytes, signature, &world->arena);
}

struct slice make_sheet(struct world *world)
{
    struct sealing_key keys[2] = { 0 };
    struct slice bytes;
    for (uint32_t i = 0; i < 2; i++) {
        keys[i].day = START_DAY + i;
        keys[i].from.unix_ms = keys[i].day * INT64_C(86400000);
        keys[i].until.unix_ms = keys[i].from.unix_ms + 8 * INT64_C(86400000);
        crypto_repeat_x25519(
            (uint8_t)(world->hospital.byte + 5 + 4 * i), keys[i].key);
    }
    const struct key_sheet sheet = { .agency = world->hospital.id,
        .serial = 7,
        .issued = { START_MS + 1 },
        .keys = keys,
        .key_count = 2 };
    MUST(key_sheet_sign(world->hospital.crypto, &sheet, &world->arena,
             &bytes) == ERR_NONE);
    return bytes;
}

/* ---- What they agreed ---------------------------------------------------- */

struct slice make_mou(struct world *world)
{
    struct mou_party parties[] = {
        { .id = SLICE_LITERAL("opendoor"),
            .name = SLICE_LITERAL("Open Door"),
            .agency = world->opendoor.id,
            .refers = true },
        { .id = SLICE_LITERAL("tbhosp"),
            .name = SLICE_LITERAL("TB Hospital"),
            .agency = world->hospital.id,
            .receives = true },
    };
    const struct mou_service service = { SLICE_LITERAL("tb.assess"),
        SLICE_LITERAL("tbhosp"), SLICE_LITERAL("TB check"), true, false, true };
    const struct mou_pathway pathway = { SLICE_LITERAL("opendoor"),
        SLICE_LITERAL("tb.assess"), SLICE_LITERAL("tb_assessment"), 1,
        MOU_FORWARD_WITH_CONSENT };
    const struct slice required[] = { SLICE_LITERAL("call_name") };
    const struct slice allowed[] = { SLICE_LITERAL("cough_weeks"),
        SLICE_LITERAL("needs") };
    const struct mou_purpose purpose = { SLICE_LITERAL("tb_assessment"),
        required, 1, allowed, 2 };
    const struct slice never[] = { SLICE_LITERAL("arrest_history") };
    const struct slice signers[] = { SLICE_LITERAL("opendoor"),
        SLICE_LITERAL("tbhosp") };
    const struct mou mou = {
        .id = SLICE_LITERAL("urn:mou:city:tb"),
        .title = SLICE_LITERAL("TB referrals in the city"),
        .version = 3,
        .from = { START_MS },
        .until = { END_MS },
        .parties = parties,
        .party_count = 2,
        .services = &service,
        .service_count = 1,
        .pathways = &pathway,
        .pathway_count = 1,
        .purposes = &purpose,
        .purpose_count = 1,
        .never_share = never,
        .never_share_count = 1,
        .consent_days_max = 365,
        .signatures_required = signers,
        .signature_required_count = 2,
    };
    memcpy(parties[0].root_key, world->opendoor.root, KEY_SIZE);
    memcpy(parties[1].root_key, world->hospital.root, KEY_SIZE);
    return mou_bytes(&mou, &world->arena);
}

static struct mou_id mou_of(struct world *world)
{
    struct mou_id id;
    mou_id_of(world->opendoor.crypto, make_mou(world), &id);
    return id;
}

struct slice make_mou_offer(struct world *world)
{
    struct mou_signature signatures[2];
    struct mou_bundle bundle = {
        .mou = make_mou(world), .signatures = signatures, .signature_count = 2
    };
    bundle.id = mou_of(world);
    struct slice statement = mou_statement(&bundle.id, &world->arena);
    signatures[0].agency = world->opendoor.id;
    world_root_sign(&world->opendoor, statement, signatures[0].signature);
    signatures[1].agency = world->hospital.id;
    world_root_sign(&world->hospital, statement, signatures[1].signature);
    return mou_offer_write(&bundle, &world->arena);
}

/* ---- Referrals ----------------------------------------------------------- */

static const struct uuid referral = { { 0x01, 0x9b, 0x76, 0x9e, 0x80, 0x00,
    0x70, 0x00, 0x80, 0x00, 0, 0, 0, 0, 0, 1 } };

struct slice make_send(struct world *world)
{
    const struct slice granted[] = { SLICE_LITERAL("call_name"),
        SLICE_LITERAL("cough_weeks") };
    const struct grant grant = { world->hospital.id,
        SLICE_LITERAL("tb_assessment"), granted, 2,
        { START_MS + 30 * INT64_C(86400000) } };
    const struct named_value elements[] = {
        { SLICE_LITERAL("call_name"), SLICE_LITERAL("Robin") },
        { SLICE_LITERAL("cough_weeks"), SLICE_LITERAL("3") },
    };
    const struct referral_request request = {
        .service = SLICE_LITERAL("tb.assess"),
        .purpose = SLICE_LITERAL("tb_assessment"),
        .urgency = URGENCY_SOON,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_OUTCOME_CODE,
        .reason_plain = SLICE_LITERAL("wants the cough looked at"),
        .thread = referral,
        .consent_at = { START_MS + 1000 },
        .grants = &grant,
        .grant_count = 1,
    };
    const struct referral_event event = {
        .referral = referral,
        .mou = mou_of(world),
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("outreach"),
        .at = { START_MS + 2000 },
        .key = SLICE_LITERAL("intake-1"),
        .request = &request,
        .elements = elements,
        .element_count = 2,
    };
    return referral_event_write(&event, &world->arena);
}

struct slice make_decline(struct world *world)
{
    const struct named_value details[] = {
        { SLICE_LITERAL("reason"), SLICE_LITERAL("NO_CAPACITY") },
        { SLICE_LITERAL("next_option"), SLICE_LITERAL("the mobile clinic") },
    };
    const struct referral_event event = {
        .referral = referral,
        .mou = mou_of(world),
        .type = EVENT_DECLINE,
        .seq = 2,
        .seen = 1,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("intake_nurse"),
        .at = { START_MS + 9000 },
        .details = details,
        .detail_count = 2,
        .state = REFERRAL_DECLINED,
    };
    return referral_event_write(&event, &world->arena);
}

/* ---- Ledgers ------------------------------------------------------------- */

static struct entry entry_of(struct world *world, enum entry_kind kind,
    struct slice content, uint8_t number)
{
    struct entry_header header = { .kind = kind, .at = { START_MS + number } };
    struct slice salt = world_bytes(world, (uint8_t)(0x20 + number), SALT_SIZE);
    entry_digest(world->opendoor.crypto, salt, content, header.digest);
    return (struct entry){ entry_header_write(&header, &world->arena), salt,
        content };
}

struct slice make_entry_header(struct world *world)
{
    return entry_of(world, ENTRY_REFERRAL_EVENT, make_send(world), 0).header;
}

static void entries_of(struct world *world, struct entry entries[3])
{
    entries[0] = entry_of(world, ENTRY_REFERRAL_EVENT, make_send(world), 0);
    entries[1] =
        entry_of(world, ENTRY_REFERRAL_EVENT, SLICE_LITERAL("erased since"), 1);
    entries[1].salt = SLICE_NONE;
    entries[1].content = SLICE_NONE;
    entries[2] = entry_of(world, ENTRY_PADDING, SLICE_LITERAL(""), 2);
}

static struct note note_of(struct world *world)
{
    struct entry entries[3];
    struct merkle_frontier frontier = { 0 };
    struct merkle_hash hash;
    struct crypto *crypto = world->opendoor.crypto;
    struct note note = { .origin = { world->opendoor.id, world->hospital.id,
                             LANE_MAIN, GENERATION },
        .size = 3 };
    entries_of(world, entries);
    for (size_t i = 0; i < 3; i++) {
        merkle_leaf_hash(crypto, entries[i].header, &hash);
        MUST(merkle_append(crypto, &frontier, &hash) == ERR_NONE);
    }
    merkle_root(crypto, &frontier, &hash);
    memcpy(note.root, hash.bytes, HASH_SIZE);
    MUST(note_sign(crypto, &note) == ERR_NONE);
    return note;
}

static struct slice printed(struct world *world, const struct note *note)
{
    char text[NOTE_SIZE_MAX];
    struct slice copy = arena_copy(&world->arena, note_print(note, text));
    MUST(copy.bytes != NULL);
    return copy;
}

struct slice make_note(struct world *world)
{
    struct note note = note_of(world);
    return printed(world, &note);
}

struct slice make_cosigned_note(struct world *world)
{
    struct note note = note_of(world);
    MUST(note_cosign(world->hospital.crypto, START_MS / 1000 + 5, &note) ==
         ERR_NONE);
    return printed(world, &note);
}

struct slice make_deliver(struct world *world)
{
    struct entry entries[3];
    entries_of(world, entries);
    const struct deliver deliver = { .fence =
                                         world_bytes(world, 0x33, FENCE_SIZE),
        .parcel = { 0, entries, 3, make_note(world) },
        .collected = 4 };
    return deliver_write(&deliver, &world->arena);
}

struct slice make_answer(struct world *world)
{
    const struct answer_item items[] = {
        { .index = 0,
            .count = 1,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_CONSENT_SCOPE,
            .clause = SLICE_LITERAL("consent.grants"),
            .remedy = SLICE_LITERAL("ask the person"),
            .state = REFERRAL_REFUSED_BY_POLICY },
        { .index = 1, .count = 1, .verdict = ANSWER_ABSENT },
        { .index = 2,
            .count = 300,
            .verdict = ANSWER_APPLIED,
            .state = REFERRAL_DELIVERED },
    };
    const struct answer answer = { GENERATION, items, 3 };
    return answer_write(&answer, &world->arena);
}

struct slice make_head(struct world *world)
{
    const struct ledger_view views[] = {
        { .authored = true,
            .lane = LANE_MAIN,
            .generation = GENERATION,
            .size = 3,
            .note = make_note(world),
            .collected = 1 },
        { .lane = LANE_MAIN,
            .fence = world_bytes(world, 0x34, FENCE_SIZE),
            .collected = 2 },
    };
    const struct head head = { .ledgers = views,
        .ledger_count = 2,
        .card = make_card(world, &world->hospital),
        .sheet = make_sheet(world),
        .card_serial = 2,
        .sheet_serial = 6 };
    return head_write(&head, &world->arena);
}

/* ---- Sealed -------------------------------------------------------------- */

static struct slice sealed(struct world *world, struct request_secret *secret)
{
    uint8_t key[KEY_SIZE];
    struct slice envelope;
    crypto_repeat_x25519((uint8_t)(world->hospital.byte + 5), key);
    MUST(request_seal(world->opendoor.crypto, &world->opendoor.id,
             &world->hospital.id, key, REQUEST_DELIVER,
             (struct instant){ START_MS + 500 }, make_deliver(world),
             world_bytes(world, 0x44, SEED_SIZE).bytes, &world->arena, secret,
             &envelope) == ERR_NONE);
    return envelope;
}

struct slice make_request(struct world *world)
{
    struct request_secret secret;
    return sealed(world, &secret);
}

struct slice make_reply(struct world *world)
{
    struct request_secret secret;
    struct slice envelope;
    const struct cosigned cosigned = { make_cosigned_note(world), 9 };
    (void)sealed(world, &secret);
    MUST(reply_seal(world->hospital.crypto, &secret, REPLY_COSIGNED,
             (struct instant){ START_MS + 1000 },
             cosigned_write(&cosigned, &world->arena),
             world_bytes(world, 0x55, SEED_SIZE).bytes, &world->arena,
             &envelope) == ERR_NONE);
    return envelope;
}
