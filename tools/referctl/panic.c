/* referctl panic: what is stored here can be read by nobody any more. */
#include "referctl/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>

#include "io/panic_file.h"
#include "io/store_key.h"
#include "io/store_token.h"
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

/* The key in a token that opened the store's, as far as is known. */
struct token_part {
    struct store_slot slot;
    bool is_wanted;
    bool is_known; /* `key` says which */
    uint8_t key[HASH_SIZE];
};

/* While the file that names it is there. */
static void token_note(const struct home *home,
    const struct arguments *arguments, struct token_part *part)
{
    struct keys_problem problem;
    char path[PRIVATE_PATH_SIZE];
    *part = (struct token_part){ .slot = home_slot(&home->paths, NULL),
        .is_wanted = arguments_flag(arguments, "token") };
    part->slot.pin_path = arguments_option(arguments, "pin-file");
    part->is_known = part->is_wanted &&
                     private_path(home->paths.keys, STORE_TOKEN_NAME, path,
                         &problem) == ERR_NONE &&
                     store_token_key(path, part->key, &problem) == ERR_NONE;
}

/* Last: it may take its time, and what it opened is gone by now. */
static enum exit_code token_destroy(
    struct session *session, const struct token_part *part)
{
    struct keys_problem problem;
    if (!part->is_wanted ||
        store_token_destroy(&part->slot, part->is_known ? part->key : NULL,
            &problem) == ERR_NONE)
        return EXIT_CODE_DONE;
    return session_fail(session, EXIT_CODE_LOCAL,
        "copies of KEYS/store-1.token still open with it: destroy the token",
        "nothing that is stored can be read here any more, but the token's key "
        "is still there: %s",
        problem.text);
}

enum exit_code run_panic(
    struct session *session, const struct arguments *arguments)
{
    struct home home;
    struct token_part token = { .is_wanted = false };
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
    token_note(&home, arguments, &token);
    code = destroy(session, &home);
    if (code == EXIT_CODE_DONE)
        code = token_destroy(session, &token);
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
