#include "support/peers_bench.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/limits.h"

/* Never reached by a test that passes. */
#define PATIENCE_S 300

/* Between two looks, where time passes meanwhile. */
#define LOOK_MS 2

/* Of all transports: so that a test need not tell whose time passes. */
static _Atomic int64_t hand_ms = 1;

static int64_t clock_by_hand(void)
{
    return hand_ms;
}

void bench_pass(uint32_t ms)
{
    hand_ms += ms;
}

/* Also on the transport's threads, where cmocka cannot fail a test. */
static void must(bool condition)
{
    if (!condition)
        abort();
}

static void lock(struct bench *bench)
{
    must(pthread_mutex_lock(&bench->lock) == 0);
}

static void unlock(struct bench *bench)
{
    must(pthread_mutex_unlock(&bench->lock) == 0);
}

static void changed(struct bench *bench)
{
    must(pthread_cond_broadcast(&bench->changed) == 0);
    unlock(bench);
}

uint8_t bench_sum(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)((sum << 1 | sum >> 7) ^ bytes[i]);
    return sum;
}

/* ---- Events ------------- */

static void on_request(void *user, uint64_t connection, uint32_t number,
    const uint8_t spki[32], bool stranger, struct peers_body body)
{
    struct bench *bench = user;
    (void)spki;
    lock(bench);
    bench->request_count++;
    bool echo = bench->manner == BENCH_ECHO;
    if (!echo) {
        must(bench->held_count < BENCH_HELD_COUNT);
        bench->held[bench->held_count++] = (struct bench_held){
            .connection = connection,
            .number = number,
            .stranger = stranger,
            .size = body.size,
        };
    }
    changed(bench);
    enum err err = ERR_NONE;
    if (echo)
        err = peers_reply(
            bench->peers, connection, number, body.bytes, body.size);
    free(body.block);
    lock(bench);
    bench->reply_failed_count += err != ERR_NONE;
    changed(bench);
}

static void on_reply(
    void *user, uint64_t token, enum err err, struct peers_body body)
{
    struct bench *bench = user;
    must(token < BENCH_TOKEN_COUNT);
    lock(bench);
    bench->reply_count++;
    bench->told[token]++;
    bench->errs[token] = err;
    bench->sizes[token] = body.size;
    bench->sums[token] = bench_sum(body.bytes, body.size);
    changed(bench);
    free(body.block);
}

static void on_closed(void *user, enum peers_reason reason, const uint8_t *spki)
{
    struct bench *bench = user;
    (void)spki;
    lock(bench);
    bench->closed[reason]++;
    changed(bench);
}

/* ---- Opening and closing ----------------------------------------------- */

static const char *const any_port[] = { "tls+tcp://127.0.0.1:0" };

struct peers_options bench_options(void)
{
    struct peers_options options = peers_options_default();
    options.listen_urls = any_port;
    options.listen_count = 1;
    options.steady_ms = clock_by_hand;
    /* for nng, which has its own */
    options.handshake_ms_max = PATIENCE_S * 1000;
    return options;
}

void bench_open_at(struct bench *bench, const struct peers_options *options,
    const char *url, const struct tls_certificate *certificate)
{
    struct peers_options filled = *options;
    struct peers_problem problem;
    pthread_condattr_t attributes;

    *bench = (struct bench){ .certificate = *certificate };
    assert_int_equal(pthread_condattr_init(&attributes), 0);
    assert_int_equal(
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), 0);
    assert_int_equal(pthread_cond_init(&bench->changed, &attributes), 0);
    assert_int_equal(pthread_condattr_destroy(&attributes), 0);
    assert_int_equal(pthread_mutex_init(&bench->lock, NULL), 0);

    struct peers_events events = {
        .user = bench,
        .on_request = on_request,
        .on_reply = on_reply,
        .on_closed = on_closed,
    };
    if (url != NULL)
        filled.listen_urls = &url;
    filled.certificate_path = certificate->certificate_path;
    filled.key_path = certificate->key_path;
    /* no event comes before the test knows the port and the pins */
    enum err err = peers_open(&filled, &events, &bench->peers, &problem);
    if (err != ERR_NONE)
        fail_msg("%s: %s", err_name(err), problem.what);
    (void)snprintf(bench->url, sizeof bench->url, "tls+tcp://127.0.0.1:%u",
        (unsigned)peers_port(bench->peers, 0));
}

void bench_open(struct bench *bench, const struct peers_options *options)
{
    struct peers_options defaults = bench_options();
    struct tls_certificate certificate;
    tls_certificate_make(&certificate, TLS_CERTIFICATE_ED25519);
    bench_open_at(
        bench, options != NULL ? options : &defaults, NULL, &certificate);
}

void bench_close_only(struct bench *bench)
{
    peers_close(bench->peers);
    bench->peers = NULL;
    for (size_t i = 0; i < BENCH_TOKEN_COUNT; i++)
        assert_true(bench->told[i] <= 1);
    assert_int_equal(pthread_cond_destroy(&bench->changed), 0);
    assert_int_equal(pthread_mutex_destroy(&bench->lock), 0);
}

void bench_close(struct bench *bench)
{
    bench_close_only(bench);
    tls_certificate_remove(&bench->certificate);
}

void bench_pin(struct bench *bench, const struct bench *other)
{
    assert_int_equal(
        peers_set_pins(bench->peers, &other->certificate.spki, 1), ERR_NONE);
}

/* ---- Asking ------------------------------------------------------------ */

void bench_ask_at(struct bench *bench, const char *const *urls,
    size_t url_count, const uint8_t spki[32], uint64_t token, const void *body,
    size_t size, uint32_t timeout_ms)
{
    uint8_t keys[1][32];
    memcpy(keys[0], spki, 32);
    struct peers_address address = {
        .endpoints = urls,
        .endpoint_count = url_count,
        .spki = (const uint8_t(*)[32])keys,
        .spki_count = 1,
    };
    assert_int_equal(
        peers_request(bench->peers, &address, token, body, size, timeout_ms),
        ERR_NONE);
}

void bench_ask(struct bench *bench, const struct bench *other, uint64_t token,
    const void *body, size_t size, uint32_t timeout_ms)
{
    const char *const urls[] = { other->url };
    bench_ask_at(
        bench, urls, 1, other->certificate.spki, token, body, size, timeout_ms);
}

enum err bench_answer(
    struct bench *bench, size_t index, const void *body, size_t size)
{
    lock(bench);
    assert_true(index < bench->held_count);
    struct bench_held held = bench->held[index];
    unlock(bench);
    return peers_reply(bench->peers, held.connection, held.number, body, size);
}

/* ---- Waiting ----------------------------------------------------------- */

static struct timespec in_ms(int64_t ms)
{
    struct timespec until;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &until), 0);
    int64_t nanoseconds = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += (time_t)(ms / 1000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    return until;
}

/* With a mistake planted there are tests that reach it. */
#ifndef DOOR_PATIENCE_MS
#define DOOR_PATIENCE_MS (PATIENCE_S * 1000)
#endif

static struct timespec in_patience(void)
{
    return in_ms(DOOR_PATIENCE_MS);
}

/* Until *value reaches `count`. Under the lock, which it keeps. */
static void await_locked(struct bench *bench, const uint64_t *value,
    uint64_t count, const char *what)
{
    struct timespec until = in_patience();
    while (*value < count) {
        if (pthread_cond_timedwait(&bench->changed, &bench->lock, &until) !=
            0) {
            uint64_t got = *value;
            unlock(bench);
            fail_msg("%s: %llu, not %llu", what, (unsigned long long)got,
                (unsigned long long)count);
        }
    }
}

enum err bench_await(struct bench *bench, uint64_t token)
{
    struct timespec until = in_patience();
    lock(bench);
    while (bench->told[token] == 0) {
        if (pthread_cond_timedwait(&bench->changed, &bench->lock, &until) !=
            0) {
            unlock(bench);
            fail_msg("no reply to %llu", (unsigned long long)token);
        }
    }
    enum err err = bench->errs[token];
    unlock(bench);
    return err;
}

void bench_await_requests(struct bench *bench, uint64_t count)
{
    lock(bench);
    await_locked(bench, &bench->request_count, count, "requests");
    unlock(bench);
}

void bench_await_replies(struct bench *bench, uint64_t count)
{
    lock(bench);
    await_locked(bench, &bench->reply_count, count, "replies");
    unlock(bench);
}

void bench_await_closed(
    struct bench *bench, enum peers_reason reason, uint64_t count)
{
    lock(bench);
    await_locked(
        bench, &bench->closed[reason], count, peers_reason_name(reason));
    unlock(bench);
}

static uint64_t closed_for(const struct bench *bench, uint32_t reasons)
{
    uint64_t count = 0;
    for (size_t i = 0; i < PEERS_REASON_COUNT; i++)
        count += (reasons >> i & 1u) != 0 ? bench->closed[i] : 0;
    return count;
}

void bench_await_closed_for(
    struct bench *bench, uint32_t reasons, uint64_t count)
{
    struct timespec until = in_patience();
    lock(bench);
    while (closed_for(bench, reasons) < count) {
        if (pthread_cond_timedwait(&bench->changed, &bench->lock, &until) !=
            0) {
            unlock(bench);
            fail_msg("not closed for any of %x", (unsigned)reasons);
        }
    }
    unlock(bench);
}

void bench_pass_until_closed_for(
    struct bench *bench, uint32_t step_ms, uint32_t reasons, uint64_t count)
{
    unsigned look_count = 0;
    lock(bench);
    while (closed_for(bench, reasons) < count) {
        struct timespec until = in_ms(LOOK_MS);
        bench_pass(step_ms);
        (void)pthread_cond_timedwait(&bench->changed, &bench->lock, &until);
        if (++look_count == PATIENCE_S * 1000 / LOOK_MS) {
            unlock(bench);
            fail_msg("never closed for any of %x", (unsigned)reasons);
        }
    }
    unlock(bench);
}

struct peers_counters bench_counters(struct bench *bench)
{
    struct peers_counters counters;
    peers_counters(bench->peers, &counters);
    return counters;
}

/* What has no event of its own is looked for again and again. */
static void await_counters(struct bench *bench,
    bool (*holds)(const struct peers_counters *, uint32_t), uint32_t number,
    const char *what)
{
    struct timespec until = in_patience(), now;
    for (;;) {
        struct peers_counters counters = bench_counters(bench);
        if (holds(&counters, number))
            return;
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
        if (now.tv_sec > until.tv_sec)
            fail_msg("%s: open %u, half open %u, ending %u, memory %zu", what,
                counters.open, counters.half_open, counters.ending,
                counters.memory);
        (void)sched_yield();
    }
}

static bool is_quiet(const struct peers_counters *counters, uint32_t unused)
{
    (void)unused;
    return counters->open == 0 && counters->half_open == 0 &&
           counters->ending == 0 && counters->request == 0 &&
           counters->memory == 0;
}

static bool has_open(const struct peers_counters *counters, uint32_t count)
{
    return counters->open == count;
}

void bench_await_quiet(struct bench *bench)
{
    await_counters(bench, is_quiet, 0, "never quiet");
}

void bench_await_open(struct bench *bench, uint32_t count)
{
    await_counters(bench, has_open, count, "not that many open");
}

static bool has_accepted(const struct peers_counters *counters, uint32_t count)
{
    return counters->accepted == count;
}

void bench_await_accepted(struct bench *bench, uint32_t count)
{
    await_counters(bench, has_accepted, count, "not that many accepted");
}

static bool has_dialed(const struct peers_counters *counters, uint32_t count)
{
    return counters->dialed == count;
}

void bench_await_dialed(struct bench *bench, uint32_t count)
{
    await_counters(bench, has_dialed, count, "not that many dialed");
}

static bool has_memory(const struct peers_counters *counters, uint32_t size)
{
    return counters->memory >= size;
}

void bench_await_memory(struct bench *bench, uint32_t size)
{
    await_counters(bench, has_memory, size, "not that much memory");
}

static bool has_unanswered(
    const struct peers_counters *counters, uint32_t count)
{
    return counters->unanswered == count;
}

void bench_await_unanswered(struct bench *bench, uint32_t count)
{
    await_counters(bench, has_unanswered, count, "not that many unanswered");
}
