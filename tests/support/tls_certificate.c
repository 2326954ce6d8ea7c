#include "support/tls_certificate.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static EVP_PKEY *make_key(enum tls_certificate_kind kind)
{
    switch (kind) {
    case TLS_CERTIFICATE_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case TLS_CERTIFICATE_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case TLS_CERTIFICATE_P384:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case TLS_CERTIFICATE_RSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    }
    return NULL;
}

static X509 *make_certificate(EVP_PKEY *key, enum tls_certificate_kind kind)
{
    X509 *x509 = X509_new();
    assert_non_null(x509);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), 0));
    /* over before it began: dates must not matter */
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), -1));
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    const EVP_MD *digest =
        kind == TLS_CERTIFICATE_ED25519 ? NULL : EVP_sha256();
    assert_true(X509_sign(x509, key, digest) > 0);
    return x509;
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    return file;
}

void tls_certificate_make(
    struct tls_certificate *certificate, enum tls_certificate_kind kind)
{
    (void)snprintf(certificate->directory, sizeof certificate->directory,
        "/tmp/refer_test_XXXXXX");
    assert_non_null(mkdtemp(certificate->directory));
    (void)snprintf(certificate->certificate_path,
        sizeof certificate->certificate_path, "%s/certificate.pem",
        certificate->directory);
    (void)snprintf(certificate->key_path, sizeof certificate->key_path,
        "%s/key.pem", certificate->directory);

    EVP_PKEY *key = make_key(kind);
    assert_non_null(key);
    X509 *x509 = make_certificate(key, kind);
    FILE *file = create(certificate->certificate_path);
    assert_int_equal(PEM_write_X509(file, x509), 1);
    assert_int_equal(fclose(file), 0);
    file = create(certificate->key_path);
    assert_int_equal(
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);

    uint8_t *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    assert_true(size > 0);
    assert_int_equal(EVP_Digest(der, (size_t)size, certificate->spki, NULL,
                         EVP_sha256(), NULL),
        1);
    OPENSSL_free(der);
    X509_free(x509);
    EVP_PKEY_free(key);
}

void tls_certificate_remove(struct tls_certificate *certificate)
{
    assert_int_equal(unlink(certificate->certificate_path), 0);
    assert_int_equal(unlink(certificate->key_path), 0);
    assert_int_equal(rmdir(certificate->directory), 0);
}
