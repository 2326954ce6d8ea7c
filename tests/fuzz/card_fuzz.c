/*
 * Cards, key sheets and armour from anywhere: what is read writes again byte
 * for byte, and what verifies is what was signed here. The first byte says
 * which. Needs refer_core, refer_support_crypto_fake.
 */
#include <stdlib.h>
#include <string.h>

#include "core/armor.h"
#include "core/card.h"
#include "core/card_renew.h"
#include "support/crypto_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct crypto *crypto;
    struct arena arena;
    struct card card; /* with our operation key, for key sheets */
    struct card_key operation;
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
    desk.operation = (struct card_key){
        .purpose = KEY_OPERATION,
        .until = { INT64_MAX },
    };
    must(desk.crypto->ops->signer_public(desk.crypto, CRYPTO_SIGNER_OPERATION,
             desk.operation.key) == ERR_NONE);
    desk.card.keys = &desk.operation;
    desk.card.key_count = 1;
    crypto_fake_root_public(desk.crypto, desk.card.root_key);
    agency_id_of(desk.crypto, desk.card.root_key, &desk.card.agency);
}

static void try_signed_card(struct slice input)
{
    struct card card;
    struct card_problem problem;
    enum err err = card_read(desk.crypto, input, &desk.arena, &card, &problem);
    must((err == ERR_NONE) == (problem.what[0] == '\0'));
    if (err != ERR_NONE)
        return;
    struct slice bytes = card_bytes(&card, &desk.arena);
    must(bytes.bytes != NULL);
    uint8_t signature[SIGNATURE_SIZE];
    must(input.size > SIGNATURE_SIZE);
    memcpy(
        signature, input.bytes + input.size - SIGNATURE_SIZE, SIGNATURE_SIZE);
    must(slice_equal(card_assemble(bytes, signature, &desk.arena), input));
    for (int64_t day = 20454; day < 20460; day++)
        (void)card_key_at(
            &card, KEY_LOG, (struct instant){ day * 24 * 60 * 60 * 1000 });
}

/* Foreign claims, then signed by us. */
static void try_card(struct slice input)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct slice statement = card_statement(input, &desk.arena);
    must(statement.bytes != NULL);
    crypto_fake_root_sign(desk.crypto, statement, signature);
    struct slice card = card_assemble(input, signature, &desk.arena);
    if (card.bytes != NULL)
        try_signed_card(card);
}

static void try_sheet(struct slice input)
{
    struct key_sheet sheet;
    struct slice again;
    if (key_sheet_read(desk.crypto, &desk.card, input, &desk.arena, &sheet) !=
        ERR_NONE)
        return;
    (void)key_sheet_at(&sheet, sheet.issued);
    must(key_sheet_sign(desk.crypto, &sheet, &desk.arena, &again) == ERR_NONE);
    must(slice_equal(again, input));
}

/* Foreign drafts after a card of ours. */
static void try_request(struct slice input)
{
    struct card_request request;
    if (card_request_read(desk.crypto, input, &desk.arena, &request) !=
        ERR_NONE)
        return;
    must(slice_equal(card_request_write(&request, &desk.arena), input));
    must(request.draft.serial > request.held.serial);
}

static void try_armor(struct slice input)
{
    struct slice bytes;
    struct slice again;
    if (armor_read(ARMOR_CARD, input, &desk.arena, &bytes) != ERR_NONE)
        return;
    struct slice text = armor_write(ARMOR_CARD, bytes, &desk.arena);
    must(text.bytes != NULL);
    must(armor_read(ARMOR_CARD, text, &desk.arena, &again) == ERR_NONE);
    must(slice_equal(bytes, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(
        struct slice) = { try_signed_card, try_card, try_sheet, try_armor };
    if (desk.crypto == NULL)
        desk_init();
    if (size == 0 || size > CARD_REQUEST_SIZE_MAX)
        return 0;
    arena_reset(&desk.arena);
    if (data[0] == 0xff) /* came later than the corpus of the others */
        try_request(slice_of(data + 1, size - 1));
    else
        tries[data[0] % 4](slice_of(data + 1, size - 1));
    return 0;
}
