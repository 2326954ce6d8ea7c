/*
 * smuggler.h - puts an entry into the last agency's ledgers that its gateway
 * would never write: it goes with its next parcel, well signed. What it says is
 * for the scripts that use it.
 */
#ifndef SIM_SMUGGLER_H
#define SIM_SMUGGLER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/instant.h"
#include "base/slice.h"
#include "core/entry.h"
#include "sim/options.h"

struct gateway;
struct world;

/* It is the last agency, in a batch with room for an entry more, and all may
 * refer. */
bool smuggler_can(const struct world *world, const struct gateway *gateway);
/* And the last one was told some seconds ago: each brings another batch. */
bool smuggler_may(const struct world *world, const struct gateway *gateway);

/* An agency that it talks with, drawn from that stream; gateway_count when
 * there is none. */
size_t smuggler_choose(
    struct world *world, const struct gateway *gateway, enum sim_stream stream);

/* Dated `at`. False when it does not know that agency any more. */
bool smuggler_tell(struct world *world, struct gateway *gateway, size_t to,
    enum entry_kind kind, struct instant at, struct slice content);

#endif
