/* Holds one thread of another process until SIGTERM comes: thread_hold TID.
 * Says "held" when it is, else why it cannot be. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>

/* Waits for a child that is not one: Linux's own, for traced threads. */
#define WAIT_ALL 0x40000000

static int complain(const char *what)
{
    (void)printf("%s: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    sigset_t ends;
    int status;
    int signal_number;
    pid_t thread = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    if (thread <= 0) {
        (void)puts("usage: thread_hold TID");
        return 2;
    }
    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0)
        return complain("seize");
    if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
        waitpid(thread, &status, WAIT_ALL) != thread)
        return complain("interrupt");
    (void)puts("held");
    (void)fflush(stdout);
    (void)sigwait(&ends, &signal_number);
    return ptrace(PTRACE_DETACH, thread, NULL, NULL) == 0 ? 0
                                                          : complain("detach");
}
