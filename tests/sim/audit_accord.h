/* audit_accord.h - see audit.h */
#ifndef SIM_AUDIT_ACCORD_H
#define SIM_AUDIT_ACCORD_H

struct world;

void audit_accords(struct world *world);

#endif
