/* serve.h - the socket of a fake and the thread behind it. */
#ifndef FAKE_SERVE_H
#define FAKE_SERVE_H

#include "sdk/fake/state.h"

/* Listens and starts the thread; with the lock. REFER_BUSY: no descriptor, no
 * place for the socket, no thread; REFER_NO_MEMORY. */
refer_status fake_server_start(struct refer_fake *fake);
/* Ends the thread, closes all, removes the socket. Without the lock. */
void fake_server_stop(struct refer_fake *fake);

/* Something changed: the thread looks again. Accepts that there is none. */
void fake_server_wake(const struct refer_fake *fake);
/* Queues a reply; a connection that cannot have it is closed. On the thread. */
void fake_server_reply(struct refer_fake *fake, uint64_t link,
    const struct sdk_reply *reply, int fault);

#endif
