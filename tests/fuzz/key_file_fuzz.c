/*
 * Key files in PEM with any contents. The first byte says which: a private key
 * of one of three algorithms asked for, with or without a passphrase, or a
 * public one. What is taken is of that algorithm, written by us it is taken
 * again as the same key, and nobody is asked on a terminal; nothing is left in
 * OpenSSL's queue of errors.
 *
 * Encrypted PKCS#8 comes without the passphrase alone: how long one works on it
 * is up to the file.
 */
#define _GNU_SOURCE /* memmem() */
#include <stdlib.h>
#include <string.h>

#include "io/key_file.h"
#include "io/openssl.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const algorithms[] = { "ED25519", "X25519", NULL };
#define ALGORITHM_COUNT (sizeof algorithms / sizeof *algorithms)

/* PEM as we write it, without a passphrase. */
static EVP_PKEY *again(EVP_PKEY *key, const char *algorithm)
{
    char *bytes = NULL;
    EVP_PKEY *other = NULL;
    struct keys_problem problem;
    BIO *memory = BIO_new(BIO_s_mem());
    MUST(memory != NULL);
    MUST(PEM_write_bio_PKCS8PrivateKey(
             memory, key, NULL, NULL, 0, NULL, NULL) == 1);
    long size = BIO_get_mem_data(memory, &bytes);
    MUST(size > 0);
    MUST(key_file_decode("again", slice_of(bytes, (size_t)size), algorithm,
             NULL, &other, &problem) == ERR_NONE);
    BIO_free(memory);
    return other;
}

static void try_private(
    struct slice pem, const char *algorithm, const char *passphrase)
{
    EVP_PKEY *key = NULL;
    struct keys_problem problem = { .text = "" };
    enum err err =
        key_file_decode("FILE", pem, algorithm, passphrase, &key, &problem);
    MUST(err == ERR_NONE || err == ERR_KEY || err == ERR_MALFORMED);
    MUST((err == ERR_NONE) == (key != NULL));
    MUST((err == ERR_NONE) == (problem.text[0] == '\0'));
    MUST(ERR_peek_error() == 0);
    if (err != ERR_NONE || algorithm == NULL) {
        EVP_PKEY_free(key);
        return;
    }
    MUST(EVP_PKEY_is_a(key, algorithm) == 1);
    EVP_PKEY *other = again(key, algorithm);
    MUST(EVP_PKEY_eq(key, other) == 1);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

static void try_public(struct slice pem, const char *algorithm)
{
    uint8_t key[KEY_SIZE];
    struct keys_problem problem = { .text = "" };
    memset(key, 0xff, sizeof key);
    enum err err =
        key_file_decode_public("FILE", pem, algorithm, key, &problem);
    MUST(err == ERR_NONE || err == ERR_KEY || err == ERR_MALFORMED);
    MUST((err == ERR_NONE) == (problem.text[0] == '\0'));
    MUST(ERR_peek_error() == 0);
    if (err != ERR_NONE)
        return;
    EVP_PKEY *again =
        EVP_PKEY_new_raw_public_key_ex(NULL, algorithm, NULL, key, KEY_SIZE);
    MUST(again != NULL);
    EVP_PKEY_free(again);
}

static bool has(struct slice pem, const char *words)
{
    return memmem(pem.bytes, pem.size, words, strlen(words)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > KEY_FILE_SIZE_MAX)
        return 0;
    struct slice pem = slice_of(data + 1, size - 1);
    const char *algorithm = algorithms[data[0] % ALGORITHM_COUNT];
    if (data[0] >= 0x80)
        try_public(pem, algorithm == NULL ? "ED25519" : algorithm);
    else
        try_private(pem, algorithm,
            data[0] >= 0x40 && !has(pem, "BEGIN ENCRYPTED") ? "words" : NULL);
    return 0;
}
