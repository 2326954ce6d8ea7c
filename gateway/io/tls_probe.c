#include "io/tls_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* OpenSSL has a type of the name of one of our error codes. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#undef ERR_STATE

#define SCHEME "tls+tcp://"
#define SCHEME_SIZE (sizeof SCHEME - 1)
#define HOST_SIZE 256
#define PORT_SIZE 6
/* OpenSSL's reasons of alerts that came begin here (sslerr.h). */
#define REASON_ALERT 1000

/* ---- URLs --------------------------------------------------------------- */

static enum err copy(const char *from, size_t size, char *to, size_t capacity)
{
    if (size == 0 || size >= capacity)
        return ERR_INVALID;
    memcpy(to, from, size);
    to[size] = '\0';
    return ERR_NONE;
}

enum err tls_probe_url(const char *url, char *host, size_t host_capacity,
    char *port, size_t port_capacity)
{
    if (strncmp(url, SCHEME, SCHEME_SIZE) != 0)
        return ERR_INVALID;
    const char *begin = url + SCHEME_SIZE;
    const char *colon = strrchr(begin, ':');
    if (colon == NULL || colon == begin ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return ERR_INVALID;
    size_t size = (size_t)(colon - begin);
    if (begin[0] == '[') {
        if (size < 3 || begin[size - 1] != ']')
            return ERR_INVALID;
        begin++;
        size -= 2;
    }
    enum err err = copy(begin, size, host, host_capacity);
    return err == ERR_NONE
               ? copy(colon + 1, strlen(colon + 1), port, port_capacity)
               : err;
}

/* ---- Time --------------------------------------------------------------- */

static int64_t steady_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False when the time is over. */
static bool wait_for(int fd, short events, int64_t until_ms)
{
    for (;;) {
        struct pollfd wanted = { .fd = fd, .events = events };
        int64_t left_ms = until_ms - steady_ms();
        if (left_ms <= 0)
            return false;
        int ready = poll(&wanted, 1, (int)left_ms);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

/* ---- TCP ---------------------------------------------------------------- */

static int connect_one(
    const struct addrinfo *address, int64_t until_ms, bool *is_silent)
{
    int error = 0;
    socklen_t size = sizeof error;
    int fd = socket(address->ai_family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    *is_silent = false;
    bool is_ready = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
                    fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
    if (is_ready && connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    if (is_ready && errno == EINPROGRESS) {
        *is_silent = !wait_for(fd, POLLOUT, until_ms);
        if (!*is_silent &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
            error == 0)
            return fd;
        *is_silent = *is_silent || error == ETIMEDOUT;
    }
    (void)close(fd);
    return -1;
}

/* -1 with the outcome. */
static int connect_any(const char *host, const char *port, int64_t until_ms,
    struct tls_probe *probe)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int fd = -1;
    probe->outcome = TLS_PROBE_NO_HOST;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        bool is_silent = false;
        fd = connect_one(at, until_ms, &is_silent);
        probe->outcome = is_silent ? TLS_PROBE_SILENT : TLS_PROBE_REFUSED;
    }
    freeaddrinfo(found);
    return fd;
}

/* ---- TLS ---------------------------------------------------------------- */

static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

/* Whose key it is the caller asks; that it is held, the handshake proves. */
static SSL_CTX *context_new(
    const char *certificate_path, const char *key_path, enum err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    *err = ERR_NO_MEMORY;
    if (context == NULL)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    bool is_set = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                  SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
                  SSL_CTX_set1_sigalgs_list(
                      context, "ed25519:ecdsa_secp256r1_sha256") == 1;
    if (is_set && certificate_path != NULL && key_path != NULL) {
        *err = ERR_KEY;
        is_set = SSL_CTX_use_certificate_file(
                     context, certificate_path, SSL_FILETYPE_PEM) == 1 &&
                 SSL_CTX_use_PrivateKey_file(
                     context, key_path, SSL_FILETYPE_PEM) == 1 &&
                 SSL_CTX_check_private_key(context) == 1;
    }
    if (is_set) {
        *err = ERR_NONE;
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

/* Waits for what OpenSSL wants; false when that is not a wait, or the time is
 * over (*is_late). */
static bool go_on(SSL *ssl, int result, int64_t until_ms, bool *is_late)
{
    int kind = SSL_get_error(ssl, result);
    if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
        return false;
    *is_late = !wait_for(SSL_get_fd(ssl),
        kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ms);
    return !*is_late;
}

static bool spki_take(SSL *ssl, uint8_t spki[TLS_PROBE_SPKI_SIZE])
{
    uint8_t *der = NULL;
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == NULL)
        return false;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    bool is_taken = size > 0 && EVP_Digest(der, (size_t)size, spki, NULL,
                                    EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return is_taken;
}

static void shake_hands(SSL *ssl, int64_t until_ms, struct tls_probe *probe)
{
    bool is_late = false;
    int result;
    do {
        ERR_clear_error();
        result = SSL_connect(ssl);
    } while (result != 1 && go_on(ssl, result, until_ms, &is_late));
    if (result == 1 && spki_take(ssl, probe->spki))
        probe->outcome = TLS_PROBE_ANSWERED;
    else
        probe->outcome = is_late ? TLS_PROBE_SILENT : TLS_PROBE_NO_TLS;
}

static bool is_cut_error(int error)
{
    return error == ECONNRESET || error == EPIPE;
}

/* False when the line is cut already. */
static bool say_goodbye(SSL *ssl)
{
    ERR_clear_error();
    errno = 0;
    bool is_said = SSL_shutdown(ssl) >= 0 || !is_cut_error(errno);
    (void)shutdown(SSL_get_fd(ssl), SHUT_WR); /* for who waits for this */
    return is_said;
}

/*
 * In TLS 1.3 a server judges our certificate when we are done already. We say
 * goodbye: whoever let us in reads that and closes; whoever did not has sent
 * an alert, which comes first, or cut the line.
 */
static void await_goodbye(SSL *ssl, int64_t until_ms, struct tls_probe *probe)
{
    bool is_late = false;
    char byte;
    int result;
    /* a cut shows once: here or, when it comes later, at the read */
    bool is_cut = !say_goodbye(ssl);
    do {
        ERR_clear_error();
        errno = 0;
        result = SSL_read(ssl, &byte, 1);
    } while (result <= 0 && go_on(ssl, result, until_ms, &is_late));
    int error = errno;
    int kind = SSL_get_error(ssl, result);
    int reason = ERR_GET_REASON(ERR_peek_error());
    if (is_late || result > 0)
        return;
    is_cut = is_cut || (kind == SSL_ERROR_SYSCALL && is_cut_error(error));
    bool is_alert = kind == SSL_ERROR_SSL && reason >= REASON_ALERT;
    probe->entry = is_cut || is_alert ? TLS_PROBE_REJECTED : TLS_PROBE_ADMITTED;
}

static enum err speak(int fd, SSL_CTX *context, bool shows_certificate,
    int64_t until_ms, struct tls_probe *probe)
{
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return ERR_NO_MEMORY;
    }
    shake_hands(ssl, until_ms, probe);
    if (probe->outcome == TLS_PROBE_ANSWERED && shows_certificate)
        await_goodbye(ssl, until_ms, probe);
    SSL_free(ssl);
    ERR_clear_error();
    return ERR_NONE;
}

enum err tls_probe(const char *url, const char *certificate_path,
    const char *key_path, uint32_t timeout_ms, struct tls_probe *probe)
{
    char host[HOST_SIZE];
    char port[PORT_SIZE];
    *probe = (struct tls_probe){ .entry = TLS_PROBE_ENTRY_UNKNOWN };
    enum err err = tls_probe_url(url, host, sizeof host, port, sizeof port);
    if (err != ERR_NONE || timeout_ms == 0 || timeout_ms > INT32_MAX)
        return ERR_INVALID;
    bool shows_certificate = certificate_path != NULL && key_path != NULL;
    SSL_CTX *context = context_new(certificate_path, key_path, &err);
    if (context == NULL) {
        ERR_clear_error();
        return err;
    }
    int64_t until_ms = steady_ms() + (int64_t)timeout_ms;
    int fd = connect_any(host, port, until_ms, probe);
    if (fd >= 0) {
        err = speak(fd, context, shows_certificate, until_ms, probe);
        (void)close(fd);
    }
    SSL_CTX_free(context);
    return err;
}
