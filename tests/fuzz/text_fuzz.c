/*
 * The text of numbers, bytes and times: what a decoder takes, its encoder
 * prints again. The first byte selects the codec. Needs refer_base.
 */
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_SIZE_MAX 4096

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct codec {
    size_t (*encode)(struct slice bytes, char *text, size_t capacity);
    enum err (*decode)(
        struct slice text, uint8_t *bytes, size_t capacity, size_t *size);
};

static const struct codec codecs[] = {
    { text_hex_encode, text_hex_decode },
    { text_base32_encode, text_base32_decode },
    { text_base64_encode, text_base64_decode },
};

static void check_codec(const struct codec *codec, struct slice input)
{
    static char text[2 * TEXT_SIZE_MAX + 1];
    static uint8_t bytes[TEXT_SIZE_MAX];
    size_t size = SIZE_MAX;
    if (codec->decode(input, bytes, sizeof bytes, &size) == ERR_NONE) {
        must(size <= input.size);
        size_t text_size =
            codec->encode(slice_of(bytes, size), text, sizeof text);
        must(slice_equal(slice_of(text, text_size), input));
        if (size > 0)
            must(codec->decode(input, bytes, size - 1, &size) == ERR_LIMIT);
    }
    size_t text_size = codec->encode(input, text, sizeof text);
    must(codec->decode(slice_of(text, text_size), bytes, input.size, &size) ==
         ERR_NONE);
    must(slice_equal(slice_of(bytes, size), input));
}

static void check_decimal(struct slice input)
{
    uint64_t value;
    char text[TEXT_DECIMAL_SIZE_MAX + 1];
    if (text_decimal_decode(input, &value) != ERR_NONE)
        return;
    size_t size = text_decimal_encode(value, text, sizeof text);
    must(slice_equal(slice_of(text, size), input));
}

/* Decodes loosely, encodes canonically: only what survives is UTF-8. */
static bool utf8_survives(struct slice text)
{
    for (size_t i = 0; i < text.size;) {
        const uint8_t *at = text.bytes + i;
        unsigned first = at[0];
        size_t size = first < 0x80   ? 1
                      : first < 0xe0 ? 2
                      : first < 0xf0 ? 3
                                     : 4;
        uint32_t point = size == 1 ? first : first & (0x7fu >> size);
        if (size > text.size - i || (first >= 0x80 && first < 0xc0))
            return false;
        for (size_t j = 1; j < size; j++) {
            if ((at[j] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (at[j] & 0x3fu);
        }
        size_t right = point < 0x80      ? 1
                       : point < 0x800   ? 2
                       : point < 0x10000 ? 3
                                         : 4;
        if (size != right || point == 0 || first >= 0xf8 || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff))
            return false;
        i += size;
    }
    return true;
}

static void check_utf8(struct slice input)
{
    bool is_fine = text_is_utf8(input, TEXT_CONTROLS_ANY);
    bool has_control = false;
    must(is_fine == utf8_survives(input));
    for (size_t i = 0; i < input.size; i++) {
        uint8_t c = input.bytes[i];
        has_control |= c < 0x20 && c != '\n' && c != '\t';
    }
    must(
        text_is_utf8(input, TEXT_CONTROLS_LAYOUT) == (is_fine && !has_control));
}

static void check_time(struct slice input)
{
    struct instant instant, back;
    char text[TEXT_TIME_SIZE + 1], date[TEXT_DATE_SIZE + 1];
    if (text_date_parse(input, &instant) == ERR_NONE) {
        must(text_date_format(instant, date) == ERR_NONE);
        must(slice_is(input, date));
    }
    if (text_time_parse(input, &instant) != ERR_NONE)
        return;
    must(text_time_format(instant, text) == ERR_NONE);
    must(text_time_parse(slice_of_text(text), &back) == ERR_NONE);
    must(back.unix_ms == instant.unix_ms);
    if (input.size == TEXT_TIME_SIZE && input.bytes[23] == 'Z')
        must(slice_is(input, text));
}

static void check_ids(struct slice input)
{
    struct agency_id agency;
    struct uuid uuid, uuid_back;
    struct mou_id mou;
    char urn[UUID_URN_SIZE + 1], digits[MOU_ID_TEXT_SIZE + 1];
    if (agency_id_parse(input, &agency) == ERR_NONE)
        must(slice_is(input, agency.text));
    if (uuid_parse(input, &uuid) == ERR_NONE) {
        uuid_format(&uuid, urn);
        must(uuid_parse(slice_of_text(urn), &uuid_back) == ERR_NONE);
        must(uuid_equal(&uuid, &uuid_back));
    }
    if (mou_id_parse(input, &mou) == ERR_NONE) {
        mou_id_format(&mou, digits);
        must(slice_is(input, digits));
    }
    if (code_is_valid(input))
        must(input.size <= 64 && text_is_utf8(input, TEXT_CONTROLS_LAYOUT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > TEXT_SIZE_MAX)
        return 0;
    struct slice input = slice_of(data + 1, size - 1);
    switch (data[0] % 7) {
    case 0:
    case 1:
    case 2:
        check_codec(&codecs[data[0] % 7], input);
        break;
    case 3:
        check_decimal(input);
        break;
    case 4:
        check_utf8(input);
        break;
    case 5:
        check_time(input);
        break;
    default:
        check_ids(input);
        break;
    }
    return 0;
}
