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

#include "fuzz/file.h"
#include "io/openssl.h"
#include "io/tls_own.h"
#include "io/tls_spki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATH_SIZE 64
#define FILE_SIZE_MAX 32768u /* fits a pipe */
#define FORGERY_COUNT 16

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A file that can be read once; to be closed. */
static int file_open(struct slice bytes, char path[PATH_SIZE])
{
    int ends[2];
    require(bytes.size <= FILE_SIZE_MAX && pipe(ends) == 0);
    file_write(ends[1], bytes);
    require(close(ends[1]) == 0);
    (void)snprintf(path, PATH_SIZE, "/proc/self/fd/%d", ends[0]);
    return ends[0];
}

static enum err hash_of_file(
    struct slice bytes, uint8_t spki[TLS_OWN_SPKI_SIZE])
{
    char path[PATH_SIZE];
    int fd = file_open(bytes, path);
    enum err err = tls_own_spki_of_file(path, spki);
    require(close(fd) == 0);
    return err;
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
    enum err again = hash_of_file(slice_of(pem, (size_t)pem_size), by_file);
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
    char paths[2][PATH_SIZE];
    int fds[] = { file_open(bytes, paths[0]), file_open(bytes, paths[1]) };
    enum err err = hash_of_file(bytes, spki);
    require(err == ERR_NONE || err == ERR_KEY);
    require(tls_own_open(paths[0], paths[1], &own) == ERR_NONE ? err == ERR_NONE
                                                               : own == NULL);
    require(close(fds[0]) == 0 && close(fds[1]) == 0);
    tls_own_release(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *at = data;
    if (size > FILE_SIZE_MAX / 2)
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
