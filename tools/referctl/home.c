#include "referctl/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "referctl/ask.h"
#include "referctl/display.h"

enum exit_code home_find(struct session *session,
    const struct arguments *arguments, struct home *home)
{
    const char *dir = arguments_option(arguments, "dir");
    *home = (struct home){ 0 };
    if (dir == NULL && session->config_path == NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "name its file: --config FILE, or its folder: --dir DIR",
            "which gateway?");
    home->config = dir == NULL
                       ? session->config_path
                       : pool_format(session->pool, "%s/referd.yaml", dir);
    const char *problem =
        config_read(session->pool, home->config, &home->paths);
    if (problem != NULL)
        return session_fail(session, EXIT_CODE_LOCAL,
            "correct it: referd -t -c FILE", "%s", problem);
    home->owner = owner_of(home->paths.data);
    return EXIT_CODE_DONE;
}

enum exit_code home_enter(struct session *session, const struct home *home)
{
    if (owner_enter(&home->owner))
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_LOCAL,
        "run it as the user that the gateway runs as",
        "cannot work as the owner of %s: %s", home->paths.data,
        strerror(errno));
}

void home_leave(const struct home *home)
{
    (void)owner_leave(&home->owner);
}

enum exit_code home_confirm(struct session *session,
    const struct arguments *arguments, const char *what)
{
    if (arguments_flag(arguments, "yes") || !ask_is_possible(session))
        return EXIT_CODE_DONE;
    display_line(session, "%s\n", what);
    if (ask_yes(session, "Do it? (yes/no) "))
        return EXIT_CODE_DONE;
    return session_fail(
        session, EXIT_CODE_USAGE, NULL, "not done: nothing was changed");
}

struct store_slot home_slot(
    const struct config_paths *paths, const char *passphrase)
{
    return (struct store_slot){ .keys = paths->keys,
        .credentials = getenv("CREDENTIALS_DIRECTORY"),
        .passphrase_path = passphrase,
        .token = paths->store_token };
}

pid_t home_holder(struct session *session, const char *data)
{
    char text[24] = "";
    int fd =
        open(pool_format(session->pool, "%s/lock", data), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    bool is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ssize_t size = is_held ? pread(fd, text, sizeof text - 1, 0) : 0;
    (void)close(fd); /* gives the lock back, if it was free */
    return size > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}
