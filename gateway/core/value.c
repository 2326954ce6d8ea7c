#include "core/value.h"

#include "base/id.h"
#include "base/text.h"

#include <string.h>

#define DELETE 0x7f

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

bool value_is_text(struct slice value, size_t size_max)
{
    size_t first = 0; /* that can be read */
    if (value.size == 0 || value.size > size_max ||
        memchr(value.bytes, DELETE, value.size) != NULL)
        return false;
    while (first < value.size && value.bytes[first] <= ' ')
        first++;
    return first < value.size && text_is_utf8(value, TEXT_CONTROLS_LAYOUT);
}

bool value_is_number(struct slice value)
{
    uint64_t number;
    return text_decimal_decode(value, &number) == ERR_NONE &&
           number <= VALUE_NUMBER_MAX;
}

bool value_is_date(struct slice value)
{
    struct instant start;
    return value.size == TEXT_DATE_SIZE && value.bytes[0] != '0' &&
           text_date_parse(value, &start) == ERR_NONE;
}

bool value_is_year(struct slice value)
{
    if (value.size != 4 || value.bytes[0] == '0')
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (!is_digit(value.bytes[i]))
            return false;
    return true;
}

bool value_is_flag(struct slice value)
{
    return slice_is(value, "yes") || slice_is(value, "no");
}

bool value_is_time(struct slice value)
{
    struct instant instant;
    return text_time_parse(value, &instant) == ERR_NONE;
}

bool value_is_uuid_urn(struct slice value)
{
    char text[UUID_URN_SIZE + 1];
    struct uuid uuid;
    if (value.size != UUID_URN_SIZE || uuid_parse(value, &uuid) != ERR_NONE)
        return false;
    uuid_format(&uuid, text);
    return slice_is(value, text);
}

bool value_is_code(struct slice value)
{
    return code_is_valid(value);
}

bool value_next_word(struct slice *rest, struct slice *word)
{
    if (rest->bytes == NULL)
        return false;
    if (!text_cut(rest, ' ', word)) {
        *word = *rest;
        *rest = SLICE_NONE;
    }
    return true;
}

bool value_is_times(struct slice value)
{
    struct slice rest = value;
    struct slice word;
    if (value.size == 0)
        return false;
    while (value_next_word(&rest, &word))
        if (!value_is_time(word))
            return false;
    return true;
}

bool value_times_hold(struct slice times, struct slice time)
{
    struct instant wanted, offered;
    struct slice rest = times;
    struct slice word;
    if (text_time_parse(time, &wanted) != ERR_NONE)
        return false;
    while (value_next_word(&rest, &word))
        if (text_time_parse(word, &offered) == ERR_NONE &&
            offered.unix_ms == wanted.unix_ms)
            return true;
    return false;
}
