/*
 * reload.h - takes the configuration anew while the gateway runs: all of what
 * a reload can take, or, when the file has a mistake, nothing.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <stdbool.h>

#include "daemon/loop.h"
#include "io/local_socket.h"
#include "io/yaml_config.h"

/*
 * `started`: the configuration that the process started with. False when the
 * file is refused; what is wrong was then said on standard error, as by
 * referd -t. Logs each key that changed and that only a restart takes. One
 * thread.
 */
bool reload(const char *config_path, const struct config *started,
    struct local_socket *socket, struct loop *loop);

#endif
