/*
 * Agreements, and what agencies tell each other about them: what is read
 * writes again byte for byte; a refusal says why in text that can be shown.
 * The first byte says which. Needs refer_core, refer_support_crypto_fake.
 */
#include <stdlib.h>

#include "base/text.h"
#include "core/mou.h"
#include "support/crypto_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct crypto *crypto;
    struct arena arena;
} desk;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_line(const char *text)
{
    struct slice slice = slice_of_text(text);
    must(slice.size < MOU_PROBLEM_SIZE);
    for (size_t i = 0; i < slice.size; i++)
        must(slice.bytes[i] >= ' ' && slice.bytes[i] < 0x7f);
}

static void try_mou(struct slice input)
{
    struct mou mou;
    struct mou_problem problem;
    struct mou_signature signature = { { "" }, { 0 } };
    struct mou_id id;
    enum err err = mou_read(desk.crypto, input, &desk.arena, &mou, &problem);
    must_be_line(problem.path);
    must_be_line(problem.reason);
    must_be_line(problem.remedy);
    must((err == ERR_NONE) == (problem.reason[0] == '\0'));
    if (err != ERR_NONE)
        return;
    must(slice_equal(mou_bytes(&mou, &desk.arena), input));
    must(mou_check(NULL, &mou, false, &problem) == ERR_NONE);
    mou_id_of(desk.crypto, input, &id);
    signature.agency = mou.parties[0].agency;
    must(!mou_signature_holds(desk.crypto, &mou, &id, &signature));
    must(!mou_is_signed(&mou, &signature, 1));
}

static void try_offer(struct slice input)
{
    struct mou_bundle bundle;
    if (mou_offer_read(desk.crypto, input, &desk.arena, &bundle) != ERR_NONE)
        return;
    must(slice_equal(mou_offer_write(&bundle, &desk.arena), input));
    try_mou(bundle.mou);
}

static void try_signatures(struct slice input)
{
    struct mou_bundle bundle;
    if (mou_signatures_read(input, &desk.arena, &bundle) == ERR_NONE)
        must(slice_equal(mou_signatures_write(&bundle, &desk.arena), input));
}

static void try_in_force(struct slice input)
{
    struct mou_id id;
    if (mou_in_force_read(input, &desk.arena, &id) == ERR_NONE)
        must(slice_equal(mou_in_force_write(&id, &desk.arena), input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(
        struct slice) = { try_mou, try_offer, try_signatures, try_in_force };
    if (desk.crypto == NULL) {
        desk.crypto = crypto_fake_new(1, 0, 0);
        must(arena_init(&desk.arena, DECODE_ARENA_SIZE) == ERR_NONE);
    }
    if (size == 0 || size > 2 * CONTENT_SIZE_MAX)
        return 0;
    arena_reset(&desk.arena);
    tries[data[0] % 4](slice_of(data + 1, size - 1));
    return 0;
}
