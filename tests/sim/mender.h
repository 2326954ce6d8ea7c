/*
 * mender.h - an operator who ends conflicts: once all is calm, it says of every
 * agency, again and again, that the ledgers may go on. Only with --renew 1; all
 * that was promised is then promised again.
 */
#ifndef SIM_MENDER_H
#define SIM_MENDER_H

struct world;
struct program;

void mender_begin(struct world *world, struct program *program);

#endif
