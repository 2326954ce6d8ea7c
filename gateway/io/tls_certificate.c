#include "io/tls_certificate.h"

#include <stdbool.h>
#include <string.h>

#include "io/key_file.h"
#include "io/openssl.h"

#define SERIAL_BITS 127 /* positive, unlike any other's */

static bool serial_set(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool done =
        number != NULL &&
        BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) ==
            1 &&
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool names_set(X509 *certificate)
{
    static const unsigned char name[] = "refer";
    X509_NAME *subject = X509_NAME_new();
    bool done = subject != NULL &&
                X509_NAME_add_entry_by_NID(subject, NID_commonName,
                    MBSTRING_ASC, name, sizeof name - 1, -1, 0) == 1 &&
                X509_set_subject_name(certificate, subject) == 1 &&
                X509_set_issuer_name(certificate, subject) == 1;
    X509_NAME_free(subject);
    return done;
}

static bool extensions_set(X509 *certificate)
{
    /* clang-format off */
    static const struct { int nid; const char *value; } rows[] = {
        { NID_basic_constraints, "critical,CA:FALSE" },
        { NID_key_usage,         "critical,digitalSignature" },
        { NID_ext_key_usage,     "serverAuth,clientAuth" },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, NULL, rows[i].nid, rows[i].value);
        bool done =
            extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!done)
            return false;
    }
    return true;
}

static bool certificate_fill(X509 *certificate, EVP_PKEY *key)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           serial_set(certificate) &&
           names_set(certificate)
           /* fixed dates: no clock is asked, no day of creation is told */
           && ASN1_TIME_set_string_X509(
                  X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
           ASN1_TIME_set_string_X509(
               X509_getm_notAfter(certificate), "99991231235959Z") == 1 &&
           X509_set_pubkey(certificate, key) == 1 &&
           extensions_set(certificate) && X509_sign(certificate, key, NULL) > 0;
}

enum err tls_certificate_create(
    const char *path, EVP_PKEY *key, struct keys_problem *problem)
{
    char *bytes = NULL;
    long size = 0;
    X509 *certificate = X509_new();
    BIO *memory = BIO_new(BIO_s_mem());
    if (certificate != NULL && memory != NULL &&
        certificate_fill(certificate, key) &&
        PEM_write_bio_X509(memory, certificate) == 1)
        size = BIO_get_mem_data(memory, &bytes);
    enum err err = ERR_NO_MEMORY;
    ERR_clear_error();
    if (size > 0)
        err = private_file_create(path, slice_of(bytes, (size_t)size), problem);
    else
        keys_problem_set(
            problem, "%s: the certificate cannot be made: out of memory", path);
    BIO_free(memory);
    X509_free(certificate);
    return err;
}

static bool spki_hash(const X509 *certificate, uint8_t hash[HASH_SIZE])
{
    unsigned char *der = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    bool done = size > 0 && EVP_Digest(der, (size_t)size, hash, NULL,
                                EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return done;
}

enum err tls_certificate_spki_hash(const char *path, EVP_PKEY *key,
    uint8_t hash[HASH_SIZE], struct keys_problem *problem)
{
    uint8_t pem[KEY_FILE_SIZE_MAX];
    size_t size = 0;
    enum err err = private_file_read(
        path, PRIVATE_FILE_PUBLIC, pem, sizeof pem, &size, problem);
    if (err != ERR_NONE)
        return err;
    BIO *bio = BIO_new_mem_buf(pem, (int)size);
    X509 *certificate =
        bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (certificate == NULL || !spki_hash(certificate, hash)) {
        keys_problem_set(problem,
            "%s: holds no certificate in PEM; restore it from the backup of "
            "the keys",
            path);
        err = ERR_MALFORMED;
    } else if (X509_check_private_key(certificate, key) != 1) {
        keys_problem_set(problem,
            "%s: is not the certificate of the key beside it; restore both "
            "from the backup of the keys",
            path);
        err = ERR_KEY;
    }
    X509_free(certificate);
    ERR_clear_error();
    return err;
}
