/*
 * pace.c - how long a referral takes from the moment when it was due to be
 * handed over to the event at the other agency, at a rate that does not wait
 * for the slow ones.
 */
#include <string.h>

#include "client.h"
#include "follow.h"
#include "limits.h"
#include "report.h"
#include "submit.h"

static int by_value(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static double *delays(
    const struct seen *submitted, const struct seen *came, uint32_t count)
{
    double *ms = malloc(count * sizeof *ms);
    DIE_UNLESS(ms != NULL);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(submitted[i].id, came[i].id) != 0)
            DIE("%s was handed over, %s came", submitted[i].id, came[i].id);
        ms[i] = (double)(came[i].at_ns - submitted[i].at_ns) / 1e6;
    }
    qsort(ms, count, sizeof *ms, by_value);
    return ms;
}

void pace_run(const struct options *options)
{
    struct limits limits;
    limits_begin(options, &limits);
    struct follower *follower =
        follower_start(options->at.socket, options->count);
    struct submitters *submitters = submitters_new(options);
    const struct seen *submitted = submitters_go(submitters);
    uint32_t count = options->count;
    double *ms = delays(submitted, follower_wait(follower), count);
    limits_end(options, &limits);
    report_begin(options->name);
    report_count("referrals", count);
    report_count("rate", options->rate);
    report_number("p50_ms", ms[count / 2], 3);
    report_number("p99_ms", ms[(uint64_t)count * 99 / 100], 3);
    report_number("max_ms", ms[count - 1], 3);
    report_group("ratio");
    report_number("p50_to_commit", ms[count / 2] / 1000 / limits.commit, 2);
    report_number("p99_to_commit",
        ms[(uint64_t)count * 99 / 100] / 1000 / limits.commit, 2);
    report_group_end();
    limits_report(&limits);
    report_end();
    free(ms);
    submitters_free(submitters);
    follower_free(follower);
}
