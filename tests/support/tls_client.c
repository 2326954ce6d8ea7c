#include "support/tls_client.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

void tls_client_connect(struct tls_client *client, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval patience = { .tv_sec = 30 };
    client->ssl = NULL;
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(client->socket >= 0);
    assert_int_equal(setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO,
                         &patience, sizeof patience),
        0);
    assert_int_equal(connect(client->socket,
                         (struct sockaddr *)(void *)&address, sizeof address),
        0);
}

static int trust(int preverified, X509_STORE_CTX *store)
{
    (void)preverified;
    (void)store;
    return 1;
}

bool tls_client_handshake(struct tls_client *client,
    const struct tls_certificate *certificate, int version_max)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, version_max), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, trust);
    if (certificate != NULL) {
        assert_int_equal(SSL_CTX_use_certificate_file(context,
                             certificate->certificate_path, SSL_FILETYPE_PEM),
            1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(
                             context, certificate->key_path, SSL_FILETYPE_PEM),
            1);
    }
    client->ssl = SSL_new(context);
    SSL_CTX_free(context);
    assert_non_null(client->ssl);
    assert_int_equal(SSL_set_fd(client->ssl, client->socket), 1);
    bool done = SSL_connect(client->ssl) == 1;
    ERR_clear_error();
    return done;
}

bool tls_client_write(struct tls_client *client, const void *bytes, size_t size)
{
    size_t count = 0;
    bool done = SSL_write_ex(client->ssl, bytes, size, &count) == 1;
    ERR_clear_error();
    return done && count == size;
}

bool tls_client_read(struct tls_client *client, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size > 0) {
        size_t count = 0;
        int result = SSL_read_ex(client->ssl, at, size, &count);
        ERR_clear_error();
        if (result != 1)
            return false;
        at += count;
        size -= count;
    }
    return true;
}

void tls_client_wait_end(struct tls_client *client)
{
    uint8_t bytes[4096];
    ssize_t count;
    do {
        count = recv(client->socket, bytes, sizeof bytes, 0);
    } while (count > 0);
}

void tls_client_write_plain(
    struct tls_client *client, const void *bytes, size_t size)
{
    assert_int_equal(
        send(client->socket, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

void tls_client_close(struct tls_client *client, enum tls_client_end end)
{
    if (client->ssl != NULL) {
        if (end == TLS_CLIENT_END_NOTIFY)
            (void)SSL_shutdown(client->ssl);
        SSL_free(client->ssl);
        ERR_clear_error();
    }
    if (end == TLS_CLIENT_END_RESET) {
        struct linger linger = { .l_onoff = 1, .l_linger = 0 };
        assert_int_equal(setsockopt(client->socket, SOL_SOCKET, SO_LINGER,
                             &linger, sizeof linger),
            0);
    }
    assert_int_equal(close(client->socket), 0);
}
