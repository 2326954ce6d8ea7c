/*
 * closer.h - an operator who makes a mistake: closes the line to an agency, and
 * opens it again when somebody notices. What waited for that agency is back
 * with staff then, who were told; nothing else is different afterwards.
 */
#ifndef SIM_CLOSER_H
#define SIM_CLOSER_H

#include <stdbool.h>
#include <stddef.h>

struct program;
struct world;

struct closer {
    size_t peer;
    bool is_closed;   /* by us, now */
    size_t looked_at; /* lines, after a loss and when all is calm */
};

void closer_begin(struct world *world, struct program *program);

/* Its operator closed the line to that agency some time. */
bool closer_was_at(const struct world *world, size_t here, size_t there);

#endif
