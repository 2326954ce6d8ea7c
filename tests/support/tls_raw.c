#include "support/tls_raw.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

static void be_patient(int socket)
{
    struct timeval patience = { .tv_sec = 30 };
    assert_int_equal(
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
        0);
}

void tls_raw_connect(struct tls_raw *raw, uint16_t port, int receive_size)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    raw->ssl = NULL;
    raw->socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(raw->socket >= 0);
    be_patient(raw->socket);
    if (receive_size > 0)
        assert_int_equal(setsockopt(raw->socket, SOL_SOCKET, SO_RCVBUF,
                             &receive_size, sizeof receive_size),
            0);
    assert_int_equal(connect(raw->socket, (struct sockaddr *)(void *)&address,
                         sizeof address),
        0);
}

int tls_raw_listen(uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(listening >= 0);
    be_patient(listening);
    assert_int_equal(
        bind(listening, (struct sockaddr *)(void *)&address, sizeof address),
        0);
    assert_int_equal(listen(listening, 16), 0);
    assert_int_equal(
        getsockname(listening, (struct sockaddr *)(void *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return listening;
}

void tls_raw_accept(struct tls_raw *raw, int listening)
{
    raw->ssl = NULL;
    raw->socket = accept(listening, NULL, NULL);
    assert_true(raw->socket >= 0);
    be_patient(raw->socket);
}

static int trust(int preverified, X509_STORE_CTX *store)
{
    (void)preverified;
    (void)store;
    return 1;
}

static void add_extra(SSL_CTX *context, const struct tls_certificate *extra)
{
    FILE *file = fopen(extra->certificate_path, "re");
    assert_non_null(file);
    X509 *x509 = PEM_read_X509(file, NULL, NULL, NULL);
    assert_non_null(x509);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(SSL_CTX_add0_chain_cert(context, x509), 1);
}

bool tls_raw_handshake(struct tls_raw *raw, enum tls_raw_role role,
    const struct tls_certificate *certificate,
    const struct tls_certificate *extra, int version_max)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
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
    if (extra != NULL)
        add_extra(context, extra);
    raw->ssl = SSL_new(context);
    SSL_CTX_free(context);
    assert_non_null(raw->ssl);
    assert_int_equal(SSL_set_fd(raw->ssl, raw->socket), 1);
    int result =
        role == TLS_RAW_CLIENT ? SSL_connect(raw->ssl) : SSL_accept(raw->ssl);
    ERR_clear_error();
    return result == 1;
}

bool tls_raw_write(struct tls_raw *raw, const void *bytes, size_t size)
{
    size_t count = 0;
    bool done = SSL_write_ex(raw->ssl, bytes, size, &count) == 1;
    ERR_clear_error();
    return done && count == size;
}

bool tls_raw_read(struct tls_raw *raw, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    while (size > 0) {
        size_t count = 0;
        int result = SSL_read_ex(raw->ssl, at, size, &count);
        ERR_clear_error();
        if (result != 1)
            return false;
        at += count;
        size -= count;
    }
    return true;
}

void tls_raw_wait_end(struct tls_raw *raw)
{
    uint8_t bytes[4096];
    ssize_t count;
    do {
        count = recv(raw->socket, bytes, sizeof bytes, 0);
    } while (count > 0);
}

void tls_raw_write_plain(struct tls_raw *raw, const void *bytes, size_t size)
{
    (void)send(raw->socket, bytes, size, MSG_NOSIGNAL);
}

size_t tls_raw_hello(uint8_t *bytes, size_t capacity)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    assert_true(ssl != NULL && in != NULL && out != NULL);
    SSL_set_bio(ssl, in, out);
    assert_int_equal(SSL_connect(ssl), -1);
    int size = BIO_read(out, bytes, (int)capacity);
    assert_true(size > 0 && (size_t)size < capacity);
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
    return (size_t)size;
}

void tls_raw_close(struct tls_raw *raw, enum tls_raw_end end)
{
    if (raw->ssl != NULL) {
        if (end == TLS_RAW_END_NOTIFY)
            (void)SSL_shutdown(raw->ssl);
        SSL_free(raw->ssl);
        ERR_clear_error();
    }
    if (end == TLS_RAW_END_PLAIN)
        tls_raw_write_plain(raw, "plain\n", 6);
    if (end == TLS_RAW_END_RESET) {
        struct linger linger = { .l_onoff = 1, .l_linger = 0 };
        assert_int_equal(setsockopt(raw->socket, SOL_SOCKET, SO_LINGER, &linger,
                             sizeof linger),
            0);
    }
    assert_int_equal(close(raw->socket), 0);
}
