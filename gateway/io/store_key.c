#include "io/store_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "io/file_exchange.h"
#include "io/hkdf_openssl.h"
#include "io/key_file.h"
#include "io/openssl.h"
#include "io/passphrase.h"
#include "io/store_token.h"

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

/* ---- Where it is -------------------------------------------------------- */

const char *store_slot_kind_name(enum store_slot_kind kind)
{
    static const char *const names[] = {
        [STORE_SLOT_NONE] = "none",
        [STORE_SLOT_FILE] = "file",
        [STORE_SLOT_PASSPHRASE] = "passphrase",
        [STORE_SLOT_CREDENTIAL] = "credential",
        [STORE_SLOT_TOKEN] = "token",
    };
    return names[kind];
}

/* False when there is no such file. */
static bool is_in_keys(const struct store_slot *slot, const char *name,
    char path[PRIVATE_PATH_SIZE])
{
    struct keys_problem problem;
    return private_path(slot->keys, name, path, &problem) == ERR_NONE &&
           access(path, F_OK) == 0;
}

static bool credential_path(const struct store_slot *slot, const char *name,
    char path[PRIVATE_PATH_SIZE])
{
    struct keys_problem problem;
    return slot->credentials != NULL &&
           private_path(slot->credentials, name, path, &problem) == ERR_NONE &&
           access(path, F_OK) == 0;
}

static bool is_encrypted(struct slice pem)
{
    static const char mark[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    for (size_t i = 0; i + sizeof mark - 1 <= pem.size; i++)
        if (memcmp(pem.bytes + i, mark, sizeof mark - 1) == 0)
            return true;
    return false;
}

enum store_slot_kind store_slot_find(const struct store_slot *slot)
{
    uint8_t pem[KEY_FILE_SIZE_MAX];
    char path[PRIVATE_PATH_SIZE];
    struct keys_problem problem;
    size_t size = 0;
    if (credential_path(slot, STORE_KEY_CREDENTIAL, path))
        return STORE_SLOT_CREDENTIAL;
    if (!is_in_keys(slot, STORE_KEY_NAME, path))
        return is_in_keys(slot, STORE_TOKEN_NAME, path) ? STORE_SLOT_TOKEN
                                                        : STORE_SLOT_NONE;
    enum err err = private_file_read(
        path, PRIVATE_FILE_PUBLIC, pem, sizeof pem, &size, &problem);
    bool is_sealed = err == ERR_NONE && is_encrypted(slice_of(pem, size));
    OPENSSL_cleanse(pem, sizeof pem);
    return is_sealed ? STORE_SLOT_PASSPHRASE : STORE_SLOT_FILE;
}

void store_slot_place(const struct store_slot *slot, enum store_slot_kind kind,
    char path[PRIVATE_PATH_SIZE])
{
    static const char *const names[] = {
        [STORE_SLOT_NONE] = "",
        [STORE_SLOT_FILE] = STORE_KEY_NAME,
        [STORE_SLOT_PASSPHRASE] = STORE_KEY_NAME,
        [STORE_SLOT_CREDENTIAL] = STORE_KEY_CREDENTIAL,
        [STORE_SLOT_TOKEN] = STORE_TOKEN_NAME,
    };
    struct keys_problem problem;
    const char *folder =
        kind == STORE_SLOT_CREDENTIAL ? slot->credentials : slot->keys;
    if (kind == STORE_SLOT_NONE ||
        private_path(folder, names[kind], path, &problem) != ERR_NONE)
        path[0] = '\0';
}

/* ---- Passphrases -------------------------------------------------------- */

static enum err passphrase_find(const struct store_slot *slot,
    char text[KEY_PASSPHRASE_SIZE_MAX + 1], const char **passphrase,
    struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    const char *from = slot->passphrase_path;
    *passphrase = NULL;
    if (from == NULL &&
        credential_path(slot, STORE_KEY_PASSPHRASE_CREDENTIAL, path))
        from = path;
    if (from == NULL)
        return ERR_NONE; /* it is said that one is needed */
    enum err err = passphrase_read(from, PRIVATE_FILE_PUBLIC, text, problem);
    if (err == ERR_NONE)
        *passphrase = text;
    return err;
}

/* ---- Loading ------------------------------------------------------------ */

/* systemd gives the gateway's user its right by an access list, which shows as
 * one of the group's. */
static enum err credential_load(
    const char *path, EVP_PKEY **key, struct keys_problem *problem)
{
    uint8_t pem[KEY_FILE_SIZE_MAX];
    size_t size = 0;
    enum err err = private_file_read(
        path, PRIVATE_FILE_PUBLIC, pem, sizeof pem, &size, problem);
    if (err == ERR_NONE)
        err = key_file_decode(
            path, slice_of(pem, size), STORE_KEY_ALGORITHM, NULL, key, problem);
    OPENSSL_cleanse(pem, sizeof pem);
    return err;
}

static enum err out_of_memory(struct keys_problem *problem)
{
    ERR_clear_error();
    keys_problem_set(
        problem, "the key of the store cannot be used: out of memory");
    return ERR_NO_MEMORY;
}

static enum err token_load(const struct store_slot *slot, const char *path,
    EVP_PKEY **key, struct keys_problem *problem)
{
    uint8_t secret[KEY_SIZE];
    enum err err = store_token_read(slot, path, secret, problem);
    if (err != ERR_NONE)
        return err;
    *key = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_X25519, NULL, secret, sizeof secret);
    OPENSSL_cleanse(secret, sizeof secret);
    return *key == NULL ? out_of_memory(problem) : ERR_NONE;
}

static enum err key_load(
    const struct store_slot *slot, EVP_PKEY **key, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    char text[KEY_PASSPHRASE_SIZE_MAX + 1];
    const char *passphrase = NULL;
    enum err err = ERR_NONE;
    *key = NULL;
    if (credential_path(slot, STORE_KEY_CREDENTIAL, path))
        return credential_load(path, key, problem);
    enum store_slot_kind kind = store_slot_find(slot);
    if (kind == STORE_SLOT_TOKEN && is_in_keys(slot, STORE_TOKEN_NAME, path))
        return token_load(slot, path, key, problem);
    if (kind == STORE_SLOT_PASSPHRASE)
        err = passphrase_find(slot, text, &passphrase, problem);
    if (err == ERR_NONE)
        err = private_path(slot->keys, STORE_KEY_NAME, path, problem);
    if (err == ERR_NONE)
        err =
            key_file_load(path, STORE_KEY_ALGORITHM, passphrase, key, problem);
    OPENSSL_cleanse(text, sizeof text);
    return err;
}

/* What an EVP_PKEY holds. The caller wipes. */
static enum err secret_take(
    const EVP_PKEY *key, uint8_t secret[KEY_SIZE], struct keys_problem *problem)
{
    size_t size = KEY_SIZE;
    return EVP_PKEY_get_raw_private_key(key, secret, &size) == 1 &&
                   size == KEY_SIZE
               ? ERR_NONE
               : out_of_memory(problem);
}

enum err store_keys_load(const struct store_slot *slot, struct store_keys *keys,
    struct keys_problem *problem)
{
    uint8_t secret[KEY_SIZE] = { 0 };
    EVP_PKEY *key = NULL;
    *keys = (struct store_keys){ 0 };
    enum err err = key_load(slot, &key, problem);
    if (err == ERR_NONE)
        err = secret_take(key, secret, problem);
    if (err == ERR_NONE && !derive(secret, keys))
        err = out_of_memory(problem);
    EVP_PKEY_free(key);
    OPENSSL_cleanse(secret, sizeof secret);
    if (err != ERR_NONE)
        store_keys_wipe(keys);
    return err;
}

void store_keys_wipe(struct store_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}

/* ---- Moving ------------------------------------------------------------- */

/* The new file is whole before it takes the place of the old one. */
static enum err put_in_place(const char *keys_dir, const char *next_name,
    const char *name, const char *next, struct keys_problem *problem)
{
    int dir = open(keys_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_there = dir >= 0 && faccessat(dir, name, F_OK, 0) == 0;
    bool done = dir >= 0 &&
                (is_there ? file_exchange(dir, next_name, name)
                          : renameat(dir, next_name, dir, name) == 0) &&
                fsync(dir) == 0;
    int reason = errno;
    if (dir >= 0)
        (void)close(dir);
    if (!done) {
        keys_problem_set(
            problem, "%s: cannot be put in place: %s", next, strerror(reason));
        return ERR_IO;
    }
    return private_file_destroy(next, problem);
}

/* Those of one form, in KEYS. */
static enum err names_destroy(const char *keys_dir, const char *const *names,
    size_t count, struct keys_problem *problem)
{
    enum err first = ERR_NONE;
    for (size_t i = 0; i < count; i++) {
        struct keys_problem said;
        char path[PRIVATE_PATH_SIZE];
        enum err err = private_path(keys_dir, names[i], path, &said);
        if (err == ERR_NONE)
            err = private_file_destroy(path, &said);
        if (err != ERR_NONE && first == ERR_NONE) {
            first = err;
            *problem = said;
        }
    }
    return first;
}

static enum err pem_destroy(const char *keys_dir, struct keys_problem *problem)
{
    static const char *const names[] = { STORE_KEY_NAME, STORE_KEY_NEXT_NAME,
        STORE_KEY_NAME PRIVATE_SCRATCH_SUFFIX,
        STORE_KEY_NEXT_NAME PRIVATE_SCRATCH_SUFFIX };
    return names_destroy(
        keys_dir, names, sizeof names / sizeof *names, problem);
}

static enum err token_file_destroy(
    const char *keys_dir, struct keys_problem *problem)
{
    static const char *const names[] = { STORE_TOKEN_NAME,
        STORE_TOKEN_NEXT_NAME, STORE_TOKEN_NAME PRIVATE_SCRATCH_SUFFIX,
        STORE_TOKEN_NEXT_NAME PRIVATE_SCRATCH_SUFFIX };
    return names_destroy(
        keys_dir, names, sizeof names / sizeof *names, problem);
}

enum err store_key_reseal(const struct store_slot *slot,
    const char *passphrase_path, struct keys_problem *problem)
{
    char next[PRIVATE_PATH_SIZE];
    char text[KEY_PASSPHRASE_SIZE_MAX + 1];
    EVP_PKEY *key = NULL;
    enum err err = private_path(slot->keys, STORE_KEY_NEXT_NAME, next, problem);
    if (err == ERR_NONE && passphrase_path != NULL)
        err = passphrase_read(
            passphrase_path, PRIVATE_FILE_PUBLIC, text, problem);
    if (err == ERR_NONE)
        err = key_load(slot, &key, problem);
    if (err == ERR_NONE)
        err = private_file_destroy(next, problem);
    if (err == ERR_NONE)
        err = key_file_create(
            next, key, passphrase_path == NULL ? NULL : text, problem);
    EVP_PKEY_free(key);
    OPENSSL_cleanse(text, sizeof text);
    if (err == ERR_NONE)
        err = put_in_place(
            slot->keys, STORE_KEY_NEXT_NAME, STORE_KEY_NAME, next, problem);
    return err == ERR_NONE ? token_file_destroy(slot->keys, problem) : err;
}

/* A file for the token takes the place of all that is in KEYS. */
static enum err token_put(const struct store_slot *slot,
    const uint8_t secret[KEY_SIZE], struct keys_problem *problem)
{
    char next[PRIVATE_PATH_SIZE];
    enum err err =
        private_path(slot->keys, STORE_TOKEN_NEXT_NAME, next, problem);
    if (err == ERR_NONE)
        err = private_file_destroy(next, problem);
    if (err == ERR_NONE)
        err = store_token_create(slot, next, secret, problem);
    if (err == ERR_NONE)
        err = put_in_place(
            slot->keys, STORE_TOKEN_NEXT_NAME, STORE_TOKEN_NAME, next, problem);
    return err == ERR_NONE ? pem_destroy(slot->keys, problem) : err;
}

enum err store_key_to_token(
    const struct store_slot *slot, struct keys_problem *problem)
{
    uint8_t secret[KEY_SIZE] = { 0 };
    EVP_PKEY *key = NULL;
    enum err err = key_load(slot, &key, problem);
    if (err == ERR_NONE)
        err = secret_take(key, secret, problem);
    EVP_PKEY_free(key);
    if (err == ERR_NONE)
        err = token_put(slot, secret, problem);
    OPENSSL_cleanse(secret, sizeof secret);
    return err;
}

enum err store_key_export(const struct store_slot *slot, const char *path,
    struct keys_problem *problem)
{
    EVP_PKEY *key = NULL;
    enum err err = key_load(slot, &key, problem);
    if (err == ERR_NONE)
        err = key_file_create(path, key, NULL, problem);
    EVP_PKEY_free(key);
    return err;
}

static bool has_token(const struct store_slot *slot)
{
    return slot->token != NULL && slot->token[0] != '\0';
}

enum err store_key_make(
    const struct store_slot *slot, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    uint8_t secret[KEY_SIZE] = { 0 };
    if (is_in_keys(slot, STORE_KEY_NAME, path) ||
        is_in_keys(slot, STORE_TOKEN_NAME, path)) {
        keys_problem_set(
            problem, "%s: is there, and a key is never overwritten", path);
        return ERR_EXISTS;
    }
    enum err err = private_path(slot->keys, STORE_KEY_NAME, path, problem);
    if (err != ERR_NONE)
        return err;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, STORE_KEY_ALGORITHM);
    if (key == NULL)
        return out_of_memory(problem);
    err = has_token(slot) ? secret_take(key, secret, problem)
                          : key_file_create(path, key, NULL, problem);
    EVP_PKEY_free(key);
    if (err == ERR_NONE && has_token(slot))
        err = token_put(slot, secret, problem);
    OPENSSL_cleanse(secret, sizeof secret);
    return err;
}

enum err store_key_destroy(const char *keys_dir, struct keys_problem *problem)
{
    struct keys_problem said;
    enum err first = pem_destroy(keys_dir, problem);
    enum err second = token_file_destroy(keys_dir, &said);
    if (first == ERR_NONE && second != ERR_NONE)
        *problem = said;
    return first != ERR_NONE ? first : second;
}
