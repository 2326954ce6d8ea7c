/*
 * rot.h - bits that turn on a gateway's disk, in contents that others hold as
 * well, once all is calm (--rot): it has to find them by itself, and to take
 * them back. At the end every store is whole.
 */
#ifndef SIM_ROT_H
#define SIM_ROT_H

#include <stddef.h>

struct world;

/* Plans it, at one of the gateways. */
void rot_begin(struct world *world);

/* When all is quiet: a check of that gateway's store finds nothing. */
void rot_check(struct world *world, size_t at);

#endif
