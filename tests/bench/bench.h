/*
 * bench.h - what every figure has in common: whom it is measured at, where,
 * and how a program that cannot go on ends.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>

#define CALL_MS 30000

/* A gateway by its local socket and its process. */
struct side {
    const char *socket;
    pid_t pid;
};

struct options {
    struct side from;    /* where referrals are handed over */
    struct side at;      /* where they arrive */
    const char *to;      /* its agency */
    const char *disk;    /* a folder on the disk of both stores */
    const char *name;    /* of the figure */
    uint32_t count;      /* referrals */
    uint32_t submitters; /* at the same time */
    uint32_t batch;      /* referrals in one call */
    uint32_t rate;       /* referrals a second; 0: as fast as it goes */
    uint32_t content;    /* bytes said about the person of each */
    const char *program; /* of a gateway to start, */
    const char *config;  /* ... and its configuration */
    uint32_t probes;     /* of the disk, for its limits */
};

/* A figure that cannot be measured, or not be believed, is not printed. */
#define DIE(...)                                                               \
    do {                                                                       \
        fprintf(stderr, "refer_bench: " __VA_ARGS__);                          \
        fputc('\n', stderr);                                                   \
        exit(1);                                                               \
    } while (0)
#define DIE_UNLESS(condition)                                                  \
    do {                                                                       \
        if (!(condition))                                                      \
            DIE("%s:%d: %s", __FILE__, __LINE__, #condition);                  \
    } while (0)

static inline int64_t now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static inline double seconds_since(int64_t begin_ns)
{
    return (double)(now_ns() - begin_ns) / 1e9;
}

/* Each prints one line of JSON, and ends the program when a check fails. */
void load_run(const struct options *options);
void pace_run(const struct options *options);
void start_run(const struct options *options);
void idle_run(const struct options *options);
void churn_run(const struct options *options);

#endif
