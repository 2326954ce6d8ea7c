#include "core/invitation.h"

#include "base/pack.h"
#include "base/text.h"
#include "core/keys.h"

#include <assert.h>
#include <string.h>

#define RANDOM_SIZE 13 /* makes a little more base32 than a code has */

static struct key key_of(struct work *work, struct slice code)
{
    uint8_t hash[HASH_SIZE];
    struct slice parts[] = { SLICE_LITERAL("refer.v1 invitation"), code };
    crypto_hash(work->crypto, parts, 2, hash);
    return key_invitation(hash);
}

static int64_t until_of(struct work *work, struct slice row)
{
    struct unpacker in = unpack_from(row);
    int64_t until_ms = (int64_t)unpack_u64(&in);
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return until_ms;
}

/* How many are open; forgets the others. */
static size_t sweep(struct work *work)
{
    size_t count = 0;
    struct key wanted = { .bytes = { 'i' }, .size = 1 };
    struct slice key = key_slice(&wanted);
    struct slice row;
    while (store_seek(work->txn, KEY_TABLE_SIZE, &key, &row)) {
        bool over = until_of(work, row) <= work->now.unix_ms;
        memcpy(wanted.bytes, key.bytes, key.size);
        wanted.size = key.size;
        if (over)
            store_del(work->txn, key_slice(&wanted));
        else
            count++;
        wanted.bytes[wanted.size++] = 0; /* go on after it */
        key = key_slice(&wanted);
    }
    return count;
}

bool invitation_make(
    struct work *work, struct instant until, char code[INVITATION_SIZE + 1])
{
    uint8_t random[RANDOM_SIZE];
    char text[RANDOM_SIZE * 8 / 5 + 2];
    uint8_t row[8];
    if (sweep(work) >= INVITATION_COUNT_MAX)
        return false;
    work_draw(work, random, sizeof random);
    size_t size = text_base32_encode(SLICE_ARRAY(random), text, sizeof text);
    assert(size >= INVITATION_SIZE);
    memcpy(code, text, INVITATION_SIZE);
    code[INVITATION_SIZE] = '\0';
    struct packer out = pack_into(row, sizeof row);
    pack_u64(&out, (uint64_t)until.unix_ms);
    struct key key = key_of(work, slice_of_text(code));
    store_put(work->txn, key_slice(&key), packed(&out));
    return true;
}

bool invitation_use(struct work *work, struct slice code)
{
    if (code.size != INVITATION_SIZE)
        return false;
    struct key key = key_of(work, code);
    struct slice row = store_get(work->txn, key_slice(&key));
    if (row.bytes == NULL)
        return false;
    bool open = until_of(work, row) > work->now.unix_ms;
    store_del(work->txn, key_slice(&key));
    return open && !work_failed(work);
}
