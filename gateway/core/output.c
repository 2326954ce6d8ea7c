#include "core/output.h"

#include "core/node_state.h"

#include <assert.h>
#include <string.h>

static bool grow(struct output_list *list, struct arena *arena)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
    struct node_output *items =
        arena_take_array(arena, capacity, sizeof *items);
    if (items == NULL)
        return false;
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
    return true;
}

struct node_output *output_add(struct work *work, enum node_output_type type)
{
    static struct node_output spare;
    struct output_list *list = &work->node->outputs;
    if (!grow(list, work->arena)) {
        work_exhausted(work);
        return &spare;
    }
    struct node_output *output = &list->items[list->count++];
    *output = (struct node_output){ .type = type };
    return output;
}

void output_log(struct work *work, enum log_event event,
    const struct log_field *fields, size_t count)
{
    assert(count <= LOG_FIELD_COUNT_MAX);
    if (work->node->outputs.count >= OUTPUT_LOG_COUNT_MAX)
        return;
    struct node_output *output = output_add(work, NODE_LOG);
    output->of.log.event = event;
    memcpy(output->of.log.fields, fields, count * sizeof *fields);
}
