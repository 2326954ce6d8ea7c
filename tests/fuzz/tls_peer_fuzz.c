/*
 * tls_peer_fuzz.c - a session of io/tls_session.c against a peer of plain
 * OpenSSL, and a line between them that the input bends: the first byte says
 * who the peer is, each further pair of bytes is one act. Then all goes on as
 * it may, until nothing moves.
 *
 *   - only the holder of an admitted key is ever authenticated, once, and by
 *     the binding of exactly this connection, so nobody is in between
 *   - nothing is read or written before that; what is read is what the peer
 *     wrote
 *   - what ended has ended for good, and what is to be sent has a bound
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/openssl.h"
#include "io/tls_session.h"
#include "support/tls_certificate.h"

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
    struct tls_context *roles[2]; /* client, server */
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
    require(tls_context_new(TLS_CLIENT, cast.own, &cast.roles[0]) == ERR_NONE);
    require(tls_context_new(TLS_SERVER, cast.own, &cast.roles[1]) == ERR_NONE);
}

/* ---- The line ------------------------------------------------------------ */

/* One connection, from the session's side. */
struct line {
    struct tls_watch watch;
    enum who who;
    SSL *peer;
    struct tls_session *session;
    uint8_t *fed;             /* exactly what it may look at */
    uint8_t bytes[LINE_SIZE]; /* on their way to it */
    size_t first;
    size_t size;
    size_t allowance; /* bytes that it gets at once */
    bool is_ended;    /* no more will come */
    bool is_broken;   /* nor does what it sends arrive */
    bool is_deaf;     /* and now nobody takes what it has to send */
    bool is_admitted;
    bool is_known;
    enum tls_progress end;
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
    int room = (int)(LINE_SIZE - line->size);
    int size = room == 0 ? 0 : BIO_read(bio, line->bytes + line->size, room);
    if (size > 0)
        line->size += (size_t)size;
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

/* Nobody can change its keys that often; but the session has to stand it. */
static void peer_changes_keys(struct line *line, uint8_t how)
{
    for (int i = 0; i < how % 64; i++) {
        (void)SSL_key_update(line->peer, SSL_KEY_UPDATE_REQUESTED);
        (void)SSL_do_handshake(line->peer);
    }
    peer_speaks(line);
}

/* ---- The session --------------------------------------------------------- */

/* What the session has to send goes to the peer. */
static void session_speaks(struct line *line)
{
    if (line->is_deaf)
        return;
    struct tls_records records = tls_session_take(line->session);
    require(records.size <= 2 * TLS_WRITE_SIZE_MAX);
    if (records.size > 0 && !line->is_broken)
        require(BIO_write(SSL_get_rbio(line->peer), records.bytes,
                    (int)records.size) == (int)records.size);
    if (records.size > 0 && line->is_known)
        tls_session_give(line->session, &records);
    free(records.bytes);
}

static void look_at(struct line *line, enum tls_progress progress)
{
    require(ERR_peek_error() == 0);
    require(line->end == TLS_GOES_ON || line->end == progress);
    line->end = progress;
    session_speaks(line);
}

static void session_is_fed(struct line *line)
{
    size_t count = line->size - line->first;
    if (count > line->allowance)
        count = line->allowance;
    if (tls_session_unread(line->session) > 0 || count == 0 || line->is_ended)
        return;
    free(line->fed);
    line->fed = malloc(count);
    require(line->fed != NULL);
    memcpy(line->fed, line->bytes + line->first, count);
    line->first += count;
    tls_session_feed(line->session, slice_of(line->fed, count));
}

static void session_reads(struct line *line, size_t room)
{
    uint8_t bytes[256];
    size_t size;
    session_is_fed(line);
    enum tls_progress progress =
        tls_session_read(line->session, bytes, room + 1, &size);
    require(size == 0 || (line->is_known && progress == TLS_GOES_ON));
    require(size > 0 || tls_session_unread(line->session) == 0 ||
            progress != TLS_GOES_ON);
    look_at(line, progress);
    for (size_t i = 0; i < size; i++) {
        require(bytes[i] == line->read);
        line->read = (uint8_t)(line->read + 1);
    }
}

static void session_writes(struct line *line, size_t size)
{
    const uint8_t bytes[256] = { 0 };
    struct slice rest = slice_of(bytes, size);
    enum tls_progress progress = tls_session_write(line->session, &rest);
    require(line->is_known || rest.size == size);
    look_at(line, progress);
}

static void session_closes(struct line *line)
{
    tls_session_close(line->session);
    require(ERR_peek_error() == 0);
    line->is_closed = true;
    if (line->end == TLS_GOES_ON)
        line->end = TLS_ENDED;
    session_speaks(line);
}

/* ---- Acts ---------------------------------------------------------------- */

static void bytes_drop(struct line *line, size_t count)
{
    if (count > line->size - line->first)
        count = line->size - line->first;
    line->first += count;
}

static void byte_put(struct line *line, uint8_t byte)
{
    if (line->size < LINE_SIZE)
        line->bytes[line->size++] = byte;
}

static void act(struct line *line, uint8_t what, uint8_t how)
{
    size_t waiting = line->size - line->first;
    switch (what % 15) {
    case 0:
        peer_acts(line);
        break;
    case 1:
        session_reads(line, 0);
        break;
    case 2:
        session_reads(line, how);
        break;
    case 3:
        session_writes(line, how);
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
        session_closes(line);
        break;
    case 12:
        line->is_deaf = how % 2 == 1;
        break;
    case 13:
        line->is_broken = true;
        break;
    case 14:
        peer_changes_keys(line, how);
        break;
    }
}

static void line_open(struct line *line, uint8_t first)
{
    bool is_server = first >= 128; /* the session */
    memset(line, 0, sizeof *line);
    line->watch = (struct tls_watch){ admit, authenticated };
    line->who = (enum who)(first % WHO_COUNT);
    line->allowance = LINE_SIZE;
    line->peer = SSL_new(cast.contexts[line->who]);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    require(line->peer != NULL && in != NULL && out != NULL);
    SSL_set_bio(line->peer, in, out);
    if (is_server)
        SSL_set_connect_state(line->peer);
    else
        SSL_set_accept_state(line->peer);
    require(tls_session_new(cast.roles[is_server], &line->watch,
                &line->session) == ERR_NONE);
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
    binding_check(line);
    session_closes(line);
    session_closes(line); /* once more is nothing */
    tls_session_free(line->session);
    free(line->fed);
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
        session_reads(line, 0);
    }
    peer_writes(line, 200);
    session_writes(line, 100);
    for (int i = 0; i < 4; i++)
        session_reads(line, 255);
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
