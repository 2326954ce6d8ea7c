/*
 * codec_check.h - what every strict codec owes, asked of one message: it reads
 * as what was written, nothing else reads as it, and memory that ends is a
 * limit, never another message.
 */
#ifndef SUPPORT_CODEC_CHECK_H
#define SUPPORT_CODEC_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/* Reads, and writes what was read; gives the reader's error. */
typedef enum err codec_again(
    struct slice bytes, struct arena *arena, struct slice *again);

/* In memory of exactly its size, so that a step beyond is seen. */
static inline enum err codec_try(struct slice bytes, struct arena *arena,
    codec_again *again, struct slice *written)
{
    uint8_t *copy = malloc(bytes.size + (bytes.size == 0));
    assert_non_null(copy);
    if (bytes.size > 0)
        memcpy(copy, bytes.bytes, bytes.size);
    struct slice borrowed = SLICE_NONE;
    enum err err = again(slice_of(copy, bytes.size), arena, &borrowed);
    if (err == ERR_NONE)
        assert_true(slice_equal(borrowed, bytes));
    if (written != NULL)
        *written = borrowed;
    free(copy);
    return err;
}

/* It is refused, or it is another message that has these very bytes. */
static inline void codec_assert_sole(
    struct slice bytes, struct arena *arena, codec_again *again)
{
    (void)codec_try(bytes, arena, again, NULL);
    arena_reset(arena);
}

static inline void codec_assert_variants(
    struct slice bytes, struct arena *arena, codec_again *again)
{
    static const uint8_t flips[] = { 0x01, 0x08, 0x80, 0xff };
    static const uint8_t unknown[] = { 0xf8, 0x07, 0x01 }; /* field 127 */
    uint8_t *copy = test_malloc(bytes.size + sizeof unknown);
    memcpy(copy, bytes.bytes, bytes.size);
    memcpy(copy + bytes.size, unknown, sizeof unknown);
    assert_int_equal(codec_try(slice_of(copy, bytes.size + sizeof unknown),
                         arena, again, NULL),
        ERR_MALFORMED);
    copy[bytes.size] = 0;
    assert_int_equal(
        codec_try(slice_of(copy, bytes.size + 1), arena, again, NULL),
        ERR_MALFORMED);
    arena_reset(arena);
    for (size_t i = 0; i < bytes.size; i++)
        for (size_t k = 0; k < sizeof flips; k++) {
            copy[i] ^= flips[k];
            codec_assert_sole(slice_of(copy, bytes.size), arena, again);
            copy[i] ^= flips[k];
        }
    test_free(copy);
}

/* An arena of any size: ERR_LIMIT, or all of it. */
static inline void codec_assert_limits(struct slice bytes, codec_again *again)
{
    enum err err = ERR_LIMIT;
    for (size_t capacity = 16; err != ERR_NONE; capacity += 16) {
        struct arena arena;
        struct slice written = SLICE_NONE;
        assert_int_equal(arena_init(&arena, capacity), ERR_NONE);
        uint8_t *copy = test_malloc(bytes.size + 1);
        memcpy(copy, bytes.bytes, bytes.size);
        err = again(slice_of(copy, bytes.size), &arena, &written);
        /* the writer has its limit too: then there is nothing written */
        if (err == ERR_NONE && written.bytes == NULL)
            err = ERR_LIMIT;
        else if (err == ERR_NONE)
            assert_true(slice_equal(written, bytes));
        assert_true(err == ERR_NONE || err == ERR_LIMIT);
        test_free(copy);
        arena_release(&arena);
        assert_true(capacity < 1u << 20);
    }
}

/* All of it, of a message of up to some hundred bytes. */
static inline void assert_strict(struct slice bytes, codec_again *again)
{
    struct arena arena;
    assert_non_null(bytes.bytes);
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    assert_int_equal(codec_try(bytes, &arena, again, NULL), ERR_NONE);
    for (size_t size = 0; size < bytes.size; size++)
        codec_assert_sole(slice_of(bytes.bytes, size), &arena, again);
    codec_assert_variants(bytes, &arena, again);
    arena_release(&arena);
    codec_assert_limits(bytes, again);
}

#endif
