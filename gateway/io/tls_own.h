/*
 * tls_own.h - what we show in handshakes: one certificate and its key, which
 * may be replaced while connections go on. Any thread.
 */
#ifndef IO_TLS_OWN_H
#define IO_TLS_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define TLS_OWN_SPKI_SIZE 32 /* SHA-256 */

struct ssl_st;  /* OpenSSL's SSL */
struct x509_st; /* and X509 */
struct tls_own;

/*
 * Both files PEM, the key not encrypted. Released by whoever holds it last.
 *   ERR_NOT_FOUND  a file cannot be read
 *   ERR_KEY        not one certificate, a kind of key that is not spoken, or
 *                  the two do not belong together
 *   ERR_NO_MEMORY
 */
MUST_USE enum err tls_own_open(
    const char *certificate_path, const char *key_path, struct tls_own **own);
struct tls_own *tls_own_hold(struct tls_own *own);
void tls_own_release(struct tls_own *own); /* accepts NULL */

/* For handshakes that begin from now on. After an error, as in tls_own_open(),
 * all is as it was. */
MUST_USE enum err tls_own_set(
    struct tls_own *own, const char *certificate_path, const char *key_path);

/* The connection will show it. */
MUST_USE bool tls_own_show(struct tls_own *own, struct ssl_st *ssl);

/* What peers pin: of a certificate, of a certificate's file. ERR_KEY for a kind
 * of key that is not spoken; errors as in tls_own_open(). */
MUST_USE enum err tls_own_spki(
    struct x509_st *certificate, uint8_t spki[TLS_OWN_SPKI_SIZE]);
MUST_USE enum err tls_own_spki_of_file(
    const char *certificate_path, uint8_t spki[TLS_OWN_SPKI_SIZE]);

#endif
