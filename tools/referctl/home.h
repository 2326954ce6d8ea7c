/*
 * home.h - a gateway's folders, for commands that work on its files: those of
 * --dir, else of --config.
 */
#ifndef REFERCTL_HOME_H
#define REFERCTL_HOME_H

#include <sys/types.h>

#include "io/store_slot.h"
#include "referctl/arguments.h"
#include "referctl/config.h"
#include "referctl/owner.h"
#include "referctl/session.h"

struct home {
    const char *config; /* the file */
    struct config_paths paths;
    struct owner owner; /* of its folder of data */
};

/* EXIT_CODE_USAGE, EXIT_CODE_LOCAL after printing why. */
enum exit_code home_find(struct session *session,
    const struct arguments *arguments, struct home *home);

/* As its owner from here to home_leave(), where root asks. EXIT_CODE_LOCAL
 * after printing why. */
enum exit_code home_enter(struct session *session, const struct home *home);
void home_leave(const struct home *home);

/* On a terminal it asks whether `what` is to be done, unless --yes was given.
 * EXIT_CODE_USAGE: it was not wanted. */
enum exit_code home_confirm(struct session *session,
    const struct arguments *arguments, const char *what);

/* Where the store's key is, of the gateway whose folders those are, and of the
 * environment. `passphrase` NULL: none was named. */
struct store_slot home_slot(
    const struct config_paths *paths, const char *passphrase);

/* The process that has that folder of data; 0: none does. */
pid_t home_holder(struct session *session, const char *data);

#endif
