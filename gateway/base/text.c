#include "base/text.h"

#include <assert.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of a digit, or -1. */
static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base32_value(uint8_t c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/*
 * The three encodings are one: bytes as a row of bits, cut into digits of
 * `width` bits, the last filled up with zeros.
 */
static size_t digits_encode(
    struct slice bytes, unsigned width, const char *digits, char *text)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t size = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        bits = bits << 8 | bytes.bytes[i];
        for (bit_count += 8; bit_count >= width; bit_count -= width) {
            uint32_t digit = bits >> (bit_count - width);
            text[size++] = digits[digit & ((1u << width) - 1)];
        }
    }
    if (bit_count > 0) {
        uint32_t digit = bits << (width - bit_count);
        text[size++] = digits[digit & ((1u << width) - 1)];
    }
    return size;
}

static enum err digits_decode(struct slice text, unsigned width,
    int (*value_of)(uint8_t c), uint8_t *bytes, size_t capacity, size_t *size)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = value_of(text.bytes[i]);
        if (value < 0)
            return ERR_MALFORMED;
        bits = bits << width | (uint32_t)value;
        bit_count += width;
        if (bit_count < 8)
            continue;
        if (used == capacity)
            return ERR_LIMIT;
        bit_count -= 8;
        bytes[used++] = (uint8_t)(bits >> bit_count);
    }
    /* a whole digit left over would be a digit too many */
    if (bit_count >= width || (bits & ((1u << bit_count) - 1)) != 0)
        return ERR_MALFORMED;
    *size = used;
    return ERR_NONE;
}

size_t text_hex_encode(struct slice bytes, char *text, size_t capacity)
{
    assert(capacity > TEXT_HEX_SIZE(bytes.size));
    size_t size = digits_encode(bytes, 4, hex_digits, text);
    text[size] = '\0';
    return size;
}

size_t text_base32_encode(struct slice bytes, char *text, size_t capacity)
{
    assert(capacity > TEXT_BASE32_SIZE(bytes.size));
    size_t size = digits_encode(bytes, 5, base32_digits, text);
    text[size] = '\0';
    return size;
}

size_t text_base64_encode(struct slice bytes, char *text, size_t capacity)
{
    assert(capacity > TEXT_BASE64_SIZE(bytes.size));
    size_t size = digits_encode(bytes, 6, base64_digits, text);
    while (size % 4 != 0)
        text[size++] = '=';
    text[size] = '\0';
    return size;
}

size_t text_decimal_encode(uint64_t value, char *text, size_t capacity)
{
    char backwards[TEXT_DECIMAL_SIZE_MAX];
    size_t size = 0;
    do {
        backwards[size++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    assert(capacity > size);
    for (size_t i = 0; i < size; i++)
        text[i] = backwards[size - 1 - i];
    text[size] = '\0';
    return size;
}

enum err text_hex_decode(
    struct slice text, uint8_t *bytes, size_t capacity, size_t *size)
{
    return digits_decode(text, 4, hex_value, bytes, capacity, size);
}

enum err text_base32_decode(
    struct slice text, uint8_t *bytes, size_t capacity, size_t *size)
{
    return digits_decode(text, 5, base32_value, bytes, capacity, size);
}

enum err text_base64_decode(
    struct slice text, uint8_t *bytes, size_t capacity, size_t *size)
{
    if (text.size % 4 != 0)
        return ERR_MALFORMED;
    /* More than two paddings leave a digit too few, which decoding refuses. */
    for (int i = 0; i < 2 && text.size > 0; i++)
        if (text.bytes[text.size - 1] == '=')
            text.size--;
    return digits_decode(text, 6, base64_value, bytes, capacity, size);
}

enum err text_decimal_decode(struct slice text, uint64_t *value)
{
    if (text.size == 0 || (text.size > 1 && text.bytes[0] == '0'))
        return ERR_MALFORMED;
    uint64_t sum = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)text.bytes[i] - '0';
        if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
            return ERR_MALFORMED;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return ERR_NONE;
}

/* Size of the sequence that `first` opens, and the range of its second byte,
 * which is where overlong forms and surrogates show (Unicode, table 3-7). */
static size_t utf8_sequence(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static bool control_is_allowed(uint8_t c, enum text_controls controls)
{
    if (c >= 0x20 || c == '\n' || c == '\t')
        return true;
    return c != 0 && controls == TEXT_CONTROLS_ANY;
}

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* 0 when all of so many bytes, in eights, are letters of ASCII: neither has the
 * highest bit, nor gets it when a space is taken off. What is less than a space
 * borrows from the byte above it, but then has that bit itself. */
static uint64_t not_plain(const uint8_t *bytes, size_t size)
{
    uint64_t marks = 0;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + i, sizeof eight);
        marks |= eight | (eight - EVERY_BYTE(0x20));
    }
    return marks & EVERY_BYTE(0x80);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80;
}

/* How many bytes from there on are letters of ASCII. */
static size_t plain_size(const uint8_t *bytes, size_t size)
{
    size_t i = 0;
    while (size - i >= 8 && not_plain(bytes + i, 8) == 0) {
        i += 8;
        while (size - i >= 64 && not_plain(bytes + i, 64) == 0)
            i += 64;
    }
    while (i < size && is_plain(bytes[i]))
        i++;
    return i;
}

/* How many from there on are pairs: letters of many other alphabets. */
static size_t pairs_size(const uint8_t *bytes, size_t size)
{
    size_t i = 0;
    while (size - i >= 2 && bytes[i] >= 0xc2 && bytes[i] <= 0xdf &&
           (bytes[i + 1] & 0xc0) == 0x80)
        i += 2;
    return i;
}

/* Size of the sequence at the front of what is not empty; 0: it is none. */
static size_t sequence_size(struct slice text, enum text_controls controls)
{
    uint8_t low, high;
    size_t size = utf8_sequence(text.bytes[0], &low, &high);
    if (size > text.size || !control_is_allowed(text.bytes[0], controls))
        return 0;
    for (size_t i = 1; i < size; i++) {
        uint8_t c = text.bytes[i];
        if (c < (i == 1 ? low : 0x80) || c > (i == 1 ? high : 0xbf))
            return 0;
    }
    return size;
}

bool text_is_utf8(struct slice text, enum text_controls controls)
{
    size_t i = 0;
    while (i < text.size) {
        const uint8_t *bytes = text.bytes + i;
        size_t left = text.size - i;
        size_t size = plain_size(bytes, left);
        size += pairs_size(bytes + size, left - size);
        if (size == 0)
            size = sequence_size(slice_of(bytes, left), controls);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

bool text_cut(struct slice *rest, char delimiter, struct slice *part)
{
    const uint8_t *at =
        rest->size > 0 ? memchr(rest->bytes, delimiter, rest->size) : NULL;
    if (at == NULL)
        return false;
    size_t size = (size_t)(at - rest->bytes);
    *part = slice_of(rest->bytes, size);
    *rest = slice_of(at + 1, rest->size - size - 1);
    return true;
}
