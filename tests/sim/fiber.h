/*
 * fiber.h - a second stack for code that blocks: it runs until it yields, and
 * goes on when it is resumed. One at a time, in one thread, so that a run stays
 * a function of its seed.
 */
#ifndef SIM_FIBER_H
#define SIM_FIBER_H

#include <stdbool.h>

struct fiber;

typedef void fiber_run(void *argument);

/* Not yet started. Ends the process for want of memory. */
struct fiber *fiber_new(fiber_run *run, void *argument);
/* It must be over, or never have been resumed. */
void fiber_free(struct fiber *fiber);

/* From outside of any fiber: until it yields or is over. */
void fiber_resume(struct fiber *fiber);
/* From inside one. */
void fiber_yield(void);

bool fiber_is_over(const struct fiber *fiber);

#endif
