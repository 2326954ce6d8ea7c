/*
 * tls_raw.h - one end of a connection of one's own making, for what no honest
 * peer does: plain OpenSSL on a blocking socket, on 127.0.0.1. Whoever is at
 * the other end is trusted.
 */
#ifndef SUPPORT_TLS_RAW_H
#define SUPPORT_TLS_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/tls_certificate.h"

struct ssl_st;

struct tls_raw {
    int socket;
    struct ssl_st *ssl; /* NULL: only TCP */
};

/* A TCP connection. A receive_size other than 0 makes its window small. Fails
 * the test when there is none. */
void tls_raw_connect(struct tls_raw *raw, uint16_t port, int receive_size);

/* A listening socket and its port. */
int tls_raw_listen(uint16_t *port);

/* The next that comes. */
void tls_raw_accept(struct tls_raw *raw, int listening);

enum tls_raw_role { TLS_RAW_CLIENT, TLS_RAW_SERVER };

/*
 * TLS on it, up to that version (such as 0x0304). `certificate` may be NULL;
 * `extra` is a second one to send, or NULL. False when the handshake fails;
 * note that in TLS 1.3 the server's refusal shows at the client's first read.
 */
bool tls_raw_handshake(struct tls_raw *raw, enum tls_raw_role role,
    const struct tls_certificate *certificate,
    const struct tls_certificate *extra, int version_max);

bool tls_raw_write(struct tls_raw *raw, const void *bytes, size_t size);

/* Exactly `size` bytes; false when the stream ends before. */
bool tls_raw_read(struct tls_raw *raw, void *bytes, size_t size);

/* Waits until the other side closes, whatever it says before. */
void tls_raw_wait_end(struct tls_raw *raw);

/* Bytes below TLS; whether they arrive is not asked. */
void tls_raw_write_plain(struct tls_raw *raw, const void *bytes, size_t size);

/* What a TLS client says first; its size. */
size_t tls_raw_hello(uint8_t *bytes, size_t capacity);

enum tls_raw_end {
    TLS_RAW_END_NOTIFY, /* close_notify, then FIN */
    TLS_RAW_END_FIN,
    TLS_RAW_END_RESET,
    TLS_RAW_END_PLAIN, /* bytes that are not TLS, then FIN */
    TLS_RAW_END_COUNT
};

void tls_raw_close(struct tls_raw *raw, enum tls_raw_end end);

#endif
