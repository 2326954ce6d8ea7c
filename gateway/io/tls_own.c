#include "io/tls_own.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our error codes. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#undef ERR_STATE

#include "io/tls_spki.h"

#define PEM_SIZE_MAX (16u * 1024)

struct shown {
    X509 *certificate;
    EVP_PKEY *key;
};

struct tls_own {
    pthread_mutex_t lock;
    unsigned holder_count;
    struct shown shown;
};

/* ---- Files ------------------------------------------------------------- */

/* The whole file as a string. Empty files and files with a NUL are ERR_KEY. */
static enum err read_pem(const char *path, char pem[PEM_SIZE_MAX])
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return ERR_NOT_FOUND;
    setvbuf(file, NULL, _IONBF, 0); /* no copy of a key in stdio's buffer */
    size_t size = fread(pem, 1, PEM_SIZE_MAX, file);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    if (failed)
        return ERR_NOT_FOUND;
    if (size == 0 || size == PEM_SIZE_MAX)
        return ERR_KEY;
    pem[size] = '\0';
    return strlen(pem) == size ? ERR_NONE : ERR_KEY;
}

/* Without one OpenSSL would ask on the terminal. */
static int no_passphrase(char *bytes, int capacity, int writes, void *unused)
{
    (void)bytes;
    (void)capacity;
    (void)writes;
    (void)unused;
    return -1;
}

static X509 *certificate_of_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *first = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    X509 *second = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (second != NULL) { /* a chain has no meaning here */
        X509_free(first);
        first = NULL;
    }
    X509_free(second);
    return first;
}

static void shown_free(struct shown *shown)
{
    X509_free(shown->certificate);
    EVP_PKEY_free(shown->key);
}

static enum err shown_of_pem(
    const char *certificate_pem, const char *key_pem, struct shown *shown)
{
    uint8_t spki[TLS_OWN_SPKI_SIZE];
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(key_pem, -1);
    shown->certificate = certificate_of_pem(certificate_pem);
    shown->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    bool sound = shown->certificate != NULL && shown->key != NULL &&
                 tls_own_spki(shown->certificate, spki) == ERR_NONE &&
                 X509_check_private_key(shown->certificate, shown->key) == 1;
    ERR_clear_error();
    if (sound)
        return ERR_NONE;
    shown_free(shown);
    return ERR_KEY;
}

static enum err shown_load(
    const char *certificate_path, const char *key_path, struct shown *shown)
{
    char certificate_pem[PEM_SIZE_MAX];
    char key_pem[PEM_SIZE_MAX];
    enum err err = read_pem(certificate_path, certificate_pem);
    if (err != ERR_NONE)
        return err;
    err = read_pem(key_path, key_pem);
    if (err == ERR_NONE)
        err = shown_of_pem(certificate_pem, key_pem, shown);
    OPENSSL_cleanse(key_pem, sizeof key_pem);
    return err;
}

/* ---- Holding ----------------------------------------------------------- */

enum err tls_own_open(
    const char *certificate_path, const char *key_path, struct tls_own **own)
{
    *own = calloc(1, sizeof **own);
    if (*own == NULL)
        return ERR_NO_MEMORY;
    enum err err = shown_load(certificate_path, key_path, &(*own)->shown);
    if (err == ERR_NONE && pthread_mutex_init(&(*own)->lock, NULL) != 0) {
        shown_free(&(*own)->shown);
        err = ERR_NO_MEMORY;
    }
    if (err != ERR_NONE) {
        free(*own);
        *own = NULL;
        return err;
    }
    (*own)->holder_count = 1;
    return ERR_NONE;
}

struct tls_own *tls_own_hold(struct tls_own *own)
{
    (void)pthread_mutex_lock(&own->lock);
    own->holder_count++;
    (void)pthread_mutex_unlock(&own->lock);
    return own;
}

void tls_own_release(struct tls_own *own)
{
    if (own == NULL)
        return;
    (void)pthread_mutex_lock(&own->lock);
    bool was_last = --own->holder_count == 0;
    (void)pthread_mutex_unlock(&own->lock);
    if (!was_last)
        return;
    shown_free(&own->shown);
    (void)pthread_mutex_destroy(&own->lock);
    free(own);
}

enum err tls_own_set(
    struct tls_own *own, const char *certificate_path, const char *key_path)
{
    struct shown fresh;
    enum err err = shown_load(certificate_path, key_path, &fresh);
    if (err != ERR_NONE)
        return err;
    (void)pthread_mutex_lock(&own->lock);
    struct shown before = own->shown;
    own->shown = fresh;
    (void)pthread_mutex_unlock(&own->lock);
    shown_free(&before); /* connections hold it for as long as they need */
    return ERR_NONE;
}

bool tls_own_show(struct tls_own *own, SSL *ssl)
{
    (void)pthread_mutex_lock(&own->lock);
    bool done = SSL_use_certificate(ssl, own->shown.certificate) == 1 &&
                SSL_use_PrivateKey(ssl, own->shown.key) == 1;
    (void)pthread_mutex_unlock(&own->lock);
    if (!done)
        ERR_clear_error();
    return done;
}

/* ---- Keys -------------------------------------------------------------- */

enum err tls_own_spki(X509 *certificate, uint8_t spki[TLS_OWN_SPKI_SIZE])
{
    uint8_t *der = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    enum err err = ERR_KEY;
    /* a point that is not on the curve is read, and is no key then */
    if (size > 0 && X509_get0_pubkey(certificate) != NULL &&
        tls_spki_is_spoken(slice_of(der, (size_t)size))) {
        err = EVP_Digest(der, (size_t)size, spki, NULL, EVP_sha256(), NULL) == 1
                  ? ERR_NONE
                  : ERR_NO_MEMORY;
    }
    OPENSSL_free(der);
    ERR_clear_error();
    return err;
}

enum err tls_own_spki_of_file(
    const char *certificate_path, uint8_t spki[TLS_OWN_SPKI_SIZE])
{
    char pem[PEM_SIZE_MAX];
    enum err err = read_pem(certificate_path, pem);
    if (err != ERR_NONE)
        return err;
    X509 *certificate = certificate_of_pem(pem);
    err = certificate == NULL ? ERR_KEY : tls_own_spki(certificate, spki);
    X509_free(certificate);
    ERR_clear_error();
    return err;
}
