#include "sim/rehearsal.h"

#include "sim/world.h"
#include "support/trouble.h"

void rehearsal(struct world *world, struct gateway *gateway,
    const struct node_input *input)
{
    const struct trouble_subject subject = { gateway->node, gateway->store,
        &gateway->memory, &world->batch, &world->scratch };
    if (!gateway->is_filled) /* or a step may be one for which there is room */
        trouble_rehearse(&subject, input);
}
