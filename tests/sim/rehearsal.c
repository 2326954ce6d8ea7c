#include "sim/rehearsal.h"

#include "core/node_state.h"
#include "sim/world.h"
#include "support/trouble.h"

void rehearsal(struct world *world, struct gateway *gateway,
    const struct node_input *input)
{
    const struct trouble_subject subject = { gateway->node, gateway->store,
        &gateway->memory, gateway->node->arena, &world->scratch };
    /* or a step may be one for which there is room; or wipe what is on its way
     * to the disk */
    if (!gateway->is_filled && !gateway->node->in_batch)
        trouble_rehearse(&subject, input);
}
