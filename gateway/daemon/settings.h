/*
 * settings.h - everything that a gateway is told before it runs: its
 * configuration, its keys, its card, and the users of its socket; checked
 * against each other. What is wrong is said on standard error.
 */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/slice.h"
#include "io/card_file.h"
#include "io/keyring.h"
#include "io/local_socket.h"
#include "io/yaml_config.h"

struct settings {
    struct arena arena; /* holds all of it */
    struct config config;
    struct keyring *keyring;
    struct slice card; /* SignedCard, of DATA/card */
    struct slice earlier[CARD_FILE_EARLIER_COUNT_MAX]; /* before it */
    size_t earlier_count;
    struct agency_id agency; /* whose it is */
    struct local_socket_user *users;
    size_t user_count;
};

/* False when anything is wrong. */
bool settings_load(const char *config_path, struct settings *settings);

/* The configuration alone. Release it, also after false. */
bool settings_load_config(const char *config_path, struct settings *settings);

/* The same without keys, and without any effect: what a reload can take.
 * A card that is gone is empty; whether its keys are there, who takes it finds
 * out. Release it, also after false. */
bool settings_load_again(const char *config_path, struct settings *settings);
void settings_release(struct settings *settings);

#endif
