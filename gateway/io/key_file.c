#include "io/key_file.h"

#include <stdbool.h>
#include <string.h>

#include "io/openssl.h"
#include "io/raw_key_openssl.h"

#define SALT_SIZE 16

struct passphrase {
    const char *text; /* NULL when there is none */
    bool was_asked;
};

/* A pem_password_cb. Without one OpenSSL would ask on the terminal. */
static int passphrase_give(char *bytes, int capacity, int writes, void *context)
{
    struct passphrase *passphrase = context;
    (void)writes;
    passphrase->was_asked = true;
    if (passphrase->text == NULL)
        return -1;
    size_t size = strlen(passphrase->text);
    if (capacity < 0 || size > (size_t)capacity)
        return -1;
    memcpy(bytes, passphrase->text, size);
    return (int)size;
}

static enum err wrong_algorithm(
    const char *path, const char *algorithm, struct keys_problem *problem)
{
    keys_problem_set(problem,
        "%s: holds a key, but none for %s; restore the right file", path,
        algorithm);
    return ERR_KEY;
}

/* Of the algorithms that the gateway's keys are for, one that is not encrypted;
 * NULL for all else. OpenSSL tries all decoders that it has for each key, and
 * takes fifteen times as long. */
static EVP_PKEY *known_decode(struct slice pem)
{
    const ASN1_OBJECT *algorithm = NULL;
    const uint8_t *bytes = NULL;
    int size = 0;
    EVP_PKEY *key = NULL;
    BIO *bio = BIO_new_mem_buf(pem.bytes, (int)pem.size);
    PKCS8_PRIV_KEY_INFO *info =
        bio == NULL ? NULL
                    : PEM_read_bio_PKCS8_PRIV_KEY_INFO(bio, NULL, NULL, NULL);
    if (info != NULL &&
        PKCS8_pkey_get0(&algorithm, &bytes, &size, NULL, info) == 1) {
        int id = OBJ_obj2nid(algorithm);
        const uint8_t *end = bytes + size;
        ASN1_OCTET_STRING *raw = d2i_ASN1_OCTET_STRING(NULL, &bytes, size);
        if (raw != NULL && bytes == end &&
            (id == EVP_PKEY_ED25519 || id == EVP_PKEY_X25519))
            key = EVP_PKEY_new_raw_private_key(id, NULL,
                ASN1_STRING_get0_data(raw), (size_t)ASN1_STRING_length(raw));
        if (raw != NULL)
            OPENSSL_cleanse(raw->data, (size_t)raw->length);
        ASN1_OCTET_STRING_free(raw);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static enum err private_decode(const char *path, struct slice pem,
    struct passphrase *passphrase, EVP_PKEY **key, struct keys_problem *problem)
{
    *key = known_decode(pem);
    if (*key != NULL)
        return ERR_NONE;
    BIO *bio = BIO_new_mem_buf(pem.bytes, (int)pem.size);
    if (bio != NULL)
        *key = PEM_read_bio_PrivateKey(bio, NULL, passphrase_give, passphrase);
    BIO_free(bio);
    ERR_clear_error();
    if (*key != NULL)
        return ERR_NONE;
    if (passphrase->was_asked && passphrase->text == NULL) {
        keys_problem_set(
            problem, "%s: is encrypted; give the passphrase of this key", path);
        return ERR_KEY;
    }
    if (passphrase->was_asked) {
        keys_problem_set(problem,
            "%s: the passphrase is wrong, or the file is damaged; try again, "
            "or restore it from the backup of the keys",
            path);
        return ERR_KEY;
    }
    keys_problem_set(problem,
        "%s: holds no private key in PEM; restore it from the backup of the "
        "keys",
        path);
    return ERR_MALFORMED;
}

enum err key_file_decode(const char *path, struct slice pem,
    const char *algorithm, const char *passphrase, EVP_PKEY **key,
    struct keys_problem *problem)
{
    struct passphrase asked = { .text = passphrase };
    enum err err = private_decode(path, pem, &asked, key, problem);
    if (err != ERR_NONE || algorithm == NULL ||
        EVP_PKEY_is_a(*key, algorithm) == 1)
        return err;
    EVP_PKEY_free(*key);
    *key = NULL;
    return wrong_algorithm(path, algorithm, problem);
}

enum err key_file_load(const char *path, const char *algorithm,
    const char *passphrase, EVP_PKEY **key, struct keys_problem *problem)
{
    uint8_t pem[KEY_FILE_SIZE_MAX];
    size_t size = 0;
    *key = NULL;
    enum err err = private_file_read(
        path, PRIVATE_FILE_SECRET, pem, sizeof pem, &size, problem);
    if (err == ERR_NONE)
        err = key_file_decode(
            path, slice_of(pem, size), algorithm, passphrase, key, problem);
    OPENSSL_cleanse(pem, sizeof pem);
    return err;
}

/* PKCS#8 under a passphrase; PEM_write_bio_PKCS8PrivateKey would do 2,048
 * rounds and has no parameter for more. */
static bool encrypted_write(BIO *bio, EVP_PKEY *key, const char *passphrase)
{
    bool done = false;
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    X509_ALGOR *scheme = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(),
        KEY_PASSPHRASE_ROUNDS, NULL, SALT_SIZE, NULL, NID_hmacWithSHA256);
    X509_SIG *sealed = plain == NULL || scheme == NULL
                           ? NULL
                           : PKCS8_set0_pbe(passphrase, (int)strlen(passphrase),
                                 plain, scheme);
    if (sealed != NULL)
        done = PEM_write_bio_PKCS8(bio, sealed) == 1;
    else
        X509_ALGOR_free(scheme); /* else it belongs to `sealed` */
    X509_SIG_free(sealed);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return done;
}

/* Writes what the memory holds to a file of that name. */
static enum err memory_create(
    const char *path, BIO *memory, bool is_whole, struct keys_problem *problem)
{
    char *bytes = NULL;
    long size = is_whole ? BIO_get_mem_data(memory, &bytes) : 0;
    ERR_clear_error();
    if (size <= 0 || size > KEY_FILE_SIZE_MAX) {
        keys_problem_set(
            problem, "%s: the key cannot be encoded: out of memory", path);
        return ERR_NO_MEMORY;
    }
    return private_file_create(path, slice_of(bytes, (size_t)size), problem);
}

enum err key_file_create(const char *path, EVP_PKEY *key,
    const char *passphrase, struct keys_problem *problem)
{
    if (passphrase != NULL) {
        size_t size = strlen(passphrase);
        if (size == 0 || size > KEY_PASSPHRASE_SIZE_MAX) {
            keys_problem_set(problem,
                "%s: a passphrase has 1 to %d bytes; choose another", path,
                KEY_PASSPHRASE_SIZE_MAX);
            return ERR_INVALID;
        }
    }
    BIO *memory = BIO_new(BIO_s_secmem()); /* wiped when it goes */
    bool is_whole =
        memory != NULL &&
        (passphrase != NULL ? encrypted_write(memory, key, passphrase)
                            : PEM_write_bio_PKCS8PrivateKey(
                                  memory, key, NULL, NULL, 0, NULL, NULL) == 1);
    enum err err = memory_create(path, memory, is_whole, problem);
    BIO_free(memory);
    return err;
}

enum err key_file_create_public(
    const char *path, EVP_PKEY *key, struct keys_problem *problem)
{
    BIO *memory = BIO_new(BIO_s_mem());
    bool is_whole = memory != NULL && PEM_write_bio_PUBKEY(memory, key) == 1;
    enum err err = memory_create(path, memory, is_whole, problem);
    BIO_free(memory);
    return err;
}

enum err key_file_decode_public(const char *path, struct slice pem,
    const char *algorithm, uint8_t public_key[KEY_SIZE],
    struct keys_problem *problem)
{
    EVP_PKEY *key = NULL;
    struct passphrase none = { 0 };
    enum err err = ERR_NONE;
    memset(public_key, 0, KEY_SIZE);
    BIO *bio = BIO_new_mem_buf(pem.bytes, (int)pem.size);
    if (bio != NULL)
        key = PEM_read_bio_PUBKEY(bio, NULL, passphrase_give, &none);
    BIO_free(bio);
    ERR_clear_error();
    if (key == NULL) {
        keys_problem_set(problem,
            "%s: holds no public key in PEM; restore it from the backup of the "
            "keys",
            path);
        return ERR_MALFORMED;
    }
    if (EVP_PKEY_is_a(key, algorithm) != 1 ||
        !raw_key_get_public(key, public_key))
        err = wrong_algorithm(path, algorithm, problem);
    EVP_PKEY_free(key);
    return err;
}

enum err key_file_load_public(const char *path, const char *algorithm,
    uint8_t public_key[KEY_SIZE], struct keys_problem *problem)
{
    uint8_t pem[KEY_FILE_SIZE_MAX];
    size_t size = 0;
    memset(public_key, 0, KEY_SIZE);
    enum err err = private_file_read(
        path, PRIVATE_FILE_PUBLIC, pem, sizeof pem, &size, problem);
    return err == ERR_NONE ? key_file_decode_public(path, slice_of(pem, size),
                                 algorithm, public_key, problem)
                           : err;
}
