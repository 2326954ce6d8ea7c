/*
 * notify.h - tells the service manager how the process is: the protocol of
 * sd_notify(3), a datagram of KEY=VALUE lines to the Unix socket that
 * $NOTIFY_SOCKET names. Without that variable nothing is told to nobody.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    int socket; /* -1: nobody wants to know */
    struct sockaddr_un address;
    socklen_t address_size;
    uint32_t watchdog_ms; /* pings must come closer than this; 0: none */
};

/* The three variables of the environment, each may be NULL: NOTIFY_SOCKET ("/"
 * or, for an abstract name, "@" first), WATCHDOG_USEC, WATCHDOG_PID. False
 * when they ask for something that cannot be done; nothing is told then. */
bool notify_open(struct notify *notify, const char *socket_name,
    const char *watchdog_usec, const char *watchdog_pid);

/* "READY=1". Never waits: what the manager has no room for is lost. False when
 * it could not be sent. Any thread. */
bool notify_say(const struct notify *notify, const char *state);

void notify_close(struct notify *notify);

#endif
