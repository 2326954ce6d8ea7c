/*
 * tls_session.h - one end of a TLS 1.3 connection, in memory, by OpenSSL 3:
 * what came is fed, and plaintext is read; plaintext is written, and records
 * are taken, to be sent. It knows no socket. Both sides present one self-signed
 * certificate, Ed25519 or P-256. There is no CA: the handshake proves
 * possession of a key, and who that key belongs to is the caller's to decide,
 * inside the handshake, by its SPKI hash. Names, dates and extensions of
 * certificates are not looked at. No SNI, no tickets, no resumption, no early
 * data, no compression, no renegotiation.
 *
 * Caveats: one thread at a time uses a session; reading and writing are no
 * exception. Functions of a watch are called by tls_session_read() and call
 * nothing of their session. What ended has ended for good.
 */
#ifndef IO_TLS_SESSION_H
#define IO_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "io/tls_own.h"

#define TLS_SPKI_SIZE 32    /* SHA-256 of SubjectPublicKeyInfo, RFC 5280 */
#define TLS_BINDING_SIZE 32 /* tls-exporter channel binding, RFC 9266 */

/* A key and a certificate that names nobody: nothing longer is needed. */
#define TLS_CERTIFICATE_SIZE_MAX (8u * 1024)

/* Plaintext that is made into records at once: eight full ones. */
#define TLS_WRITE_SIZE_MAX (128u * 1024)

/* Messages of the handshake after it, such as a change of keys, without a byte
 * of plaintext between them. An honest peer needs one in 2^24 records. */
#define TLS_MESSAGE_COUNT_MAX 32u

enum tls_role { TLS_CLIENT, TLS_SERVER };

/* Who is at the other end, and of which connection. */
struct tls_identity {
    uint8_t spki[TLS_SPKI_SIZE];
    uint8_t binding[TLS_BINDING_SIZE];
};

/* What the owner of a session is asked and told. */
struct tls_watch {
    /* During the handshake: may the holder of this key go on? */
    bool (*admit)(struct tls_watch *watch, const uint8_t spki[TLS_SPKI_SIZE]);
    /* Once, when the handshake is complete: the peer holds that key. */
    void (*authenticated)(
        struct tls_watch *watch, const struct tls_identity *identity);
};

enum tls_progress {
    TLS_GOES_ON = 0,
    TLS_ENDED,           /* the peer said goodbye */
    TLS_UNWANTED,        /* its certificate, or the watch did not admit it */
    TLS_REFUSED_BY_PEER, /* by an alert */
    TLS_BROKEN,          /* no TLS 1.3, not as it was sent, too much of it */
};

/* Bytes to be sent, of the heap; whoever has them frees them. */
struct tls_records {
    uint8_t *bytes; /* NULL: none */
    size_t size;
    size_t capacity;
};

struct tls_context;
struct tls_session;

/* What all sessions of one role have in common. Holds `own`, which they show.
 * ERR_NO_MEMORY. */
MUST_USE enum err tls_context_new(
    enum tls_role role, struct tls_own *own, struct tls_context **context);
void tls_context_free(struct tls_context *context); /* accepts NULL */

/* The watch and the context outlive the session. ERR_NO_MEMORY. */
MUST_USE enum err tls_session_new(struct tls_context *context,
    struct tls_watch *watch, struct tls_session **session);
void tls_session_free(struct tls_session *session); /* accepts NULL */

/* What came of the peer, borrowed until nothing of it is unread. Only then is
 * more to be fed. */
void tls_session_feed(struct tls_session *session, struct slice bytes);
size_t tls_session_unread(const struct tls_session *session);

/*
 * Goes on with the handshake, then reads plaintext, which none precedes.
 * *count 0: all that was fed is read. There may be something to take after it.
 */
MUST_USE enum tls_progress tls_session_read(struct tls_session *session,
    uint8_t *bytes, size_t capacity, size_t *count);

/*
 * Makes records of what is at the front of *bytes, up to TLS_WRITE_SIZE_MAX of
 * it with what was made before and not taken, and moves *bytes behind it.
 * Nothing before the peer is authenticated.
 */
MUST_USE enum tls_progress tls_session_write(
    struct tls_session *session, struct slice *bytes);

/* Says goodbye, if the handshake is complete and nothing ended it. Nothing is
 * read or written any more; the watch is not called. */
void tls_session_close(struct tls_session *session);

/* All that has to be sent, in its order; after an end too: an alert, perhaps.
 * When there is nothing, no memory is kept for it. */
struct tls_records tls_session_take(struct tls_session *session);

/* Gives records back, sent, whose memory may be of use again. */
void tls_session_give(struct tls_session *session, struct tls_records *records);

#endif
