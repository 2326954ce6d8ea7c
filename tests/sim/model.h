/*
 * model.h - a naive federation of one list for each referral and agency: what
 * a program may see when nothing is ever lost, late or doubled. Every event
 * that a program deals with is put down as it came; at the end the lists of
 * both agencies must tell one story. Shares no code with the gateways.
 *
 *   model.first    an agency was told of steps before the referral came
 *   model.order    one agency's steps stand in another order at the other
 *   model.invented a step stands at the other agency that nobody took
 *   model.missing  a step stands at one agency, and neither at the other nor
 *                  as refused, or given back when an operator closed the line
 *   model.twice    a step has two answers
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "core/referral.h"

struct world;

enum model_kind {
    MODEL_CAME,     /* the referral, to the agency that receives it */
    MODEL_OURS,     /* a step of this agency */
    MODEL_THEIRS,   /* one of the other */
    MODEL_ANSWERED, /* ours was applied there */
    MODEL_REFUSED,  /* ours was not, or its words never came */
    MODEL_RETURNED, /* ours never went: the line was closed */
    MODEL_OTHER,
};

struct model_line {
    enum model_kind kind;
    enum referral_event_type step;
};

/* All that one agency's reader was told of one referral. */
struct model_list {
    struct uuid referral;
    size_t agency;
    struct model_line *lines;
    size_t count;
    size_t capacity;
};

struct model {
    struct model_list *lists; /* a table by hash; count 0: free */
    size_t capacity;
    size_t count;
};

void model_release(struct model *model);

/* The agency's program deals with an event, for the first time. */
void model_event(struct world *world, size_t agency, const struct uuid *uuid,
    struct slice type, bool by_us, enum referral_event_type step);
/* When all is at rest. */
void model_check(struct world *world);

#endif
