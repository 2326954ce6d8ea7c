/*
 * planted.h - mistakes that the simulator must find, by name. Those of the
 * core are functions put in the place of its own by the linker (--wrap), in
 * the program sim_planted only; the core has no trace of them.
 */
#ifndef SIM_PLANTED_H
#define SIM_PLANTED_H

#include <stdbool.h>

#include "sim/options.h"

bool planted_exists(const char *name);
/* The options that bring it to light, which it brings with it. */
const char *planted_arguments(const char *name);
/* It breaks no promise in a run, but makes another of the same (G28). */
bool planted_shows_in_hashes(const char *name);
/* One a line: its name, the guarantee that it breaks. */
void planted_print(void);

/* Makes that mistake from now on; NULL: none. */
struct sim_plant planted_begin(const char *name);

#endif
