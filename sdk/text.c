#include "text.h"

#include <string.h>

/* ---- Clean text -------------------------------------------------------- */

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the character that begins so, 0 when none does. */
static size_t size_of_first(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    if (first < 0xe0)
        return 2;
    return first < 0xf0 ? 3 : 4;
}

/* Bytes of the character at `text`, of which `left` are there; 0 when it is
 * none we let pass. */
static size_t character_size(const uint8_t *text, size_t left)
{
    uint8_t first = text[0];
    size_t size = size_of_first(first);
    if (size == 1 && first != '\n' && first != '\t' &&
        (first < 0x20 || first == 0x7f))
        return 0;
    if (size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if (!is_continuation(text[i]))
            return 0;
    bool is_overlong =
        (first == 0xe0 && text[1] < 0xa0) || (first == 0xf0 && text[1] < 0x90);
    bool is_surrogate = first == 0xed && text[1] >= 0xa0;
    bool is_beyond = first == 0xf4 && text[1] >= 0x90;
    return is_overlong || is_surrogate || is_beyond ? 0 : size;
}

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Not 0 when one of the eight bytes there is not printable ASCII. */
static uint64_t marks(const uint8_t *text)
{
    uint64_t eight;
    memcpy(&eight, text, sizeof eight);
    uint64_t below_space = eight - EVERY_BYTE(0x20);
    uint64_t above_tilde = eight + EVERY_BYTE(0x01);
    return (eight | below_space | above_tilde) & EVERY_BYTE(0x80);
}

/* How many bytes from there on, in eights, are printable ASCII: most are. */
static size_t plain_size(const uint8_t *text, size_t size)
{
    size_t i = 0;
    while (
        size - i >= 32 && (marks(text + i) | marks(text + i + 8) |
                              marks(text + i + 16) | marks(text + i + 24)) == 0)
        i += 32;
    while (size - i >= 8 && marks(text + i) == 0)
        i += 8;
    return i;
}

/* How many from there on are pairs: letters of many other alphabets. */
static size_t pairs_size(const uint8_t *text, size_t size)
{
    size_t i = 0;
    while (size - i >= 2 && size_of_first(text[i]) == 2 &&
           is_continuation(text[i + 1]))
        i += 2;
    return i;
}

bool sdk_slice_is_clean(struct slice text)
{
    size_t at = 0;
    while (at < text.size) {
        at += plain_size(text.bytes + at, text.size - at);
        at += pairs_size(text.bytes + at, text.size - at);
        if (at == text.size)
            break;
        size_t size = character_size(text.bytes + at, text.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

bool sdk_text_is_clean(const char *text)
{
    return text != NULL && sdk_slice_is_clean(slice_of_text(text));
}

/* ---- Codes ------------------------------------------------------------- */

static bool is_of_code(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

bool sdk_slice_is_code(struct slice text)
{
    if (text.size == 0 || text.size > SDK_CODE_SIZE_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_of_code(text.bytes[i]))
            return false;
    return true;
}

bool sdk_text_is_code(const char *text)
{
    return text != NULL && sdk_slice_is_code(slice_of_text(text));
}

/* ---- Numbers ----------------------------------------------------------- */

bool sdk_text_number(const char *text, int64_t *number)
{
    bool is_negative = text[0] == '-';
    const char *digit = text + is_negative;
    int64_t value = 0; /* kept negative: the range is larger on that side */
    if (*digit == 0)
        return false;
    for (; *digit != 0; digit++) {
        if (*digit < '0' || *digit > '9')
            return false;
        int64_t unit = *digit - '0';
        if (value < (INT64_MIN + unit) / 10)
            return false;
        value = value * 10 - unit;
    }
    if (!is_negative && value == INT64_MIN)
        return false;
    *number = is_negative ? value : -value;
    return true;
}

size_t sdk_number_write(int64_t number, char text[SDK_NUMBER_SIZE_MAX])
{
    char digits[SDK_NUMBER_SIZE_MAX];
    size_t begin = sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        digits[--begin] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        digits[--begin] = '-';
    memcpy(text, digits + begin, sizeof digits - begin);
    return sizeof digits - begin;
}

/* ---- Copies ------------------------------------------------------------ */

void sdk_slice_copy(char *copy, size_t capacity, struct slice text)
{
    size_t size = text.size;
    if (size >= capacity) {
        size = capacity - 1;
        while (size > 0 && is_continuation(text.bytes[size]))
            size--;
    }
    if (size > 0)
        memcpy(copy, text.bytes, size);
    copy[size] = 0;
}

void sdk_text_copy(char *copy, size_t capacity, const char *text)
{
    sdk_slice_copy(copy, capacity, slice_of_text(text));
}
