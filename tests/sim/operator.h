/*
 * operator.h - an agency's operator: imports and accepts the cards of those it
 * meets, offers and signs the agreements, waits until the first versions are in
 * force, and is ready for work. Further versions are offered during it, and
 * signed when somebody finds the time.
 */
#ifndef SIM_OPERATOR_H
#define SIM_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>

struct gateway;
struct world;
struct program;

struct operator_state {
    bool begins_again; /* its gateway lost all that it had been told */
    size_t peer;       /* whose card is next */
    bool is_imported;
    size_t accord; /* that is next */
    bool is_offered;
    bool is_thought_over; /* it knows whether and when it signs */
    size_t shown;         /* first versions that are in force, so far */
    bool is_ready;        /* all of them are */
};

void operator_begin(struct world *world, struct program *program);
/* Cards and agreements once more. */
void operator_begin_again(struct world *world, struct gateway *gateway);

#endif
