#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/id.h"

#define AGENCY "abcdefghijklmnopqrstuvwxyz"
#define BARE "017f22e2-79b0-7cc3-98c4-dc0c0c07398f" /* RFC 9562, A.6 */

static const struct uuid rfc_uuid = { { 0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0,
    0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f } };

static void an_agency_id_is_26_characters_of_base32(void **unused)
{
    (void)unused;
    const char *refused[] = { "", "abcdefghijklmnopqrstuvwxy", AGENCY "a",
        "Abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxy1",
        "abcdefghijklmnopqrstuvwxy0", "abcdefghijklmnopqrstuvwxy8",
        "abcdefghijklmnopqrstuvwxy ",
        "abcdefghijklmnopqrstuvwxy=", "abcdefghijkl/nopqrstuvwxyz",
        "abcdefghijklmnopqrstuvwxy{", "`bcdefghijklmnopqrstuvwxyz" };
    struct agency_id id = { "untouched" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(
            agency_id_parse(slice_of_text(refused[i]), &id), ERR_MALFORMED);
        assert_string_equal(id.text, "untouched");
    }
    assert_int_equal(agency_id_parse(SLICE_LITERAL(AGENCY), &id), ERR_NONE);
    assert_string_equal(id.text, AGENCY);
    assert_true(slice_is(agency_id_slice(&id), AGENCY));
    assert_int_equal(
        agency_id_parse(SLICE_LITERAL("22222277777777777777777777"), &id),
        ERR_NONE);
}

static void an_agency_id_begins_the_base32_of_its_digest(void **unused)
{
    (void)unused;
    uint8_t digest[32] = { 0 };
    struct agency_id id = agency_id_of_digest(digest);
    assert_string_equal(id.text, "aaaaaaaaaaaaaaaaaaaaaaaaaa");
    memset(digest, 0xff, sizeof digest);
    id = agency_id_of_digest(digest);
    assert_string_equal(id.text, "77777777777777777777777777");
    /* bit 130 is the last that counts */
    digest[16] = 0xc0;
    struct agency_id same = agency_id_of_digest(digest);
    assert_true(agency_id_equal(&id, &same));
    digest[16] = 0x80;
    struct agency_id other = agency_id_of_digest(digest);
    assert_string_equal(other.text, "7777777777777777777777777"
                                    "6");
    assert_false(agency_id_equal(&id, &other));
    assert_true(agency_id_compare(&other, &id) < 0);
    assert_true(agency_id_compare(&id, &other) > 0);
}

static void a_uuid_is_read_in_both_forms_and_printed_in_one(void **unused)
{
    (void)unused;
    const char *accepted[] = { BARE, "urn:uuid:" BARE,
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "urn:uuid:017f22e2-79B0-7cc3-98c4-dc0c0c07398f" };
    for (size_t i = 0; i < 4; i++) {
        struct uuid uuid = { { 0 } };
        assert_int_equal(
            uuid_parse(slice_of_text(accepted[i]), &uuid), ERR_NONE);
        assert_true(uuid_equal(&uuid, &rfc_uuid));
    }
    char text[UUID_URN_SIZE + 1];
    uuid_format(&rfc_uuid, text);
    assert_string_equal(text, "urn:uuid:" BARE);
}

static void other_spellings_of_a_uuid_are_refused(void **unused)
{
    (void)unused;
    const char *refused[] = { "", "urn:uuid:", "URN:UUID:" BARE, "{" BARE "}",
        "uuid:" BARE, BARE " ", "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "urn:oidd:" BARE,
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "urn:uuid:x" BARE,
        "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c-c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c0739--",
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct uuid uuid = rfc_uuid;
        if (uuid_parse(slice_of_text(refused[i]), &uuid) != ERR_MALFORMED)
            fail_msg("'%s' is a UUID", refused[i]);
        assert_true(uuid_equal(&uuid, &rfc_uuid));
    }
}

static void a_new_uuid_has_its_time_version_and_variant(void **unused)
{
    (void)unused;
    const uint8_t random[10] = { 0xfc, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07,
        0x39, 0x8f };
    struct uuid uuid = uuid_from(UINT64_C(0x017f22e279b0), random);
    assert_true(uuid_equal(&uuid, &rfc_uuid));
    struct uuid later = uuid_from(UINT64_C(0x017f22e279b1), random);
    assert_true(uuid_compare(&uuid, &later) < 0);
    assert_true(uuid_compare(&later, &uuid) > 0);
    const uint8_t ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255 };
    char text[UUID_URN_SIZE + 1];
    uuid = uuid_from(UINT64_MAX, ones);
    uuid_format(&uuid, text);
    assert_string_equal(text, "urn:uuid:ffffffff-ffff-7fff-bfff-ffffffffffff");
}

static void an_mou_id_is_64_digits(void **unused)
{
    (void)unused;
    const char *digits =
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";
    struct mou_id id, other = { { 0 } };
    char text[MOU_ID_TEXT_SIZE + 1];
    assert_int_equal(mou_id_parse(slice_of_text(digits), &id), ERR_NONE);
    mou_id_format(&id, text);
    assert_string_equal(text, digits);
    assert_true(mou_id_compare(&other, &id) < 0);
    assert_false(mou_id_equal(&other, &id));
    assert_int_equal(mou_id_parse(slice_of(digits, 62), &id), ERR_MALFORMED);
    assert_int_equal(mou_id_parse(slice_of(digits, 63), &id), ERR_MALFORMED);
    text[63] = 'F';
    assert_int_equal(mou_id_parse(slice_of_text(text), &other), ERR_MALFORMED);
    assert_int_equal(other.bytes[31], 0);
}

static void codes_are_short_and_plain(void **unused)
{
    (void)unused;
    const char *sixty_four =
        "abcdefghijklmnopqrstuvwxyz0123456789_.-zabcdefghijklmnopqrstuvwx";
    assert_int_equal(strlen(sixty_four), 64);
    assert_true(code_is_valid(slice_of_text(sixty_four)));
    assert_true(code_is_valid(SLICE_LITERAL("a")));
    assert_true(code_is_valid(SLICE_LITERAL("housing.emergency-shelter_2")));
    assert_false(code_is_valid(SLICE_NONE));
    char long_code[65];
    memset(long_code, 'a', sizeof long_code);
    assert_false(code_is_valid(SLICE_ARRAY(long_code)));
    for (unsigned c = 0; c < 256; c++) {
        uint8_t bytes[] = { 'a', (uint8_t)c, 'b' };
        bool is_fine = c != 0 && c < 128 && strchr(sixty_four, (int)c) != NULL;
        assert_int_equal(code_is_valid(SLICE_ARRAY(bytes)), is_fine);
    }
}

static void the_uuid_after_one_is_the_next_number(void **unused)
{
    (void)unused;
    struct uuid uuid = { { [13] = 7, 255, 255 } };
    struct uuid next = { { [13] = 8 } };
    assert_true(uuid_next(&uuid));
    assert_true(uuid_equal(&uuid, &next));
    memset(uuid.bytes, 255, sizeof uuid.bytes);
    assert_false(uuid_next(&uuid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agency_id_is_26_characters_of_base32),
        cmocka_unit_test(an_agency_id_begins_the_base32_of_its_digest),
        cmocka_unit_test(a_uuid_is_read_in_both_forms_and_printed_in_one),
        cmocka_unit_test(other_spellings_of_a_uuid_are_refused),
        cmocka_unit_test(a_new_uuid_has_its_time_version_and_variant),
        cmocka_unit_test(an_mou_id_is_64_digits),
        cmocka_unit_test(codes_are_short_and_plain),
        cmocka_unit_test(the_uuid_after_one_is_the_next_number),
    };
    return cmocka_run_group_tests_name("base/id", tests, NULL, NULL);
}
