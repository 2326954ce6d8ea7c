/*
 * Revocations from a wire, a stick or a sheet of paper: nothing verifies but
 * what its root key signed, and what reads writes again byte for byte. The
 * first byte says which. Needs refer_core, refer_support_crypto_fake.
 */
#include <stdlib.h>
#include <string.h>

#include "core/armor.h"
#include "core/revocation.h"
#include "support/crypto_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct crypto *crypto;
    struct arena arena;
    uint8_t root_key[KEY_SIZE];
    struct agency_id agency;
} desk;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void desk_init(void)
{
    desk.crypto = crypto_fake_new(1, 20454, 3);
    must(arena_init(&desk.arena, DECODE_ARENA_SIZE) == ERR_NONE);
    crypto_fake_root_public(desk.crypto, desk.root_key);
    agency_id_of(desk.crypto, desk.root_key, &desk.agency);
}

static void check(const struct revocation *revocation)
{
    must(agency_id_equal(&revocation->agency, &desk.agency));
    must(revocation->end_count <= REVOCATION_END_COUNT_MAX);
    for (size_t i = 0; i < revocation->end_count; i++) {
        const struct ledger_end *end = &revocation->ends[i];
        bool writes = agency_id_equal(&end->author, &desk.agency);
        bool reads = agency_id_equal(&end->recipient, &desk.agency);
        must(writes != reads);
    }
}

/* The signature is over what is inside, so a reader that accepts it accepts
 * these bytes alone. */
static void try_signed(struct slice input)
{
    struct revocation revocation;
    struct agency_id named;
    enum err err = revocation_read(
        desk.crypto, input, desk.root_key, &desk.arena, &revocation);
    if (err != ERR_NONE)
        return;
    check(&revocation);
    must(revocation_agency(input, &desk.arena, &named) == ERR_NONE);
    must(agency_id_equal(&named, &desk.agency));
    uint8_t signature[SIGNATURE_SIZE];
    must(input.size > SIGNATURE_SIZE);
    memcpy(
        signature, input.bytes + input.size - SIGNATURE_SIZE, SIGNATURE_SIZE);
    struct slice bytes = revocation_bytes(&revocation, &desk.arena);
    must(bytes.bytes != NULL);
    must(
        slice_equal(revocation_assemble(bytes, signature, &desk.arena), input));
}

/* Foreign claims under our signature. */
static void try_claims(struct slice input)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct slice statement = revocation_statement(input, &desk.arena);
    if (statement.bytes == NULL)
        return;
    crypto_fake_root_sign(desk.crypto, statement, signature);
    struct slice whole = revocation_assemble(input, signature, &desk.arena);
    if (whole.bytes != NULL)
        try_signed(whole);
}

static void try_armor(struct slice input)
{
    struct slice bytes;
    struct slice again;
    if (armor_read(ARMOR_REVOCATION, input, &desk.arena, &bytes) != ERR_NONE)
        return;
    struct slice text = armor_write(ARMOR_REVOCATION, bytes, &desk.arena);
    must(text.bytes != NULL);
    must(armor_read(ARMOR_REVOCATION, text, &desk.arena, &again) == ERR_NONE);
    must(slice_equal(bytes, again));
    try_signed(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(
        struct slice) = { try_signed, try_claims, try_armor };
    if (desk.crypto == NULL)
        desk_init();
    if (size == 0 || size > 2 * CARD_SIZE_MAX)
        return 0;
    arena_reset(&desk.arena);
    tries[data[0] % 3](slice_of(data + 1, size - 1));
    return 0;
}
