/*
 * damage.h - a step of a peer that has to be judged by words which are damaged
 * on this disk: its parcel is not taken before they are back, or are known to
 * be lost. Looked for only where damage is known: each look reads what the
 * judging reads once more.
 */
#ifndef CORE_DAMAGE_H
#define CORE_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/entry.h"
#include "core/work.h"

/* An entry needs what is damaged. False too when the store failed. */
bool damage_is_met(struct work *work, const struct entry *entries,
    const struct entry_header *headers, size_t count);

#endif
