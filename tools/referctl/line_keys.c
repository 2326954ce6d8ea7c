#include "referctl/line_keys.h"

#include <string.h>

#include "base/text.h"

#define KEY_HEAD "line-"
#define KEY_BYTES 28u
#define CAPACITY_MIN 1024u

void line_key_make(struct crypto *crypto, struct slice said, const char *to,
    char key[LINE_KEY_SIZE + 1])
{
    uint8_t digest[HASH_SIZE];
    /* a zero byte ends `to`: JSON text has none */
    struct slice parts[] = { SLICE_LITERAL("referctl line key"),
        slice_of(to, strlen(to) + 1), said };
    crypto_hash(crypto, parts, 3, digest);
    memcpy(key, KEY_HEAD, sizeof KEY_HEAD);
    (void)text_hex_encode(slice_of(digest, KEY_BYTES),
        key + sizeof KEY_HEAD - 1, LINE_KEY_SIZE + 1 - (sizeof KEY_HEAD - 1));
}

/* Where a hash is, or would be. */
static struct line_key *place_of(const struct line_keys *keys, uint64_t hash)
{
    size_t index = (size_t)hash & (keys->capacity - 1);
    while (keys->places[index].line != 0 && keys->places[index].hash != hash)
        index = (index + 1) & (keys->capacity - 1);
    return &keys->places[index];
}

static void grow(struct line_keys *keys)
{
    struct line_keys old = *keys;
    if (2 * (keys->count + 1) <= keys->capacity)
        return;
    keys->capacity = old.capacity == 0 ? CAPACITY_MIN : 2 * old.capacity;
    keys->places = pool_take(keys->pool, keys->capacity * sizeof *keys->places);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.places[i].line != 0)
            *place_of(keys, old.places[i].hash) = old.places[i];
}

size_t line_keys_put(
    struct line_keys *keys, struct crypto *crypto, const char *key, size_t line)
{
    uint8_t digest[HASH_SIZE];
    uint64_t hash = 0;
    struct slice text = slice_of_text(key);
    crypto_hash(crypto, &text, 1, digest);
    for (size_t i = 0; i < sizeof hash; i++)
        hash = hash << 8 | digest[i];
    grow(keys);
    struct line_key *place = place_of(keys, hash);
    if (place->line != 0)
        return place->line;
    *place = (struct line_key){ hash, line };
    keys->count++;
    return 0;
}
