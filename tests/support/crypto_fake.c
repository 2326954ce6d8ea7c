#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What is asked so often is asked without detours. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "support/crypto_fake.h"

#include "base/prng.h"
#include "support/crypto_kind.h"
#include "support/memory_seen.h"

enum purpose {
    PURPOSE_ROOT,
    PURPOSE_SIGNER, /* and the signers after it, in their order */
    PURPOSE_DAY = PURPOSE_SIGNER + CRYPTO_SIGNER_COUNT,
    PURPOSE_LAST_RESORT,
};

struct crypto_fake {
    struct crypto crypto;  /* first: the ops get its address */
    struct crypto_ops ops; /* of the kind, and what is common to all kinds */
    const struct crypto_kind *kind;
    void *own; /* the kind's */
    uint64_t seed;
    uint32_t serials[CRYPTO_SIGNER_COUNT];
    bool is_destroyed[CRYPTO_SIGNER_COUNT];
    struct crypto_key root;
    struct crypto_key signers[CRYPTO_SIGNER_COUNT];
    struct crypto_key last_resort;
    uint32_t first_day;
    uint32_t day_count;
    struct crypto_key days[CRYPTO_FAKE_DAY_COUNT_MAX];
};

/* Stands for all that only the owner of a private key can compute. */
#define SECRET SLICE_LITERAL("crypto_fake: a secret of all fake keys")

static struct crypto_fake *fake_of(struct crypto *crypto)
{
    return (struct crypto_fake *)(void *)crypto;
}

static void must(int openssl_result)
{
    if (openssl_result != 1)
        abort();
}

/* ---- Hashes: real ---- */

static void fake_hash(struct crypto *crypto, const struct slice *parts,
    size_t count, uint8_t digest[HASH_SIZE])
{
    SHA256_CTX context;
    (void)crypto;
    must(SHA256_Init(&context));
    for (size_t i = 0; i < count; i++)
        if (parts[i].size > 0) {
            memory_must_be_written(parts[i].bytes, parts[i].size);
            must(SHA256_Update(&context, parts[i].bytes, parts[i].size));
        }
    must(SHA256_Final(digest, &context));
    memory_is_written(digest, HASH_SIZE);
}

/* RFC 2104 with SHA-256 over three parts. */
static void hmac(struct crypto *crypto, struct slice key, struct slice first,
    struct slice second, struct slice third, uint8_t digest[HASH_SIZE])
{
    uint8_t block[64] = { 0 }, outer[64];
    if (key.size > sizeof block)
        fake_hash(crypto, &key, 1, block);
    else if (key.size > 0)
        memcpy(block, key.bytes, key.size);
    for (size_t i = 0; i < sizeof block; i++) {
        outer[i] = block[i] ^ 0x5c;
        block[i] ^= 0x36;
    }
    const struct slice inner[] = { SLICE_ARRAY(block), first, second, third };
    fake_hash(crypto, inner, 4, digest);
    const struct slice both[] = { SLICE_ARRAY(outer),
        slice_of(digest, HASH_SIZE) };
    uint8_t result[HASH_SIZE];
    fake_hash(crypto, both, 2, result);
    memcpy(digest, result, HASH_SIZE);
}

static void fake_derive(struct crypto *crypto, struct slice salt,
    struct slice secret, struct slice info, uint8_t *out, size_t size)
{
    assert(size <= 255 * HASH_SIZE);
    uint8_t key[HASH_SIZE], block[HASH_SIZE];
    struct slice previous = SLICE_NONE;
    hmac(crypto, salt, secret, SLICE_NONE, SLICE_NONE, key);
    for (uint8_t counter = 1; size > 0; counter++) {
        hmac(crypto, SLICE_ARRAY(key), previous, info, slice_of(&counter, 1),
            block);
        size_t part = size < HASH_SIZE ? size : HASH_SIZE;
        memcpy(out, block, part);
        out += part;
        size -= part;
        previous = SLICE_ARRAY(block);
    }
}

/* ---- Keys, of whatever kind ---- */

static void key_make(struct crypto *crypto, unsigned purpose, uint32_t serial,
    struct crypto_key *key)
{
    struct crypto_fake *fake = fake_of(crypto);
    const uint64_t name[] = { fake->seed, purpose, serial };
    const struct slice parts[] = { SECRET, SLICE_LITERAL("private"),
        SLICE_ARRAY(name) };
    fake_hash(crypto, parts, 3, key->private_key);
    fake->kind->public_make(crypto,
        purpose < PURPOSE_DAY ? CRYPTO_KEY_SIGNS : CRYPTO_KEY_OPENS, key);
    key->id = crypto_key_id(crypto, key->public_key);
}

static enum err own_signer_public(
    struct crypto *crypto, enum crypto_signer signer, uint8_t key[KEY_SIZE])
{
    struct crypto_fake *fake = fake_of(crypto);
    if (signer >= CRYPTO_SIGNER_COUNT || fake->is_destroyed[signer])
        return ERR_KEY;
    memcpy(key, fake->signers[signer].public_key, KEY_SIZE);
    return ERR_NONE;
}

static enum err own_sign(struct crypto *crypto, enum crypto_signer signer,
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    struct crypto_fake *fake = fake_of(crypto);
    if (signer >= CRYPTO_SIGNER_COUNT || fake->is_destroyed[signer])
        return ERR_KEY;
    fake->kind->sign(crypto, &fake->signers[signer], message, signature);
    return ERR_NONE;
}

static const struct crypto_key *opener_find(
    struct crypto_fake *fake, uint64_t key_id, enum crypto_opener *opener)
{
    *opener = CRYPTO_OPENER_LAST_RESORT;
    if (fake->last_resort.id == key_id)
        return &fake->last_resort;
    *opener = CRYPTO_OPENER_DAY;
    for (uint32_t i = 0; i < fake->day_count; i++)
        if (fake->days[i].id == key_id)
            return &fake->days[i];
    return NULL;
}

static enum err own_decapsulate(struct crypto *crypto, uint64_t key_id,
    const uint8_t enc[KEY_SIZE], struct slice info, enum crypto_opener *opener,
    struct hpke *hpke)
{
    struct crypto_fake *fake = fake_of(crypto);
    enum crypto_opener found;
    const struct crypto_key *key = opener_find(fake, key_id, &found);
    if (key == NULL)
        return ERR_KEY;
    enum err err = fake->kind->open(crypto, key, enc, info, hpke);
    if (err == ERR_NONE)
        *opener = found;
    return err;
}

/* ---- Pretended keys and signatures ---- */

static void fake_public_make(
    struct crypto *crypto, enum crypto_key_use use, struct crypto_key *key)
{
    const struct slice whole = SLICE_ARRAY(key->private_key);
    (void)use;
    fake_hash(crypto, &whole, 1, key->public_key);
    /* a number that is neither small nor near 2^255: looks like a point */
    key->public_key[KEY_SIZE - 1] =
        (uint8_t)((key->public_key[KEY_SIZE - 1] & 0x3f) | 0x20);
}

static void signature_make(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    const struct slice first[] = { SECRET, SLICE_LITERAL("signature"),
        slice_of(key, KEY_SIZE), message };
    fake_hash(crypto, first, 4, signature);
    const struct slice second[] = { SLICE_LITERAL("second half"),
        slice_of(signature, HASH_SIZE) };
    fake_hash(crypto, second, 2, signature + HASH_SIZE);
}

static void fake_sign(struct crypto *crypto, const struct crypto_key *key,
    struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    signature_make(crypto, key->public_key, message, signature);
}

static bool fake_verify(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice message, const uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t right[SIGNATURE_SIZE];
    /* a fuzzer watches memcmp(), and forges what it saw there */
    uint8_t difference = 0;
    signature_make(crypto, key, message, right);
    for (size_t i = 0; i < SIGNATURE_SIZE; i++)
        difference |= (uint8_t)(right[i] ^ signature[i]);
    return difference == 0;
}

/* ---- Pretended sealing ---- */

static bool is_all_zero(const uint8_t key[KEY_SIZE])
{
    uint8_t bits = 0;
    for (size_t i = 0; i < KEY_SIZE; i++)
        bits |= key[i];
    return bits == 0;
}

/* The context that both ends come to. */
static void hpke_make(struct crypto *crypto, const uint8_t recipient[KEY_SIZE],
    const uint8_t enc[KEY_SIZE], struct slice info, struct hpke *hpke)
{
    uint8_t shared[HASH_SIZE], all[KEY_SIZE + AEAD_NONCE_SIZE + HASH_SIZE];
    const struct slice parts[] = { SECRET, SLICE_LITERAL("shared"),
        slice_of(recipient, KEY_SIZE), slice_of(enc, KEY_SIZE) };
    fake_hash(crypto, parts, 4, shared);
    fake_derive(crypto, SLICE_NONE, SLICE_ARRAY(shared), info, all, sizeof all);
    memcpy(hpke->key, all, KEY_SIZE);
    memcpy(hpke->nonce, all + KEY_SIZE, AEAD_NONCE_SIZE);
    memcpy(hpke->exporter_secret, all + KEY_SIZE + AEAD_NONCE_SIZE, HASH_SIZE);
}

static enum err fake_encapsulate(struct crypto *crypto,
    const uint8_t recipient[KEY_SIZE], struct slice info,
    const uint8_t seed[SEED_SIZE], uint8_t enc[KEY_SIZE], struct hpke *hpke)
{
    if (is_all_zero(recipient))
        return ERR_KEY;
    const struct slice parts[] = { SLICE_LITERAL("encapsulated"),
        slice_of(seed, SEED_SIZE) };
    fake_hash(crypto, parts, 2, enc);
    hpke_make(crypto, recipient, enc, info, hpke);
    return ERR_NONE;
}

static enum err fake_open(struct crypto *crypto, const struct crypto_key *key,
    const uint8_t enc[KEY_SIZE], struct slice info, struct hpke *hpke)
{
    if (is_all_zero(enc))
        return ERR_KEY;
    hpke_make(crypto, key->public_key, enc, info, hpke);
    return ERR_NONE;
}

static void fake_export_secret(struct crypto *crypto, const struct hpke *hpke,
    struct slice context, uint8_t *out, size_t size)
{
    fake_derive(crypto, SLICE_LITERAL("export"),
        SLICE_ARRAY(hpke->exporter_secret), context, out, size);
}

/* A plain generator for the stream: only the tag has to withstand anyone. */
static void stream_add(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    const uint8_t nonce[AEAD_NONCE_SIZE], const uint8_t *in, size_t size,
    uint8_t *out)
{
    uint8_t digest[HASH_SIZE];
    const struct slice parts[] = { SLICE_LITERAL("stream"),
        slice_of(key, KEY_SIZE), slice_of(nonce, AEAD_NONCE_SIZE) };
    struct prng prng;
    fake_hash(crypto, parts, 3, digest);
    memcpy(prng.state, digest, sizeof prng.state);
    while (size > 0) {
        uint64_t word = prng_next(&prng);
        size_t part = size < sizeof word ? size : sizeof word;
        uint8_t pad[sizeof word];
        memcpy(pad, &word, sizeof word);
        for (size_t i = 0; i < part; i++)
            out[i] = in[i] ^ pad[i];
        in += part;
        out += part;
        size -= part;
    }
}

static void tag_make(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad,
    struct slice encrypted, uint8_t tag[AEAD_TAG_SIZE])
{
    const uint64_t aad_size = aad.size;
    const struct slice parts[] = { SLICE_LITERAL("tag"),
        slice_of(key, KEY_SIZE), slice_of(nonce, AEAD_NONCE_SIZE),
        slice_of(&aad_size, sizeof aad_size), aad, encrypted };
    uint8_t digest[HASH_SIZE];
    fake_hash(crypto, parts, sizeof parts / sizeof *parts, digest);
    memcpy(tag, digest, AEAD_TAG_SIZE);
}

static enum err fake_aead_seal(struct crypto *crypto,
    const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
    struct slice aad, struct slice plain, uint8_t *sealed)
{
    stream_add(crypto, key, nonce, plain.bytes, plain.size, sealed);
    tag_make(crypto, key, nonce, aad, slice_of(sealed, plain.size),
        sealed + plain.size);
    return ERR_NONE;
}

static enum err fake_aead_open(struct crypto *crypto,
    const uint8_t key[KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
    struct slice aad, struct slice sealed, uint8_t *plain)
{
    if (sealed.size < AEAD_TAG_SIZE)
        return ERR_SIGNATURE;
    uint8_t tag[AEAD_TAG_SIZE];
    size_t size = sealed.size - AEAD_TAG_SIZE;
    tag_make(crypto, key, nonce, aad, slice_of(sealed.bytes, size), tag);
    if (memcmp(tag, sealed.bytes + size, AEAD_TAG_SIZE) != 0)
        return ERR_SIGNATURE;
    stream_add(crypto, key, nonce, sealed.bytes, size, plain);
    return ERR_NONE;
}

static const struct crypto_kind fake_kind = {
    .ops = {
        .verify = fake_verify,
        .encapsulate = fake_encapsulate,
        .export_secret = fake_export_secret,
        .aead_seal = fake_aead_seal,
        .aead_open = fake_aead_open,
    },
    .public_make = fake_public_make,
    .sign = fake_sign,
    .open = fake_open,
};

/* ---- The keys of one gateway ---- */

struct crypto *crypto_kind_new(const struct crypto_kind *kind, void *own,
    uint64_t seed, uint32_t first_day, uint32_t day_count)
{
    struct crypto_fake *fake = calloc(1, sizeof *fake);
    if (fake == NULL)
        abort();
    struct crypto *crypto = &fake->crypto;
    fake->kind = kind;
    fake->own = own;
    fake->ops = kind->ops;
    fake->ops.hash = fake_hash;
    fake->ops.derive = fake_derive;
    fake->ops.sign = own_sign;
    fake->ops.signer_public = own_signer_public;
    fake->ops.decapsulate = own_decapsulate;
    crypto->ops = &fake->ops;
    fake->seed = seed;
    key_make(crypto, PURPOSE_ROOT, 0, &fake->root);
    for (unsigned i = 0; i < CRYPTO_SIGNER_COUNT; i++)
        key_make(crypto, PURPOSE_SIGNER + i, 0, &fake->signers[i]);
    key_make(crypto, PURPOSE_LAST_RESORT, 0, &fake->last_resort);
    crypto_fake_days_hold(crypto, first_day, day_count);
    return crypto;
}

void *crypto_kind_own(struct crypto *crypto)
{
    return fake_of(crypto)->own;
}

struct crypto *crypto_fake_new(
    uint64_t seed, uint32_t first_day, uint32_t day_count)
{
    return crypto_kind_new(&fake_kind, NULL, seed, first_day, day_count);
}

void crypto_fake_free(struct crypto *crypto)
{
    if (crypto == NULL)
        return;
    struct crypto_fake *fake = fake_of(crypto);
    if (fake->kind->end != NULL)
        fake->kind->end(crypto);
    free(fake);
}

void crypto_fake_root_public(struct crypto *crypto, uint8_t key[KEY_SIZE])
{
    memcpy(key, fake_of(crypto)->root.public_key, KEY_SIZE);
}

void crypto_fake_root_sign(struct crypto *crypto, struct slice message,
    uint8_t signature[SIGNATURE_SIZE])
{
    struct crypto_fake *fake = fake_of(crypto);
    fake->kind->sign(crypto, &fake->root, message, signature);
}

void crypto_fake_signer_rotate(struct crypto *crypto, enum crypto_signer signer)
{
    struct crypto_fake *fake = fake_of(crypto);
    fake->is_destroyed[signer] = false;
    key_make(crypto, PURPOSE_SIGNER + (unsigned)signer, ++fake->serials[signer],
        &fake->signers[signer]);
}

void crypto_fake_signer_destroy(
    struct crypto *crypto, enum crypto_signer signer)
{
    fake_of(crypto)->is_destroyed[signer] = true;
}

void crypto_fake_last_resort_public(
    struct crypto *crypto, uint8_t key[KEY_SIZE])
{
    memcpy(key, fake_of(crypto)->last_resort.public_key, KEY_SIZE);
}

void crypto_fake_day_public(
    struct crypto *crypto, uint32_t day, uint8_t key[KEY_SIZE])
{
    struct crypto_fake *fake = fake_of(crypto);
    struct crypto_key made;
    const struct crypto_key *pair = &made;
    if (day - fake->first_day < fake->day_count) /* wraps before the first */
        pair = &fake->days[day - fake->first_day];
    else
        key_make(crypto, PURPOSE_DAY, day, &made);
    memcpy(key, pair->public_key, KEY_SIZE);
}

void crypto_fake_days_hold(
    struct crypto *crypto, uint32_t first_day, uint32_t day_count)
{
    struct crypto_fake *fake = fake_of(crypto);
    assert(day_count <= CRYPTO_FAKE_DAY_COUNT_MAX);
    if (first_day == fake->first_day && day_count == fake->day_count)
        return;
    fake->first_day = first_day;
    fake->day_count = day_count;
    for (uint32_t i = 0; i < day_count; i++)
        key_make(crypto, PURPOSE_DAY, first_day + i, &fake->days[i]);
}
