#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/pack.h"
#include "base/prng.h"
#include "core/keys.h"
#include "core/node_state.h"
#include "core/repeat_rows.h"
#include "support/bench_node.h"

#define A_NAME "0123456789abcdef"
#define NAME_COUNT 60u /* seven runs of the federation's, and four rows */

/* What each name stands for, by a model without pages, logs or runs. */
struct model {
    uint32_t values[NAME_COUNT]; /* 0: none */
};

static void name_of(uint32_t number, uint8_t name[REPEAT_NAME_SIZE])
{
    struct prng prng = prng_from_seed(number);
    prng_fill(&prng, name, REPEAT_NAME_SIZE);
}

static void put(struct work *work, uint32_t number, uint32_t value)
{
    uint8_t name[REPEAT_NAME_SIZE];
    uint8_t bytes[4];
    struct packer out = pack_into(bytes, sizeof bytes);
    name_of(number, name);
    pack_u32(&out, value);
    repeat_rows_put(work, name, packed(&out));
}

static uint32_t get(struct work *work, uint32_t number)
{
    uint8_t name[REPEAT_NAME_SIZE];
    name_of(number, name);
    struct slice value = repeat_rows_get(work, name);
    struct unpacker in = unpack_from(value);
    return value.bytes == NULL ? 0 : unpack_u32(&in);
}

static void assert_all(struct federation *federation, const struct model *model)
{
    struct work *work = federation_begin(federation, 0);
    for (uint32_t i = 0; i < NAME_COUNT; i++)
        assert_int_equal(get(work, i), model->values[i]);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

/* Batches of some puts, of old names and new, and restarts among them. */
static void a_name_stands_for_what_was_put_last(void **state)
{
    struct federation *federation = federation_new(1);
    struct model model = { { 0 } };
    struct prng prng = prng_from_seed(1);
    uint32_t value = 1;
    (void)state;
    for (unsigned batch = 0; batch < 100; batch++) {
        struct work *work = federation_begin(federation, 0);
        for (uint64_t i = prng_below(&prng, 12); i > 0; i--) {
            uint32_t number = (uint32_t)prng_below(&prng, NAME_COUNT);
            put(work, number, value);
            model.values[number] = value++;
            assert_int_equal(get(work, number), model.values[number]);
        }
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        if (batch % 7 == 0)
            federation_crash(federation, 0);
        assert_all(federation, &model);
    }
    assert_true(federation_node(federation, 0)->repeats.filter.run_count > 16);
    federation_free(federation);
}

static size_t part_count(struct work *work, uint32_t part)
{
    size_t count = 0;
    uint8_t none[REPEAT_NAME_SIZE] = { 0 };
    struct key from = key_repeat(part, none);
    struct slice key = key_slice(&from);
    struct slice value;
    while (store_seek(work->txn, KEY_REPEAT_PART_SIZE, &key, &value)) {
        count++;
        memcpy(from.bytes, key.bytes, key.size);
        from.bytes[key.size] = 0;
        from.size = key.size + 1;
        key = key_slice(&from);
    }
    return count;
}

static void a_batch_is_one_row_until_a_run_takes_its_place(void **state)
{
    struct federation *federation = federation_new(1);
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct work *work = federation_begin(federation, 0);
        put(work, 2 * i, 1);
        put(work, 2 * i + 1, 1);
        put(work, 2 * i, 2); /* again: still two */
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
    }
    struct work *work = federation_begin(federation, 0);
    assert_int_equal(part_count(work, KEY_REPEAT_LOG), 4);
    assert_int_equal(part_count(work, KEY_REPEAT_FILTERS), 0);
    put(work, 7, 3); /* is there: no run is needed for it */
    assert_int_equal(part_count(work, 1), 0);
    put(work, 8, 1);
    assert_int_equal(part_count(work, KEY_REPEAT_LOG), 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    work = federation_begin(federation, 0);
    assert_int_equal(part_count(work, KEY_REPEAT_LOG), 1);
    assert_int_equal(part_count(work, KEY_REPEAT_FILTERS), 1);
    assert_int_equal(part_count(work, 1), 8);
    assert_int_equal(get(work, 0), 2);
    assert_int_equal(get(work, 7), 3);
    assert_int_equal(get(work, 9), 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

/* No hash is like that, but nothing may go wrong: all want the last slot. */
static void names_that_begin_alike_are_told_apart(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    uint8_t name[REPEAT_NAME_SIZE];
    (void)state;
    memset(name, 0xff, sizeof name);
    for (uint8_t i = 20; i > 0; i--) {
        name[REPEAT_NAME_SIZE - 1] = i;
        assert_null(repeat_rows_get(work, name).bytes);
        repeat_rows_put(work, name, slice_of(&i, 1));
    }
    for (uint8_t i = 1; i <= 20; i++) {
        name[REPEAT_NAME_SIZE - 1] = i;
        assert_true(slice_equal(repeat_rows_get(work, name), slice_of(&i, 1)));
    }
    assert_int_equal(part_count(work, 1), 8);
    assert_int_equal(part_count(work, 2), 8);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void log_put(struct work *work, uint64_t number, struct slice bytes)
{
    struct key key = key_repeat_log(number);
    store_put(work->txn, key_slice(&key), bytes);
}

/* A gateway of before may have had longer runs. */
static void a_log_that_is_longer_than_a_run_becomes_runs(void **state)
{
    struct federation *federation = federation_new(1);
    struct model model = { { 0 } };
    (void)state;
    struct work *work = federation_begin(federation, 0);
    for (uint32_t row = 0; row < 3; row++) {
        uint8_t bytes[512];
        struct packer out = pack_into(bytes, sizeof bytes);
        pack_u8(&out, REPEAT_LOG_VERSION);
        for (uint32_t i = 0; i < 20; i++) {
            uint8_t name[REPEAT_NAME_SIZE];
            model.values[15 * row + i] = row + 1;
            name_of(15 * row + i, name);
            pack_fixed(&out, name, sizeof name);
            pack_u8(&out, 4);
            pack_u32(&out, row + 1);
        }
        log_put(work, 5 + row, packed(&out));
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    for (unsigned i = 0; i < 2; i++) {
        federation_crash(federation, 0);
        assert_all(federation, &model);
    }
    federation_free(federation);
}

static void a_damaged_log_is_not_read(void **state)
{
    const struct slice damaged[] = {
        SLICE_LITERAL("\x02"),          /* another version */
        SLICE_LITERAL("\x01too short"), /* ends in a name */
        SLICE_LITERAL("\x01" A_NAME "\x05four"),
        SLICE_LITERAL("\x01" A_NAME),
    };
    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct federation *federation = federation_new(1);
        struct work *work = federation_begin(federation, 0);
        log_put(work, 1, damaged[i]);
        repeat_rows_load(work);
        assert_int_equal(work->txn->err, ERR_CORRUPT);
        assert_int_equal(federation_end(federation, 0), ERR_CORRUPT);
        federation_crash(federation, 0);
        federation_free(federation);
    }
}

static void after_an_error_no_name_is_known(void **state)
{
    struct federation *federation = federation_new(1);
    struct work *work = federation_begin(federation, 0);
    (void)state;
    put(work, 1, 1);
    assert_int_equal(get(work, 1), 1);
    work->txn->err = ERR_IO;
    assert_int_equal(get(work, 1), 0);
    assert_int_equal(federation_end(federation, 0), ERR_IO);
    federation_free(federation);
}

static void a_value_is_as_long_as_the_longest(void **state)
{
    struct federation *federation = federation_new(1);
    uint8_t name[REPEAT_NAME_SIZE] = { 9 };
    uint8_t none[REPEAT_NAME_SIZE] = { 8 };
    uint8_t value[REPEAT_VALUE_SIZE_MAX];
    (void)state;
    memset(value, 'v', sizeof value);
    struct work *work = federation_begin(federation, 0);
    repeat_rows_put(work, name, SLICE_ARRAY(value));
    repeat_rows_put(work, none, slice_of(value, 0));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_crash(federation, 0);
    work = federation_begin(federation, 0);
    assert_true(slice_equal(repeat_rows_get(work, name), SLICE_ARRAY(value)));
    struct slice empty = repeat_rows_get(work, none);
    assert_int_equal(empty.size, 0);
    assert_non_null(empty.bytes);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_stands_for_what_was_put_last),
        cmocka_unit_test(a_batch_is_one_row_until_a_run_takes_its_place),
        cmocka_unit_test(names_that_begin_alike_are_told_apart),
        cmocka_unit_test(a_log_that_is_longer_than_a_run_becomes_runs),
        cmocka_unit_test(a_damaged_log_is_not_read),
        cmocka_unit_test(after_an_error_no_name_is_known),
        cmocka_unit_test(a_value_is_as_long_as_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
