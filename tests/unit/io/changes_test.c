/* Are changes found in the order of their keys, each with its newest value? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "io/changes.h"
#include "io/row_page.h"

/* ---- The n-th allocation fails: the linker sends them here ------------ */

static unsigned allocations_left; /* 0: no limit */

static bool memory_is_short(void)
{
    if (allocations_left == 0 || --allocations_left > 0)
        return false;
    allocations_left = 1; /* and every later one */
    return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_realloc(void *at, size_t size);

void *__wrap_malloc(size_t size)
{
    return memory_is_short() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return memory_is_short() ? NULL : __real_realloc(at, size);
}

/* ---- Small words ------------------------------------------------------- */

static struct slice text(const char *words)
{
    return slice_of_text(words);
}

/* NULL: gone. */
static void put(struct changes *changes, const char *key, const char *value)
{
    assert_int_equal(changes_put(changes, text(key),
                         value == NULL ? SLICE_NONE : text(value)),
        ERR_NONE);
}

static void assert_change(
    const struct change *change, const char *key, const char *value)
{
    assert_non_null(change);
    assert_true(slice_is(change->key, key));
    if (value == NULL)
        assert_null(change->value.bytes);
    else
        assert_true(
            change->value.bytes != NULL && slice_is(change->value, value));
}

static void assert_has(
    const struct changes *changes, const char *key, const char *value)
{
    assert_change(changes_find(changes, text(key)), key, value);
}

/* ---- One row ----------------------------------------------------------- */

static void the_newest_word_about_a_row_counts(void **state)
{
    static const char *const values[] = { "first",
        "shorter"
        " or longer",
        "x", NULL, "back again", "", NULL, NULL, "end" };
    struct changes changes = { 0 };
    (void)state;
    assert_null(changes_find(&changes, text("k")));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        put(&changes, "k", values[i]);
        assert_has(&changes, "k", values[i]);
        assert_int_equal(changes.count, 1);
    }
    assert_null(changes_find(&changes, text("j")));
    assert_null(changes_find(&changes, text("kk")));
    changes_clear(&changes);
    assert_int_equal(changes.count, 0);
    assert_null(changes_find(&changes, text("k")));
    assert_int_equal(changes_held(&changes), 0);
    put(&changes, "k", "after all");
    assert_has(&changes, "k", "after all");
    changes_clear(&changes);
}

/* A counter that each batch writes many times takes its room once. */
static void a_value_that_fits_is_written_in_its_place(void **state)
{
    static uint8_t value[20000];
    struct changes changes = { 0 };
    (void)state;
    assert_int_equal(
        changes_put(&changes, text("k"), SLICE_ARRAY(value)), ERR_NONE);
    size_t held = changes_held(&changes);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(
            changes_put(&changes, text("k"), slice_of(value, sizeof value - i)),
            ERR_NONE);
    assert_int_equal(changes_held(&changes), held);
    changes_clear(&changes);
}

static void what_is_put_may_borrow_from_there(void **state)
{
    struct changes changes = { 0 };
    (void)state;
    put(&changes, "a", "0123456789");
    struct slice value = changes_find(&changes, text("a"))->value;
    assert_int_equal(changes_put(&changes, text("b"), value), ERR_NONE);
    assert_int_equal(changes_put(&changes, value, value), ERR_NONE);
    assert_has(&changes, "b", "0123456789");
    assert_has(&changes, "0123456789", "0123456789");
    /* a part of its own */
    assert_int_equal(changes_put(&changes, text("a"),
                         slice_of(value.bytes + 2, value.size - 2)),
        ERR_NONE);
    assert_has(&changes, "a", "23456789");
    assert_has(&changes, "b", "0123456789");
    struct slice key = changes_find(&changes, text("b"))->key;
    assert_int_equal(changes_put(&changes, key, SLICE_NONE), ERR_NONE);
    assert_has(&changes, "b", NULL);
    changes_clear(&changes);
}

/* What is read of a row is still there after the row is gone and back. */
static void what_is_gone_is_not_overwritten(void **state)
{
    struct changes changes = { 0 };
    (void)state;
    put(&changes, "k", "borrowed");
    struct slice value = changes_find(&changes, text("k"))->value;
    put(&changes, "k", NULL);
    assert_int_equal(changes_put(&changes, text("k"),
                         slice_of(value.bytes + 1, value.size - 1)),
        ERR_NONE);
    assert_true(slice_is(value, "borrowed"));
    assert_has(&changes, "k", "orrowed");
    changes_clear(&changes);
}

/* ---- Many -------------------------------------------------------------- */

#define KEY_COUNT 256u /* what they could be: an array too simple to be wrong */

struct expected {
    bool is_there;
    bool is_gone;
    uint8_t fill;
    size_t size;
};

static struct slice key_of(unsigned number, uint8_t bytes[2])
{
    bytes[0] = (uint8_t)(number >> 4);
    bytes[1] = (uint8_t)(number & 15);
    return slice_of(bytes, 2);
}

static void assert_found(const struct change *change, unsigned number,
    const struct expected *expected)
{
    uint8_t key[2];
    assert_int_equal(change != NULL, number < KEY_COUNT);
    if (change == NULL)
        return;
    const struct expected *want = &expected[number];
    assert_true(slice_equal(change->key, key_of(number, key)));
    assert_int_equal(change->value.bytes == NULL, want->is_gone);
    assert_int_equal(change->value.size, want->is_gone ? 0 : want->size);
    for (size_t i = 0; i < change->value.size; i++)
        assert_int_equal(change->value.bytes[i], want->fill);
}

static void assert_all_found(
    const struct changes *changes, const struct expected *expected)
{
    uint8_t key[2];
    unsigned before = KEY_COUNT;
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        unsigned after = i;
        while (after < KEY_COUNT && !expected[after].is_there)
            after++;
        before = expected[i].is_there ? i : before;
        struct slice bound = key_of(i, key);
        assert_found(changes_find(changes, bound),
            expected[i].is_there ? i : KEY_COUNT, expected);
        assert_found(changes_at_or_after(changes, bound), after, expected);
        assert_found(changes_at_or_before(changes, bound), before, expected);
    }
    for (size_t i = 1; i < changes->count; i++)
        assert_true(
            row_compare(changes->rows[i - 1].key, changes->rows[i].key) < 0);
}

static void an_array_agrees_about_thousands(void **state)
{
    static uint8_t value[70000]; /* more than a block */
    struct prng prng = prng_from_seed(12);
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct expected expected[KEY_COUNT] = { { 0 } };
        struct changes changes = { 0 };
        for (int i = 0; i < 300; i++) {
            unsigned number = (unsigned)prng_below(&prng, KEY_COUNT);
            uint8_t key[2];
            struct expected *row = &expected[number];
            *row = (struct expected){ true, prng_below(&prng, 4) == 0,
                (uint8_t)i,
                (size_t)prng_below(&prng, i % 100 == 0 ? sizeof value : 300) };
            memset(value, row->fill, row->size);
            assert_int_equal(
                changes_put(&changes, key_of(number, key),
                    row->is_gone ? SLICE_NONE : slice_of(value, row->size)),
                ERR_NONE);
        }
        assert_all_found(&changes, expected);
        changes_clear(&changes);
    }
}

static void most_come_in_order(void **state)
{
    struct changes changes = { 0 };
    struct expected expected[KEY_COUNT] = { { 0 } };
    (void)state;
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        uint8_t key[2];
        expected[i] = (struct expected){ .is_there = true, .is_gone = true };
        assert_int_equal(
            changes_put(&changes, key_of(i, key), SLICE_NONE), ERR_NONE);
    }
    assert_int_equal(changes.count, KEY_COUNT);
    assert_all_found(&changes, expected);
    changes_clear(&changes);
}

static void what_they_hold_grows_with_rows_and_values(void **state)
{
    static uint8_t value[1u << 20];
    struct changes changes = { 0 };
    (void)state;
    assert_int_equal(changes_held(&changes), 0);
    put(&changes, "a", "");
    size_t one = changes_held(&changes);
    assert_true(one > 0);
    put(&changes, "b", NULL);
    size_t two = changes_held(&changes);
    assert_true(two > one);
    assert_int_equal(
        changes_put(&changes, text("c"), SLICE_ARRAY(value)), ERR_NONE);
    assert_true(changes_held(&changes) > two + sizeof value);
    changes_clear(&changes);
}

static void short_memory_changes_nothing(void **state)
{
    static uint8_t large[100000];
    (void)state;
    for (unsigned nth = 1; nth < 4; nth++) {
        struct changes changes = { 0 };
        char key[16];
        for (unsigned i = 0; i < 64; i++) {
            (void)snprintf(key, sizeof key, "%02u", i);
            put(&changes, key, "as it was");
        }
        allocations_left = nth;
        enum err replaced =
            changes_put(&changes, text("07"), SLICE_ARRAY(large));
        enum err added = changes_put(&changes, text("07a"), SLICE_ARRAY(large));
        allocations_left = 0;
        assert_int_equal(replaced, nth == 1 ? ERR_NO_MEMORY : ERR_NONE);
        assert_int_equal(added, ERR_NO_MEMORY);
        assert_int_equal(changes.count, 64);
        assert_null(changes_find(&changes, text("07a")));
        if (nth == 1)
            assert_has(&changes, "07", "as it was");
        put(&changes, "07a", "there is room again");
        assert_has(&changes, "07a", "there is room again");
        assert_int_equal(changes.count, 65);
        changes_clear(&changes);
    }
    /* not even for the key */
    struct changes changes = { 0 };
    allocations_left = 1;
    enum err err = changes_put(&changes, text("k"), SLICE_NONE);
    allocations_left = 0;
    assert_int_equal(err, ERR_NO_MEMORY);
    assert_int_equal(changes.count, 0);
    changes_clear(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_word_about_a_row_counts),
        cmocka_unit_test(a_value_that_fits_is_written_in_its_place),
        cmocka_unit_test(what_is_put_may_borrow_from_there),
        cmocka_unit_test(what_is_gone_is_not_overwritten),
        cmocka_unit_test(an_array_agrees_about_thousands),
        cmocka_unit_test(most_come_in_order),
        cmocka_unit_test(what_they_hold_grows_with_rows_and_values),
        cmocka_unit_test(short_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
