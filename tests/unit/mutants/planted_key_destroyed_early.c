/* Keys of what is erased go before the commit that erases it. */
#include "core/erasure.h"
#include "core/node.h"
#include "core/node_state.h"

enum err __real_node_finish(struct node *node);
enum err __wrap_node_finish(struct node *node);
enum err __wrap_node_finish(struct node *node)
{
    enum err err = __real_node_finish(node);
    return err == ERR_NONE ? erasure_carry_out(&node->erasure, node->vault)
                           : err;
}
