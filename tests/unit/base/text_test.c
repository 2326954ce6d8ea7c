#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/prng.h"
#include "base/text.h"

struct codec {
    const char *name;
    size_t (*encode)(struct slice bytes, char *text, size_t capacity);
    enum err (*decode)(
        struct slice text, uint8_t *bytes, size_t capacity, size_t *size);
};

static const struct codec hex = { "hex", text_hex_encode, text_hex_decode };
static const struct codec base32 = { "base32", text_base32_encode,
    text_base32_decode };
static const struct codec base64 = { "base64", text_base64_encode,
    text_base64_decode };

/* clang-format off */

/* RFC 4648 section 10, in our spelling. */
static const struct {
    const struct codec *codec;
    const char *bytes;
    const char *text;
} known[] = {
    { &hex,    "",       "" },
    { &hex,    "f",      "66" },
    { &hex,    "foobar", "666f6f626172" },
    { &hex,    "\xff\x7f", "ff7f" },
    { &base32, "",       "" },
    { &base32, "f",      "my" },
    { &base32, "fo",     "mzxq" },
    { &base32, "foo",    "mzxw6" },
    { &base32, "foob",   "mzxw6yq" },
    { &base32, "fooba",  "mzxw6ytb" },
    { &base32, "foobar", "mzxw6ytboi" },
    { &base64, "",       "" },
    { &base64, "f",      "Zg==" },
    { &base64, "fo",     "Zm8=" },
    { &base64, "foo",    "Zm9v" },
    { &base64, "foob",   "Zm9vYg==" },
    { &base64, "fooba",  "Zm9vYmE=" },
    { &base64, "foobar", "Zm9vYmFy" },
    { &base64, "\xfb\xff\xbf", "+/+/" },
};

static const struct {
    const struct codec *codec;
    const char *text;
    const char *why;
} refused[] = {
    { &hex, "6",             "half a byte" },
    { &hex, "666",           "half a byte at the end" },
    { &hex, "0",             "half a byte of zeros" },
    { &hex, "660",           "half a byte of zeros at the end" },
    { &hex, "6G",            "no digit" },
    { &hex, "FF",            "upper case" },
    { &hex, "66 ",           "a space" },
    { &hex, "0x66",          "a prefix" },
    { &hex, "6/",            "below 0" },
    { &hex, "6:",            "above 9" },
    { &hex, "6`",            "below a" },
    { &hex, "6g",            "above f" },
    { &base32, "m",          "one digit" },
    { &base32, "mzx",        "three digits" },
    { &base32, "a",          "one digit of zeros" },
    { &base32, "aaa",        "three digits of zeros" },
    { &base32, "aaaaaa",     "six digits of zeros" },
    { &base32, "mzxw6y",     "six digits" },
    { &base32, "mzxw6ytbo",  "nine digits" },
    { &base32, "mz",         "stray bits after one byte" },
    { &base32, "mzxr",       "stray bits after two bytes" },
    { &base32, "mzxw7",      "stray bits after three bytes" },
    { &base32, "mzxw6yr",    "stray bits after four bytes" },
    { &base32, "MY",         "upper case" },
    { &base32, "my======",   "padding" },
    { &base32, "m1",         "the digit 1" },
    { &base32, "m8",         "the digit 8" },
    { &base32, "m{",         "above z" },
    { &base64, "Zg",         "no padding" },
    { &base64, "Zg=",        "half the padding" },
    { &base64, "Zg===",      "too much padding" },
    { &base64, "Zm9v====",   "a block of padding" },
    { &base64, "====",       "nothing but padding" },
    { &base64, "A===",       "one digit" },
    { &base64, "Zh==",       "stray bits after one byte" },
    { &base64, "Zm9=",       "stray bits after two bytes" },
    { &base64, "Zg==Zg==",   "padding inside" },
    { &base64, "Zm=v",       "padding before a digit" },
    { &base64, "Zm9v\n",     "a line feed" },
    { &base64, "Zm 9v==",    "a space" },
    { &base64, "Zm-v",       "the URL alphabet" },
    { &base64, "Zm_v",       "the URL alphabet" },
};

/* clang-format on */

static void known_texts_go_both_ways(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[32];
        uint8_t bytes[32];
        size_t size = 99;
        struct slice want = slice_of_text(known[i].bytes);
        size_t text_size =
            known[i].codec->encode(want, text, strlen(known[i].text) + 1);
        assert_string_equal(text, known[i].text);
        assert_int_equal(text_size, strlen(text));
        assert_int_equal(known[i].codec->decode(slice_of_text(known[i].text),
                             bytes, want.size, &size),
            ERR_NONE);
        assert_true(slice_equal(slice_of(bytes, size), want));
    }
}

static void other_spellings_are_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint8_t bytes[32];
        size_t size = 99;
        enum err err = refused[i].codec->decode(
            slice_of_text(refused[i].text), bytes, sizeof bytes, &size);
        if (err != ERR_MALFORMED || size != 99)
            fail_msg("%s takes %s: %s", refused[i].codec->name, refused[i].text,
                refused[i].why);
    }
}

static void bytes_that_do_not_fit_are_refused(void **unused)
{
    (void)unused;
    const struct codec *codecs[] = { &hex, &base32, &base64 };
    for (size_t i = 0; i < 3; i++)
        for (size_t room = 0; room < 8; room++) {
            char text[32];
            uint8_t bytes[8];
            size_t size;
            codecs[i]->encode(
                slice_of("refugees", room + 1), text, sizeof text);
            assert_int_equal(
                codecs[i]->decode(slice_of_text(text), bytes, room, &size),
                ERR_LIMIT);
        }
}

static void any_bytes_survive_every_encoding(void **unused)
{
    (void)unused;
    const struct codec *codecs[] = { &hex, &base32, &base64 };
    struct prng prng = prng_from_seed(4648);
    for (size_t n = 0; n < 300; n++) {
        uint8_t bytes[100], back[100];
        char text[201];
        size_t size = (size_t)prng_below(&prng, sizeof bytes + 1), back_size;
        prng_fill(&prng, bytes, size);
        const struct codec *codec = codecs[n % 3];
        size_t sizes[] = { TEXT_HEX_SIZE(size), TEXT_BASE32_SIZE(size),
            TEXT_BASE64_SIZE(size) };
        size_t text_size =
            codec->encode(slice_of(bytes, size), text, sizes[n % 3] + 1);
        assert_int_equal(text_size, sizes[n % 3]);
        assert_int_equal(text[text_size], '\0');
        assert_int_equal(
            codec->decode(slice_of(text, text_size), back, size, &back_size),
            ERR_NONE);
        assert_true(
            slice_equal(slice_of(bytes, size), slice_of(back, back_size)));
    }
}

static void numbers_have_one_spelling(void **unused)
{
    (void)unused;
    const uint64_t numbers[] = { 0, 1, 9, 10, 99, 100, UINT64_MAX / 10,
        UINT64_MAX - 1, UINT64_MAX };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[TEXT_DECIMAL_SIZE_MAX + 1];
        uint64_t value = 7;
        size_t size = text_decimal_encode(numbers[i], text, sizeof text);
        assert_int_equal(size, strlen(text));
        assert_int_equal(
            text_decimal_decode(slice_of(text, size), &value), ERR_NONE);
        assert_true(value == numbers[i]);
    }
    const char *bad[] = { "", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "a",
        "0x1", "1e3", "18446744073709551616", "18446744073709551620",
        "28446744073709551615", "99999999999999999999", "/", ":",
        "184467440737095516150" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t value = 7;
        if (text_decimal_decode(slice_of_text(bad[i]), &value) == ERR_NONE)
            fail_msg("a number: '%s'", bad[i]);
        assert_true(value == 7);
    }
    char text[TEXT_DECIMAL_SIZE_MAX + 1];
    text_decimal_encode(UINT64_MAX, text, sizeof text);
    assert_string_equal(text, "18446744073709551615");
}

/* clang-format off */
static const struct { const char *text; bool is_fine; } sequences[] = {
    { "",                  true  }, { "plain",            true  },
    { "\xc2\x80",          true  }, { "\xdf\xbf",         true  },
    { "\xe0\xa0\x80",      true  }, { "\xed\x9f\xbf",     true  },
    { "\xee\x80\x80",      true  }, { "\xef\xbf\xbf",     true  },
    { "\xf0\x90\x80\x80",  true  }, { "\xf4\x8f\xbf\xbf", true  },
    { "\xe2\x80\x94 x",    true  }, { "\x7f",             true  },
    { "\x80",              false }, { "\xbf",             false },
    { "\xc0\x80",          false }, { "\xc1\xbf",         false },
    { "\xe0\x80\x80",      false }, { "\xe0\x9f\xbf",     false },
    { "\xf0\x80\x80\x80",  false }, { "\xf0\x8f\xbf\xbf", false },
    { "\xed\xa0\x80",      false }, { "\xed\xbf\xbf",     false },
    { "\xf4\x90\x80\x80",  false }, { "\xf5\x80\x80\x80", false },
    { "\xff",              false }, { "\xfe",             false },
    { "\xc2",              false }, { "\xe2\x80",         false },
    { "\xf0\x90\x80",      false }, { "\xc2\x41",         false },
    { "\xc2\xc0",          false }, { "\xe2\x80\x41",     false },
    { "\xe2\x80\xc0",      false }, { "\xf0\x90\x80\x7f", false },
    { "\xf0\x90\x7f\x80",  false }, { "a\xe2\x80",        false },
};
/* clang-format on */

static void only_well_formed_utf8_is_utf8(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        struct slice text = slice_of_text(sequences[i].text);
        if (text_is_utf8(text, TEXT_CONTROLS_ANY) != sequences[i].is_fine)
            fail_msg("sequence %zu", i);
    }
}

/* Eight bytes are looked at as one: whatever is among them is still seen. */
static void a_control_character_is_found_at_any_place(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < 24; at++)
        for (unsigned c = 0; c < 0x100; c++) {
            uint8_t bytes[24];
            memset(bytes, 'a', sizeof bytes);
            bytes[at] = (uint8_t)c;
            bool is_layout = c == 9 || c == 10 || (c >= 0x20 && c < 0x80);
            bool is_any = c > 0 && c < 0x80;
            if (text_is_utf8(SLICE_ARRAY(bytes), TEXT_CONTROLS_LAYOUT) !=
                    is_layout ||
                text_is_utf8(SLICE_ARRAY(bytes), TEXT_CONTROLS_ANY) != is_any)
                fail_msg("%u at %zu", c, at);
        }
}

static void a_sequence_cut_by_the_end_is_not_utf8(void **unused)
{
    (void)unused;
    const char *whole[] = { "\xc2\x80", "\xe2\x80\x94", "\xf0\x90\x80\x80" };
    for (size_t i = 0; i < 3; i++)
        for (size_t size = 1; size < strlen(whole[i]); size++)
            assert_false(
                text_is_utf8(slice_of(whole[i], size), TEXT_CONTROLS_ANY));
}

/* Eights, and eight of them, are looked at together: every byte at every place
 * among letters. */
static void a_byte_is_judged_alike_wherever_it_stands(void **unused)
{
    (void)unused;
    static const size_t sizes[] = { 1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 24, 63,
        64, 65, 72, 75, 127, 128, 137 };
    uint8_t bytes[137];
    memset(bytes, 'a', sizeof bytes);
    for (unsigned c = 0; c < 256; c++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (size_t at = 0; at < sizes[i]; at++) {
                struct slice text = slice_of(bytes, sizes[i]);
                bool is_fine =
                    c < 0x80 && (c >= 0x20 || c == '\n' || c == '\t');
                bytes[at] = (uint8_t)c;
                assert_int_equal(
                    text_is_utf8(text, TEXT_CONTROLS_LAYOUT), is_fine);
                bytes[at] = 'a';
            }
}

/* Every code point once, the surrogates and what lies beyond refused. */
static void every_code_point_is_utf8(void **unused)
{
    (void)unused;
    for (uint32_t c = 0x800; c < 0x110400; c += c < 0x11000 ? 1 : 61) {
        uint8_t bytes[4];
        struct slice text = slice_of(bytes, c < 0x10000 ? 3 : 4);
        bytes[0] = (uint8_t)(c < 0x10000 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
        for (size_t i = 1; i < text.size; i++)
            bytes[i] =
                (uint8_t)(0x80 | ((c >> 6 * (text.size - 1 - i)) & 0x3f));
        bool is_fine = (c < 0xd800 || c > 0xdfff) && c < 0x110000;
        if (text_is_utf8(text, TEXT_CONTROLS_LAYOUT) != is_fine)
            fail_msg("code point %x", (unsigned)c);
    }
}

static void control_characters_are_an_option(void **unused)
{
    (void)unused;
    for (unsigned c = 0; c < 0x80; c++) {
        uint8_t bytes[] = { 'a', (uint8_t)c, 'b' };
        bool is_layout = c >= 0x20 || c == '\n' || c == '\t';
        assert_int_equal(
            text_is_utf8(SLICE_ARRAY(bytes), TEXT_CONTROLS_ANY), c != 0);
        assert_int_equal(
            text_is_utf8(SLICE_ARRAY(bytes), TEXT_CONTROLS_LAYOUT), is_layout);
    }
}

static void a_text_is_cut_at_the_first_delimiter(void **unused)
{
    (void)unused;
    struct slice rest = SLICE_LITERAL("ab//c"), part = SLICE_LITERAL("old");
    assert_true(text_cut(&rest, '/', &part));
    assert_true(slice_is(part, "ab"));
    assert_true(text_cut(&rest, '/', &part));
    assert_true(slice_is(part, ""));
    assert_false(text_cut(&rest, '/', &part));
    assert_true(slice_is(rest, "c"));
    assert_true(slice_is(part, ""));
    rest = SLICE_NONE;
    assert_false(text_cut(&rest, '/', &part));
    rest = SLICE_LITERAL("/");
    assert_true(text_cut(&rest, '/', &part));
    assert_int_equal(rest.size, 0);
    assert_false(text_cut(&rest, '/', &part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_go_both_ways),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(bytes_that_do_not_fit_are_refused),
        cmocka_unit_test(any_bytes_survive_every_encoding),
        cmocka_unit_test(numbers_have_one_spelling),
        cmocka_unit_test(only_well_formed_utf8_is_utf8),
        cmocka_unit_test(a_control_character_is_found_at_any_place),
        cmocka_unit_test(a_sequence_cut_by_the_end_is_not_utf8),
        cmocka_unit_test(a_byte_is_judged_alike_wherever_it_stands),
        cmocka_unit_test(every_code_point_is_utf8),
        cmocka_unit_test(control_characters_are_an_option),
        cmocka_unit_test(a_text_is_cut_at_the_first_delimiter),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
