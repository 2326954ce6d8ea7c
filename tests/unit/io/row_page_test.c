/*
 * Which bound is next to a key, below and above? What pages hold is in
 * store_pages_test.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "io/row_page.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* These bytes; is_full: and 0xff up to the greatest size. */
struct name {
    const char *bytes;
    size_t size;
    bool is_full;
};

#define NAME(text)                                                             \
    {                                                                          \
        text, sizeof(text) - 1, false                                          \
    }
#define FULL(text)                                                             \
    {                                                                          \
        text, sizeof(text) - 1, true                                           \
    }

/* clang-format off */
static const struct {
    struct name key;
    struct name before; /* of no bytes: there is none */
    struct name after;
} cases[] = {
    { NAME(""),      NAME(""),         NAME("\0") },
    { NAME("\0"),    NAME(""),         NAME("\0\0") },
    { NAME("\1"),    FULL("\0"),       NAME("\1\0") },
    { NAME("a"),     FULL("`"),        NAME("a\0") },
    { NAME("a\0"),   NAME("a"),        NAME("a\0\0") },
    { NAME("ab"),    FULL("aa"),       NAME("ab\0") },
    { NAME("\xff"),  FULL("\xfe"),     NAME("\xff\0") },
};

/* What is above keys of the greatest size. */
static const struct {
    struct name key;
    struct name after;
} full[] = {
    { FULL(""),      NAME("") },
    { FULL("a"),     NAME("b") },
    { FULL("a\xfe"), NAME("a\xff") },
    { FULL("\xfe"),  NAME("\xff") },
};
/* clang-format on */

static struct slice bytes_of(
    const struct name *name, uint8_t bytes[STORE_KEY_SIZE_MAX])
{
    memset(bytes, 0xff, STORE_KEY_SIZE_MAX);
    memcpy(bytes, name->bytes, name->size);
    return slice_of(bytes, name->is_full ? STORE_KEY_SIZE_MAX : name->size);
}

typedef bool (*bound_fn)(struct row_bound *bound, struct slice key);

static void assert_next(
    bound_fn next, const struct name *from, const struct name *expected)
{
    uint8_t key[STORE_KEY_SIZE_MAX];
    uint8_t bytes[STORE_KEY_SIZE_MAX];
    struct row_bound bound;
    struct slice want = bytes_of(expected, bytes);
    assert_int_equal(next(&bound, bytes_of(from, key)), want.size > 0);
    assert_true(slice_equal(row_bound_key(&bound), want));
}

static void a_bound_is_next_to_a_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_next(row_bound_before, &cases[i].key, &cases[i].before);
        assert_next(row_bound_after, &cases[i].key, &cases[i].after);
    }
    for (size_t i = 0; i < COUNT(full); i++)
        assert_next(row_bound_after, &full[i].key, &full[i].after);
}

/* Short, or of about the greatest size; of few different bytes. */
static struct slice key_draw(
    struct prng *prng, uint8_t bytes[STORE_KEY_SIZE_MAX])
{
    size_t size = 1 + (size_t)prng_below(prng, 4);
    if (prng_below(prng, 2) == 0)
        size = STORE_KEY_SIZE_MAX + 1 - size;
    memset(bytes, prng_below(prng, 2) == 0 ? 0 : 0xff, size);
    for (size_t i = 0; i < 3; i++)
        bytes[prng_below(prng, size)] =
            (uint8_t)("\x00\x01\x7f\xfe\xff"[prng_below(prng, 5)]);
    return slice_of(bytes, size);
}

/* What is next below the next above is the key itself, and the other way. */
static void nothing_is_between_a_key_and_its_bounds(void **state)
{
    struct prng prng = prng_from_seed(9);
    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[STORE_KEY_SIZE_MAX];
        struct slice key = key_draw(&prng, bytes);
        struct row_bound bound;
        struct row_bound back;
        if (row_bound_before(&bound, key)) {
            assert_true(row_compare(row_bound_key(&bound), key) < 0);
            assert_true(row_bound_after(&back, row_bound_key(&bound)));
            assert_true(slice_equal(row_bound_key(&back), key));
        } else {
            assert_true(key.size == 1 && bytes[0] == 0);
        }
        if (row_bound_after(&bound, key)) {
            assert_true(row_compare(row_bound_key(&bound), key) > 0);
            assert_true(row_bound_before(&back, row_bound_key(&bound)));
            assert_true(slice_equal(row_bound_key(&back), key));
        } else {
            assert_int_equal(key.size, STORE_KEY_SIZE_MAX);
            assert_int_equal(bytes[0], 0xff);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_is_next_to_a_key),
        cmocka_unit_test(nothing_is_between_a_key_and_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
