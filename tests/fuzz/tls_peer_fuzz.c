/*
 * tls_peer_fuzz.c - the engine of io/tls_openssl.c against a peer of plain
 * OpenSSL, and a line between them that the input bends: the first byte says
 * who the peer is, each further pair of bytes is one act. Then all goes on as
 * it may, until nothing moves.
 *
 *   - only the holder of an admitted key is ever authenticated, once, and by
 *     the binding of exactly this connection, so nobody is in between
 *   - nothing is read before that; what is read is what the peer wrote
 *   - what failed has failed for good, and nng's listener is never told of its
 *     own end
 *
 * nng is not here: what the engine wants of it is at the end of this file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/openssl.h"
#include "io/tls_openssl.h"
#include "support/tls_certificate.h"

#include <nng/supplemental/tls/engine.h>
#include <openssl/ssl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_SIZE 65536
#define ROUND_COUNT_MAX 400

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* ---- Who is there -------------------------------------------------------- */

enum who {
    WHO_ED25519,
    WHO_P256,
    WHO_NOT_PINNED,
    WHO_P384,
    WHO_RSA,
    WHO_NOBODY, /* shows no certificate */
    WHO_CHAIN,  /* shows two */
    WHO_OLD,    /* speaks TLS 1.2 */
    WHO_COUNT
};

static const enum tls_certificate_kind kinds[WHO_COUNT] = {
    [WHO_ED25519] = TLS_CERTIFICATE_ED25519,
    [WHO_P256] = TLS_CERTIFICATE_P256,
    [WHO_NOT_PINNED] = TLS_CERTIFICATE_ED25519,
    [WHO_P384] = TLS_CERTIFICATE_P384,
    [WHO_RSA] = TLS_CERTIFICATE_RSA,
    [WHO_NOBODY] = TLS_CERTIFICATE_ED25519,
    [WHO_CHAIN] = TLS_CERTIFICATE_ED25519,
    [WHO_OLD] = TLS_CERTIFICATE_P256,
};

static struct {
    struct tls_certificate certificates[WHO_COUNT];
    SSL_CTX *contexts[WHO_COUNT];
    struct tls_own *own;
    nng_tls_config *configs[2]; /* client, server */
} cast;

static int accept_any(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static SSL_CTX *context_make(enum who who)
{
    const struct tls_certificate *shown = &cast.certificates[who];
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    require(context != NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, accept_any, NULL);
    require(SSL_CTX_set_max_proto_version(context,
                who == WHO_OLD ? TLS1_2_VERSION : TLS1_3_VERSION) == 1);
    if (who != WHO_NOBODY)
        require(SSL_CTX_use_certificate_file(
                    context, shown->certificate_path, SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_use_PrivateKey_file(
                    context, shown->key_path, SSL_FILETYPE_PEM) == 1);
    if (who == WHO_CHAIN) {
        X509 *more = X509_dup(SSL_CTX_get0_certificate(context));
        require(more != NULL && SSL_CTX_add1_chain_cert(context, more) == 1);
        X509_free(more);
    }
    return context;
}

/* Before the first input: an RSA key may take longer than one is given. */
__attribute__((constructor)) static void cast_make(void)
{
    struct tls_certificate self;
    for (enum who who = 0; who < WHO_COUNT; who++) {
        tls_certificate_make(&cast.certificates[who], kinds[who]);
        cast.contexts[who] = context_make(who);
        tls_certificate_remove(&cast.certificates[who]);
    }
    tls_certificate_make(&self, TLS_CERTIFICATE_ED25519);
    require(tls_own_open(self.certificate_path, self.key_path, &cast.own) ==
            ERR_NONE);
    tls_certificate_remove(&self);
    require(tls_openssl_config_new(
                NNG_TLS_MODE_CLIENT, cast.own, &cast.configs[0]) == ERR_NONE);
    require(tls_openssl_config_new(
                NNG_TLS_MODE_SERVER, cast.own, &cast.configs[1]) == ERR_NONE);
}

/* ---- The line ------------------------------------------------------------ */

/* One connection, from the engine's side. */
struct line {
    struct tls_watch watch;
    enum who who;
    SSL *peer;
    nng_tls_engine_conn *conn;
    uint8_t bytes[LINE_SIZE]; /* on their way to the engine */
    size_t first;
    size_t end;
    size_t allowance; /* bytes that it gets at once */
    bool is_ended;    /* no more will come */
    bool is_broken;   /* nor does what it sends arrive */
    bool is_deaf;     /* and now it has to wait to send */
    bool is_admitted;
    bool is_known;
    bool has_failed;
    bool is_closed;
    struct tls_identity identity;
    uint8_t written; /* next byte that the peer writes */
    uint8_t read;    /* and that is to be read of it */
};

static bool admit(struct tls_watch *watch, const uint8_t spki[TLS_SPKI_SIZE])
{
    struct line *line = (struct line *)(void *)watch;
    require(!line->is_closed && !line->is_known);
    line->is_admitted = false;
    for (enum who who = WHO_ED25519; who <= WHO_P256; who++)
        line->is_admitted |=
            memcmp(cast.certificates[who].spki, spki, TLS_SPKI_SIZE) == 0;
    return line->is_admitted;
}

static void authenticated(
    struct tls_watch *watch, const struct tls_identity *identity)
{
    struct line *line = (struct line *)(void *)watch;
    require(line->who == WHO_ED25519 || line->who == WHO_P256);
    require(line->is_admitted && !line->is_known && !line->is_closed);
    require(memcmp(identity->spki, cast.certificates[line->who].spki,
                TLS_SPKI_SIZE) == 0);
    line->identity = *identity;
    line->is_known = true;
}

/* What the peer has to say goes onto the line. */
static void peer_speaks(struct line *line)
{
    BIO *bio = SSL_get_wbio(line->peer);
    int room = (int)(LINE_SIZE - line->end);
    int size = room == 0 ? 0 : BIO_read(bio, line->bytes + line->end, room);
    if (size > 0)
        line->end += (size_t)size;
    ERR_clear_error();
}

static void peer_acts(struct line *line)
{
    uint8_t heard[512];
    if (!SSL_is_init_finished(line->peer))
        (void)SSL_do_handshake(line->peer);
    else
        (void)SSL_read(line->peer, heard, sizeof heard);
    peer_speaks(line);
}

static void peer_writes(struct line *line, size_t size)
{
    uint8_t bytes[256];
    if (!SSL_is_init_finished(line->peer) || size == 0)
        return;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(line->written + i);
    if (SSL_write(line->peer, bytes, (int)size) == (int)size)
        line->written = (uint8_t)(line->written + size);
    peer_speaks(line);
}

/* ---- The engine ---------------------------------------------------------- */

static const nng_tls_engine_conn_ops *conn_ops;

static void look_at(struct line *line, int err)
{
    require(err != NNG_ECLOSED && ERR_peek_error() == 0);
    require(!line->has_failed || (err != 0 && err != NNG_EAGAIN));
    line->has_failed |= err != 0 && err != NNG_EAGAIN;
    require(conn_ops->verified(line->conn) == line->is_known);
}

static void engine_reads(struct line *line, size_t room)
{
    uint8_t bytes[256];
    size_t size = room;
    int err = conn_ops->recv(line->conn, bytes, &size);
    look_at(line, err);
    if (err != 0)
        return;
    require(line->is_known && size <= room);
    for (size_t i = 0; i < size; i++)
        require(bytes[i] == line->read++);
}

static void engine_writes(struct line *line, size_t size)
{
    const uint8_t bytes[256] = { 0 };
    int err = conn_ops->send(line->conn, bytes, &size);
    look_at(line, err);
}

static void engine_closes(struct line *line)
{
    conn_ops->close(line->conn);
    require(ERR_peek_error() == 0);
    line->is_closed = true;
    line->has_failed = true;
}

/* ---- Acts ---------------------------------------------------------------- */

static void bytes_drop(struct line *line, size_t count)
{
    if (count > line->end - line->first)
        count = line->end - line->first;
    line->first += count;
}

static void byte_put(struct line *line, uint8_t byte)
{
    if (line->end < LINE_SIZE)
        line->bytes[line->end++] = byte;
}

static void act(struct line *line, uint8_t what, uint8_t how)
{
    size_t waiting = line->end - line->first;
    switch (what % 14) {
    case 0:
        peer_acts(line);
        break;
    case 1:
        look_at(line, conn_ops->handshake(line->conn));
        break;
    case 2:
        engine_reads(line, how);
        break;
    case 3:
        engine_writes(line, how);
        break;
    case 4:
        peer_writes(line, how);
        break;
    case 5:
        line->allowance = how;
        break;
    case 6: /* a bit of the next bytes, or of those far behind them */
        if (waiting > 0)
            line->bytes[line->first + how % waiting] ^=
                (uint8_t)(1u << how % 8);
        break;
    case 7:
        bytes_drop(line, how);
        break;
    case 8:
        byte_put(line, how);
        break;
    case 9:
        line->is_ended = true;
        break;
    case 10:
        (void)SSL_shutdown(line->peer);
        peer_speaks(line);
        break;
    case 11:
        engine_closes(line);
        break;
    case 12:
        line->is_deaf = how % 2 == 1;
        break;
    case 13:
        line->is_broken = true;
        break;
    }
}

static void line_open(struct line *line, uint8_t first)
{
    bool is_server = first >= 128; /* the engine */
    memset(line, 0, sizeof *line);
    line->watch = (struct tls_watch){ admit, authenticated };
    line->who = (enum who)(first % WHO_COUNT);
    line->allowance = LINE_SIZE;
    line->peer = SSL_new(cast.contexts[line->who]);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    line->conn = calloc(1, conn_ops->size);
    require(line->peer != NULL && in != NULL && out != NULL);
    require(line->conn != NULL);
    SSL_set_bio(line->peer, in, out);
    if (is_server)
        SSL_set_connect_state(line->peer);
    else
        SSL_set_accept_state(line->peer);
    require(
        conn_ops->init(line->conn, line,
            *(nng_tls_engine_config **)(void *)cast.configs[is_server]) == 0);
    require(tls_openssl_watch((nng_stream *)(void *)line, &line->watch) ==
            ERR_NONE);
}

/* Who was in between would have another binding. */
static void binding_check(struct line *line)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    uint8_t binding[TLS_BINDING_SIZE];
    if (!line->is_known || !SSL_is_init_finished(line->peer))
        return;
    require(SSL_export_keying_material(line->peer, binding, sizeof binding,
                label, sizeof label - 1, NULL, 0, 0) == 1);
    require(memcmp(binding, line->identity.binding, sizeof binding) == 0);
}

static void line_close(struct line *line)
{
    struct tls_identity identity;
    enum err err = tls_openssl_identity((nng_stream *)(void *)line, &identity);
    require(err == (line->is_known ? ERR_NONE : ERR_EARLY));
    binding_check(line);
    engine_closes(line);
    engine_closes(line); /* as nng does */
    conn_ops->fini(line->conn);
    free(line->conn);
    SSL_free(line->peer);
    ERR_clear_error();
}

/* Both go on as long as they have something to say. */
static void settle(struct line *line)
{
    line->allowance = LINE_SIZE;
    line->is_deaf = false;
    for (int i = 0; i < 8; i++) {
        peer_acts(line);
        look_at(line, conn_ops->handshake(line->conn));
    }
    peer_writes(line, 200);
    engine_writes(line, 100);
    for (int i = 0; i < 4; i++)
        engine_reads(line, 255);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct line line;
    if (size == 0 || size > 2 * ROUND_COUNT_MAX)
        return 0;
    line_open(&line, data[0]);
    for (size_t i = 1; i + 1 < size; i += 2)
        act(&line, data[i], data[i + 1]);
    settle(&line);
    if (size == 1) /* nobody bent anything */
        require(line.is_known == (line.who <= WHO_P256) &&
                line.is_known == (line.read == 200));
    line_close(&line);
    return 0;
}

/* ---- What the engine wants of nng ---------------------------------------- */

static const nng_tls_engine_config_ops *config_ops;

struct nng_tls_config {
    nng_tls_engine_config *engine;
};

int nng_tls_engine_register(const nng_tls_engine *engine)
{
    config_ops = engine->config_ops;
    conn_ops = engine->conn_ops;
    return 0;
}

const char *nng_tls_engine_name(void)
{
    return "none";
}

int nng_tls_config_alloc(nng_tls_config **config, nng_tls_mode mode)
{
    *config = calloc(1, sizeof **config);
    require(*config != NULL);
    (*config)->engine = calloc(1, config_ops->size);
    require((*config)->engine != NULL);
    return config_ops->init((*config)->engine, mode);
}

int nng_tls_config_own_cert(nng_tls_config *config, const char *certificate,
    const char *key, const char *passphrase)
{
    return config_ops->own_cert(config->engine, certificate, key, passphrase);
}

void nng_tls_config_free(nng_tls_config *config)
{
    config_ops->fini(config->engine);
    free(config->engine);
    free(config);
}

int nng_stream_get_bool(nng_stream *stream, const char *name, bool *value)
{
    struct line *line = (struct line *)(void *)stream;
    require(strcmp(name, NNG_OPT_TLS_VERIFIED) == 0);
    *value = conn_ops->verified(line->conn);
    return 0;
}

int nng_tls_engine_send(void *lower, const uint8_t *bytes, size_t *size)
{
    struct line *line = lower;
    if (line->is_broken)
        return NNG_ECONNRESET;
    if (line->is_deaf)
        return NNG_EAGAIN;
    int taken = BIO_write(SSL_get_rbio(line->peer), bytes, (int)*size);
    require(taken > 0);
    *size = (size_t)taken;
    return 0;
}

int nng_tls_engine_recv(void *lower, uint8_t *bytes, size_t *size)
{
    struct line *line = lower;
    size_t count = line->end - line->first;
    if (count > line->allowance)
        count = line->allowance;
    if (count > *size)
        count = *size;
    if (count == 0)
        return line->is_ended ? NNG_ECONNSHUT : NNG_EAGAIN;
    memcpy(bytes, line->bytes + line->first, count);
    line->first += count;
    *size = count;
    return 0;
}
