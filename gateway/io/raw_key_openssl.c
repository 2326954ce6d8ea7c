#include "io/raw_key_openssl.h"

#include <string.h>

#include "io/openssl.h"

EVP_PKEY_CTX *raw_key_maker_new(const char *algorithm)
{
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    if (maker != NULL && EVP_PKEY_fromdata_init(maker) == 1)
        return maker;
    EVP_PKEY_CTX_free(maker);
    ERR_clear_error();
    return NULL;
}

static EVP_PKEY *key_import(EVP_PKEY_CTX *maker, int selection,
    const char *name, const uint8_t bytes[KEY_SIZE])
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[] = {
        /* cast: parameters serve both directions; this one is only read */
        OSSL_PARAM_construct_octet_string(
            name, (void *)(uintptr_t)bytes, KEY_SIZE),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_PKEY_fromdata(maker, &key, selection, params) == 1)
        return key;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return NULL;
}

EVP_PKEY *raw_key_public(EVP_PKEY_CTX *maker, const uint8_t bytes[KEY_SIZE])
{
    return key_import(
        maker, EVP_PKEY_PUBLIC_KEY, OSSL_PKEY_PARAM_PUB_KEY, bytes);
}

EVP_PKEY *raw_key_private(EVP_PKEY_CTX *maker, const uint8_t bytes[KEY_SIZE])
{
    return key_import(maker, EVP_PKEY_KEYPAIR, OSSL_PKEY_PARAM_PRIV_KEY, bytes);
}

bool raw_key_get_public(const EVP_PKEY *key, uint8_t bytes[KEY_SIZE])
{
    size_t size = KEY_SIZE;
    if (EVP_PKEY_get_raw_public_key(key, bytes, &size) == 1 && size == KEY_SIZE)
        return true;
    memset(bytes, 0, KEY_SIZE);
    ERR_clear_error();
    return false;
}
