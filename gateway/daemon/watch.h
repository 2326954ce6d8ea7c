/*
 * watch.h - what the main thread does while the gateway runs: waits for
 * signals, reloads on SIGHUP, and pings the service manager as long as the
 * core thread goes on.
 */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/loop.h"
#include "daemon/notify.h"
#include "io/yaml_config.h"

struct watch {
    const char *config_path;
    const struct config *config; /* as started */
    struct loop *loop;
    const struct notify *notify;
};

/* SIGHUP, SIGTERM and SIGINT, for the caller to block before any thread is. */
void watch_signals(sigset_t *signals);

/* Returns after SIGTERM or SIGINT. */
void watch_run(const struct watch *watch, const sigset_t *signals);

/* The core thread takes a turn at least this often; 0: need not. */
int64_t watch_turn_ms_max(const struct notify *notify);

/* Whether a core thread whose last turn ended then may be vouched for. */
bool watch_is_alive(
    const struct notify *notify, int64_t turned_steady_ms, int64_t steady_ms);

#endif
