/*
 * What frames the steps: a batch begins, is committed, is carried out and
 * forgotten; and what is made ready between batches.
 */
#include "core/node.h"

#include "core/node_state.h"

#include <assert.h>

bool node_may_run_ahead(const struct node *node)
{
    assert(node->is_finished);
    return node->next_arena != NULL && node->erasure.count == 0;
}

/* What was finished goes on by itself. */
static void set_before(struct node *node)
{
    assert(!node->before.is_there && node->next_arena != NULL);
    node->before = (struct batch_before){ true, node->arena, node->outputs,
        node->input_count };
    node->arena = node->next_arena;
    node->next_arena = NULL;
}

void node_begin(
    struct node *node, struct store_txn *txn, const struct store_usage *usage)
{
    assert(!node->in_batch || node->is_finished);
    if (node->in_batch)
        set_before(node);
    node->in_batch = true;
    node->is_finished = false;
    node->feed_grew = false;
    node->agreements = NULL;
    node->choice.found = NULL;
    node->agreements_size = 0;
    node->outputs = (struct output_list){ 0 };
    node->erases = (struct erase_list){ 0 };
    content_begin(
        &node->contents, node->vault, &node->recent, node->segment_next);
    node->usage = *usage;
    node->input_count = 0;
    node->store_percent =
        usage->capacity == 0
            ? 0
            : (unsigned)(usage->used / (usage->capacity / 100 + 1));
    node->work = (struct work){
        .node = node,
        .txn = txn,
        .crypto = node->crypto,
        .arena = node->arena,
        .scratch = node->scratch,
        .contents = &node->contents,
    };
    erasure_begin(&node->work);
}

enum err node_committed(struct node *node)
{
    assert(node->in_batch);
    return node->before.is_there
               ? ERR_NONE /* else it would not be before another */
               : erasure_carry_out(&node->erasure, node->vault);
}

const struct node_output *node_outputs(const struct node *node, size_t *count)
{
    const struct output_list *outputs =
        node->before.is_there ? &node->before.outputs : &node->outputs;
    *count = outputs->count;
    return outputs->items;
}

static void release_before(struct node *node)
{
    node->counters.commits++;
    node->counters.inputs += node->before.input_count;
    node->next_arena = node->before.arena;
    node->before = (struct batch_before){ 0 };
    arena_reset(node->next_arena);
}

void node_release(struct node *node)
{
    assert(node->in_batch);
    if (node->before.is_there) {
        release_before(node);
        return;
    }
    node->in_batch = false;
    node->is_finished = false;
    node->counters.commits++;
    node->counters.inputs += node->input_count;
    node->outputs = (struct output_list){ 0 };
    node->agreements = NULL;
    node->choice.found = NULL;
    /* what it points to is wiped; what is counted are refs to come */
    content_begin(
        &node->contents, node->vault, &node->recent, node->segment_next);
    node->erasure.entries = NULL;
    node->erasure.capacity = 0;
    arena_reset(node->arena);
}

bool node_may_foresee(const struct node *node)
{
    return foresight_is_due(&node->foresight);
}

enum err node_foresee(struct node *node, struct store_txn *txn)
{
    struct work work = {
        .node = node,
        .txn = txn,
        .crypto = node->crypto,
        .arena = node->scratch,
        .scratch = node->scratch,
        .contents = &node->contents,
    };
    assert(!node->in_batch);
    enum err err = foresight_go_on(&work);
    arena_reset(node->scratch);
    return err;
}
