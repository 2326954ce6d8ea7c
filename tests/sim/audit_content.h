/* audit_content.h - whose words stand in whose store; see audit.h. */
#ifndef SIM_AUDIT_CONTENT_H
#define SIM_AUDIT_CONTENT_H

struct world;

void audit_contents(struct world *world);

#endif
