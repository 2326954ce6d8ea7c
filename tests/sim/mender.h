/*
 * mender.h - an operator who ends conflicts: once all is calm, it says of every
 * agency, again and again, that the ledgers may go on; ever more seldom where
 * none had stopped. Only with --renew 1; all that was promised is then promised
 * again.
 */
#ifndef SIM_MENDER_H
#define SIM_MENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;
struct program;

struct mender {
    size_t peer;      /* that is next */
    bool has_ended;   /* a conflict, in this round */
    int64_t pause_ms; /* before the next round */
};

void mender_begin(struct world *world, struct program *program);

#endif
