/* A transport and what is not its peer: strangers, liars, the silent. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/limits.h"
#include "io/frame.h"
#include "support/peers_bench.h"
#include "support/tls_raw.h"

#define TLS_1_2 0x0303
#define TLS_1_3 0x0304
#define LONG_MS 50000u
/* Of the time for a handshake, what a place is kept for who has it. */
#define GRACE_SHARE 10

/* Ways in which TCP shows that the other side left. */
#define LEFT                                                                   \
    (1u << PEERS_REASON_CLOSED_BY_PEER | 1u << PEERS_REASON_LOST |             \
        1u << PEERS_REASON_HANDSHAKE_ABANDONED)

static struct bench bob;   /* under attack */
static struct bench alice; /* his honest peer */
static struct tls_certificate mallory;

static uint16_t port_of(const struct bench *bench)
{
    return peers_port(bench->peers, 0);
}

/* Mallory's key is pinned at Bob's: a peer gone bad. */
static void open_all(const struct peers_options *options)
{
    uint8_t pins[2][32];
    bench_open(&bob, options);
    bench_open(&alice, NULL);
    tls_certificate_make(&mallory, TLS_CERTIFICATE_ED25519);
    memcpy(pins[0], alice.certificate.spki, 32);
    memcpy(pins[1], mallory.spki, 32);
    assert_int_equal(
        peers_set_pins(bob.peers, (const uint8_t(*)[32])pins, 2), ERR_NONE);
}

/* For tests that come faster than sockets go. */
static struct peers_options roomy_options(void)
{
    struct peers_options options = bench_options();
    options.half_open_count_max = 1000;
    options.half_open_per_address_count_max = 1000;
    return options;
}

/* Whatever happened, an honest peer is served, and nothing is left over. */
static void close_all(void)
{
    enum { TOKEN = BENCH_TOKEN_COUNT - 1 };
    bob.manner = BENCH_ECHO;
    bench_ask(&alice, &bob, TOKEN, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, TOKEN), ERR_NONE);
    bench_close_only(&alice);
    tls_certificate_remove(&alice.certificate);
    bench_await_quiet(&bob);
    bench_close(&bob);
    tls_certificate_remove(&mallory);
}

static void join(struct tls_raw *raw)
{
    tls_raw_connect(raw, port_of(&bob), 0);
    assert_true(
        tls_raw_handshake(raw, TLS_RAW_CLIENT, &mallory, NULL, TLS_1_3));
}

/* A frame around `size` bytes of 'x'; the size of all. */
static size_t make_frame(uint8_t *frame, uint32_t number, size_t size)
{
    size_t total = size + 4;
    for (int i = 0; i < 4; i++) {
        frame[i] = (uint8_t)(total >> (24 - 8 * i));
        frame[4 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    memset(frame + 8, 'x', size);
    return size + 8;
}

static void ask(struct tls_raw *raw, uint32_t number)
{
    uint8_t frame[64];
    size_t size = make_frame(frame, number, 8);
    assert_true(tls_raw_write(raw, frame, size));
}

static void assert_answer(struct tls_raw *raw, uint32_t number)
{
    uint8_t want[64], got[64];
    size_t size = make_frame(want, number, 8);
    assert_true(tls_raw_read(raw, got, size));
    assert_memory_equal(got, want, size);
}

/* nng frees streams on a thread of its own. */
static size_t count_files(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    assert_int_equal(closedir(directory), 0);
    return count;
}

static void await_files(size_t count)
{
    struct timespec now, until;
    size_t left;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &until), 0);
    do {
        (void)sched_yield();
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
        left = count_files();
    } while (left > count && now.tv_sec < until.tv_sec + 300);
    assert_true(left <= count); /* a straggler may come in the next moment */
}

/* ---- Before they are known --------------------------------------------- */

static void what_is_not_tls_1_3_is_refused(void **unused)
{
    static const char junk[] = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
    struct tls_raw raw;
    (void)unused;
    open_all(NULL);
    tls_raw_connect(&raw, port_of(&bob), 0);
    tls_raw_write_plain(&raw, junk, sizeof junk - 1);
    tls_raw_wait_end(&raw);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    bench_await_closed(&bob, PEERS_REASON_TLS, 1);

    tls_raw_connect(&raw, port_of(&bob), 0);
    assert_false(
        tls_raw_handshake(&raw, TLS_RAW_CLIENT, &mallory, NULL, TLS_1_2));
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    bench_await_closed(&bob, PEERS_REASON_TLS, 2);
    close_all();
    assert_int_equal(bob.request_count, 1);
}

static void refuse_certificate(const struct tls_certificate *certificate,
    const struct tls_certificate *extra, enum peers_reason reason)
{
    struct tls_raw raw;
    uint8_t byte;
    uint64_t before = bob.closed[reason];
    tls_raw_connect(&raw, port_of(&bob), 0);
    if (tls_raw_handshake(&raw, TLS_RAW_CLIENT, certificate, extra, TLS_1_3))
        assert_false(tls_raw_read(&raw, &byte, 1));
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    bench_await_closed(&bob, reason, before + 1);
}

static void certificates_other_than_pinned_ones_are_refused(void **unused)
{
    struct tls_certificate other;
    (void)unused;
    open_all(NULL);
    refuse_certificate(NULL, NULL, PEERS_REASON_CERTIFICATE);
    tls_certificate_make(&other, TLS_CERTIFICATE_RSA);
    refuse_certificate(&other, NULL, PEERS_REASON_CERTIFICATE);
    tls_certificate_remove(&other);
    tls_certificate_make(&other, TLS_CERTIFICATE_P256);
    refuse_certificate(&other, NULL, PEERS_REASON_STRANGER);
    /* a chain, though its first one is pinned */
    refuse_certificate(&mallory, &other, PEERS_REASON_CERTIFICATE);
    tls_certificate_remove(&other);
    assert_int_equal(bob.request_count, 0);
    close_all();
}

static void a_hello_cut_anywhere_harms_nobody(void **unused)
{
    struct peers_options options = roomy_options();
    uint8_t hello[4096];
    uint64_t count = 0;
    (void)unused;
    open_all(&options);
    size_t size = tls_raw_hello(hello, sizeof hello);
    for (size_t cut = 0; cut <= size; cut += cut < 16 ? 1 : 37) {
        for (int end = TLS_RAW_END_FIN; end < TLS_RAW_END_COUNT; end++) {
            struct tls_raw raw;
            tls_raw_connect(&raw, port_of(&bob), 0);
            tls_raw_write_plain(&raw, hello, cut);
            tls_raw_close(&raw, (enum tls_raw_end)end);
            count++;
        }
    }
    bench_await_closed_for(&bob, LEFT | 1u << PEERS_REASON_TLS, count);
    close_all();
}

static void assert_served(enum err want)
{
    static uint64_t token;
    token = (token + 1) % (BENCH_TOKEN_COUNT - 1);
    bench_ask(&alice, &bob, token, "x", 1, LONG_MS);
    assert_int_equal(bench_await(&alice, token), want);
}

static void the_silent_hold_no_more_than_their_places(void **unused)
{
    enum { COUNT = 60, PLACES = 16, HANDSHAKE_MS = 40 };
    static struct tls_raw raws[COUNT];
    struct peers_options options = bench_options();
    (void)unused;
    options.half_open_count_max = PLACES;
    options.handshake_ms_max = HANDSHAKE_MS;
    open_all(&options);
    for (uint32_t i = 0; i < COUNT; i++) {
        tls_raw_connect(&raws[i], port_of(&bob), 0);
        if (i % 2 == 0)
            tls_raw_write_plain(&raws[i], "\x16\x03\x01", 3);
        assert_true(bench_counters(&bob).half_open <= PLACES);
        bench_await_accepted(&bob, i + 1);
        if (i == COUNT / 2) /* the first have had their chance */
            bench_pass(HANDSHAKE_MS / GRACE_SHARE);
    }
    bench_await_closed(&bob, PEERS_REASON_HALF_OPEN_LIMIT, COUNT - PLACES);
    assert_served(ERR_UNREACHABLE); /* the others have not had theirs */
    bench_pass(HANDSHAKE_MS / GRACE_SHARE);
    assert_served(ERR_NONE); /* while they hold on */
    bench_await_closed(&bob, PEERS_REASON_HALF_OPEN_LIMIT, COUNT - PLACES + 2);
    bench_pass(HANDSHAKE_MS);
    bench_await_closed(&bob, PEERS_REASON_HANDSHAKE_TIMEOUT, PLACES - 1);
    for (size_t i = 0; i < COUNT; i++) {
        tls_raw_wait_end(&raws[i]);
        tls_raw_close(&raws[i], TLS_RAW_END_FIN);
    }
    close_all();
}

static void one_address_has_fewer_places(void **unused)
{
    enum { COUNT = 12, PLACES = 4 };
    static struct tls_raw raws[COUNT];
    struct peers_options options = bench_options();
    (void)unused;
    options.half_open_per_address_count_max = PLACES;
    open_all(&options);
    for (size_t i = 0; i < COUNT; i++)
        tls_raw_connect(&raws[i], port_of(&bob), 0);
    bench_await_closed(&bob, PEERS_REASON_ADDRESS_LIMIT, COUNT - PLACES);
    assert_int_equal(bob.closed[PEERS_REASON_HALF_OPEN_LIMIT], 0);
    assert_served(ERR_UNREACHABLE);
    bench_pass(options.handshake_ms_max / GRACE_SHARE);
    assert_served(ERR_NONE);
    for (size_t i = 0; i < COUNT; i++)
        tls_raw_close(&raws[i], TLS_RAW_END_RESET);
    close_all();
}

/* False when there was no place. */
static bool introduce(
    struct tls_raw *raw, const struct tls_certificate *stranger)
{
    uint8_t frame[16];
    size_t size = make_frame(frame, 1, 8);
    tls_raw_connect(raw, port_of(&bob), 0);
    if (tls_raw_handshake(raw, TLS_RAW_CLIENT, stranger, NULL, TLS_1_3) &&
        tls_raw_write(raw, frame, size) && tls_raw_read(raw, frame, size))
        return true;
    tls_raw_close(raw, TLS_RAW_END_FIN);
    return false;
}

static void strangers_share_the_places_of_the_silent(void **unused)
{
    enum { COUNT = 12, PLACES = 4 };
    static struct tls_raw raws[COUNT];
    struct peers_options options = bench_options();
    struct tls_certificate stranger;
    (void)unused;
    options.half_open_count_max = PLACES;
    options.strangers_allowed = true;
    options.handshake_ms_max = 400;
    options.idle_ms_max = 200;
    open_all(&options);
    tls_certificate_make(&stranger, TLS_CERTIFICATE_P256);
    for (size_t i = 0; i < COUNT; i++) {
        if (i >= PLACES && i % PLACES == 0) {
            assert_false(introduce(&raws[i], &stranger));
            bench_pass(options.handshake_ms_max / GRACE_SHARE);
        }
        assert_true(introduce(&raws[i], &stranger));
        assert_true(bench_counters(&bob).half_open <= PLACES);
    }
    bench_await_closed(&bob, PEERS_REASON_HALF_OPEN_LIMIT,
        COUNT - PLACES + COUNT / PLACES - 1);
    bench_pass(options.idle_ms_max + 1);
    bench_await_closed(&bob, PEERS_REASON_IDLE, PLACES);
    for (size_t i = 0; i < COUNT; i++)
        tls_raw_close(&raws[i], TLS_RAW_END_FIN);
    tls_certificate_remove(&stranger);
    close_all();
}

static void a_storm_of_five_hundred_passes(void **unused)
{
    struct peers_options options = roomy_options();
    enum { COUNT = 500 };
    struct tls_raw raw;
    (void)unused;
    open_all(&options);
    size_t file_count = count_files();
    for (size_t i = 0; i < COUNT; i++) {
        if (i % 10 == 0) {
            join(&raw);
            ask(&raw, 7);
        } else {
            tls_raw_connect(&raw, port_of(&bob), 0);
        }
        tls_raw_close(&raw, i % 3 == 0
                                ? TLS_RAW_END_RESET
                                : (enum tls_raw_end)(i % TLS_RAW_END_COUNT));
        if (i % 50 == 0) {
            bench_ask(&alice, &bob, i, "x", 1, LONG_MS);
            assert_int_equal(bench_await(&alice, i), ERR_NONE);
        }
    }
    await_files(file_count + 2); /* both ends of the honest connection */
    close_all();
    assert_int_equal(bob.closed[PEERS_REASON_HANDSHAKE_TIMEOUT], 0);
}

/* ---- Once they are known ----------------------------------------------- */

/* clang-format off */
static const struct {
    const char *it;
    const char *bytes;
    size_t size;
    enum peers_reason want;
} openings[] = {
    { "the largest size",        "\377\377\377\377",          4, PEERS_REASON_OVERSIZE },
    { "one above the limit",     "\0\42\4\5", /* FRAME_SIZE_MAX + 5 */
                                                              4, PEERS_REASON_OVERSIZE },
    { "an empty frame",          "\0\0\0\0",                  4, PEERS_REASON_MALFORMED },
    { "no room for a number",    "\0\0\0\3",                  4, PEERS_REASON_MALFORMED },
    { "a number twice",          "\0\0\0\4\0\0\0\1\0\0\0\4\0\0\0\1",
                                                             16, PEERS_REASON_MALFORMED },
};
/* clang-format on */

static void frames_that_break_the_rules_end_the_connection(void **unused)
{
    (void)unused;
    open_all(NULL);
    bob.manner = BENCH_HOLD;
    _Static_assert(FRAME_SIZE_MAX + 5 == 0x220405, "the case above");
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        struct tls_raw raw;
        uint8_t byte;
        uint64_t before = bob.closed[openings[i].want];
        join(&raw);
        assert_true(tls_raw_write(&raw, openings[i].bytes, openings[i].size));
        if (tls_raw_read(&raw, &byte, 1))
            fail_msg("%s: answered", openings[i].it);
        tls_raw_close(&raw, TLS_RAW_END_FIN);
        bench_await_closed(&bob, openings[i].want, before + 1);
    }
    close_all();
}

static void a_declared_frame_takes_no_memory_until_it_comes(void **unused)
{
    enum { COUNT = 8 };
    static struct tls_raw raws[COUNT];
    (void)unused;
    struct peers_options options = bench_options();
    options.connection_per_peer_count_max = COUNT;
    open_all(&options);
    for (size_t i = 0; i < COUNT; i++) {
        join(&raws[i]);
        ask(&raws[i], 1);
        assert_answer(&raws[i], 1);
        assert_true(tls_raw_write(&raws[i], "\0\42\4\4\0\0\0\2some", 12));
        ask(&raws[i], 3); /* all inside that frame */
    }
    assert_true(bench_counters(&bob).memory <= COUNT * 64 * 1024);
    for (size_t i = 0; i < COUNT; i++)
        tls_raw_close(&raws[i], TLS_RAW_END_RESET);
    close_all();
}

static void a_frame_cut_anywhere_harms_nobody(void **unused)
{
    struct peers_options options = roomy_options();
    uint8_t frame[64];
    uint64_t count = 0;
    (void)unused;
    open_all(&options);
    size_t size = make_frame(frame, 9, 12);
    for (size_t cut = 0; cut <= size; cut++) {
        for (int end = 0; end < TLS_RAW_END_COUNT; end++) {
            struct tls_raw raw;
            join(&raw);
            if (cut > 0)
                assert_true(tls_raw_write(&raw, frame, cut));
            tls_raw_close(&raw, (enum tls_raw_end)end);
            count++;
        }
    }
    bench_await_closed_for(&bob,
        LEFT | 1u << PEERS_REASON_TLS | 1u << PEERS_REASON_REPLACED, count);
    close_all();
}

static void an_unfinished_frame_has_a_deadline(void **unused)
{
    struct peers_options options = bench_options();
    struct tls_raw raw;
    (void)unused;
    options.idle_ms_max = 40;
    open_all(&options);
    bob.manner = BENCH_HOLD;
    join(&raw);
    ask(&raw, 1); /* waits for its reply, so it is not idle */
    bench_await_requests(&bob, 1);
    bench_pass(options.idle_ms_max);
    assert_true(tls_raw_write(&raw, "\0\0\1\0\0\0\0\2half", 12));
    bench_await_memory(&bob, 1);
    bench_pass(options.idle_ms_max + 1);
    tls_raw_wait_end(&raw);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    bench_await_closed(&bob, PEERS_REASON_FRAME_TIMEOUT, 1);

    join(&raw);
    bench_pass(options.idle_ms_max + 1);
    tls_raw_wait_end(&raw);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    bench_await_closed(&bob, PEERS_REASON_IDLE, 1);
    close_all();
}

/* So much of a frame, and until it was read. */
static void fill(struct tls_raw *raw, uint32_t before, uint32_t room)
{
    static const uint8_t bytes[256 * 1024];
    assert_true(tls_raw_write(raw, bytes, room - before));
    bench_await_memory(&bob, room + FRAME_FIRST_SIZE);
}

/* All its pieces take as long as the frame may, and none of them does. */
static void who_drips_a_frame_has_no_more_time(void **unused)
{
    enum { FRAME_SIZE = 512 * 1024, PIECE_MS = 8 };
    struct peers_options options = bench_options();
    struct tls_raw raw, quiet;
    uint32_t before = 0;
    (void)unused;
    options.idle_ms_max = 0;
    for (uint32_t room = FRAME_FIRST_SIZE; room < FRAME_SIZE / 2; room *= 2)
        options.idle_ms_max += PIECE_MS;
    open_all(&options);
    bob.manner = BENCH_HOLD;
    join(&raw);
    ask(&raw, 1); /* waits for its reply, so it is not idle */
    bench_await_requests(&bob, 1);
    join(&quiet); /* has as much time, and shows when it was over */
    assert_true(tls_raw_write(&raw, "\0\10\0\0", 4));
    bench_await_memory(&bob, FRAME_FIRST_SIZE);
    for (uint32_t room = FRAME_FIRST_SIZE; room < FRAME_SIZE; room *= 2) {
        fill(&raw, before, room);
        before = room;
        bench_pass(PIECE_MS);
    }
    bench_await_closed(&bob, PEERS_REASON_IDLE, 1);
    if (bench_counters(&bob).open > 0)
        fail_msg("it could go on for as long as it liked");
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    tls_raw_close(&quiet, TLS_RAW_END_FIN);
    bench_await_closed(&bob, PEERS_REASON_FRAME_TIMEOUT, 1);
    close_all();
}

static void who_does_not_read_is_left(void **unused)
{
    enum { COUNT = 24, SIZE = 1024 * 1024 };
    struct peers_options options = bench_options();
    struct tls_raw raw;
    (void)unused;
    options.idle_ms_max = 40;
    open_all(&options);
    bob.manner = BENCH_HOLD;
    tls_raw_connect(&raw, port_of(&bob), 4096);
    assert_true(
        tls_raw_handshake(&raw, TLS_RAW_CLIENT, &mallory, NULL, TLS_1_3));
    for (uint32_t i = 0; i < COUNT; i++)
        ask(&raw, i);
    bench_await_requests(&bob, COUNT);
    uint8_t *body = calloc(1, SIZE);
    assert_non_null(body);
    enum err err = ERR_NONE;
    size_t count = 0; /* beyond what the kernel takes, there is an end */
    while (count < COUNT && err == ERR_NONE)
        err = bench_answer(&bob, count++, body, SIZE);
    free(body);
    assert_int_equal(err, ERR_BUSY);
    assert_true(count > 4);
    /* the kernel took the last of it, whenever that was */
    bench_pass_until_closed_for(
        &bob, options.idle_ms_max + 1, 1u << PEERS_REASON_SEND_TIMEOUT, 1);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    close_all();
}

static void no_more_is_read_than_can_be_answered(void **unused)
{
    enum { COUNT = 200, OPEN = 8 };
    struct peers_options options = bench_options();
    struct tls_raw raw;
    (void)unused;
    options.request_count_max = OPEN;
    open_all(&options);
    bob.manner = BENCH_HOLD;
    join(&raw);
    for (uint32_t i = 0; i < COUNT; i++)
        ask(&raw, i);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t frame[64];
        (void)make_frame(frame, i, 8);
        bench_await_requests(&bob, i + 1 < OPEN ? OPEN : i + 1);
        assert_true(bob.request_count <= i + OPEN);
        assert_int_equal(bench_answer(&bob, i, frame + 8, 8), ERR_NONE);
        assert_answer(&raw, i);
    }
    tls_raw_close(&raw, TLS_RAW_END_NOTIFY);
    close_all();
}

/* Records that are larger than what is received at once, so that the one that
 * holds it back is decrypted, and a part of the next is not. */
static void what_waits_undecrypted_is_not_lost(void **unused)
{
    enum { COUNT = 200, SIZE = 1000 };
    static uint8_t frames[COUNT * (SIZE + 8)];
    struct peers_options options = bench_options();
    struct tls_raw raw;
    size_t size = 0;
    (void)unused;
    options.request_count_max = 3;
    open_all(&options);
    bob.manner = BENCH_HOLD;
    join(&raw);
    for (uint32_t i = 0; i < COUNT; i++)
        size += make_frame(frames + size, i, SIZE);
    assert_true(tls_raw_write(&raw, frames, size));
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t frame[64];
        (void)make_frame(frame, i, 8);
        bench_await_requests(&bob, i + 1);
        assert_int_equal(bob.held[i].number, i);
        assert_int_equal(bob.held[i].size, SIZE);
        assert_int_equal(bench_answer(&bob, i, frame + 8, 8), ERR_NONE);
        assert_answer(&raw, i);
    }
    tls_raw_close(&raw, TLS_RAW_END_NOTIFY);
    close_all();
}

/* Two frames at once, of which only the first may be delivered. */
static void ask_twice(struct tls_raw *raw)
{
    uint8_t frames[64];
    size_t size = make_frame(frames, 1, 8);
    size += make_frame(frames + size, 2, 8);
    assert_true(tls_raw_write(raw, frames, size));
}

/* nng tells of an end only who receives. */
static void who_dies_while_held_back_is_noticed(void **unused)
{
    static const enum tls_raw_end ends[] = { TLS_RAW_END_FIN,
        TLS_RAW_END_RESET };
    struct peers_options options = bench_options();
    (void)unused;
    options.request_count_max = 1;
    options.idle_ms_max = INT32_MAX;
    options.reply_ms_max = INT32_MAX;
    open_all(&options);
    bob.manner = BENCH_HOLD;
    for (uint64_t i = 0; i < 2; i++) {
        struct tls_raw raw;
        join(&raw);
        ask_twice(&raw);
        bench_await_requests(&bob, i + 1);
        tls_raw_close(&raw, ends[i]);
        bench_pass_until_closed_for(&bob, 250, LEFT, i + 1);
    }
    close_all();
}

static void who_left_while_held_back_is_noticed_with_the_reply(void **unused)
{
    static const enum tls_raw_end ends[] = { TLS_RAW_END_NOTIFY,
        TLS_RAW_END_PLAIN };
    struct peers_options options = bench_options();
    (void)unused;
    options.request_count_max = 1;
    open_all(&options);
    bob.manner = BENCH_HOLD;
    for (uint64_t i = 0; i < 2; i++) {
        struct tls_raw raw;
        join(&raw);
        ask_twice(&raw);
        bench_await_requests(&bob, 2 * i + 1);
        tls_raw_close(&raw, ends[i]);
        assert_int_equal(bench_answer(&bob, 2 * i, "x", 1), ERR_NONE);
        bench_await_requests(&bob, 2 * i + 2);
        bench_await_closed_for(&bob, LEFT | 1u << PEERS_REASON_TLS, i + 1);
    }
    close_all();
}

#define ROOM (256u * 1024)

/* So much of a large frame that its room is all there is. */
static void fill_room(struct tls_raw *raw)
{
    static uint8_t frame[ROOM - FRAME_FIRST_SIZE + 4];
    (void)make_frame(frame, 1, sizeof frame - 8);
    memcpy(frame, "\0\5\0\0", 4);
    join(raw);
    assert_true(tls_raw_write(raw, frame, sizeof frame));
    bench_await_memory(&bob, ROOM);
}

static void room_counts_not_what_is_in_it(void **unused)
{
    struct peers_options options = bench_options();
    struct tls_raw filled;
    struct tls_raw raw;
    uint8_t byte;
    (void)unused;
    options.memory_size_max = ROOM;
    open_all(&options);
    fill_room(&filled);
    join(&raw);
    ask(&raw, 1);
    if (tls_raw_read(&raw, &byte, 1))
        fail_msg("there was more room than there may be");
    bench_await_closed(&bob, PEERS_REASON_MEMORY, 1);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    tls_raw_close(&filled, TLS_RAW_END_FIN);
    while (bench_counters(&bob).memory > ROOM / 2)
        (void)sched_yield();
    close_all();
}

static void frames_of_many_peers_share_a_limit(void **unused)
{
    enum { SIZE = 300 * 1024 };
    struct peers_options options = bench_options();
    struct tls_raw raw;
    (void)unused;
    options.memory_size_max = ROOM;
    open_all(&options);
    join(&raw);
    uint8_t *frame = malloc(SIZE + 8);
    assert_non_null(frame);
    size_t size = make_frame(frame, 1, SIZE);
    (void)tls_raw_write(&raw, frame, size);
    free(frame);
    bench_await_closed(&bob, PEERS_REASON_MEMORY, 1);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    close_all();
}

/* ---- At the other end of a dial ---------------------------------------- */

static int listening;
static char listening_url[64];

static void open_dialer(const struct peers_options *options)
{
    uint16_t port;
    open_all(options);
    listening = tls_raw_listen(&port);
    (void)snprintf(listening_url, sizeof listening_url,
        "tls+tcp://127.0.0.1:%u", (unsigned)port);
}

static void close_dialer(void)
{
    assert_int_equal(close(listening), 0);
    close_all();
}

static void dial(uint64_t token, uint32_t timeout_ms)
{
    const char *const urls[] = { listening_url };
    bench_ask_at(&bob, urls, 1, mallory.spki, token, "question", 8, timeout_ms);
}

/* Takes the dialed connection and its one request; its number. */
static uint32_t receive_question(struct tls_raw *raw)
{
    uint8_t frame[16];
    tls_raw_accept(raw, listening);
    assert_true(
        tls_raw_handshake(raw, TLS_RAW_SERVER, &mallory, NULL, TLS_1_3));
    assert_true(tls_raw_read(raw, frame, sizeof frame));
    assert_memory_equal(frame, "\0\0\0\14", 4);
    assert_memory_equal(frame + 8, "question", 8);
    return (uint32_t)frame[4] << 24 | (uint32_t)frame[5] << 16 |
           (uint32_t)frame[6] << 8 | frame[7];
}

static void replies_to_what_nobody_asked_end_the_connection(void **unused)
{
    static const uint32_t wrong[] = { 0, 0x80000000u, UINT32_MAX };
    (void)unused;
    open_dialer(NULL);
    for (uint64_t i = 0; i < 3; i++) {
        struct tls_raw raw;
        dial(i, LONG_MS);
        uint32_t number = receive_question(&raw);
        ask(&raw, i == 0 ? number + 1 : wrong[i]);
        tls_raw_wait_end(&raw);
        tls_raw_close(&raw, TLS_RAW_END_FIN);
        assert_int_equal(bench_await(&bob, i), ERR_UNREACHABLE);
        bench_await_closed(&bob, PEERS_REASON_MALFORMED, i + 1);
    }
    close_dialer();
}

static void the_first_reply_counts(void **unused)
{
    struct tls_raw raw;
    (void)unused;
    open_dialer(NULL);
    dial(0, LONG_MS);
    uint32_t number = receive_question(&raw);
    ask(&raw, number);
    ask(&raw, number);
    ask(&raw, number + 7); /* ends it, so all before has been read */
    bench_await_closed(&bob, PEERS_REASON_MALFORMED, 1);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    assert_int_equal(bench_await(&bob, 0), ERR_NONE);
    assert_int_equal(bob.sizes[0], 8);
    assert_int_equal(bench_counters(&bob).late_reply, 1);
    close_dialer();
}

static void half_a_reply_is_none(void **unused)
{
    uint8_t frame[64];
    (void)unused;
    open_dialer(NULL);
    for (uint64_t cut = 1; cut < 16; cut++) {
        struct tls_raw raw;
        dial(cut, LONG_MS);
        size_t size = make_frame(frame, receive_question(&raw), 8);
        assert_true(cut < size);
        assert_true(tls_raw_write(&raw, frame, cut));
        tls_raw_close(&raw, (enum tls_raw_end)(cut % TLS_RAW_END_COUNT));
        assert_int_equal(bench_await(&bob, cut), ERR_UNREACHABLE);
    }
    close_dialer();
}

/* Who asks while all places are taken comes later; who was quiet has gone then,
 * and who waits for a reply has not. */
static void the_quietest_makes_room_for_who_is_dialed_next(void **unused)
{
    struct peers_options options = bench_options();
    struct tls_raw raw;
    (void)unused;
    options.peer_count_max = 1;
    open_dialer(&options);
    bench_pin(&alice, &bob);
    alice.manner = BENCH_HOLD;
    bench_ask(&bob, &alice, 0, "x", 1, LONG_MS);
    bench_await_requests(&alice, 1);
    dial(1, LONG_MS);
    assert_int_equal(bench_await(&bob, 1), ERR_BUSY);
    assert_int_equal(bench_answer(&alice, 0, "y", 1), ERR_NONE);
    assert_int_equal(bench_await(&bob, 0), ERR_NONE);
    dial(2, LONG_MS);
    assert_int_equal(bench_await(&bob, 2), ERR_BUSY);
    bench_await_closed(&bob, PEERS_REASON_IDLE, 1);
    dial(3, LONG_MS);
    ask(&raw, receive_question(&raw));
    assert_int_equal(bench_await(&bob, 3), ERR_NONE);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    close_dialer();
}

static void a_listener_that_is_no_gateway_is_unreachable(void **unused)
{
    struct tls_certificate rsa;
    struct tls_raw raw;
    (void)unused;
    open_dialer(NULL);
    dial(0, UINT32_MAX); /* silence */
    tls_raw_accept(&raw, listening);
    bench_await_dialed(&bob, 1);
    bench_pass(bench_options().handshake_ms_max + 1);
    bench_await_closed(&bob, PEERS_REASON_HANDSHAKE_TIMEOUT, 1);
    assert_int_equal(bench_await(&bob, 0), ERR_UNREACHABLE);
    tls_raw_close(&raw, TLS_RAW_END_FIN);

    dial(1, LONG_MS); /* another protocol */
    tls_raw_accept(&raw, listening);
    tls_raw_write_plain(&raw, "220 mail.example.org\r\n", 22);
    tls_raw_wait_end(&raw);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    assert_int_equal(bench_await(&bob, 1), ERR_UNREACHABLE);

    dial(2, LONG_MS); /* an older TLS */
    tls_raw_accept(&raw, listening);
    assert_false(
        tls_raw_handshake(&raw, TLS_RAW_SERVER, &mallory, NULL, TLS_1_2));
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    assert_int_equal(bench_await(&bob, 2), ERR_UNREACHABLE);

    dial(3, LONG_MS); /* a key of a kind that is not spoken */
    tls_certificate_make(&rsa, TLS_CERTIFICATE_RSA);
    tls_raw_accept(&raw, listening);
    assert_false(tls_raw_handshake(&raw, TLS_RAW_SERVER, &rsa, NULL, TLS_1_3));
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    assert_int_equal(bench_await(&bob, 3), ERR_UNREACHABLE);
    tls_certificate_remove(&rsa);

    dial(4, LONG_MS); /* a key that is not the peer's */
    tls_raw_accept(&raw, listening);
    (void)tls_raw_handshake(
        &raw, TLS_RAW_SERVER, &alice.certificate, NULL, TLS_1_3);
    tls_raw_close(&raw, TLS_RAW_END_FIN);
    assert_int_equal(bench_await(&bob, 4), ERR_KEY);
    close_dialer();
}

static void a_large_question_survives_a_slow_reader(void **unused)
{
    struct tls_raw raw;
    (void)unused;
    open_dialer(NULL);
    uint8_t *body = malloc(FRAME_SIZE_MAX + 8);
    assert_non_null(body);
    size_t size = make_frame(body, 0, FRAME_SIZE_MAX);
    const char *const urls[] = { listening_url };
    bench_ask_at(
        &bob, urls, 1, mallory.spki, 0, body + 8, FRAME_SIZE_MAX, LONG_MS);
    tls_raw_accept(&raw, listening);
    assert_true(
        tls_raw_handshake(&raw, TLS_RAW_SERVER, &mallory, NULL, TLS_1_3));
    uint8_t head[8];
    assert_true(tls_raw_read(&raw, head, sizeof head));
    assert_memory_equal(head, body, 4);
    for (size_t at = 8; at < size; at += 509) {
        uint8_t piece[509];
        size_t count = size - at < sizeof piece ? size - at : sizeof piece;
        assert_true(tls_raw_read(&raw, piece, count));
        assert_memory_equal(piece, body + at, count);
    }
    memcpy(body + 4, head + 4, 4);
    for (size_t at = 0; at < size; at += 4093)
        assert_true(tls_raw_write(
            &raw, body + at, size - at < 4093 ? size - at : 4093));
    assert_int_equal(bench_await(&bob, 0), ERR_NONE);
    assert_int_equal(bob.sizes[0], FRAME_SIZE_MAX);
    assert_int_equal(bob.sums[0], bench_sum(body + 8, FRAME_SIZE_MAX));
    free(body);
    tls_raw_close(&raw, TLS_RAW_END_NOTIFY);
    close_dialer();
}

int main(void)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    if (sigaction(SIGPIPE, &ignore, NULL) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_tls_1_3_is_refused),
        cmocka_unit_test(certificates_other_than_pinned_ones_are_refused),
        cmocka_unit_test(a_hello_cut_anywhere_harms_nobody),
        cmocka_unit_test(the_silent_hold_no_more_than_their_places),
        cmocka_unit_test(one_address_has_fewer_places),
        cmocka_unit_test(strangers_share_the_places_of_the_silent),
        cmocka_unit_test(a_storm_of_five_hundred_passes),
        cmocka_unit_test(frames_that_break_the_rules_end_the_connection),
        cmocka_unit_test(a_declared_frame_takes_no_memory_until_it_comes),
        cmocka_unit_test(a_frame_cut_anywhere_harms_nobody),
        cmocka_unit_test(an_unfinished_frame_has_a_deadline),
        cmocka_unit_test(who_drips_a_frame_has_no_more_time),
        cmocka_unit_test(who_does_not_read_is_left),
        cmocka_unit_test(no_more_is_read_than_can_be_answered),
        cmocka_unit_test(what_waits_undecrypted_is_not_lost),
        cmocka_unit_test(who_dies_while_held_back_is_noticed),
        cmocka_unit_test(who_left_while_held_back_is_noticed_with_the_reply),
        cmocka_unit_test(frames_of_many_peers_share_a_limit),
        cmocka_unit_test(room_counts_not_what_is_in_it),
        cmocka_unit_test(replies_to_what_nobody_asked_end_the_connection),
        cmocka_unit_test(the_first_reply_counts),
        cmocka_unit_test(half_a_reply_is_none),
        cmocka_unit_test(the_quietest_makes_room_for_who_is_dialed_next),
        cmocka_unit_test(a_listener_that_is_no_gateway_is_unreachable),
        cmocka_unit_test(a_large_question_survives_a_slow_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
