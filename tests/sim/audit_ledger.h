/* audit_ledger.h - both ends of every ledger hold the same; see audit.h. */
#ifndef SIM_AUDIT_LEDGER_H
#define SIM_AUDIT_LEDGER_H

struct world;

void audit_ledgers(struct world *world);

#endif
