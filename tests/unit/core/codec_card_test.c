#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "core/codec.h"
#include "core/codec_card.h"
#include "refer/v1/card.pb-c.h"
#include "support/crypto_plain.h"

/* Made by another program with the RFC 8032 keys of seeds 00..1f and 20..3f. */

static const char golden_card[] =
    "0aff010a2003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc866412"
    "5531b81001220ac39670656e20446f6f722a1f746c732b7463703a2f2f676174652e"
    "6578616d706c652e6f72673a3734343332320802122029acbae141bccaf0b22e1a94"
    "d34d0bc7361e526d0bfe12c89794bc9322966dd71880d0eab6b7332080a8aff4ac34"
    "32320805122007070707070707070707070707070707070707070707070707070707"
    "070707071880d0eab6b7332080a8aff4ac343a360a06696e74616b65120a46726f6e"
    "74206465736b1a0d2b30303020353535203031303122114d6f2d46722030393a3030"
    "2d31373a30304080d0eab6b7334880a8aff4ac3412403c0cac8a1342c4121b320115"
    "397d376371e8affb139727450a3a7c4a6a37f5bd7d40931336445ffd4773bad04e5d"
    "ac6b1de0eee848871f3520847aff197a5b03";

static void a_golden_card_reads_and_writes_the_same(void **state)
{
    struct crypto *crypto = crypto_plain_new();
    struct arena arena;
    struct card card;
    struct card_problem problem;
    uint8_t bytes[sizeof golden_card / 2];
    uint8_t signature[SIGNATURE_SIZE];
    size_t size;
    (void)state;
    assert_int_equal(arena_init(&arena, 1 << 16), ERR_NONE);
    assert_int_equal(
        text_hex_decode(slice_of_text(golden_card), bytes, sizeof bytes, &size),
        ERR_NONE);
    struct slice golden = slice_of(bytes, size);
    assert_int_equal(
        card_read(crypto, golden, &arena, &card, &problem), ERR_NONE);
    assert_string_equal(card.agency.text, "4zidkgdanrgijspchhvhqaysbi");
    assert_true(slice_is(card.name, "\xc3\x96pen Door"));
    assert_true(slice_is(card.endpoints[0], "tls+tcp://gate.example.org:7443"));
    assert_int_equal(card.issued.unix_ms, INT64_C(1767225600000));
    assert_non_null(card_key_find(
        crypto, &card, KEY_WITNESS, UINT64_C(0x634f5ad80687c7ab)));

    struct slice again = card_bytes(&card, &arena);
    memcpy(signature, bytes + size - SIGNATURE_SIZE, SIGNATURE_SIZE);
    assert_true(slice_equal(card_assemble(again, signature, &arena), golden));
    arena_release(&arena);
    crypto_plain_free(crypto);
}

/* ---- Documents that no writer of ours makes ---- */

/* A card of one key and one contact, as protobuf-c's own structure. */
struct draft {
    uint8_t bytes[40];
    Refer__V1__Card card;
    Refer__V1__Key key;
    Refer__V1__Contact contact;
    Refer__V1__Key *keys[CARD_KEY_COUNT_MAX + 1];
    Refer__V1__Contact *contacts[CARD_CONTACT_COUNT_MAX + 1];
    char *endpoints[CARD_ENDPOINT_COUNT_MAX + 1];
};

static void draft_init(struct draft *draft)
{
    static char endpoint[] = "tls+tcp://a:1";
    memset(draft, 0, sizeof *draft);
    refer__v1__card__init(&draft->card);
    refer__v1__key__init(&draft->key);
    refer__v1__contact__init(&draft->contact);
    draft->bytes[0] = 1;
    draft->key.purpose = REFER__V1__KEY_PURPOSE__KEY_PURPOSE_LOG;
    draft->key.public_key =
        (ProtobufCBinaryData){ .len = KEY_SIZE, .data = draft->bytes };
    draft->card.root_key = draft->key.public_key;
    for (size_t i = 0; i < CARD_KEY_COUNT_MAX + 1; i++)
        draft->keys[i] = &draft->key;
    for (size_t i = 0; i < CARD_CONTACT_COUNT_MAX + 1; i++)
        draft->contacts[i] = &draft->contact;
    for (size_t i = 0; i < CARD_ENDPOINT_COUNT_MAX + 1; i++)
        draft->endpoints[i] = endpoint;
    draft->card.keys = draft->keys;
    draft->card.n_keys = 1;
    draft->card.contacts = draft->contacts;
    draft->card.n_contacts = 1;
    draft->card.endpoints = draft->endpoints;
    draft->card.n_endpoints = 1;
}

#define SPOIL(name, ...)                                                       \
    static void name(struct draft *draft)                                      \
    {                                                                          \
        __VA_ARGS__;                                                           \
    }

SPOIL(nothing, (void)draft)
SPOIL(root_key_short, draft->card.root_key.len = KEY_SIZE - 1)
SPOIL(root_key_long, draft->card.root_key.len = KEY_SIZE + 1)
SPOIL(root_key_missing, draft->card.root_key.len = 0)
SPOIL(key_short, draft->key.public_key.len = KEY_SIZE - 1)
SPOIL(key_without_purpose, draft->key.purpose = 0)
SPOIL(key_of_an_unknown_purpose, draft->key.purpose = 6)
SPOIL(key_from_beyond_time, draft->key.valid_from_ms = UINT64_C(1) << 63)
SPOIL(key_until_beyond_time, draft->key.valid_until_ms = UINT64_MAX)
SPOIL(issued_beyond_time, draft->card.issued_ms = UINT64_C(1) << 63)
SPOIL(valid_beyond_time, draft->card.valid_until_ms = UINT64_C(1) << 63)
SPOIL(at_all_limits, draft->card.n_keys = CARD_KEY_COUNT_MAX;
      draft->card.n_contacts = CARD_CONTACT_COUNT_MAX;
      draft->card.n_endpoints = CARD_ENDPOINT_COUNT_MAX)
SPOIL(many_keys, draft->card.n_keys = CARD_KEY_COUNT_MAX + 1)
SPOIL(many_contacts, draft->card.n_contacts = CARD_CONTACT_COUNT_MAX + 1)
SPOIL(many_endpoints, draft->card.n_endpoints = CARD_ENDPOINT_COUNT_MAX + 1)

/* clang-format off */
static const struct {
    void (*spoil)(struct draft *);
    enum err err;
} drafts[] = {
    { nothing,                   ERR_NONE },
    { root_key_short,            ERR_MALFORMED },
    { root_key_long,             ERR_MALFORMED },
    { root_key_missing,          ERR_MALFORMED },
    { key_short,                 ERR_MALFORMED },
    { key_without_purpose,       ERR_MALFORMED },
    { key_of_an_unknown_purpose, ERR_MALFORMED },
    { key_from_beyond_time,      ERR_MALFORMED },
    { key_until_beyond_time,     ERR_MALFORMED },
    { issued_beyond_time,        ERR_MALFORMED },
    { valid_beyond_time,         ERR_MALFORMED },
    { at_all_limits,             ERR_NONE },
    { many_keys,                 ERR_LIMIT },
    { many_contacts,             ERR_LIMIT },
    { many_endpoints,            ERR_LIMIT },
};
/* clang-format on */

static void open_arena(struct arena *arena)
{
    assert_int_equal(arena_init(arena, 1 << 18), ERR_NONE);
}

static void the_form_of_a_card_is_strict(void **state)
{
    struct arena arena;
    (void)state;
    open_arena(&arena);
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++) {
        struct draft draft;
        struct card card;
        draft_init(&draft);
        drafts[i].spoil(&draft);
        struct slice bytes = codec_pack(&draft.card.base, &arena);
        assert_int_equal(codec_card_read(bytes, &arena, &card), drafts[i].err);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

static void a_card_has_a_largest_size(void **state)
{
    static char name[CARD_SIZE_MAX];
    struct arena arena;
    struct draft draft;
    struct card card;
    (void)state;
    open_arena(&arena);
    memset(name, 'x', sizeof name - 1);
    draft_init(&draft);
    draft.card.name = name;
    struct slice bytes = codec_pack(&draft.card.base, &arena);
    assert_int_equal(codec_card_read(bytes, &arena, &card), ERR_LIMIT);
    const struct signed_bytes frame = { .bytes = bytes };
    assert_null(codec_signed_card_write(&frame, &arena).bytes);
    assert_null(codec_signed_sheet_write(&frame, &arena).bytes);
    arena_release(&arena);
}

static void a_writer_stops_at_the_limits(void **state)
{
    static const struct card_key keys[CARD_KEY_COUNT_MAX + 1];
    static const struct card_contact contacts[CARD_CONTACT_COUNT_MAX + 1];
    static const struct slice endpoints[CARD_ENDPOINT_COUNT_MAX + 1];
    struct card card = {
        .keys = keys,
        .key_count = CARD_KEY_COUNT_MAX,
        .contacts = contacts,
        .contact_count = CARD_CONTACT_COUNT_MAX,
        .endpoints = endpoints,
        .endpoint_count = CARD_ENDPOINT_COUNT_MAX,
    };
    struct arena arena;
    (void)state;
    open_arena(&arena);
    assert_non_null(codec_card_write(&card, &arena).bytes);
    card.endpoint_count++;
    assert_null(codec_card_write(&card, &arena).bytes);
    card.endpoint_count--;
    card.key_count++;
    assert_null(codec_card_write(&card, &arena).bytes);
    card.key_count--;
    card.contact_count++;
    assert_null(codec_card_write(&card, &arena).bytes);
    card.contact_count--;
    card.issued.unix_ms = -1;
    assert_null(codec_card_write(&card, &arena).bytes);
    arena_release(&arena);
}

static void a_signature_has_one_size(void **state)
{
    struct arena arena;
    struct signed_bytes frame;
    uint8_t signature[SIGNATURE_SIZE + 1] = { 1 };
    (void)state;
    open_arena(&arena);
    for (size_t size = SIGNATURE_SIZE - 1; size <= sizeof signature; size++) {
        enum err expected = size == SIGNATURE_SIZE ? ERR_NONE : ERR_MALFORMED;
        Refer__V1__SignedCard card = REFER__V1__SIGNED_CARD__INIT;
        Refer__V1__SignedKeySheet sheet = REFER__V1__SIGNED_KEY_SHEET__INIT;
        card.signature = sheet.signature =
            (ProtobufCBinaryData){ .len = size, .data = signature };
        assert_int_equal(codec_signed_card_read(
                             codec_pack(&card.base, &arena), &arena, &frame),
            expected);
        assert_int_equal(codec_signed_sheet_read(
                             codec_pack(&sheet.base, &arena), &arena, &frame),
            expected);
    }
    arena_release(&arena);
}

static void the_form_of_a_key_sheet_is_strict(void **state)
{
    struct arena arena;
    struct key_sheet sheet;
    uint8_t bytes[KEY_SIZE] = { 1 };
    char agency[] = "4zidkgdanrgijspchhvhqaysbi";
    Refer__V1__KeySheet draft = REFER__V1__KEY_SHEET__INIT;
    Refer__V1__SealingKey key = REFER__V1__SEALING_KEY__INIT;
    Refer__V1__SealingKey *keys[SHEET_KEY_COUNT_MAX + 1];
    (void)state;
    open_arena(&arena);
#define READ() codec_sheet_read(codec_pack(&draft.base, &arena), &arena, &sheet)
    for (size_t i = 0; i < SHEET_KEY_COUNT_MAX + 1; i++)
        keys[i] = &key;
    key.public_key = (ProtobufCBinaryData){ .len = KEY_SIZE, .data = bytes };
    draft.agency = agency;
    draft.keys = keys;
    draft.n_keys = SHEET_KEY_COUNT_MAX;
    assert_int_equal(READ(), ERR_NONE);
    draft.n_keys++;
    assert_int_equal(READ(), ERR_LIMIT);
    draft.n_keys = 1;
    key.public_key.len--;
    assert_int_equal(READ(), ERR_MALFORMED);
    key.public_key.len++;
    key.valid_from_ms = UINT64_C(1) << 63;
    assert_int_equal(READ(), ERR_MALFORMED);
    key.valid_from_ms = 0;
    key.valid_until_ms = UINT64_C(1) << 63;
    assert_int_equal(READ(), ERR_MALFORMED);
    key.valid_until_ms = 0;
    draft.issued_ms = UINT64_C(1) << 63;
    assert_int_equal(READ(), ERR_MALFORMED);
    draft.issued_ms = 0;
    agency[0] = 'A';
    assert_int_equal(READ(), ERR_MALFORMED);
    agency[0] = '4';
    assert_int_equal(READ(), ERR_NONE);
#undef READ
    arena_release(&arena);
}

static void a_sheets_writer_stops_at_the_limits(void **state)
{
    static struct sealing_key keys[SHEET_KEY_COUNT_MAX + 1];
    struct key_sheet sheet = { .keys = keys, .key_count = SHEET_KEY_COUNT_MAX };
    struct arena arena;
    (void)state;
    open_arena(&arena);
    assert_non_null(codec_sheet_write(&sheet, &arena).bytes);
    sheet.key_count++;
    assert_null(codec_sheet_write(&sheet, &arena).bytes);
    sheet.key_count = 1;
    sheet.issued.unix_ms = -1;
    assert_null(codec_sheet_write(&sheet, &arena).bytes);
    sheet.issued.unix_ms = 0;
    keys[0].until.unix_ms = -1;
    assert_null(codec_sheet_write(&sheet, &arena).bytes);
    keys[0].until.unix_ms = 0;
    arena_release(&arena);
}

/* Whatever the arena's size, a reader says so and a writer too. */
static void a_full_arena_is_an_error(void **state)
{
    uint8_t bytes[sizeof golden_card / 2];
    size_t size;
    bool was_read = false;
    bool was_written = false;
    struct arena kept;
    struct card card;
    struct signed_bytes frame;
    (void)state;
    open_arena(&kept);
    assert_int_equal(
        text_hex_decode(slice_of_text(golden_card), bytes, sizeof bytes, &size),
        ERR_NONE);
    assert_int_equal(
        codec_signed_card_read(slice_of(bytes, size), &kept, &frame), ERR_NONE);
    assert_int_equal(codec_card_read(frame.bytes, &kept, &card), ERR_NONE);
    for (size_t capacity = 16; capacity < 4096; capacity += 16) {
        struct arena small;
        struct card other;
        assert_int_equal(arena_init(&small, capacity), ERR_NONE);
        enum err err = codec_card_read(frame.bytes, &small, &other);
        assert_true(err == ERR_NONE || !was_read);
        was_read = err == ERR_NONE;
        arena_reset(&small);
        struct slice written = codec_card_write(&card, &small);
        assert_true(written.bytes != NULL || !was_written);
        was_written = written.bytes != NULL;
        arena_release(&small);
    }
    assert_true(was_read && was_written);
    arena_release(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_golden_card_reads_and_writes_the_same),
        cmocka_unit_test(the_form_of_a_card_is_strict),
        cmocka_unit_test(a_card_has_a_largest_size),
        cmocka_unit_test(a_writer_stops_at_the_limits),
        cmocka_unit_test(a_signature_has_one_size),
        cmocka_unit_test(the_form_of_a_key_sheet_is_strict),
        cmocka_unit_test(a_sheets_writer_stops_at_the_limits),
        cmocka_unit_test(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
