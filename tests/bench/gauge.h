/*
 * gauge.h - what a gateway has used and done so far: by the kernel's account
 * of its process, and by its own counters.
 */
#ifndef BENCH_GAUGE_H
#define BENCH_GAUGE_H

#include <stdint.h>

#include "bench.h"

struct gauge {
    double processor_s;    /* user and system */
    int64_t written_bytes; /* given to write() and its like: to the disk */
    int64_t memory_bytes;  /* resident, without the store's map */
    int64_t thread_count;
    int64_t wake_count; /* voluntary switches of all threads */
    int64_t commits;
    int64_t inputs;
    int64_t parcels_sent;
    int64_t entries_sent;
    int64_t submitted;
    int64_t received;
};

void gauge_read(const struct side *side, struct gauge *gauge);
/* Without the counters: nothing is asked of the gateway. */
void gauge_read_process(pid_t pid, struct gauge *gauge);

/* What happened between two readings, for each of so many referrals. */
void gauge_report(const char *name, const struct gauge *before,
    const struct gauge *after, double count);

#endif
