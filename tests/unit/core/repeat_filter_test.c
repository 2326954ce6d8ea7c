#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "core/repeat_filter.h"

#define RUN_SIZE 64u
#define RUN_COUNT 21u /* three groups, the last of them not full */

static void name_of(uint32_t number, uint8_t name[REPEAT_NAME_SIZE])
{
    struct prng prng = prng_from_seed(number);
    prng_fill(&prng, name, REPEAT_NAME_SIZE);
}

static void run_add(struct repeat_filter *filter, uint32_t run)
{
    size_t size = repeat_filter_size(filter);
    uint8_t name[REPEAT_NAME_SIZE];
    uint8_t *bits = calloc(1, size);
    assert_non_null(bits);
    for (uint32_t i = 0; i < RUN_SIZE; i++) {
        name_of(run * RUN_SIZE + i, name);
        repeat_filter_mark(filter, bits, name);
    }
    repeat_filter_add(filter, slice_of(bits, size));
    free(bits);
}

static bool is_candidate(const struct repeat_filter *filter, uint32_t wanted,
    const uint8_t name[REPEAT_NAME_SIZE])
{
    uint32_t run = filter->run_count;
    uint32_t before = run + 1;
    while ((run = repeat_filter_next(filter, run, name)) > 0) {
        assert_true(run < before); /* the newest first, each once */
        if (run == wanted)
            return true;
        before = run--;
    }
    return false;
}

static size_t foreign_count(const struct repeat_filter *filter)
{
    size_t count = 0;
    uint8_t name[REPEAT_NAME_SIZE];
    for (uint32_t i = 0; i < 1000; i++) {
        name_of(1000000 + i, name);
        for (uint32_t run = filter->run_count;
             (run = repeat_filter_next(filter, run, name)) > 0; run--)
            count++;
    }
    return count;
}

static void a_name_is_in_its_run_and_rarely_in_another(void **state)
{
    struct repeat_filter filter;
    struct arena memory;
    uint8_t name[REPEAT_NAME_SIZE];
    (void)state;
    assert_int_equal(arena_init(&memory, 1u << 20), ERR_NONE);
    repeat_filter_init(&filter, &memory, RUN_SIZE);
    assert_int_equal(repeat_filter_next(&filter, 0, (uint8_t[16]){ 1 }), 0);
    for (uint32_t run = 1; run <= RUN_COUNT; run++)
        run_add(&filter, run);
    for (uint32_t run = 1; run <= RUN_COUNT; run++)
        for (uint32_t i = 0; i < RUN_SIZE; i++) {
            name_of(run * RUN_SIZE + i, name);
            assert_true(is_candidate(&filter, run, name));
        }
    /* of 21,000 looks: 19 are to be expected */
    assert_true(foreign_count(&filter) < 60);
    arena_release(&memory);
}

static void without_a_filter_a_run_is_always_looked_at(void **state)
{
    struct repeat_filter filter;
    struct arena memory;
    uint8_t name[REPEAT_NAME_SIZE];
    (void)state;
    /* for one group, not for two */
    assert_int_equal(arena_init(&memory, 1500), ERR_NONE);
    repeat_filter_init(&filter, &memory, RUN_SIZE);
    assert_int_equal(repeat_filter_size(&filter), 1024 / 8);
    repeat_filter_add(&filter, SLICE_LITERAL("of another size"));
    for (uint32_t run = 2; run <= 9; run++)
        run_add(&filter, run);
    name_of(1000001, name);
    assert_true(is_candidate(&filter, 9, name)); /* no memory */
    assert_true(is_candidate(&filter, 1, name)); /* not ours */
    assert_false(is_candidate(&filter, 2, name));
    arena_release(&memory);
}

static void beyond_the_last_group_all_are_looked_at(void **state)
{
    struct repeat_filter filter;
    struct arena memory;
    uint8_t name[REPEAT_NAME_SIZE] = { 7 };
    uint8_t bits[2] = { 0 };
    const uint32_t last = REPEAT_FILTER_GROUP_COUNT_MAX * REPEAT_FILTER_RUNS;
    (void)state;
    assert_int_equal(arena_init(&memory, 1u << 16), ERR_NONE);
    repeat_filter_init(&filter, &memory, 1);
    assert_int_equal(repeat_filter_size(&filter), sizeof bits);
    for (uint32_t run = 1; run <= last + 2; run++)
        repeat_filter_add(&filter, SLICE_ARRAY(bits));
    assert_int_equal(repeat_filter_next(&filter, last + 2, name), last + 2);
    assert_int_equal(repeat_filter_next(&filter, last + 1, name), last + 1);
    assert_int_equal(repeat_filter_next(&filter, last, name), 0);
    arena_release(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_in_its_run_and_rarely_in_another),
        cmocka_unit_test(without_a_filter_a_run_is_always_looked_at),
        cmocka_unit_test(beyond_the_last_group_all_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
