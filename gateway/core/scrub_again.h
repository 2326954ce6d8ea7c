/*
 * scrub_again.h - rows that are damaged and can be written again in place: what
 * they say follows from their keys and the referral that they name. A key that
 * turned, too, names none, or another time than the referral does: then nothing
 * is written, and the row stays to be told.
 */
#ifndef CORE_SCRUB_AGAIN_H
#define CORE_SCRUB_AGAIN_H

#include <stdbool.h>

#include "core/keys.h"
#include "core/work.h"

/* Whether a row of that key may be one. */
bool again_is_known(struct slice key);

/* True when it was written. */
bool again_write(struct work *work, const struct key *key);

#endif
