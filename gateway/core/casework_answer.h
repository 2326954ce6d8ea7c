/*
 * casework_answer.h - what becomes of the entries of a parcel, and the answer
 * that says so: a part of casework.h.
 */
#ifndef CORE_CASEWORK_ANSWER_H
#define CORE_CASEWORK_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content.h"
#include "core/entry.h"
#include "core/peer.h"
#include "core/referral.h"
#include "core/verdict.h"
#include "core/work.h"

/* What becomes of one entry. */
struct judgement {
    bool answered; /* an answer is owed */
    enum answer_verdict verdict;
    struct verdict why;
    enum referral_state state;
    struct content_ref content; /* kept where it is not none */
};

/* Of a parcel; in the batch's arena. */
struct judgements {
    struct answer_item *items;
    size_t count;
};

/* For so many entries at most; false when memory failed. */
MUST_USE bool judgements_begin(
    struct work *work, size_t capacity, struct judgements *judgements);

/* The next one, of the entry at that index. */
void judgements_add(struct work *work, struct judgements *judgements,
    uint64_t index, const struct judgement *judgement);

/* Queues what is owed to the author of that generation. */
void judgements_tell(struct work *work, struct peer *peer, uint64_t generation,
    const struct judgements *judgements);

#endif
