#include "core/work.h"

#include <assert.h>

#include <string.h>

/* The entropy is secret and of full length, so that a hash over it and a count
 * is as good as random. */
void work_draw(struct work *work, void *bytes, size_t size)
{
    uint8_t block[HASH_SIZE];
    for (size_t done = 0; done < size; work->draw_count++) {
        uint8_t count[] = { (uint8_t)(work->draw_count >> 24),
            (uint8_t)(work->draw_count >> 16), (uint8_t)(work->draw_count >> 8),
            (uint8_t)work->draw_count };
        struct slice parts[] = { SLICE_LITERAL("refer.v1 draw"),
            SLICE_ARRAY(work->entropy), SLICE_ARRAY(count) };
        size_t part = size - done < HASH_SIZE ? size - done : HASH_SIZE;
        crypto_hash(work->crypto, parts, 3, block);
        memcpy((uint8_t *)bytes + done, block, part);
        done += part;
    }
}

struct content_ref work_say(
    struct work *work, uint64_t entry, struct slice content)
{
    uint8_t salt[SALT_SIZE];
    struct content_ref ref = CONTENT_NONE;
    work_draw(work, salt, sizeof salt);
    if (content.bytes != NULL)
        ref = content_put(
            work->contents, work->arena, entry, SLICE_ARRAY(salt), content);
    if (content_is_none(ref))
        work_exhausted(work);
    return ref;
}

void work_put(struct work *work, struct key key, const struct packer *row)
{
    assert(row->err == ERR_NONE);
    store_put(work->txn, key_slice(&key), packed(row));
}
