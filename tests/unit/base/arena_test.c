#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

static void memory_is_zeroed_aligned_and_apart(void **unused)
{
    (void)unused;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 4096), ERR_NONE);
    uint8_t *previous_end = arena.block;
    for (size_t size = 0; size < 40; size++) {
        uint8_t *bytes = arena_take(&arena, size);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
        assert_true(bytes >= previous_end);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xff, size);
        previous_end = bytes + size;
    }
    arena_release(&arena);
}

static void the_limit_holds_to_the_byte(void **unused)
{
    (void)unused;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 64), ERR_NONE);
    assert_null(arena_take(&arena, 65));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_take(&arena, 64));
    assert_null(arena_take(&arena, 1));
    assert_non_null(arena_take(&arena, 0));
    assert_int_equal(arena.refused_count, 3);
    arena_reset(&arena);
    assert_null(arena_take_array(&arena, SIZE_MAX, 2));
    assert_int_equal(arena.refused_count, 4); /* for good */
    arena_release(&arena);
}

static void arrays_do_not_overflow(void **unused)
{
    (void)unused;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 256), ERR_NONE);
    assert_null(arena_take_array(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_take_array(&arena, 2, SIZE_MAX));
    assert_null(arena_take_array(&arena, 17, 16));
    assert_non_null(arena_take_array(&arena, 0, SIZE_MAX));
    assert_non_null(arena_take_array(&arena, SIZE_MAX, 0));
    assert_non_null(arena_take_array(&arena, 16, 16));
    arena_release(&arena);
}

static void a_reset_wipes_and_gives_the_same_memory_again(void **unused)
{
    (void)unused;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 64), ERR_NONE);
    uint8_t *bytes = arena_take(&arena, 32);
    assert_non_null(bytes);
    memset(bytes, 0x5a, 32);
    arena_reset(&arena);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(arena.block[i], 0);
    assert_ptr_equal(arena_take(&arena, 64), bytes);
    arena_release(&arena);
    assert_null(arena.block);
    assert_null(arena_take(&arena, 1));
    arena_release(&arena); /* twice does no harm */
}

static void copies_end_with_a_zero_byte(void **unused)
{
    (void)unused;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 64), ERR_NONE);
    struct slice copy = arena_copy(&arena, SLICE_LITERAL("agency"));
    assert_true(slice_is(copy, "agency"));
    assert_int_equal(copy.bytes[6], 0);
    const char *text = arena_text(&arena, SLICE_LITERAL("referral"));
    assert_string_equal(text, "referral");
    copy = arena_copy(&arena, SLICE_NONE);
    assert_non_null(copy.bytes);
    assert_int_equal(copy.size, 0);
    /* 48 used, 16 left: 16 bytes and their zero do not fit */
    assert_null(arena_copy(&arena, slice_of("0123456789abcdef", 16)).bytes);
    assert_null(arena_text(&arena, slice_of("0123456789abcdef", 16)));
    assert_null(arena_copy(&arena, slice_of("", SIZE_MAX)).bytes);
    assert_non_null(arena_copy(&arena, slice_of("0123456789abcde", 15)).bytes);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(the_limit_holds_to_the_byte),
        cmocka_unit_test(arrays_do_not_overflow),
        cmocka_unit_test(a_reset_wipes_and_gives_the_same_memory_again),
        cmocka_unit_test(copies_end_with_a_zero_byte),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
