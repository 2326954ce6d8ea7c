/*
 * apart.h - a piece of work in a process of its own, which ends with it: for
 * foreign code that must not stay in ours, hang it or take it down.
 *
 * Only where the process has one thread: a copy of it has no other.
 */
#ifndef IO_APART_H
#define IO_APART_H

#include <stddef.h>

#include "base/err.h"
#include "io/private_file.h"

/* Fills `result`; every error sets *problem. */
typedef enum err apart_work(
    const void *order, void *result, struct keys_problem *problem);

/*
 * What the work said. `what` names it to people.
 *   ERR_TIMEOUT  it took longer, and was ended
 *   ERR_IO       it ended without a word, or could not begin
 * *result is then as it was. The caller wipes.
 */
MUST_USE enum err apart_run(apart_work *work, const void *order, void *result,
    size_t result_size, int ms_max, const char *what,
    struct keys_problem *problem);

#endif
