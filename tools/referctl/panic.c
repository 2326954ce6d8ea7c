/* referctl panic: what is stored here can be read by nobody any more. */
#include "referctl/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>

#include "io/panic_file.h"
#include "referctl/ask.h"
#include "referctl/display.h"
#include "referctl/home.h"

static enum exit_code confirm(
    struct session *session, const struct arguments *arguments)
{
    if (arguments_flag(arguments, "yes"))
        return EXIT_CODE_DONE;
    if (!ask_is_possible(session))
        return session_fail(session, EXIT_CODE_USAGE, "referctl panic --yes",
            "nobody can be asked here whether it is meant");
    return home_confirm(session, arguments,
        "Everything that is stored here is made unreadable, for good, and the "
        "gateway is ended.\nWhat other agencies hold they keep.");
}

/* Not asked to end: it may hang, and its memory holds the keys. */
static bool gateway_end(const struct home *home, struct session *session)
{
    pid_t pid = home_holder(session, home->paths.data);
    return pid <= 1 || kill(pid, SIGKILL) == 0 || errno == ESRCH;
}

/* Once more after its end: it may have made keys of days in between. */
static enum exit_code destroy(struct session *session, const struct home *home)
{
    struct keys_problem problem;
    struct keys_problem again;
    const struct config_paths *paths = &home->paths;
    enum err err = panic_file_destroy(paths->data, paths->keys, &problem);
    bool is_ended = gateway_end(home, session);
    enum err second = panic_file_destroy(paths->data, paths->keys, &again);
    if (second != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL,
            "run it as the gateway's user or as root, at once; or destroy the "
            "disk",
            "%s", again.text);
    if (!is_ended)
        return session_fail(session, EXIT_CODE_LOCAL,
            "end the gateway, or switch the machine off: its memory holds keys",
            "the files are destroyed, but the gateway cannot be ended: %s",
            strerror(errno));
    return err == ERR_NONE || second == ERR_NONE ? EXIT_CODE_DONE
                                                 : EXIT_CODE_LOCAL;
}

enum exit_code run_panic(
    struct session *session, const struct arguments *arguments)
{
    struct home home;
    enum exit_code code = home_find(session, arguments, &home);
    if (code == EXIT_CODE_DONE && home.paths.panic_is_forbidden)
        return session_fail(session, EXIT_CODE_REFUSED,
            "an operator may allow it: panic: allowed", "%s forbids it",
            home.config);
    if (code == EXIT_CODE_DONE)
        code = confirm(session, arguments);
    if (code == EXIT_CODE_DONE)
        code = home_enter(session, &home);
    if (code != EXIT_CODE_DONE)
        return code;
    code = destroy(session, &home);
    home_leave(&home);
    if (code == EXIT_CODE_DONE)
        display_note(session,
            "Done: nothing that is stored in %s can be read any more.\n"
            "A copy of the store's key that is kept elsewhere, or a credential "
            "of systemd, opens what is\nleft of it, but not what was said "
            "about people: destroy those, too.\n"
            "To begin again: referctl key slot new",
            home.paths.data);
    return code;
}
