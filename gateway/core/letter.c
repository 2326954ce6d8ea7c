#include "core/letter.h"

#include "core/codec_wire.h"
#include "core/limits.h"
#include "core/port.h"

#include <string.h>

/* Of SignedRequest and SignedReply alike. */
enum { STATEMENT = 1, SIGNATURE = 2, KEY_ID = 3 };

#define TAG_FIXED64(number) ((uint8_t)((number) << 3 | 1))

static const size_t steps[] = { 4u << 10, 16u << 10, 64u << 10, 256u << 10,
    1088u << 10, MESSAGE_SIZE_MAX };

#define COUNT_SIZE 4 /* of the bytes before the padding, big-endian */

size_t letter_padded_size(size_t size)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (size <= steps[i] - COUNT_SIZE)
            return steps[i];
    return 0;
}

static void count_write(uint8_t *to, size_t count)
{
    for (int i = 0; i < COUNT_SIZE; i++)
        to[i] = (uint8_t)(count >> (8 * (COUNT_SIZE - 1 - i)));
}

bool letter_unpad(struct slice plain, struct slice *bytes)
{
    size_t size = 0;
    if (plain.size < COUNT_SIZE)
        return false;
    for (int i = 0; i < COUNT_SIZE; i++)
        size = size << 8 | plain.bytes[i];
    if (letter_padded_size(size) != plain.size)
        return false;
    uint8_t rest = 0;
    for (size_t i = COUNT_SIZE + size; i < plain.size; i++)
        rest |= plain.bytes[i];
    *bytes = slice_of(plain.bytes + COUNT_SIZE, size);
    return rest == 0;
}

static uint8_t *key_id_before(uint8_t *end, uint64_t key_id)
{
    for (int i = 8; i > 0; i--) /* little-endian, as fixed64 is */
        *--end = (uint8_t)(key_id >> (8 * (i - 1)));
    *--end = TAG_FIXED64(KEY_ID);
    return end;
}

/* The signed part up to `end`; the space before it is zero. */
static void signed_part_before(
    uint8_t *end, const struct letter_parts *parts, struct letter *letter)
{
    static const uint8_t none_yet[SIGNATURE_SIZE];
    if (parts->key_id != 0)
        end = key_id_before(end, parts->key_id);
    letter->signature = end - SIGNATURE_SIZE;
    end = wire_sized_before(end, TAG_SIZED(SIGNATURE), SLICE_ARRAY(none_yet));
    uint8_t *begin =
        wire_text_before(end, TAG_SIZED(parts->body_number), parts->body);
    begin -= parts->statement.size;
    memcpy(begin, parts->statement.bytes, parts->statement.size);
    letter->statement = slice_of(begin, (size_t)(end - begin));
    (void)wire_head_before(begin, TAG_SIZED(STATEMENT), end);
}

bool letter_write(const struct letter_parts *parts, struct arena *arena,
    struct letter *letter)
{
    if (parts->envelope.bytes == NULL || parts->statement.bytes == NULL ||
        parts->body.size > MESSAGE_SIZE_MAX)
        return false;
    size_t size =
        wire_sized_size(parts->statement.size + wire_text_size(parts->body)) +
        wire_sized_size(SIGNATURE_SIZE) + (parts->key_id == 0 ? 0 : 1 + 8);
    size_t padded = letter_padded_size(size);
    size_t sealed = padded + AEAD_TAG_SIZE;
    size_t whole = parts->envelope.size + wire_sized_size(sealed);
    uint8_t *bytes = padded == 0 ? NULL : arena_take(arena, whole);
    if (bytes == NULL)
        return false;
    memcpy(bytes, parts->envelope.bytes, parts->envelope.size);
    letter->envelope = slice_of(bytes, whole);
    letter->sealed = bytes + whole - sealed;
    (void)wire_tagged_before(
        letter->sealed, TAG_SIZED(parts->ciphertext), sealed);
    letter->plain = slice_of(letter->sealed, padded);
    count_write(letter->sealed, size);
    signed_part_before(letter->sealed + COUNT_SIZE + size, parts, letter);
    return true;
}
