/* rotation.h - agencies whose keys are followed by others while all goes on. */
#ifndef SIM_ROTATION_H
#define SIM_ROTATION_H

struct gateway;
struct world;

/* Plans its changes of keys, if this run has any. */
void rotation_begin(struct world *world, struct gateway *gateway);

/* New keys sign from now on; its card is another, which shows them: alone, or
 * beside those before, which end soon. */
void rotation_make(struct world *world, struct gateway *gateway);

#endif
