#include "io/hkdf_openssl.h"

#include <string.h>

#include "io/must_openssl.h"
#include "io/openssl.h"

#define BLOCK_SIZE 64u /* of SHA-256 */

static const uint8_t no_key[HASH_SIZE];

enum err hkdf_init(struct hkdf *hkdf)
{
    hkdf->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hkdf->hash = EVP_MD_CTX_new();
    if (hkdf->sha256 != NULL && hkdf->hash != NULL &&
        EVP_DigestInit_ex2(hkdf->hash, hkdf->sha256, NULL) == 1)
        return ERR_NONE;
    hkdf_release(hkdf);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

void hkdf_release(struct hkdf *hkdf)
{
    EVP_MD_CTX_free(hkdf->hash);
    EVP_MD_free(hkdf->sha256);
    *hkdf = (struct hkdf){ 0 };
}

/* ---- HMAC --------------------------------------------------------------- */

/* What the outer hash begins with; the inner one is under way. */
struct hmac {
    uint8_t outer[BLOCK_SIZE];
};

static void hash_begin(struct hkdf *hkdf)
{
    must(EVP_DigestInit_ex2(hkdf->hash, hkdf->sha256, NULL) == 1);
}

static void hash_add(struct hkdf *hkdf, struct slice bytes)
{
    if (bytes.size > 0)
        must(EVP_DigestUpdate(hkdf->hash, bytes.bytes, bytes.size) == 1);
}

static void hash_end(struct hkdf *hkdf, uint8_t digest[HASH_SIZE])
{
    must(EVP_DigestFinal_ex(hkdf->hash, digest, NULL) == 1);
}

static void hmac_begin(struct hkdf *hkdf, struct hmac *hmac, struct slice key)
{
    uint8_t inner[BLOCK_SIZE];
    memset(hmac->outer, 0, BLOCK_SIZE);
    if (key.size > BLOCK_SIZE) {
        hash_begin(hkdf);
        hash_add(hkdf, key);
        hash_end(hkdf, hmac->outer);
    } else {
        memcpy(hmac->outer, key.bytes, key.size);
    }
    for (size_t i = 0; i < BLOCK_SIZE; i++) {
        inner[i] = hmac->outer[i] ^ 0x36;
        hmac->outer[i] ^= 0x5c;
    }
    hash_begin(hkdf);
    hash_add(hkdf, SLICE_ARRAY(inner));
    OPENSSL_cleanse(inner, sizeof inner);
}

static void hmac_add(struct hkdf *hkdf, const struct slice *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hash_add(hkdf, parts[i]);
}

static void hmac_end(
    struct hkdf *hkdf, struct hmac *hmac, uint8_t code[HASH_SIZE])
{
    hash_end(hkdf, code);
    hash_begin(hkdf);
    hash_add(hkdf, SLICE_ARRAY(hmac->outer));
    hash_add(hkdf, slice_of(code, HASH_SIZE));
    hash_end(hkdf, code);
    OPENSSL_cleanse(hmac, sizeof *hmac);
}

/* ---- HKDF --------------------------------------------------------------- */

void hkdf_extract(struct hkdf *hkdf, struct slice salt,
    const struct slice *parts, size_t count, uint8_t secret[HASH_SIZE])
{
    struct hmac hmac;
    hmac_begin(hkdf, &hmac, salt.size > 0 ? salt : SLICE_ARRAY(no_key));
    hmac_add(hkdf, parts, count);
    hmac_end(hkdf, &hmac, secret);
    hash_begin(hkdf); /* forgets what was hashed last */
}

void hkdf_expand(struct hkdf *hkdf, const uint8_t secret[HASH_SIZE],
    const struct slice *info, size_t count, uint8_t *out, size_t size)
{
    uint8_t block[HASH_SIZE];
    struct hmac hmac;
    must(size <= HKDF_SIZE_MAX);
    for (size_t done = 0, number = 1; done < size; number++) {
        uint8_t counter = (uint8_t)number;
        struct slice previous = slice_of(block, done > 0 ? sizeof block : 0);
        struct slice last = slice_of(&counter, 1);
        size_t part = size - done < sizeof block ? size - done : sizeof block;
        hmac_begin(hkdf, &hmac, slice_of(secret, HASH_SIZE));
        hmac_add(hkdf, &previous, 1);
        hmac_add(hkdf, info, count);
        hmac_add(hkdf, &last, 1);
        hmac_end(hkdf, &hmac, block);
        memcpy(out + done, block, part);
        done += part;
    }
    hash_begin(hkdf); /* forgets what was hashed last */
    OPENSSL_cleanse(block, sizeof block);
}
