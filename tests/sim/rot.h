/*
 * rot.h - bits that turn on a gateway's disk, in contents that others hold as
 * well: once all is calm (--rot), when it has to find them by itself; or in the
 * first store that is put back (--rot_back), where it comes upon them while it
 * takes back what it lost. It may die of each of them once, and takes them all
 * back, unless they were erased where they came from. Or in words that wait,
 * which nobody else has (--rot_waiting): caretaker.h. At the end every store is
 * whole.
 */
#ifndef SIM_ROT_H
#define SIM_ROT_H

#include <stdbool.h>
#include <stddef.h>

struct gateway;
struct world;

/* Something may: gateways look at their stores. */
bool rot_is_on(const struct world *world);

/* At which gateway, but for that. */
size_t rot_place(const struct world *world);

/* In a store that was just put back. */
void rot_put_back(struct world *world, struct gateway *gateway);

/* Plans it, at one of the gateways. */
void rot_begin(struct world *world);

/* When all is quiet: a check of that gateway's store finds nothing. */
void rot_check(struct world *world, size_t at);

#endif
