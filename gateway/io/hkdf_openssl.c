#include "io/hkdf_openssl.h"

#include <string.h>

#include "io/must_openssl.h"
#include "io/openssl.h"

static const uint8_t no_key[HASH_SIZE];

enum err hkdf_init(struct hkdf *hkdf)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    hkdf->hmac = algorithm == NULL ? NULL : EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm); /* the context keeps its own reference */
    if (hkdf->hmac != NULL &&
        EVP_MAC_init(hkdf->hmac, no_key, sizeof no_key, params) == 1)
        return ERR_NONE;
    hkdf_release(hkdf);
    ERR_clear_error();
    return ERR_NO_MEMORY;
}

void hkdf_release(struct hkdf *hkdf)
{
    EVP_MAC_CTX_free(hkdf->hmac);
    *hkdf = (struct hkdf){ 0 };
}

static void hmac_begin(struct hkdf *hkdf, struct slice key)
{
    must(EVP_MAC_init(hkdf->hmac, key.bytes, key.size, NULL) == 1);
}

static void hmac_add(struct hkdf *hkdf, const struct slice *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].size > 0)
            must(
                EVP_MAC_update(hkdf->hmac, parts[i].bytes, parts[i].size) == 1);
}

static void hmac_end(struct hkdf *hkdf, uint8_t code[HASH_SIZE])
{
    size_t size = 0;
    must(EVP_MAC_final(hkdf->hmac, code, &size, HASH_SIZE) == 1 &&
         size == HASH_SIZE);
}

/* The context keeps the last key's schedule until another takes its place. */
static void hmac_forget(struct hkdf *hkdf)
{
    hmac_begin(hkdf, SLICE_ARRAY(no_key));
}

void hkdf_extract(struct hkdf *hkdf, struct slice salt,
    const struct slice *parts, size_t count, uint8_t secret[HASH_SIZE])
{
    /* EVP_MAC_init takes a missing key for "the same as before" */
    hmac_begin(hkdf, salt.size > 0 ? salt : SLICE_ARRAY(no_key));
    hmac_add(hkdf, parts, count);
    hmac_end(hkdf, secret);
    hmac_forget(hkdf);
}

void hkdf_expand(struct hkdf *hkdf, const uint8_t secret[HASH_SIZE],
    const struct slice *info, size_t count, uint8_t *out, size_t size)
{
    uint8_t block[HASH_SIZE];
    must(size <= HKDF_SIZE_MAX);
    for (size_t done = 0, number = 1; done < size; number++) {
        uint8_t counter = (uint8_t)number;
        struct slice previous = slice_of(block, done > 0 ? sizeof block : 0);
        struct slice last = slice_of(&counter, 1);
        size_t part = size - done < sizeof block ? size - done : sizeof block;
        hmac_begin(hkdf, slice_of(secret, HASH_SIZE));
        hmac_add(hkdf, &previous, 1);
        hmac_add(hkdf, info, count);
        hmac_add(hkdf, &last, 1);
        hmac_end(hkdf, block);
        memcpy(out + done, block, part);
        done += part;
    }
    hmac_forget(hkdf);
    OPENSSL_cleanse(block, sizeof block);
}
