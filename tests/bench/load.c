/*
 * load.c - referrals a second from the call at the one agency to the durable
 * event at the other and its signature back, and what each costs.
 */
#include <poll.h>
#include <string.h>

#include "client.h"
#include "follow.h"
#include "gauge.h"
#include "limits.h"
#include "report.h"
#include "submit.h"

#define COSIGNED_MS_MAX 30000
#define POLL_MS 2

struct outcome {
    double submitted_s; /* until the last was answered */
    double cosigned_s;  /* ... the last had come, and was signed for */
};

static void same_check(
    const struct seen *submitted, const struct seen *came, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(submitted[i].id, came[i].id) != 0)
            DIE("%s was handed over, %s came", submitted[i].id, came[i].id);
}

static void wait_cosigned(const struct options *options)
{
    refer_client *client = client_new(options->from.socket);
    int64_t begin = now_ns();
    while (!client_is_cosigned(client)) {
        if (seconds_since(begin) * 1000 > COSIGNED_MS_MAX)
            DIE("the other agency has not signed for all");
        (void)poll(NULL, 0, POLL_MS);
    }
    refer_client_free(client);
}

static struct outcome load(
    const struct options *options, struct follower *follower)
{
    struct outcome outcome;
    struct submitters *submitters = submitters_new(options);
    int64_t begin = now_ns();
    const struct seen *submitted = submitters_go(submitters);
    outcome.submitted_s = seconds_since(begin);
    const struct seen *came = follower_wait(follower);
    same_check(submitted, came, options->count);
    submitters_free(submitters);
    wait_cosigned(options);
    outcome.cosigned_s = seconds_since(begin);
    return outcome;
}

static void outcome_report(const struct options *options,
    const struct outcome *outcome, const struct limits *limits)
{
    double count = options->count;
    double each =
        outcome->submitted_s / count * options->submitters * options->batch;
    report_count("referrals", options->count);
    report_count("submitters", options->submitters);
    report_count("batch", options->batch);
    report_number("per_s", count / outcome->cosigned_s, 0);
    report_number("submitted_per_s", count / outcome->submitted_s, 0);
    report_number("submit_ms", each * 1000, 3);
    report_group("ratio");
    report_number("per_s_to_commits_per_s",
        count / outcome->cosigned_s * limits->commit, 2);
    report_number("submit_to_commit", each / limits->commit, 2);
    report_group_end();
}

void load_run(const struct options *options)
{
    struct limits limits;
    struct gauge before[2];
    struct gauge after[2];
    limits_begin(options, &limits);
    struct follower *follower =
        follower_start(options->at.socket, options->count);
    gauge_read(&options->from, &before[0]);
    gauge_read(&options->at, &before[1]);
    struct outcome outcome = load(options, follower);
    gauge_read(&options->from, &after[0]);
    gauge_read(&options->at, &after[1]);
    limits_end(options, &limits);
    follower_free(follower);
    DIE_UNLESS(
        after[0].submitted - before[0].submitted == (int64_t)options->count);
    DIE_UNLESS(
        after[1].received - before[1].received == (int64_t)options->count);
    report_begin(options->name);
    outcome_report(options, &outcome, &limits);
    report_number("cpu_s_per_10000_both",
        (after[0].processor_s - before[0].processor_s + after[1].processor_s -
            before[1].processor_s) /
            options->count * 10000,
        3);
    gauge_report("from", &before[0], &after[0], options->count);
    gauge_report("at", &before[1], &after[1], options->count);
    limits_report(&limits);
    report_end();
}
