/*
 * tls_certificate.h - self-signed certificates for tests, made on the spot, as
 * files in a directory of their own.
 */
#ifndef SUPPORT_TLS_CERTIFICATE_H
#define SUPPORT_TLS_CERTIFICATE_H

#include <stdint.h>

enum tls_certificate_kind {
    TLS_CERTIFICATE_ED25519,
    TLS_CERTIFICATE_P256,
    TLS_CERTIFICATE_P384, /* not spoken by the gateway */
    TLS_CERTIFICATE_RSA   /* nor this */
};

struct tls_certificate {
    char directory[64];
    char certificate_path[80];
    char key_path[80];
    uint8_t spki[32]; /* SHA-256 of SubjectPublicKeyInfo */
};

/* Fails the test when it cannot. The caller removes it. */
void tls_certificate_make(
    struct tls_certificate *certificate, enum tls_certificate_kind kind);

/* Deletes the files and the directory. */
void tls_certificate_remove(struct tls_certificate *certificate);

#endif
