/* No step is rehearsed. */
#include "sim/rehearsal.h"

void rehearsal(struct world *world, struct gateway *gateway,
    const struct node_input *input)
{
    (void)world;
    (void)gateway;
    (void)input;
}
