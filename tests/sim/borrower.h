/*
 * borrower.h - the last agency has keys of agency 0 on its card, of every
 * purpose and beside its own, and seals nothing of it can open: it has none of
 * the private ones (--borrow_keys 1). With 2, sealing keys of agency 0 stand in
 * its key sheets, too, until it is calm: what is sealed to those it passes on
 * to agency 0. Nobody takes the one agency for the other, as every signature
 * and every envelope names whom it is of and for.
 *
 *   request.forged  (forger.h) a request was believed in another's name
 *   frame.borrowed  agency 0 opened what is for the last one
 */
#ifndef SIM_BORROWER_H
#define SIM_BORROWER_H

#include <stddef.h>
#include <stdint.h>

#include "core/card.h"

struct gateway;
struct letter;
struct world;

/* More keys for its card; as many are then in `keys`. */
size_t borrower_card(const struct world *world, struct gateway *gateway,
    struct card_key *keys, size_t count);
/* Other keys for its sheet, in their places. */
void borrower_sheet(struct world *world, const struct gateway *gateway,
    struct sealing_key *keys, size_t count);
/* Plans those. */
void borrower_begin(struct world *world);

/* It could not open that. */
void borrower_pass_on(struct world *world, const struct gateway *gateway,
    const struct letter *letter);

/* A request was opened that came from that agency's machine. */
void borrower_opened(struct world *world, size_t at, size_t from,
    const struct agency_id *sender);

#endif
