/*
 * rehearsal.h - the first step of each batch, tried before it is taken with
 * all that can go wrong beneath it (support/trouble.h), in the program
 * sim_rehearsed; elsewhere nothing.
 */
#ifndef SIM_REHEARSAL_H
#define SIM_REHEARSAL_H

struct world;
struct gateway;
struct node_input;

/* Between two batches. Ends the process when something does not hold. */
void rehearsal(struct world *world, struct gateway *gateway,
    const struct node_input *input);

#endif
