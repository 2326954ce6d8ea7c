#include "io/store_key.h"

#include "io/hkdf_openssl.h"
#include "io/key_file.h"
#include "io/openssl.h"

static bool derive(const uint8_t secret[KEY_SIZE], struct store_keys *keys)
{
    static const struct slice rows = { (const uint8_t *)"refer.v1 store rows",
        19 };
    static const struct slice contents = {
        (const uint8_t *)"refer.v1 store contents", 23
    };
    struct slice part = slice_of(secret, KEY_SIZE);
    uint8_t extracted[HASH_SIZE];
    struct hkdf hkdf;
    if (hkdf_init(&hkdf) != ERR_NONE)
        return false;
    hkdf_extract(&hkdf, SLICE_NONE, &part, 1, extracted);
    hkdf_expand(&hkdf, extracted, &rows, 1, keys->rows, KEY_SIZE);
    hkdf_expand(&hkdf, extracted, &contents, 1, keys->contents, KEY_SIZE);
    hkdf_release(&hkdf);
    OPENSSL_cleanse(extracted, sizeof extracted);
    return true;
}

enum err store_keys_load(const char *dir, const char *passphrase,
    struct store_keys *keys, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    uint8_t secret[KEY_SIZE];
    size_t size = sizeof secret;
    EVP_PKEY *key = NULL;
    *keys = (struct store_keys){ 0 };
    enum err err = private_path(dir, STORE_KEY_NAME, path, problem);
    if (err == ERR_NONE)
        err =
            key_file_load(path, STORE_KEY_ALGORITHM, passphrase, &key, problem);
    if (err != ERR_NONE)
        return err;
    bool done = EVP_PKEY_get_raw_private_key(key, secret, &size) == 1 &&
                size == sizeof secret && derive(secret, keys);
    EVP_PKEY_free(key);
    OPENSSL_cleanse(secret, sizeof secret);
    if (done)
        return ERR_NONE;
    ERR_clear_error();
    store_keys_wipe(keys);
    keys_problem_set(problem, "%s: cannot be used: out of memory", path);
    return ERR_NO_MEMORY;
}

void store_keys_wipe(struct store_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}
