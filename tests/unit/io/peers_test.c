/* Two honest transports. What is not honest is in peers_hostile_test.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limits.h"
#include "support/peers_bench.h"

#define LONG_MS 50000u

/* The peer's refusal, or the reset that follows it. */
#define REFUSED                                                                \
    (1u << PEERS_REASON_REFUSED_BY_PEER | 1u << PEERS_REASON_LOST |            \
        1u << PEERS_REASON_CLOSED_BY_PEER |                                    \
        1u << PEERS_REASON_HANDSHAKE_ABANDONED)

static struct bench alice, bob;

static void open_both(const struct peers_options *options)
{
    bench_open(&alice, options);
    bench_open(&bob, options);
    bench_pin(&alice, &bob);
    bench_pin(&bob, &alice);
}

static void close_both(void)
{
    bench_close(&alice);
    bench_close(&bob);
}

static uint8_t *make_body(size_t size)
{
    uint8_t *body = malloc(size + 1);
    assert_non_null(body);
    for (size_t i = 0; i < size; i++)
        body[i] = (uint8_t)(i * 7 + i / 251);
    return body;
}

static void assert_echoed(uint64_t token, const uint8_t *body, size_t size)
{
    assert_int_equal(bench_await(&alice, token), ERR_NONE);
    assert_int_equal(alice.sizes[token], size);
    assert_int_equal(alice.sums[token], bench_sum(body, size));
}

static void bodies_of_every_size_go_and_come(void **unused)
{
    static const size_t sizes[] = { 0, 1, 100, 15991, 15992, 15993, 16384,
        65535, 65536, 131072, FRAME_SIZE_MAX };
    (void)unused;
    open_both(NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *body = make_body(sizes[i]);
        bench_ask(&alice, &bob, i, body, sizes[i], LONG_MS);
        assert_echoed(i, body, sizes[i]);
        free(body);
    }
    assert_int_equal(bench_counters(&alice).dialed, 1);
    assert_int_equal(bench_counters(&bob).accepted, 1);
    assert_int_equal(bob.reply_failed_count, 0);
    close_both();
}

/* -1: not a connection. */
static int waits_for_more(int fd)
{
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    int at_once = 0;
    socklen_t size = sizeof at_once;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) != 0 ||
        getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, &size) != 0)
        return -1;
    return !at_once;
}

/* The end of a large body waited for the other side to say that it had the
 * rest, which takes 40 ms. */
static void the_end_of_a_body_leaves_at_once(void **unused)
{
    struct rlimit limit;
    int connection_count = 0;
    (void)unused;
    open_both(NULL);
    bench_ask(&alice, &bob, 0, "q", 1, LONG_MS);
    assert_echoed(0, (const uint8_t *)"q", 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int fd = 0; fd < (int)limit.rlim_cur && fd < 4096; fd++) {
        int waits = waits_for_more(fd);
        connection_count += waits >= 0;
        assert_int_not_equal(waits, 1);
    }
    assert_int_equal(connection_count, 2); /* both ends */
    close_both();
}

static void a_larger_body_is_refused_before_it_leaves(void **unused)
{
    (void)unused;
    open_both(NULL);
    uint8_t *body = make_body(FRAME_SIZE_MAX + 1);
    const char *const urls[] = { bob.url };
    struct peers_address address = {
        .endpoints = urls,
        .endpoint_count = 1,
        .spki = (const uint8_t(*)[32]) & bob.certificate.spki,
        .spki_count = 1,
    };
    assert_int_equal(peers_request(alice.peers, &address, 0, body,
                         FRAME_SIZE_MAX + 1, LONG_MS),
        ERR_LIMIT);
    assert_int_equal(
        peers_request(alice.peers, &address, 0, body, 1, 0), ERR_INVALID);
    address.spki_count = 0;
    assert_int_equal(
        peers_request(alice.peers, &address, 0, body, 1, 1), ERR_INVALID);
    free(body);
    close_both();
    assert_int_equal(alice.reply_count, 0);
}

static void many_at_once_each_get_their_own(void **unused)
{
    enum { COUNT = 2048, WINDOW = 32 };
    (void)unused;
    open_both(NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        if (i >= WINDOW)
            bench_await_replies(&alice, i - WINDOW + 1);
        bench_ask(&alice, &bob, i, &i, sizeof i, LONG_MS);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        assert_echoed(i, (const uint8_t *)&i, sizeof i);
    assert_int_equal(bench_counters(&alice).dialed, 1);
    close_both();
}

static void replies_may_come_in_any_order(void **unused)
{
    enum { COUNT = 8 };
    (void)unused;
    open_both(NULL);
    bob.manner = BENCH_HOLD;
    for (uint64_t i = 0; i < COUNT; i++)
        bench_ask(&alice, &bob, i, "q", 1, LONG_MS);
    bench_await_requests(&bob, COUNT);
    for (uint8_t i = COUNT; i > 0; i--) {
        uint8_t answer = (uint8_t)(i - 1);
        assert_int_equal(bench_answer(&bob, answer, &answer, 1), ERR_NONE);
    }
    for (uint8_t i = 0; i < COUNT; i++)
        assert_echoed(i, &i, 1);
    assert_int_equal(bench_answer(&bob, 0, "again", 5), ERR_NOT_FOUND);
    close_both();
}

static void both_ask_each_other(void **unused)
{
    (void)unused;
    open_both(NULL);
    for (uint32_t i = 0; i < 200; i++) {
        bench_ask(&alice, &bob, i, "to bob", 6, LONG_MS);
        bench_ask(&bob, &alice, i, "to alice", 8, LONG_MS);
        assert_int_equal(bench_await(&alice, i), ERR_NONE);
        assert_int_equal(bench_await(&bob, i), ERR_NONE);
    }
    assert_int_equal(bench_counters(&alice).open, 2);
    close_both();
}

static void p256_and_ed25519_understand_each_other(void **unused)
{
    struct peers_options options = bench_options();
    struct tls_certificate p256;
    (void)unused;
    tls_certificate_make(&p256, TLS_CERTIFICATE_P256);
    bench_open(&alice, NULL);
    bench_open_at(&bob, &options, NULL, &p256);
    bench_pin(&alice, &bob);
    bench_pin(&bob, &alice);
    bench_ask(&alice, &bob, 0, "x", 1, LONG_MS);
    bench_ask(&bob, &alice, 0, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 0), ERR_NONE);
    assert_int_equal(bench_await(&bob, 0), ERR_NONE);
    close_both();
}

static void a_full_queue_is_busy(void **unused)
{
    struct peers_options options = bench_options();
    (void)unused;
    options.request_count_max = 4;
    open_both(&options);
    bob.manner = BENCH_HOLD;
    for (uint64_t i = 0; i < 4; i++)
        bench_ask(&alice, &bob, i, "x", 1, LONG_MS);
    bench_await_requests(&bob, 4);
    bench_ask(&alice, &bob, 4, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 4), ERR_BUSY);
    assert_int_equal(bench_answer(&bob, 2, "y", 1), ERR_NONE);
    assert_int_equal(bench_await(&alice, 2), ERR_NONE);
    bench_ask(&alice, &bob, 5, "x", 1, LONG_MS);
    bench_await_requests(&bob, 5);
    close_both();
    assert_int_equal(alice.errs[0], ERR_UNREACHABLE); /* told at the end */
    assert_int_equal(alice.told[0], 1);
    assert_int_equal(alice.told[5], 1);
}

static void memory_has_a_limit(void **unused)
{
    struct peers_options options = bench_options();
    uint8_t body[4096] = { 0 };
    (void)unused;
    options.memory_size_max = 10000;
    open_both(&options);
    bob.manner = BENCH_HOLD;
    const char *const nowhere[] = { "tls+tcp://127.0.0.1:1" };
    uint8_t spki[32] = { 1 };
    /* what waits counts: the third has no room beside two */
    bench_ask(&alice, &bob, 0, body, 1, LONG_MS);
    bench_await_requests(&bob, 1);
    assert_int_equal(peers_set_pins(bob.peers, NULL, 0), ERR_NONE);
    bench_ask_at(&alice, nowhere, 0, spki, 1, body, sizeof body, LONG_MS);
    assert_int_equal(bench_await(&alice, 1), ERR_UNREACHABLE);
    uint8_t *large = make_body(20000);
    bench_ask(&alice, &bob, 2, large, 20000, LONG_MS);
    assert_int_equal(bench_await(&alice, 2), ERR_BUSY);
    free(large);
    assert_int_equal(bench_await(&alice, 0), ERR_UNREACHABLE);
    bench_await_quiet(&alice);
    bench_await_quiet(&bob);
    close_both();
}

static void a_late_reply_is_a_timeout_and_harms_nobody(void **unused)
{
    (void)unused;
    open_both(NULL);
    bob.manner = BENCH_HOLD;
    bench_ask(&alice, &bob, 0, "slow", 4, 100);
    bench_ask(&alice, &bob, 1, "patient", 7, LONG_MS);
    bench_await_requests(&bob, 2);
    assert_int_equal(
        bench_answer(&bob, 1, "early", 5), ERR_NONE); /* so it is not mute */
    assert_int_equal(bench_await(&alice, 1), ERR_NONE);
    bench_pass(100);
    assert_int_equal(bench_await(&alice, 0), ERR_TIMEOUT);
    assert_int_equal(bench_answer(&bob, 0, "late", 4), ERR_NONE);
    bench_ask(&alice, &bob, 2, "next", 4, LONG_MS);
    bench_await_requests(&bob, 3);
    assert_int_equal(bench_answer(&bob, 2, "answer", 6), ERR_NONE);
    assert_int_equal(bench_await(&alice, 2), ERR_NONE);
    assert_int_equal(bench_counters(&alice).late_reply, 1);
    assert_int_equal(bench_counters(&alice).dialed, 1);
    close_both();
}

static void a_mute_connection_is_given_up(void **unused)
{
    (void)unused;
    open_both(NULL);
    bob.manner = BENCH_HOLD;
    bench_ask(&alice, &bob, 0, "x", 1, 100);
    bench_await_requests(&bob, 1);
    bench_pass(100);
    assert_int_equal(bench_await(&alice, 0), ERR_TIMEOUT);
    bench_await_closed(&alice, PEERS_REASON_REPLY_TIMEOUT, 1);
    bench_ask(&alice, &bob, 1, "x", 1, LONG_MS);
    bench_await_requests(&bob, 2);
    assert_int_equal(bench_answer(&bob, 1, "y", 1), ERR_NONE);
    assert_int_equal(bench_await(&alice, 1), ERR_NONE);
    assert_int_equal(bench_counters(&alice).dialed, 2);
    close_both();
}

static void what_we_never_answer_is_given_up(void **unused)
{
    struct peers_options options = bench_options();
    (void)unused;
    options.reply_ms_max = 40;
    bench_open(&bob, &options);
    bench_open(&alice, NULL);
    bench_pin(&bob, &alice);
    bob.manner = BENCH_HOLD;
    bench_ask(&alice, &bob, 0, "x", 1, 100);
    bench_await_requests(&bob, 1);
    bench_pass(options.reply_ms_max + 1);
    bench_await_unanswered(&bob, 1);
    assert_int_equal(alice.reply_count, 0);
    bench_pass(100);
    assert_int_equal(bench_await(&alice, 0), ERR_TIMEOUT);
    assert_int_equal(bench_answer(&bob, 0, "y", 1), ERR_NOT_FOUND);
    close_both();
}

/* ---- Keys -------------------------------------------------------------- */

static void a_wrong_key_at_the_endpoint_is_an_error_of_its_own(void **unused)
{
    uint8_t expected[32] = { 1, 2, 3 };
    (void)unused;
    open_both(NULL);
    const char *const urls[] = { bob.url };
    bench_ask_at(&alice, urls, 1, expected, 0, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 0), ERR_KEY);
    bench_await_closed(&alice, PEERS_REASON_WRONG_KEY, 1);
    bench_await_closed_for(&bob, REFUSED, 1);
    assert_int_equal(bob.request_count, 0);
    close_both();
}

static void a_key_that_is_not_pinned_is_refused(void **unused)
{
    (void)unused;
    open_both(NULL);
    assert_int_equal(peers_set_pins(bob.peers, NULL, 0), ERR_NONE);
    bench_ask(&alice, &bob, 0, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 0), ERR_UNREACHABLE);
    bench_await_closed(&bob, PEERS_REASON_STRANGER, 1);
    bench_await_closed_for(&alice, REFUSED, 1);
    assert_int_equal(bob.request_count, 0);
    close_both();
}

static void a_stranger_may_say_little_where_allowed(void **unused)
{
    struct peers_options options = bench_options();
    (void)unused;
    options.strangers_allowed = true;
    open_both(&options);
    assert_int_equal(peers_set_pins(bob.peers, NULL, 0), ERR_NONE);
    bob.manner = BENCH_HOLD;
    uint8_t *body = make_body(STRANGER_FRAME_SIZE_MAX + 1);
    bench_ask(&alice, &bob, 0, body, STRANGER_FRAME_SIZE_MAX, LONG_MS);
    bench_await_requests(&bob, 1);
    assert_true(bob.held[0].stranger);
    assert_int_equal(bob.held[0].size, STRANGER_FRAME_SIZE_MAX);
    assert_int_equal(bench_counters(&bob).open, 0);
    assert_int_equal(bench_counters(&bob).half_open, 1);
    assert_int_equal(
        bench_answer(&bob, 0, body, STRANGER_FRAME_SIZE_MAX + 1), ERR_NONE);
    assert_int_equal(bench_await(&alice, 0), ERR_NONE);
    bench_ask(&alice, &bob, 1, body, STRANGER_FRAME_SIZE_MAX + 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 1), ERR_UNREACHABLE);
    bench_await_closed(&bob, PEERS_REASON_OVERSIZE, 1);
    free(body);
    close_both();
}

static void any_of_a_peers_keys_is_the_peer(void **unused)
{
    uint8_t keys[2][32] = { { 9 } };
    (void)unused;
    open_both(NULL);
    memcpy(keys[1], bob.certificate.spki, 32);
    const char *const urls[] = { bob.url };
    struct peers_address address = {
        .endpoints = urls,
        .endpoint_count = 1,
        .spki = (const uint8_t(*)[32])keys,
        .spki_count = 2,
    };
    assert_int_equal(
        peers_request(alice.peers, &address, 0, NULL, 0, LONG_MS), ERR_NONE);
    assert_int_equal(bench_await(&alice, 0), ERR_NONE);
    /* the key in use is withdrawn */
    address.spki_count = 1;
    assert_int_equal(
        peers_request(alice.peers, &address, 1, NULL, 0, LONG_MS), ERR_NONE);
    assert_int_equal(bench_await(&alice, 1), ERR_KEY);
    bench_await_closed(&alice, PEERS_REASON_UNPINNED, 1);
    close_both();
}

static void withdrawn_pins_end_connections(void **unused)
{
    uint8_t others[3][32] = { { 1 }, { 2 }, { 3 } };
    (void)unused;
    open_both(NULL);
    bench_ask(&alice, &bob, 0, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 0), ERR_NONE);
    memcpy(others[2], alice.certificate.spki, 32);
    assert_int_equal(
        peers_set_pins(bob.peers, (const uint8_t(*)[32])others, 3), ERR_NONE);
    bench_ask(&alice, &bob, 1, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 1), ERR_NONE);
    assert_int_equal(bob.closed[PEERS_REASON_UNPINNED], 0);
    assert_int_equal(
        peers_set_pins(bob.peers, (const uint8_t(*)[32])others, 2), ERR_NONE);
    bench_await_closed(&bob, PEERS_REASON_UNPINNED, 1);
    bench_await_closed_for(&alice, REFUSED, 1);
    close_both();
}

/* ---- Coming and going -------------------------------------------------- */

static void endpoints_are_tried_in_order(void **unused)
{
    (void)unused;
    open_both(NULL);
    bench_close_only(&bob); /* its port is free now */
    struct tls_certificate certificate = bob.certificate;
    char dead[64];
    (void)snprintf(dead, sizeof dead, "%s", bob.url);
    struct peers_options options = bench_options();
    bench_open_at(&bob, &options, NULL, &certificate);
    bench_pin(&bob, &alice);
    const char *const urls[] = { dead, "ipc:///tmp/refer", "tcp://127.0.0.1:1",
        "nonsense", alice.url /* the wrong key */, bob.url };
    bench_ask_at(&alice, urls, 6, bob.certificate.spki, 0, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 0), ERR_NONE);
    const char *const none[] = { dead, "nonsense" };
    uint8_t unknown[32] = { 5 };
    bench_ask_at(&alice, none, 2, unknown, 1, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 1), ERR_UNREACHABLE);
    bench_ask_at(&alice, none, 0, unknown, 2, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 2), ERR_UNREACHABLE);
    close_both();
}

static void a_peer_that_returns_on_its_port_is_found_again(void **unused)
{
    struct peers_options options = bench_options();
    (void)unused;
    open_both(NULL);
    struct tls_certificate certificate = bob.certificate;
    char url[64];
    (void)snprintf(url, sizeof url, "%s", bob.url);
    for (uint64_t i = 0; i < 5; i++) {
        bench_ask(&alice, &bob, 3 * i, "x", 1, LONG_MS);
        assert_int_equal(bench_await(&alice, 3 * i), ERR_NONE);
        bob.manner = BENCH_HOLD;
        bench_ask(&alice, &bob, 3 * i + 1, "x", 1, LONG_MS);
        bench_await_requests(&bob, 2);
        bench_close_only(&bob);
        assert_int_equal(bench_await(&alice, 3 * i + 1), ERR_UNREACHABLE);
        bench_ask(&alice, &bob, 3 * i + 2, "x", 1, LONG_MS);
        assert_int_equal(bench_await(&alice, 3 * i + 2), ERR_UNREACHABLE);
        bench_open_at(&bob, &options, url, &certificate);
        bench_pin(&bob, &alice);
    }
    assert_int_equal(bench_counters(&alice).request, 0);
    close_both();
}

static void idle_connections_end_and_come_back(void **unused)
{
    struct peers_options options = bench_options();
    (void)unused;
    options.idle_ms_max = 40;
    open_both(&options);
    for (uint64_t i = 0; i < 3; i++) {
        bench_ask(&alice, &bob, i, "x", 1, LONG_MS);
        assert_int_equal(bench_await(&alice, i), ERR_NONE);
        bench_pass(options.idle_ms_max); /* who asks ends it, and earlier */
        bench_await_closed(&alice, PEERS_REASON_IDLE, i + 1);
    }
    bench_await_quiet(&alice);
    bench_await_quiet(&bob);
    /* a request that waits for its reply is not idle */
    bob.manner = BENCH_HOLD;
    bench_ask(&alice, &bob, 3, "x", 1, 1000);
    bench_await_requests(&bob, 4);
    bench_pass(1000);
    assert_int_equal(bench_await(&alice, 3), ERR_TIMEOUT);
    assert_int_equal(alice.closed[PEERS_REASON_IDLE], 3);
    assert_int_equal(bob.closed[PEERS_REASON_IDLE], 0);
    close_both();
}

static void a_peers_newest_connection_wins(void **unused)
{
    enum { COUNT = 4 };
    static struct bench same[COUNT];
    struct peers_options options = bench_options();
    (void)unused;
    options.connection_per_peer_count_max = 2;
    open_both(&options);
    bench_ask(&alice, &bob, 0, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, 0), ERR_NONE);
    for (size_t i = 0; i < COUNT; i++) {
        bench_open_at(&same[i], &options, NULL, &alice.certificate);
        bench_ask(&same[i], &bob, 0, "x", 1, LONG_MS);
        assert_int_equal(bench_await(&same[i], 0), ERR_NONE);
        if (i > 0)
            bench_await_closed(&bob, PEERS_REASON_REPLACED, i);
    }
    bench_await_open(&bob, 2);
    assert_int_equal(bench_counters(&same[COUNT - 1]).open, 1);
    for (size_t i = 0; i < COUNT; i++)
        bench_close_only(&same[i]);
    close_both();
}

/* ---- A process of its own, to be killed -------------------------------- */

struct child {
    pid_t id;
    int output;
    char url[64];
};

static const char *self;

/* This program again, as a peer that answers nothing. */
static void child_start(struct child *child, const struct bench *known)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    char spki[65];
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(spki + 2 * i, 3, "%02x", known->certificate.spki[i]);
    child->id = fork();
    assert_true(child->id >= 0);
    if (child->id == 0) {
        if (dup2(ends[1], STDOUT_FILENO) >= 0)
            (void)execl(self, self, "serve", bob.certificate.certificate_path,
                bob.certificate.key_path, spki, (char *)NULL);
        _exit(1);
    }
    assert_int_equal(close(ends[1]), 0);
    FILE *output = fdopen(ends[0], "r");
    assert_non_null(output);
    assert_non_null(fgets(child->url, sizeof child->url, output));
    child->url[strcspn(child->url, "\n")] = '\0';
    assert_int_equal(fclose(output), 0);
}

static void child_kill(struct child *child)
{
    int status;
    assert_int_equal(kill(child->id, SIGKILL), 0);
    assert_int_equal(waitpid(child->id, &status, 0), child->id);
}

static void serve_request(void *user, uint64_t connection, uint32_t number,
    const uint8_t spki[32], bool stranger, struct peers_body body)
{
    struct peers **peers = user;
    (void)spki;
    (void)stranger;
    /* 'e' wants an echo, anything else waits for ever */
    if (body.size > 0 && body.bytes[0] == 'e' &&
        peers_reply(*peers, connection, number, body.bytes, body.size) !=
            ERR_NONE)
        _exit(3);
    free(body.block);
}

static void serve_closed(
    void *user, enum peers_reason reason, const uint8_t *spki)
{
    (void)user;
    (void)reason;
    (void)spki;
}

static int serve(const char *certificate, const char *key, const char *hex)
{
    static struct peers *peers;
    struct peers_options options = bench_options();
    struct peers_problem problem;
    struct peers_events events = {
        .user = &peers,
        .on_request = serve_request,
        .on_closed = serve_closed,
    };
    uint8_t pin[1][32];
    for (size_t i = 0; i < 32; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return 1;
        pin[0][i] = (uint8_t)byte;
    }
    options.certificate_path = certificate;
    options.key_path = key;
    if (peers_open(&options, &events, &peers, &problem) != ERR_NONE ||
        peers_set_pins(peers, (const uint8_t(*)[32])pin, 1) != ERR_NONE)
        return 1;
    printf("tls+tcp://127.0.0.1:%u\n", (unsigned)peers_port(peers, 0));
    if (fflush(stdout) != 0)
        return 1;
    for (;;)
        (void)pause();
}

static void each_request_to_a_killed_peer_fails_once(void **unused)
{
    enum { ROUNDS = 3, COUNT = 20 };
    (void)unused;
    open_both(NULL);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct child child;
        child_start(&child, &alice);
        const char *const urls[] = { child.url };
        uint64_t first = round * (COUNT + 1);
        for (uint64_t i = 0; i < COUNT; i++)
            bench_ask_at(&alice, urls, 1, bob.certificate.spki, first + i,
                "wait", 4, LONG_MS);
        bench_ask_at(&alice, urls, 1, bob.certificate.spki, first + COUNT,
            "echo", 4, LONG_MS);
        assert_int_equal(bench_await(&alice, first + COUNT), ERR_NONE);
        child_kill(&child);
        for (uint64_t i = 0; i < COUNT; i++)
            assert_int_equal(bench_await(&alice, first + i), ERR_UNREACHABLE);
    }
    assert_int_equal(alice.reply_count, ROUNDS * (COUNT + 1));
    bench_await_quiet(&alice);
    close_both();
}

/* ---- Options ----------------------------------------------------------- */

static enum err open_with(const struct peers_options *options, const char *url)
{
    struct peers_options filled = *options;
    struct peers_events events = { .user = NULL };
    struct peers_problem problem;
    struct peers *peers = NULL;
    filled.listen_urls = &url;
    enum err err = peers_open(&filled, &events, &peers, &problem);
    assert_non_null(problem.what);
    assert_true((err == ERR_NONE) == (peers != NULL));
    peers_close(peers);
    return err;
}

static void what_cannot_be_opened_is_said(void **unused)
{
    struct tls_certificate certificate, other;
    char taken[64];
    (void)unused;
    tls_certificate_make(&certificate, TLS_CERTIFICATE_ED25519);
    tls_certificate_make(&other, TLS_CERTIFICATE_RSA);
    struct peers_options good = bench_options();
    good.certificate_path = certificate.certificate_path;
    good.key_path = certificate.key_path;
    assert_int_equal(open_with(&good, "tls+tcp://127.0.0.1:0"), ERR_NONE);
    assert_int_equal(open_with(&good, "tcp://127.0.0.1:0"), ERR_INVALID);
    assert_int_equal(open_with(&good, "ipc:///tmp/refer"), ERR_INVALID);
    assert_int_equal(
        open_with(&good, "tls+tcp://192.0.2.1:1"), ERR_UNREACHABLE);

    bench_open(&alice, NULL);
    (void)snprintf(taken, sizeof taken, "%s", alice.url);
    assert_int_equal(open_with(&good, taken), ERR_UNREACHABLE);
    bench_close(&alice);

    struct peers_options bad = good;
    bad.key_path = "/nonexistent";
    assert_int_equal(open_with(&bad, "tls+tcp://127.0.0.1:0"), ERR_NOT_FOUND);
    bad = good;
    bad.key_path = other.key_path;
    assert_int_equal(open_with(&bad, "tls+tcp://127.0.0.1:0"), ERR_KEY);
    bad = good;
    bad.request_count_max = CONNECTION_REQUEST_COUNT_MAX + 1;
    assert_int_equal(open_with(&bad, "tls+tcp://127.0.0.1:0"), ERR_INVALID);
    bad = good;
    bad.half_open_count_max = 0;
    assert_int_equal(open_with(&bad, "tls+tcp://127.0.0.1:0"), ERR_INVALID);
    tls_certificate_remove(&certificate);
    tls_certificate_remove(&other);
}

static void every_reason_has_a_name(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < PEERS_REASON_COUNT; i++)
        assert_string_not_equal(peers_reason_name((enum peers_reason)i), "?");
    assert_string_equal(peers_reason_name(PEERS_REASON_COUNT), "?");
}

int main(int argument_count, char **arguments)
{
    self = "/proc/self/exe";
    if (argument_count == 5 && strcmp(arguments[1], "serve") == 0)
        return serve(arguments[2], arguments[3], arguments[4]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_every_size_go_and_come),
        cmocka_unit_test(the_end_of_a_body_leaves_at_once),
        cmocka_unit_test(a_larger_body_is_refused_before_it_leaves),
        cmocka_unit_test(many_at_once_each_get_their_own),
        cmocka_unit_test(replies_may_come_in_any_order),
        cmocka_unit_test(both_ask_each_other),
        cmocka_unit_test(p256_and_ed25519_understand_each_other),
        cmocka_unit_test(a_full_queue_is_busy),
        cmocka_unit_test(memory_has_a_limit),
        cmocka_unit_test(a_late_reply_is_a_timeout_and_harms_nobody),
        cmocka_unit_test(a_mute_connection_is_given_up),
        cmocka_unit_test(what_we_never_answer_is_given_up),
        cmocka_unit_test(a_wrong_key_at_the_endpoint_is_an_error_of_its_own),
        cmocka_unit_test(a_key_that_is_not_pinned_is_refused),
        cmocka_unit_test(a_stranger_may_say_little_where_allowed),
        cmocka_unit_test(any_of_a_peers_keys_is_the_peer),
        cmocka_unit_test(withdrawn_pins_end_connections),
        cmocka_unit_test(endpoints_are_tried_in_order),
        cmocka_unit_test(a_peer_that_returns_on_its_port_is_found_again),
        cmocka_unit_test(idle_connections_end_and_come_back),
        cmocka_unit_test(a_peers_newest_connection_wins),
        cmocka_unit_test(each_request_to_a_killed_peer_fails_once),
        cmocka_unit_test(what_cannot_be_opened_is_said),
        cmocka_unit_test(every_reason_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
