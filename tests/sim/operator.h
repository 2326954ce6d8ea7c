/*
 * operator.h - an agency's operator: imports and accepts the other agencies'
 * cards, offers the agreement (the first agency's does), signs it, waits until
 * it is in force everywhere, and is done.
 */
#ifndef SIM_OPERATOR_H
#define SIM_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>

struct world;
struct program;

struct operator_state {
    size_t peer; /* whose card is next */
    bool is_imported;
    bool is_offered;
    bool is_signed;
    bool is_done;
};

void operator_begin(struct world *world, struct program *program);

#endif
