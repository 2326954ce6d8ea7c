/*
 * step.h - the life of a referral, as the fake knows it: which step leads from
 * which state where, who may take it, and what must be said with it. A test
 * holds these tables against the gateway's.
 *
 * Parties are letters: S the referring agency's staff, R the receiving one's,
 * C the person, N a companion, s and r the two gateways.
 */
#ifndef FAKE_STEP_H
#define FAKE_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "refer/refer.h"

/* The i-th step that there is, in the gateway's order; NULL past the last. */
const char *fake_step_name(size_t i);
bool fake_step_is_known(const char *step);

/* REFER_OK and where it leads; REFER_CONFLICT: not from this state;
 * REFER_DENIED: not by this party. */
refer_status fake_step_next(
    const char *state, const char *step, char party, const char **next);
/* May any of these parties take that step there? */
bool fake_step_is_open(
    const char *state, const char *step, const char *parties);
/* All that are open to any of these parties there, with that
 * between two; cut at its end
 * when it does not fit. */
void fake_steps_print(const char *state, const char *parties,
    const char *between, char *text, size_t size);
/* True when nothing but taking back consent is left. */
bool fake_state_is_final(const char *state);

/* Steps that nothing refuses: withdraw and their like. */
bool fake_step_is_exempt(const char *step);
bool fake_step_takes_elements(const char *step);

enum fake_need {
    FAKE_OPTIONAL,
    FAKE_REQUIRED,
    FAKE_ONE_OF /* this or the next row of the step */
};

struct fake_detail {
    const char *step;
    const char *name;
    enum fake_need need;
    const char *values; /* a closed list, "a b c"; NULL: not looked at */
    int back;           /* the least ask_back that lets it back */
};

/* The i-th detail of a step; NULL past the last. */
const struct fake_detail *fake_step_detail(const char *step, size_t i);
/* NULL when the step does not know it. */
const struct fake_detail *fake_step_detail_named(
    const char *step, const char *name);

/* "none" is 0, "full" 4; -1: no such name. */
int fake_ask_back_rank(const char *name);

/* Is the word one of a list with single spaces between? */
bool fake_list_has(const char *list, const char *word);

#endif
