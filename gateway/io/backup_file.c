#include "io/backup_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "io/must_openssl.h"
#include "io/openssl.h"

#define TITLE_SIZE 16
#define HEAD_SIZE (TITLE_SIZE + 2 * 4 + 3 * 8 + BACKUP_VAULT_IDENTITY_SIZE)
#define ROW_HEAD_SIZE 6u
#define END_SIZE (4 + 8)

static const char title[TITLE_SIZE + 1] = "refer.v1 backup\n";

/* The hash over all parts so far. */
struct chain {
    EVP_MD_CTX *hashing;
    const EVP_MD *sha256;
    bool has_begun;
    uint8_t digest[HASH_SIZE];
};

static enum err chain_init(struct chain *chain)
{
    *chain =
        (struct chain){ .hashing = EVP_MD_CTX_new(), .sha256 = EVP_sha256() };
    return chain->hashing == NULL ? ERR_NO_MEMORY : ERR_NONE;
}

static void chain_release(struct chain *chain)
{
    EVP_MD_CTX_free(chain->hashing);
}

static void chain_add(
    struct chain *chain, const struct slice *parts, size_t count)
{
    must(EVP_DigestInit_ex(chain->hashing, chain->sha256, NULL) == 1);
    if (chain->has_begun)
        must(EVP_DigestUpdate(
                 chain->hashing, chain->digest, sizeof chain->digest) == 1);
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(chain->hashing, parts[i].bytes, parts[i].size) ==
             1);
    must(EVP_DigestFinal_ex(chain->hashing, chain->digest, NULL) == 1);
    chain->has_begun = true;
}

/* ---- Writing ------------------------------------------------------------ */

struct writing {
    const struct backup_sink *sink;
    struct backup_total *total;
    struct chain chain;
    uint8_t *block;
    size_t used;
    size_t capacity;
};

static enum err put(struct writing *writing, struct slice bytes)
{
    writing->total->size += bytes.size;
    return writing->sink->put(writing->sink->user, bytes);
}

/* The part and its hash. */
static enum err put_part(
    struct writing *writing, const struct slice *parts, size_t count)
{
    enum err err = ERR_NONE;
    chain_add(&writing->chain, parts, count);
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        err = put(writing, parts[i]);
    return err == ERR_NONE ? put(writing, SLICE_ARRAY(writing->chain.digest))
                           : err;
}

static enum err put_head(
    struct writing *writing, const struct backup_head *head)
{
    uint8_t bytes[HEAD_SIZE];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_fixed(&out, title, TITLE_SIZE);
    pack_u32(&out, BACKUP_FILE_VERSION);
    pack_u32(&out, head->store_format);
    pack_u64(&out, (uint64_t)head->made_ms);
    pack_u64(&out, head->commits);
    pack_u64(&out, head->vault_changes);
    pack_fixed(&out, head->vault_identity, BACKUP_VAULT_IDENTITY_SIZE);
    struct slice part = packed(&out);
    return put_part(writing, &part, 1);
}

static enum err put_block(struct writing *writing)
{
    uint8_t size[4];
    struct packer out = pack_into(size, sizeof size);
    if (writing->used == 0)
        return ERR_NONE;
    pack_u32(&out, (uint32_t)writing->used);
    const struct slice parts[] = { packed(&out),
        slice_of(writing->block, writing->used) };
    enum err err = put_part(writing, parts, 2);
    writing->used = 0;
    return err == ERR_NONE
               ? writing->sink->go_on(writing->sink->user, writing->total)
               : err;
}

static enum err put_end(struct writing *writing)
{
    uint8_t bytes[END_SIZE];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_u32(&out, 0);
    pack_u64(&out, writing->total->row_count);
    struct slice part = packed(&out);
    return put_part(writing, &part, 1);
}

static enum err make_room(struct writing *writing, size_t size)
{
    size_t wanted = writing->used + size;
    if (wanted <= writing->capacity)
        return ERR_NONE;
    size_t capacity =
        wanted < BACKUP_BLOCK_SIZE_MIN ? BACKUP_BLOCK_SIZE_MIN : wanted;
    uint8_t *block = realloc(writing->block, capacity);
    if (block == NULL)
        return ERR_NO_MEMORY;
    writing->block = block;
    writing->capacity = capacity;
    return ERR_NONE;
}

static enum err put_row(
    struct writing *writing, struct slice key, struct slice value)
{
    if (value.size > BACKUP_BLOCK_SIZE_MAX / 2)
        return ERR_LIMIT;
    size_t size = ROW_HEAD_SIZE + key.size + value.size;
    enum err err = ERR_NONE;
    if (writing->used > 0 && writing->used + size > BACKUP_BLOCK_SIZE_MIN)
        err = put_block(writing);
    if (err == ERR_NONE)
        err = make_room(writing, size);
    if (err != ERR_NONE)
        return err;
    struct packer out = pack_into(writing->block + writing->used, size);
    pack_u16(&out, (uint16_t)key.size);
    pack_u32(&out, (uint32_t)value.size);
    pack_fixed(&out, key.bytes, key.size);
    pack_fixed(&out, value.bytes, value.size);
    writing->used += size;
    writing->total->row_count++;
    return out.err;
}

static enum err put_rows(struct writing *writing, struct store_txn *txn)
{
    uint8_t from[STORE_KEY_SIZE_MAX];
    struct slice key = SLICE_NONE;
    struct slice value;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && store_seek(txn, 0, &key, &value)) {
        err = put_row(writing, key, value);
        if (err == ERR_NONE && key.size >= sizeof from)
            err = ERR_LIMIT; /* none of ours has such a key */
        if (err != ERR_NONE)
            break;
        /* the next one after it is at least one byte longer */
        memcpy(from, key.bytes, key.size);
        from[key.size] = 0;
        key = slice_of(from, key.size + 1);
    }
    return err == ERR_NONE ? txn->err : err;
}

enum err backup_write(struct store_txn *txn, const struct backup_head *head,
    const struct backup_sink *sink, struct backup_total *total)
{
    struct writing writing = { .sink = sink, .total = total };
    *total = (struct backup_total){ 0 };
    enum err err = chain_init(&writing.chain);
    if (err == ERR_NONE)
        err = put_head(&writing, head);
    if (err == ERR_NONE)
        err = put_rows(&writing, txn);
    if (err == ERR_NONE)
        err = put_block(&writing);
    if (err == ERR_NONE)
        err = put_end(&writing);
    chain_release(&writing.chain);
    free(writing.block);
    return err;
}

/* ---- Reading ------------------------------------------------------------ */

struct reading {
    const struct backup_source *source;
    struct backup_total *total;
    struct chain chain;
    uint8_t *block;
    size_t capacity;
    uint8_t last_key[STORE_KEY_SIZE_MAX];
    size_t last_key_size;
};

static enum err get(struct reading *reading, uint8_t *bytes, size_t size)
{
    reading->total->size += size;
    return reading->source->get(reading->source->user, bytes, size);
}

/* What stands behind a part must be its hash. */
static enum err check_part(
    struct reading *reading, const struct slice *parts, size_t count)
{
    uint8_t digest[HASH_SIZE];
    enum err err = get(reading, digest, sizeof digest);
    if (err != ERR_NONE)
        return err;
    chain_add(&reading->chain, parts, count);
    return memcmp(digest, reading->chain.digest, sizeof digest) == 0
               ? ERR_NONE
               : ERR_CORRUPT;
}

static enum err get_head(struct reading *reading)
{
    uint8_t bytes[HEAD_SIZE];
    struct backup_head head;
    enum err err = get(reading, bytes, TITLE_SIZE + 4);
    if (err != ERR_NONE || memcmp(bytes, title, TITLE_SIZE) != 0)
        return err == ERR_NONE || err == ERR_CORRUPT ? ERR_MALFORMED : err;
    struct unpacker in = unpack_from(SLICE_ARRAY(bytes));
    uint8_t name[TITLE_SIZE];
    unpack_fixed(&in, name, sizeof name);
    if (unpack_u32(&in) != BACKUP_FILE_VERSION)
        return ERR_VERSION;
    err = get(reading, bytes + TITLE_SIZE + 4, HEAD_SIZE - TITLE_SIZE - 4);
    struct slice part = SLICE_ARRAY(bytes);
    if (err == ERR_NONE)
        err = check_part(reading, &part, 1);
    if (err != ERR_NONE)
        return err;
    head.store_format = unpack_u32(&in);
    head.made_ms = (int64_t)unpack_u64(&in);
    head.commits = unpack_u64(&in);
    head.vault_changes = unpack_u64(&in);
    unpack_fixed(&in, head.vault_identity, sizeof head.vault_identity);
    return reading->source->head(reading->source->user, &head);
}

/* Keys rise: each row is there once. */
static bool follows(struct reading *reading, struct slice key)
{
    size_t shorter =
        key.size < reading->last_key_size ? key.size : reading->last_key_size;
    int order = memcmp(key.bytes, reading->last_key, shorter);
    bool rises = order > 0 || (order == 0 && key.size > shorter);
    memcpy(reading->last_key, key.bytes, key.size);
    reading->last_key_size = key.size;
    return rises;
}

static enum err take_rows(struct reading *reading, struct slice block)
{
    struct unpacker in = unpack_from(block);
    enum err err = ERR_NONE;
    while (err == ERR_NONE && in.rest.size > 0) {
        size_t key_size = unpack_u16(&in);
        size_t value_size = unpack_u32(&in);
        if (in.err != ERR_NONE || key_size == 0 ||
            key_size > STORE_KEY_SIZE_MAX || in.rest.size < key_size ||
            in.rest.size - key_size < value_size)
            return ERR_CORRUPT;
        struct slice key = slice_of(in.rest.bytes, key_size);
        struct slice value = slice_of(in.rest.bytes + key_size, value_size);
        in.rest = slice_of(in.rest.bytes + key_size + value_size,
            in.rest.size - key_size - value_size);
        if (!follows(reading, key))
            return ERR_CORRUPT;
        reading->total->row_count++;
        err = reading->source->row(reading->source->user, key, value);
    }
    return err;
}

static enum err get_block(
    struct reading *reading, size_t size, struct slice size_bytes)
{
    if (size > BACKUP_BLOCK_SIZE_MAX)
        return ERR_CORRUPT;
    if (size > reading->capacity) {
        uint8_t *block = realloc(reading->block, size);
        if (block == NULL)
            return ERR_NO_MEMORY;
        reading->block = block;
        reading->capacity = size;
    }
    enum err err = get(reading, reading->block, size);
    const struct slice parts[] = { size_bytes, slice_of(reading->block, size) };
    if (err == ERR_NONE)
        err = check_part(reading, parts, 2);
    if (err == ERR_NONE)
        err = take_rows(reading, parts[1]);
    return err == ERR_NONE
               ? reading->source->go_on(reading->source->user, reading->total)
               : err;
}

static enum err get_end(struct reading *reading, uint8_t bytes[END_SIZE])
{
    enum err err = get(reading, bytes + 4, END_SIZE - 4);
    struct slice part = slice_of(bytes, END_SIZE);
    if (err == ERR_NONE)
        err = check_part(reading, &part, 1);
    if (err != ERR_NONE)
        return err;
    struct unpacker in = unpack_from(slice_of(bytes + 4, END_SIZE - 4));
    if (unpack_u64(&in) != reading->total->row_count)
        return ERR_CORRUPT;
    return reading->source->end(reading->source->user);
}

static enum err get_parts(struct reading *reading)
{
    enum err err = get_head(reading);
    while (err == ERR_NONE) {
        uint8_t bytes[END_SIZE];
        err = get(reading, bytes, 4);
        if (err != ERR_NONE)
            break;
        struct unpacker in = unpack_from(slice_of(bytes, 4));
        uint32_t size = unpack_u32(&in);
        if (size == 0)
            return get_end(reading, bytes);
        err = get_block(reading, size, slice_of(bytes, 4));
    }
    return err;
}

enum err backup_read(
    const struct backup_source *source, struct backup_total *total)
{
    struct reading reading = { .source = source, .total = total };
    *total = (struct backup_total){ 0 };
    enum err err = chain_init(&reading.chain);
    if (err == ERR_NONE)
        err = get_parts(&reading);
    chain_release(&reading.chain);
    free(reading.block);
    return err;
}
