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
#include "core/merkle.h"
#include "golden/vectors.h"
#include "support/crypto_repeat.h"

#define DOCUMENT SOURCE_DIR "/proto/PROTOCOL.md"
#define DOCUMENT_SIZE_MAX (256u * 1024)

struct world {
    struct vectors vectors;
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
    vectors_open(&world->vectors);
    world->document = document_read();
    world->squeezed = squeeze(world->document);
}

static void world_close(struct world *world)
{
    vectors_close(&world->vectors);
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
    crypto_hash(world->vectors.author, &bytes, 1, digest);
    shows(world, SLICE_ARRAY(digest));
}

static void shows_vector(const struct world *world, const char *name)
{
    shows(world, vectors_get(&world->vectors, name));
}

static void says_vector(const struct world *world, const char *name)
{
    char text[NOTE_SIZE_MAX];
    struct slice bytes = vectors_get(&world->vectors, name);
    assert_true(bytes.size < sizeof text);
    memcpy(text, bytes.bytes, bytes.size);
    text[bytes.size] = '\0';
    says(world, text);
}

static void shows_key_id(const struct world *world, const uint8_t *key)
{
    char text[17];
    (void)snprintf(text, sizeof text, "%016llx",
        (unsigned long long)crypto_key_id(world->vectors.author, key));
    shows(world, slice_of(key, KEY_SIZE));
    says(world, text);
}

/* ---- The examples ------------------------------------------------------- */

static void identities_are_as_documented(void **state)
{
    static struct world world;
    const struct vectors *vectors = &world.vectors;
    char number[SAFETY_NUMBER_SIZE];
    uint8_t key[KEY_SIZE];
    (void)state;
    world_open(&world);
    says(&world, vectors->author_id.text);
    says(&world, vectors->recipient_id.text);
    safety_number(
        vectors->author, &vectors->recipient_id, &vectors->author_id, number);
    says(&world, number);
    crypto_repeat_ed25519(0xa3, key);
    shows_key_id(&world, key);
    crypto_repeat_x25519(0xb5, key);
    shows_key_id(&world, key);
    world_close(&world);
}

/* SignedCard: field 1 is the card, field 2 the signature; both have sizes. */
static void a_card_is_as_documented(void **state)
{
    static struct world world;
    (void)state;
    world_open(&world);
    struct slice whole = vectors_get(&world.vectors, "card_opendoor.hex");
    struct slice signature =
        slice_of(whole.bytes + whole.size - SIGNATURE_SIZE, SIGNATURE_SIZE);
    assert_int_equal(whole.size, 319);
    shows(&world, slice_of(whole.bytes + 3, whole.size - 3 - 2 - 64));
    shows(&world, signature);
    shows_hash(&world, whole);
    world_close(&world);
}

static void entries_are_as_documented(void **state)
{
    static struct world world;
    struct merkle_frontier frontier = { 0 };
    struct merkle_hash hash;
    (void)state;
    world_open(&world);
    struct vectors *vectors = &world.vectors;
    for (unsigned i = 0; i < 2; i++) {
        struct entry *entry = &vectors->entries[i];
        uint8_t digest[HASH_SIZE];
        entry_digest(vectors->author, entry->salt, entry->content, digest);
        merkle_leaf_hash(vectors->author, entry->header, &hash);
        merkle_append(vectors->author, &frontier, &hash);
        shows(&world, SLICE_ARRAY(digest));
        shows(&world, entry->header);
        shows(&world, SLICE_ARRAY(hash.bytes));
    }
    merkle_root(vectors->author, &frontier, &hash);
    shows(&world, SLICE_ARRAY(hash.bytes));
    world_close(&world);
}

static void notes_are_as_documented(void **state)
{
    static struct world world;
    char vkey[NOTE_VKEY_SIZE_MAX + 1];
    uint8_t key[KEY_SIZE];
    (void)state;
    world_open(&world);
    struct vectors *vectors = &world.vectors;
    struct origin origin = { vectors->author_id, vectors->recipient_id,
        LANE_MAIN, VECTOR_GENERATION };
    says_vector(&world, "checkpoint.txt");
    says_vector(&world, "cosigned.txt");
    crypto_repeat_ed25519(0xa1, key);
    (void)note_author_vkey(vectors->author, &origin, key, vkey);
    says(&world, vkey);
    crypto_repeat_ed25519(0xb2, key);
    (void)note_witness_vkey(vectors->author, &vectors->recipient_id, key, vkey);
    says(&world, vkey);
    world_close(&world);
}

static void shows_export(const struct world *world, const char *context)
{
    uint8_t exported[HASH_SIZE];
    struct crypto *crypto = world->vectors.author;
    crypto->ops->export_secret(crypto, &world->vectors.request.hpke,
        slice_of_text(context), exported, sizeof exported);
    shows(world, SLICE_ARRAY(exported));
}

static void requests_and_replies_are_as_documented(void **state)
{
    static struct world world;
    (void)state;
    world_open(&world);
    const struct request_secret *secret = &world.vectors.request;
    struct slice request = vectors_get(&world.vectors, "request_deliver.hex");
    struct slice reply = vectors_get(&world.vectors, "reply_cosigned.hex");
    shows_vector(&world, "deliver.hex");
    assert_int_equal(request.size, 4190);
    shows_hash(&world, request);
    shows(&world, SLICE_ARRAY(secret->enc));
    shows(&world, SLICE_ARRAY(secret->hpke.key));
    shows(&world, SLICE_ARRAY(secret->hpke.nonce));
    shows(&world, SLICE_ARRAY(secret->hpke.exporter_secret));
    shows_export(&world, "refer.v1 request");
    shows_export(&world, "refer.v1 reply");
    shows_export(&world, "refer.v1 response");
    assert_int_equal(reply.size, 4151);
    shows_hash(&world, reply);
    shows_vector(&world, "plain_busy.hex");
    world_close(&world);
}

static void contents_are_as_documented(void **state)
{
    static struct world world;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t statement[MOU_STATEMENT_SIZE];
    struct mou_id mou;
    (void)state;
    world_open(&world);
    shows_vector(&world, "event_withdraw.hex");
    shows_vector(&world, "answer.hex");
    memset(mou.bytes, 0x11, sizeof mou.bytes);
    mou_statement(&mou, statement);
    crypto_repeat_sign(0xa0, SLICE_ARRAY(statement), signature);
    shows(&world, SLICE_ARRAY(signature));
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_as_documented),
        cmocka_unit_test(a_card_is_as_documented),
        cmocka_unit_test(entries_are_as_documented),
        cmocka_unit_test(notes_are_as_documented),
        cmocka_unit_test(requests_and_replies_are_as_documented),
        cmocka_unit_test(contents_are_as_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
