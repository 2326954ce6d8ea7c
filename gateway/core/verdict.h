/*
 * verdict.h - how verdicts are filled in: a problem, a clause, a remedy.
 * Formats are literals; what goes into them are codes and ids from our own
 * tables or from the MOU, never anything that came with the event.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include <stdbool.h>

#include "core/problem.h"

/* The two arguments of "%.*s". */
#define SLICE_ARGUMENTS(slice) (int)(slice).size, (const char *)(slice).bytes

static inline bool verdict_allows(const struct verdict *verdict)
{
    return verdict->problem == PROBLEM_NONE;
}

/* PROBLEM_NONE and no words. */
void verdict_allow(struct verdict *verdict);

/* A problem and the path of its clause; the remedy is still empty. Always
 * false, so that checks can return it. */
__attribute__((format(printf, 3, 4))) bool verdict_refuse(
    struct verdict *verdict, enum problem problem, const char *clause, ...);

/* The remedy; cut at its end when it does not fit. */
__attribute__((format(printf, 2, 3))) void verdict_remedy(
    struct verdict *verdict, const char *format, ...);

/* All three at once, of words without arguments. */
void verdict_set(struct verdict *verdict, enum problem problem,
    const char *clause, const char *remedy);

/* One more of a list that ends the remedy: "..: a, b, c". When it does not
 * fit, the list ends in ", ..." instead. */
void verdict_remedy_item(struct verdict *verdict, struct slice item);

#endif
