/*
 * withholder.h - the last agency takes parcels and gives no receipt for them
 * (--withhold_permille of its receipts, and of what it shows of them in Head),
 * until it is calm; with --withhold_for_ever 1 even then. With 1000 nothing is
 * ever signed for: people at the other agencies must hear of that in a day, and
 * what was said stays with its author.
 *
 *   alarm.missing       none stands for what has had no receipt for a day
 *   alarm.stays         one stands when all was signed for
 *   withheld.forgotten its author does not hold it any more
 */
#ifndef SIM_WITHHOLDER_H
#define SIM_WITHHOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "core/message.h"

struct gateway;
struct world;

/* Plans the look at what waits, when the work ends. */
void withholder_begin(struct world *world);

/* That reply does not leave. */
bool withholder_keeps(
    struct world *world, const struct gateway *gateway, enum reply_kind kind);
/* What leaves instead of that Collect or Head: the same without receipts. */
struct slice withholder_collect(
    struct world *world, const struct gateway *gateway, struct slice body);
struct slice withholder_head(
    struct world *world, const struct gateway *gateway, struct slice body);

/* It is the one that withholds. */
bool withholder_is(const struct world *world, size_t at);
/* Between these two receipts are missing for good. */
bool withholder_is_between(const struct world *world, size_t a, size_t b);

/* When all is quiet. */
void withholder_check(struct world *world, size_t at);

#endif
