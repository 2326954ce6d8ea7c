/*
 * peers_bench.h - a transport under test: a peers object, its certificate, and
 * a record of all its events that tests can wait on.
 */
#ifndef SUPPORT_PEERS_BENCH_H
#define SUPPORT_PEERS_BENCH_H

#include <pthread.h>
#include <stdbool.h>

#include "io/peers_nng.h"
#include "support/tls_certificate.h"

#define BENCH_TOKEN_COUNT 4096u
#define BENCH_HELD_COUNT 512u

/* What happens to a request that comes. */
enum bench_manner {
    BENCH_ECHO, /* its body comes back at once */
    BENCH_HOLD  /* nothing until the test answers */
};

struct bench_held {
    uint64_t connection;
    uint32_t number;
    bool stranger;
    size_t size;
};

struct bench {
    struct tls_certificate certificate;
    struct peers *peers;
    char url[64]; /* where it listens */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under lock. */
    enum bench_manner manner;
    struct bench_held held[BENCH_HELD_COUNT];
    size_t held_count;
    uint64_t request_count;
    uint64_t reply_count;
    uint64_t reply_failed_count;      /* peers_reply of an echo */
    unsigned told[BENCH_TOKEN_COUNT]; /* replies by token: 1 is right */
    enum err errs[BENCH_TOKEN_COUNT];
    size_t sizes[BENCH_TOKEN_COUNT];
    uint8_t sums[BENCH_TOKEN_COUNT]; /* xor of the body */
    uint64_t closed[PEERS_REASON_COUNT];
};

/* peers_options_default() that listens on a free port of 127.0.0.1, by a clock
 * that stands still: no time runs out that a test does not let pass. */
struct peers_options bench_options(void);

/* So much time passes, for all. What came before counts as come before: a reply
 * that was received, a request that was told of, memory that was taken. */
void bench_pass(uint32_t ms);

/* Fails the test when it cannot open. NULL: bench_options(). */
void bench_open(struct bench *bench, const struct peers_options *options);

/* The same, at a URL of one's own, with a certificate made before. */
void bench_open_at(struct bench *bench, const struct peers_options *options,
    const char *url, const struct tls_certificate *certificate);

/* Closes; asserts that no reply came twice. Removes the certificate. */
void bench_close(struct bench *bench);

/* Closes and keeps the certificate. */
void bench_close_only(struct bench *bench);

/* Each knows the other's key, and nobody else's. */
void bench_pin(struct bench *bench, const struct bench *other);

/* A request to the other, expecting its key. */
void bench_ask(struct bench *bench, const struct bench *other, uint64_t token,
    const void *body, size_t size, uint32_t timeout_ms);

/* The same, to any address. */
void bench_ask_at(struct bench *bench, const char *const *urls,
    size_t url_count, const uint8_t spki[32], uint64_t token, const void *body,
    size_t size, uint32_t timeout_ms);

/* What came of it, once it came; a generous bound fails the test. */
enum err bench_await(struct bench *bench, uint64_t token);

void bench_await_requests(struct bench *bench, uint64_t count);
void bench_await_replies(struct bench *bench, uint64_t count);
void bench_await_closed(
    struct bench *bench, enum peers_reason reason, uint64_t count);

/* For reasons of which TCP may show one or the other: a reset overtakes what
 * was said before it. A set of 1u << reason. */
void bench_await_closed_for(
    struct bench *bench, uint32_t reasons, uint64_t count);

/* The same while time passes, so much at each look: for what counts from a
 * moment that cannot be seen from outside. */
void bench_pass_until_closed_for(
    struct bench *bench, uint32_t step_ms, uint32_t reasons, uint64_t count);

/* Waits, by asking again and again, until nothing is left of connections. */
void bench_await_quiet(struct bench *bench);

/* Until that many are open. */
void bench_await_open(struct bench *bench, uint32_t count);

/* Until that many were accepted, and dialed, since the start. */
void bench_await_accepted(struct bench *bench, uint32_t count);
void bench_await_dialed(struct bench *bench, uint32_t count);

/* Until it holds that many bytes of frames. */
void bench_await_memory(struct bench *bench, uint32_t size);

/* Until that many requests were given up unanswered. */
void bench_await_unanswered(struct bench *bench, uint32_t count);

/* Answers the held request of that index; what peers_reply() says. */
MUST_USE enum err bench_answer(
    struct bench *bench, size_t index, const void *body, size_t size);

struct peers_counters bench_counters(struct bench *bench);

uint8_t bench_sum(const uint8_t *bytes, size_t size);

#endif
