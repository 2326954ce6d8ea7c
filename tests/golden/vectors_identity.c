/* Who the two agencies are: cards, a key sheet, a revocation. */
#include <string.h>

#include "core/armor.h"
#include "core/card_renew.h"
#include "core/message.h"
#include "core/revocation.h"
#include "golden/vectors.h"
#include "support/crypto_repeat.h"

#define DAY_MS INT64_C(86400000)

static struct card_key key_of(enum key_purpose purpose, uint8_t byte)
{
    struct card_key key = { .purpose = purpose,
        .from = { VECTOR_START_MS },
        .until = { VECTOR_END_MS } };
    if (purpose == KEY_LAST_RESORT)
        crypto_repeat_x25519(byte, key.key);
    else
        crypto_repeat_ed25519(byte, key.key);
    return key;
}

/* The hash of the SubjectPublicKeyInfo of RFC 8410. */
static struct card_key tls_key_of(struct crypto *crypto, uint8_t byte)
{
    static const uint8_t prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b,
        0x65, 0x70, 0x03, 0x21, 0x00 };
    struct card_key key = key_of(KEY_TLS, byte);
    uint8_t public_key[KEY_SIZE];
    crypto_repeat_ed25519(byte, public_key);
    struct slice parts[] = { SLICE_ARRAY(prefix), SLICE_ARRAY(public_key) };
    crypto_hash(crypto, parts, 2, key.key);
    return key;
}

static struct slice card_signed(
    struct vectors *vectors, struct card *card, uint8_t root)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct card read;
    struct card_problem problem;
    card->issued = (struct instant){ VECTOR_START_MS };
    card->valid_until = (struct instant){ VECTOR_END_MS };
    crypto_repeat_ed25519(root, card->root_key);
    struct slice bytes = card_bytes(card, &vectors->arena);
    crypto_repeat_sign(root, card_statement(bytes, &vectors->arena), signature);
    struct slice whole = card_assemble(bytes, signature, &vectors->arena);
    vectors_must(card_read(vectors->author, whole, &vectors->arena, &read,
                     &problem) == ERR_NONE);
    return whole;
}

static void add_author_card(struct vectors *vectors)
{
    struct card_key keys[] = { key_of(KEY_LOG, 0xa1),
        key_of(KEY_OPERATION, 0xa3) };
    struct slice endpoint =
        SLICE_LITERAL("tls+tcp://gateway.opendoor.example:7443");
    struct card_contact contact = { .role = SLICE_LITERAL("referral_lead"),
        .name = SLICE_LITERAL("Front desk"),
        .phone = SLICE_LITERAL("+000 555 0101") };
    struct card card = { .serial = 1,
        .name = SLICE_LITERAL("Open Door"),
        .endpoints = &endpoint,
        .endpoint_count = 1,
        .keys = keys,
        .key_count = 2,
        .contacts = &contact,
        .contact_count = 1 };
    struct slice whole = card_signed(vectors, &card, 0xa0);
    vectors_add(vectors, "card_opendoor.hex", whole);
    vectors_add(vectors, "card_armour.txt",
        armor_write(ARMOR_CARD, whole, &vectors->arena));
}

static void add_recipient_card(struct vectors *vectors)
{
    struct card_key keys[] = { key_of(KEY_LOG, 0xb1), key_of(KEY_WITNESS, 0xb2),
        key_of(KEY_OPERATION, 0xb3), key_of(KEY_LAST_RESORT, 0xb4),
        tls_key_of(vectors->author, 0xb6) };
    struct slice endpoints[] = {
        SLICE_LITERAL("tls+tcp://gateway.hospital.example:7443"),
        SLICE_LITERAL("tls+tcp://[2001:db8::7]:443"),
    };
    struct card_contact contacts[] = {
        { .role = SLICE_LITERAL("intake_nurse"),
            .name = SLICE_LITERAL("TB ward"),
            .phone = SLICE_LITERAL("+000 555 0202"),
            .hours = SLICE_LITERAL("Mo-Fr 08:00-16:00") },
        { .role = SLICE_LITERAL("technical_lead") },
    };
    struct card card = { .serial = 2,
        .previous = vectors_repeat(vectors, 0x66, HASH_SIZE),
        .name = SLICE_LITERAL("City TB Hospital"),
        .endpoints = endpoints,
        .endpoint_count = 2,
        .keys = keys,
        .key_count = 5,
        .contacts = contacts,
        .contact_count = 2 };
    vectors_add(
        vectors, "card_hospital.hex", card_signed(vectors, &card, 0xb0));
}

static void add_key_sheet(struct vectors *vectors)
{
    struct sealing_key keys[2];
    struct slice sheet;
    for (uint32_t i = 0; i < 2; i++) {
        int64_t begin = VECTOR_START_MS + (int64_t)i * DAY_MS;
        keys[i] = (struct sealing_key){ .day = VECTOR_DAY + i,
            .from = { begin },
            .until = { begin + 8 * DAY_MS } };
        crypto_repeat_x25519(i == 0 ? 0xb5 : 0xb7, keys[i].key);
    }
    struct key_sheet made = { .agency = vectors->recipient_id,
        .serial = 3,
        .issued = { VECTOR_START_MS },
        .keys = keys,
        .key_count = 2 };
    vectors_must(key_sheet_sign(vectors->recipient, &made, &vectors->arena,
                     &sheet) == ERR_NONE);
    vectors_add(vectors, "key_sheet.hex", sheet);
}

/* The next card of Open Door: another log key beside the first. */
static void add_next_card(struct vectors *vectors)
{
    struct card held;
    struct card next;
    struct card_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    struct card_request request = { .held_bytes = vectors_get(
                                        vectors, "card_opendoor.hex") };
    struct card_key fresh = key_of(KEY_LOG, 0xa8);
    fresh.from.unix_ms = VECTOR_START_MS + 2 * DAY_MS;
    struct card_renewal renewal = { .now = { VECTOR_START_MS + DAY_MS },
        .valid_until = { VECTOR_END_MS },
        .fresh = &fresh,
        .fresh_count = 1 };
    vectors_must(card_read(vectors->author, request.held_bytes, &vectors->arena,
                     &held, &problem) == ERR_NONE);
    vectors_must(card_renew(vectors->author, &held, request.held_bytes,
                     &renewal, &vectors->arena, &next) == ERR_NONE);
    request.draft_bytes = card_bytes(&next, &vectors->arena);
    crypto_repeat_sign(
        0xa0, card_statement(request.draft_bytes, &vectors->arena), signature);
    vectors_add(vectors, "card_request.hex",
        card_request_write(&request, &vectors->arena));
    vectors_add(vectors, "card_opendoor_next.hex",
        card_assemble(request.draft_bytes, signature, &vectors->arena));
}

/* It names both ledgers between the two, as far as they were good. */
static void add_full_revocation(struct vectors *vectors)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct ledger_end ends[] = {
        { .author = vectors->author_id,
            .recipient = vectors->recipient_id,
            .generation = VECTOR_GENERATION,
            .size = 2 },
        { .author = vectors->recipient_id,
            .recipient = vectors->author_id,
            .generation = 1 },
    };
    memset(ends[0].root, 0x77, HASH_SIZE);
    struct revocation revocation = { .agency = vectors->author_id,
        .issued = { VECTOR_START_MS + DAY_MS },
        .ends = ends,
        .end_count = 2 };
    struct slice bytes = revocation_bytes(&revocation, &vectors->arena);
    crypto_repeat_sign(
        0xa0, revocation_statement(bytes, &vectors->arena), signature);
    struct slice whole = revocation_assemble(bytes, signature, &vectors->arena);
    struct head head = { .card = vectors_get(vectors, "card_opendoor.hex"),
        .revocation = whole };
    vectors_add(vectors, "revocation_ledgers.hex", whole);
    vectors_add(
        vectors, "head_revoked.hex", head_write(&head, &vectors->arena));
}

static void add_revocation(struct vectors *vectors)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct revocation revocation = { .agency = vectors->author_id,
        .issued = { VECTOR_START_MS },
        .reason = SLICE_LITERAL("keys were copied") };
    struct slice bytes = revocation_bytes(&revocation, &vectors->arena);
    crypto_repeat_sign(
        0xa0, revocation_statement(bytes, &vectors->arena), signature);
    vectors_add(vectors, "revocation.hex",
        revocation_assemble(bytes, signature, &vectors->arena));
}

void vectors_add_identities(struct vectors *vectors)
{
    add_author_card(vectors);
    add_recipient_card(vectors);
    add_key_sheet(vectors);
    add_revocation(vectors);
    add_next_card(vectors);
    add_full_revocation(vectors);
}
