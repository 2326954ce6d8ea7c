/*
 * text.h - bytes, numbers and times as text and back. Every decoder is strict:
 * it takes exactly what its encoder prints, so each value has one spelling.
 * (Times are the exception: RFC 3339 has several spellings of one instant.)
 *
 * Decoders look at nothing but the slice, leave *size and *value alone on
 * errors, and may leave part of a refused text in the bytes.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "base/slice.h"

/* ---- Encodings: characters, without the terminator, of `size` bytes ---- */

#define TEXT_HEX_SIZE(size) ((size)*2)
#define TEXT_BASE32_SIZE(size) (((size)*8 + 4) / 5)
#define TEXT_BASE64_SIZE(size) (((size) + 2) / 3 * 4)
#define TEXT_DECIMAL_SIZE_MAX 20 /* of any uint64_t */

/*
 * Encoders print a zero-terminated text and return its size without the
 * terminator. `capacity` counts the terminator; one too small is a
 * programmer's mistake (asserted).
 */
size_t text_hex_encode(struct slice bytes, char *text, size_t capacity);
/* RFC 4648 section 6 in lower case without padding. */
size_t text_base32_encode(struct slice bytes, char *text, size_t capacity);
/* RFC 4648 section 4, padded. */
size_t text_base64_encode(struct slice bytes, char *text, size_t capacity);
size_t text_decimal_encode(uint64_t value, char *text, size_t capacity);

/*
 * Decoders. ERR_MALFORMED when the text is not what the encoder prints for
 * some bytes: upper case (hex, base32), wrong length, a foreign character,
 * missing or surplus padding, bits that are not zero behind the last byte.
 * ERR_LIMIT when the bytes would not fit `capacity`.
 */
MUST_USE enum err text_hex_decode(
    struct slice text, uint8_t *bytes, size_t capacity, size_t *size);
MUST_USE enum err text_base32_decode(
    struct slice text, uint8_t *bytes, size_t capacity, size_t *size);
MUST_USE enum err text_base64_decode(
    struct slice text, uint8_t *bytes, size_t capacity, size_t *size);
/* Digits only, no leading zero but in "0". ERR_MALFORMED, also when the
 * number needs more than 64 bits. */
MUST_USE enum err text_decimal_decode(struct slice text, uint64_t *value);

/* ---- Characters ---- */

enum text_controls {
    TEXT_CONTROLS_ANY,    /* all but NUL */
    TEXT_CONTROLS_LAYOUT, /* below U+0020 only line feed and tab */
};

/* True for well-formed UTF-8 (RFC 3629): no overlong form, no surrogate,
 * nothing above U+10FFFF, no NUL, and only the control characters named. */
bool text_is_utf8(struct slice text, enum text_controls controls);

/*
 * Takes what stands before the next `delimiter` off the front of *rest into
 * *part, and drops the delimiter. False, touching neither, when there is none.
 */
bool text_cut(struct slice *rest, char delimiter, struct slice *part);

/* ---- Times (RFC 3339), years 0000 to 9999 ---- */

#define TEXT_DATE_SIZE 10 /* 2026-11-22 */
#define TEXT_TIME_SIZE 24 /* 2026-11-22T10:19:00.000Z */

/* UTC, milliseconds. ERR_INVALID when outside the years 0000 to 9999. */
MUST_USE enum err text_time_format(
    struct instant instant, char text[TEXT_TIME_SIZE + 1]);
/* The UTC day that holds the instant. ERR_INVALID as above. */
MUST_USE enum err text_date_format(
    struct instant instant, char text[TEXT_DATE_SIZE + 1]);

/* `YYYY-MM-DD` as the first instant of that UTC day. ERR_MALFORMED, also for
 * days that no calendar has. */
MUST_USE enum err text_date_parse(struct slice text, struct instant *start);

/*
 * `YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM)` with capital T and Z and 1
 * to 9 digits of fraction, of which milliseconds are kept. ERR_MALFORMED, also
 * for second 60, which Unix time cannot say, and for an instant that is
 * outside the years 0000 to 9999 in UTC.
 */
MUST_USE enum err text_time_parse(struct slice text, struct instant *instant);

#endif
