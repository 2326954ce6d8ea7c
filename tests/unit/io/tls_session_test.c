/* Sessions in memory: with each other, and with plain OpenSSL. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "io/openssl.h"
#include "io/tls_session.h"
#include "support/tls_certificate.h"

#include <openssl/ssl.h>

#define RECORD_SIZE_MAX (16384u + 22u)

/* ---- Ends -------------------------------------------------------------- */

struct end {
    struct tls_watch watch;
    bool refuses;
    unsigned told_count;
    struct tls_identity peer;
    struct tls_session *session;
    enum tls_progress progress;
    uint8_t *fed; /* exactly what it may look at */
    uint8_t *heard;
    size_t heard_size;
};

/* [0] is the client. */
static struct tls_certificate certificates[2];
static struct tls_own *owns[2];
static struct tls_context *contexts[2];
static struct end ends[2];

static bool admit(struct tls_watch *watch, const uint8_t spki[TLS_SPKI_SIZE])
{
    struct end *end = (struct end *)(void *)watch;
    memcpy(end->peer.spki, spki, TLS_SPKI_SIZE);
    return !end->refuses;
}

static void authenticated(
    struct tls_watch *watch, const struct tls_identity *identity)
{
    struct end *end = (struct end *)(void *)watch;
    end->told_count++;
    end->peer = *identity;
}

static void end_open(struct end *end, struct tls_context *context)
{
    *end = (struct end){ .watch = { admit, authenticated } };
    assert_int_equal(
        tls_session_new(context, &end->watch, &end->session), ERR_NONE);
}

static void end_close(struct end *end)
{
    tls_session_free(end->session);
    free(end->fed);
    free(end->heard);
    end->session = NULL;
}

static void open_both(void)
{
    for (int i = 0; i < 2; i++)
        end_open(&ends[i], contexts[i]);
}

static void close_both(void)
{
    for (int i = 0; i < 2; i++)
        end_close(&ends[i]);
}

/* All that can be read of what was fed. */
static void end_reads(struct end *end)
{
    size_t count;
    do {
        uint8_t bytes[5000];
        end->progress =
            tls_session_read(end->session, bytes, sizeof bytes, &count);
        assert_int_equal(ERR_peek_error(), 0);
        if (count == 0)
            break;
        end->heard = realloc(end->heard, end->heard_size + count);
        assert_non_null(end->heard);
        memcpy(end->heard + end->heard_size, bytes, count);
        end->heard_size += count;
    } while (end->progress == TLS_GOES_ON);
}

static void end_is_fed(struct end *end, const uint8_t *bytes, size_t size)
{
    if (end->progress != TLS_GOES_ON)
        return;
    assert_int_equal(tls_session_unread(end->session), 0);
    free(end->fed);
    end->fed = malloc(size);
    assert_non_null(end->fed);
    memcpy(end->fed, bytes, size);
    tls_session_feed(end->session, slice_of(end->fed, size));
    end_reads(end);
}

/* What one has to say gets to the other, in pieces; how much that was. */
static size_t pass(struct end *from, struct end *to, size_t piece)
{
    struct tls_records records = tls_session_take(from->session);
    for (size_t at = 0; at < records.size; at += piece)
        end_is_fed(to, records.bytes + at,
            records.size - at < piece ? records.size - at : piece);
    free(records.bytes);
    return records.size;
}

/* Both go on until neither has anything to say. */
static void settle(size_t piece)
{
    size_t size;
    end_reads(&ends[0]);
    end_reads(&ends[1]);
    do {
        size = pass(&ends[0], &ends[1], piece);
        size += pass(&ends[1], &ends[0], piece);
    } while (size > 0);
}

static void say(struct end *end, const uint8_t *bytes, size_t size)
{
    struct slice rest = slice_of(bytes, size);
    assert_int_equal(tls_session_write(end->session, &rest), TLS_GOES_ON);
    assert_int_equal(rest.size, 0);
}

static void assert_heard(const struct end *end, const void *bytes, size_t size)
{
    assert_int_equal(end->heard_size, size);
    assert_memory_equal(end->heard, bytes, size);
}

static int open_cast(void **unused)
{
    (void)unused;
    tls_certificate_make(&certificates[0], TLS_CERTIFICATE_ED25519);
    tls_certificate_make(&certificates[1], TLS_CERTIFICATE_P256);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tls_own_open(certificates[i].certificate_path,
                             certificates[i].key_path, &owns[i]),
            ERR_NONE);
        assert_int_equal(tls_context_new(i == 0 ? TLS_CLIENT : TLS_SERVER,
                             owns[i], &contexts[i]),
            ERR_NONE);
    }
    return 0;
}

static int close_cast(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        tls_context_free(contexts[i]);
        tls_own_release(owns[i]);
        tls_certificate_remove(&certificates[i]);
    }
    return 0;
}

/* ---- With each other --------------------------------------------------- */

static void both_know_each_other(void **unused)
{
    (void)unused;
    open_both();
    settle(SIZE_MAX / 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ends[i].progress, TLS_GOES_ON);
        assert_int_equal(ends[i].told_count, 1);
        assert_memory_equal(
            ends[i].peer.spki, certificates[1 - i].spki, TLS_SPKI_SIZE);
    }
    assert_memory_equal(
        ends[0].peer.binding, ends[1].peer.binding, TLS_BINDING_SIZE);
    close_both();
}

static void bytes_may_come_one_by_one(void **unused)
{
    (void)unused;
    open_both();
    settle(1);
    say(&ends[0], (const uint8_t *)"question", 8);
    say(&ends[1], (const uint8_t *)"answer", 6);
    settle(1);
    assert_heard(&ends[1], "question", 8);
    assert_heard(&ends[0], "answer", 6);
    close_both();
}

static void much_goes_both_ways_in_full_records(void **unused)
{
    enum { SIZE = 3 * 1024 * 1024 + 17 };
    uint8_t *bytes = malloc(SIZE);
    (void)unused;
    assert_non_null(bytes);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    open_both();
    settle(SIZE_MAX / 2);
    struct slice rest[2] = { slice_of(bytes, SIZE), slice_of(bytes, SIZE) };
    while (rest[0].size + rest[1].size > 0) {
        for (int i = 0; i < 2; i++) {
            size_t before = rest[i].size;
            assert_int_equal(
                tls_session_write(ends[i].session, &rest[i]), TLS_GOES_ON);
            size_t taken = before - rest[i].size;
            assert_int_equal(taken,
                before < TLS_WRITE_SIZE_MAX ? before : TLS_WRITE_SIZE_MAX);
            size_t size = pass(&ends[i], &ends[1 - i], 100 * 1000);
            assert_int_equal(size, taken + (taken + 16383) / 16384 * 22);
        }
    }
    for (int i = 0; i < 2; i++)
        assert_heard(&ends[i], bytes, SIZE);
    free(bytes);
    close_both();
}

/* Whoever writes and does not take is held up, and may take what there is. */
static void records_that_nobody_takes_have_a_bound(void **unused)
{
    static const uint8_t bytes[TLS_WRITE_SIZE_MAX];
    (void)unused;
    open_both();
    settle(SIZE_MAX / 2);
    for (int i = 0; i < 10; i++) {
        struct slice rest = slice_of(bytes, 50000);
        assert_int_equal(
            tls_session_write(ends[0].session, &rest), TLS_GOES_ON);
    }
    struct tls_records records = tls_session_take(ends[0].session);
    assert_in_range(
        records.size, TLS_WRITE_SIZE_MAX, TLS_WRITE_SIZE_MAX + 1024);
    free(records.bytes);
    close_both();
}

static void memory_is_used_again_and_none_is_kept(void **unused)
{
    static const uint8_t bytes[100000];
    (void)unused;
    open_both();
    settle(SIZE_MAX / 2);
    assert_null(tls_session_take(ends[0].session).bytes);
    say(&ends[0], bytes, sizeof bytes);
    struct tls_records records = tls_session_take(ends[0].session);
    assert_in_range(records.capacity, records.size, sizeof bytes + 1024);
    const uint8_t *before = records.bytes;
    tls_session_give(ends[0].session, &records);
    assert_null(records.bytes);
    say(&ends[0], bytes, sizeof bytes);
    records = tls_session_take(ends[0].session);
    assert_ptr_equal(records.bytes, before);
    say(&ends[0], bytes, 1);
    tls_session_give(ends[0].session, &records); /* there are others already */
    records = tls_session_take(ends[0].session);
    assert_int_equal(records.size, 23);
    tls_session_give(ends[0].session, &records);
    assert_null(tls_session_take(ends[0].session).bytes);
    close_both();
}

static void nothing_is_written_to_who_is_not_known(void **unused)
{
    struct slice rest = slice_of("secret", 6);
    (void)unused;
    open_both();
    assert_int_equal(tls_session_write(ends[0].session, &rest), TLS_GOES_ON);
    assert_int_equal(rest.size, 6);
    end_reads(&ends[0]);
    (void)pass(&ends[0], &ends[1], 1000);
    (void)pass(&ends[1], &ends[0], 1000);
    /* a server does not know a client that has not answered */
    assert_int_equal(ends[0].told_count, 1);
    assert_int_equal(ends[1].told_count, 0);
    assert_int_equal(tls_session_write(ends[1].session, &rest), TLS_GOES_ON);
    assert_int_equal(rest.size, 6);
    close_both();
}

/* Who refuses knows it, and the other end is told so. */
static void a_refusal_is_told(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        open_both();
        ends[i].refuses = true;
        settle(SIZE_MAX / 2);
        assert_int_equal(ends[i].progress, TLS_UNWANTED);
        assert_int_equal(ends[i].told_count, 0);
        assert_int_equal(ends[1 - i].progress, TLS_REFUSED_BY_PEER);
        close_both();
    }
}

static void what_ended_stays_so(void **unused)
{
    struct slice rest = slice_of("x", 1);
    uint8_t byte;
    size_t count;
    (void)unused;
    open_both();
    ends[1].refuses = true;
    settle(SIZE_MAX / 2);
    ends[1].refuses = false;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            tls_session_read(ends[1].session, &byte, 1, &count), TLS_UNWANTED);
        assert_int_equal(count, 0);
        assert_int_equal(
            tls_session_write(ends[1].session, &rest), TLS_UNWANTED);
        tls_session_close(ends[1].session);
        assert_null(tls_session_take(ends[1].session).bytes);
    }
    assert_int_equal(ends[1].told_count, 0);
    close_both();
}

static void a_goodbye_is_heard_behind_what_was_said(void **unused)
{
    struct slice rest = slice_of("x", 1);
    (void)unused;
    for (int i = 0; i < 2; i++) {
        open_both();
        settle(SIZE_MAX / 2);
        say(&ends[i], (const uint8_t *)"at last", 7);
        tls_session_close(ends[i].session);
        tls_session_close(ends[i].session);
        assert_int_equal(tls_session_write(ends[i].session, &rest), TLS_ENDED);
        assert_int_equal(
            pass(&ends[i], &ends[1 - i], SIZE_MAX / 2), 7 + 22 + 2 + 22);
        assert_heard(&ends[1 - i], "at last", 7);
        assert_int_equal(ends[1 - i].progress, TLS_ENDED);
        assert_int_equal(
            tls_session_write(ends[1 - i].session, &rest), TLS_ENDED);
        close_both();
    }
}

static void who_leaves_before_he_is_known_says_nothing(void **unused)
{
    (void)unused;
    open_both();
    tls_session_close(ends[0].session);
    end_reads(&ends[0]);
    assert_int_equal(ends[0].progress, TLS_ENDED);
    assert_null(tls_session_take(ends[0].session).bytes);
    close_both();
}

static void a_handshake_cut_anywhere_is_none(void **unused)
{
    (void)unused;
    open_both();
    end_reads(&ends[0]);
    struct tls_records hello = tls_session_take(ends[0].session);
    for (size_t cut = 0; cut < hello.size; cut++) {
        struct end server;
        end_open(&server, contexts[1]);
        end_is_fed(&server, hello.bytes, cut);
        assert_int_equal(server.progress, TLS_GOES_ON);
        assert_int_equal(server.told_count, 0);
        assert_null(tls_session_take(server.session).bytes);
        end_close(&server);
    }
    free(hello.bytes);
    close_both();
}

static void a_record_that_was_changed_ends_it(void **unused)
{
    static const size_t places[] = { 0, 1, 3, 5, 20, 26 };
    (void)unused;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        open_both();
        settle(SIZE_MAX / 2);
        say(&ends[0], (const uint8_t *)"hello", 5);
        say(&ends[0], (const uint8_t *)"world", 5);
        struct tls_records records = tls_session_take(ends[0].session);
        assert_int_equal(records.size, 54);
        records.bytes[27 + places[i]] ^= 0x80;
        end_is_fed(&ends[1], records.bytes, records.size);
        free(records.bytes);
        assert_heard(&ends[1], "hello", 5);
        assert_int_equal(ends[1].progress, TLS_BROKEN);
        assert_true(pass(&ends[1], &ends[0], 1000) > 0); /* an alert */
        assert_int_equal(ends[0].progress, TLS_REFUSED_BY_PEER);
        close_both();
    }
}

static void a_record_that_is_missing_or_twice_ends_it(void **unused)
{
    (void)unused;
    for (int twice = 0; twice < 2; twice++) {
        open_both();
        settle(SIZE_MAX / 2);
        say(&ends[0], (const uint8_t *)"hello", 5);
        struct tls_records first = tls_session_take(ends[0].session);
        say(&ends[0], (const uint8_t *)"world", 5);
        struct tls_records second = tls_session_take(ends[0].session);
        if (twice)
            end_is_fed(&ends[1], first.bytes, first.size);
        end_is_fed(&ends[1], twice ? first.bytes : second.bytes, first.size);
        assert_int_equal(ends[1].progress, TLS_BROKEN);
        assert_int_equal(ends[1].heard_size, twice ? 5 : 0);
        free(first.bytes);
        free(second.bytes);
        close_both();
    }
}

static void what_is_no_tls_ends_it(void **unused)
{
    static const char junk[] = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
    (void)unused;
    for (int i = 0; i < 2; i++) {
        open_both();
        end_is_fed(&ends[i], (const uint8_t *)junk, sizeof junk - 1);
        assert_int_equal(ends[i].progress, TLS_BROKEN);
        close_both();
    }
}

static void a_new_certificate_is_shown_from_the_next_session_on(void **unused)
{
    struct tls_certificate fresh;
    struct end before[2];
    (void)unused;
    tls_certificate_make(&fresh, TLS_CERTIFICATE_P256);
    open_both(); /* it has the old one already */
    assert_int_equal(
        tls_own_set(owns[1], fresh.certificate_path, fresh.key_path), ERR_NONE);
    settle(SIZE_MAX / 2);
    assert_memory_equal(ends[0].peer.spki, certificates[1].spki, 32);
    memcpy(before, ends, sizeof ends);
    open_both();
    settle(SIZE_MAX / 2);
    assert_memory_equal(ends[0].peer.spki, fresh.spki, 32);
    close_both();
    for (int i = 0; i < 2; i++)
        end_close(&before[i]);
    assert_int_equal(tls_own_set(owns[1], certificates[1].certificate_path,
                         certificates[1].key_path),
        ERR_NONE);
    tls_certificate_remove(&fresh);
}

/* ---- With plain OpenSSL ------------------------------------------------ */

struct raw {
    SSL *ssl;
    BIO *in;
    BIO *out;
};

static int trust(int preverified, X509_STORE_CTX *store)
{
    (void)preverified;
    (void)store;
    return 1;
}

static void raw_open(struct raw *raw, bool is_server,
    const struct tls_certificate *certificate, bool with_chain, int version_max)
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
    if (with_chain)
        assert_int_equal(
            SSL_CTX_add1_chain_cert(context, SSL_CTX_get0_certificate(context)),
            1);
    raw->ssl = SSL_new(context);
    raw->in = BIO_new(BIO_s_mem());
    raw->out = BIO_new(BIO_s_mem());
    assert_true(raw->ssl != NULL && raw->in != NULL && raw->out != NULL);
    SSL_CTX_free(context);
    SSL_set_bio(raw->ssl, raw->in, raw->out);
    if (is_server)
        SSL_set_accept_state(raw->ssl);
    else
        SSL_set_connect_state(raw->ssl);
}

/* What it has to say gets to the session, and the other way round. */
static size_t raw_pass(struct raw *raw, struct end *end)
{
    uint8_t heard[4096];
    size_t size = (size_t)BIO_pending(raw->out);
    uint8_t *bytes = malloc(size + 1);
    assert_non_null(bytes);
    if (size > 0) {
        assert_int_equal(BIO_read(raw->out, bytes, (int)size), size);
        end_is_fed(end, bytes, size);
    }
    free(bytes);
    struct tls_records records = tls_session_take(end->session);
    if (records.size > 0)
        assert_int_equal(
            BIO_write(raw->in, records.bytes, (int)records.size), records.size);
    free(records.bytes);
    (void)SSL_read(raw->ssl, heard, sizeof heard);
    ERR_clear_error();
    return size + records.size;
}

static void raw_settle(struct raw *raw, struct end *end)
{
    (void)SSL_do_handshake(raw->ssl);
    ERR_clear_error();
    end_reads(end);
    while (raw_pass(raw, end) > 0) {
    }
}

static enum tls_progress meets(bool is_server, enum tls_certificate_kind kind,
    bool shows, bool with_chain, int version_max)
{
    struct tls_certificate certificate;
    struct raw raw;
    struct end end;
    tls_certificate_make(&certificate, kind);
    raw_open(
        &raw, is_server, shows ? &certificate : NULL, with_chain, version_max);
    end_open(&end, contexts[is_server ? 0 : 1]);
    raw_settle(&raw, &end);
    assert_true((end.told_count == 1) == (end.progress == TLS_GOES_ON));
    enum tls_progress progress = end.progress;
    end_close(&end);
    SSL_free(raw.ssl);
    tls_certificate_remove(&certificate);
    return progress;
}

static void each_kind_of_peer_is_judged(void **unused)
{
    /* clang-format off */
    static const struct {
        const char *it;
        enum tls_certificate_kind kind;
        bool shows, with_chain;
        int version;
        enum tls_progress client, server; /* we, against it */
    } rows[] = {
        { "Ed25519",        TLS_CERTIFICATE_ED25519, true,  false, TLS1_3_VERSION, TLS_GOES_ON, TLS_GOES_ON },
        { "P-256",          TLS_CERTIFICATE_P256,    true,  false, TLS1_3_VERSION, TLS_GOES_ON, TLS_GOES_ON },
        /* no signature of these is offered, so servers give up, and clients
         * send no certificate */
        { "P-384",          TLS_CERTIFICATE_P384,    true,  false, TLS1_3_VERSION, TLS_REFUSED_BY_PEER, TLS_UNWANTED },
        { "RSA",            TLS_CERTIFICATE_RSA,     true,  false, TLS1_3_VERSION, TLS_REFUSED_BY_PEER, TLS_UNWANTED },
        { "no certificate", TLS_CERTIFICATE_ED25519, false, false, TLS1_3_VERSION, TLS_REFUSED_BY_PEER, TLS_UNWANTED },
        { "a chain",        TLS_CERTIFICATE_ED25519, true,  true,  TLS1_3_VERSION, TLS_UNWANTED, TLS_UNWANTED },
        { "TLS 1.2",        TLS_CERTIFICATE_P256,    true,  false, TLS1_2_VERSION, TLS_REFUSED_BY_PEER, TLS_BROKEN },
    };
    /* clang-format on */
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int is_server = 0; is_server < 2; is_server++) {
            enum tls_progress want =
                is_server ? rows[i].client : rows[i].server;
            enum tls_progress got = meets(is_server, rows[i].kind,
                rows[i].shows, rows[i].with_chain, rows[i].version);
            if (got != want)
                fail_msg("%s, as %s: %d, not %d", rows[i].it,
                    is_server ? "server" : "client", (int)got, (int)want);
        }
    }
}

static void raw_changes_keys(struct raw *raw, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(SSL_key_update(raw->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(raw->ssl), 1);
    }
}

static void a_change_of_keys_is_answered(void **unused)
{
    struct raw raw;
    (void)unused;
    for (int is_server = 0; is_server < 2; is_server++) {
        struct end *end = &ends[0];
        raw_open(&raw, is_server, &certificates[0], false, TLS1_3_VERSION);
        end_open(end, contexts[is_server ? 0 : 1]);
        raw_settle(&raw, end);
        for (size_t i = 0; i < TLS_MESSAGE_COUNT_MAX; i++) {
            uint8_t byte = 'a';
            raw_changes_keys(&raw, 2);
            assert_int_equal(SSL_write(raw.ssl, &byte, 1), 1);
            (void)raw_pass(&raw, end);
            say(end, (const uint8_t *)"b", 1);
            (void)raw_pass(&raw, end);
        }
        assert_int_equal(end->progress, TLS_GOES_ON);
        assert_int_equal(end->heard_size, TLS_MESSAGE_COUNT_MAX);
        end_close(end);
        SSL_free(raw.ssl);
    }
}

static void changes_of_keys_without_end_end_it(void **unused)
{
    struct raw raw;
    struct end *end = &ends[0];
    (void)unused;
    raw_open(&raw, false, &certificates[0], false, TLS1_3_VERSION);
    end_open(end, contexts[1]);
    raw_settle(&raw, end);
    raw_changes_keys(&raw, 2000);
    size_t size = (size_t)BIO_pending(raw.out);
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(BIO_read(raw.out, bytes, (int)size), size);
    end_is_fed(end, bytes, size);
    free(bytes);
    assert_int_equal(end->progress, TLS_BROKEN);
    /* it stopped there, and answered no more than it had read */
    assert_true(tls_session_unread(end->session) > size / 2);
    struct tls_records records = tls_session_take(end->session);
    assert_true(records.size < 4096);
    free(records.bytes);
    end_close(end);
    SSL_free(raw.ssl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_know_each_other),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(much_goes_both_ways_in_full_records),
        cmocka_unit_test(records_that_nobody_takes_have_a_bound),
        cmocka_unit_test(memory_is_used_again_and_none_is_kept),
        cmocka_unit_test(nothing_is_written_to_who_is_not_known),
        cmocka_unit_test(a_refusal_is_told),
        cmocka_unit_test(what_ended_stays_so),
        cmocka_unit_test(a_goodbye_is_heard_behind_what_was_said),
        cmocka_unit_test(who_leaves_before_he_is_known_says_nothing),
        cmocka_unit_test(a_handshake_cut_anywhere_is_none),
        cmocka_unit_test(a_record_that_was_changed_ends_it),
        cmocka_unit_test(a_record_that_is_missing_or_twice_ends_it),
        cmocka_unit_test(what_is_no_tls_ends_it),
        cmocka_unit_test(a_new_certificate_is_shown_from_the_next_session_on),
        cmocka_unit_test(each_kind_of_peer_is_judged),
        cmocka_unit_test(a_change_of_keys_is_answered),
        cmocka_unit_test(changes_of_keys_without_end_end_it),
    };
    return cmocka_run_group_tests(tests, open_cast, close_cast);
}
