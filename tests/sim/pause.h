/*
 * pause.h - gateways that stop for a while and go on, as if nothing had been
 * (SIGSTOP, a disk that hangs); or with their machine, whose steady clock then
 * stands still.
 */
#ifndef SIM_PAUSE_H
#define SIM_PAUSE_H

#include <stdbool.h>

#include "sim/scheduler.h"

struct gateway;
struct world;

void pause_begin(struct world *world, struct gateway *gateway);

/* True while it is stopped: `turn` then comes again when it goes on. */
bool pause_holds(
    struct world *world, struct gateway *gateway, event_handler *turn);

#endif
