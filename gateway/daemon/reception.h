/* reception.h - from the local socket into the inbox: what programs of the
 * agency ask, and that they went. */
#ifndef DAEMON_RECEPTION_H
#define DAEMON_RECEPTION_H

#include "daemon/inbox.h"
#include "io/local_socket.h"

/* The inbox must outlive the socket. */
struct local_socket_events reception_events(struct inbox *inbox);

#endif
