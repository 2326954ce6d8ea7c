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

/*
 * For who needs the first such row from `from` on, as store_seek() in its
 * table: one that is damaged is written again, and where that is not possible
 * it is passed over, and the gateway looks at all of its store at once. A row
 * that is handed out has a key and a value of the right sizes. False: there is
 * none, the store failed, or AGAIN_COUNT_MAX are damaged.
 */
bool again_seek(
    struct work *work, struct key from, struct slice *key, struct slice *row);

#endif
