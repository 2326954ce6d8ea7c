/*
 * Does PROTOCOL.md still say what the gateway does? Each worked example is
 * computed here by the gateway's own code and must stand in the document, as
 * hexadecimal or as text.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "core/card.h"
#include "core/entry.h"
#include "core/merkle.h"
#include "core/message.h"
#include "core/mou.h"
#include "core/note.h"
#include "core/referral.h"
#include "core/request.h"
#include "support/crypto_repeat.h"

#define DOCUMENT SOURCE_DIR "/proto/PROTOCOL.md"
#define DOCUMENT_SIZE_MAX (256u * 1024)
#define START_MS INT64_C(1767225600000)
#define END_MS INT64_C(1830297600000)
#define GENERATION UINT64_C(0x0123456789abcdef)

/* What all examples begin with; made anew for each. */
struct world {
    struct arena arena;
    struct crypto *author;    /* Open Door */
    struct crypto *recipient; /* the hospital */
    struct agency_id author_id;
    struct agency_id recipient_id;
    char *document;
    char *squeezed; /* the document without white space */
};

static char *document_read(void)
{
    FILE *file = fopen(DOCUMENT, "r");
    char *text = calloc(1, DOCUMENT_SIZE_MAX);
    assert_non_null(file);
    assert_non_null(text);
    size_t size = fread(text, 1, DOCUMENT_SIZE_MAX - 1, file);
    assert_true(size > 0 && size < DOCUMENT_SIZE_MAX - 1);
    assert_int_equal(fclose(file), 0);
    return text;
}

static char *squeeze(const char *text)
{
    char *out = calloc(1, strlen(text) + 1);
    size_t size = 0;
    assert_non_null(out);
    for (const char *at = text; *at != '\0'; at++)
        if (*at != ' ' && *at != '\n')
            out[size++] = *at;
    return out;
}

static void world_open(struct world *world)
{
    uint8_t root[KEY_SIZE];
    *world = (struct world){ .document = document_read() };
    world->squeezed = squeeze(world->document);
    assert_int_equal(arena_init(&world->arena, 1u << 20), ERR_NONE);
    world->author = crypto_repeat_new(0xa1, 0xa2, 0xa3);
    world->recipient = crypto_repeat_new(0xb1, 0xb2, 0xb3);
    crypto_repeat_ed25519(0xa0, root);
    agency_id_of(world->author, root, &world->author_id);
    crypto_repeat_ed25519(0xb0, root);
    agency_id_of(world->author, root, &world->recipient_id);
}

static void world_close(struct world *world)
{
    arena_release(&world->arena);
    crypto_repeat_free(world->author);
    crypto_repeat_free(world->recipient);
    free(world->document);
    free(world->squeezed);
}

/* ---- What the document must hold ---------------------------------------- */

static void says(const struct world *world, const char *text)
{
    if (strstr(world->document, text) == NULL)
        fail_msg("PROTOCOL.md lacks: %s", text);
}

static void shows(const struct world *world, struct slice bytes)
{
    size_t capacity = TEXT_HEX_SIZE(bytes.size) + 1;
    char *digits = malloc(capacity);
    assert_non_null(digits);
    assert_non_null(bytes.bytes);
    (void)text_hex_encode(bytes, digits, capacity);
    bool is_there = strstr(world->squeezed, digits) != NULL;
    if (!is_there)
        print_error("PROTOCOL.md lacks: %s\n", digits);
    free(digits);
    assert_true(is_there);
}

static void shows_hash(const struct world *world, struct slice bytes)
{
    uint8_t digest[HASH_SIZE];
    crypto_hash(world->author, &bytes, 1, digest);
    shows(world, SLICE_ARRAY(digest));
}

static void shows_key_id(const struct world *world, const uint8_t *key)
{
    char text[17];
    (void)snprintf(text, sizeof text, "%016llx",
        (unsigned long long)crypto_key_id(world->author, key));
    shows(world, slice_of(key, KEY_SIZE));
    says(world, text);
}

static struct slice repeated(struct world *world, uint8_t byte, size_t size)
{
    uint8_t *bytes = arena_take(&world->arena, size);
    assert_non_null(bytes);
    memset(bytes, byte, size);
    return slice_of(bytes, size);
}

static struct mou_id mou_of_example(void)
{
    struct mou_id id;
    memset(id.bytes, 0x11, sizeof id.bytes);
    return id;
}

/* ---- The examples ------------------------------------------------------- */

static void identities_are_as_documented(void **state)
{
    struct world world;
    char number[SAFETY_NUMBER_SIZE];
    uint8_t key[KEY_SIZE];
    (void)state;
    world_open(&world);
    says(&world, world.author_id.text);
    says(&world, world.recipient_id.text);
    safety_number(world.author, &world.recipient_id, &world.author_id, number);
    says(&world, number);
    crypto_repeat_ed25519(0xa3, key);
    shows_key_id(&world, key);
    crypto_repeat_x25519(0xb5, key);
    shows_key_id(&world, key);
    world_close(&world);
}

static struct card_key card_key_of(enum key_purpose purpose, uint8_t byte)
{
    struct card_key key = {
        .purpose = purpose, .from = { START_MS }, .until = { END_MS }
    };
    crypto_repeat_ed25519(byte, key.key);
    return key;
}

static void a_card_is_as_documented(void **state)
{
    struct world world;
    struct card read;
    struct card_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    struct card_key keys[] = { card_key_of(KEY_LOG, 0xa1),
        card_key_of(KEY_OPERATION, 0xa3) };
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
        .contact_count = 1,
        .issued = { START_MS },
        .valid_until = { END_MS } };
    (void)state;
    world_open(&world);
    crypto_repeat_ed25519(0xa0, card.root_key);
    struct slice bytes = card_bytes(&card, &world.arena);
    shows(&world, bytes);
    crypto_repeat_sign(0xa0, card_statement(bytes, &world.arena), signature);
    shows(&world, SLICE_ARRAY(signature));
    struct slice whole = card_assemble(bytes, signature, &world.arena);
    shows_hash(&world, whole);
    assert_int_equal(
        card_read(world.recipient, whole, &world.arena, &read, &problem),
        ERR_NONE);
    world_close(&world);
}

/* The entries of A.3 and the author's note over them. */
static void entries_make(
    struct world *world, struct entry entries[2], struct note *note)
{
    struct mou_id mou = mou_of_example();
    const enum entry_kind kinds[] = { ENTRY_MOU_IN_FORCE, ENTRY_PADDING };
    struct slice contents[] = { mou_in_force_write(&mou, &world->arena),
        SLICE_LITERAL("") };
    struct merkle_frontier frontier = { 0 };
    struct merkle_hash hash;
    for (unsigned i = 0; i < 2; i++) {
        struct entry_header header = { .kind = kinds[i],
            .at = { START_MS + i } };
        struct slice salt = repeated(world, (uint8_t)(0x20 + i), SALT_SIZE);
        entry_digest(world->author, salt, contents[i], header.digest);
        entries[i] = (struct entry){ entry_header_write(&header, &world->arena),
            salt, contents[i] };
        merkle_leaf_hash(world->author, entries[i].header, &hash);
        assert_int_equal(
            merkle_append(world->author, &frontier, &hash), ERR_NONE);
        shows(world, SLICE_ARRAY(header.digest));
        shows(world, entries[i].header);
        shows(world, SLICE_ARRAY(hash.bytes));
    }
    merkle_root(world->author, &frontier, &hash);
    shows(world, SLICE_ARRAY(hash.bytes));
    *note = (struct note){ .origin = { world->author_id, world->recipient_id,
                               LANE_MAIN, GENERATION },
        .size = 2 };
    memcpy(note->root, hash.bytes, HASH_SIZE);
    assert_int_equal(note_sign(world->author, note), ERR_NONE);
}

static void entries_and_notes_are_as_documented(void **state)
{
    struct world world;
    struct entry entries[2];
    struct note note;
    char text[NOTE_SIZE_MAX];
    char vkey[NOTE_VKEY_SIZE_MAX + 1];
    uint8_t key[KEY_SIZE];
    (void)state;
    world_open(&world);
    entries_make(&world, entries, &note);
    (void)note_print(&note, text);
    says(&world, text);
    assert_int_equal(note_cosign(world.recipient, 1767225601, &note), ERR_NONE);
    (void)note_print(&note, text);
    says(&world, text);
    crypto_repeat_ed25519(0xa1, key);
    (void)note_author_vkey(world.author, &note.origin, key, vkey);
    says(&world, vkey);
    crypto_repeat_ed25519(0xb2, key);
    (void)note_witness_vkey(world.author, &world.recipient_id, key, vkey);
    says(&world, vkey);
    world_close(&world);
}

static void shows_export(const struct world *world,
    const struct request_secret *secret, const char *context)
{
    uint8_t exported[HASH_SIZE];
    world->author->ops->export_secret(world->author, &secret->hpke,
        slice_of_text(context), exported, sizeof exported);
    shows(world, SLICE_ARRAY(exported));
}

/* Seals the Deliver of A.5. */
static void request_make(struct world *world, const struct entry entries[2],
    const struct note *note, struct request_secret *secret)
{
    uint8_t sealing_key[KEY_SIZE];
    char text[NOTE_SIZE_MAX];
    struct slice envelope;
    struct deliver deliver = { .fence = repeated(world, 0x33, FENCE_SIZE),
        .parcel = { 0, entries, 2, note_print(note, text) } };
    struct slice body = deliver_write(&deliver, &world->arena);
    shows(world, body);
    crypto_repeat_x25519(0xb5, sealing_key);
    assert_int_equal(
        request_seal(world->author, &world->author_id, &world->recipient_id,
            sealing_key, REQUEST_DELIVER, (struct instant){ START_MS + 500 },
            body, repeated(world, 0x44, SEED_SIZE).bytes, &world->arena, secret,
            &envelope),
        ERR_NONE);
    assert_int_equal(envelope.size, 4190);
    shows_hash(world, envelope);
}

static void requests_and_replies_are_as_documented(void **state)
{
    struct world world;
    struct entry entries[2];
    struct note note;
    struct request_secret secret;
    struct slice envelope;
    char text[NOTE_SIZE_MAX];
    (void)state;
    world_open(&world);
    entries_make(&world, entries, &note);
    request_make(&world, entries, &note, &secret);
    shows(&world, SLICE_ARRAY(secret.enc));
    shows(&world, SLICE_ARRAY(secret.hpke.key));
    shows(&world, SLICE_ARRAY(secret.hpke.nonce));
    shows(&world, SLICE_ARRAY(secret.hpke.exporter_secret));
    shows_export(&world, &secret, "refer.v1 request");
    shows_export(&world, &secret, "refer.v1 reply");
    shows_export(&world, &secret, "refer.v1 response");
    assert_int_equal(note_cosign(world.recipient, 1767225601, &note), ERR_NONE);
    struct cosigned cosigned = { note_print(&note, text), 0 };
    assert_int_equal(
        reply_seal(world.recipient, &secret, REPLY_COSIGNED,
            (struct instant){ START_MS + 1000 },
            cosigned_write(&cosigned, &world.arena),
            repeated(&world, 0x55, SEED_SIZE).bytes, &world.arena, &envelope),
        ERR_NONE);
    assert_int_equal(envelope.size, 4151);
    shows_hash(&world, envelope);
    shows(&world, reply_plain(PLAIN_BUSY, SLICE_NONE, 1000, &world.arena));
    world_close(&world);
}

static void contents_are_as_documented(void **state)
{
    struct world world;
    uint8_t signature[SIGNATURE_SIZE];
    struct mou_id mou = mou_of_example();
    struct referral_event event = { .mou = mou,
        .type = EVENT_WITHDRAW,
        .seq = 2,
        .seen = 1,
        .actor = ACTOR_PERSON,
        .at = { START_MS + 100000 },
        .key = SLICE_LITERAL("w-1") };
    struct answer_item items[] = {
        { .index = 0, .count = 1, .verdict = ANSWER_APPLIED },
        { .index = 3,
            .count = 1,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_ELEMENT_NOT_ALLOWED,
            .clause = SLICE_LITERAL("never_share"),
            .remedy =
                SLICE_LITERAL("remove photo: the agreement never shares it"),
            .state = REFERRAL_REFUSED_BY_POLICY },
    };
    struct answer answer = { GENERATION, items, 2 };
    (void)state;
    world_open(&world);
    memset(event.referral.bytes, 0x77, sizeof event.referral.bytes);
    shows(&world, referral_event_write(&event, &world.arena));
    shows(&world, answer_write(&answer, &world.arena));
    crypto_repeat_sign(0xa0, mou_statement(&mou, &world.arena), signature);
    shows(&world, SLICE_ARRAY(signature));
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_as_documented),
        cmocka_unit_test(a_card_is_as_documented),
        cmocka_unit_test(entries_and_notes_are_as_documented),
        cmocka_unit_test(requests_and_replies_are_as_documented),
        cmocka_unit_test(contents_are_as_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
