#include "io/apart.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What goes through the pipe, before the result. */
struct said {
    enum err err;
    struct keys_problem problem;
};

static int64_t now_ms(void)
{
    struct timespec now = { 0, 0 };
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- There -------------------------------------------------------------- */

static bool write_all(int pipe, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        ssize_t put = write(pipe, at, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += put;
        size -= (size_t)put;
    }
    return true;
}

/* Nothing of ours is tidied up: the memory goes with the process. */
static _Noreturn void work_do(apart_work *work, const void *order,
    size_t result_size, int pipe, pid_t parent)
{
    struct said said = { .problem.text = "" };
    void *result = calloc(1, result_size);
    /* not to be left behind, waiting for a token */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent ||
        result == NULL)
        _exit(1);
    said.err = work(order, result, &said.problem);
    bool done = write_all(pipe, &said, sizeof said) &&
                write_all(pipe, result, result_size);
    _exit(done ? 0 : 1);
}

/* ---- Here --------------------------------------------------------------- */

/* All of it, or false: its end, or that time. */
static bool read_until(int pipe, void *bytes, size_t size, int64_t end_ms)
{
    uint8_t *at = bytes;
    while (size > 0) {
        struct pollfd waited = { .fd = pipe, .events = POLLIN };
        int64_t left_ms = end_ms - now_ms();
        if (left_ms <= 0)
            return false;
        if (poll(&waited, 1, (int)left_ms) < 0 && errno != EINTR)
            return false;
        if (waited.revents == 0)
            continue;
        ssize_t got = read(pipe, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

static enum err refuse(
    struct keys_problem *problem, const char *what, const char *why, int number)
{
    keys_problem_set(problem, "%s: %s (%d)", what, why, number);
    return ERR_IO;
}

static enum err answer_take(int pipe, pid_t child, void *result,
    size_t result_size, int ms_max, const char *what,
    struct keys_problem *problem)
{
    struct said said;
    int status = 0;
    int64_t end_ms = now_ms() + ms_max;
    bool is_whole = read_until(pipe, &said, sizeof said, end_ms) &&
                    read_until(pipe, result, result_size, end_ms);
    bool is_late = !is_whole && now_ms() >= end_ms;
    if (!is_whole)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (is_late) {
        keys_problem_set(problem,
            "%s: gave no answer for %d s; look at it, and try again", what,
            ms_max / 1000);
        return ERR_TIMEOUT;
    }
    if (!is_whole)
        return refuse(problem, what, "ended without a word; look at it",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    *problem = said.problem;
    return said.err;
}

enum err apart_run(apart_work *work, const void *order, void *result,
    size_t result_size, int ms_max, const char *what,
    struct keys_problem *problem)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe(ends) != 0)
        return refuse(problem, what, "no pipe", errno);
    (void)fflush(NULL); /* nothing is to be written twice */
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        work_do(work, order, result_size, ends[1], parent);
    }
    int reason = errno;
    (void)close(ends[1]);
    enum err err = child < 0 ? refuse(problem, what, "no other process", reason)
                             : answer_take(ends[0], child, result, result_size,
                                   ms_max, what, problem);
    (void)close(ends[0]);
    return err;
}
