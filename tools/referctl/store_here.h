/*
 * store_here.h - a stopped gateway's store, opened by referctl itself: looked
 * at as the gateway would, in transactions that are always given up, but for
 * store_here_rebuild().
 */
#ifndef REFERCTL_STORE_HERE_H
#define REFERCTL_STORE_HERE_H

#include "core/scrub.h"
#include "io/store_folder.h"
#include "io/store_slot.h"

struct store_here;

/*
 * Of those folders, which are borrowed.
 * Every error sets *problem. ERR_BUSY: the gateway runs. ERR_CORRUPT, ERR_KEY:
 * damaged so that it cannot be opened, or not of these keys. Others: of files
 * and memory.
 */
MUST_USE enum err store_here_open(const char *data,
    const struct store_slot *slot, int64_t now_ms, struct store_here **here,
    struct store_problem *problem);
void store_here_close(struct store_here *here); /* accepts NULL */

/* One more piece. ERR_CORRUPT: not even the gateway's own row can be read. */
MUST_USE enum err store_here_check(struct store_here *here, struct scrub *scrub,
    const struct scrub_watch *watch);

/* Every row that does not authenticate, whatever else can be read; how many. */
MUST_USE enum err store_here_rows(struct store_here *here,
    void (*damaged)(void *user, struct slice key), void *user,
    uint64_t *row_count);

/* Takes rows out. */
MUST_USE enum err store_here_drop(
    struct store_here *here, const struct key *keys, size_t count);

/* Takes out all rows of a table: where they lie in pages, one page alone cannot
 * be. */
MUST_USE enum err store_here_drop_table(struct store_here *here, char letter);

/*
 * Takes out all that peers hold as well: ledgers, entries, what waits,
 * referrals, events and contents, with the damaged rows among them. The keys of
 * all contents are destroyed, and the store is marked as put back from a copy:
 * the gateway takes it all back.
 */
MUST_USE enum err store_here_rebuild(struct store_here *here);

#endif
