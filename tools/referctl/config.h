/*
 * config.h - what referctl wants from referd.yaml: where the socket and the
 * keys are. The file is read and checked as referd does.
 */
#ifndef REFERCTL_CONFIG_H
#define REFERCTL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "referctl/pool.h"

struct config_paths {
    const char *data;
    const char *socket;
    const char *keys;
    const char *store_token; /* "": none */
    uint32_t map_size_mib;
    bool panic_is_forbidden;
    uint32_t key_days;
    uint32_t overlap_days;
    uint32_t card_days;
};

/* NULL, or one line about what is wrong, with file and line. */
const char *config_read(
    struct pool *pool, const char *config_path, struct config_paths *paths);

#endif
