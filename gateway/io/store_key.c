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
    };
    return names[kind];
}

/* False when there is no such file. */
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
    if (private_path(slot->keys, STORE_KEY_NAME, path, &problem) != ERR_NONE ||
        access(path, F_OK) != 0)
        return STORE_SLOT_NONE;
    enum err err = private_file_read(
        path, PRIVATE_FILE_PUBLIC, pem, sizeof pem, &size, &problem);
    bool is_sealed = err == ERR_NONE && is_encrypted(slice_of(pem, size));
    OPENSSL_cleanse(pem, sizeof pem);
    return is_sealed ? STORE_SLOT_PASSPHRASE : STORE_SLOT_FILE;
}

/* ---- Passphrases -------------------------------------------------------- */

/* All of standard input, up to the capacity. */
static enum err input_read(
    uint8_t *bytes, size_t capacity, size_t *size, struct keys_problem *problem)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t got = read(STDIN_FILENO, bytes + *size, capacity - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            keys_problem_set(
                problem, "the passphrase cannot be read from standard input");
            return ERR_IO;
        }
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return ERR_NONE;
}

/* The first line of the file; the caller wipes. */
static enum err passphrase_read(const char *path,
    char text[KEY_PASSPHRASE_SIZE_MAX + 1], struct keys_problem *problem)
{
    uint8_t *bytes = (uint8_t *)text;
    size_t size = 0;
    enum err err =
        strcmp(path, "-") == 0
            ? input_read(bytes, KEY_PASSPHRASE_SIZE_MAX, &size, problem)
            : private_file_read(path, PRIVATE_FILE_PUBLIC, bytes,
                  KEY_PASSPHRASE_SIZE_MAX, &size, problem);
    text[size] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return err;
}

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
    enum err err = passphrase_read(from, text, problem);
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
    if (store_slot_find(slot) == STORE_SLOT_PASSPHRASE)
        err = passphrase_find(slot, text, &passphrase, problem);
    if (err == ERR_NONE)
        err = private_path(slot->keys, STORE_KEY_NAME, path, problem);
    if (err == ERR_NONE)
        err =
            key_file_load(path, STORE_KEY_ALGORITHM, passphrase, key, problem);
    OPENSSL_cleanse(text, sizeof text);
    return err;
}

enum err store_keys_load(const struct store_slot *slot, struct store_keys *keys,
    struct keys_problem *problem)
{
    uint8_t secret[KEY_SIZE];
    size_t size = sizeof secret;
    EVP_PKEY *key = NULL;
    *keys = (struct store_keys){ 0 };
    enum err err = key_load(slot, &key, problem);
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
    keys_problem_set(
        problem, "the key of the store cannot be used: out of memory");
    return ERR_NO_MEMORY;
}

void store_keys_wipe(struct store_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}

/* ---- Moving ------------------------------------------------------------- */

/* The new file is whole before it takes the place of the old one. */
static enum err put_in_place(
    const char *keys_dir, const char *next, struct keys_problem *problem)
{
    int dir = open(keys_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_there = dir >= 0 && faccessat(dir, STORE_KEY_NAME, F_OK, 0) == 0;
    bool done =
        dir >= 0 &&
        (is_there ? file_exchange(dir, STORE_KEY_NEXT_NAME, STORE_KEY_NAME)
                  : renameat(dir, STORE_KEY_NEXT_NAME, dir, STORE_KEY_NAME) ==
                        0) &&
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

enum err store_key_reseal(const struct store_slot *slot,
    const char *passphrase_path, struct keys_problem *problem)
{
    char next[PRIVATE_PATH_SIZE];
    char text[KEY_PASSPHRASE_SIZE_MAX + 1];
    EVP_PKEY *key = NULL;
    enum err err = private_path(slot->keys, STORE_KEY_NEXT_NAME, next, problem);
    if (err == ERR_NONE && passphrase_path != NULL)
        err = passphrase_read(passphrase_path, text, problem);
    if (err == ERR_NONE)
        err = key_load(slot, &key, problem);
    if (err == ERR_NONE)
        err = private_file_destroy(next, problem);
    if (err == ERR_NONE)
        err = key_file_create(
            next, key, passphrase_path == NULL ? NULL : text, problem);
    EVP_PKEY_free(key);
    OPENSSL_cleanse(text, sizeof text);
    return err == ERR_NONE ? put_in_place(slot->keys, next, problem) : err;
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

enum err store_key_make(const char *keys_dir, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    enum err err = private_path(keys_dir, STORE_KEY_NAME, path, problem);
    if (err != ERR_NONE)
        return err;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, STORE_KEY_ALGORITHM);
    if (key == NULL) {
        ERR_clear_error();
        keys_problem_set(problem, "%s: cannot be made: out of memory", path);
        return ERR_NO_MEMORY;
    }
    err = key_file_create(path, key, NULL, problem);
    EVP_PKEY_free(key);
    return err;
}

enum err store_key_destroy(const char *keys_dir, struct keys_problem *problem)
{
    static const char *const names[] = { STORE_KEY_NAME, STORE_KEY_NEXT_NAME,
        STORE_KEY_NAME PRIVATE_SCRATCH_SUFFIX,
        STORE_KEY_NEXT_NAME PRIVATE_SCRATCH_SUFFIX };
    enum err first = ERR_NONE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
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
