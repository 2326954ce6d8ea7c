#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/public_key.h"

#define ZEROS30 "000000000000000000000000000000000000000000000000000000000000"
#define ONES30 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

struct row {
    const char *it;
    const char *key;
};

/* clang-format off */

static const struct row unsound[] = {
    { "order 1",                   "01" ZEROS30 "00" },
    { "order 1, sign bit",         "01" ZEROS30 "80" },
    { "order 1 as p + 1",          "ee" ONES30 "7f" },
    { "order 1 as p + 1, sign",    "ee" ONES30 "ff" },
    { "order 2, y = p - 1",        "ec" ONES30 "7f" },
    { "order 2, sign bit",         "ec" ONES30 "ff" },
    { "order 4",                   "00" ZEROS30 "00" },
    { "order 4, sign bit",         "00" ZEROS30 "80" },
    { "order 4 as p",              "ed" ONES30 "7f" },
    { "order 4 as p, sign bit",    "ed" ONES30 "ff" },
    { "order 8, first y",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05" },
    { "order 8, first y, sign bit",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85" },
    { "order 8, second y",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a" },
    { "order 8, second y, sign bit",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa" },
    /* not low in order, but written with y >= p */
    { "p + 3",                     "f0" ONES30 "7f" },
    { "p + 4, sign bit",           "f1" ONES30 "ff" },
    { "the last, 2^255 - 1",       "ff" ONES30 "7f" },
    { "the last, sign bit",        "ff" ONES30 "ff" },
};

static const struct row sound[] = {
    { "y = 3, the canonical p + 3",    "03" ZEROS30 "00" },
    { "y = 4, the canonical p + 4",    "04" ZEROS30 "80" },
    { "p - 2",                         "eb" ONES30 "7f" },
    { "p - 2, sign bit",               "eb" ONES30 "ff" },
    { "below p in the top byte only",  "ff" ONES30 "7e" },
    { "below p in a middle byte only",
      "ffffffffffffffffffffffffffffff7fffffffffffffffffffffffffffffff7f" },
    { "the base point",
      "5866666666666666666666666666666666666666666666666666666666666666" },
    { "RFC 8032 7.1 test 1",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" },
    { "RFC 8032 7.1 test 2",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c" },
    { "RFC 8032 7.1 test 3",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025" },
    { "RFC 8032 7.1 test 1024",
      "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e" },
    { "RFC 8032 7.1 test SHA(abc)",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf" },
    { "one bit from order 1",          "01" ZEROS30 "01" },
    { "one bit from order 4",          "00" ZEROS30 "40" },
    { "one bit from order 8",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc04" },
};

/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void key_read(const char *hex, uint8_t key[KEY_SIZE])
{
    assert_int_equal(strlen(hex), 2 * KEY_SIZE);
    for (size_t i = 0; i < KEY_SIZE; i++) {
        char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        char *end = NULL;
        key[i] = (uint8_t)strtoul(digits, &end, 16);
        assert_ptr_equal(end, digits + 2);
    }
}

static void expect(const struct row *rows, size_t count, bool want)
{
    uint8_t key[KEY_SIZE];
    for (size_t i = 0; i < count; i++) {
        key_read(rows[i].key, key);
        if (public_key_is_sound(key) != want)
            fail_msg("%s", rows[i].it);
    }
}

static void keys_under_which_anything_verifies_are_refused(void **state)
{
    (void)state;
    expect(unsound, COUNT(unsound), false);
}

static void honest_keys_and_close_neighbours_are_sound(void **state)
{
    (void)state;
    expect(sound, COUNT(sound), true);
}

/* Every y from p to 2^255 - 1 has a canonical twin: all 19 are refused. */
static void a_key_has_one_encoding_only(void **state)
{
    uint8_t key[KEY_SIZE];
    (void)state;
    for (unsigned low = 0xed; low <= 0xff; low++) {
        memset(key, 0xff, sizeof key);
        key[0] = (uint8_t)low;
        assert_false(public_key_is_sound(key));
        key[KEY_SIZE - 1] = 0x7f;
        assert_false(public_key_is_sound(key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_under_which_anything_verifies_are_refused),
        cmocka_unit_test(honest_keys_and_close_neighbours_are_sound),
        cmocka_unit_test(a_key_has_one_encoding_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
