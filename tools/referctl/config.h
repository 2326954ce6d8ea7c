/*
 * config.h - the little that referctl reads of referd.yaml: where the socket
 * and the keys are. referd alone checks the whole of it (referd -t).
 */
#ifndef REFERCTL_CONFIG_H
#define REFERCTL_CONFIG_H

#include "referctl/pool.h"

struct config_paths {
    const char *socket; /* key `socket`, else DATA/referd.sock */
    const char *keys;   /* key `keys`, else DATA/keys */
};

/*
 * Relative paths in the file count from its folder. NULL, or one line about
 * what is wrong, with file and line.
 */
const char *config_read(
    struct pool *pool, const char *config_path, struct config_paths *paths);

#endif
