/*
 * referral_erase.h - what was said about a person in one referral goes: all of
 * it, or some elements. It is wanted in the midst of a step and carried out at
 * its end, when all that the step wrote is in the store.
 *
 * A referral that loses something gets other entries of the vault; what stays
 * is sealed anew with them, and the old entries are destroyed after the commit.
 * So no copy of the store opens what went. Where more stays than can be sealed
 * anew in a step, that may be done in parts: the old entries go with the last.
 * An entry of a ledger stands for its
 * whole content: where one element goes, the entry keeps its header alone, and
 * the rest of what it said stays readable to this agency, in the feed and in
 * the register, as a copy that the ledger does not prove.
 */
#ifndef CORE_REFERRAL_ERASE_H
#define CORE_REFERRAL_ERASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/register.h"
#include "core/work.h"

/* What of a referral; no elements: all that was said until now, by both or by
 * this agency. */
struct erase_wish {
    struct uuid referral;
    const struct slice *elements; /* codes */
    size_t element_count;
    bool theirs_alone; /* what we wrote stays */
    bool signed_alone; /* what nobody signed for stays */
    bool is_ours;      /* without elements: the other's words stay (hold.h) */
    bool in_parts;     /* so much of it a step, and again until all has moved:
                        * the referral's `moving` says so, and what is said
                        * from the first on stays */
};

/* Of the batch under way; belongs to the node. */
struct erase_list {
    struct erase_job *first;
    struct erase_job *last;
};

/* What a wish concerns. */
struct erase_extent {
    uint32_t content_count; /* that would go, or lose something */
    uint32_t gone_count;    /* that went before, and may be in old copies */
    size_t size;            /* bytes that would be sealed anew */
    bool is_large;          /* more than can be: only all of it can go */
};

void referral_erase_measure(struct work *work, const struct referral *referral,
    const struct erase_wish *wish, struct erase_extent *extent);

/*
 * Wants it, of a referral whose row is stored by the end of this step: words
 * that come after this stay. A row in the caller's hands is changed too, and
 * must be stored by the caller.
 */
void referral_erase_later(struct work *work, struct referral *referral,
    const struct erase_wish *wish);

/* The other end says that it has erased, too. What it wrote before that, and
 * came here after we had erased, goes now: all of it or those elements. */
void referral_erase_late(struct work *work, struct referral *referral,
    const struct slice *elements, size_t element_count);

/* At the end of a step. */
void referral_erase_carry_out(struct work *work);

/* The other end erased it, and this one keeps it: the ledgers never give it
 * back to the other. */
void referral_withhold(struct work *work, const struct referral *referral);

#endif
