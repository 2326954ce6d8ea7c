/* init.h - what `referctl init` was told, checked; and the first
 * configuration file. Without side effects. */
#ifndef REFERCTL_INIT_H
#define REFERCTL_INIT_H

#include "core/card.h"
#include "referctl/arguments.h"

/* Fills name, endpoints and contacts, which are the pool's; NULL, or one line
 * about the first option that is wrong. --user is checked too. */
const char *init_read_options(
    struct pool *pool, const struct arguments *arguments, struct card *card);

/* The text of referd.yaml for the data folder `dir`; `socket` may be NULL, for
 * the one in there; `user` gets every right unless --user names it. */
const char *init_config_text(struct pool *pool,
    const struct arguments *arguments, const char *dir, const char *socket,
    const char *user);

#endif
