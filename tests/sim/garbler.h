/*
 * garbler.h - the last agency writes nonsense into its ledgers, and signs it
 * well, by the command line (--garble_permille of its batches): bytes of any
 * kind, cards and agreements with a wrong bit, signatures that nobody made,
 * answers to what was never said. It is refused entry by entry; the ledger and
 * all else in it goes on.
 */
#ifndef SIM_GARBLER_H
#define SIM_GARBLER_H

struct gateway;
struct world;

/* Nonsense, told in its batch. */
void garbler_tell(struct world *world, struct gateway *gateway);

#endif
