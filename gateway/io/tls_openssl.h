/*
 * tls_openssl.h - TLS 1.3 for nng's byte streams, by OpenSSL 3: an engine that
 * takes the place of nng's own (TLS 1.2 only, no peer identity). Both sides
 * present one self-signed certificate, Ed25519 or P-256. There is no CA: the
 * handshake proves possession of a key, and who that key belongs to is the
 * caller's to decide, inside the handshake, by its SPKI hash. Names, dates and
 * extensions of certificates are not looked at. No SNI, no tickets, no
 * resumption, no early data, no compression.
 *
 * Caveats: nng is not fork-safe, so fork before the first call here. Functions
 * of a watch run with nng's lock of that stream held: they call nothing of nng
 * and take no lock under which nng is called.
 */
#ifndef IO_TLS_OPENSSL_H
#define IO_TLS_OPENSSL_H

#include <stdbool.h>
#include <stdint.h>

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>

#include "base/err.h"
#include "io/tls_own.h"

#define TLS_SPKI_SIZE 32    /* SHA-256 of SubjectPublicKeyInfo, RFC 5280 */
#define TLS_BINDING_SIZE 32 /* tls-exporter channel binding, RFC 9266 */

/* A key and a certificate that names nobody: nothing longer is needed. */
#define TLS_CERTIFICATE_SIZE_MAX (8u * 1024)

/* Who is at the other end, and of which connection. */
struct tls_identity {
    uint8_t spki[TLS_SPKI_SIZE];
    uint8_t binding[TLS_BINDING_SIZE];
};

/* What the owner of a stream is asked and told; lives until stream close. */
struct tls_watch {
    /* During the handshake: may the holder of this key go on? */
    bool (*admit)(struct tls_watch *watch, const uint8_t spki[TLS_SPKI_SIZE]);
    /* Once, when the handshake is complete: the peer holds that key. */
    void (*authenticated)(
        struct tls_watch *watch, const struct tls_identity *identity);
};

/*
 * Makes this engine the one of every nng_tls_config allocated from now on.
 * Any number of times, from any thread. ERR_IO when nng refuses its version,
 * ERR_NO_MEMORY.
 */
MUST_USE enum err tls_openssl_register(void);

/*
 * A configuration for one role that shows `own`, which it holds. The caller
 * frees it with nng_tls_config_free(). Registers the engine if need be.
 * ERR_NO_MEMORY, ERR_IO.
 */
MUST_USE enum err tls_openssl_config_new(
    nng_tls_mode mode, struct tls_own *own, nng_tls_config **config);

/*
 * Sets the watch of a stream, before its first send or receive. A stream
 * without one admits nobody. ERR_INVALID when the stream is not of this
 * engine.
 */
MUST_USE enum err tls_openssl_watch(
    nng_stream *stream, struct tls_watch *watch);

/* The peer. ERR_EARLY before the handshake is complete, ERR_INVALID. */
MUST_USE enum err tls_openssl_identity(
    nng_stream *stream, struct tls_identity *identity);

#endif
