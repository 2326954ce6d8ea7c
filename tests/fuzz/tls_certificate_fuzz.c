/*
 * tls_certificate_fuzz.c - a certificate as a peer shows it (DER), and as a
 * file holds it (PEM): only keys of the two kinds that are spoken get a hash,
 * and it is the hash of just that key; never of one under which anybody can
 * sign. Both ways of reading agree.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/openssl.h"
#include "io/tls_own.h"
#include "io/tls_spki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATH_SIZE 64
#define FORGERY_COUNT 64

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A file of those bytes, and its path. */
static void file_write(struct slice bytes, char path[PATH_SIZE])
{
    static FILE *file;
    if (file == NULL)
        file = tmpfile();
    require(file != NULL);
    require(ftruncate(fileno(file), 0) == 0);
    require(pwrite(fileno(file), bytes.bytes, bytes.size, 0) ==
            (ssize_t)bytes.size);
    (void)snprintf(path, PATH_SIZE, "/proc/self/fd/%d", fileno(file));
}

/* R is the neutral point and S is 0: holds for every message or, where the
 * order is 8, for one in eight, under a key of low order and no other. */
static bool can_be_forged(EVP_PKEY *key)
{
    const uint8_t forgery[64] = { 1 };
    bool is_forged = false;
    for (uint8_t i = 0; i < FORGERY_COUNT && !is_forged; i++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        require(context != NULL);
        require(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1);
        is_forged =
            EVP_DigestVerify(context, forgery, sizeof forgery, &i, 1) == 1;
        EVP_MD_CTX_free(context);
    }
    return is_forged;
}

/* By what OpenSSL makes of the key, not by its bytes. */
static void require_spoken(EVP_PKEY *key)
{
    char group[32] = "";
    size_t size = 0;
    require(key != NULL);
    if (EVP_PKEY_is_a(key, "ED25519")) {
        require(!can_be_forged(key));
        return;
    }
    require(EVP_PKEY_is_a(key, "EC"));
    require(EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1);
    require(strcmp(group, "prime256v1") == 0);
}

static void look_at(X509 *certificate)
{
    uint8_t spki[TLS_OWN_SPKI_SIZE], digest[TLS_OWN_SPKI_SIZE];
    uint8_t by_file[TLS_OWN_SPKI_SIZE];
    uint8_t *der = NULL;
    char path[PATH_SIZE];
    char *pem = NULL;
    enum err err = tls_own_spki(certificate, spki);
    require(err == ERR_NONE || err == ERR_KEY);
    if (err == ERR_NONE) {
        int size = i2d_PUBKEY(X509_get0_pubkey(certificate), &der);
        require_spoken(X509_get0_pubkey(certificate));
        require(size > 0 && EVP_Digest(der, (size_t)size, digest, NULL,
                                EVP_sha256(), NULL) == 1);
        require(memcmp(spki, digest, sizeof spki) == 0);
        OPENSSL_free(der);
    }
    BIO *bio = BIO_new(BIO_s_mem());
    require(bio != NULL && PEM_write_bio_X509(bio, certificate) == 1);
    long pem_size = BIO_get_mem_data(bio, &pem);
    file_write(slice_of(pem, (size_t)pem_size), path);
    enum err again = tls_own_spki_of_file(path, by_file);
    /* a file has a bound, and what was read is written strictly */
    require(again == err || again == ERR_KEY);
    require(again != ERR_NONE || memcmp(spki, by_file, sizeof spki) == 0);
    BIO_free(bio);
}

/* As a certificate, and as the key to it: perhaps it has both. */
static void file_look_at(struct slice bytes)
{
    uint8_t spki[TLS_OWN_SPKI_SIZE];
    struct tls_own *own = NULL;
    char path[PATH_SIZE];
    file_write(bytes, path);
    enum err err = tls_own_spki_of_file(path, spki);
    require(err == ERR_NONE || err == ERR_KEY);
    require(tls_own_open(path, path, &own) == ERR_NONE ? err == ERR_NONE
                                                       : own == NULL);
    tls_own_release(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data;
    if (size > 16384)
        return 0;
    (void)tls_spki_is_spoken(slice_of(data, size));
    X509 *certificate = d2i_X509(NULL, &at, (long)size);
    ERR_clear_error();
    if (certificate != NULL)
        look_at(certificate);
    X509_free(certificate);
    ERR_clear_error();
    if (size > 0 && data[0] == '-')
        file_look_at(slice_of(data, size));
    require(ERR_peek_error() == 0);
    return 0;
}
