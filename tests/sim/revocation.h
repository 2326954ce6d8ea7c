/* revocation.h - agency 0 ends its card while all goes on. After that only
 * safety is promised, and that all hear of it. */
#ifndef SIM_REVOCATION_H
#define SIM_REVOCATION_H

#include "base/log.h"

struct gateway;
struct world;

/* Plans it, if this run has it. */
void revocation_begin(struct world *world);

/* That gateway lost its store, and may not know any more; whose card it is
 * says so again. */
void revocation_lost(struct world *world, struct gateway *gateway);

/* What a gateway said: from its peer.revoked on it takes nothing more. */
void revocation_log(
    struct world *world, size_t at, const struct log_entry *entry);

/* When all is calm: whoever it can reach, or who can reach it, knows. */
void revocation_check(struct world *world);

#endif
