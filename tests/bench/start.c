/*
 * start.c - from exec() to a gateway that is ready, with what it has stored;
 * its memory then. What it says goes to start.log.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "gauge.h"
#include "limits.h"
#include "report.h"

#define READY_MS_MAX 30000
#define SETTLE_MS 500

static pid_t start(const struct options *options)
{
    pid_t pid = fork();
    DIE_UNLESS(pid >= 0);
    if (pid == 0) {
        DIE_UNLESS(freopen("start.log", "ae", stdout) != NULL);
        DIE_UNLESS(dup2(STDOUT_FILENO, STDERR_FILENO) >= 0);
        (void)execl(options->program, options->program, "-c", options->config,
            (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void stop(pid_t pid)
{
    int status = 0;
    DIE_UNLESS(kill(pid, SIGTERM) == 0);
    DIE_UNLESS(waitpid(pid, &status, 0) == pid);
    DIE_UNLESS(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int is_ready(refer_client *client)
{
    refer_health *health = NULL;
    int ready = refer_health_get(client, CALL_MS, &health) == REFER_OK &&
                refer_health_is_ready(health);
    refer_health_free(health);
    return ready;
}

/* Seconds until it says that it is ready. */
static double ready_wait(const struct options *options, int64_t begin)
{
    refer_client *client = NULL;
    DIE_UNLESS(refer_client_new(&client) == REFER_OK);
    DIE_UNLESS(
        refer_client_set(client, "socket", options->from.socket) == REFER_OK);
    while (!is_ready(client)) {
        if (seconds_since(begin) * 1000 > READY_MS_MAX)
            DIE("%s is not ready", options->program);
        (void)poll(NULL, 0, 1);
    }
    refer_client_free(client);
    return seconds_since(begin);
}

void start_run(const struct options *options)
{
    struct limits limits;
    struct gauge idle;
    limits_begin(options, &limits);
    int64_t begin = now_ns();
    struct side side = { options->from.socket, start(options) };
    double ready_s = ready_wait(options, begin);
    (void)poll(NULL, 0, SETTLE_MS); /* what it does once, after the start */
    gauge_read(&side, &idle);
    stop(side.pid);
    limits_end(options, &limits);
    report_begin(options->name);
    report_count("stored", options->count);
    report_number("ready_ms", ready_s * 1000, 1);
    report_number("memory_mib", (double)idle.memory_bytes / 1048576, 1);
    report_count("threads", idle.thread_count);
    report_group("ratio");
    report_number("ready_to_commit", ready_s / limits.commit, 1);
    report_group_end();
    limits_report(&limits);
    report_end();
}
