/*
 * batch.h - one batch of a gateway: inputs, steps, commit, outputs, and the
 * ways in which that can end.
 */
#ifndef SIM_BATCH_H
#define SIM_BATCH_H

#include "base/slice.h"

struct world;
struct gateway;
struct letter;

/* What waits, up to batch_max inputs. */
void batch_run(struct world *world, struct gateway *gateway);

/* The first batch of a life: NODE_START and NODE_SHEET. */
void batch_start(struct world *world, struct gateway *gateway);

/* Just this one client's request, without mishaps; the reply is left in the
 * `talk` arena. */
struct slice batch_ask(
    struct world *world, struct gateway *gateway, struct slice frame);

#endif
