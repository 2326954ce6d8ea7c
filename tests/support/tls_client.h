/*
 * tls_client.h - a client of one's own making, for what no honest peer does:
 * plain OpenSSL on a blocking socket, to 127.0.0.1.
 */
#ifndef SUPPORT_TLS_CLIENT_H
#define SUPPORT_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/tls_certificate.h"

struct ssl_st;

struct tls_client {
    int socket;
    struct ssl_st *ssl; /* NULL: only TCP */
};

/* A TCP connection. Fails the test when there is none. */
void tls_client_connect(struct tls_client *client, uint16_t port);

/*
 * TLS on it, with a certificate or (NULL) without, up to that version (such
 * as 0x0304). Any server is trusted. False when the handshake fails; note that
 * in TLS 1.3 the server's refusal of a client shows at the first read.
 */
bool tls_client_handshake(struct tls_client *client,
    const struct tls_certificate *certificate, int version_max);

bool tls_client_write(
    struct tls_client *client, const void *bytes, size_t size);

/* Exactly `size` bytes; false when the stream ends before. */
bool tls_client_read(struct tls_client *client, void *bytes, size_t size);

/* Waits until the other side closes, whatever it says before. */
void tls_client_wait_end(struct tls_client *client);

/* Bytes below TLS. */
void tls_client_write_plain(
    struct tls_client *client, const void *bytes, size_t size);

enum tls_client_end {
    TLS_CLIENT_END_NOTIFY, /* close_notify, then FIN */
    TLS_CLIENT_END_FIN,
    TLS_CLIENT_END_RESET
};

void tls_client_close(struct tls_client *client, enum tls_client_end end);

#endif
