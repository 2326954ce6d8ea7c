#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/tls_probe.h"
#include "support/tls_raw.h"

/* Long, and never waited for by a test that passes. */
#define PATIENCE_MS 300000
#define TLS_1_2 0x0303
#define TLS_1_3 0x0304

/* A server for one connection. */
struct scene {
    int listening;
    uint16_t port;
    char url[64];
    struct tls_certificate server;
    struct tls_certificate client;
    int version_max;
    bool says_plain; /* no TLS at all */
    enum tls_raw_end end;
    bool waits; /* for our goodbye, before it ends */
    pthread_t thread;
};

static void *serve(void *user)
{
    struct scene *scene = user;
    struct tls_raw raw;
    tls_raw_accept(&raw, scene->listening);
    if (scene->says_plain) {
        tls_raw_write_plain(&raw, "220 mail\r\n", 10);
        tls_raw_close(&raw, TLS_RAW_END_FIN);
        return NULL;
    }
    bool done = tls_raw_handshake(
        &raw, TLS_RAW_SERVER, &scene->server, NULL, scene->version_max);
    if (done && scene->waits)
        tls_raw_wait_end(&raw);
    tls_raw_close(&raw, scene->end);
    return NULL;
}

static void scene_begin(struct scene *scene)
{
    scene->listening = tls_raw_listen(&scene->port);
    (void)snprintf(scene->url, sizeof scene->url, "tls+tcp://127.0.0.1:%u",
        (unsigned)scene->port);
    tls_certificate_make(&scene->server, TLS_CERTIFICATE_ED25519);
    tls_certificate_make(&scene->client, TLS_CERTIFICATE_ED25519);
    assert_int_equal(pthread_create(&scene->thread, NULL, serve, scene), 0);
}

static void scene_end(struct scene *scene)
{
    assert_int_equal(pthread_join(scene->thread, NULL), 0);
    (void)close(scene->listening);
    tls_certificate_remove(&scene->server);
    tls_certificate_remove(&scene->client);
}

static void an_endpoint_shows_its_key(void **state)
{
    struct scene scene = {
        .version_max = TLS_1_3, .waits = true, .end = TLS_RAW_END_NOTIFY
    };
    struct tls_probe probe;
    (void)state;
    scene_begin(&scene);
    assert_int_equal(
        tls_probe(scene.url, NULL, NULL, PATIENCE_MS, &probe), ERR_NONE);
    assert_int_equal(probe.outcome, TLS_PROBE_ANSWERED);
    assert_memory_equal(probe.spki, scene.server.spki, sizeof probe.spki);
    /* nothing was shown to it, so nothing is known of its door */
    assert_int_equal(probe.entry, TLS_PROBE_ENTRY_UNKNOWN);
    scene_end(&scene);
}

static void one_that_waits_for_our_goodbye_has_let_us_in(void **state)
{
    static const enum tls_raw_end ends[] = { TLS_RAW_END_NOTIFY,
        TLS_RAW_END_FIN };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene = {
            .version_max = TLS_1_3, .waits = true, .end = ends[i]
        };
        struct tls_probe probe;
        scene_begin(&scene);
        assert_int_equal(tls_probe(scene.url, scene.client.certificate_path,
                             scene.client.key_path, PATIENCE_MS, &probe),
            ERR_NONE);
        assert_int_equal(probe.outcome, TLS_PROBE_ANSWERED);
        assert_int_equal(probe.entry, TLS_PROBE_ADMITTED);
        scene_end(&scene);
    }
}

static void one_that_cuts_the_line_has_not(void **state)
{
    struct scene scene = { .version_max = TLS_1_3, .end = TLS_RAW_END_RESET };
    struct tls_probe probe;
    (void)state;
    scene_begin(&scene);
    assert_int_equal(tls_probe(scene.url, scene.client.certificate_path,
                         scene.client.key_path, PATIENCE_MS, &probe),
        ERR_NONE);
    /* the cut may overtake the end of the handshake */
    assert_true((probe.outcome == TLS_PROBE_ANSWERED &&
                    probe.entry == TLS_PROBE_REJECTED) ||
                probe.outcome == TLS_PROBE_NO_TLS);
    scene_end(&scene);
}

static void what_speaks_no_tls_1_3_is_said_so(void **state)
{
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        struct scene scene = { .version_max = TLS_1_2,
            .says_plain = plain != 0,
            .end = TLS_RAW_END_FIN };
        struct tls_probe probe;
        scene_begin(&scene);
        assert_int_equal(
            tls_probe(scene.url, NULL, NULL, PATIENCE_MS, &probe), ERR_NONE);
        assert_int_equal(probe.outcome, TLS_PROBE_NO_TLS);
        scene_end(&scene);
    }
}

static void nobody_there_is_no_error(void **state)
{
    uint16_t port;
    char url[64];
    struct tls_probe probe;
    int listening = tls_raw_listen(&port);
    (void)state;
    (void)close(listening);
    (void)snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%u", (unsigned)port);
    assert_int_equal(tls_probe(url, NULL, NULL, PATIENCE_MS, &probe), ERR_NONE);
    assert_int_equal(probe.outcome, TLS_PROBE_REFUSED);
}

/* It accepts, since the kernel does, and then says nothing. */
static void silence_ends(void **state)
{
    uint16_t port;
    char url[64];
    struct tls_probe probe;
    int listening = tls_raw_listen(&port);
    (void)state;
    (void)snprintf(url, sizeof url, "tls+tcp://127.0.0.1:%u", (unsigned)port);
    assert_int_equal(tls_probe(url, NULL, NULL, 20, &probe), ERR_NONE);
    assert_int_equal(probe.outcome, TLS_PROBE_SILENT);
    (void)close(listening);
}

static void a_name_that_is_none_is_said_so(void **state)
{
    struct tls_probe probe;
    (void)state;
    /* RFC 6761: never exists; an empty label never could */
    assert_int_equal(tls_probe("tls+tcp://nobody..invalid:1", NULL, NULL,
                         PATIENCE_MS, &probe),
        ERR_NONE);
    assert_int_equal(probe.outcome, TLS_PROBE_NO_HOST);
}

static void keys_that_are_none_are_an_error(void **state)
{
    struct tls_probe probe;
    (void)state;
    assert_int_equal(tls_probe("tls+tcp://127.0.0.1:1", "/nowhere/a.crt",
                         "/nowhere/a.pem", PATIENCE_MS, &probe),
        ERR_KEY);
}

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *url;
        const char *host; /* NULL: it is none */
        const char *port;
    } rows[] = {
        { "tls+tcp://127.0.0.1:7443", "127.0.0.1", "7443" },
        { "tls+tcp://gateway.opendoor.example:1", "gateway.opendoor.example",
            "1" },
        { "tls+tcp://[::1]:65535", "::1", "65535" },
        { "tcp://127.0.0.1:7443", NULL, NULL },
        { "tls+tcp://127.0.0.1", NULL, NULL },
        { "tls+tcp://:7443", NULL, NULL },
        { "tls+tcp://a:", NULL, NULL },
        { "tls+tcp://a:b", NULL, NULL },
        { "tls+tcp://a:123456", NULL, NULL },
        { "tls+tcp://[::1:7443", NULL, NULL },
        { "tls+tcp://[]:7443", NULL, NULL },
        { "tls+tcp://", NULL, NULL },
        { "tls+tcp://a-host-that-is-longer-than-there-is-room:1", NULL, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char host[32];
        char port[6];
        enum err err =
            tls_probe_url(rows[i].url, host, sizeof host, port, sizeof port);
        assert_int_equal(err, rows[i].host == NULL ? ERR_INVALID : ERR_NONE);
        if (err == ERR_NONE) {
            assert_string_equal(host, rows[i].host);
            assert_string_equal(port, rows[i].port);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_shows_its_key),
        cmocka_unit_test(one_that_waits_for_our_goodbye_has_let_us_in),
        cmocka_unit_test(one_that_cuts_the_line_has_not),
        cmocka_unit_test(what_speaks_no_tls_1_3_is_said_so),
        cmocka_unit_test(nobody_there_is_no_error),
        cmocka_unit_test(silence_ends),
        cmocka_unit_test(a_name_that_is_none_is_said_so),
        cmocka_unit_test(keys_that_are_none_are_an_error),
        cmocka_unit_test(urls_are_taken_apart),
    };
    struct sigaction ignored = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGPIPE, &ignored, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
