/* referctl - the operator's command line of a referral gateway. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "referctl/command.h"
#include "referctl/probe.h"

static int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool may_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return (no_colour == NULL || no_colour[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

int main(int argc, char **argv)
{
    struct pool pool = { 0 };
    struct session session = {
        .pool = &pool,
        .in = stdin,
        .out = stdout,
        .err = stderr,
        .is_terminal = isatty(STDOUT_FILENO) == 1,
        .has_keyboard = isatty(STDIN_FILENO) == 1,
        .now_ms = now_ms(),
        .timeout_ms = TIMEOUT_MS_DEFAULT,
        .probe = probe_endpoint,
    };
    session.has_colour = session.is_terminal && may_colour();
    /* names of people and places come in every script */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    enum exit_code code = referctl_run(&session, argc, argv);
    session_close(&session);
    if (fflush(stdout) != 0 && code == EXIT_CODE_DONE)
        code = session_fail(&session, EXIT_CODE_LOCAL,
            "make room on the disk, or mend the pipe",
            "cannot write the output");
    pool_release(&pool);
    return (int)code;
}
