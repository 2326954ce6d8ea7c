/* progress.h - how far a long piece of work is, on a terminal. */
#ifndef REFERCTL_PROGRESS_H
#define REFERCTL_PROGRESS_H

#include <stdint.h>

#include "referctl/session.h"

/* A bar and a percentage, over what was shown before; nothing where nobody
 * looks. Of 0 only `done` is known: bytes. */
void progress_show(struct session *session, uint64_t done, uint64_t total);
/* Takes it off. */
void progress_hide(struct session *session);

#endif
