#include "io/tls_session.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL has a type of the name of one of our error codes. */
#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#undef ERR_STATE

/* Head, kind and tag of a record (RFC 8446, 5.2). */
#define RECORD_OVERHEAD (5u + 1u + 16u)
#define RECORD_PLAIN_MAX (16u * 1024)

/* Room beside plaintext: an answer to a change of keys, an alert. */
#define SLACK 512u
/* Most handshakes need no more. */
#define CAPACITY_FIRST 2048u
/* Nobody sends more than this by himself, whatever he is sent. */
#define CAPACITY_MAX                                                           \
    (TLS_WRITE_SIZE_MAX +                                                      \
        TLS_WRITE_SIZE_MAX / RECORD_PLAIN_MAX * RECORD_OVERHEAD + 8u * 1024)

struct tls_context {
    SSL_CTX *ssl_context;
    struct tls_own *own;
    enum tls_role role;
};

struct tls_session {
    SSL *ssl;
    struct tls_watch *watch;
    struct tls_identity identity;
    enum tls_progress end; /* TLS_GOES_ON until then */
    bool unwanted;         /* by the watch, or as a certificate */
    bool known;            /* the watch was told */
    unsigned message_count;
    struct slice input;
    struct tls_records output;
};

static BIO_METHOD *line_method;
static pthread_once_t line_once = PTHREAD_ONCE_INIT;

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
    struct tls_session *session = SSL_get_app_data(ssl);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);

    if (certificate != NULL && sk_X509_num(chain) == 1 &&
        tls_own_spki(certificate, session->identity.spki) == ERR_NONE &&
        session->watch->admit(session->watch, session->identity.spki)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    session->unwanted = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

/* ---- Bytes below ------------------------------------------------------- */

static bool is_flooded(const struct tls_session *session)
{
    return session->message_count > TLS_MESSAGE_COUNT_MAX;
}

static void note_message(int is_written, int version, int kind,
    const void *bytes, size_t size, SSL *ssl, void *argument)
{
    struct tls_session *session = argument;
    (void)version;
    (void)bytes;
    (void)size;
    (void)ssl;
    if (!is_written && kind == SSL3_RT_HANDSHAKE && session->known)
        session->message_count++;
}

static bool output_reserve(struct tls_session *session, size_t size)
{
    struct tls_records *output = &session->output;
    size_t needed = output->size + size;
    if (needed <= output->capacity)
        return true;
    if (needed > CAPACITY_MAX)
        return false;
    size_t capacity =
        output->capacity == 0 ? CAPACITY_FIRST : 2 * output->capacity;
    if (capacity < needed)
        capacity = needed;
    uint8_t *bytes = realloc(output->bytes, capacity);
    if (bytes == NULL)
        return false;
    output->bytes = bytes;
    output->capacity = capacity;
    return true;
}

/* Takes all or fails for good, so OpenSSL never has to wait. */
static int line_write(BIO *bio, const char *bytes, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (size <= 0 || !output_reserve(session, (size_t)size))
        return -1;
    memcpy(session->output.bytes + session->output.size, bytes, (size_t)size);
    session->output.size += (size_t)size;
    return size;
}

static int line_read(BIO *bio, char *bytes, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    struct slice *input = &session->input;
    BIO_clear_retry_flags(bio);
    if (size <= 0 || is_flooded(session))
        return -1;
    if (input->size == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t count = (size_t)size < input->size ? (size_t)size : input->size;
    memcpy(bytes, input->bytes, count);
    *input = slice_of(input->bytes + count, input->size - count);
    return (int)count;
}

static long line_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static void line_make(void)
{
    int type = BIO_get_new_index();
    if (type < 0)
        return;
    BIO_METHOD *method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "session");
    if (method != NULL && BIO_meth_set_write(method, line_write) == 1 &&
        BIO_meth_set_read(method, line_read) == 1 &&
        BIO_meth_set_ctrl(method, line_control) == 1)
        line_method = method;
    else
        BIO_meth_free(method);
}

/* ---- Contexts ---------------------------------------------------------- */

static SSL_CTX *ssl_context_new(enum tls_role role)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (context == NULL)
        return NULL;
    SSL_CTX_set_options(context,
        SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, TLS_CERTIFICATE_SIZE_MAX);
    SSL_CTX_set_cert_verify_callback(context, verify_certificate, NULL);
    SSL_CTX_set_verify(context,
        role == TLS_SERVER ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                           : SSL_VERIFY_PEER,
        NULL);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
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

enum err tls_context_new(
    enum tls_role role, struct tls_own *own, struct tls_context **context)
{
    *context = NULL;
    if (pthread_once(&line_once, line_make) != 0 || line_method == NULL)
        return ERR_NO_MEMORY;
    struct tls_context *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_NO_MEMORY;
    ERR_clear_error();
    made->ssl_context = ssl_context_new(role);
    ERR_clear_error();
    if (made->ssl_context == NULL) {
        free(made);
        return ERR_NO_MEMORY;
    }
    made->role = role;
    made->own = tls_own_hold(own);
    *context = made;
    return ERR_NONE;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ssl_context);
    tls_own_release(context->own);
    free(context);
}

/* ---- Sessions ---------------------------------------------------------- */

static bool ssl_make(struct tls_session *session, struct tls_context *context)
{
    session->ssl = SSL_new(context->ssl_context);
    if (session->ssl == NULL || !tls_own_show(context->own, session->ssl))
        return false;
    BIO *bio = BIO_new(line_method);
    if (bio == NULL)
        return false;
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_app_data(session->ssl, session);
    SSL_set_msg_callback(session->ssl, note_message);
    SSL_set_msg_callback_arg(session->ssl, session);
    if (context->role == TLS_SERVER)
        SSL_set_accept_state(session->ssl);
    else
        SSL_set_connect_state(session->ssl);
    return true;
}

enum err tls_session_new(struct tls_context *context, struct tls_watch *watch,
    struct tls_session **session)
{
    assert(watch->admit != NULL && watch->authenticated != NULL);
    *session = NULL;
    struct tls_session *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_NO_MEMORY;
    made->watch = watch;
    ERR_clear_error();
    bool is_made = ssl_make(made, context);
    ERR_clear_error();
    if (!is_made) {
        tls_session_free(made);
        return ERR_NO_MEMORY;
    }
    *session = made;
    return ERR_NONE;
}

void tls_session_free(struct tls_session *session)
{
    if (session == NULL)
        return;
    SSL_free(session->ssl);
    free(session->output.bytes);
    OPENSSL_cleanse(session, sizeof *session);
    free(session);
}

void tls_session_feed(struct tls_session *session, struct slice bytes)
{
    assert(session->input.size == 0);
    session->input = bytes;
}

size_t tls_session_unread(const struct tls_session *session)
{
    return session->input.size;
}

/* What the last call of OpenSSL says of all that follows. */
static enum tls_progress end_of(struct tls_session *session, int result)
{
    int kind = SSL_get_error(session->ssl, result);
    if (kind == SSL_ERROR_WANT_READ)
        return TLS_GOES_ON;
    if (session->unwanted)
        return TLS_UNWANTED;
    if (kind == SSL_ERROR_ZERO_RETURN)
        return TLS_ENDED;
    int reason = ERR_GET_REASON(ERR_peek_error());
    if (kind == SSL_ERROR_SSL && reason > SSL_AD_REASON_OFFSET)
        return TLS_REFUSED_BY_PEER;
    return kind == SSL_ERROR_SSL &&
                   reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE
               ? TLS_UNWANTED
               : TLS_BROKEN;
}

/* Tells the watch once that the peer is known. */
static void announce(struct tls_session *session)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    if (SSL_get_verify_result(session->ssl) != X509_V_OK ||
        SSL_get0_peer_certificate(session->ssl) == NULL ||
        SSL_export_keying_material(session->ssl, session->identity.binding,
            sizeof session->identity.binding, label, sizeof label - 1, NULL, 0,
            0) != 1) {
        session->end = TLS_UNWANTED;
        return;
    }
    session->known = true;
    session->watch->authenticated(session->watch, &session->identity);
}

static void shake_hands(struct tls_session *session)
{
    int result = SSL_do_handshake(session->ssl);
    if (result == 1)
        announce(session);
    else
        session->end = end_of(session, result);
}

enum tls_progress tls_session_read(
    struct tls_session *session, uint8_t *bytes, size_t capacity, size_t *count)
{
    *count = 0;
    ERR_clear_error();
    if (session->end == TLS_GOES_ON && !session->known)
        shake_hands(session);
    if (session->end == TLS_GOES_ON && session->known) {
        int result = SSL_read_ex(session->ssl, bytes, capacity, count);
        if (result == 1)
            session->message_count = 0;
        else
            session->end = end_of(session, result);
    }
    ERR_clear_error();
    return session->end;
}

enum tls_progress tls_session_write(
    struct tls_session *session, struct slice *bytes)
{
    size_t made = session->output.size;
    size_t size = made < TLS_WRITE_SIZE_MAX ? TLS_WRITE_SIZE_MAX - made : 0;
    size_t count = 0;
    if (size > bytes->size)
        size = bytes->size;
    if (session->end != TLS_GOES_ON || !session->known || size == 0)
        return session->end;
    size_t record_count = (size + RECORD_PLAIN_MAX - 1) / RECORD_PLAIN_MAX;
    ERR_clear_error();
    int result = -1;
    if (output_reserve(session, size + record_count * RECORD_OVERHEAD + SLACK))
        result = SSL_write_ex(session->ssl, bytes->bytes, size, &count);
    if (result != 1)
        session->end = TLS_BROKEN;
    ERR_clear_error();
    *bytes = slice_of(bytes->bytes + count, bytes->size - count);
    return session->end;
}

void tls_session_close(struct tls_session *session)
{
    if (session->end != TLS_GOES_ON)
        return;
    session->end = TLS_ENDED;
    if (!session->known)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(session->ssl);
    ERR_clear_error();
}

struct tls_records tls_session_take(struct tls_session *session)
{
    struct tls_records taken = session->output;
    session->output = (struct tls_records){ .bytes = NULL };
    if (taken.size > 0)
        return taken;
    free(taken.bytes);
    return session->output;
}

void tls_session_give(struct tls_session *session, struct tls_records *records)
{
    if (session->output.bytes == NULL) {
        session->output = *records;
        session->output.size = 0;
    } else {
        free(records->bytes);
    }
    *records = (struct tls_records){ .bytes = NULL };
}
