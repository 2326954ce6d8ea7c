/* hex.h - test vectors as hexadecimal text. A wrong one fails the test. */
#ifndef SUPPORT_HEX_H
#define SUPPORT_HEX_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/slice.h"
#include "base/text.h"

/* Bytes of the text in `bytes`; at most `capacity`. */
static inline struct slice hex(
    const char *text, uint8_t *bytes, size_t capacity)
{
    size_t size = 0;
    if (text_hex_decode(slice_of_text(text), bytes, capacity, &size) !=
        ERR_NONE)
        fail_msg("not hexadecimal, or more than %zu bytes: %s", capacity, text);
    return slice_of(bytes, size);
}

/* Exactly `size` bytes. */
static inline void hex_exactly(const char *text, uint8_t *bytes, size_t size)
{
    assert_int_equal(hex(text, bytes, size).size, size);
}

static inline void assert_hex_equal(
    const uint8_t *bytes, size_t size, const char *text)
{
    uint8_t want[4096];
    struct slice expected = hex(text, want, sizeof want);
    assert_int_equal(size, expected.size);
    assert_memory_equal(bytes, want, size);
}

#endif
