/*
 * keeping.h - gateways look hourly what is to go; here, where weeks are minutes
 * long, each minute, and they keep their words for `hold_minutes`.
 *
 *   hold.early  an author let go of words that the other agency's programs had
 *               not all acknowledged, or not for so long
 *   content.lost at the end, what was asked for cannot be read at one end, and
 *               nobody wanted that: whatever disk was lost meanwhile
 */
#ifndef SIM_KEEPING_H
#define SIM_KEEPING_H

#include <stddef.h>

struct gateway;
struct world;

/* Begins the gateway's looks, with --hold_minutes. */
void keeping_begin(struct world *world, struct gateway *gateway);

/* That gateway says in its log that some of its words went. */
void keeping_seen(struct world *world, size_t at);

/* When all is at rest. */
void keeping_end(struct world *world);

#endif
