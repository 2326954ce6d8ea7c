#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/card.h"
#include "support/crypto_fake.h"

#define ISSUED ((struct instant){ 1767225600000 }) /* 2026-01-01 */
#define DAY_MS INT64_C(86400000)
#define DAY 20454u /* 2026-01-01 */

static struct instant days_later(int days)
{
    return (struct instant){ ISSUED.unix_ms + days * DAY_MS };
}

/* What each test starts from: a card with all that a card can have. */
struct desk {
    struct crypto *crypto;
    struct arena arena;
    struct card card;
    struct card_key keys[CARD_KEY_COUNT_MAX + 1];
    struct card_contact contacts[CARD_CONTACT_COUNT_MAX + 1];
    struct slice endpoints[CARD_ENDPOINT_COUNT_MAX + 1];
};

static void set_key(struct desk *desk, size_t index, enum key_purpose purpose)
{
    desk->keys[index].purpose = purpose;
    desk->keys[index].from = days_later(0);
    desk->keys[index].until = days_later(90);
    memset(desk->keys[index].key, (int)index + 1, KEY_SIZE);
}

static void desk_open(struct desk *desk)
{
    *desk = (struct desk){ .crypto = crypto_fake_new(1, DAY, 3) };
    assert_int_equal(arena_init(&desk->arena, 1 << 20), ERR_NONE);
    for (size_t i = 0; i < CARD_KEY_COUNT_MAX + 1; i++)
        set_key(desk, i, (enum key_purpose)(KEY_LOG + i % 5));
    assert_int_equal(desk->crypto->ops->signer_public(desk->crypto,
                         CRYPTO_SIGNER_OPERATION, desk->keys[2].key),
        ERR_NONE);
    for (size_t i = 0; i < CARD_CONTACT_COUNT_MAX + 1; i++)
        desk->contacts[i] = (struct card_contact){
            .role = SLICE_LITERAL("intake"),
            .name = SLICE_LITERAL("Front desk"),
            .phone = SLICE_LITERAL("+000 555 0101"),
            .hours = SLICE_LITERAL("Mo-Fr 09:00-17:00"),
        };
    for (size_t i = 0; i < CARD_ENDPOINT_COUNT_MAX + 1; i++)
        desk->endpoints[i] = SLICE_LITERAL("tls+tcp://[2001:db8::1]:7443");
    desk->card = (struct card){
        .serial = 1,
        .name = SLICE_LITERAL("Open Door"),
        .endpoints = desk->endpoints,
        .endpoint_count = 2,
        .keys = desk->keys,
        .key_count = 6,
        .contacts = desk->contacts,
        .contact_count = 2,
        .issued = days_later(0),
        .valid_until = days_later(365),
    };
    crypto_fake_root_public(desk->crypto, desk->card.root_key);
}

static void desk_close(struct desk *desk)
{
    arena_release(&desk->arena);
    crypto_fake_free(desk->crypto);
}

static struct slice sign_card(struct desk *desk)
{
    uint8_t signature[SIGNATURE_SIZE];
    struct slice bytes = card_bytes(&desk->card, &desk->arena);
    assert_non_null(bytes.bytes);
    crypto_fake_root_sign(
        desk->crypto, card_statement(bytes, &desk->arena), signature);
    struct slice card = card_assemble(bytes, signature, &desk->arena);
    assert_non_null(card.bytes);
    return card;
}

static enum err read_signed(struct desk *desk, struct card_problem *problem)
{
    struct card card;
    return card_read(
        desk->crypto, sign_card(desk), &desk->arena, &card, problem);
}

static void what_is_written_reads_back(void **state)
{
    struct desk desk;
    struct card card;
    struct card_problem problem;
    struct agency_id agency;
    (void)state;
    desk_open(&desk);
    desk.card.serial = 2;
    desk.card.previous = slice_of(desk.keys[0].key, HASH_SIZE);
    assert_int_equal(
        card_read(desk.crypto, sign_card(&desk), &desk.arena, &card, &problem),
        ERR_NONE);
    assert_string_equal(problem.what, "");
    agency_id_of(desk.crypto, desk.card.root_key, &agency);
    assert_true(agency_id_equal(&card.agency, &agency));
    assert_memory_equal(card.root_key, desk.card.root_key, KEY_SIZE);
    assert_int_equal(card.serial, 2);
    assert_true(slice_equal(card.previous, desk.card.previous));
    assert_true(slice_is(card.name, "Open Door"));
    assert_int_equal(card.endpoint_count, 2);
    assert_true(slice_equal(card.endpoints[1], desk.endpoints[1]));
    assert_int_equal(card.key_count, 6);
    for (size_t i = 0; i < card.key_count; i++) {
        assert_int_equal(card.keys[i].purpose, desk.keys[i].purpose);
        assert_memory_equal(card.keys[i].key, desk.keys[i].key, KEY_SIZE);
        assert_int_equal(card.keys[i].from.unix_ms, ISSUED.unix_ms);
        assert_int_equal(card.keys[i].until.unix_ms, days_later(90).unix_ms);
    }
    assert_int_equal(card.contact_count, 2);
    assert_true(slice_is(card.contacts[1].role, "intake"));
    assert_true(slice_is(card.contacts[1].name, "Front desk"));
    assert_true(slice_is(card.contacts[1].phone, "+000 555 0101"));
    assert_true(slice_is(card.contacts[1].hours, "Mo-Fr 09:00-17:00"));
    assert_int_equal(card.issued.unix_ms, ISSUED.unix_ms);
    assert_int_equal(card.valid_until.unix_ms, days_later(365).unix_ms);
    desk_close(&desk);
}

/* ---- What is refused ---- */

static void root_key_of_low_order(struct desk *desk)
{
    memset(desk->card.root_key, 0, KEY_SIZE);
}

static void serial_zero(struct desk *desk)
{
    desk->card.serial = 0;
}

static void previous_in_the_first(struct desk *desk)
{
    desk->card.previous = slice_of(desk->keys[0].key, HASH_SIZE);
}

static void previous_missing(struct desk *desk)
{
    desk->card.serial = 2;
}

static void previous_too_short(struct desk *desk)
{
    desk->card.serial = 2;
    desk->card.previous = slice_of(desk->keys[0].key, HASH_SIZE - 1);
}

static void name_empty(struct desk *desk)
{
    desk->card.name = SLICE_NONE;
}

static void name_of_two_lines(struct desk *desk)
{
    desk->card.name = SLICE_LITERAL("Open\nDoor");
}

static void name_with_a_space_behind(struct desk *desk)
{
    desk->card.name = SLICE_LITERAL("Open Door ");
}

static void ends_when_it_begins(struct desk *desk)
{
    desk->card.valid_until = desk->card.issued;
}

static void endpoint_without_port(struct desk *desk)
{
    desk->endpoints[1] = SLICE_LITERAL("tls+tcp://gate.example.org");
}

static void key_ends_when_it_begins(struct desk *desk)
{
    desk->keys[4].until = desk->keys[4].from;
}

static void log_key_of_low_order(struct desk *desk)
{
    memset(desk->keys[0].key, 0, KEY_SIZE);
}

static void operation_key_not_canonical(struct desk *desk)
{
    memset(desk->keys[2].key, 0xff, KEY_SIZE);
}

static void one_key_for_two_purposes(struct desk *desk)
{
    memcpy(desk->keys[1].key, desk->keys[0].key, KEY_SIZE);
}

static void root_key_for_a_purpose(struct desk *desk)
{
    memcpy(desk->keys[1].key, desk->card.root_key, KEY_SIZE);
}

static void contact_without_role(struct desk *desk)
{
    desk->contacts[1].role = SLICE_NONE;
}

static void phone_of_two_lines(struct desk *desk)
{
    desk->contacts[0].phone = SLICE_LITERAL("1\n2");
}

static void hours_too_long(struct desk *desk)
{
    static char hours[NAME_SIZE_MAX + 2];
    memset(hours, 'x', sizeof hours - 1);
    desk->contacts[0].hours = slice_of_text(hours);
}

/* clang-format off */
static const struct {
    void (*spoil)(struct desk *);
    enum err err;
    const char *where;
} refused[] = {
    { root_key_of_low_order,       ERR_KEY,       "root_key" },
    { serial_zero,                 ERR_MALFORMED, "serial" },
    { previous_in_the_first,       ERR_MALFORMED, "previous" },
    { previous_missing,            ERR_MALFORMED, "previous" },
    { previous_too_short,          ERR_MALFORMED, "previous" },
    { name_empty,                  ERR_MALFORMED, "name" },
    { name_of_two_lines,           ERR_MALFORMED, "name" },
    { name_with_a_space_behind,    ERR_MALFORMED, "name" },
    { ends_when_it_begins,         ERR_MALFORMED, "valid_until_ms" },
    { endpoint_without_port,       ERR_MALFORMED, "endpoints" },
    { key_ends_when_it_begins,     ERR_MALFORMED, "keys" },
    { log_key_of_low_order,        ERR_KEY,       "keys" },
    { operation_key_not_canonical, ERR_KEY,       "keys" },
    { one_key_for_two_purposes,    ERR_KEY,       "keys" },
    { root_key_for_a_purpose,      ERR_KEY,       "keys" },
    { contact_without_role,        ERR_MALFORMED, "contacts" },
    { phone_of_two_lines,          ERR_MALFORMED, "contacts" },
    { hours_too_long,              ERR_MALFORMED, "contacts" },
};
/* clang-format on */

static void a_card_that_lies_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct desk desk;
        struct card_problem problem;
        desk_open(&desk);
        refused[i].spoil(&desk);
        assert_int_equal(read_signed(&desk, &problem), refused[i].err);
        assert_string_equal(problem.where, refused[i].where);
        assert_string_not_equal(problem.what, "");
        desk_close(&desk);
    }
}

static void x25519_and_tls_keys_need_not_be_ed25519_points(void **state)
{
    struct desk desk;
    struct card_problem problem;
    (void)state;
    desk_open(&desk);
    memset(desk.keys[3].key, 0xff, KEY_SIZE);
    memset(desk.keys[4].key, 0xfe, KEY_SIZE);
    assert_int_equal(desk.keys[3].purpose, KEY_LAST_RESORT);
    assert_int_equal(desk.keys[4].purpose, KEY_TLS);
    assert_int_equal(read_signed(&desk, &problem), ERR_NONE);
    desk_close(&desk);
}

/* Every single bit of it is covered, by the form or by the signature. */
static void no_bit_of_a_card_can_be_changed(void **state)
{
    struct desk desk;
    struct card card;
    struct card_problem problem;
    (void)state;
    desk_open(&desk);
    struct slice bytes = sign_card(&desk);
    uint8_t *copy = arena_take(&desk.arena, bytes.size);
    size_t mark = desk.arena.used;
    for (size_t i = 0; i < bytes.size * 8; i++) {
        memcpy(copy, bytes.bytes, bytes.size);
        copy[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(card_read(desk.crypto, slice_of(copy, bytes.size),
                                 &desk.arena, &card, &problem),
            ERR_NONE);
        desk.arena.used = mark;
    }
    desk_close(&desk);
}

static void no_part_of_a_card_can_be_cut_off(void **state)
{
    struct desk desk;
    struct card card;
    struct card_problem problem;
    (void)state;
    desk_open(&desk);
    struct slice bytes = sign_card(&desk);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(card_read(desk.crypto, slice_of(bytes.bytes, size),
                             &desk.arena, &card, &problem),
            ERR_MALFORMED);
    desk_close(&desk);
}

static void anothers_signature_is_refused(void **state)
{
    struct desk desk;
    struct card card;
    struct card_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    (void)state;
    desk_open(&desk);
    struct crypto *other = crypto_fake_new(2, DAY, 1);
    struct slice bytes = card_bytes(&desk.card, &desk.arena);
    crypto_fake_root_sign(other, card_statement(bytes, &desk.arena), signature);
    assert_int_equal(
        card_read(desk.crypto, card_assemble(bytes, signature, &desk.arena),
            &desk.arena, &card, &problem),
        ERR_SIGNATURE);
    crypto_fake_root_sign(desk.crypto, bytes, signature);
    assert_int_equal(
        card_read(desk.crypto, card_assemble(bytes, signature, &desk.arena),
            &desk.arena, &card, &problem),
        ERR_SIGNATURE);
    assert_string_equal(problem.where, "signature");
    crypto_fake_free(other);
    desk_close(&desk);
}

/* ---- Keys ---- */

static void the_newest_valid_key_is_used(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    set_key(&desk, 0, KEY_LOG);
    set_key(&desk, 5, KEY_LOG);
    desk.keys[5].from = days_later(60);
    desk.keys[5].until = days_later(150);
    const struct {
        int day;
        const struct card_key *key;
    } days[] = {
        { -1, NULL },
        { 0, &desk.keys[0] },
        { 59, &desk.keys[0] },
        { 60, &desk.keys[5] },
        { 149, &desk.keys[5] },
        { 150, NULL },
    };
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        assert_ptr_equal(
            card_key_at(&desk.card, KEY_LOG, days_later(days[i].day)),
            days[i].key);
    desk.keys[5].until = days_later(70);
    assert_ptr_equal(
        card_key_at(&desk.card, KEY_LOG, days_later(75)), &desk.keys[0]);
    assert_ptr_equal(
        card_key_at(&desk.card, KEY_TLS, days_later(0)), &desk.keys[4]);
    desk_close(&desk);
}

static void a_key_is_found_by_purpose_and_id(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t id = crypto_key_id(desk.crypto, desk.keys[1].key);
    assert_ptr_equal(
        card_key_find(desk.crypto, &desk.card, KEY_WITNESS, id), &desk.keys[1]);
    assert_null(card_key_find(desk.crypto, &desk.card, KEY_LOG, id));
    assert_null(card_key_find(desk.crypto, &desk.card, KEY_WITNESS, id + 1));
    desk_close(&desk);
}

/* ---- Key sheets ---- */

static void make_sheet(
    struct desk *desk, struct sealing_key keys[3], struct key_sheet *sheet)
{
    for (uint32_t i = 0; i < 3; i++) {
        keys[i] = (struct sealing_key){
            .day = DAY + i,
            .from = days_later((int)i - 1),
            .until = days_later((int)i + 7),
        };
        crypto_fake_day_public(desk->crypto, DAY + i, keys[i].key);
    }
    agency_id_of(desk->crypto, desk->card.root_key, &desk->card.agency);
    *sheet = (struct key_sheet){
        .agency = desk->card.agency,
        .serial = 4,
        .issued = days_later(1),
        .keys = keys,
        .key_count = 3,
    };
}

static void a_key_sheet_reads_back(void **state)
{
    struct desk desk;
    struct sealing_key keys[3];
    struct key_sheet sheet;
    struct key_sheet back;
    struct slice bytes;
    (void)state;
    desk_open(&desk);
    make_sheet(&desk, keys, &sheet);
    assert_int_equal(
        key_sheet_sign(desk.crypto, &sheet, &desk.arena, &bytes), ERR_NONE);
    assert_int_equal(
        key_sheet_read(desk.crypto, &desk.card, bytes, &desk.arena, &back),
        ERR_NONE);
    assert_true(agency_id_equal(&back.agency, &sheet.agency));
    assert_int_equal(back.serial, 4);
    assert_int_equal(back.issued.unix_ms, sheet.issued.unix_ms);
    assert_int_equal(back.key_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(back.keys[i].day, keys[i].day);
        assert_memory_equal(back.keys[i].key, keys[i].key, KEY_SIZE);
        assert_int_equal(back.keys[i].from.unix_ms, keys[i].from.unix_ms);
        assert_int_equal(back.keys[i].until.unix_ms, keys[i].until.unix_ms);
    }
    desk_close(&desk);
}

static enum err sign_and_read(struct desk *desk, const struct key_sheet *sheet)
{
    struct slice bytes;
    struct key_sheet back;
    enum err err = key_sheet_sign(desk->crypto, sheet, &desk->arena, &bytes);
    if (err != ERR_NONE)
        return err;
    return key_sheet_read(
        desk->crypto, &desk->card, bytes, &desk->arena, &back);
}

static void a_key_sheet_that_lies_is_refused(void **state)
{
    struct desk desk;
    struct sealing_key keys[3];
    struct key_sheet sheet;
    (void)state;
    desk_open(&desk);
    make_sheet(&desk, keys, &sheet);
    sheet.serial = 0;
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_MALFORMED);
    sheet.serial = 1;
    keys[1].until = keys[1].from;
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_MALFORMED);
    make_sheet(&desk, keys, &sheet);
    keys[1].day = keys[0].day;
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_MALFORMED);
    make_sheet(&desk, keys, &sheet);
    sheet.agency.text[0] = sheet.agency.text[0] == 'a' ? 'b' : 'a';
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_ADDRESS);
    make_sheet(&desk, keys, &sheet);
    sheet.issued = days_later(-1);
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_KEY);
    sheet.issued = days_later(90);
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_KEY);
    sheet.issued = days_later(89);
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_NONE);
    sheet.key_count = SHEET_KEY_COUNT_MAX + 1;
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_LIMIT);
    desk_close(&desk);
}

static void a_key_sheet_needs_the_cards_operation_key(void **state)
{
    struct desk desk;
    struct sealing_key keys[3];
    struct key_sheet sheet;
    (void)state;
    desk_open(&desk);
    make_sheet(&desk, keys, &sheet);
    crypto_fake_signer_rotate(desk.crypto, CRYPTO_SIGNER_OPERATION);
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_KEY);
    crypto_fake_signer_destroy(desk.crypto, CRYPTO_SIGNER_OPERATION);
    assert_int_equal(sign_and_read(&desk, &sheet), ERR_KEY);
    desk_close(&desk);
}

static void no_bit_of_a_key_sheet_can_be_changed(void **state)
{
    struct desk desk;
    struct sealing_key keys[3];
    struct key_sheet sheet;
    struct slice bytes;
    (void)state;
    desk_open(&desk);
    make_sheet(&desk, keys, &sheet);
    assert_int_equal(
        key_sheet_sign(desk.crypto, &sheet, &desk.arena, &bytes), ERR_NONE);
    uint8_t *copy = arena_take(&desk.arena, bytes.size);
    size_t mark = desk.arena.used;
    for (size_t i = 0; i < bytes.size * 8; i++) {
        memcpy(copy, bytes.bytes, bytes.size);
        copy[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(
            key_sheet_read(desk.crypto, &desk.card, slice_of(copy, bytes.size),
                &desk.arena, &sheet),
            ERR_NONE);
        desk.arena.used = mark;
    }
    desk_close(&desk);
}

static void the_key_of_the_day_else_the_nearest_valid_one(void **state)
{
    struct sealing_key keys[] = {
        { .day = DAY, .from = days_later(-14), .until = days_later(8) },
        { .day = DAY + 2, .from = days_later(0), .until = days_later(10) },
        { .day = DAY + 4, .from = days_later(0), .until = days_later(12) },
    };
    const struct key_sheet sheet = { .keys = keys, .key_count = 3 };
    const struct {
        int day;
        const struct sealing_key *key;
    } days[] = {
        { -15, NULL },
        { -1, &keys[0] },
        { 0, &keys[0] },
        { 1, &keys[1] }, /* as near: the later one */
        { 2, &keys[1] },
        { 4, &keys[2] },
        { 9, &keys[2] },
        { 11, &keys[2] },
        { 12, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        assert_ptr_equal(
            key_sheet_at(&sheet, days_later(days[i].day)), days[i].key);
}

/* ---- Safety numbers and revocations ---- */

/* Computed by another program, from the description in the header. */
static void a_safety_number_is_as_described(void **state)
{
    struct crypto *crypto = crypto_fake_new(1, DAY, 1);
    struct agency_id a;
    struct agency_id b;
    char text[SAFETY_NUMBER_SIZE];
    (void)state;
    assert_int_equal(
        agency_id_parse(SLICE_LITERAL("4zidkgdanrgijspchhvhqaysbi"), &a),
        ERR_NONE);
    assert_int_equal(
        agency_id_parse(SLICE_LITERAL("p6locadfa6lqvvsh32lnlap3wr"), &b),
        ERR_NONE);
    static const char expected[] = "09136 43126 64580 86270 31238 89069 "
                                   "04339 14633 45211 99092 07668 00929";
    safety_number(crypto, &a, &b, text);
    assert_string_equal(text, expected);
    safety_number(crypto, &b, &a, text);
    assert_string_equal(text, expected);
    safety_number(crypto, &a, &a, text);
    assert_string_equal(text, "86231 98868 22182 57633 73294 18244 "
                              "73274 61676 98638 11665 03014 39863");
    crypto_fake_free(crypto);
}

static void the_last_resort_is_valid_or_the_latest(void **state)
{
    const struct card_key keys[] = {
        { .purpose = KEY_LOG, .from = days_later(0), .until = days_later(9) },
        { .purpose = KEY_LAST_RESORT,
            .from = days_later(0),
            .until = days_later(4) },
        { .purpose = KEY_LAST_RESORT,
            .from = days_later(2),
            .until = days_later(8) },
        { .purpose = KEY_LAST_RESORT,
            .from = days_later(1),
            .until = days_later(6) },
    };
    struct card one = { .keys = keys, .key_count = 4 };
    (void)state;
    assert_ptr_equal(card_last_resort(&one, days_later(0)), &keys[1]);
    assert_ptr_equal(card_last_resort(&one, days_later(3)), &keys[2]);
    assert_ptr_equal(card_last_resort(&one, days_later(9)), &keys[2]);
    one.key_count = 1;
    assert_null(card_last_resort(&one, days_later(0)));
}

static void of_two_days_as_near_the_later_one_is_used(void **state)
{
    const uint32_t today = (uint32_t)(days_later(0).unix_ms / DAY_MS);
    struct sealing_key keys[2] = {
        { .day = today + 1, .from = days_later(-9), .until = days_later(9) },
        { .day = today - 1, .from = days_later(-9), .until = days_later(9) },
    };
    const struct key_sheet sheet = { .keys = keys, .key_count = 2 };
    (void)state;
    assert_ptr_equal(key_sheet_at(&sheet, days_later(0)), &keys[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_card_that_lies_is_refused),
        cmocka_unit_test(x25519_and_tls_keys_need_not_be_ed25519_points),
        cmocka_unit_test(no_bit_of_a_card_can_be_changed),
        cmocka_unit_test(no_part_of_a_card_can_be_cut_off),
        cmocka_unit_test(anothers_signature_is_refused),
        cmocka_unit_test(the_newest_valid_key_is_used),
        cmocka_unit_test(a_key_is_found_by_purpose_and_id),
        cmocka_unit_test(a_key_sheet_reads_back),
        cmocka_unit_test(a_key_sheet_that_lies_is_refused),
        cmocka_unit_test(a_key_sheet_needs_the_cards_operation_key),
        cmocka_unit_test(no_bit_of_a_key_sheet_can_be_changed),
        cmocka_unit_test(the_key_of_the_day_else_the_nearest_valid_one),
        cmocka_unit_test(a_safety_number_is_as_described),
        cmocka_unit_test(the_last_resort_is_valid_or_the_latest),
        cmocka_unit_test(of_two_days_as_near_the_later_one_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
