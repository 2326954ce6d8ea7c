/*
 * bench_router.h - two agencies of bench_node.h, of which 0 is behind a home
 * router: its card names no endpoint, so it dials out and collects.
 */
#ifndef SUPPORT_BENCH_ROUTER_H
#define SUPPORT_BENCH_ROUTER_H

#include "base/arena.h"
#include "support/bench_node.h"

/* Connected, without an agreement. The arena is made for it and must outlive
 * it. */
struct federation *router_federation(struct arena *arena);

/* One has something to say to the other: an entry of padding. */
void router_tell(struct federation *federation, size_t from, size_t to);

#endif
