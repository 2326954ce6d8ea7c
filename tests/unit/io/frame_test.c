#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "io/frame.h"

/* clang-format off */
static const struct {
    const char *it;
    size_t size_min, size_max;
    const char *bytes;
    size_t size;
    enum err want;
    size_t frame_count;
} cases[] = {
    { "an empty input is no frame",     4, 16, "", 0,                              ERR_NONE,      0 },
    { "half a head is no frame",        4, 16, "\0\0", 2,                          ERR_NONE,      0 },
    { "half a frame is no frame",       4, 16, "\0\0\0\5abc", 7,                   ERR_NONE,      0 },
    { "one frame",                      4, 16, "\0\0\0\4abcd", 8,                  ERR_NONE,      1 },
    { "two frames and a half",          4, 16, "\0\0\0\4abcd\0\0\0\4efgh\0\0", 18, ERR_NONE,      2 },
    { "an empty frame where allowed",   0, 16, "\0\0\0\0\0\0\0\0", 8,              ERR_NONE,      2 },
    { "below the minimum",              4, 16, "\0\0\0\3abc", 7,                   ERR_MALFORMED, 0 },
    { "at the maximum",                 4, 16, "\0\0\0\20abcdefghijklmnop", 20,    ERR_NONE,      1 },
    { "above the maximum",              4, 16, "\0\0\0\21", 4,                     ERR_LIMIT,     0 },
    { "the largest number",             4, 16, "\377\377\377\377", 4,              ERR_LIMIT,     0 },
    { "the error comes after a frame",  4, 16, "\0\0\0\4abcd\377\0\0\0", 12,       ERR_LIMIT,     1 },
};
/* clang-format on */

static enum err feed_in_pieces(
    struct frame_reader *reader, struct slice all, size_t piece, size_t *count)
{
    *count = 0;
    while (all.size > 0) {
        struct slice part =
            slice_of(all.bytes, all.size < piece ? all.size : piece);
        all = slice_of(all.bytes + part.size, all.size - part.size);
        do {
            bool complete;
            enum err err = frame_reader_feed(reader, &part, &complete);
            if (err != ERR_NONE)
                return err;
            if (complete) {
                ++*count;
                frame_reader_next(reader);
            }
        } while (part.size > 0);
    }
    return ERR_NONE;
}

static void each_case_holds_however_it_is_cut(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t piece = 1; piece <= 20; piece++) {
            struct frame_reader reader;
            size_t count;
            frame_reader_init(&reader, cases[i].size_min, cases[i].size_max);
            enum err got = feed_in_pieces(&reader,
                slice_of(cases[i].bytes, cases[i].size), piece, &count);
            frame_reader_release(&reader);
            if (got != cases[i].want || count != cases[i].frame_count)
                fail_msg("%s, in pieces of %zu: %s after %zu frames",
                    cases[i].it, piece, err_name(got), count);
        }
    }
}

static void a_declared_size_takes_no_memory(void **unused)
{
    (void)unused;
    struct frame_reader reader;
    struct slice head = slice_of("\0\100\0\0", 4); /* 4 MiB */
    bool complete;

    frame_reader_init(&reader, 4, (size_t)4 << 20);
    assert_int_equal(frame_reader_feed(&reader, &head, &complete), ERR_NONE);
    assert_int_equal(frame_reader_held(&reader), 0);
    for (size_t given = 1; given <= 300000; given++) {
        struct slice byte = slice_of("x", 1);
        assert_int_equal(
            frame_reader_feed(&reader, &byte, &complete), ERR_NONE);
        assert_false(complete);
        size_t held = frame_reader_held(&reader);
        if (held > given + FRAME_FIRST_SIZE)
            fail_msg("%zu bytes held for %zu", held, given);
    }
    assert_false(frame_reader_is_idle(&reader));
    frame_reader_release(&reader);
    assert_int_equal(frame_reader_held(&reader), 0);
}

static void bytes_come_out_as_they_went_in(void **unused)
{
    (void)unused;
    enum { SIZE = 200000 };
    uint8_t *bytes = malloc(FRAME_HEAD_SIZE + SIZE);
    struct frame_reader reader;
    bool complete;

    assert_non_null(bytes);
    frame_head(bytes, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[FRAME_HEAD_SIZE + i] = (uint8_t)(i * 31 + i / 256);
    struct slice input = slice_of(bytes, FRAME_HEAD_SIZE + SIZE);
    frame_reader_init(&reader, 4, SIZE);
    assert_int_equal(frame_reader_feed(&reader, &input, &complete), ERR_NONE);
    assert_true(complete);
    struct slice frame = frame_reader_frame(&reader);
    assert_int_equal(frame.size, SIZE);
    assert_memory_equal(frame.bytes, bytes + FRAME_HEAD_SIZE, SIZE);
    frame_reader_release(&reader);
    free(bytes);
}

/* The next one is not written over it. */
static void a_frame_that_is_taken_stays_as_it_is(void **unused)
{
    (void)unused;
    struct frame_reader reader;
    struct slice input = slice_of("\0\0\0\5first\0\0\0\6second", 19);
    bool complete;

    frame_reader_init(&reader, 0, 8);
    assert_int_equal(frame_reader_feed(&reader, &input, &complete), ERR_NONE);
    assert_true(complete);
    uint8_t *first = frame_reader_take(&reader);
    assert_true(frame_reader_is_idle(&reader));
    assert_int_equal(frame_reader_held(&reader), 0);
    assert_int_equal(frame_reader_feed(&reader, &input, &complete), ERR_NONE);
    assert_true(complete);
    assert_true(
        slice_equal(frame_reader_frame(&reader), SLICE_LITERAL("second")));
    frame_reader_release(&reader);
    assert_memory_equal(first, "first", 5);
    free(first);
}

static void a_lower_limit_holds_from_the_next_head_on(void **unused)
{
    (void)unused;
    struct frame_reader reader;
    struct slice input = slice_of("\0\0\0\10abcdefgh\0\0\0\10", 16);
    bool complete;

    frame_reader_init(&reader, 0, 8);
    assert_int_equal(frame_reader_feed(&reader, &input, &complete), ERR_NONE);
    assert_true(complete);
    frame_reader_next(&reader);
    frame_reader_limit(&reader, 7);
    assert_int_equal(frame_reader_feed(&reader, &input, &complete), ERR_LIMIT);
    frame_reader_release(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_holds_however_it_is_cut),
        cmocka_unit_test(a_declared_size_takes_no_memory),
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(a_frame_that_is_taken_stays_as_it_is),
        cmocka_unit_test(a_lower_limit_holds_from_the_next_head_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
