/*
 * trouble.h - what can go wrong beneath a step, tried before it is taken. Each
 * step is rehearsed on the node as it is, and all of it undone again: once as
 * it goes, to see what it asks of store, vault, keys and memory, then once for
 * each place in the code that asked, with exactly that one request failing.
 * Places are told apart by who called them, and fail once in a process, so
 * that what many steps do alike is not tried again with each.
 *
 * What must hold each time: an error of the store or the vault comes out of
 * the step as it is, nothing was destroyed in the vault, damage in a row is an
 * error or is survived, and nothing but documented errors comes out at all.
 * That the rehearsals leave no trace is for the test to see, which goes on.
 */
#ifndef SUPPORT_TROUBLE_H
#define SUPPORT_TROUBLE_H

#include <stdbool.h>

#include "core/node.h"

/* A node between two batches, and what it stands on. */
struct trouble_subject {
    struct node *node;
    struct store *store;
    struct arena *memory;
    struct arena *batch;
    struct arena *scratch;
};

/* The environment has REFER_TROUBLE: "all", or what is not done to set up. */
bool trouble_is_wanted(bool sets_up);

/* Ends the process when something does not hold. */
void trouble_rehearse(
    const struct trouble_subject *subject, const struct node_input *input);

#endif
