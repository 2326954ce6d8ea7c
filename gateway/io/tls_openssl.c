/*
 * nng drives this engine through two tables of functions (engine.h). Bytes
 * flow through a BIO over nng_tls_engine_send/recv. What nng's interface has
 * no place for - our certificate files' errors, the watch, the identity -
 * passes in a thread-local `call`: nng calls own_cert() and verified() on the
 * thread that asked.
 *
 * NNG_ECLOSED is never returned: a listener takes it for its own end.
 */
#include "io/tls_openssl.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <nng/supplemental/tls/engine.h>

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

/* nng's buffer is 16,384 bytes: a full record and its overhead do not fit. */
#define FRAGMENT_SIZE_MAX 16000

struct nng_tls_engine_config {
    SSL_CTX *context;
    struct tls_own *own;
    nng_tls_mode mode;
};

struct nng_tls_engine_conn {
    void *lower; /* nng's side of it */
    SSL *ssl;
    struct tls_watch *watch;
    struct tls_identity identity;
    bool refused; /* by the watch, or as a certificate */
    bool announced;
    bool failed; /* OpenSSL allows nothing more but SSL_free */
};

/* Arguments and results that pass by nng on the calling thread. */
static _Thread_local struct {
    struct tls_watch *watch;
    struct tls_identity *identity;
    struct tls_own *own;
    bool seen;
    enum err err;
} call;

static BIO_METHOD *lower_method;
static enum err register_result;
static pthread_once_t register_once = PTHREAD_ONCE_INIT;

/* ---- The handshake's question ------------------------------------------ */

/*
 * Stands where OpenSSL would build and verify a chain, so none of that code
 * sees the peer's bytes. That the peer holds the key is proved afterwards, by
 * its CertificateVerify.
 */
static int verify_certificate(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct nng_tls_engine_conn *conn = SSL_get_app_data(ssl);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);

    if (certificate != NULL && sk_X509_num(chain) == 1 &&
        tls_own_spki(certificate, conn->identity.spki) == ERR_NONE &&
        conn->watch != NULL &&
        conn->watch->admit(conn->watch, conn->identity.spki)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    conn->refused = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

/* ---- Bytes below ------------------------------------------------------- */

static int lower_write(BIO *bio, const char *bytes, int size)
{
    struct nng_tls_engine_conn *conn = BIO_get_data(bio);
    size_t count = (size_t)size;
    BIO_clear_retry_flags(bio);
    int err = nng_tls_engine_send(
        conn->lower, (const uint8_t *)(const void *)bytes, &count);
    if (err == 0)
        return (int)count;
    if (err == NNG_EAGAIN)
        BIO_set_retry_write(bio);
    return -1;
}

static int lower_read(BIO *bio, char *bytes, int size)
{
    struct nng_tls_engine_conn *conn = BIO_get_data(bio);
    size_t count = (size_t)size;
    BIO_clear_retry_flags(bio);
    int err =
        nng_tls_engine_recv(conn->lower, (uint8_t *)(void *)bytes, &count);
    if (err == 0)
        return (int)count;
    if (err == NNG_EAGAIN)
        BIO_set_retry_read(bio);
    return -1;
}

static long lower_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/* ---- Connections ------------------------------------------------------- */

static int conn_init(struct nng_tls_engine_conn *conn, void *lower,
    struct nng_tls_engine_config *config)
{
    if (config->context == NULL)
        return NNG_ESTATE; /* no certificate of ours */
    ERR_clear_error();
    conn->lower = lower;
    conn->ssl = SSL_new(config->context);
    BIO *bio = BIO_new(lower_method);
    if (conn->ssl == NULL || bio == NULL ||
        !tls_own_show(config->own, conn->ssl)) {
        BIO_free(bio);
        ERR_clear_error();
        return NNG_ENOMEM; /* nng calls conn_fini */
    }
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(conn->ssl, bio, bio);
    SSL_set_app_data(conn->ssl, conn);
    if (config->mode == NNG_TLS_MODE_SERVER)
        SSL_set_accept_state(conn->ssl);
    else
        SSL_set_connect_state(conn->ssl);
    return 0;
}

/* nng 1.5.2 calls this for connections that never saw conn_init, too. */
static void conn_fini(struct nng_tls_engine_conn *conn)
{
    SSL_free(conn->ssl);
    OPENSSL_cleanse(conn, sizeof *conn);
}

static void conn_close(struct nng_tls_engine_conn *conn)
{
    bool is_open = conn->ssl != NULL && !conn->failed;
    conn->watch = NULL;
    conn->failed = true; /* nobody would hear who it is */
    if (!is_open || !SSL_is_init_finished(conn->ssl))
        return;
    ERR_clear_error();
    (void)SSL_shutdown(conn->ssl); /* close_notify, if it can leave at once */
    ERR_clear_error();
}

/* The error of the last OpenSSL call, in nng's words. */
static int conn_error(struct nng_tls_engine_conn *conn, int result)
{
    int kind = SSL_get_error(conn->ssl, result);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        return NNG_EAGAIN;
    conn->failed = true;
    if (conn->refused)
        return NNG_EPEERAUTH;
    if (kind != SSL_ERROR_SSL)
        return NNG_ECONNSHUT; /* close_notify, or the stream ended */
    int reason = ERR_GET_REASON(ERR_peek_error());
    if (reason > SSL_AD_REASON_OFFSET)
        return NNG_ECONNREFUSED; /* an alert: the peer does not want us */
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        return NNG_EPEERAUTH;
    return NNG_ECRYPTO;
}

/* Tells the watch once that the peer is known. */
static int conn_announce(struct nng_tls_engine_conn *conn)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    if (conn->announced || conn->failed || !SSL_is_init_finished(conn->ssl))
        return 0;
    if (SSL_get_verify_result(conn->ssl) != X509_V_OK ||
        SSL_get0_peer_certificate(conn->ssl) == NULL ||
        SSL_export_keying_material(conn->ssl, conn->identity.binding,
            sizeof conn->identity.binding, label, sizeof label - 1, NULL, 0,
            0) != 1) {
        conn->failed = true;
        return NNG_EPEERAUTH;
    }
    conn->announced = true;
    if (conn->watch != NULL)
        conn->watch->authenticated(conn->watch, &conn->identity);
    return 0;
}

static int conn_handshake(struct nng_tls_engine_conn *conn)
{
    if (conn->failed)
        return NNG_ECONNSHUT;
    ERR_clear_error();
    int result = SSL_do_handshake(conn->ssl);
    int err = result == 1 ? conn_announce(conn) : conn_error(conn, result);
    ERR_clear_error();
    return err;
}

static int conn_recv(
    struct nng_tls_engine_conn *conn, uint8_t *bytes, size_t *size)
{
    if (conn->failed)
        return NNG_ECONNSHUT;
    ERR_clear_error();
    size_t count = 0;
    int result = SSL_read_ex(conn->ssl, bytes, *size, &count);
    int err = result == 1 ? 0 : conn_error(conn, result);
    if (err == 0)
        *size = count;
    if (err == 0 || err == NNG_EAGAIN) {
        int refusal = conn_announce(conn);
        if (refusal != 0)
            err = refusal;
    }
    ERR_clear_error();
    return err;
}

static int conn_send(
    struct nng_tls_engine_conn *conn, const uint8_t *bytes, size_t *size)
{
    if (conn->failed)
        return NNG_ECONNSHUT;
    ERR_clear_error();
    size_t count = 0;
    int result = SSL_write_ex(conn->ssl, bytes, *size, &count);
    int err = result == 1 ? 0 : conn_error(conn, result);
    if (err == 0)
        *size = count;
    ERR_clear_error();
    return err;
}

static bool conn_verified(struct nng_tls_engine_conn *conn)
{
    call.seen = true;
    if (call.watch != NULL)
        conn->watch = call.watch;
    if (call.identity != NULL && conn->announced)
        *call.identity = conn->identity;
    return conn->announced;
}

/* ---- Configurations ---------------------------------------------------- */

/* An encrypted key is an error, not a question on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)unused;
    return -1;
}

static SSL_CTX *context_new(nng_tls_mode mode)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_options(context,
        SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, TLS_CERTIFICATE_SIZE_MAX);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_cert_verify_callback(context, verify_certificate, NULL);
    SSL_CTX_set_verify(context,
        mode == NNG_TLS_MODE_SERVER
            ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            : SSL_VERIFY_PEER,
        NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_max_send_fragment(context, FRAGMENT_SIZE_MAX) == 1 &&
        SSL_CTX_set_num_tickets(context, 0) == 1 &&
        SSL_CTX_set_max_early_data(context, 0) == 1 &&
        SSL_CTX_set_ciphersuites(context,
            "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
            "TLS_AES_128_GCM_SHA256") == 1 &&
        SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
        SSL_CTX_set1_sigalgs_list(context, "ed25519:ecdsa_secp256r1_sha256") ==
            1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static int config_init(struct nng_tls_engine_config *config, nng_tls_mode mode)
{
    config->mode = mode;
    return 0;
}

static void config_fini(struct nng_tls_engine_config *config)
{
    SSL_CTX_free(config->context);
    config->context = NULL;
    tls_own_release(config->own);
    config->own = NULL;
}

/* nng passes the host of a URL here. Who the peer is, its key says. */
static int config_server(struct nng_tls_engine_config *config, const char *name)
{
    (void)config;
    (void)name;
    return 0;
}

/* There is one mode, and it is not to be weakened by a caller. */
static int config_auth(
    struct nng_tls_engine_config *config, nng_tls_auth_mode mode)
{
    (void)config;
    return mode == NNG_TLS_AUTH_MODE_REQUIRED ? 0 : NNG_ENOTSUP;
}

static int config_ca_chain(struct nng_tls_engine_config *config,
    const char *authorities, const char *revocations)
{
    (void)config;
    (void)authorities;
    (void)revocations;
    return NNG_ENOTSUP;
}

/* nng would hand over PEM; ours is replaced while it is in use. */
static int config_own_cert(struct nng_tls_engine_config *config,
    const char *certificate_pem, const char *key_pem, const char *passphrase)
{
    (void)certificate_pem;
    (void)key_pem;
    (void)passphrase;
    if (call.own == NULL)
        return NNG_ENOTSUP;
    call.seen = true;
    call.err = ERR_NO_MEMORY;
    ERR_clear_error();
    SSL_CTX *context = context_new(config->mode);
    if (context == NULL) {
        ERR_clear_error();
        return NNG_ENOMEM;
    }
    SSL_CTX_free(config->context);
    config->context = context;
    tls_own_release(config->own);
    config->own = tls_own_hold(call.own);
    call.err = ERR_NONE;
    return 0;
}

static int config_version(struct nng_tls_engine_config *config,
    nng_tls_version min, nng_tls_version max)
{
    (void)config;
    return min <= NNG_TLS_1_3 && max == NNG_TLS_1_3 ? 0 : NNG_ENOTSUP;
}

/* ---- Registration ------------------------------------------------------ */

static nng_tls_engine_config_ops config_ops = {
    .size = sizeof(struct nng_tls_engine_config),
    .init = config_init,
    .fini = config_fini,
    .server = config_server,
    .auth = config_auth,
    .ca_chain = config_ca_chain,
    .own_cert = config_own_cert,
    .version = config_version,
};

static nng_tls_engine_conn_ops conn_ops = {
    .size = sizeof(struct nng_tls_engine_conn),
    .init = conn_init,
    .fini = conn_fini,
    .close = conn_close,
    .handshake = conn_handshake,
    .recv = conn_recv,
    .send = conn_send,
    .verified = conn_verified,
};

static const nng_tls_engine engine = {
    .version = NNG_TLS_ENGINE_V1,
    .config_ops = &config_ops,
    .conn_ops = &conn_ops,
    .name = "openssl",
    .description = "OpenSSL 3, TLS 1.3, mutual, pinned keys",
};

static void register_engine(void)
{
    register_result = ERR_NO_MEMORY;
    int type = BIO_get_new_index();
    if (type < 0)
        return;
    lower_method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "nng stream");
    if (lower_method == NULL ||
        BIO_meth_set_write(lower_method, lower_write) != 1 ||
        BIO_meth_set_read(lower_method, lower_read) != 1 ||
        BIO_meth_set_ctrl(lower_method, lower_control) != 1)
        return;
    /* nng registers its own engine when it first runs: let it, then replace */
    (void)nng_tls_engine_name();
    register_result = nng_tls_engine_register(&engine) == 0 ? ERR_NONE : ERR_IO;
}

enum err tls_openssl_register(void)
{
    if (pthread_once(&register_once, register_engine) != 0)
        return ERR_IO;
    return register_result;
}

enum err tls_openssl_config_new(
    nng_tls_mode mode, struct tls_own *own, nng_tls_config **config)
{
    *config = NULL;
    enum err err = tls_openssl_register();
    if (err != ERR_NONE)
        return err;
    int code = nng_tls_config_alloc(config, mode);
    if (code != 0)
        return code == NNG_ENOMEM ? ERR_NO_MEMORY : ERR_IO;
    call.seen = false;
    call.own = own;
    code = nng_tls_config_own_cert(*config, "", "", NULL);
    call.own = NULL;
    if (code == 0 && call.seen)
        return ERR_NONE;
    nng_tls_config_free(*config);
    *config = NULL;
    return call.seen ? call.err : ERR_IO; /* unseen: another engine's config */
}

/* ---- Streams ----------------------------------------------------------- */

/* Has conn_verified() run for this stream, on this thread, with `call`. */
static enum err call_verified(nng_stream *stream, bool *verified)
{
    call.seen = false;
    *verified = false;
    int code = nng_stream_get_bool(stream, NNG_OPT_TLS_VERIFIED, verified);
    return code == 0 && call.seen ? ERR_NONE : ERR_INVALID;
}

enum err tls_openssl_watch(nng_stream *stream, struct tls_watch *watch)
{
    bool verified;
    assert(watch->admit != NULL && watch->authenticated != NULL);
    call.watch = watch;
    enum err err = call_verified(stream, &verified);
    call.watch = NULL;
    return err;
}

enum err tls_openssl_identity(nng_stream *stream, struct tls_identity *identity)
{
    bool verified;
    call.identity = identity;
    enum err err = call_verified(stream, &verified);
    call.identity = NULL;
    if (err != ERR_NONE)
        return err;
    return verified ? ERR_NONE : ERR_EARLY;
}
