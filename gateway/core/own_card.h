/*
 * own_card.h - our own card while the gateway runs: taken at the start and
 * whenever the root key signed another. Peers get a new one with the next
 * Head, and as an entry of their ledger, which orders it among all else.
 */
#ifndef CORE_OWN_CARD_H
#define CORE_OWN_CARD_H

#include "base/slice.h"
#include "core/work.h"

/* At the start. `earlier`: cards before it, in any order; what the store does
 * not have yet is taken from there. ERR_CONFLICT: the store is another
 * agency's; errors of card_read. */
MUST_USE enum err own_card_keep(struct work *work, struct slice signed_card,
    const struct slice *earlier, size_t earlier_count);

/* After peers_load: tells all of a card that is new since the last start. */
void own_card_tell_if_new(struct work *work);

/* Another card: kept, and told to all. One that is held already changes
 * nothing. ERR_CONFLICT: another agency's; ERR_EXISTS: an older one; errors of
 * card_read. */
MUST_USE enum err own_card_take(struct work *work, struct slice signed_card);

/* Keeps a card or sheet where the one before was, or what the node remembers
 * would grow with each: *room is taken with the first. Empty: no memory. */
struct slice own_paper_keep(
    struct node *node, uint8_t **room, struct slice bytes);

#endif
