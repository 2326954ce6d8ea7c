#include "io/keys_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/key_file.h"
#include "io/openssl.h"
#include "io/raw_key_openssl.h"
#include "io/store_key.h"
#include "io/tls_certificate.h"

/* The certificate is made last: a directory that has it is whole. */
enum part { PART_PRIVATE, PART_PUBLIC, PART_CERTIFICATE };

/* clang-format off */
static const struct row {
    const char *name;
    enum part part;
    const char *algorithm; /* NULL: of the key in the row before */
    bool is_root;
} rows[] = {
    { KEYS_ROOT_NAME,        PART_PRIVATE,     "ED25519", true },
    { KEYS_ROOT_PUBLIC_NAME, PART_PUBLIC,      NULL,      true },
    { "log-1.pem",           PART_PRIVATE,     "ED25519", false },
    { "witness-1.pem",       PART_PRIVATE,     "ED25519", false },
    { "operation-1.pem",     PART_PRIVATE,     "ED25519", false },
    { "last-resort-1.pem",   PART_PRIVATE,     "X25519",  false },
    { STORE_KEY_NAME,        PART_PRIVATE,     STORE_KEY_ALGORITHM, false },
    { "tls-1.pem",           PART_PRIVATE,     "ED25519", false },
    { "tls-1.crt",           PART_CERTIFICATE, NULL,      false },
};
/* clang-format on */

#define ROW_COUNT (sizeof rows / sizeof *rows)

static enum err dir_check_empty(const char *dir, struct keys_problem *problem)
{
    enum err err = ERR_NONE;
    DIR *entries = opendir(dir);
    if (entries == NULL) {
        keys_problem_set(problem,
            "%s: the directory cannot be read; it must belong to the user that "
            "runs this",
            dir);
        return ERR_IO;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (entry == NULL && errno != 0) {
            keys_problem_set(problem,
                "%s: the directory cannot be read; see to the disk", dir);
            err = ERR_IO;
        }
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        keys_problem_set(problem,
            "%s: holds %.80s already; keys are never overwritten, name another "
            "directory, or remove this one if no agency knows its keys",
            dir, entry->d_name);
        err = ERR_EXISTS;
        break;
    }
    (void)closedir(entries);
    return err;
}

/* *key is that of the row before, or NULL; a new one takes its place. */
static enum err row_create(const char *path, const struct row *row,
    const char *passphrase, EVP_PKEY **key, struct keys_problem *problem)
{
    switch (row->part) {
    case PART_PUBLIC:
        return key_file_create_public(path, *key, problem);
    case PART_CERTIFICATE:
        return tls_certificate_create(path, *key, problem);
    case PART_PRIVATE:
        break;
    }
    EVP_PKEY_free(*key);
    *key = EVP_PKEY_Q_keygen(NULL, NULL, row->algorithm);
    if (*key == NULL) {
        ERR_clear_error();
        keys_problem_set(
            problem, "%s: the key cannot be made: no randomness", path);
        return ERR_NO_MEMORY;
    }
    return key_file_create(
        path, *key, row->is_root ? passphrase : NULL, problem);
}

/* Where a row's file is: the private half of the root may be apart. */
static enum err row_path(const char *dir, const char *root_dir,
    const struct row *row, char path[PRIVATE_PATH_SIZE],
    struct keys_problem *problem)
{
    bool is_apart = row->is_root && row->part == PART_PRIVATE;
    return private_path(is_apart ? root_dir : dir, row->name, path, problem);
}

/* Keys of a failed creation were never used; the first problem stands. */
static void rows_destroy(const char *dir, const char *root_dir, size_t count)
{
    struct keys_problem ignored;
    char path[PRIVATE_PATH_SIZE];
    for (size_t i = 0; i < count; i++) {
        enum err err = row_path(dir, root_dir, &rows[i], path, &ignored);
        if (err == ERR_NONE)
            err = private_file_destroy(path, &ignored);
        (void)err;
    }
}

enum err keys_create(
    const char *dir, const char *root_passphrase, struct keys_problem *problem)
{
    return keys_create_apart(dir, dir, root_passphrase, problem);
}

enum err keys_create_apart(const char *dir, const char *root_dir,
    const char *root_passphrase, struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    EVP_PKEY *key = NULL;
    size_t made = 0;
    enum err err = private_dir_make(dir, problem);
    if (err == ERR_NONE)
        err = dir_check_empty(dir, problem);
    if (err == ERR_NONE)
        err = private_dir_make(root_dir, problem);
    if (err != ERR_NONE)
        return err;
    while (err == ERR_NONE && made < ROW_COUNT) {
        err = row_path(dir, root_dir, &rows[made], path, problem);
        if (err == ERR_NONE)
            err = row_create(path, &rows[made], root_passphrase, &key, problem);
        if (err == ERR_NONE)
            made++;
    }
    EVP_PKEY_free(key);
    if (err == ERR_NONE)
        err = private_path(dir, KEYS_DAY_NAME, path, problem);
    if (err == ERR_NONE)
        err = private_dir_make(path, problem);
    if (err != ERR_NONE)
        rows_destroy(dir, root_dir, made);
    return err;
}

enum err root_public(
    const char *dir, uint8_t public_key[KEY_SIZE], struct keys_problem *problem)
{
    char path[PRIVATE_PATH_SIZE];
    memset(public_key, 0, KEY_SIZE);
    enum err err = private_path(dir, KEYS_ROOT_PUBLIC_NAME, path, problem);
    if (err != ERR_NONE)
        return err;
    return key_file_load_public(path, "ED25519", public_key, problem);
}

static bool message_sign(
    EVP_PKEY *key, struct slice message, uint8_t signature[SIGNATURE_SIZE])
{
    size_t size = SIGNATURE_SIZE;
    const uint8_t *bytes =
        message.size > 0 ? message.bytes : (const uint8_t *)"";
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    bool done =
        signing != NULL &&
        EVP_DigestSignInit(signing, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(signing, signature, &size, bytes, message.size) == 1 &&
        size == SIGNATURE_SIZE;
    EVP_MD_CTX_free(signing);
    return done;
}

enum err root_unlock(const char *path, const char *passphrase,
    uint8_t public_key[KEY_SIZE], struct keys_problem *problem)
{
    EVP_PKEY *key = NULL;
    memset(public_key, 0, KEY_SIZE);
    enum err err = key_file_load(path, "ED25519", passphrase, &key, problem);
    if (err == ERR_NONE && !raw_key_get_public(key, public_key)) {
        keys_problem_set(problem, "%s: cannot be used: out of memory", path);
        err = ERR_NO_MEMORY;
    }
    EVP_PKEY_free(key);
    return err;
}

enum err root_sign(const char *path, const char *passphrase,
    struct slice message, uint8_t signature[SIGNATURE_SIZE],
    uint8_t public_key[KEY_SIZE], struct keys_problem *problem)
{
    EVP_PKEY *key = NULL;
    memset(signature, 0, SIGNATURE_SIZE);
    memset(public_key, 0, KEY_SIZE);
    enum err err = key_file_load(path, "ED25519", passphrase, &key, problem);
    if (err != ERR_NONE)
        return err;
    if (!raw_key_get_public(key, public_key) ||
        !message_sign(key, message, signature)) {
        OPENSSL_cleanse(signature, SIGNATURE_SIZE);
        ERR_clear_error();
        keys_problem_set(problem, "%s: cannot sign: out of memory", path);
        err = ERR_NO_MEMORY;
    }
    EVP_PKEY_free(key);
    return err;
}
