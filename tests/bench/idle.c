/*
 * idle.c - what two gateways cost that know each other and have nothing to do.
 */
#include <poll.h>

#include "gauge.h"
#include "report.h"

static void idle_report(const char *name, const struct gauge *before,
    const struct gauge *after, double seconds)
{
    report_group(name);
    report_number("memory_mib", (double)after->memory_bytes / 1048576, 1);
    report_count("threads", after->thread_count);
    report_number("wakes_per_s",
        (double)(after->wake_count - before->wake_count) / seconds, 1);
    report_number("cpu_ms_per_s",
        (after->processor_s - before->processor_s) / seconds * 1000, 2);
    report_group_end();
}

void idle_run(const struct options *options)
{
    struct gauge before[2];
    struct gauge after[2];
    gauge_read_process(options->from.pid, &before[0]);
    gauge_read_process(options->at.pid, &before[1]);
    int64_t begin = now_ns();
    (void)poll(NULL, 0, (int)options->count * 1000);
    double seconds = seconds_since(begin);
    gauge_read_process(options->from.pid, &after[0]);
    gauge_read_process(options->at.pid, &after[1]);
    DIE_UNLESS(after[0].thread_count == before[0].thread_count &&
               after[1].thread_count == before[1].thread_count);
    report_begin(options->name);
    report_number("seconds", seconds, 1);
    idle_report("idle_from", &before[0], &after[0], seconds);
    idle_report("idle_at", &before[1], &after[1], seconds);
    report_end();
}
