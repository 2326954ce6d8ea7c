#include "base/id.h"

#include <string.h>

#include "base/text.h"

#define CODE_TEXT_SIZE_MAX 64

struct agency_id agency_id_of_digest(const uint8_t digest[32])
{
    char all[TEXT_BASE32_SIZE(32) + 1];
    struct agency_id id = { 0 };
    text_base32_encode(slice_of(digest, 32), all, sizeof all);
    memcpy(id.text, all, AGENCY_ID_SIZE);
    return id;
}

enum err agency_id_parse(struct slice text, struct agency_id *id)
{
    if (text.size != AGENCY_ID_SIZE)
        return ERR_MALFORMED;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.bytes[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')))
            return ERR_MALFORMED;
    }
    memcpy(id->text, text.bytes, AGENCY_ID_SIZE);
    id->text[AGENCY_ID_SIZE] = '\0';
    return ERR_NONE;
}

int agency_id_compare(const struct agency_id *a, const struct agency_id *b)
{
    return memcmp(a->text, b->text, AGENCY_ID_SIZE);
}

struct uuid uuid_from(uint64_t ms, const uint8_t random[10])
{
    struct uuid uuid;
    for (unsigned i = 0; i < 6; i++)
        uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(uuid.bytes + 6, random, 10);
    uuid.bytes[6] = (uint8_t)(0x70 | (uuid.bytes[6] & 0x0f)); /* version */
    uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f)); /* variant */
    return uuid;
}

/* True where the 8-4-4-4-12 form has its hyphens. */
static bool uuid_hyphen_at(size_t index)
{
    return index == 8 || index == 13 || index == 18 || index == 23;
}

enum err uuid_parse(struct slice text, struct uuid *uuid)
{
    const size_t prefix_size = UUID_URN_SIZE - UUID_BARE_SIZE;
    if (text.size == UUID_URN_SIZE &&
        memcmp(text.bytes, "urn:uuid:", prefix_size) == 0)
        text = slice_of(text.bytes + prefix_size, UUID_BARE_SIZE);
    if (text.size != UUID_BARE_SIZE)
        return ERR_MALFORMED;
    uint8_t digits[32];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.bytes[i];
        if (uuid_hyphen_at(i) != (c == '-'))
            return ERR_MALFORMED;
        if (c >= 'A' && c <= 'F')
            c = (uint8_t)(c - 'A' + 'a');
        if (c != '-')
            digits[count++] = c;
    }
    struct uuid parsed;
    size_t size;
    enum err err = text_hex_decode(
        slice_of(digits, count), parsed.bytes, sizeof parsed.bytes, &size);
    if (err == ERR_NONE)
        *uuid = parsed;
    return err;
}

void uuid_format(const struct uuid *uuid, char text[UUID_URN_SIZE + 1])
{
    char digits[TEXT_HEX_SIZE(16) + 1];
    text_hex_encode(SLICE_ARRAY(uuid->bytes), digits, sizeof digits);
    const char *next = digits;
    memcpy(text, "urn:uuid:", 9);
    text += 9;
    for (size_t i = 0; i < UUID_BARE_SIZE; i++)
        text[i] = uuid_hyphen_at(i) ? '-' : *next++;
    text[UUID_BARE_SIZE] = '\0';
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool uuid_next(struct uuid *uuid)
{
    for (size_t i = sizeof uuid->bytes; i-- > 0;) {
        uuid->bytes[i] = (uint8_t)(uuid->bytes[i] + 1);
        if (uuid->bytes[i] != 0)
            return true;
    }
    return false;
}

enum err mou_id_parse(struct slice text, struct mou_id *id)
{
    struct mou_id parsed;
    size_t size;
    if (text.size != MOU_ID_TEXT_SIZE)
        return ERR_MALFORMED;
    enum err err =
        text_hex_decode(text, parsed.bytes, sizeof parsed.bytes, &size);
    if (err == ERR_NONE)
        *id = parsed;
    return err;
}

void mou_id_format(const struct mou_id *id, char text[MOU_ID_TEXT_SIZE + 1])
{
    text_hex_encode(SLICE_ARRAY(id->bytes), text, MOU_ID_TEXT_SIZE + 1);
}

int mou_id_compare(const struct mou_id *a, const struct mou_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool mou_id_is_none(const struct mou_id *id)
{
    static const struct mou_id none;
    return mou_id_equal(id, &none);
}

bool code_is_valid(struct slice text)
{
    if (text.size < 1 || text.size > CODE_TEXT_SIZE_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.bytes[i];
        bool is_fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '-';
        if (!is_fine)
            return false;
    }
    return true;
}
