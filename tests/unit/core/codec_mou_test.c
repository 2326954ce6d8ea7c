#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "core/codec.h"
#include "core/codec_mou.h"
#include "refer/v1/mou.pb-c.h"
#include "support/crypto_plain.h"

/* Made by another program with the RFC 8032 keys of seeds 00..1f and 20..3f. */

static const char golden_mou[] =
    "0a1075726e3a6d6f753a746573743a6f6e65120c54776f206167656e636965731801"
    "2080d0eab6b7332880a8aff4ac34324d0a016112084167656e637920411a1a347a69"
    "646b6764616e7267696a73706368687668716179736269222003a107bff3ce10be1d"
    "70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b82801324d0a016212084167"
    "656e637920421a1a70366c6f6361646661366c717676736833326c6e6c6170337772"
    "222029acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7"
    "30013a130a06622e68656c701201621a0448656c70200142130a01611206622e6865"
    "6c701a0468656c7028014a1b0a0468656c70120963616c6c5f6e616d651a086c616e"
    "6775616765520570686f746f585a620161620162";

static const char golden_signature[] =
    "25c65b19d92e00dccd6b950bda76169f081642c58dccc36b58b306830b92331c83cf"
    "62f658ea5d5dc1a46cb8ab1c031102925f44021c276741a666edbaf26106";

static void a_golden_agreement_reads_verifies_and_writes_the_same(void **state)
{
    struct crypto *crypto = crypto_plain_new();
    struct arena arena;
    struct mou mou;
    struct mou_problem problem;
    struct mou_id id;
    struct mou_signature signature;
    uint8_t bytes[sizeof golden_mou / 2];
    char text[MOU_ID_TEXT_SIZE + 1];
    size_t size;
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 16), ERR_NONE);
    assert_int_equal(
        text_hex_decode(slice_of_text(golden_mou), bytes, sizeof bytes, &size),
        ERR_NONE);
    struct slice golden = slice_of(bytes, size);
    assert_int_equal(
        mou_read(crypto, golden, &arena, &mou, &problem), ERR_NONE);
    assert_true(slice_is(mou.title, "Two agencies"));
    assert_true(slice_equal(mou_bytes(&mou, &arena), golden));
    mou_id_of(crypto, golden, &id);
    mou_id_format(&id, text);
    assert_string_equal(text,
        "7b306706773695863dd17f285a500fb8fa964daab2c4559a23a85eeb26e914b9");
    signature.agency = mou.parties[0].agency;
    assert_int_equal(text_hex_decode(slice_of_text(golden_signature),
                         signature.signature, SIGNATURE_SIZE, &size),
        ERR_NONE);
    assert_true(mou_signature_holds(crypto, &mou, &id, &signature));
    signature.signature[0] ^= 1;
    assert_false(mou_signature_holds(crypto, &mou, &id, &signature));
    arena_release(&arena);
    crypto_plain_free(crypto);
}

/* ---- Documents that no writer of ours makes ---- */

/* An agreement with one row of each kind, as protobuf-c's own structure. */
struct draft {
    uint8_t key[KEY_SIZE];
    Refer__V1__Mou mou;
    Refer__V1__MouParty party;
    Refer__V1__MouService service;
    Refer__V1__MouPathway pathway;
    Refer__V1__MouPurpose purpose;
    Refer__V1__MouParty *parties[MOU_PARTY_COUNT_MAX + 1];
    Refer__V1__MouService *services[MOU_SERVICE_COUNT_MAX + 1];
    Refer__V1__MouPathway *pathways[MOU_PATHWAY_COUNT_MAX + 1];
    Refer__V1__MouPurpose *purposes[MOU_PURPOSE_COUNT_MAX + 1];
    char *codes[MOU_ELEMENT_COUNT_MAX + 1];
};

static char agency[] = "4zidkgdanrgijspchhvhqaysbi";
static char code[] = "a";
static char empty[] = "";

static void draft_fill(struct draft *draft)
{
    for (size_t i = 0; i < MOU_PARTY_COUNT_MAX + 1; i++)
        draft->parties[i] = &draft->party;
    for (size_t i = 0; i < MOU_SERVICE_COUNT_MAX + 1; i++)
        draft->services[i] = &draft->service;
    for (size_t i = 0; i < MOU_PATHWAY_COUNT_MAX + 1; i++)
        draft->pathways[i] = &draft->pathway;
    for (size_t i = 0; i < MOU_PURPOSE_COUNT_MAX + 1; i++)
        draft->purposes[i] = &draft->purpose;
    for (size_t i = 0; i < MOU_ELEMENT_COUNT_MAX + 1; i++)
        draft->codes[i] = code;
}

static void draft_init(struct draft *draft)
{
    memset(draft, 0, sizeof *draft);
    refer__v1__mou__init(&draft->mou);
    refer__v1__mou_party__init(&draft->party);
    refer__v1__mou_service__init(&draft->service);
    refer__v1__mou_pathway__init(&draft->pathway);
    refer__v1__mou_purpose__init(&draft->purpose);
    draft_fill(draft);
    draft->key[0] = 1;
    draft->party.agency = agency;
    draft->party.root_key =
        (ProtobufCBinaryData){ .len = KEY_SIZE, .data = draft->key };
    draft->purpose.required = draft->purpose.allowed = draft->codes;
    draft->mou.never_share = draft->mou.signatures_required = draft->codes;
    draft->mou.parties = draft->parties;
    draft->mou.services = draft->services;
    draft->mou.pathways = draft->pathways;
    draft->mou.purposes = draft->purposes;
    draft->mou.n_parties = draft->mou.n_services = 1;
    draft->mou.n_pathways = draft->mou.n_purposes = 1;
}

#define SPOIL(name, ...)                                                       \
    static void name(struct draft *draft)                                      \
    {                                                                          \
        __VA_ARGS__;                                                           \
    }

SPOIL(nothing, (void)draft)
SPOIL(party_unbound, draft->party.agency = empty; draft->party.root_key.len = 0)
SPOIL(party_without_key, draft->party.root_key.len = 0)
SPOIL(party_with_a_short_key, draft->party.root_key.len = KEY_SIZE - 1)
SPOIL(party_without_agency, draft->party.agency = empty)
SPOIL(party_of_no_agency, draft->party.agency = code)
SPOIL(forward_unknown, draft->pathway.forward = 3)
SPOIL(from_beyond_time, draft->mou.from_ms = UINT64_C(1) << 63)
SPOIL(until_beyond_time, draft->mou.until_ms = UINT64_C(1) << 63)
SPOIL(at_all_limits, draft->mou.n_parties = MOU_PARTY_COUNT_MAX;
      draft->mou.n_services = MOU_SERVICE_COUNT_MAX;
      draft->mou.n_pathways = MOU_PATHWAY_COUNT_MAX;
      draft->mou.n_purposes = MOU_PURPOSE_COUNT_MAX;
      draft->purpose.n_required = MOU_ELEMENT_COUNT_MAX;
      draft->purpose.n_allowed = MOU_ELEMENT_COUNT_MAX;
      draft->mou.n_never_share = MOU_ELEMENT_COUNT_MAX;
      draft->mou.n_signatures_required = MOU_PARTY_COUNT_MAX)
SPOIL(many_parties, draft->mou.n_parties = MOU_PARTY_COUNT_MAX + 1)
SPOIL(many_services, draft->mou.n_services = MOU_SERVICE_COUNT_MAX + 1)
SPOIL(many_pathways, draft->mou.n_pathways = MOU_PATHWAY_COUNT_MAX + 1)
SPOIL(many_purposes, draft->mou.n_purposes = MOU_PURPOSE_COUNT_MAX + 1)
SPOIL(many_required, draft->purpose.n_required = MOU_ELEMENT_COUNT_MAX + 1)
SPOIL(many_allowed, draft->purpose.n_allowed = MOU_ELEMENT_COUNT_MAX + 1)
SPOIL(many_never, draft->mou.n_never_share = MOU_ELEMENT_COUNT_MAX + 1)
SPOIL(
    many_signatures, draft->mou.n_signatures_required = MOU_PARTY_COUNT_MAX + 1)

/* clang-format off */
static const struct {
    void (*spoil)(struct draft *);
    enum err err;
} drafts[] = {
    { nothing,                ERR_NONE },
    { party_unbound,          ERR_NONE }, /* mou_check says so */
    { party_without_key,      ERR_MALFORMED },
    { party_with_a_short_key, ERR_MALFORMED },
    { party_without_agency,   ERR_MALFORMED },
    { party_of_no_agency,     ERR_MALFORMED },
    { forward_unknown,        ERR_MALFORMED },
    { from_beyond_time,       ERR_MALFORMED },
    { until_beyond_time,      ERR_MALFORMED },
    { at_all_limits,          ERR_NONE },
    { many_parties,           ERR_LIMIT },
    { many_services,          ERR_LIMIT },
    { many_pathways,          ERR_LIMIT },
    { many_purposes,          ERR_LIMIT },
    { many_required,          ERR_LIMIT },
    { many_allowed,           ERR_LIMIT },
    { many_never,             ERR_LIMIT },
    { many_signatures,        ERR_LIMIT },
};
/* clang-format on */

static void open_arena(struct arena *arena)
{
    assert_int_equal(arena_init(arena, 8 << 20), ERR_NONE);
}

static void the_form_of_an_agreement_is_strict(void **state)
{
    struct arena arena;
    struct draft *draft = test_malloc(sizeof *draft);
    (void)state;
    open_arena(&arena);
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++) {
        struct mou mou;
        draft_init(draft);
        drafts[i].spoil(draft);
        struct slice bytes = codec_pack(&draft->mou.base, &arena);
        assert_int_equal(codec_mou_read(bytes, &arena, &mou), drafts[i].err);
        /* what is read can be written, and is the same */
        if (drafts[i].err == ERR_NONE)
            assert_true(slice_equal(codec_mou_write(&mou, &arena), bytes));
        arena_reset(&arena);
    }
    arena_release(&arena);
    test_free(draft);
}

static void an_agreement_has_a_largest_size(void **state)
{
    static char title[MOU_SIZE_MAX];
    struct arena arena;
    struct mou mou = { .title = slice_of(title, sizeof title - 1) };
    (void)state;
    open_arena(&arena);
    memset(title, 'x', sizeof title - 1);
    assert_null(codec_mou_write(&mou, &arena).bytes);
    mou.title.size -= 4; /* of the field's tag and size, as it happens */
    struct slice bytes = codec_mou_write(&mou, &arena);
    assert_int_equal(bytes.size, MOU_SIZE_MAX - 1);
    assert_int_equal(codec_mou_read(bytes, &arena, &mou), ERR_NONE);
    assert_int_equal(
        codec_mou_read(slice_of(bytes.bytes, MOU_SIZE_MAX + 1), &arena, &mou),
        ERR_LIMIT);
    mou.from.unix_ms = -1;
    assert_null(codec_mou_write(&mou, &arena).bytes);
    arena_release(&arena);
}

/* ---- Contents of entries ---- */

static void an_offer_of_nothing_or_of_two_by_one_is_refused(void **state)
{
    static struct mou_signature signatures[MOU_PARTY_COUNT_MAX + 1];
    static uint8_t large[CONTENT_SIZE_MAX];
    struct crypto *crypto = crypto_plain_new();
    struct arena arena;
    struct mou_bundle bundle = { .signatures = signatures };
    struct mou_bundle back;
    (void)state;
    open_arena(&arena);
    for (size_t i = 0; i < MOU_PARTY_COUNT_MAX + 1; i++) {
        memset(signatures[i].agency.text, 'a', AGENCY_ID_SIZE);
        signatures[i].agency.text[0] = (char)('a' + i % 26);
        signatures[i].agency.text[1] = (char)('a' + i / 26);
    }
    struct slice bytes = mou_offer_write(&bundle, &arena);
    assert_int_equal(
        mou_offer_read(crypto, bytes, &arena, &back), ERR_MALFORMED);
    bundle.signature_count = MOU_PARTY_COUNT_MAX;
    bytes = mou_signatures_write(&bundle, &arena);
    assert_int_equal(mou_signatures_read(bytes, &arena, &back), ERR_NONE);
    assert_int_equal(back.signature_count, MOU_PARTY_COUNT_MAX);
    bundle.signature_count++;
    assert_null(mou_signatures_write(&bundle, &arena).bytes);
    bundle.signature_count = 2;
    signatures[1].agency = signatures[0].agency;
    bytes = mou_signatures_write(&bundle, &arena);
    assert_int_equal(mou_signatures_read(bytes, &arena, &back), ERR_MALFORMED);
    bundle.signature_count = 0;
    bundle.mou = SLICE_ARRAY(large);
    assert_null(mou_offer_write(&bundle, &arena).bytes);
    arena_release(&arena);
    crypto_plain_free(crypto);
}

static void in_force_here_names_one_agreement(void **state)
{
    struct arena arena;
    struct mou_id id = { { 1, 2, 3 } };
    struct mou_id back;
    (void)state;
    assert_int_equal(arena_init(&arena, 4096), ERR_NONE);
    struct slice bytes = mou_in_force_write(&id, &arena);
    assert_int_equal(bytes.size, 34);
    assert_int_equal(mou_in_force_read(bytes, &arena, &back), ERR_NONE);
    assert_true(mou_id_equal(&id, &back));
    assert_int_equal(
        mou_in_force_read(SLICE_LITERAL("\x0a\x01x"), &arena, &back),
        ERR_MALFORMED);
    assert_int_equal(
        mou_in_force_read(SLICE_NONE, &arena, &back), ERR_MALFORMED);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_golden_agreement_reads_verifies_and_writes_the_same),
        cmocka_unit_test(the_form_of_an_agreement_is_strict),
        cmocka_unit_test(an_agreement_has_a_largest_size),
        cmocka_unit_test(an_offer_of_nothing_or_of_two_by_one_is_refused),
        cmocka_unit_test(in_force_here_names_one_agreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
