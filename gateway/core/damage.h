/*
 * damage.h - words that are damaged on this disk, where something has to be
 * decided by them: it is left for later, when they are back, or are known to be
 * lost.
 */
#ifndef CORE_DAMAGE_H
#define CORE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/entry.h"
#include "core/peer.h"
#include "core/work.h"

/* Entries of that peer need what is damaged: a step, what it is judged by; an
 * answer, what it is about. Looked for only where damage is known: each look
 * reads what the judging reads once more. False too when the store failed. */
bool damage_is_met(struct work *work, struct peer *peer,
    const struct entry *entries, const struct entry_header *headers,
    size_t count);

/* Something that may be left for later. */
struct damage_trial {
    uint64_t changes;
    size_t said;
};

struct damage_trial damage_trial_begin(const struct work *work);

/* True: it came upon something damaged before it had written anything, and is
 * as if it had not begun. */
bool damage_trial_failed(struct work *work, const struct damage_trial *trial);

#endif
